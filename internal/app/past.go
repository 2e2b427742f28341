package app

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"guichet/internal/assistant"
	"guichet/internal/bleveindex"
	"guichet/internal/postgres"
	"guichet/kb"
	"guichet/kb/markdown"
)

// past is a library as it was at some moment, in memory: what searches read then, made again from the
// versions that were live. It is every seam that an answer needs.
type past struct {
	assistant.Store // nothing is stored; ArticleRefs is asked alone

	db       *postgres.DB
	refs     map[kb.ArticleID]assistant.ArticleRef
	passages map[kb.PassageID]kb.Passage
	words    *bleveindex.Index

	model  string                            // "" for words alone
	means  map[kb.Task]map[kb.Lang][]float32 // of the version in force then
	raw    map[kb.Task]map[kb.TextHash][]float32
	own    map[kb.PassageID][]float32 // centred
	titles map[kb.ArticleID][]float32 // centred
	absent map[kb.TextHash]bool       // texts that had no vector yet
}

// openPast reads versions and indexes their words. The caller closes words.
func openPast(ctx context.Context, db *postgres.DB, versions map[kb.ArticleID]int) (*past, error) {
	p := &past{db: db, refs: map[kb.ArticleID]assistant.ArticleRef{}, passages: map[kb.PassageID]kb.Passage{}}
	var changes []bleveindex.Change
	err := db.Texts(ctx, versions, func(a kb.Article, number int, since time.Time) error {
		doc, err := markdown.Read(a.Body)
		if err != nil {
			return err
		}
		p.refs[a.ID] = assistant.ArticleRef{ID: a.ID, Group: a.Group, Lang: a.Lang, Slug: a.Slug, Title: a.Title,
			Version: number, UpdatedAt: since}
		ps := kb.Split(a, number, doc)
		for _, x := range ps {
			p.passages[x.ID] = x
		}
		changes = append(changes, bleveindex.Change{Article: a.ID, Passages: ps})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.words, err = bleveindex.Open(bleveindex.Config{}); err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(changes, indexBatch) {
		if err := p.words.Apply(ctx, batch, 1); err != nil {
			p.words.Close()
			return nil, err
		}
	}
	return p, nil
}

// unit is a text that has, or wants, a vector.
type unit struct {
	task  kb.Task
	input string
}

// embed reads the vectors of passages and titles, and centres them by the means. What has none is
// embedded by embedder, which is asked for then alone; it returns how many texts stay without.
//
// What the hits of the answer say had no vector yet has none here.
func (p *past) embed(ctx context.Context, model string, means map[kb.Task]map[kb.Lang][]float32, hits []assistant.TraceHit,
	embedder func() (kb.Embedder, error)) (missing int, err error) {
	p.model, p.means, p.absent = model, means, map[kb.TextHash]bool{}
	for _, h := range hits {
		x, ok := p.passages[h.Passage]
		if !ok {
			continue
		}
		if s := h.Signals; s.Centred == 0 && s.Cosine == 0 {
			p.absent[x.Hash()] = true
		}
		if h.Signals.Title == 0 {
			p.absent[kb.HashText(x.Title)] = true
		}
	}
	p.raw = map[kb.Task]map[kb.TextHash][]float32{kb.AsQuestion: {}, kb.AsPassage: {}}
	p.own, p.titles = map[kb.PassageID][]float32{}, map[kb.ArticleID][]float32{}
	var units []unit
	for _, x := range p.passages {
		units = append(units, unit{kb.AsPassage, x.Input()})
	}
	for _, a := range p.refs {
		units = append(units, unit{kb.AsQuestion, a.Title})
	}
	if missing, err = p.read(ctx, units, embedder); err != nil {
		return missing, err
	}
	for id, x := range p.passages {
		p.own[id] = half(p.centred(kb.AsPassage, x.Lang, x.Input()))
	}
	for id, a := range p.refs {
		p.titles[id] = half(p.centred(kb.AsQuestion, a.Lang, a.Title))
	}
	return missing, nil
}

// read brings the vectors of texts into raw.
func (p *past) read(ctx context.Context, units []unit, embedder func() (kb.Embedder, error)) (missing int, err error) {
	for _, task := range []kb.Task{kb.AsQuestion, kb.AsPassage} {
		inputs := map[kb.TextHash]string{}
		for _, u := range units {
			h := kb.HashText(u.input)
			if _, have := p.raw[task][h]; u.task == task && !have && !p.absent[h] {
				inputs[h] = u.input
			}
		}
		hashes := make([]kb.TextHash, 0, len(inputs))
		for h := range inputs {
			hashes = append(hashes, h)
		}
		stored, err := p.db.Vectors(ctx, p.model, task, hashes)
		if err != nil {
			return 0, err
		}
		var lacking []kb.TextHash
		for _, h := range hashes {
			if v, ok := stored[h]; ok {
				p.raw[task][h] = v
			} else {
				lacking = append(lacking, h)
			}
		}
		if len(lacking) == 0 || embedder == nil {
			missing += len(lacking)
			continue
		}
		e, err := embedder()
		if err != nil || e == nil || e.Model() != p.model {
			missing += len(lacking)
			continue
		}
		for batch := range slices.Chunk(lacking, 32) {
			texts := make([]string, len(batch))
			for i, h := range batch {
				texts[i] = inputs[h]
			}
			vectors, err := e.Embed(ctx, task, texts)
			if err != nil {
				return 0, err
			}
			for i, h := range batch {
				p.raw[task][h] = vectors[i]
			}
		}
	}
	return missing, nil
}

// centred is a text's vector less its language's mean, of unit length; nil without a vector.
func (p *past) centred(task kb.Task, lang kb.Lang, input string) []float32 {
	h := kb.HashText(input)
	if p.absent[h] {
		return nil
	}
	return centre(p.raw[task][h], p.means[task][lang])
}

// centre subtracts a mean, where there is one, and normalises.
func centre(v, mean []float32) []float32 {
	if v == nil {
		return nil
	}
	out := slices.Clone(v)
	norm := 0.0
	for i := range out {
		if i < len(mean) {
			out[i] -= mean[i]
		}
		norm += float64(out[i]) * float64(out[i])
	}
	if norm = math.Sqrt(norm); norm > 0 {
		for i := range out {
			out[i] = float32(float64(out[i]) / norm)
		}
	}
	return out
}

// half rounds numbers in place to half precision, in which the database compares passages.
func half(v []float32) []float32 {
	for i, x := range v {
		if x > -0x1p-14 && x < 0x1p-14 {
			v[i] = float32(math.RoundToEven(float64(x)*0x1p24) * 0x1p-24)
			continue
		}
		bits := math.Float32bits(x)
		bits += 0xfff + bits>>13&1
		v[i] = math.Float32frombits(bits &^ 0x1fff)
	}
	return v
}

func dot(a, b []float32) (sum float64) {
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// question is the question centred as postgres.VectorLeg does it; nil where it cannot be.
func (p *past) question(q kb.Query) []float32 {
	mean, ok := p.means[kb.AsQuestion][q.Lang]
	if len(q.Vector) == 0 || !ok {
		return nil
	}
	return centre(q.Vector, mean)
}

func (p *past) measured(q kb.Query, question []float32, x kb.Passage) (h kb.Hit, own, title bool) {
	h = kb.Hit{Passage: x.ID, Article: x.Article, Group: x.Group, Lang: x.Lang}
	h.Score = math.Inf(-1)
	if v := p.own[x.ID]; v != nil {
		own, h.Signals.Centred = true, dot(question, v)
		h.Signals.Cosine = dot(q.Vector, p.raw[kb.AsPassage][x.Hash()])
		h.Score = h.Signals.Centred
	}
	if v := p.titles[x.Article]; v != nil {
		title, h.Signals.Title = true, dot(question, v)
		h.Score = max(h.Score, h.Signals.Title)
	}
	return h, own, title
}

// Retrieve implements kb.Retriever, by meaning.
func (p *past) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) {
	question := half(p.question(q))
	if question == nil {
		return nil, ctx.Err()
	}
	var hits []kb.Hit
	for _, x := range p.passages {
		if x.Audience > q.Audience || q.Collection != "" && x.Collection != q.Collection {
			continue
		}
		if h, own, title := p.measured(q, question, x); own || title {
			h.Signals.Meaning = true
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b kb.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Passage, b.Passage))
	})
	return hits[:min(cmp.Or(q.Limit, 50), len(hits))], ctx.Err()
}

// Measure implements kb.Measurer.
func (p *past) Measure(ctx context.Context, q kb.Query, groups []kb.GroupID) ([]kb.GroupVersion, error) {
	question := half(p.question(q))
	if question == nil {
		return nil, ctx.Err()
	}
	type place struct {
		group kb.GroupID
		lang  kb.Lang
	}
	at := map[place]*kb.GroupVersion{}
	for _, x := range p.passages {
		if !slices.Contains(groups, x.Group) || x.Audience > q.Audience || q.Collection != "" && x.Collection != q.Collection {
			continue
		}
		h, own, title := p.measured(q, question, x)
		if !own && !title {
			continue
		}
		v := at[place{x.Group, x.Lang}]
		if v == nil {
			v = &kb.GroupVersion{Group: x.Group, Lang: x.Lang, Text: math.Inf(-1), Title: math.Inf(-1)}
			at[place{x.Group, x.Lang}] = v
		}
		if own {
			v.Text = max(v.Text, h.Signals.Centred)
		}
		if title {
			v.Title = h.Signals.Title
		}
	}
	versions := make([]kb.GroupVersion, 0, len(at))
	for _, v := range at {
		versions = append(versions, *v)
	}
	return versions, ctx.Err()
}

// SentenceScores implements kb.SentenceScorer.
func (p *past) SentenceScores(ctx context.Context, q kb.Query, ids []kb.PassageID) (map[kb.PassageID][]float64, error) {
	scores := map[kb.PassageID][]float64{}
	question := p.question(q)
	if question == nil {
		return scores, ctx.Err()
	}
	var units []unit
	for _, id := range ids {
		for i := range p.passages[id].Sentences {
			units = append(units, unit{kb.AsPassage, p.passages[id].SentenceInput(i)})
		}
	}
	if _, err := p.read(ctx, units, nil); err != nil {
		return nil, err
	}
	for _, id := range ids {
		x := p.passages[id]
		own := make([]float64, 0, len(x.Sentences))
		for i := range x.Sentences {
			if v := p.centred(kb.AsPassage, x.Lang, x.SentenceInput(i)); v != nil {
				own = append(own, dot(question, v))
			}
		}
		if len(own) > 0 && len(own) == len(x.Sentences) {
			scores[id] = own
		}
	}
	return scores, nil
}

// Passages implements kb.Library.
func (p *past) Passages(_ context.Context, ids []kb.PassageID, audience kb.Audience) (out []kb.Passage, err error) {
	for _, id := range ids {
		if x, ok := p.passages[id]; ok && x.Audience <= audience {
			out = append(out, x)
		}
	}
	return out, nil
}

// ArticleRefs implements assistant.Store.
func (p *past) ArticleRefs(_ context.Context, ids []kb.ArticleID, audience kb.Audience) (map[kb.ArticleID]assistant.ArticleRef, error) {
	out := map[kb.ArticleID]assistant.ArticleRef{}
	for _, id := range ids {
		if r, ok := p.refs[id]; ok { // passages beyond the audience were never found
			out[id] = r
		}
	}
	return out, nil
}
