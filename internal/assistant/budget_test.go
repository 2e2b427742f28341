package assistant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

// TestBudgets: past a bound of calls or tokens the answer is taken word for word, until the hour or the
// day is over; what one network, member or site uses up leaves the others theirs.
func TestBudgets(t *testing.T) {
	t.Parallel()
	type limits = assistant.WriteLimits
	for name, tc := range map[string]struct {
		limits limits
		tokens int
		steps  string // network/conversation/site/member, or a step of time
		want   string
	}{
		"NetworkAndAll": {limits{Daily: 5, Hourly: 2}, 1, "a a a b +1h a / / +24h a b", "yes yes no yes yes yes no yes yes"},
		"Conversation":  {limits{MemberHourly: 2}, 1, "a/1 b/1 c/1 c/2 c/ +1h c/1", "yes yes no yes yes yes"},
		"Member":        {limits{MemberHourly: 2}, 1, "a/1//m b/2//m c/3//m c/3//n c/3 +1h c/3//m", "yes yes no yes yes yes"},
		"Site":          {limits{SiteDaily: 2}, 1, "a/1/x b/2/x c/3/x c/3/y c/3 +1h c/3/x +24h c/3/x", "yes yes no yes yes no yes"},
		"Tokens":        {limits{Tokens: 8000}, 4000, "a b c +24h c", "yes yes no yes"},
		"CheapTokens":   {limits{Tokens: 8000}, 10, "a b c d e f g h", "yes yes yes yes yes yes yes yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
			m := &memory{}
			threads := &alone{}
			s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: m, Threads: threads,
				Writer: &says{claims: []kb.Claim{claim("We tell you by e-mail.", 1)}, tokens: tc.tokens}, Writing: tc.limits, Now: func() time.Time { return now }})
			var got []string
			for _, step := range strings.Fields(tc.steps) {
				if d, err := time.ParseDuration(step); err == nil {
					now = now.Add(d)
					continue
				}
				of := append(strings.Split(step, "/"), "", "", "")
				q := assistant.Question{Text: "How long does a refund take?", Lang: kb.English, Actor: support.Actor{Network: of[0]}, Site: of[2]}
				if of[3] != "" {
					q.Actor.Member = &support.Member{ID: support.MemberID(of[3])}
				}
				var a assistant.Answer
				var err error
				if of[1] == "" {
					a, err = s.Ask(t.Context(), q, nil)
				} else {
					a, err = s.AskIn(t.Context(), support.ConversationID(of[1]), "", q, nil)
				}
				if err != nil || a.Outcome != assistant.Answered {
					t.Fatalf("%v, %v", a.Outcome, err)
				}
				if m.trace.Generated != (m.trace.Fallback == "") || !m.trace.Generated && m.trace.Fallback != "budget" {
					t.Errorf("fallback %q", m.trace.Fallback)
				}
				got = append(got, map[bool]string{true: "yes", false: "no"}[m.trace.Generated])
			}
			if g := strings.Join(got, " "); g != tc.want {
				t.Errorf("%s, want %s", g, tc.want)
			}
		})
	}
}

// TestBudgetIsBounded: a crowd of networks that nobody has seen cannot make the count grow.
func TestBudgetIsBounded(t *testing.T) {
	t.Parallel()
	m := &memory{}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: m,
		Writer: &says{claims: []kb.Claim{claim("We tell you by e-mail.", 1)}}, Writing: assistant.WriteLimits{Daily: 1e6, SiteDaily: 1e6, Tokens: 1e12}, Now: func() time.Time { return now }})
	ask := func(site string) bool {
		if _, err := s.Ask(t.Context(), assistant.Question{Text: "How long does a refund take?", Lang: kb.English, Site: site}, nil); err != nil {
			t.Fatal(err)
		}
		return m.trace.Generated
	}
	for i := range 1000 {
		if !ask(fmt.Sprint("site", i)) {
			t.Fatalf("site %d has nothing", i)
		}
	}
	if ask("one more") || !ask("site1") {
		t.Error("a thousand sites are remembered, and no more")
	}
}

// alone are conversations in which each question stands by itself.
type alone struct {
	assistant.Threads
	past []support.Entry
}

func (a *alone) AppendQuestion(context.Context, support.ConversationID, string, string, time.Time, time.Time) (assistant.Asked, error) {
	return assistant.Asked{}, nil
}

func (a *alone) Asked(context.Context, support.ConversationID, string, time.Time) (assistant.Asked, error) {
	return assistant.Asked{}, nil
}

func (a *alone) MemberEntries(context.Context, support.ConversationID, int64) ([]support.Entry, error) {
	return a.past, nil
}

func (a *alone) AppendAnswer(_ context.Context, _ support.ConversationID, _ assistant.Asked, e support.Entry) (support.Entry, error) {
	e.Seq = 1
	return e, nil
}

func (a *alone) LeaveQuestion(context.Context, support.ConversationID, string) error { return nil }
