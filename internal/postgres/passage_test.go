package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/problem"
	"guichet/kb"
)

func ids(ps []kb.Passage) (out []kb.PassageID) {
	for _, p := range ps {
		out = append(out, p.ID)
	}
	return out
}

func TestPublishVersion(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a := article("a", kb.Chinese, "退款 需要七到十四天。\n请耐心等待。\n\nB two.\nThree.")
	a.Audience = kb.SignedIn
	ps := d.publish(a)
	byID := cmpopts.SortSlices(func(a, b kb.Passage) bool { return a.Position < b.Position })
	for _, tt := range []struct {
		audience kb.Audience
		want     []kb.Passage
	}{{kb.Public, nil}, {kb.SignedIn, ps}, {kb.Staff, ps}} {
		got, err := d.Passages(t.Context(), append(ids(ps), "unheard of"), tt.audience)
		if diff := cmp.Diff(tt.want, got, byID, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("to %v (-want +got), %v:\n%s", tt.audience, err, diff)
		}
	}
	if n := d.query("SELECT count(*) FROM river_job WHERE kind = 'embed_article' AND args->>'article' = 'a'"); n != 1 {
		t.Errorf("%d jobs, want one", n)
	}

	// Publishing the live version again changes nothing.
	seq := d.query("SELECT seq FROM index_clock")
	if err := d.PublishVersion(t.Context(), a.ID, 1, nil); err != nil {
		t.Fatal(err)
	}
	if n := d.query("SELECT seq FROM index_clock"); n != seq {
		t.Errorf("clock went from %d to %d", seq, n)
	}
	if n := d.query("SELECT count(*) FROM passages"); n != len(ps) {
		t.Errorf("%d passages, want %d", n, len(ps))
	}
	for id, number := range map[kb.ArticleID]int{"a": 9, "nobody": 1} {
		if err := d.PublishVersion(t.Context(), id, number, nil); !problem.Is(err, problem.NotFound) {
			t.Errorf("%s version %d: %v, want NotFound", id, number, err)
		}
	}
}

// TestNextVersionKeepsVectors publishes an edit: what stays the same needs no embedder.
func TestNextVersionKeepsVectors(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	a := article("a", kb.English, "First one.\n\nSecond two.\n\nThird three.")
	was := d.publish(a)
	if n := d.embedAll(); n != 3+1+3 { // passages, title, sentences
		t.Errorf("%d texts, want 7", n)
	}
	vectors := func() int { return d.query("SELECT count(*) FROM passage_vectors WHERE kind = 0") }
	a.Body = "Zeroth zero.\n\nThird three.\n\nSecond 2."
	now := d.publish(a)
	if n := vectors(); n != 1 {
		t.Errorf("%d passages are found by meaning, want the one that stayed", n)
	}
	// The title is on another passage now, and needs no new vector.
	if n := d.query("SELECT count(*) FROM passage_vectors WHERE kind = 1 AND passage_id = $1", now[0].ID); n != 1 {
		t.Errorf("%d titles on the first passage, want 1", n)
	}
	if n := d.query("SELECT count(*) FROM passage_vectors WHERE kind = 1"); n != 1 {
		t.Errorf("%d titles, want 1", n)
	}
	if got, err := d.Passages(t.Context(), ids(was), kb.Staff); err != nil || len(got) != 2 {
		t.Errorf("of the old passages %d are there, %v; want the kept and the changed one", len(got), err)
	}
	if n := d.embedAll(); n != 2+2 {
		t.Errorf("%d texts were new, want 4", n)
	}
	// Back to the first version: every text has been seen.
	if err := d.PublishVersion(t.Context(), a.ID, 1, was); err != nil {
		t.Fatal(err)
	}
	if n := vectors(); n != 3 {
		t.Errorf("%d passages are found by meaning, want 3", n)
	}
	if n := d.embedAll(); n != 0 {
		t.Errorf("%d texts were embedded again", n)
	}
}

func TestUnpublish(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.centre()
	before := d.query("SELECT seq FROM index_clock")
	a := article("a", kb.English, "Text.")
	ps := d.publish(a)
	d.embedAll()
	for range 2 {
		if err := d.Unpublish(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Passages(t.Context(), ids(ps), kb.Staff); err != nil || len(got) != 0 {
		t.Errorf("passages: %v, %v", got, err)
	}
	if hits, err := d.leg().Retrieve(t.Context(), kb.Query{Vector: embed(kb.AsPassage, ps[0].Input()), Audience: kb.Staff}); err != nil || len(hits) != 0 {
		t.Errorf("by meaning: %v, %v", hits, err)
	}
	if refs, err := d.ArticleRefs(t.Context(), []kb.ArticleID{a.ID}, kb.Staff); err != nil || len(refs) != 0 {
		t.Errorf("refs: %v, %v", refs, err)
	}
	if n := d.query("SELECT seq FROM index_clock") - before; n != 2 {
		t.Errorf("the clock made %d steps, want one to publish and one to withdraw", n)
	}
	if err := d.Unpublish(t.Context(), "nobody"); !problem.Is(err, problem.NotFound) {
		t.Errorf("nobody: %v, want NotFound", err)
	}
	// The same version may come back, with its vectors.
	if err := d.PublishVersion(t.Context(), a.ID, 1, ps); err != nil {
		t.Fatal(err)
	}
	if hits, err := d.leg().Retrieve(t.Context(), kb.Query{Vector: embed(kb.AsPassage, ps[0].Input())}); err != nil || len(hits) != 1 {
		t.Errorf("again: %v, %v", hits, err)
	}
}

// TestAudienceNarrows publishes the same words for fewer readers.
func TestAudienceNarrows(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.centre()
	a := article("a", kb.English, "Text.")
	ps := d.publish(a)
	d.embedAll()
	a.Audience = kb.Staff
	d.publish(a)
	q := kb.Query{Vector: embed(kb.AsPassage, ps[0].Input())}
	for audience, want := range map[kb.Audience]int{kb.Public: 0, kb.SignedIn: 0, kb.Staff: 1} {
		q.Audience = audience
		if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != want {
			t.Errorf("to %v by meaning: %v, %v; want %d", audience, hits, err, want)
		}
		if scores, err := d.leg().SentenceScores(t.Context(), q, ids(ps)); err != nil || len(scores) != want {
			t.Errorf("to %v sentences: %v, %v; want %d", audience, scores, err, want)
		}
	}
}

// TestSearchingWhilePublishing has readers search while an article changes: from the commit on,
// nothing of an older version is found, and no search ever fails.
func TestSearchingWhilePublishing(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.centre()
	body := func(n int) string { return fmt.Sprintf("Version %d.\n\nAlso %d.\n\nSame always.", n, n) }
	d.publish(article("a", kb.English, body(1)))
	d.embedAll()
	d.recentre()

	var committed atomic.Int64
	committed.Store(1)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var searches atomic.Int64
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				since := committed.Load()
				hits, err := d.leg().Retrieve(ctx, kb.Query{Vector: embed(kb.AsQuestion, "?"), Lang: kb.English})
				if errors.Is(err, context.Canceled) {
					return
				}
				var found []kb.PassageID
				for _, h := range hits {
					found = append(found, h.Passage)
				}
				ps, perr := d.Passages(ctx, found, kb.Public)
				if errors.Is(perr, context.Canceled) {
					return
				}
				if err != nil || perr != nil || len(hits) == 0 {
					t.Errorf("search: %v, %v, %d hits", err, perr, len(hits))
					return
				}
				for _, p := range ps {
					if int64(p.Version) < since || !strings.Contains(body(p.Version), p.Text) {
						t.Errorf("version %d was live, and %q of version %d was found", since, p.Text, p.Version)
					}
				}
				searches.Add(1)
			}
		})
	}
	for n := 2; n <= 40; n++ {
		d.publish(article("a", kb.English, body(n)))
		committed.Store(int64(n))
		if n%3 == 0 {
			d.embedAll()
			d.recentre()
		}
	}
	stop()
	readers.Wait()
	if searches.Load() == 0 {
		t.Error("nobody searched")
	}
}

// TestPublishingAtOnce lets several publish, embed and withdraw the same articles.
func TestPublishingAtOnce(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() {
			for n := range 8 {
				a := article(fmt.Sprint("a", (w+n)%3), kb.English, fmt.Sprintf("Shared text.\n\nBy %d, round %d.", w, n))
				number, _, err := d.SaveVersion(t.Context(), a, "")
				if err == nil {
					err = d.PublishVersion(t.Context(), a.ID, number, split(a, number))
				}
				if err == nil && n%4 == 3 {
					err = d.Unpublish(t.Context(), a.ID)
				}
				if err != nil {
					t.Errorf("worker %d: %v", w, err)
				}
			}
		})
		all.Go(func() {
			for range 4 {
				units, err := d.Pending(t.Context(), model, "", 8)
				vectors := make([][]float32, len(units))
				for i, u := range units {
					vectors[i] = embed(u.Task, u.Input)
				}
				if err == nil && len(units) > 0 {
					err = d.SaveEmbeddings(t.Context(), model, units, vectors)
				}
				if err == nil {
					err = d.Recentre(t.Context(), model)
				}
				if err != nil {
					t.Errorf("embedder %d: %v", w, err)
				}
			}
		})
	}
	all.Wait()
	d.embedAll()
	for what, sql := range map[string]string{
		"passages of a version that is not live": `SELECT count(*) FROM passages p JOIN articles a ON a.id = p.article_id WHERE a.live IS DISTINCT FROM p.version`,
		"units without their vector": `SELECT count(*) FROM embedding_units u WHERE kind < 2 AND NOT EXISTS (
			SELECT FROM passage_vectors v JOIN vector_models m ON m.model = v.model AND m.means = v.means
			WHERE (v.passage_id, v.kind, v.hash) = (u.passage_id, u.kind, u.hash))`,
		"vectors without their unit": `SELECT count(*) FROM passage_vectors v WHERE NOT EXISTS (
			SELECT FROM embedding_units u WHERE (v.passage_id, v.kind, v.hash) = (u.passage_id, u.kind, u.hash))`,
	} {
		if n := d.query(sql); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}
