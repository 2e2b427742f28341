package kb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The legs of a search, as Results.Degraded names them.
const (
	LegWords   = "words"
	LegMeaning = "meaning"
)

// HybridConfig says what a Hybrid searches with.
type HybridConfig struct {
	Words    Retriever
	Meaning  Retriever // nil: words alone
	Embedder Embedder  // of questions; nil: words alone, but for questions that bring their vector
	Library  Library
	Params   Params // zero means DefaultParams

	WordsDeadline   time.Duration // zero means 1 s
	MeaningDeadline time.Duration // the embedding included; zero means 2 s
}

// Hybrid searches by words and by meaning side by side. A leg that fails or is late is named in
// the results, and the other one answers alone. Safe for concurrent use.
type Hybrid struct{ c HybridConfig }

// NewHybrid returns a Hybrid.
func NewHybrid(c HybridConfig) *Hybrid {
	c.WordsDeadline = cmp.Or(c.WordsDeadline, time.Second)
	c.MeaningDeadline = cmp.Or(c.MeaningDeadline, 2*time.Second)
	if c.Params == (Params{}) {
		c.Params = DefaultParams
	}
	return &Hybrid{c}
}

// Search finds passages and reads them from the live versions: what is no longer there, or not for
// q's audience, is left out. It fails where no leg answered, or the passages cannot be read.
func (h *Hybrid) Search(ctx context.Context, q Query) (Results, error) {
	var r Results
	hits, err := h.search(ctx, q, &r)
	if err != nil {
		return Results{}, err
	}
	r.Found, err = h.read(ctx, q, hits)
	return r, err
}

// Retrieve is Search without the passages; a Hybrid is a Retriever too.
func (h *Hybrid) Retrieve(ctx context.Context, q Query) ([]Hit, error) {
	r, err := h.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, len(r.Found))
	for i, f := range r.Found {
		hits[i] = f.Hit
	}
	return hits, nil
}

// leg is how one leg came out.
type leg struct {
	hits   []Hit
	vector []float32
	err    error
}

// search asks the legs and weighs their hits; it fills r but for the passages.
func (h *Hybrid) search(ctx context.Context, q Query, r *Results) ([]Hit, error) {
	deep := q
	deep.Limit = max(q.Limit, h.c.Params.Depth)
	words := start(ctx, h.c.WordsDeadline, func(ctx context.Context) (l leg) {
		l.hits, l.err = h.c.Words.Retrieve(ctx, deep)
		return l
	})
	var meaning func() leg
	if h.c.Meaning != nil && (q.Vector != nil || h.c.Embedder != nil) {
		meaning = start(ctx, h.c.MeaningDeadline, func(ctx context.Context) leg { return h.meaning(ctx, deep) })
	}
	w, m := words(), leg{}
	if meaning != nil {
		m = meaning()
	}
	r.Vector = m.vector
	if w.err != nil {
		r.Degraded = append(r.Degraded, LegWords)
	}
	if m.err != nil {
		r.Degraded = append(r.Degraded, LegMeaning)
	}
	if w.err != nil && (meaning == nil || m.err != nil) {
		return nil, fmt.Errorf("search: %w", errors.Join(w.err, m.err))
	}
	if m.err == nil && m.vector != nil {
		m.hits = h.measure(ctx, deep, m, w.hits, wanted(q)+spare)
	}
	return Fuse(h.c.Params, w.hits, m.hits), nil
}

// measure adds to the meaning leg's hits those that only words found and that may come among the
// first n of both. Where that fails, Fuse takes them for a little worse than the last that meaning
// found.
func (h *Hybrid) measure(ctx context.Context, q Query, m leg, words []Hit, n int) []Hit {
	measurer, ok := h.c.Meaning.(Measurer)
	if !ok {
		return m.hits
	}
	ids := h.hopeful(words, m.hits, q.Limit, n)
	if len(ids) == 0 {
		return m.hits
	}
	ctx, cancel := context.WithTimeout(ctx, h.c.WordsDeadline)
	defer cancel()
	q.Vector = m.vector
	more, err := measurer.Measure(ctx, q, ids)
	if err != nil {
		return m.hits
	}
	return append(m.hits, more...)
}

// hopeful returns the passages that only words found and that may come among the first n. A meaning
// leg that returned all of the limit asked for returned whatever is nearer than its last hit: a passage
// that is not there is worth at most that hit and its own words, or, if it has no vector yet, what its
// words let expect, and most are out of the running by that alone.
func (h *Hybrid) hopeful(words, meaning []Hit, limit, n int) (ids []PassageID) {
	ranked, nearest := make(map[PassageID]bool, len(meaning)), 1.0
	for _, hit := range meaning {
		ranked[hit.Passage] = true
		nearest = min(nearest, max(hit.Signals.Centred, hit.Signals.Title))
	}
	nearest = max(nearest, 0) // a title without its passage's vector counts as one at a right angle
	var known, alone []Hit
	for _, hit := range words {
		if ranked[hit.Passage] {
			known = append(known, hit)
		} else {
			alone = append(alone, hit)
		}
	}
	bar := math.Inf(-1)
	if len(meaning) >= max(limit, n) {
		bar = Fuse(h.c.Params, known, meaning)[n-1].Score
	}
	for _, hit := range alone {
		if max(nearest, h.c.Params.expected(hit.Signals))+h.c.Params.said(hit.Signals) >= bar {
			ids = append(ids, hit.Passage)
		}
	}
	return ids
}

// meaning embeds the question where it brings no vector, and searches by it.
func (h *Hybrid) meaning(ctx context.Context, q Query) (l leg) {
	if q.Vector == nil {
		vectors, err := h.c.Embedder.Embed(ctx, AsQuestion, []string{q.Text})
		if err != nil {
			return leg{err: err}
		}
		q.Vector = vectors[0]
	}
	l.vector = q.Vector
	l.hits, l.err = h.c.Meaning.Retrieve(ctx, q)
	return l
}

// start runs a leg; the function returned waits for it until its deadline has passed, even if the
// leg itself does not heed it.
func start(ctx context.Context, deadline time.Duration, run func(context.Context) leg) func() leg {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	done := make(chan leg, 1)
	go func() {
		defer cancel()
		done <- run(ctx)
	}()
	return func() leg {
		select {
		case l := <-done:
			return l
		case <-ctx.Done():
		}
		select { // run ends the context too, when it has finished
		case l := <-done:
			return l
		default:
			return leg{err: ctx.Err()}
		}
	}
}

// spare is how many passages are read beyond those asked for, since some may be gone.
const spare = 8

// wanted is how many passages q asks for.
func wanted(q Query) int {
	if q.Limit <= 0 {
		return 50
	}
	return q.Limit
}

// read returns the passages of the best hits.
func (h *Hybrid) read(ctx context.Context, q Query, hits []Hit) ([]Found, error) {
	limit := wanted(q)
	hits = hits[:min(limit+spare, len(hits))]
	if len(hits) == 0 {
		return nil, nil
	}
	ids := make([]PassageID, len(hits))
	for i, hit := range hits {
		ids[i] = hit.Passage
	}
	passages, err := h.c.Library.Passages(ctx, ids, q.Audience)
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	by := make(map[PassageID]Passage, len(passages))
	for _, p := range passages {
		by[p.ID] = p
	}
	found := make([]Found, 0, len(hits))
	for _, hit := range hits {
		// The index may lag behind a change of collection or audience.
		p, ok := by[hit.Passage]
		if ok && p.Audience <= q.Audience && (q.Collection == "" || p.Collection == q.Collection) {
			found = append(found, Found{Hit: hit, Source: p})
		}
	}
	return found[:min(limit, len(found))], nil
}

// ByGroup returns the best passage of each translation group, best group first: one in lang, where
// the group has one among those found.
func ByGroup(found []Found, lang Lang) []Found {
	at := map[GroupID]int{}
	var out []Found
	for _, f := range found {
		i, seen := at[f.Group]
		switch {
		case !seen:
			at[f.Group] = len(out)
			out = append(out, f)
		case f.Lang == lang && out[i].Lang != lang:
			f.Score = out[i].Score // the group's place is its best passage's
			out[i] = f
		}
	}
	return slices.Clip(out)
}
