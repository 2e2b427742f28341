package assistant

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Handoff is why an answer leads to a person before anything else.
type Handoff string

// The reasons.
const (
	HandoffAsked     Handoff = "asked"     // the member wishes it
	HandoffComplaint Handoff = "complaint" // a formal one, or a lawyer
	HandoffFraud     Handoff = "fraud"     // or a threat, or danger
	HandoffSpecial   Handoff = "special"   // a death, an illness
	HandoffAngry     Handoff = "angry"
	HandoffLoop      Handoff = "loop" // two answers before it did not help
)

// Courtesy is what a message says that asks nothing.
type Courtesy string

// The courtesies.
const (
	Hello  Courtesy = "hello"
	Thanks Courtesy = "thanks"
	Bye    Courtesy = "bye"
)

// Handoffs are all reasons, and Courtesies all courtesies.
var (
	Handoffs   = []Handoff{HandoffAsked, HandoffComplaint, HandoffFraud, HandoffSpecial, HandoffAngry, HandoffLoop}
	Courtesies = []Courtesy{Hello, Thanks, Bye}
)

// intent fills a with what q's message wants before anything is searched. done says that nothing is
// to be searched: a person is to answer, or nobody has to.
func (a *Answer) intent(q kb.Query) (done bool) {
	switch i := kb.DetectIntent(q.Text, q.Lang); i {
	case kb.NoIntent:
		return false
	case kb.GreetsAlone, kb.ThanksAlone, kb.TakesLeave:
		a.Courtesy = Courtesy(i)
	default:
		a.Handoff = Handoff(i)
	}
	return a.Handoff != HandoffComplaint && a.Handoff != HandoffSpecial
}

// clarify asks back where there are readings to choose from.
func (a *Answer) clarify(readings []kb.Choice) {
	for _, c := range readings {
		a.Choices = append(a.Choices, Choice(c))
	}
	if len(a.Choices) > 0 {
		a.Outcome = Clarify
	}
}

// Bounds of what is looked back at.
const (
	pastTurns = 3
	helpless  = 2 // answers among them that did not help, after which a person comes first
	// A carried question that finds what was cited before may be this much less sure than the bare one.
	sameSubject = 0.1
)

// past is what a conversation says of the question asked in it now.
type past struct {
	subject string              // what the last questions were about
	turns   []turn              // oldest first
	groups  map[kb.GroupID]bool // that the last answer cited
	loop    bool                // a person comes first
	about   *subject            // that it is about; nil for nothing in particular
}

// turn is a question of the past and its answer.
type turn struct {
	question string
	answer   support.AnswerData
}

// lookBack reads the last turns of a conversation before the question with the client id.
func (s *Service) lookBack(ctx context.Context, id support.ConversationID, clientID string, q kb.Query) (p past, err error) {
	entries, err := s.c.Threads.MemberEntries(ctx, id, 0)
	if err != nil {
		return p, err
	}
	var turns []turn
	asked := map[string]string{} // what was sent, by client id
	last := ""
	for _, e := range entries {
		switch {
		case e.Author == support.AuthorMember && e.Kind == support.EntryMessage:
			asked[e.ClientID], last = e.Body, e.Body
		case e.Kind == support.EntryAnswer && (clientID == "" || e.ClientID != clientID):
			t := turn{question: last}
			if err := json.Unmarshal(e.Data, &t.answer); err != nil {
				return p, err
			}
			if e.ClientID != "" {
				var together []string
				for _, c := range append(slices.Clone(t.answer.Joined), e.ClientID) {
					together = append(together, asked[c])
				}
				t.question = joint(together)
			}
			if t.answer.Courtesy == "" {
				turns = append(turns, t)
			}
		}
	}
	turns = turns[max(0, len(turns)-pastTurns):]
	if err := s.helped(ctx, turns, q, &p); err != nil || len(turns) == 0 {
		return p, err
	}
	p.subject, p.turns = about(turns), turns
	p.groups, err = s.cited(ctx, turns[len(turns)-1], q.Audience)
	return p, err
}

// helped notes whether too many of the last answers were of no help: the assistant did not know, the
// member said so, or asks the same again.
func (s *Service) helped(ctx context.Context, turns []turn, q kb.Query, p *past) error {
	var ids []support.AnswerID
	for _, t := range turns {
		ids = append(ids, t.answer.Answer)
	}
	var refused map[support.AnswerID]bool
	if len(ids) >= helpless {
		var err error
		if refused, err = s.c.Ratings.Unhelpful(ctx, ids); err != nil {
			return err
		}
	}
	n := 0
	words := kb.Words(q.Lang, q.Text)
	for _, t := range turns {
		unknown := Outcome(t.answer.Outcome) == Unknown && (t.answer.Handoff == "" || Handoff(t.answer.Handoff) == HandoffLoop)
		if unknown || refused[t.answer.Answer] || slices.Equal(words, kb.Words(q.Lang, t.question)) {
			n++
		}
	}
	p.loop = n >= helpless
	return nil
}

// about joins what the last questions were about, back to the last one that stood by itself.
func about(turns []turn) string {
	var parts []string
	for _, t := range slices.Backward(turns) {
		if t.answer.Handoff != "" && Handoff(t.answer.Handoff) != HandoffLoop {
			continue
		}
		lang, _ := kb.DetectLang(t.question, t.answer.Lang)
		if s := kb.Subject(lang, t.question); s != "" {
			parts = append(parts, s)
		}
		if leans, _ := kb.LeansOn(lang, t.question); !leans {
			break
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, " ")
}

func (s *Service) cited(ctx context.Context, t turn, audience kb.Audience) (map[kb.GroupID]bool, error) {
	var ids []kb.ArticleID
	for _, c := range t.answer.Citations {
		ids = append(ids, c.Article)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	refs, err := s.c.Store.ArticleRefs(ctx, ids, audience)
	groups := map[kb.GroupID]bool{}
	for _, r := range refs {
		groups[r.Group] = true
	}
	return groups, err
}

// reply answers a question in the light of the conversation that it stands in.
func (s *Service) reply(ctx context.Context, id support.ConversationID, clientID string, question Question, emit func(Event)) (a Answer, err error) {
	q, err := s.query(question)
	if err != nil {
		return a, err
	}
	p, err := s.lookBack(ctx, id, clientID, q)
	if err != nil {
		return a, err
	}
	p.about = question.about
	carried, err := s.carry(ctx, q, p, question.payer())
	if err != nil {
		return a, problem.From(problem.Unavailable, "problem.search", err)
	}
	return s.keep(ctx, q, carried, p, question.payer(), emit)
}

// asking is what is searched for a question.
type asking struct {
	kb.Query
	rewritten Rewritten
}

// keep answers q, which is what was typed, or that with its subject carried over, or what a model made
// of it, and stores the answer.
func (s *Service) keep(ctx context.Context, typed kb.Query, q asking, p past, by *payer, emit func(Event)) (Answer, error) {
	if told := p.about.say(typed.Text, typed.Lang); told != nil {
		emit(Event{About: told})
	}
	a, trace, err := s.answer(ctx, q.Query, by, emit)
	if err != nil {
		return a, err
	}
	a.tell(p.about, typed)
	trace.Rewritten = q.rewritten
	if a.Question = typed.Text; q.Text != typed.Text {
		trace.Asked = typed.Text
	}
	if p.loop && a.Handoff == "" && a.Courtesy == "" {
		a.Handoff = HandoffLoop
	}
	return a, s.c.Store.SaveAnswer(ctx, a, trace)
}

// carry returns q, or q with the subject of what was said before it, whichever finds the surer answer.
// A question that has no subject of its own takes the one before wherever that is answered. What a
// model makes of the two, where there is one and it can be believed, stands for q with its subject.
func (s *Service) carry(ctx context.Context, q kb.Query, p past, by *payer) (asking, error) {
	leans, bare := kb.LeansOn(q.Lang, q.Text)
	if p.subject == "" || !leans || kb.DetectIntent(q.Text, q.Lang) != kb.NoIntent {
		return asking{Query: q}, nil
	}
	out := asking{Query: q, rewritten: s.rewrite(ctx, q, p, by)}
	carried := q
	if carried.Text = p.subject + " " + q.Text; out.rewritten.taken() {
		carried.Text = out.rewritten.Text
	}
	if utf8.RuneCountInString(carried.Text) > kb.MaxQuestion {
		return out, nil
	}
	x, group, err := s.surest(ctx, carried)
	if err != nil || bare && x.Answers {
		out.Query = carried
		return out, err
	}
	alone, _, err := s.surest(ctx, q)
	if p.groups[group] {
		x.Confidence += sameSubject
	}
	if x.Confidence > alone.Confidence {
		out.Query = carried
	}
	return out, err
}

// surest is what would be answered to q, and the group that it would come from.
func (s *Service) surest(ctx context.Context, q kb.Query) (x kb.Extraction, g kb.GroupID, err error) {
	found, err := s.c.Search.Search(ctx, q)
	if err != nil || len(found.Found) == 0 {
		return x, "", err
	}
	x, err = s.c.Extractor.Extract(ctx, q, found)
	return x, found.Found[0].Group, err
}
