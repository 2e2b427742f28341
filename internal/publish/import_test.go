package publish_test

import (
	"strings"
	"testing"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func article(id, title, body string) kb.Article {
	return kb.Article{ID: kb.ArticleID(id), Lang: kb.English, Title: title, Body: body}
}

// TestImport imports, imports again, changes, prunes, and takes what can be taken when one is refused.
func TestImport(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := publish.New(publish.Config{Store: db})
	run := func(o publish.ImportOptions, articles ...kb.Article) (publish.Report, error) {
		t.Helper()
		return s.Import(t.Context(), articles, o)
	}
	both := []kb.Article{article("a", "Parcels", "A parcel is sent."), article("b", "", "## Vouchers\n\nA voucher is valid.")}
	for _, step := range []struct {
		name     string
		o        publish.ImportOptions
		articles []kb.Article
		want     publish.Report
	}{
		{"Drafts", publish.ImportOptions{}, both, publish.Report{New: 2}},
		{"Publish", publish.ImportOptions{Publish: true}, both, publish.Report{Unchanged: 2, Published: 2}},
		{"Again", publish.ImportOptions{Publish: true}, both, publish.Report{Unchanged: 2}},
		{"Changed", publish.ImportOptions{Publish: true}, []kb.Article{article("a", "Parcels", "A parcel is sent at once.")}, publish.Report{Changed: 1, Published: 1}},
		{"Prune", publish.ImportOptions{Publish: true, Prune: true}, both[1:], publish.Report{Unchanged: 1, Unpublished: 1}},
	} {
		got, err := run(step.o, step.articles...)
		if err != nil || got.New != step.want.New || got.Changed != step.want.Changed || got.Unchanged != step.want.Unchanged ||
			got.Published != step.want.Published || got.Unpublished != step.want.Unpublished || len(got.Refused) != 0 {
			t.Errorf("%s: %+v, %v; want %+v", step.name, got, err, step.want)
		}
	}
	b, _, err := db.Version(t.Context(), "b", 0)
	if err != nil || b.Title == "" || b.Slug == "" || b.Group != "b" {
		t.Errorf("what an import leaves out is filled: %+v, %v", b, err)
	}
	r, err := run(publish.ImportOptions{Publish: true, Prune: true}, article("no spaces", "Bad", "x"), article("c", "Good", "It is taken."))
	if err == nil || len(r.Refused) != 1 || r.New != 1 || r.Unpublished != 0 || !strings.Contains(r.Refused[0].Cause, "id") {
		t.Errorf("one is refused, the other taken, nothing pruned: %+v, %v", r, err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for field, a := range map[string]kb.Article{
		"id":    {ID: "é", Group: "g"},
		"group": {ID: "a", Group: kb.GroupID(strings.Repeat("g", 201))},
		"body":  {ID: "a", Group: "g", Body: strings.Repeat("x", kb.MaxBody+1)},
		"title": {ID: "a", Group: "g", Title: strings.Repeat("é", kb.MaxTitle+1)},
	} {
		err := publish.Check(a)
		if !problem.Is(err, problem.Invalid) || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := publish.Check(kb.Article{ID: "a.b/c-d_1", Group: "g"}); err != nil {
		t.Error(err)
	}
}
