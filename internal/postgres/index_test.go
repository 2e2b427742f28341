package postgres_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/kb"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	for _, id := range []string{"a", "b", "c"} {
		d.publish(article(id, kb.English, id))
	}
	d.save(article("draft", kb.English, "x"))
	d.publish(article("a", kb.English, "a again"))
	if err := d.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	seq, err := d.IndexSeq(t.Context())
	if err != nil || seq != 5 {
		t.Fatalf("seq %d, %v; want 5", seq, err)
	}
	for _, tt := range []struct {
		after int64
		limit int
		want  []kb.ArticleID
		upto  int64
	}{
		{0, 10, []kb.ArticleID{"c", "a", "b"}, 5},
		{0, 2, []kb.ArticleID{"c", "a"}, 4},
		{4, 2, []kb.ArticleID{"b"}, 5},
		{5, 2, nil, 5},
	} {
		got, upto, err := d.Changes(t.Context(), tt.after, tt.limit)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); err != nil || diff != "" || upto != tt.upto {
			t.Errorf("after %d: upto %d, %v (-want +got):\n%s", tt.after, upto, err, diff)
		}
	}
	ps, err := d.ArticlePassages(t.Context(), []kb.ArticleID{"a", "b", "draft"})
	if err != nil || len(ps) != 1 || len(ps["a"]) != 1 || ps["a"][0].Text != "a again" {
		t.Errorf("passages: %v, %v; want those of a alone", ps, err)
	}
}

// TestChangesMissNothing follows the changes while several publish, and ends with the same passages
// as the database: had a number become visible after a higher one had been read, its article would
// be stale.
func TestChangesMissNothing(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	const publishers, rounds = 4, 25
	var all sync.WaitGroup
	for w := range publishers {
		all.Go(func() {
			for n := range rounds {
				a := article(fmt.Sprint("a", (w*7+n)%11), kb.English, fmt.Sprintf("By %d in round %d.", w, n))
				number, _, err := d.SaveVersion(t.Context(), a, "")
				if err == nil {
					err = d.PublishVersion(t.Context(), a.ID, number, split(a, number))
				}
				if err == nil && n%5 == 4 {
					err = d.Unpublish(t.Context(), a.ID)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()

	mirror := map[kb.ArticleID][]kb.Passage{}
	var cursor int64
	for last := false; ; {
		changed, upto, err := d.Changes(t.Context(), cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(changed) == 0 && last {
			break
		}
		ps, err := d.ArticlePassages(t.Context(), changed)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range changed {
			delete(mirror, id)
			if len(ps[id]) > 0 {
				mirror[id] = ps[id]
			}
		}
		cursor = upto
		select {
		case <-done:
			last = true
		default:
		}
	}
	var every []kb.ArticleID
	for i := range 11 {
		every = append(every, kb.ArticleID(fmt.Sprint("a", i)))
	}
	want, err := d.ArticlePassages(t.Context(), every)
	if diff := cmp.Diff(want, mirror); err != nil || diff != "" {
		t.Errorf("mirror (-want +got), %v:\n%s", err, diff)
	}
	if seq, err := d.IndexSeq(t.Context()); err != nil || seq != cursor {
		t.Errorf("cursor %d, clock %d, %v", cursor, seq, err)
	}
}
