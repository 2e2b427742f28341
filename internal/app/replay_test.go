package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/app/apptest"
	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

// TestReplay asks, edits the article, and asks the old answer why.
func TestReplay(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]bool{"Both": false, "WordsAlone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := apptest.New(t, apptest.Options{NoVector: words})
			card := kb.Article{ID: "gift-cards.en", Group: "gift-cards", Lang: kb.English, Collection: "payments",
				Title: "Gift cards", Body: "## How long a gift card is valid\n\nA gift card can be used for 30 months after it was bought.\n\n## Lost\n\nA lost gift card is not replaced."}
			h.Publish(t, card)
			const question = "How long is a gift card valid?"
			id := support.AnswerID(ask(t, h, question, "en").ID)

			r, err := h.Replay(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Same || r.Diff != "" || len(r.Articles)+len(r.Passages)+len(r.Setup)+len(r.Notes) > 0 {
				t.Errorf("nothing has changed, yet: %+v", r)
			}
			if d := r.Stored.Confidence - r.ThatDay.Confidence; d > 1e-3 || d < -1e-3 {
				t.Errorf("confidence %v, made again %v", r.Stored.Confidence, r.ThatDay.Confidence)
			}

			card.Body = "## How long a gift card is valid\n\nA gift card can be used for 24 months after it was bought."
			h.Publish(t, card)
			r, err = h.Replay(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Same || r.Mismatch != "" {
				t.Errorf("of that day's articles another answer is made:\n%s%v", r.Mismatch, r.Notes)
			}
			if len(r.Stored.Sentences) == 0 || r.Stored.Sentences[0] != "A gift card can be used for 30 months after it was bought." {
				t.Errorf("stored: %q", r.Stored.Sentences)
			}
			for _, want := range []string{"-A gift card can be used for 30 months", "+A gift card can be used for 24 months",
				"-[source] Gift cards › How long a gift card is valid (gift-cards.en, version 1)", "+[source] Gift cards › How long a gift card is valid (gift-cards.en, version 2)"} {
				if !strings.Contains(r.Diff, want) {
					t.Errorf("the diff lacks %q:\n%s", want, r.Diff)
				}
			}
			want := []assistant.ArticleMove{{ID: "gift-cards.en", Title: "Gift cards", Lang: kb.English, Cited: true, Then: 1, Now: 2}}
			if diff := cmp.Diff(want, r.Articles); diff != "" {
				t.Errorf("articles (-want +got):\n%s", diff)
			}
			changes := map[string]int{}
			for _, p := range r.Passages {
				changes[p.Change]++
			}
			if changes["changed"] != 1 || changes["gone"] != 1 {
				t.Errorf("passages %+v, want one changed and one gone", r.Passages)
			}
			if len(r.Notes) > 0 {
				t.Errorf("notes: %q", r.Notes)
			}

			if err := h.App.Publish.Unpublish(t.Context(), card.ID); err != nil {
				t.Fatal(err)
			}
			if r, err = h.Replay(t.Context(), id); err != nil || !r.Same || r.Articles[0].Now != 0 || strings.Contains(strings.Join(r.Today.Sources, " "), "gift-cards.en") {
				t.Errorf("after it was unpublished: %+v, %v", r, err)
			}
			if err := h.App.Publish.Delete(t.Context(), card.ID); err != nil {
				t.Fatal(err)
			}
			if r, err = h.Replay(t.Context(), id); err != nil || r.Same || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "gift-cards.en was deleted") {
				t.Errorf("after it was deleted: %+v, %v", r, err)
			}
			for _, none := range []support.AnswerID{support.NewSecretID[support.AnswerID](), "nothing"} {
				if _, err := h.Replay(t.Context(), none); err == nil || !strings.Contains(err.Error(), "past its keeping") {
					t.Errorf("an answer that is not there: %v", err)
				}
			}
		})
	}
}

// TestReplayOfOlderAnswer makes an answer again whose trace names nothing but passages, as traces did
// before.
func TestReplayOfOlderAnswer(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	a := ask(t, h, "Combien de temps prend un remboursement ?", "fr")
	answer, trace, err := h.Assistant.Trace(t.Context(), admin, support.AnswerID(a.ID))
	if err != nil {
		t.Fatal(err)
	}
	older := assistant.Trace{Query: trace.Query}
	for _, hit := range trace.Found {
		older.Found = append(older.Found, assistant.TraceHit{Passage: hit.Passage, Article: hit.Article, Version: hit.Version, Score: hit.Score, Signals: hit.Signals})
	}
	answer.ID = support.NewSecretID[support.AnswerID]()
	if err := h.Database().SaveAnswer(t.Context(), answer, older); err != nil {
		t.Fatal(err)
	}
	r, err := h.Replay(t.Context(), answer.ID)
	if err != nil || !r.Same || r.Diff != "" || len(r.Notes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

var admin = support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}
