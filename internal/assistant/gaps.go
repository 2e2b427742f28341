package assistant

import (
	"context"
	"slices"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Unanswered is a question that nothing was found for, or whose answer somebody rated « no ».
type Unanswered struct {
	ID        support.AnswerID
	Question  string
	Lang      kb.Lang
	Outcome   Outcome
	Noes      int // who said that the answer did not help
	CreatedAt time.Time
	Vector    []float32 // of the question, centred by its language, unit length; nil where there is none
}

// Gap is a group of like questions that the articles leave unanswered.
type Gap struct {
	Lang      kb.Lang
	Questions []Unanswered // oldest first; never empty
}

// First is the oldest question, which names the gap among those of one period.
func (g Gap) First() Unanswered { return g.Questions[0] }

// Last is the newest question.
func (g Gap) Last() Unanswered { return g.Questions[len(g.Questions)-1] }

// Period bounds the questions of a list of gaps, both ends included.
type Period struct{ Since, Until time.Time }

// Gaps keeps what members asked in vain.
type Gaps interface {
	// Unanswered returns at most limit questions of a period that are not closed, newest first.
	Unanswered(ctx context.Context, p Period, limit int) ([]Unanswered, error)
	// CloseGap takes the answers' questions off the list.
	CloseGap(ctx context.Context, ids []support.AnswerID, agent support.AgentID, at time.Time) error
}

// maxUnanswered bounds how many questions are grouped at once.
const maxUnanswered = 1000

// How like two questions must be to stand in one group: by the share of their words, or by the
// cosine of their vectors.
const (
	alikeWords  = 0.5
	alikeVector = 0.6
)

// Gaps returns what was asked in vain in a period, like questions together, the largest group first;
// for staff, Unauthorized for anybody else.
func (s *Service) Gaps(ctx context.Context, a support.Actor, p Period) (_ []Gap, err error) {
	defer problem.Wrap(&err, "assistant.Gaps")
	if !a.IsStaff() {
		return nil, problem.New(problem.Unauthorized, "")
	}
	questions, err := s.c.Gaps.Unanswered(ctx, p, maxUnanswered)
	if err != nil {
		return nil, err
	}
	return group(questions), nil
}

// CloseGap marks the gap of a period that begins with the answer's question as done; for editors and
// admins. What is asked after the period's end stays. NotFound if there is no such gap.
func (s *Service) CloseGap(ctx context.Context, a support.Actor, p Period, first support.AnswerID) (err error) {
	defer problem.Wrap(&err, "assistant.CloseGap")
	gaps, err := s.Gaps(ctx, a, p)
	if err != nil {
		return err
	}
	if !a.IsEditor() {
		return problem.New(problem.Forbidden, "")
	}
	i := slices.IndexFunc(gaps, func(g Gap) bool { return g.First().ID == first })
	if i < 0 {
		return problem.New(problem.NotFound, "")
	}
	ids := make([]support.AnswerID, len(gaps[i].Questions))
	for n, q := range gaps[i].Questions {
		ids[n] = q.ID
	}
	return s.c.Gaps.CloseGap(ctx, ids, a.Agent.ID, s.c.Now())
}

// group puts each question, oldest first, into the first group whose first question it is like.
func group(newest []Unanswered) []Gap {
	var gaps []Gap
	var words []map[string]bool // of each gap's first question
	for _, q := range slices.Backward(newest) {
		own := subjectWords(q)
		i := 0
		for i < len(gaps) && !(gaps[i].Lang == q.Lang && alike(gaps[i].First(), q, words[i], own)) {
			i++
		}
		if i == len(gaps) {
			gaps, words = append(gaps, Gap{Lang: q.Lang}), append(words, own)
		}
		gaps[i].Questions = append(gaps[i].Questions, q)
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		if n := len(b.Questions) - len(a.Questions); n != 0 {
			return n
		}
		return b.Last().CreatedAt.Compare(a.Last().CreatedAt)
	})
	return gaps
}

// subjectWords is the set of a question's words that say what it is about; all, where none does.
func subjectWords(q Unanswered) map[string]bool {
	all, set := map[string]bool{}, map[string]bool{}
	for _, w := range kb.Words(q.Lang, q.Question) {
		if all[w] = true; !kb.StopWord(q.Lang, w) {
			set[w] = true
		}
	}
	if len(set) == 0 {
		return all
	}
	return set
}

func alike(a, b Unanswered, aWords, bWords map[string]bool) bool {
	shared := 0
	for w := range aWords {
		if bWords[w] {
			shared++
		}
	}
	if union := len(aWords) + len(bWords) - shared; union > 0 && float64(shared) >= alikeWords*float64(union) {
		return true
	}
	dot := 0.0
	for i := range min(len(a.Vector), len(b.Vector)) {
		dot += float64(a.Vector[i]) * float64(b.Vector[i])
	}
	return dot >= alikeVector
}
