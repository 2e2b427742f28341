package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
)

func TestRatings(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	now := time.Now().UTC().Truncate(time.Second)
	a, b := answer(now.Add(-31*24*time.Hour), "refund", "refund", "delay"), answer(now, "refund")
	for _, x := range []assistant.Answer{a, b} {
		if err := d.SaveAnswer(t.Context(), x, assistant.Trace{}); err != nil {
			t.Fatal(err)
		}
	}
	rating := func(x assistant.Answer, visitor string, helpful bool, comment string, reasons ...assistant.Reason) assistant.Feedback {
		return assistant.Feedback{Answer: x.ID, Visitor: []byte(visitor), Helpful: helpful, Comment: comment,
			Reasons: append([]assistant.Reason{}, reasons...), CreatedAt: now}
	}
	ann := rating(a, "ann", false, "Il manque les délais.", assistant.Wrong, assistant.Incomplete)
	bob := rating(a, "bob", true, "")
	other := rating(b, "ann", true, "")
	for _, f := range []assistant.Feedback{rating(a, "ann", true, ""), bob, other, ann} { // ann changes her mind
		if err := d.SaveRating(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.FindRating(t.Context(), a.ID, []byte("ann"))
	if diff := cmp.Diff(ann, got); err != nil || diff != "" {
		t.Errorf("what ann said last (-want +got), %v:\n%s", err, diff)
	}
	if _, err := d.FindRating(t.Context(), b.ID, []byte("bob")); !problem.Is(err, problem.NotFound) {
		t.Errorf("what bob has not said: %v, want NotFound", err)
	}

	of := func(f assistant.Feedback, x assistant.Answer) assistant.Rating {
		r := assistant.Rating{Feedback: f, Question: x.Question, Lang: x.Lang, Outcome: x.Outcome}
		for i, c := range x.Citations {
			if i != 1 { // refund is cited twice
				r.Cited = append(r.Cited, c.Article)
			}
		}
		return r
	}
	want := []assistant.Rating{of(ann, a), of(other, b), of(bob, a)}
	yes, no := true, false
	for _, tt := range []struct {
		name string
		f    assistant.RatingFilter
		want []assistant.Rating
	}{
		{"All", assistant.RatingFilter{Limit: 10}, want},
		{"Yes", assistant.RatingFilter{Helpful: &yes, Limit: 10}, want[1:]},
		{"No", assistant.RatingFilter{Helpful: &no, Limit: 10}, want[:1]},
		{"NoCursor", assistant.RatingFilter{After: "nothing", Limit: 10}, want},
	} {
		got, err := d.Ratings(t.Context(), tt.f)
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(assistant.Rating{}, "ID")); err != nil || diff != "" {
			t.Errorf("%s (-want +got), %v:\n%s", tt.name, err, diff)
		}
	}
	var paged []assistant.Feedback
	for after := ""; ; {
		page, err := d.Ratings(t.Context(), assistant.RatingFilter{After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		paged, after = append(paged, page[0].Feedback), page[0].ID
	}
	if diff := cmp.Diff([]assistant.Feedback{ann, other, bob}, paged); diff != "" {
		t.Errorf("page by page (-want +got):\n%s", diff)
	}

	for _, id := range []support.AnswerID{support.NewSecretID[support.AnswerID](), "no id at all"} {
		f := ann
		f.Answer = id
		if err := d.SaveRating(t.Context(), f); !problem.Is(err, problem.NotFound) {
			t.Errorf("%q: %v, want NotFound", id, err)
		}
	}
	for name, f := range map[string]assistant.Feedback{
		"a reason that is none": rating(b, "eve", false, "", "ugly"),
		"a yes with a reason":   rating(b, "eve", true, "", assistant.Wrong),
		"a long comment":        rating(b, "eve", false, strings.Repeat("é", assistant.MaxComment+1)),
	} {
		if d.SaveRating(t.Context(), f) == nil {
			t.Errorf("%s is kept", name)
		}
	}

	// What was said of an answer goes with it.
	if n, err := d.DeleteAnswersOlderThan(t.Context(), now.Add(-30*24*time.Hour)); err != nil || n != 1 {
		t.Fatalf("deleted %d, %v", n, err)
	}
	if got, err := d.Ratings(t.Context(), assistant.RatingFilter{Limit: 10}); err != nil || len(got) != 1 || got[0].Answer != b.ID {
		t.Errorf("after the old answer has gone: %+v, %v", got, err)
	}
}
