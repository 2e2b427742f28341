package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/markdown"
	"guichet/kb/starter"
)

// text names what was embedded: a text and its side.
type text struct {
	side kb.Task
	hash kb.TextHash
}

// texts are articles as publishing leaves them, and the vector of everything in them that has one.
type texts struct {
	articles  [][]kb.Passage // the passages of each
	vectors   map[text][]float32
	sentences map[kb.Lang][]string // all of them, to write further texts with
	titles    map[kb.Lang][]string
}

func (t *texts) vector(side kb.Task, s string) []float32 {
	return t.vectors[text{side, kb.HashText(s)}]
}

// readTexts reads the starter articles and those of the set, and embeds them, from the cache where
// it knows them.
func readTexts(ctx context.Context, e kb.Embedder) (*texts, error) {
	articles, err := starter.Articles()
	if err != nil {
		return nil, err
	}
	further, err := eval.ReadFAQ(*set)
	if err == nil {
		articles = append(articles, further.Articles...)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	t := &texts{vectors: map[text][]float32{}, sentences: map[kb.Lang][]string{}, titles: map[kb.Lang][]string{}}
	missing := map[kb.Task][]string{}
	need := func(side kb.Task, s string) {
		if key := (text{side, kb.HashText(s)}); t.vectors[key] == nil {
			t.vectors[key] = []float32{}
			missing[side] = append(missing[side], s)
		}
	}
	for _, a := range articles {
		if a.Group == "" {
			a.Group = kb.GroupID(a.ID)
		}
		doc, err := markdown.Read(a.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID, err)
		}
		ps := kb.Split(a, 1, doc)
		if len(ps) == 0 {
			continue
		}
		t.articles = append(t.articles, ps)
		t.titles[a.Lang] = append(t.titles[a.Lang], a.Title)
		need(kb.AsQuestion, a.Title)
		for _, p := range ps {
			need(kb.AsPassage, p.Input())
			for i := range p.Sentences {
				need(kb.AsPassage, p.Sentence(i))
				t.sentences[a.Lang] = append(t.sentences[a.Lang], p.Sentence(i))
			}
		}
	}
	for side, all := range missing {
		vectors, err := e.Embed(ctx, side, all)
		if err != nil {
			return nil, err
		}
		for i, s := range all {
			t.vectors[text{side, kb.HashText(s)}] = vectors[i]
		}
	}
	return t, nil
}

// noise is how far a copy's vector lies from the real one: 0.35 leaves a cosine of 0.94, about that of
// two articles on one subject.
const noise = 0.35

// multiply returns n passages: the real ones, then copies of them in which half of the sentences come
// from elsewhere in the same language, so that words stay as common as they are, and whose vectors are
// the real ones with noise. Sentences keep their real vectors. The same n gives the same texts.
func (t *texts) multiply(n int) *texts {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	out := &texts{vectors: make(map[text][]float32, len(t.vectors)+n)}
	count := 0
	for k, v := range t.vectors {
		out.vectors[k] = v
	}
	put := func(side kb.Task, s string, near []float32) {
		key := text{side, kb.HashText(s)}
		if out.vectors[key] == nil {
			out.vectors[key] = shaken(r, near)
		}
	}
	for round := 0; ; round++ {
		for _, real := range t.articles {
			ps := make([]kb.Passage, 0, len(real))
			title := real[0].Title
			if round > 0 {
				title = crossed(real[0].Lang, title, pick(r, t.titles[real[0].Lang]))
				put(kb.AsQuestion, title, t.vector(kb.AsQuestion, real[0].Title))
			}
			for i, p := range real {
				if round > 0 {
					vector := t.vector(kb.AsPassage, p.Input())
					p.Article = kb.ArticleID(fmt.Sprintf("%s/%d", p.Article, round))
					p.Group = kb.GroupID(fmt.Sprintf("%s/%d", p.Group, round))
					p.ID, p.Title = kb.NewPassageID(p.Article, p.Headings, i), title
					p = t.rewritten(r, p)
					put(kb.AsPassage, p.Input(), vector)
				}
				ps = append(ps, p)
				if count++; count == n {
					out.articles = append(out.articles, ps)
					return out
				}
			}
			out.articles = append(out.articles, ps)
		}
	}
}

// rewritten exchanges half of a passage's sentences for others of its language.
func (t *texts) rewritten(r *rand.Rand, p kb.Passage) kb.Passage {
	var b strings.Builder
	sentences, end := make([]kb.Sentence, len(p.Sentences)), 0
	for i, s := range p.Sentences {
		b.WriteString(p.Text[end:s.Start]) // what stands between them
		said := p.Sentence(i)
		if r.IntN(2) == 0 {
			said = pick(r, t.sentences[p.Lang])
		}
		end = s.End
		s.Start = b.Len()
		b.WriteString(said)
		s.End = b.Len()
		sentences[i] = s
	}
	b.WriteString(p.Text[end:])
	p.Text, p.Sentences = b.String(), sentences
	return p
}

// crossed is the first half of one title and the second half of another.
func crossed(lang kb.Lang, a, b string) string {
	split := func(s string) ([]string, string) { return strings.Fields(s), " " }
	if lang == kb.Chinese {
		split = func(s string) ([]string, string) { return strings.Split(s, ""), "" }
	}
	head, space := split(a)
	tail, _ := split(b)
	return strings.Join(append(head[:(len(head)+1)/2:(len(head)+1)/2], tail[len(tail)/2:]...), space)
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// shaken is v with noise, of unit length.
func shaken(r *rand.Rand, v []float32) []float32 {
	out, sum, scale := make([]float32, len(v)), 0.0, noise/math.Sqrt(float64(len(v)))
	for i, x := range v {
		y := float64(x) + scale*r.NormFloat64()
		out[i], sum = float32(y), sum+y*y
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(sum))
	}
	return out
}

// every is which of the starter's questions are asked: one in three, the same facts in each language.
const every = 3

// readQuestions reads the questions of the starter articles, with their vectors.
func readQuestions(ctx context.Context, e kb.Embedder) ([]kb.Query, error) {
	step := every
	if *quick {
		step *= 4
	}
	var all []kb.Query
	for _, l := range kb.Langs {
		file, err := os.Open(filepath.Join("kb", "starter", "questions."+string(l)+".jsonl"))
		if err != nil {
			return nil, fmt.Errorf("%w (run it in the folder of the source)", err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for n := 0; lines.Scan(); n++ {
			var fact struct{ Question string }
			if err := json.Unmarshal(lines.Bytes(), &fact); err != nil {
				return nil, err
			}
			if n%step == 0 {
				all = append(all, kb.Query{Text: fact.Question, Lang: l})
			}
		}
	}
	questions := make([]string, len(all))
	for i, q := range all {
		questions[i] = q.Text
	}
	vectors, err := e.Embed(ctx, kb.AsQuestion, questions)
	for i := range vectors {
		all[i].Vector = vectors[i]
	}
	return all, err
}
