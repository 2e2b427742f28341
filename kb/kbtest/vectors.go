package kbtest

import (
	"cmp"
	"context"
	"math"
	"slices"

	"guichet/kb"
)

// Vectors searches by meaning, in memory and exactly. It says in plain Go what a vector store has
// to compute, and is the yardstick for one.
//
// Every vector is centred: the mean vector of its language and task is subtracted, and what is left
// is brought to unit length. Without that, texts of the question's own language come first whatever
// they say. A language with few texts leans on the mean of all, or for questions on that of the questions
// given: its mean is taken as if Shrink texts of that mean stood beside its own. Questions are centred by the means of titles
// embedded as questions, passages and sentences by those of passages.
type Vectors struct {
	e         kb.Embedder
	passages  []kb.Passage
	at        map[kb.PassageID]int
	raw       [][]float32 // passages
	body      [][]float32 // passages, centred
	title     [][]float32 // their titles, centred
	asked     means
	written   means
	sentences map[kb.PassageID][][]float32
}

// Shrink is how many texts of the overall mean are counted into each language's mean.
const Shrink = 20

// means are mean vectors by language; "" is over all.
type means map[kb.Lang][]float32

// NewVectors embeds passages and their titles. asked are questions that lean into the means of titles;
// nil for none.
func NewVectors(ctx context.Context, e kb.Embedder, passages []kb.Passage, asked map[kb.Lang][]string) (*Vectors, error) {
	v := &Vectors{e: e, passages: passages, at: map[kb.PassageID]int{}, sentences: map[kb.PassageID][][]float32{}}
	inputs := make([]string, len(passages))
	var titles []string // one an article
	var titleLangs, langs []kb.Lang
	titleAt := map[kb.ArticleID]int{}
	for i, p := range passages {
		v.at[p.ID] = i
		inputs[i] = p.Input()
		langs = append(langs, p.Lang)
		if _, seen := titleAt[p.Article]; !seen {
			titleAt[p.Article] = len(titles)
			titles = append(titles, p.Title)
			titleLangs = append(titleLangs, p.Lang)
		}
	}
	var err error
	if v.raw, err = e.Embed(ctx, kb.AsPassage, inputs); err != nil {
		return nil, err
	}
	questions, err := e.Embed(ctx, kb.AsQuestion, titles)
	if err != nil {
		return nil, err
	}
	prior := means{}
	for _, l := range kb.Langs {
		if len(asked[l]) == 0 {
			continue
		}
		vectors, err := e.Embed(ctx, kb.AsQuestion, asked[l])
		if err != nil {
			return nil, err
		}
		prior[l] = average(vectors)
	}
	v.written, v.asked = meansOf(v.raw, langs, nil), meansOf(questions, titleLangs, prior)
	for i, p := range passages {
		v.body = append(v.body, v.written.centre(v.raw[i], p.Lang))
		v.title = append(v.title, v.asked.centre(questions[titleAt[p.Article]], p.Lang))
	}
	return v, nil
}

// Retrieve is kb.Retriever by q.Vector. Without one it finds nothing.
func (v *Vectors) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) {
	if err := ctx.Err(); err != nil || q.Vector == nil {
		return nil, err
	}
	hits := v.compare(q, func(kb.Passage) bool { return true })
	slices.SortFunc(hits, func(a, b kb.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Passage, b.Passage))
	})
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	return hits[:min(limit, len(hits))], nil
}

// Measure is kb.Measurer.
func (v *Vectors) Measure(ctx context.Context, q kb.Query, groups []kb.GroupID) ([]kb.GroupVersion, error) {
	return Versions(v.compare(q, func(p kb.Passage) bool { return slices.Contains(groups, p.Group) })), ctx.Err()
}

// Versions sums hits up by group and language, as kb.Measurer tells of them.
func Versions(hits []kb.Hit) (versions []kb.GroupVersion) {
	for _, h := range hits {
		i := slices.IndexFunc(versions, func(v kb.GroupVersion) bool { return v.Group == h.Group && v.Lang == h.Lang })
		if i < 0 {
			i = len(versions)
			versions = append(versions, kb.GroupVersion{Group: h.Group, Lang: h.Lang, Text: h.Signals.Centred, Title: h.Signals.Title})
		}
		v := &versions[i]
		v.Text, v.Title = max(v.Text, h.Signals.Centred), max(v.Title, h.Signals.Title)
	}
	return versions
}

// compare returns a hit for each passage that q may return and that is wanted.
func (v *Vectors) compare(q kb.Query, wanted func(kb.Passage) bool) (hits []kb.Hit) {
	asked := v.asked.centre(q.Vector, q.Lang)
	for i, p := range v.passages {
		if p.Audience > q.Audience || q.Collection != "" && p.Collection != q.Collection || !wanted(p) {
			continue
		}
		h := kb.Hit{Passage: p.ID, Article: p.Article, Group: p.Group, Lang: p.Lang}
		h.Signals = kb.Signals{Cosine: dot(q.Vector, v.raw[i]), Centred: dot(asked, v.body[i]), Title: dot(asked, v.title[i]), Meaning: true}
		h.Score = max(h.Signals.Centred, h.Signals.Title)
		hits = append(hits, h)
	}
	return hits
}

// SentenceScores is kb.SentenceScorer. It embeds a passage's sentences when it is first asked for
// them. Not safe for concurrent use.
func (v *Vectors) SentenceScores(ctx context.Context, q kb.Query, ids []kb.PassageID) (map[kb.PassageID][]float64, error) {
	if q.Vector == nil {
		return nil, nil
	}
	asked := v.asked.centre(q.Vector, q.Lang)
	scores := map[kb.PassageID][]float64{}
	for _, id := range ids {
		i, ok := v.at[id]
		if !ok {
			continue
		}
		p := v.passages[i]
		if v.sentences[id] == nil {
			texts := make([]string, len(p.Sentences))
			for n := range p.Sentences {
				texts[n] = p.SentenceInput(n)
			}
			vectors, err := v.e.Embed(ctx, kb.AsPassage, texts)
			if err != nil {
				return nil, err
			}
			for n := range vectors {
				vectors[n] = v.written.centre(vectors[n], p.Lang)
			}
			v.sentences[id] = vectors
		}
		for _, s := range v.sentences[id] {
			scores[id] = append(scores[id], dot(asked, s))
		}
	}
	return scores, nil
}

// meansOf returns the mean of each language, which leans on prior's, or else on the mean of all.
func meansOf(vectors [][]float32, langs []kb.Lang, prior means) means {
	if len(vectors) == 0 {
		return means{}
	}
	by := map[kb.Lang][][]float32{}
	for i, v := range vectors {
		by[langs[i]] = append(by[langs[i]], v)
	}
	m := means{"": average(vectors)}
	for _, l := range kb.Langs {
		lean := prior[l]
		if lean == nil {
			lean = m[""]
		}
		own := by[l]
		if len(own) == 0 {
			m[l] = lean
			continue
		}
		m[l] = average(own)
		for k := range m[l] {
			n := float32(len(own))
			m[l][k] = (n*m[l][k] + Shrink*lean[k]) / (n + Shrink)
		}
	}
	return m
}

func average(vectors [][]float32) []float32 {
	sum := make([]float32, len(vectors[0]))
	for _, v := range vectors {
		for k, x := range v {
			sum[k] += x
		}
	}
	for k := range sum {
		sum[k] /= float32(len(vectors))
	}
	return sum
}

// centre returns a copy of v without the mean of its language, at unit length.
func (m means) centre(v []float32, l kb.Lang) []float32 {
	mean := m[l]
	if mean == nil {
		mean = m[""]
	}
	c := slices.Clone(v)
	for k := range mean {
		c[k] -= mean[k]
	}
	if n := math.Sqrt(dot(c, c)); n > 0 {
		for k := range c {
			c[k] = float32(float64(c[k]) / n)
		}
	}
	return c
}

func dot(a, b []float32) float64 {
	var sum float32
	for i := range a {
		sum += a[i] * b[i]
	}
	return float64(sum)
}

// Library is a kb.Library over passages in memory.
type Library map[kb.PassageID]kb.Passage

// NewLibrary returns a Library of passages.
func NewLibrary(passages []kb.Passage) Library {
	l := Library{}
	for _, p := range passages {
		l[p.ID] = p
	}
	return l
}

// Passages returns those among ids.
func (l Library) Passages(_ context.Context, ids []kb.PassageID, audience kb.Audience) ([]kb.Passage, error) {
	var out []kb.Passage
	for _, id := range ids {
		if p, ok := l[id]; ok && p.Audience <= audience {
			out = append(out, p)
		}
	}
	return out, nil
}
