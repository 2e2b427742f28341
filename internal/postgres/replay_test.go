package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

func TestLiveAt(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a, b := article("a", kb.English, "One."), article("b", kb.English, "Bee.")
	var moments []time.Time
	moment := func() {
		t.Helper()
		var now time.Time
		if err := d.Pool().QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&now); err != nil {
			t.Fatal(err)
		}
		moments = append(moments, now)
	}
	moment()
	d.publish(a)
	d.publish(b)
	moment()
	a.Body = "Two."
	d.publish(a)
	moment()
	if err := d.Unpublish(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	moment()
	if err := d.PublishVersion(t.Context(), "a", 1, split(article("a", kb.English, "One."), 1)); err != nil {
		t.Fatal(err)
	}
	moment()
	want := []map[kb.ArticleID]int{{}, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"b": 1}, {"a": 1, "b": 1}}
	for i, at := range moments {
		live, err := d.LiveAt(t.Context(), at)
		if diff := cmp.Diff(want[i], live); err != nil || diff != "" {
			t.Errorf("moment %d (-want +got), %v:\n%s", i, err, diff)
		}
	}
	got := map[kb.ArticleID]string{}
	err := d.Texts(t.Context(), map[kb.ArticleID]int{"a": 2, "b": 1, "gone": 1}, func(x kb.Article, number int, _ time.Time) error {
		got[x.ID] = x.Body
		return nil
	})
	if diff := cmp.Diff(map[kb.ArticleID]string{"a": "Two.", "b": "Bee."}, got); err != nil || diff != "" {
		t.Errorf("texts (-want +got), %v:\n%s", err, diff)
	}
}

// TestMeansAreKeptForAnswers: an answer is made again with the means that it was given with.
func TestMeansAreKeptForAnswers(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	version := func() int {
		t.Helper()
		n, err := d.CurrentMeans(t.Context(), model)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	more := func(id string) {
		t.Helper()
		d.publish(article(id, kb.English, "Text of "+id+"."))
		d.embedAll()
		d.recentre()
	}
	more("a")
	more("b")
	unused := version()
	more("c")
	used := version()
	a := assistant.Answer{ID: support.NewSecretID[support.AnswerID](), Outcome: assistant.Unknown, Lang: kb.English, CreatedAt: time.Now()}
	if err := d.SaveAnswer(t.Context(), a, assistant.Trace{}); err != nil {
		t.Fatal(err)
	}
	more("d")
	more("e")
	for v, want := range map[int]bool{unused: false, used: true, version(): true} {
		means, err := d.Means(t.Context(), model, v)
		if has := len(means[kb.AsQuestion]) > 0; err != nil || has != want {
			t.Errorf("means of version %d are kept: %v, %v; want %v", v, has, err, want)
		}
	}
	if _, err := d.DeleteAnswersOlderThan(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	more("f")
	if means, err := d.Means(t.Context(), model, used); err != nil || len(means[kb.AsQuestion]) > 0 {
		t.Errorf("means stay after the last answer given with them: %v", err)
	}
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	save := func(outcome assistant.Outcome, age time.Duration, noes ...bool) support.AnswerID {
		t.Helper()
		a := assistant.Answer{ID: support.NewSecretID[support.AnswerID](), Question: "Why?", Outcome: outcome, Lang: kb.English, CreatedAt: now.Add(-age)}
		if err := d.SaveAnswer(t.Context(), a, assistant.Trace{}); err != nil {
			t.Fatal(err)
		}
		for i, helpful := range noes {
			if err := d.SaveRating(t.Context(), assistant.Feedback{Answer: a.ID, Visitor: []byte{byte(i)}, Helpful: helpful, Reasons: []assistant.Reason{}}); err != nil {
				t.Fatal(err)
			}
		}
		return a.ID
	}
	unknown := save(assistant.Unknown, time.Hour)
	refused := save(assistant.Answered, 2*time.Hour, false, true, false)
	save(assistant.Answered, time.Hour, true)
	save(assistant.Clarify, time.Hour)
	save(assistant.Unknown, 48*time.Hour)
	list := func() (out []support.AnswerID) {
		t.Helper()
		questions, err := d.Unanswered(t.Context(), assistant.Period{Since: now.Add(-24 * time.Hour), Until: now}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			out = append(out, q.ID)
			if q.ID == refused && q.Noes != 2 {
				t.Errorf("%d noes, want 2", q.Noes)
			}
		}
		return out
	}
	if diff := cmp.Diff([]support.AnswerID{unknown, refused}, list()); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	agent, err := d.SaveAgent(t.Context(), support.Agent{ID: support.NewID[support.AgentID](), Email: "ada@example.org", Role: support.RoleEditor})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.CloseGap(t.Context(), []support.AnswerID{refused, support.NewSecretID[support.AnswerID]()}, agent, now); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]support.AnswerID{unknown}, list()); diff != "" {
		t.Errorf("after one was closed (-want +got):\n%s", diff)
	}
}
