package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

func TestSaveVersion(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a := article("orders/late", kb.English, "One.\n\nTwo.")
	steps := []struct {
		name    string
		change  func(*kb.Article)
		number  int
		changed bool
	}{
		{"New", func(a *kb.Article) {}, 1, true},
		{"Same", func(a *kb.Article) {}, 1, false},
		{"Title", func(a *kb.Article) { a.Title = "Where is my order?" }, 2, true},
		{"Body", func(a *kb.Article) { a.Body += " More." }, 3, true},
		{"Audience", func(a *kb.Article) { a.Audience = kb.Staff }, 4, true},
		{"Slug", func(a *kb.Article) { a.Slug = "late-order" }, 5, true},
		{"Collection", func(a *kb.Article) { a.Collection = "delivery" }, 6, true},
		{"Group", func(a *kb.Article) { a.Group = "late" }, 7, true},
		{"SameAgain", func(a *kb.Article) {}, 7, false},
		{"NoCollectionKeepsTheGroups", func(a *kb.Article) { a.Collection = "" }, 7, false},
	}
	for _, s := range steps {
		s.change(&a)
		number, changed, err := d.SaveVersion(t.Context(), a, "ada")
		if err != nil || number != s.number || changed != s.changed {
			t.Fatalf("%s: %d, %t, %v; want %d, %t", s.name, number, changed, err, s.number, s.changed)
		}
	}
	a.Collection = "delivery"
	got, number, err := d.Version(t.Context(), a.ID, 0)
	if err != nil || number != 7 {
		t.Fatal(number, err)
	}
	if diff := cmp.Diff(a, got); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
	first, number, err := d.Version(t.Context(), a.ID, 1)
	if err != nil || number != 1 || first.Title != "Title of orders/late" || first.Audience != kb.Public || first.Slug != "orders-late" {
		t.Errorf("first: %+v, %d, %v", first, number, err)
	}
	for _, missing := range []int{8, -1} {
		if _, _, err := d.Version(t.Context(), a.ID, missing); !problem.Is(err, problem.NotFound) {
			t.Errorf("version %d: %v, want NotFound", missing, err)
		}
	}
	if _, _, err := d.Version(t.Context(), "nobody", 0); !problem.Is(err, problem.NotFound) {
		t.Errorf("no article: %v, want NotFound", err)
	}
}

func TestSaveVersionRefuses(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.save(article("a", kb.English, "x"))
	for _, tt := range []struct {
		name  string
		a     kb.Article
		kind  problem.Kind
		field string
	}{
		{"AnotherLanguage", article("a", kb.French, "x"), problem.Invalid, "lang"},
		{"UnknownLanguage", article("b", "tlh", "x"), problem.Invalid, "lang"},
		{"NoSlug", kb.Article{ID: "b", Group: "b", Lang: kb.English, Title: "t"}, problem.Invalid, "slug"},
		{"NUL", article("b", kb.English, "x\x00y"), problem.Invalid, ""},
		{"BrokenUTF8", article("b", kb.English, "x\xff"), problem.Invalid, ""},
		{"GroupTaken", kb.Article{ID: "b", Group: "a", Lang: kb.English, Slug: "b", Title: "t"}, problem.Conflict, ""},
	} {
		_, _, err := d.SaveVersion(t.Context(), tt.a, "")
		if !problem.Is(err, tt.kind) || !strings.Contains(fmt.Sprint(err), tt.field) {
			t.Errorf("%s: %v, want %s of %q", tt.name, err, tt.kind, tt.field)
		}
	}
	if n := d.query("SELECT count(*) FROM articles"); n != 1 {
		t.Errorf("%d articles, want the first alone", n)
	}
}

// TestSlugs shows that two articles with one title can both be imported, again and again.
func TestSlugs(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	slug := func(id string, lang kb.Lang, want string) {
		t.Helper()
		a := article(id, lang, "x")
		a.Slug = "refund"
		d.save(a)
		if got, _, err := d.Version(t.Context(), a.ID, 0); err != nil || got.Slug != want {
			t.Errorf("%s: slug %q, %v; want %q", id, got.Slug, err, want)
		}
	}
	for range 2 {
		slug("a", kb.English, "refund")
		slug("b", kb.English, "refund-2")
		slug("c", kb.English, "refund-3")
		slug("fr", kb.French, "refund")
	}
	if n := d.query("SELECT sum(latest) FROM articles"); n != 4 {
		t.Errorf("%d versions, want one each", n)
	}
	// Another article's old slug is a redirect, and not free either.
	moved := article("a", kb.English, "x")
	moved.Slug = "money-back"
	d.save(moved)
	slug("d", kb.English, "refund-4")
	// Its own old slug an article may take again.
	slug("a", kb.English, "refund")

	for n := 5; n <= 50; n++ {
		slug(fmt.Sprint("more", n), kb.English, fmt.Sprint("refund-", n))
	}
	a := article("e", kb.English, "x")
	a.Slug = "refund"
	if _, _, err := d.SaveVersion(t.Context(), a, ""); !problem.Is(err, problem.Conflict) {
		t.Errorf("the 51st: %v, want Conflict", err)
	}
}

// TestDraftsChangeNothing saves a draft over a published article: members see no word of it, nor who
// may read it, until it is published.
func TestDraftsChangeNothing(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a := article("a", kb.English, "Old text.")
	a.Audience = kb.SignedIn
	ps := d.publish(a)
	draft := a
	draft.Title, draft.Body, draft.Slug, draft.Audience = "New title", "New text.", "new", kb.Public
	number := d.save(draft)

	if got, err := d.Passages(t.Context(), []kb.PassageID{ps[0].ID}, kb.Public); err != nil || len(got) != 0 {
		t.Errorf("a draft opened the live version: %v, %v", got, err)
	}
	got, err := d.Passages(t.Context(), []kb.PassageID{ps[0].ID}, kb.SignedIn)
	if diff := cmp.Diff(ps, got); err != nil || diff != "" {
		t.Errorf("live passages (-want +got), %v:\n%s", err, diff)
	}
	if err := d.PublishVersion(t.Context(), a.ID, number, split(draft, number)); err != nil {
		t.Fatal(err)
	}
	page, err := d.Page(t.Context(), kb.English, "a", kb.Public)
	if err != nil || page.Article.Slug != "new" || page.Article.Body != "New text." || page.Version != 2 {
		t.Errorf("published: %+v, %v", page, err)
	}
}

// TestCollectionMovesTheGroup changes a collection by one translation; the others follow at once.
func TestCollectionMovesTheGroup(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.centre()
	en, fr := article("en", kb.English, "Text."), article("fr", kb.French, "Texte.")
	en.Group, fr.Group = "g", "g"
	d.publish(en)
	ps := d.publish(fr)
	d.embedAll()
	before, err := d.IndexSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	en.Collection = "refunds"
	d.save(en)
	got, err := d.Passages(t.Context(), []kb.PassageID{ps[0].ID}, kb.Public)
	if err != nil || len(got) != 1 || got[0].Collection != "refunds" {
		t.Errorf("the other translation: %+v, %v", got, err)
	}
	changed, _, err := d.Changes(t.Context(), before, 10)
	slices.Sort(changed)
	if diff := cmp.Diff([]kb.ArticleID{"en", "fr"}, changed); err != nil || diff != "" {
		t.Errorf("changes (-want +got), %v:\n%s", err, diff)
	}
	q := kb.Query{Vector: embed(kb.AsQuestion, "?"), Collection: "refunds"}
	if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != 2 {
		t.Errorf("by meaning: %v, %v; want both", hits, err)
	}
	q.Collection = "orders"
	if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != 0 {
		t.Errorf("by meaning, in the old collection: %v, %v; want none", hits, err)
	}
	fr.Collection = "" // says nothing of it
	if n := d.save(fr); n != 1 {
		t.Errorf("version %d, want none made", n)
	}
}

func TestArticles(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	live, draft, old := article("a", kb.English, "x"), article("b", kb.French, "x"), article("c", kb.English, "x")
	draft.Collection = "refunds"
	d.publish(live)
	d.save(draft)
	d.publish(old)
	if err := d.Unpublish(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	later := live
	later.Title = "A draft's title"
	d.save(later)
	want := map[string]publish.Listed{
		"a": {Article: live, Status: kb.StatusPublished, Live: 1, Latest: 2},
		"b": {Article: draft, Status: kb.StatusDraft, Latest: 1},
		"c": {Article: old, Status: kb.StatusUnpublished, Latest: 1},
	}
	for id, l := range want {
		l.Article.Body = ""
		want[id] = l
	}
	for _, tt := range []struct {
		filter publish.Filter
		ids    string
	}{
		{publish.Filter{}, "a b c"},
		{publish.Filter{Lang: kb.English}, "a c"},
		{publish.Filter{Collection: "refunds"}, "b"},
		{publish.Filter{Status: kb.StatusPublished}, "a"},
		{publish.Filter{Status: kb.StatusUnpublished, Lang: kb.French}, ""},
	} {
		var wanted []publish.Listed
		for _, id := range strings.Fields(tt.ids) {
			wanted = append(wanted, want[id])
		}
		got, err := d.Articles(t.Context(), tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got, cmpopts.IgnoreFields(publish.Listed{}, "UpdatedAt"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.filter, diff)
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.publish(article("a", kb.English, "One.\n\nTwo."))
	d.publish(article("b", kb.English, "Other."))
	d.embedAll()
	after, err := d.IndexSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), "a"); !problem.Is(err, problem.NotFound) {
		t.Errorf("again: %v, want NotFound", err)
	}
	for _, table := range []string{"article_versions", "article_slugs", "passages", "passage_vectors"} {
		if n := d.query("SELECT count(*) FROM " + table + " WHERE article_id = 'a'"); n != 0 {
			t.Errorf("%s holds %d rows of it", table, n)
		}
	}
	if changed, _, err := d.Changes(t.Context(), after, 10); err != nil || !cmp.Equal(changed, []kb.ArticleID{"a"}) {
		t.Errorf("changes: %v, %v", changed, err)
	}
	// Its group's collection does not outlive it.
	again := article("a", kb.English, "x")
	again.Collection = ""
	d.save(again)
	if a, n, err := d.Version(t.Context(), "a", 0); err != nil || n != 1 || a.Collection != "" {
		t.Errorf("a new one of that name: %+v, %d, %v", a, n, err)
	}
}

func TestCollections(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	save := func(cs ...kb.Collection) {
		t.Helper()
		if err := d.SaveCollections(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
	}
	save()
	save(kb.Collection{Key: "refunds", Position: 2, Titles: map[kb.Lang]string{kb.French: "Remboursements"}},
		kb.Collection{Key: "orders", Position: 1, Titles: map[kb.Lang]string{kb.English: "Orders"}, Description: map[kb.Lang]string{kb.English: "All of them"}})
	save(kb.Collection{Key: "refunds", Position: 0})
	got, err := d.Collections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []kb.Collection{{Key: "refunds"},
		{Key: "orders", Position: 1, Titles: map[kb.Lang]string{kb.English: "Orders"}, Description: map[kb.Lang]string{kb.English: "All of them"}}}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("collections (-want +got):\n%s", diff)
	}
}

func TestSavingAtOnce(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	const writers = 8
	var all sync.WaitGroup
	numbers := make([]int, writers)
	for i := range writers {
		all.Go(func() {
			n, changed, err := d.SaveVersion(t.Context(), article("a", kb.English, fmt.Sprint("text ", i)), "")
			if err != nil || !changed {
				t.Errorf("writer %d: %t, %v", i, changed, err)
			}
			numbers[i] = n
		})
	}
	all.Wait()
	slices.Sort(numbers)
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7, 8}, numbers); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}
