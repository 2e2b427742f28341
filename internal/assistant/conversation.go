package assistant

import (
	"context"

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
	// AppendQuestion adds a member's question under the row's lock and returns the epoch. Conflict
	// if the assistant does not own the conversation, or if clientID came with another text.
	AppendQuestion(ctx context.Context, id support.ConversationID, clientID, text string) (epoch int, err error)
	// AppendAnswer adds an answer if the conversation is still at epoch; kept is false, and nothing
	// is written, if somebody else has taken it meanwhile.
	AppendAnswer(ctx context.Context, id support.ConversationID, epoch int, a Answer) (kept bool, err error)
}

// Open opens a conversation and returns the token that opens it again, shown this once.
func (s *Service) Open(ctx context.Context, lang kb.Lang, site string) (id support.ConversationID, t support.Token, err error) {
	defer problem.Wrap(&err, "assistant.Open")
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: lang, Site: site,
		Owner: support.OwnerAssistant, CreatedAt: s.c.Now()}
	t = support.NewToken()
	return c.ID, t, s.c.Threads.OpenConversation(ctx, c, t)
}

// AskIn answers a question in a conversation; question and answer become its entries. While a
// person has the conversation the assistant answers nothing there: Conflict. An answer that comes
// after somebody took over is thrown away: Conflict too.
func (s *Service) AskIn(ctx context.Context, id support.ConversationID, clientID string, q Question, emit func(Event)) (a Answer, err error) {
	defer problem.Wrap(&err, "assistant.AskIn(%s)", id)
	text, err := support.CheckText("text", q.Text, kb.MaxQuestion)
	if err != nil {
		return a, err
	}
	epoch, err := s.c.Threads.AppendQuestion(ctx, id, clientID, text)
	if err != nil {
		return a, err
	}
	if a, err = s.Ask(ctx, q, emit); err != nil {
		return a, err
	}
	kept, err := s.c.Threads.AppendAnswer(ctx, id, epoch, a)
	if err == nil && !kept {
		err = problem.New(problem.Conflict, "problem.conversation_taken")
	}
	return a, err
}

// Conversation returns the conversation that a token opens.
func (s *Service) Conversation(ctx context.Context, id support.ConversationID, t support.Token) (support.Conversation, error) {
	return s.c.Threads.FindConversationByToken(ctx, id, t)
}
