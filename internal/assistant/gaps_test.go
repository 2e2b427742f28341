package assistant_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// asked is a store of unanswered questions, newest first.
type asked []assistant.Unanswered

func (a *asked) Unanswered(context.Context, assistant.Period, int) ([]assistant.Unanswered, error) {
	return slices.Clone(*a), nil
}

func (a *asked) CloseGap(_ context.Context, ids []support.AnswerID, _ support.AgentID, _ time.Time) error {
	*a = slices.DeleteFunc(*a, func(q assistant.Unanswered) bool { return slices.Contains(ids, q.ID) })
	return nil
}

func TestGaps(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var store asked
	for i, q := range []struct {
		lang   kb.Lang
		text   string
		vector []float32
	}{
		{kb.English, "Can I pay by cheque?", []float32{1, 0}},
		{kb.French, "Puis-je payer par chèque ?", []float32{1, 0}},
		{kb.English, "By cheque, can I pay?", nil},                  // by its words
		{kb.English, "Is a bank draft taken?", []float32{0.8, 0.6}}, // by its vector
		{kb.English, "Is a bank draft taken?", []float32{0.8, 0.6}},
		{kb.English, "Do you sell telescopes?", []float32{0, 1}},
		{kb.Chinese, "可以用支票付款吗？", nil},
		{kb.Chinese, "能用支票付款吗？", nil},
		{kb.English, "What?", nil},
	} {
		store = slices.Insert(store, 0, assistant.Unanswered{ID: support.AnswerID(rune('a' + i)), Question: q.text, Lang: q.lang,
			Vector: q.vector, CreatedAt: day.Add(time.Duration(i) * time.Hour)})
	}
	s := assistant.New(assistant.Config{Gaps: &store})
	list := func() (out []string) {
		gaps, err := s.Gaps(t.Context(), support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}, assistant.Period{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range gaps {
			ids := ""
			for _, q := range g.Questions {
				ids += string(q.ID)
			}
			out = append(out, ids)
		}
		return out
	}
	if diff := cmp.Diff([]string{"acde", "gh", "i", "f", "b"}, list()); diff != "" {
		t.Errorf("groups, largest and then newest first (-want +got):\n%s", diff)
	}
	editor := support.Actor{Agent: &support.Agent{Role: support.RoleEditor}}
	for name, c := range map[string]struct {
		actor support.Actor
		first support.AnswerID
		want  problem.Kind
	}{
		"Guest": {support.Actor{}, "a", problem.Unauthorized}, "Agent": {support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}, "a", problem.Forbidden},
		"NotTheFirst": {editor, "c", problem.NotFound},
	} {
		if err := s.CloseGap(t.Context(), c.actor, assistant.Period{}, c.first); !problem.Is(err, c.want) {
			t.Errorf("%s closes a gap: %v", name, err)
		}
	}
	if err := s.CloseGap(t.Context(), editor, assistant.Period{}, "a"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gh", "i", "f", "b"}, list()); diff != "" {
		t.Errorf("after one was closed (-want +got):\n%s", diff)
	}
}
