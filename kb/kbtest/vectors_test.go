package kbtest_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"guichet/internal/openai/e5test"
	"guichet/kb"
	"guichet/kb/kbtest"
)

// growing makes Vectors anew after each change.
type growing struct {
	e  kb.Embedder
	mu sync.Mutex
	by map[kb.ArticleID][]kb.Passage
	v  *kbtest.Vectors
}

func (g *growing) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.v == nil {
		var all []kb.Passage
		for _, ps := range g.by {
			all = append(all, ps...)
		}
		var err error
		if g.v, err = kbtest.NewVectors(ctx, g.e, all, nil); err != nil {
			return nil, err
		}
	}
	v, err := g.e.Embed(ctx, kb.AsQuestion, []string{q.Text})
	if err != nil {
		return nil, err
	}
	q.Vector = v[0]
	return g.v.Retrieve(ctx, q)
}

func TestVectorsConform(t *testing.T) {
	t.Parallel()
	e := e5test.Embedder(t)
	kbtest.Retriever(t, func(t *testing.T) kbtest.Subject {
		g := &growing{e: e, by: map[kb.ArticleID][]kb.Passage{}}
		return kbtest.Subject{Retriever: g, Replace: func(a kb.ArticleID, ps []kb.Passage) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.by[a], g.v = ps, nil
		}}
	})
}

// table embeds the texts that it holds.
type table map[string][]float32

func (p table) Embed(_ context.Context, _ kb.Task, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = p[t]
	}
	return out, nil
}

func (table) Model() string { return "table/4" }

// point is a text's vector: much of its language, some of what it says.
func point(lang kb.Lang, degrees float64) []float32 {
	v := []float32{0, 0, float32(0.5 * math.Cos(degrees*math.Pi/180)), float32(0.5 * math.Sin(degrees*math.Pi/180))}
	if lang == kb.German {
		v[0] = 1
	} else {
		v[1] = 1
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(1.25))
	}
	return v
}

// Centring takes away what all texts of a language have in common.
func TestVectorsAreCentred(t *testing.T) {
	t.Parallel()
	e := table{}
	var passages []kb.Passage
	for i := range 360 {
		for _, lang := range []kb.Lang{kb.French, kb.German} {
			a := kb.Article{ID: kb.ArticleID(fmt.Sprint(lang, ".", i)), Lang: lang, Title: fmt.Sprint("Title ", lang, i)}
			p := kbtest.Passages(a, fmt.Sprint("Text ", lang, i))[0]
			for _, text := range []string{p.Input(), p.Title, p.Text} {
				e[text] = point(lang, float64(30*(i%12)))
			}
			passages = append(passages, p)
		}
	}
	v, err := kbtest.NewVectors(t.Context(), e, passages, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := kb.Query{Lang: kb.French, Limit: 60, Vector: point(kb.French, 60)}
	hits, err := v.Retrieve(t.Context(), q)
	if err != nil || len(hits) != 60 {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	for _, h := range hits {
		var n int
		if _, err := fmt.Sscanf(string(h.Article)[3:], "%d", &n); err != nil || n%12 != 2 || h.Signals.Centred < 0.85 || h.Signals.Title < 0.85 {
			t.Errorf("%+v, want the texts at 60° in both languages (%v)", h, err)
		}
		if h.Lang == kb.German && h.Signals.Cosine > 0.3 {
			t.Errorf("raw cosine %.2f with the other language; the test proves nothing", h.Signals.Cosine)
		}
	}
	got, err := v.SentenceScores(t.Context(), q, []kb.PassageID{hits[0].Passage, "unknown"})
	if err != nil || len(got) != 1 || len(got[hits[0].Passage]) != 1 || got[hits[0].Passage][0] < 0.85 {
		t.Errorf("sentence scores %v, %v", got, err)
	}
	if hits, err := v.Retrieve(t.Context(), kb.Query{Lang: kb.French}); err != nil || len(hits) != 0 {
		t.Errorf("without a vector: %d hits, %v", len(hits), err)
	}
}
