package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
)

type advice struct {
	Existing []struct {
		Ref, Status string
		URL         *string
		PromisedAt  string `json:"promised_at"`
		Probability float64
	}
}

// putQuestion makes a ticket on a conversation of its own, and proves its address as its mail would.
func putQuestion(t *testing.T, h *apptest.House, email, text string, proven bool) (member, string) {
	t.Helper()
	m := converse(t, h, "fr")
	var out struct{ Ticket struct{ Ref string } }
	read(t, m.post("/handoff", fmt.Sprintf(`{"client_id":"form-%d-%s","channel":"email","category":"order","email":%q,"text":%q}`, len(text), email, email, text), 201), &out)
	if proven {
		if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tickets SET email_proven_at = now(), held_at = NULL, held_reason = NULL,
			promised_at = now() + interval '1 day' WHERE ref = $1`, out.Ticket.Ref); err != nil {
			t.Fatal(err)
		}
	}
	return m, out.Ticket.Ref
}

// TestSimilarOfGuests: who holds a conversation's token alone is told of no request but the one that
// stands on it, whatever address was proven there.
func TestSimilarOfGuests(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	if err := h.App.Guard.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	const text = "Mon colis n'est pas arrivé, où se trouve-t-il ?"
	body := `{"text":"Où se trouve mon colis ? Il n'est pas arrivé.","category":"order","subject":{"type":"order","id":"10482"}}`
	first, firstRef := putQuestion(t, h, "claire@example.org", text, true)
	second, secondRef := putQuestion(t, h, "claire@example.org", "Comment supprimer mon compte et mes données ?", true)
	other, otherRef := putQuestion(t, h, "eve@example.org", "Comment changer de mot de passe ?", true)
	claimed, _ := putQuestion(t, h, "claire@example.org", "Je veux un remboursement de ma commande.", false)
	fresh := converse(t, h, "fr")

	var got advice
	read(t, first.post("/similar", body, 200), &got)
	if len(got.Existing) != 1 || got.Existing[0].URL == nil || got.Existing[0].Ref != firstRef || got.Existing[0].Status != "received" ||
		got.Existing[0].PromisedAt == "" || got.Existing[0].Probability < 0.7 {
		t.Fatalf("on its own conversation: %+v", got)
	}
	first.run(t, scenario{path: strings.TrimPrefix(*got.Existing[0].URL, h.URL), status: 200, want: []string{firstRef}})
	for name, m := range map[string]member{"AnotherOfHers": second, "Eve": other, "MerelyClaimed": claimed, "Fresh": fresh} {
		_, said := m.run(t, scenario{path: m.path + "/similar", header: m.bearer, body: body, status: 200, want: []string{`"existing":[]`}, without: []string{firstRef, secondRef}})
		if strings.Contains(said, otherRef) {
			t.Errorf("%s is told of another subject: %s", name, said)
		}
	}
	_, options := second.run(t, scenario{path: second.path + "/contact-options", header: second.bearer, status: 200, want: []string{secondRef}, without: []string{firstRef, otherRef}})
	if strings.Contains(options, `"probability"`) {
		t.Error("a probability of nothing")
	}
	second.run(t, scenario{path: "/api/v1/contact-options", status: 200, want: []string{`"existing":[]`}})
}

func TestSimilarRefusals(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	m := converse(t, h, "fr")
	for name, tt := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"Nothing":       {`{}`, 400, `"field":"text"`},
		"Blank":         {`{"text":" \n"}`, 400, `"field":"text"`},
		"TooLong":       {fmt.Sprintf(`{"text":%q}`, strings.Repeat("a", support.MaxRequest+1)), 400, `"field":"text"`},
		"FarTooLong":    {fmt.Sprintf(`{"text":%q}`, strings.Repeat("a", 200_000)), 413, `"kind":"too_large"`},
		"BrokenJSON":    {`{"text":`, 400, "JSON"},
		"WrongType":     {`{"text":7}`, 400, `"field":"text"`},
		"WrongCategory": {`{"text":"Bonjour à tous","category":"weather"}`, 400, `"field":"category"`},
		"WrongSubject":  {`{"text":"Bonjour à tous","subject":{"type":"moon","id":"1"}}`, 400, `"field":"subject.type"`},
		"LongSubject":   {fmt.Sprintf(`{"text":"Bonjour à tous","subject":{"type":"order","id":%q}}`, strings.Repeat("1", 201)), 400, `"field":"subject.id"`},
	} {
		t.Run(name, func(t *testing.T) {
			m.run(t, scenario{path: m.path + "/similar", header: m.bearer, body: tt.body, status: tt.status, want: []string{tt.want}})
		})
	}
	m.post("/similar", `{"text":"Bon"}`, 200, `"existing":[]`, `"category_suggestions":[]`)
}
