package assistant

import (
	"context"
	"encoding/json"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Threads keeps the conversations that questions are asked in.
type Threads interface {
	// OpenConversation stores a new conversation and the token that opens it.
	OpenConversation(ctx context.Context, c support.Conversation, t support.Token) error
	// FindConversationByToken returns the conversation that the token opens; Unauthorized for any
	// other token, also for one of another conversation than id.
	FindConversationByToken(ctx context.Context, id support.ConversationID, t support.Token) (support.Conversation, error)
	// FindMemberConversation returns a conversation of a member's; Unauthorized for any other.
	FindMemberConversation(ctx context.Context, id support.ConversationID, m support.MemberID) (support.Conversation, error)
	// SetSubject notes what a conversation is about.
	SetSubject(ctx context.Context, id support.ConversationID, s support.Subject) error
	// MemberEntries reads what the member may see, oldest first, from the entry after the one with
	// the number. An entry's Seq is the member's: gap-free without the notes.
	MemberEntries(ctx context.Context, id support.ConversationID, after int64) ([]support.Entry, error)
	// AppendQuestion adds a member's question, written at now, under the row's lock. Where clientID
	// has come before, nothing is written. Messages of before since wait no more. Conflict if
	// clientID came with another text, or if the assistant does not own the conversation and has not
	// answered yet.
	AppendQuestion(ctx context.Context, id support.ConversationID, clientID, text string, now, since time.Time) (Asked, error)
	// Asked reads how a question stands now; Conflict as AppendQuestion.
	Asked(ctx context.Context, id support.ConversationID, clientID string, since time.Time) (Asked, error)
	// AppendAnswer adds an answer to all that waits in asked if the conversation is still at its
	// epoch, and returns it, or the one that the same client id got before. Where another message has
	// come to those that wait, nothing is written, and given's Seq is zero. Conflict, and nothing is
	// written, if somebody else has taken the conversation meanwhile.
	AppendAnswer(ctx context.Context, id support.ConversationID, asked Asked, e support.Entry) (given support.Entry, err error)
	// LeaveQuestion notes that the sender of a conversation's last message no longer waits for its
	// answer, so that a later message is not answered together with it. Asking again takes it back.
	LeaveQuestion(ctx context.Context, id support.ConversationID, clientID string) error
}

// Open opens a conversation and returns the token that opens it again, shown this once.
func (s *Service) Open(ctx context.Context, lang kb.Lang, site string) (id support.ConversationID, t support.Token, err error) {
	return s.OpenFor(ctx, support.Actor{}, lang, site, support.Subject{})
}

// OpenFor is Open for whoever acts: a member's conversation is theirs. about is what it is about, which
// only a member can say: Unauthorized for anybody else, NotFound for what is not theirs.
func (s *Service) OpenFor(ctx context.Context, by support.Actor, lang kb.Lang, site string, about support.Subject) (id support.ConversationID, t support.Token, err error) {
	defer problem.Wrap(&err, "assistant.OpenFor")
	if _, err := s.subject(ctx, Question{Actor: by, Lang: lang, Subject: about}); err != nil {
		return "", "", err
	}
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: lang, Site: site,
		Owner: support.OwnerAssistant, CreatedAt: s.c.Now(), Subject: about}
	if by.Member != nil {
		c.Member = by.Member.ID
	}
	t = support.NewToken()
	return c.ID, t, s.c.Threads.OpenConversation(ctx, c, t)
}

// given returns the answer that an entry holds.
func (s *Service) given(ctx context.Context, e support.Entry, q Question) (Answer, error) {
	turns, err := s.turns(ctx, []support.Entry{e}, q.Lang, q.Actor.Audience())
	if err != nil {
		return Answer{}, err
	}
	return *turns[0].Answer, nil
}

// Conversation returns the conversation that a token opens.
func (s *Service) Conversation(ctx context.Context, id support.ConversationID, t support.Token) (support.Conversation, error) {
	return s.c.Threads.FindConversationByToken(ctx, id, t)
}

// MemberConversation returns a conversation of a member's; Unauthorized for any other.
func (s *Service) MemberConversation(ctx context.Context, id support.ConversationID, m support.MemberID) (support.Conversation, error) {
	return s.c.Threads.FindMemberConversation(ctx, id, m)
}

// AboutOf is what a question in a conversation is about, for whoever asks it: what they say, which is
// kept then, else what the conversation was about. What is not theirs any more is nothing.
func (s *Service) AboutOf(ctx context.Context, c support.Conversation, by support.Actor, said support.Subject) (support.Subject, error) {
	if said == (support.Subject{}) {
		if by.Member == nil || c.Subject == said {
			return said, nil
		}
		_, err := s.subject(ctx, Question{Actor: by, Lang: c.Lang, Subject: c.Subject})
		if problem.Is(err, problem.NotFound) {
			return said, nil
		}
		return c.Subject, err
	}
	if _, err := s.subject(ctx, Question{Actor: by, Lang: c.Lang, Subject: said}); err != nil || said == c.Subject {
		return said, err
	}
	return said, s.c.Threads.SetSubject(ctx, c.ID, said)
}

// Turn is an entry as its member reads it.
type Turn struct {
	support.Entry
	Answer *Answer // of the assistant's entries
}

// Thread reads what the member may see of a conversation, oldest first, from the entry after the one
// with the number. What an answer cites and the audience may not read any more is not among its
// citations; its words stay, since they were said.
func (s *Service) Thread(ctx context.Context, c support.Conversation, after int64, audience kb.Audience) (_ []Turn, err error) {
	defer problem.Wrap(&err, "assistant.Thread(%s)", c.ID)
	entries, err := s.c.Threads.MemberEntries(ctx, c.ID, after)
	if err != nil {
		return nil, err
	}
	return s.turns(ctx, entries, c.Lang, audience)
}

func (s *Service) turns(ctx context.Context, entries []support.Entry, lang kb.Lang, audience kb.Audience) ([]Turn, error) {
	data := make([]support.AnswerData, len(entries))
	var ids []kb.ArticleID
	for i, e := range entries {
		if e.Kind != support.EntryAnswer {
			continue
		}
		if err := json.Unmarshal(e.Data, &data[i]); err != nil {
			return nil, err
		}
		for _, c := range data[i].Citations {
			ids = append(ids, c.Article)
		}
		ids = append(ids, data[i].Related...)
	}
	refs := map[kb.ArticleID]ArticleRef{}
	if len(ids) > 0 {
		var err error
		if refs, err = s.c.Store.ArticleRefs(ctx, ids, audience); err != nil {
			return nil, err
		}
	}
	turns := make([]Turn, len(entries))
	for i, e := range entries {
		turns[i].Entry = e
		if e.Kind == support.EntryAnswer {
			a := answerOf(e, data[i], lang, refs)
			turns[i].Answer = &a
		}
	}
	return turns, nil
}
