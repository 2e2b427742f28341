package kb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	var versions map[GroupID][]GroupVersion
	if m.err == nil && m.vector != nil {
		versions = h.measure(ctx, deep, m, w.hits)
	}
	ranking := Fuse(h.c.Params, q, w.hits, m.hits, versions)
	r.Evidence = ranking.Evidence
	return ranking.Hits, nil
}

// measure returns all versions of the groups that may come first; nil where that cannot be had.
func (h *Hybrid) measure(ctx context.Context, q Query, m leg, words []Hit) map[GroupID][]GroupVersion {
	measurer, ok := h.c.Meaning.(Measurer)
	if !ok {
		return nil
	}
	groups := h.hopeful(words, m.hits)
	if len(groups) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.c.WordsDeadline)
	defer cancel()
	q.Vector = m.vector
	found, err := measurer.Measure(ctx, q, groups)
	if err != nil {
		return nil
	}
	versions := make(map[GroupID][]GroupVersion, len(groups))
	for _, g := range groups {
		versions[g] = nil
	}
	for _, v := range found {
		versions[v.Group] = append(versions[v.Group], v)
	}
	return versions
}

// hopeful returns the groups that may come first, at most Params.Groups of them: by the best of their
// passages, where one that only words found is as near as the last that meaning found, or as its words
// let expect.
func (h *Hybrid) hopeful(words, meaning []Hit) []GroupID {
	p := h.c.Params
	best := map[GroupID]float64{}
	share := make(map[PassageID]float64, len(words))
	for _, hit := range words {
		share[hit.Passage] = hit.Signals.WordShare
	}
	nearest := 1.0
	ranked := make(map[PassageID]bool, len(meaning))
	take := func(g GroupID, score float64) {
		if old, ok := best[g]; !ok || score > old {
			best[g] = score
		}
	}
	for _, hit := range meaning {
		ranked[hit.Passage] = true
		nearest = min(nearest, max(hit.Signals.Centred, hit.Signals.Title))
		take(hit.Group, p.meaning(hit.Signals)+p.said(share[hit.Passage]))
	}
	if len(meaning) < p.Depth {
		nearest = 0 // it returned all it has: what is not there has no vector
	}
	for _, hit := range words {
		if !ranked[hit.Passage] {
			take(hit.Group, max(nearest, p.expected(hit.Signals))+p.said(hit.Signals.WordShare))
		}
	}
	groups := slices.Collect(maps.Keys(best))
	slices.SortFunc(groups, func(a, b GroupID) int { return cmp.Or(cmp.Compare(best[b], best[a]), cmp.Compare(a, b)) })
	return groups[:min(len(groups), p.Groups)]
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
