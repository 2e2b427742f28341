package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

// reference computes in Go what the database computes in SQL.
type reference struct {
	passages []kb.Passage // the means were taken from exactly these
}

// texts returns the vectors of the passages (kind 0) or titles (1) in a language ("" for all).
func (r reference) texts(kind int, lang kb.Lang) (out [][]float64) {
	for _, p := range r.passages {
		if lang != "" && p.Lang != lang {
			continue
		}
		switch kind {
		case 0:
			out = append(out, float64s(embed(kb.AsPassage, p.Input())))
		case 1:
			if p.Position == 0 {
				out = append(out, float64s(embed(kb.AsQuestion, p.Title)))
			}
		}
	}
	return out
}

// centre subtracts the mean of a kind and language, which leans on the overall one with a weight of
// 20 texts.
func (r reference) centre(kind int, lang kb.Lang, v []float32) []float64 {
	out := float64s(v)
	all, own := r.texts(kind, ""), r.texts(kind, lang)
	if lang == "" {
		own = nil
	}
	for i := range out {
		var sum, total float64
		for _, x := range own {
			sum += x[i]
		}
		for _, x := range all {
			total += x[i]
		}
		out[i] -= (sum + 20*total/float64(len(all))) / (float64(len(own)) + 20)
	}
	return unit(out)
}

func (r reference) retrieve(q kb.Query) (hits []kb.Hit) {
	vector := r.centre(1, q.Lang, q.Vector)
	for _, p := range r.passages {
		if p.Audience > q.Audience || q.Collection != "" && p.Collection != q.Collection {
			continue
		}
		h := kb.Hit{Passage: p.ID, Article: p.Article, Group: p.Group, Lang: p.Lang}
		own := embed(kb.AsPassage, p.Input())
		h.Signals = kb.Signals{Meaning: true, Cosine: dot(float64s(own), float64s(q.Vector)),
			Centred: dot(vector, r.centre(0, p.Lang, own)), Title: dot(vector, r.centre(1, p.Lang, embed(kb.AsQuestion, p.Title)))}
		h.Score = max(h.Signals.Centred, h.Signals.Title)
		hits = append(hits, h)
	}
	limit := q.Limit
	if limit == 0 {
		limit = 50
	}
	// Where the title decides, all passages of the article have the same score: which of them are in
	// is settled by their ids, which of those comes first by their own.
	slices.SortFunc(hits, func(a, b kb.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Passage, b.Passage))
	})
	hits = hits[:min(limit, len(hits))]
	slices.SortFunc(hits, func(a, b kb.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Signals.Centred, a.Signals.Centred))
	})
	return hits
}

// nearly is as near as half precision comes in so few dimensions.
var nearly = cmpopts.EquateApprox(0, 1e-3)

// fill publishes articles of several passages in three languages, one of them rare.
func (d library) fill() (r reference) {
	for i := range 24 {
		lang := []kb.Lang{kb.English, kb.French}[i%2]
		if i%12 == 11 {
			lang = kb.Polish
		}
		body := ""
		for n := range 1 + i%4 {
			body += fmt.Sprintf("Part%d of %d.\nAnd more.\n\n", n, i)
		}
		a := article(fmt.Sprint("a", i), lang, body[:len(body)-2])
		a.Collection = []kb.CollectionKey{"orders", "refunds", "account"}[i%3]
		a.Audience = kb.Audience(i % 5 / 2)
		r.passages = append(r.passages, d.publish(a)...)
	}
	return r
}

func TestRetrieve(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	r := d.fill()
	d.embedAll()
	q := kb.Query{Vector: embed(kb.AsQuestion, "?"), Audience: kb.Staff}
	if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != 0 {
		t.Errorf("before the first means: %v, %v; want nothing", hits, err)
	}
	d.recentre()
	for i := range 20 {
		q := kb.Query{Vector: embed(kb.AsQuestion, fmt.Sprint("question ", i)), Lang: append(kb.Langs[:], "")[i%10],
			Audience: kb.Audience(i % 3), Limit: []int{0, 1, 7, 500}[i%4], Collection: []kb.CollectionKey{"", "orders", "nothing"}[i%3]}
		got, err := d.leg().Retrieve(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(r.retrieve(q), got, nearly, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("question %d, %s, %v, %q, limit %d (-want +got):\n%s", i, q.Lang, q.Audience, q.Collection, q.Limit, diff)
		}
	}
}

func TestSentenceScores(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	r := d.fill()
	d.embedAll()
	d.recentre()
	q := kb.Query{Vector: embed(kb.AsQuestion, "?"), Lang: kb.French, Audience: kb.SignedIn}
	// A passage with a sentence that has no vector yet has no scores.
	pending := d.publish(article("new", kb.English, "Part of it.\nNever seen."))
	ask := append([]kb.PassageID{"unheard of", pending[0].ID}, ids(r.passages)...)

	want := map[kb.PassageID][]float64{}
	for _, p := range r.passages {
		for i := range p.Sentences {
			if p.Audience <= q.Audience {
				want[p.ID] = append(want[p.ID], dot(r.centre(1, q.Lang, q.Vector), r.centre(0, p.Lang, embed(kb.AsPassage, p.SentenceInput(i)))))
			}
		}
	}
	got, err := d.leg().SentenceScores(t.Context(), q, ask)
	if diff := gocmp.Diff(want, got, nearly); err != nil || diff != "" {
		t.Errorf("scores (-want +got), %v:\n%s", err, diff)
	}
	q.Vector = nil
	if got, err := d.leg().SentenceScores(t.Context(), q, ask); err != nil || len(got) != 0 {
		t.Errorf("without a vector: %v, %v", got, err)
	}
}

func TestRetrieveEdges(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	q := kb.Query{Vector: embed(kb.AsQuestion, "?")}
	if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != 0 {
		t.Errorf("model without vectors: %v, %v", hits, err)
	}
	d.centre()
	ps := d.publish(article("a", kb.English, "One.\n\nTwo.\n\nThree."))
	// The title alone is embedded so far: it stands for every passage of its article.
	d.embed(publish.Unit{Task: kb.AsQuestion, Hash: kb.HashText(ps[0].Title), Input: ps[0].Title})
	hits, err := d.leg().Retrieve(t.Context(), q)
	if err != nil || len(hits) != 3 {
		t.Fatalf("by title: %v, %v; want each passage", hits, err)
	}
	for _, h := range hits {
		if diff := gocmp.Diff(kb.Signals{Title: h.Score, Meaning: true}, h.Signals); diff != "" || h.Score == 0 {
			t.Errorf("%s scores %v (-want +got):\n%s", h.Passage, h.Score, diff)
		}
	}
	if hits, err := d.leg().Retrieve(t.Context(), kb.Query{Text: "no vector"}); err != nil || len(hits) != 0 {
		t.Errorf("no vector: %v, %v", hits, err)
	}
	if _, err := d.leg().Retrieve(t.Context(), kb.Query{Vector: []float32{1, 0}}); err == nil {
		t.Error("a vector of another size was compared")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.leg().Retrieve(gone, q); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestManySearches(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	r := d.fill()
	d.embedAll()
	d.recentre()
	q := kb.Query{Vector: embed(kb.AsQuestion, "?"), Limit: 5}
	want := r.retrieve(q)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			got, err := d.leg().Retrieve(t.Context(), q)
			if diff := gocmp.Diff(want, got, nearly); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	all.Wait()
}

func TestPending(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.publish(article("a", kb.English, "One.\nShared."))
	b := article("b", kb.English, "Two.\nShared.\n\nTwo more.")
	d.publish(b)
	inputs := func(article kb.ArticleID, limit int) (out []string) {
		units, err := d.Pending(t.Context(), model, article, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units {
			if u.Hash != kb.HashText(u.Input) {
				t.Errorf("hash of %q is another text's", u.Input)
			}
			out = append(out, fmt.Sprint(u.Task, " ", u.Input))
		}
		return out
	}
	const first = "1 Title of b\nTwo.\nShared.\nTwo.\nShared."
	want := []string{first, "1 Title of b\nTwo\nTwo more.", "0 Title of b", "1 Title of b\nTwo.", "1 Title of b\nShared.", "1 Title of b\nTwo more.",
		"1 Title of a\nOne.\nShared.\nOne.\nShared.", "0 Title of a", "1 Title of a\nOne.", "1 Title of a\nShared."}
	if diff := gocmp.Diff(want, inputs("b", 100)); diff != "" {
		t.Errorf("b first (-want +got):\n%s", diff)
	}
	if got := inputs("b", 1); !gocmp.Equal(got, []string{first}) {
		t.Errorf("one: %q", got)
	}
	want = []string{"1 Title of a\nOne.\nShared.\nOne.\nShared.", first, "1 Title of b\nTwo\nTwo more.",
		"0 Title of a", "0 Title of b", "1 Title of a\nOne.", "1 Title of a\nShared.",
		"1 Title of b\nTwo.", "1 Title of b\nShared.", "1 Title of b\nTwo more."}
	if diff := gocmp.Diff(want, inputs("", 100)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if ps, pending, err := d.Missing(t.Context(), model); err != nil || ps != 3 || pending != 10 {
		t.Errorf("missing: %d, %d, %v; want 3 passages and 10 texts", ps, pending, err)
	}
	d.embedAll()
	if got := inputs("", 100); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	if ps, pending, err := d.Missing(t.Context(), model); err != nil || ps != 3 || pending != 0 {
		t.Errorf("missing: %d, %d, %v; want none", ps, pending, err)
	}
	if _, pending, err := d.Missing(t.Context(), "another/16"); err != nil || pending != 10 {
		t.Errorf("of another model %d are missing, %v; want 10", pending, err)
	}
}

func TestSaveEmbeddings(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.centre()
	a := article("a", kb.English, "Text.")
	ps := split(a, 1)
	// A text that nobody has published yet.
	d.embed(publish.Unit{Task: kb.AsPassage, Hash: ps[0].Hash(), Input: ps[0].Input()})
	d.publish(a)
	q := kb.Query{Vector: embed(kb.AsPassage, ps[0].Input())}
	if hits, err := d.leg().Retrieve(t.Context(), q); err != nil || len(hits) != 1 || math.Abs(hits[0].Signals.Cosine-1) > 1e-3 {
		t.Errorf("from its first moment: %v, %v", hits, err)
	}
	if err := d.SaveEmbeddings(t.Context(), model, make([]publish.Unit, 2), make([][]float32, 1)); err == nil {
		t.Error("two texts took one vector")
	}
	nan := [][]float32{make([]float32, dims)}
	nan[0][3] = float32(math.NaN())
	if err := d.SaveEmbeddings(t.Context(), model, []publish.Unit{{Input: "x"}}, nan); err == nil || problem.Is(err, problem.Unavailable) {
		t.Errorf("NaN: %v, want a refusal", err)
	}
}

func TestRecentre(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	means := func(want int, when string) {
		t.Helper()
		d.recentre()
		if n := d.query("SELECT coalesce(max(means), 0) FROM vector_models"); n != want {
			t.Errorf("%s: version %d of the means, want %d", when, n, want)
		}
		for _, table := range []string{"passage_vectors", "vector_means"} {
			column := map[string]string{"passage_vectors": "means", "vector_means": "version"}[table]
			if n := d.query("SELECT count(*) FROM "+table+" WHERE "+column+" <> $1", want); n != 0 {
				t.Errorf("%s: %s holds %d rows of other versions", when, table, n)
			}
		}
	}
	some := func(n int) {
		t.Helper()
		units, err := d.Pending(t.Context(), model, "", n)
		if err != nil {
			t.Fatal(err)
		}
		d.embed(units...)
	}
	means(0, "before any vector")
	for i := range 17 {
		d.publish(article(fmt.Sprint("a", i), kb.English, fmt.Sprintf("Text %d.", i)))
	}
	some(17)
	means(0, "17 passages, and more to come")
	some(2)
	means(0, "19 texts, and more to come")
	some(1)
	means(1, "20 texts, three of them titles")
	some(1) // one in twenty
	means(2, "21 texts")
	d.embedAll()
	means(3, "all 34")
	means(3, "nothing new")
	d.publish(article("b", kb.French, "Texte."))
	d.embedAll()
	means(4, "2 of 34 are new")
	for i := range 10 {
		d.publish(article(fmt.Sprint("c", i), kb.French, fmt.Sprintf("Texte %d.", i)))
	}
	d.embedAll()
	means(5, "20 of 36 are new")
	d.publish(article("d", kb.French, "Texte encore."))
	d.embedAll()
	means(6, "2 of 56 are new, and nothing more to come")
	d.publish(article("e", kb.French, "Texte enfin."))
	some(1)
	means(6, "1 of 58 is new, and more to come")
	d.embedAll()
	means(7, "2 of 58 are new, and nothing more to come")

	d = newLibrary(t)
	d.publish(article("a", kb.English, "Text."))
	d.embedAll()
	means(0, "a single article")
	d.publish(article("b", kb.English, "Other text."))
	some(2)
	means(0, "two articles, and a sentence to come")
	d.embedAll()
	means(1, "two articles, and nothing more to come")
}

// TestRecentreWhileSearching moves every vector while others search: each search compares vectors of
// one version, so a text is always nearest to itself.
func TestRecentreWhileSearching(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	r := d.fill()
	d.embedAll()
	d.recentre()
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for w := range 3 {
		readers.Go(func() {
			for i := w; ctx.Err() == nil; i++ {
				p := r.passages[i%len(r.passages)]
				// The question's mean differs from the passage's, so near is not quite the same.
				hits, err := d.leg().Retrieve(ctx, kb.Query{Vector: embed(kb.AsQuestion, p.Title), Lang: p.Lang, Audience: kb.Staff})
				if ctx.Err() != nil {
					return
				}
				if err != nil || len(hits) == 0 || hits[0].Article != p.Article || math.Abs(hits[0].Signals.Title-1) > 1e-3 {
					t.Errorf("%s is not nearest to itself: %v, %+v", p.Article, err, hits)
					return
				}
			}
		})
	}
	for i := range 8 {
		var movers sync.WaitGroup
		for n := range 6 {
			d.publish(article(fmt.Sprint("new", i, "-", n), kb.German, fmt.Sprintf("Neu %d %d.", i, n)))
		}
		d.embedAll()
		for range 3 { // one does it, the others leave it to that one
			movers.Go(func() {
				if err := d.Recentre(ctx, model); err != nil {
					t.Error(err)
				}
			})
		}
		movers.Wait()
	}
	stop()
	readers.Wait()
	if n := d.query("SELECT means FROM vector_models"); n < 4 {
		t.Errorf("version %d of the means, want some switches", n)
	}
}
