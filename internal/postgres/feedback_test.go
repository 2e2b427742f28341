package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

func TestFeedback(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.publish(article("a", kb.English, "Text."))
	d.publish(article("b", kb.English, "Text."))
	d.save(article("draft", kb.English, "Text."))
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	vote := func(id kb.ArticleID, visitor string, helpful bool, comment string, minute int) {
		t.Helper()
		err := d.SaveFeedback(t.Context(), publish.Feedback{Article: id, Version: 1, Visitor: []byte(visitor), Helpful: helpful,
			Comment: comment, CreatedAt: noon.Add(time.Duration(minute) * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
	}
	vote("a", "ann", true, "", 0)
	vote("a", "bob", false, "", 1)
	vote("b", "ann", true, "", 2)
	vote("a", "bob", false, "Which 7 days?", 3) // the comment comes after the vote
	vote("a", "ann", false, strings.Repeat("é", publish.MaxComment), 4)

	card := func(id string) publish.Card {
		return publish.Card{ID: kb.ArticleID(id), Group: kb.GroupID(id), Lang: kb.English, Slug: id, Title: "Title of " + id}
	}
	want := []publish.Vote{
		{Card: card("a"), Version: 1, Comment: strings.Repeat("é", publish.MaxComment), CreatedAt: noon.Add(4 * time.Minute)},
		{Card: card("a"), Version: 1, Comment: "Which 7 days?", CreatedAt: noon.Add(3 * time.Minute)},
		{Card: card("b"), Version: 1, Helpful: true, CreatedAt: noon.Add(2 * time.Minute)},
	}
	yes, no := true, false
	for _, tt := range []struct {
		name string
		f    publish.VoteFilter
		want []publish.Vote
	}{
		{"All", publish.VoteFilter{Limit: 10}, want},
		{"Bounded", publish.VoteFilter{Limit: 2}, want[:2]},
		{"Yes", publish.VoteFilter{Helpful: &yes, Limit: 10}, want[2:]},
		{"No", publish.VoteFilter{Helpful: &no, Limit: 10}, want[:2]},
	} {
		got, err := d.Feedback(t.Context(), tt.f)
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(publish.Vote{}, "ID"), cmpopts.IgnoreFields(publish.Card{}, "UpdatedAt")); err != nil || diff != "" {
			t.Errorf("%s (-want +got), %v:\n%s", tt.name, err, diff)
		}
		if tt.name == "Bounded" && len(got) == 2 {
			rest, err := d.Feedback(t.Context(), publish.VoteFilter{After: got[1].ID, Limit: 10})
			if err != nil || len(rest) != 1 || rest[0].Card.ID != "b" {
				t.Errorf("after the second: %+v, %v; want the vote on b", rest, err)
			}
		}
	}
	if f, err := d.FindFeedback(t.Context(), "a", []byte("bob")); err != nil || f.Helpful || f.Comment != "Which 7 days?" {
		t.Errorf("bob's vote: %+v, %v", f, err)
	}
	if _, err := d.FindFeedback(t.Context(), "b", []byte("bob")); !problem.Is(err, problem.NotFound) {
		t.Errorf("a vote that bob has not given: %v, want NotFound", err)
	}
	for _, tt := range []struct {
		name string
		f    publish.Feedback
		kind problem.Kind
	}{
		{"TooLong", publish.Feedback{Article: "a", Visitor: []byte("c"), Comment: strings.Repeat("é", publish.MaxComment+1)}, problem.Invalid},
		{"NotPublished", publish.Feedback{Article: "draft", Visitor: []byte("c")}, problem.NotFound},
		{"NoArticle", publish.Feedback{Article: "nobody", Visitor: []byte("c")}, problem.NotFound},
	} {
		if err := d.SaveFeedback(t.Context(), tt.f); !problem.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.kind)
		}
	}
}
