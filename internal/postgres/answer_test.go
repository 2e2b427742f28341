package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// answer is one that cites the groups, given at a moment.
func answer(at time.Time, cited ...kb.GroupID) assistant.Answer {
	a := assistant.Answer{ID: support.NewSecretID[support.AnswerID](), Question: "Combien de temps ?", Outcome: assistant.Answered,
		Lang: kb.French, Confidence: 0.75, Degraded: []string{"meaning"}, CreatedAt: at}
	for i, g := range cited {
		ref := assistant.ArticleRef{ID: kb.ArticleID(g) + "/fr", Group: g, Lang: kb.French, Slug: "delai", Title: "Délai", Version: 2, UpdatedAt: at}
		a.Sentences = append(a.Sentences, assistant.Sentence{Text: "De 7 à 14 jours.", Citations: []int{i + 1}})
		a.Citations = append(a.Citations, assistant.Citation{N: i + 1, Article: ref, Passage: "p", Heading: "Délai", Anchor: "delai", Quote: "7 à 14 jours"})
	}
	return a
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	now := time.Now().UTC()
	old, fresh := answer(now.Add(-31*24*time.Hour), "refund"), answer(now, "refund", "refund", "delay")
	trace := assistant.Trace{Query: kb.Query{Text: "Combien de temps ?", Vector: embed(kb.AsQuestion, "?")}, Search: time.Millisecond,
		Found: []assistant.TraceHit{{Passage: "p", Article: "refund/fr", Version: 2, Score: 0.5, Signals: kb.Signals{Words: 3}}}}
	for _, a := range []assistant.Answer{old, fresh} {
		if err := d.SaveAnswer(t.Context(), a, trace); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.FindAnswer(t.Context(), fresh.ID)
	if diff := cmp.Diff(fresh, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("as it was given (-want +got), %v:\n%s", err, diff)
	}
	if n := d.query(`SELECT count(*) FROM answers WHERE cited = '{refund,delay}' AND trace->'found'->0->>'passage' = 'p'
		AND trace->'query'->>'Vector' IS NULL`); n != 1 {
		t.Errorf("%d rows hold the trace and each group cited once, want 1", n)
	}
	if n, err := d.DeleteAnswersOlderThan(t.Context(), now.Add(-30*24*time.Hour)); err != nil || n != 1 {
		t.Errorf("deleted %d, %v; want the old one", n, err)
	}
	for _, id := range []support.AnswerID{old.ID, support.NewSecretID[support.AnswerID](), "no id at all", ""} {
		if _, err := d.FindAnswer(t.Context(), id); !problem.Is(err, problem.NotFound) {
			t.Errorf("%q: %v, want NotFound", id, err)
		}
	}
}

func TestArticleRefs(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a := article("a", kb.English, "Text.")
	d.publish(a)
	d.save(article("draft", kb.English, "Text."))
	later := a
	later.Title, later.Slug = "Later", "later"
	d.save(later)
	got, err := d.ArticleRefs(t.Context(), []kb.ArticleID{"a", "draft", "nobody"}, kb.Public)
	want := map[kb.ArticleID]assistant.ArticleRef{"a": {ID: "a", Group: "a", Lang: kb.English, Slug: "a", Title: "Title of a", Version: 1}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(assistant.ArticleRef{}, "UpdatedAt")); err != nil || diff != "" {
		t.Errorf("refs (-want +got), %v:\n%s", err, diff)
	}
	inner := article("inner", kb.English, "Text.")
	inner.Audience = kb.Staff
	d.publish(inner)
	if refs, err := d.ArticleRefs(t.Context(), []kb.ArticleID{"inner"}, kb.Public); err != nil || len(refs) != 0 {
		t.Errorf("of the staff's articles members are given %v, %v", refs, err)
	}
	if since := time.Since(got["a"].UpdatedAt); since < 0 || since > time.Minute {
		t.Errorf("updated %v ago", since)
	}
}
