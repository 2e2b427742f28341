package httpapi_test

import (
	"net/url"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
	"guichet/kb"
)

// TestWhyThisAnswer reads how an answer came about, as its reader and as staff.
func TestWhyThisAnswer(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent := newBrowser(t, h), newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	for _, l := range kb.Langs {
		_, page, at := guest.get(t, "/"+string(l)+"/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?"))
		if !strings.Contains(page, `id="why"`) || strings.Contains(page, "why.") {
			t.Errorf("%s: no reasons, or a text is missing, at %s", l, at)
		}
	}
	_, page, at := guest.get(t, "/fr/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?"))
	for _, want := range []string{"Pourquoi cette réponse\u202f?", "mot pour mot", "version du ", `<span class="chip">cité</span>`, "L’assistant était"} {
		if !strings.Contains(page, want) {
			t.Errorf("the reader is not told %q", want)
		}
	}
	trace := "/desk" + strings.TrimPrefix(at.Path, "/fr")
	if status, _, _ := guest.get(t, trace); status != 401 {
		t.Errorf("a guest reads the trace: %d", status)
	}
	status, page, _ := agent.get(t, trace)
	if status != 200 {
		t.Fatalf("the trace: %d", status)
	}
	for _, want := range []string{`id="hit-1"`, "&#34;Threshold&#34;", "Offered", "words alone", "version 1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the trace lacks %q", want)
		}
	}
	_, page, at = guest.get(t, "/en/ask?q="+url.QueryEscape("Who won the chess championship of 1972?"))
	if !strings.Contains(page, "did not guess") {
		t.Errorf("of no answer no reason is given: %s", page)
	}
	if _, page, _ := agent.get(t, "/desk"+strings.TrimPrefix(at.Path, "/en")); !strings.Contains(page, "Not offered") && !strings.Contains(page, "No sentence") {
		t.Error("the trace of no answer does not say what was not offered")
	}
	for path, want := range map[string]int{"/desk/answers/nothing": 404, "/desk/answers/0190f5a0-0000-7000-8000-000000000000": 404} {
		if status, _, _ := agent.get(t, path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	guest.send(t, strings.TrimPrefix(at.String(), h.URL)+"/feedback", "helpful", "no")
	if _, page, _ := agent.get(t, "/desk/feedback"); !strings.Contains(page, "/desk"+strings.TrimPrefix(at.Path, "/en")) {
		t.Error("the feedback does not lead to the trace")
	}
}
