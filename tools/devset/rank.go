package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/starter"
)

// starterWeight is what the starter articles' questions weigh beside the set's in the fitting of the
// ranking. The set asks across languages only what has no article in the question's language; with the
// set alone, the fitting would learn to prefer such articles.
const starterWeight = 0.5

// asked is a question with all that the legs say of it.
type asked struct {
	eval.Question
	query          kb.Query
	words, meaning []kb.Hit
}

// legs asks both legs everything; of meaning every passage comes back.
func (b *bench) legs(ctx context.Context, byCollection bool) ([]asked, error) {
	var all []asked
	for _, q := range b.Questions {
		if len(q.Relevant) == 0 {
			continue
		}
		a := asked{Question: q, query: kb.Query{Text: q.Text, Lang: q.Lang, Limit: 200}}
		if byCollection {
			a.query.Collection = q.Collection
		}
		vectors, err := b.embedder.Embed(ctx, kb.AsQuestion, []string{q.Text})
		if err != nil {
			return nil, err
		}
		a.query.Vector = vectors[0]
		if a.words, err = b.words.Retrieve(ctx, a.query); err != nil {
			return nil, err
		}
		whole := a.query
		whole.Limit = len(b.passages)
		if a.meaning, err = b.vectors.Retrieve(ctx, whole); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// ndcg is each question's figure, 0–1.
func ndcg(p kb.Params, all []asked) []float64 {
	out := make([]float64, len(all))
	for i, a := range all {
		var groups []kb.GroupID
		seen := map[kb.GroupID]bool{}
		for _, h := range kb.Fuse(p, a.query, a.words, a.meaning, nil).Hits {
			if !seen[h.Group] {
				seen[h.Group] = true
				groups = append(groups, h.Group)
			}
		}
		out[i] = eval.Mark(a.Question, eval.Answer{Groups: groups}).NDCG
	}
	return out
}

// candidates are the shipped parameters and n others around them.
func candidates(n int) []kb.Params {
	r := rand.New(rand.NewPCG(1, 2))
	between := func(from, to float64) float64 { return from + (to-from)*r.Float64() }
	all := []kb.Params{kb.DefaultParams}
	for range n {
		p := kb.DefaultParams
		p.Text, p.Best, p.Words = between(0.8, 1.8), between(0.35, 0.8), between(0.2, 0.4)
		p.Power, p.Guess = between(0.7, 1.3), between(0.6, 1.1)
		all = append(all, p)
	}
	return all
}

// rank judges the shipped parameters, and those that are best on the other collections and the starter
// articles, on each collection.
func (b *bench) rank(ctx context.Context, n int, questions string) error {
	set, err := b.legs(ctx, true)
	if err != nil {
		return err
	}
	s, err := starterBench(ctx, b.embedder, questions)
	if err != nil {
		return err
	}
	own, err := s.legs(ctx, false)
	if err != nil {
		return err
	}
	params := candidates(n)
	figures, starters := make([][]float64, len(params)), make([]float64, len(params))
	for i, p := range params {
		figures[i], starters[i] = ndcg(p, set), mean(ndcg(p, own), nil)
	}
	best := func(without kb.CollectionKey) (at int) {
		top := -1.0
		for i := range params {
			score := mean(figures[i], func(k int) bool { return set[k].Collection != without }) + starterWeight*starters[i]
			if score > top {
				top, at = score, i
			}
		}
		return at
	}
	left := make([]float64, len(set))
	for k, a := range set {
		left[k] = figures[best(a.Collection)][k]
	}
	fmt.Println("| nDCG@10 × 100 | paraphrase | crosslingual | keyword | typo | all | starter |\n|---|---|---|---|---|---|---|")
	show := func(name string, f []float64, starter float64) {
		fmt.Printf("| %s |", name)
		for _, kind := range []string{"paraphrase", "crosslingual", "keyword", "typo", ""} {
			fmt.Printf(" %.1f |", 100*mean(f, func(k int) bool { return kind == "" || set[k].Kind == kind }))
		}
		fmt.Printf(" %.1f |\n", 100*starter)
	}
	show("shipped", figures[0], starters[0])
	show("each collection left out", left, starters[best("")])
	show(fmt.Sprintf("fitted on all: %+v", params[best("")]), figures[best("")], starters[best("")])
	return nil
}

func mean(values []float64, counts func(int) bool) float64 {
	sum, n := 0.0, 0.0
	for i, v := range values {
		if counts == nil || counts(i) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// starterBench is the starter articles and the questions judged on them, in all languages together.
func starterBench(ctx context.Context, e kb.Embedder, folder string) (*bench, error) {
	articles, err := starter.Articles()
	if err != nil {
		return nil, err
	}
	b := &bench{FAQ: &eval.FAQ{Articles: articles}, embedder: e}
	for _, l := range kb.Langs {
		f, err := os.Open(filepath.Join(folder, "questions."+string(l)+".jsonl"))
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var q struct {
				Question string
				Group    kb.GroupID
			}
			if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			b.Questions = append(b.Questions, eval.Question{Text: q.Question, Lang: l, Relevant: []kb.GroupID{q.Group}, Kind: "starter"})
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return b, b.index(ctx)
}
