package httpapi_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
)

var gapForm = regexp.MustCompile(`name="gap" value="([^"]+)"><input type="hidden" name="days" value="(\d+)"><input type="hidden" name="until" value="([^"]+)"`)

// TestGaps asks in vain, and reads and closes what comes of it.
func TestGaps(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent, editor := newBrowser(t, h), newBrowser(t, h), newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	editor.signIn(t, h, "editor@example.org", support.RoleEditor)
	if _, page, _ := editor.get(t, "/desk/gaps"); !strings.Contains(page, "Nothing was asked in vain") {
		t.Error("an empty list does not say so")
	}
	ask := func(lang, text string) (path string) {
		_, _, at := guest.get(t, "/"+lang+"/ask?q="+url.QueryEscape(text))
		return at.Path
	}
	ask("en", "Who won the chess championship of 1972?")
	ask("en", "The chess championship of 1972: who won it?")
	ask("en", "Which planet has the most volcanoes?")
	ask("fr", "Qui a gagné le championnat d’échecs de 1972 ?")
	answered := ask("en", "How long does a refund take?")
	_, page, _ := agent.get(t, "/desk/gaps")
	if n := strings.Count(page, `class="vote gap"`); n != 3 {
		t.Errorf("%d gaps, want 3: %s", n, page)
	}
	if strings.Contains(page, "How long does a refund take?") || strings.Contains(page, "<form method=\"post\" action=\"/desk/gaps") {
		t.Error("an answered question is a gap, or an agent may close one")
	}
	guest.send(t, answered+"/feedback", "helpful", "no")
	_, page, _ = editor.get(t, "/desk/gaps?days=30")
	first := gapForm.FindStringSubmatch(page)
	if first == nil || !strings.Contains(page, "rated no once") || strings.Index(page, "Asked 2 times") > strings.Index(page, "Asked once") {
		t.Fatalf("the list with a refused answer, largest gap first: %s", page)
	}
	fields := []string{"gap", first[1], "days", first[2], "until", first[3]}
	if status, _, _ := agent.send(t, "/desk/gaps/done", fields...); status != 403 {
		t.Errorf("an agent closes a gap: %d", status)
	}
	ask("en", "Who won the chess championship of 1972?") // after the list was read
	for range 2 {
		status, page, at := editor.send(t, "/desk/gaps/done", fields...)
		if status != 200 || at.Query().Get("days") != "30" || strings.Contains(page, "Asked 2 times") || strings.Count(page, "chess championship") != 1 {
			t.Errorf("closed, %d at %s: %s", status, at, page)
		}
	}
}
