package postgres_test

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"guichet/kb"
	"guichet/kb/kbtest"
)

// TestMeasure compares with what Retrieve says of the same passages, and knows what has no vector.
func TestMeasure(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.fill()
	d.embedAll()
	d.recentre()
	d.publish(article("late", kb.English, "Later than the vectors."))
	q := kb.Query{Vector: embed(kb.AsQuestion, "?"), Lang: kb.French, Audience: kb.SignedIn, Limit: 500}
	groups := []kb.GroupID{"late", "nothing"}
	ranked, err := d.leg().Retrieve(t.Context(), q)
	if err != nil || len(ranked) == 0 {
		t.Fatalf("%d hits, %v", len(ranked), err)
	}
	for _, h := range ranked {
		if !slices.Contains(groups, h.Group) {
			groups = append(groups, h.Group)
		}
	}
	measure := func(q kb.Query) []kb.GroupVersion {
		got, err := d.leg().Measure(t.Context(), q, groups)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b kb.GroupVersion) int {
			return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Lang, b.Lang))
		})
		return got
	}
	want := kbtest.Versions(ranked)
	slices.SortFunc(want, func(a, b kb.GroupVersion) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Lang, b.Lang))
	})
	got := measure(q)
	if diff := gocmp.Diff(want, got, nearly); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	public := q
	public.Audience = kb.Public
	if n := len(measure(public)); n >= len(got) {
		t.Errorf("the public is told of %d of %d articles", n, len(got))
	}
	within := q
	within.Collection = "none"
	if n := len(measure(within)); n > 0 {
		t.Errorf("a collection that is empty has %d articles", n)
	}
	share, err := d.Coverage(t.Context(), model)
	if err != nil || share >= 1 || share < 0.9 {
		t.Errorf("coverage %v, %v; want all but one passage", share, err)
	}
	if share, err := d.Coverage(t.Context(), "other/16"); err != nil || share != 0 {
		t.Errorf("coverage of a model without vectors: %v, %v", share, err)
	}
}
