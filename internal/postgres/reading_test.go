package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

// put publishes the article of a group in a language, with a title of its own.
func (d library) put(group, lang, collection, title string, audience kb.Audience) {
	d.t.Helper()
	d.publish(kb.Article{ID: kb.ArticleID(group + "/" + lang), Group: kb.GroupID(group), Lang: kb.Lang(lang), Slug: group + "-" + lang,
		Collection: kb.CollectionKey(collection), Title: title, Body: "Text of " + group, Audience: audience})
}

func cardIDs(cards []publish.Card) string {
	var out []string
	for _, c := range cards {
		out = append(out, string(c.ID))
	}
	return strings.Join(out, " ")
}

func TestPage(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	orders := kb.Collection{Key: "orders", Position: 3, Titles: map[kb.Lang]string{kb.English: "Orders"}}
	if err := d.SaveCollections(t.Context(), []kb.Collection{orders}); err != nil {
		t.Fatal(err)
	}
	d.put("late", "fr", "orders", "En retard", kb.Public)
	d.put("late", "en", "orders", "Late", kb.Public)
	d.put("late", "pl", "orders", "Nur für uns", kb.Staff)
	for i := range 6 {
		d.put(fmt.Sprint("other", i), "en", "orders", "Other", kb.Audience(i/5))
	}
	d.put("other0", "fr", "orders", "Autre", kb.Public)
	d.put("refund", "en", "refunds", "Refund", kb.Public)
	late, _, err := d.Version(t.Context(), "late/en", 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Page(t.Context(), kb.English, "late-en", kb.Public)
	if err != nil {
		t.Fatal(err)
	}
	want := publish.Page{Article: late, Version: 1, Collection: orders,
		Translations: []publish.Translation{{Lang: kb.English, Slug: "late-en", Title: "Late"}, {Lang: kb.French, Slug: "late-fr", Title: "En retard"}}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(publish.Page{}, "UpdatedAt", "Related"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	if got := cardIDs(got.Related); got != "other0/en other1/en other2/en other3/en" {
		t.Errorf("related: %s", got)
	}
	if staff, err := d.Page(t.Context(), kb.English, "late-en", kb.Staff); err != nil || len(staff.Translations) != 3 {
		t.Errorf("to staff: %+v, %v; want three languages", staff.Translations, err)
	}
	// An old slug leads to the article, whose own slug says where to go.
	late.Slug = "where-is-it"
	d.publish(late)
	if p, err := d.Page(t.Context(), kb.English, "late-en", kb.Public); err != nil || p.Article.Slug != "where-is-it" {
		t.Errorf("by the old slug: %q, %v", p.Article.Slug, err)
	}
	// In a collection that nobody described, the article is in none.
	if p, err := d.Page(t.Context(), kb.English, "refund-en", kb.Public); err != nil || p.Collection.Key != "" {
		t.Errorf("collection %+v, %v", p.Collection, err)
	}

	if err := d.Unpublish(t.Context(), "refund/en"); err != nil {
		t.Fatal(err)
	}
	if err := d.Unpublish(t.Context(), "late/pl"); err != nil {
		t.Fatal(err)
	}
	draft := article("draft", kb.English, "x")
	d.save(draft)
	for _, tt := range []struct {
		name     string
		lang     kb.Lang
		slug     string
		audience kb.Audience
		kind     problem.Kind
	}{
		{"NeverHeardOf", kb.English, "nothing", kb.Staff, problem.NotFound},
		{"AnotherLanguage", kb.French, "late-en", kb.Staff, problem.NotFound},
		{"Draft", kb.English, "draft", kb.Staff, problem.NotFound},
		{"NotForThem", kb.English, "other5-en", kb.Public, problem.NotFound},
		{"Withdrawn", kb.English, "refund-en", kb.Public, problem.Gone},
		{"WithdrawnNotForThem", kb.Polish, "late-pl", kb.Public, problem.NotFound},
		{"WithdrawnForStaff", kb.Polish, "late-pl", kb.Staff, problem.Gone},
	} {
		if _, err := d.Page(t.Context(), tt.lang, tt.slug, tt.audience); !problem.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.kind)
		}
	}
}

func TestShelves(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	err := d.SaveCollections(t.Context(), []kb.Collection{{Key: "refunds", Position: 2}, {Key: "orders", Position: 1}, {Key: "empty"}})
	if err != nil {
		t.Fatal(err)
	}
	d.put("a", "fr", "orders", "être", kb.Public)
	d.put("a", "en", "orders", "be", kb.Public)
	d.put("b", "en", "orders", "Eager", kb.Public)    // no French
	d.put("c", "pl", "orders", "zebra", kb.Public)    // neither French nor English
	d.put("c", "de", "orders", "Zebra", kb.Public)    // German comes first of the two
	d.put("d", "fr", "orders", "Staff", kb.Staff)     // not for all
	d.put("e", "en", "refunds", "Money", kb.Public)   //
	d.put("e", "fr", "refunds", "Argent", kb.Staff)   // its French is not for all
	d.put("f", "en", "unheard", "Nowhere", kb.Public) // its collection was never described

	shelves, err := d.Shelves(t.Context(), kb.French, kb.Public)
	want := []publish.Shelf{{Collection: kb.Collection{Key: "orders", Position: 1}, Articles: 3}, {Collection: kb.Collection{Key: "refunds", Position: 2}, Articles: 1}}
	if diff := cmp.Diff(want, shelves, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("shelves (-want +got), %v:\n%s", err, diff)
	}
	for _, tt := range []struct {
		lang     kb.Lang
		key      kb.CollectionKey
		audience kb.Audience
		want     string
	}{
		{kb.French, "orders", kb.Public, "b/en a/fr c/de"}, // Eager, être, Zebra: as one looks them up
		{kb.French, "orders", kb.Staff, "b/en a/fr d/fr c/de"},
		{kb.Polish, "orders", kb.Public, "a/en b/en c/pl"},
		{kb.French, "refunds", kb.Public, "e/en"},
		{kb.French, "refunds", kb.Staff, "e/fr"},
		{kb.French, "empty", kb.Staff, ""},
	} {
		shelf, cards, err := d.Shelf(t.Context(), tt.lang, tt.key, tt.audience)
		if got := cardIDs(cards); err != nil || got != tt.want || shelf.Collection.Key != tt.key || shelf.Articles != len(cards) {
			t.Errorf("%s to %v in %s: %s, %+v, %v; want %s", tt.key, tt.audience, tt.lang, got, shelf, err, tt.want)
		}
	}
	if _, _, err := d.Shelf(t.Context(), kb.French, "unheard", kb.Staff); !problem.Is(err, problem.NotFound) {
		t.Errorf("a collection that is not there: %v, want NotFound", err)
	}
	slugs, err := d.Slugs(t.Context(), kb.French, []kb.GroupID{"a", "b", "e", "nothing"}, kb.Public)
	if diff := cmp.Diff(map[kb.GroupID]string{"a": "a-fr"}, slugs); err != nil || diff != "" {
		t.Errorf("slugs (-want +got), %v:\n%s", err, diff)
	}
}

func TestPopular(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		d.put(id, "fr", "orders", "Titre", kb.Public)
		d.put(id, "en", "orders", "Title", kb.Public)
	}
	d.put("e", "en", "orders", "Title", kb.Public)
	d.put("f", "fr", "orders", "Titre", kb.Staff)
	for _, cited := range [][]kb.GroupID{{"c"}, {"c", "b"}, {"c", "e", "f"}, {"b"}, {"gone"}} {
		if err := d.SaveAnswer(t.Context(), answer(time.Now(), cited...), assistant.Trace{}); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int]string{3: "c/fr b/fr a/fr", 10: "c/fr b/fr a/fr d/fr"} {
		if cards, err := d.Popular(t.Context(), kb.French, kb.Public, limit); err != nil || cardIDs(cards) != want {
			t.Errorf("limit %d: %s, %v; want %s", limit, cardIDs(cards), err, want)
		}
	}
	if cards, err := d.Popular(t.Context(), kb.Polish, kb.Public, 3); err != nil || len(cards) != 0 {
		t.Errorf("in Polish: %v, %v; want none", cards, err)
	}
}

func TestLatest(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	for _, id := range []string{"a", "b", "c"} {
		d.put(id, "fr", "orders", "Titre", kb.Public)
		d.put(id, "en", "orders", "Title", kb.Public)
	}
	d.put("d", "fr", "orders", "Titre", kb.Staff)
	d.put("a", "fr", "orders", "Titre nouveau", kb.Public) // changed last
	for limit, want := range map[int]string{2: "a/fr c/fr", 10: "a/fr c/fr b/fr"} {
		if cards, err := d.Latest(t.Context(), kb.French, kb.Public, limit); err != nil || cardIDs(cards) != want {
			t.Errorf("limit %d: %s, %v; want %s", limit, cardIDs(cards), err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	if err := d.SaveCollections(t.Context(), []kb.Collection{{Key: "orders"}}); err != nil {
		t.Fatal(err)
	}
	d.put("b", "en", "unheard", "Title", kb.Public) // its collection was never described
	d.put("a", "pl", "orders", "Tytuł", kb.Public)
	d.put("a", "fr", "orders", "Titre", kb.Public)
	d.put("a", "de", "orders", "Titel", kb.Staff)
	d.put("c", "en", "orders", "Gone", kb.Public)
	d.save(kb.Article{ID: "draft", Group: "draft", Lang: kb.English, Slug: "draft", Title: "Draft", Body: "Text"})
	if err := d.Unpublish(t.Context(), "c/en"); err != nil {
		t.Fatal(err)
	}
	got, err := d.Places(t.Context(), kb.Public)
	want := []publish.Place{
		{Group: "a", Lang: kb.French, Slug: "a-fr", Collection: "orders"},
		{Group: "a", Lang: kb.Polish, Slug: "a-pl", Collection: "orders"},
		{Group: "b", Lang: kb.English, Slug: "b-en"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(publish.Place{}, "UpdatedAt")); err != nil || diff != "" {
		t.Errorf("places (-want +got), %v:\n%s", err, diff)
	}
	for _, p := range got {
		if p.UpdatedAt.IsZero() {
			t.Errorf("%+v has no date", p)
		}
	}
}
