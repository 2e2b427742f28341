package httpapi_test

import (
	"fmt"
	"testing"

	"guichet/internal/app/apptest"
)

// said is an answer with what a conversation adds to it.
type said struct {
	answer
	Handoff  *struct{ Reason string }
	Courtesy string
	Choices  []struct{ Label, Text string }
}

// talk asks one thing after another.
func (m member) talk(text string) (a said) {
	m.t.Helper()
	read(m.t, m.post("/questions", fmt.Sprintf(`{"client_id":"t-%d","text":%q}`, len(m.thread("").Entries), text), 200), &a)
	return a
}

// TestWishesComeFirst: what a message wants is told before anything is searched.
func TestWishesComeFirst(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	for _, tt := range []struct{ text, reason, courtesy string }{
		{"Je veux parler à quelqu'un.", "asked", ""},
		{"Mon compte a été piraté", "fraud", ""},
		{"Je souhaite déposer une réclamation officielle.", "complaint", ""},
		{"Ma mère est décédée la semaine dernière.", "special", ""},
		{"C'est une honte !", "angry", ""},
		{"merci beaucoup", "", "thanks"},
		{"Bonjour", "", "hello"},
		{"au revoir", "", "bye"},
	} {
		a := m.talk(tt.text)
		reason := ""
		if a.Handoff != nil {
			reason = a.Handoff.Reason
		}
		if a.Outcome != "unknown" || reason != tt.reason || a.Courtesy != tt.courtesy || a.Text != "" || len(a.Citations) > 0 {
			t.Errorf("%s: %+v", tt.text, a)
		}
		if related := tt.reason == "complaint" || tt.reason == "special"; !related && len(a.Related) > 0 {
			t.Errorf("%s: %d articles are offered", tt.text, len(a.Related))
		}
	}
	// The thread says the same again, and none of it was an answer that did not help.
	got := m.thread("")
	if first := got.Entries[1].Answer; first == nil || first.Outcome != "unknown" {
		t.Errorf("the thread: %+v", got.Entries[1])
	}
	if a := m.talk("Combien de temps prend un remboursement ?"); a.Outcome != "answered" || a.Handoff != nil {
		t.Errorf("a question after them: %+v", a)
	}
}

// TestFollowUp: a message that leans on the one before is searched with its subject.
func TestFollowUp(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	first := m.talk("Sous combien d'heures le support me répond-il pour la première fois ?")
	if first.Outcome != "answered" {
		t.Fatalf("the first question: %+v", first)
	}
	alone := converse(t, h, "fr").talk("et en combien de temps ?")
	then := m.talk("et en combien de temps ?")
	if then.Outcome != "answered" || then.Citations[0].Article.ID != first.Citations[0].Article.ID {
		t.Errorf("alone: %s %v; after the question: %s %+v", alone.Outcome, alone.Citations, then.Outcome, then.Citations)
	}
	var question, searched, asked string
	err := h.Database().Pool().QueryRow(t.Context(), `SELECT question, trace->'query'->>'Text', trace->>'asked' FROM answers WHERE id = $1`, then.ID).
		Scan(&question, &searched, &asked)
	if err != nil || question != "et en combien de temps ?" || asked != question || searched == question {
		t.Errorf("stored: %q, searched %q, asked %q, %v", question, searched, asked, err)
	}
}

// TestNeverALoop: after two answers that did not help, a person comes first.
func TestNeverALoop(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	for _, q := range []string{"Quelle est la capitale de la Mongolie ?", "Qui a gagné le marathon de Tokyo ?"} {
		if a := m.talk(q); a.Outcome != "unknown" || a.Handoff != nil {
			t.Fatalf("%s: %+v", q, a)
		}
	}
	if a := m.talk("Combien de temps prend un remboursement ?"); a.Handoff == nil || a.Handoff.Reason != "loop" || a.Outcome != "answered" {
		t.Errorf("after two answers that did not know: %+v", a)
	}

	m = converse(t, h, "fr")
	const q = "Combien de temps prend un remboursement ?"
	for i := range 3 {
		if a := m.talk(q); (a.Handoff != nil) != (i == 2) {
			t.Errorf("asked the %d. time: %+v", i+1, a.Handoff)
		}
	}

	m = converse(t, h, "fr")
	for _, q := range []string{q, "Puis-je ajouter une capture d'écran à mon ticket ?"} {
		a := m.talk(q)
		_, router := spec(t)
		client{h.URL, router}.run(t, scenario{path: "/api/v1/answers/" + a.ID + "/feedback", body: `{"helpful":false,"visitor":"0123456789abcdef0123"}`, status: 200})
	}
	if a := m.talk("Quels sont les différents statuts de ma demande ?"); a.Handoff == nil || a.Handoff.Reason != "loop" {
		t.Errorf("after two answers that a member called no help: %+v", a)
	}
}
