package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/kb"
	"guichet/kb/starter"
)

// saying is a chat server that answers each prompt by its rules and data.
func saying(t *testing.T, say func(rules, data string) string) func(*config.Settings) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Messages) != 2 {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		text, err := json.Marshal(say(asked.Messages[0].Content, asked.Messages[1].Content))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%s}}]}`+"\n\ndata: [DONE]\n\n", text)
	}))
	t.Cleanup(s.Close)
	return func(c *config.Settings) {
		c.LLMURL, c.LLMModel, c.LLMDeadline = s.URL+"/v1", "m", 10*time.Second
		c.LLMDaily, c.LLMSite, c.LLMHourly, c.LLMMember, c.LLMTokens = 1000, 1000, 1000, 1000, 1_000_000
	}
}

// TestOtherLanguage: where no article is in the question's language the passage is shown in its own,
// which is said; with a model, its translation stands there, called a machine's, with the original at
// hand, and one with another number does not.
func TestOtherLanguage(t *testing.T) {
	t.Parallel()
	const original = "A refund takes 7 to 14 days."
	articles := []kb.Article{{ID: "refund", Group: "refund", Lang: kb.English, Slug: "refund-time", Title: "How long does a refund take?", Body: original}}
	all, err := starter.Articles()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Lang == kb.English && !strings.Contains(strings.ToLower(a.Title+a.Body), "refund") {
			articles = append(articles, a)
		}
	}
	for name, tc := range map[string]struct{ says, shown string }{
		"NoModel":    {},
		"Translated": {"1. Un remboursement prend de 7 à 14 jours.", "Un remboursement prend de 7 à 14 jours."},
		"Unfaithful": {"1. Un remboursement prend de 7 à 15 jours.", ""},
		"Refused":    {"I cannot do that.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := apptest.Options{Articles: articles}
			if tc.says != "" {
				o.Settings = saying(t, func(rules, data string) string {
					if strings.Contains(rules, "You translate sentences of a help center from English into French") && strings.Contains(data, "1. "+original) {
						return tc.says
					}
					return "NONE"
				})
			}
			h := apptest.New(t, o)
			m := converse(t, h, "fr")
			var a struct {
				answer
				Translation *struct {
					Lang, Text string
					Sentences  []string
				}
			}
			read(t, m.post("/questions", `{"client_id":"q-1","text":"Combien de temps prend un remboursement ?"}`, 200), &a)
			if a.Outcome != "answered" || a.Lang != "fr" || a.TextLang != "en" || a.Text != original {
				t.Fatalf("%+v", a)
			}
			page := []string{`lang="en"`, original}
			if tc.shown == "" {
				if a.Translation != nil {
					t.Errorf("translation %+v", a.Translation)
				}
				page = append(page, `<p class="answer-text" id="answer-text" lang="en">`, `data-spoken="en"`, "Cité dans la langue de l’article\u00a0: English")
			} else {
				if a.Translation == nil || a.Translation.Text != tc.shown || a.Translation.Lang != "fr" || len(a.Translation.Sentences) != 1 {
					t.Errorf("translation %+v", a.Translation)
				}
				page = append(page, `<p class="answer-text" id="answer-text" lang="fr" data-translated>`, "Un remboursement prend de", "Traduction automatique.",
					`<details class="why" id="original">`, "Texte original (English)")
			}
			m.run(t, scenario{path: "/fr/answers/" + a.ID, status: 200, want: page})
			if got := m.thread("").Entries[1].Answer; got.TextLang != "en" || got.Text != original {
				t.Errorf("in the thread: %+v", got)
			}
			var taken struct{ Ticket struct{ URL string } }
			read(t, m.post("/handoff", `{"client_id":"form-0001","channel":"email","category":"refund","email":"lea@example.org","text":"Bonjour, merci de m’aider."}`, 201), &taken)
			thread := []string{"Assistant IA", `dir="auto" lang="en">` + original, "Cité dans la langue de l’article\u00a0: English"}
			if tc.shown != "" {
				thread = []string{"Assistant IA", `dir="auto" lang="fr">Un remboursement prend de`, "Traduction automatique.", "Texte original (English)", `<p lang="en">` + original}
			}
			m.run(t, scenario{path: strings.TrimPrefix(taken.Ticket.URL, h.URL), status: 200, want: thread})
			if text := m.post("/questions", `{"client_id":"q-1","text":"Combien de temps prend un remboursement ?"}`, 200); strings.Contains(text, `"translation"`) != (tc.shown != "") {
				t.Errorf("again: %s", text)
			}
		})
	}
}

// TestFollowUpRewritten: with a model, what it makes of a follow-up is what is searched.
func TestFollowUpRewritten(t *testing.T) {
	t.Parallel()
	const rewritten = "Combien de temps avant la première réponse du support ?"
	h := apptest.New(t, apptest.Options{Settings: saying(t, func(rules, data string) string {
		if strings.Contains(rules, "The last message goes on from those before it") && strings.Contains(data, "première fois") && strings.Contains(data, "et en combien de temps ?") {
			return "« " + rewritten + " »\nVoilà."
		}
		return "NONE"
	})})
	m := converse(t, h, "fr")
	first := m.talk("Sous combien d'heures le support me répond-il pour la première fois ?")
	then := m.talk("et en combien de temps ?")
	if first.Outcome != "answered" || then.Outcome != "answered" {
		t.Fatalf("%+v\n%+v", first, then)
	}
	var question, searched, model, why string
	err := h.Database().Pool().QueryRow(t.Context(), `SELECT question, trace->'query'->>'Text', trace->'rewritten'->>'text', COALESCE(trace->'rewritten'->>'why', '') FROM answers WHERE id = $1`, then.ID).
		Scan(&question, &searched, &model, &why)
	if err != nil || question != "et en combien de temps ?" || searched != rewritten || model != rewritten || why != "" {
		t.Errorf("stored: %q, searched %q, rewritten %q %q, %v", question, searched, model, why, err)
	}
	if strings.Contains(m.bodyOf("/fr/answers/"+then.ID), rewritten) {
		t.Error("the member reads what the model made of the question")
	}
}

func (m member) bodyOf(path string) string {
	m.t.Helper()
	_, body := m.run(m.t, scenario{path: path, status: 200})
	return body
}
