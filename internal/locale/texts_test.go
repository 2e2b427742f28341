package locale_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/locale"
	"guichet/kb"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	c := load(t)
	got := c.For(kb.Chinese).Texts("status.", "answer.reading", "answer.tal", "nothing")
	if len(got) != 6 {
		t.Errorf("texts: %v", got)
	}
	if s, ok := got["status.closed"].(string); !ok || s != c.T(kb.Chinese, "status.closed", nil) {
		t.Errorf("status.closed: %v", got["status.closed"])
	}
	// Chinese has one form, and yet this is a text with forms.
	if forms, ok := got["answer.reading"].(locale.Text); !ok || forms["other"] == "" {
		t.Errorf("answer.reading: %v", got["answer.reading"])
	}
	// What exists in two languages only is said in English elsewhere.
	if diff := cmp.Diff(c.For(kb.English).Texts("desk.member"), c.For(kb.Polish).Texts("desk.member")); diff != "" || len(c.For(kb.Polish).Texts("desk.member")) != 1 {
		t.Errorf("a text that Polish lacks (-English +Polish):\n%s", diff)
	}
}
