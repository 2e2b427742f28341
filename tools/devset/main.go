// Command devset measures search and answers on a folder of judged questions without a database,
// and fits
// the parameters of the ranking and the weights of kb.Evidence.Confidence:
//
//	go run ./tools/devset [-server URL] [-fit] [-rank N] FOLDER
//
// Passages are searched in a word index and by kbtest's exact vectors, both in memory. Vectors come
// from the cache of the tests; a server is needed for what is missing there.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"guichet/internal/bleveindex"
	"guichet/internal/openai"
	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/kbtest"
	"guichet/kb/markdown"
)

var (
	server    = flag.String("server", "http://127.0.0.1:8000/v1", "embedding server, up to and without /embeddings")
	cache     = flag.String("cache", ".local/cache/vectors", "folder of the vector cache")
	fit       = flag.Bool("fit", false, "fit the weights of confidence, and judge outcomes with each collection left out of the fitting")
	threshold = flag.Float64("threshold", kb.DefaultExtractParams.Threshold, "with -fit: confidence from which an answer counts as offered")
	params    = flag.String("params", "{}", `parameters to change, as JSON: {"Fuse":{"Words":0.3},"Extract":{"Margin":0.2}}`)
	ranks     = flag.Int("rank", 0, "try so many parameters of the ranking instead, and judge them with each collection left out")
	questions = flag.String("questions", "kb/starter", "with -rank: folder of the questions judged on the starter articles")
	plots     = flag.String("plot", "", "with -fit: draw what a threshold costs and gives into this SVG file")
	dump      = flag.String("dump", "", "write each question with its hits and evidence to this file, as JSON lines")
)

const model = "multilingual-e5-small-q4/384"

func main() {
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

// bench is a judged set made ready.
type bench struct {
	*eval.FAQ
	qa       bool
	passages []kb.Passage
	embedder kb.Embedder
	words    *bleveindex.Index
	vectors  *kbtest.Vectors
	trials   map[string]map[string]trial // by run and question id
}

// trial is what a run saw of a question.
type trial struct {
	Evidence kb.Evidence
	Hits     []kb.Hit
}

func run(ctx context.Context, dir string) error {
	b, err := load(ctx, dir)
	if err != nil {
		return err
	}
	if *ranks > 0 {
		return b.rank(ctx, *ranks, *questions)
	}
	var runs []*eval.Run
	for _, name := range []string{"words", "meaning", "both"} {
		r, err := b.run(ctx, name)
		if err != nil {
			return err
		}
		if *fit {
			b.fit(r)
		}
		runs = append(runs, r)
	}
	if *plots != "" {
		if err := plot(*plots, runs[len(runs)-1]); err != nil {
			return err
		}
	}
	if *dump != "" {
		if err := b.dump(); err != nil {
			return err
		}
	}
	if b.qa {
		return eval.WriteQA(os.Stdout, runs...)
	}
	return errors.Join(eval.WriteFAQ(os.Stdout, runs...), eval.WriteOutcomes(os.Stdout, runs...))
}

func load(ctx context.Context, dir string) (*bench, error) {
	name, _, _ := strings.Cut(model, "/")
	e, err := openai.New(openai.Config{BaseURL: *server, Model: name, Dimensions: 384})
	if err != nil {
		return nil, err
	}
	b := &bench{trials: map[string]map[string]trial{}}
	if b.embedder, err = openai.NewCache(*cache, model, e); err != nil {
		return nil, err
	}
	if b.FAQ, err = eval.ReadFAQ(dir); errors.Is(err, os.ErrNotExist) {
		b.qa = true
		b.FAQ, err = eval.ReadQA(dir)
	}
	if err != nil {
		return nil, err
	}
	return b, b.index(ctx)
}

// index reads the articles into both legs.
func (b *bench) index(ctx context.Context) error {
	var changes []bleveindex.Change
	for _, a := range b.Articles {
		doc, err := markdown.Read(a.Body)
		if err != nil {
			return err
		}
		ps := kb.Split(a, 1, doc)
		b.passages = append(b.passages, ps...)
		changes = append(changes, bleveindex.Change{Article: a.ID, Passages: ps})
	}
	var err error
	if b.words, err = bleveindex.Open(bleveindex.Config{}); err != nil {
		return err
	}
	if err := b.words.Apply(ctx, changes, 1); err != nil {
		return err
	}
	b.vectors, err = kbtest.NewVectors(ctx, b.embedder, b.passages, kb.Asked())
	return err
}

// nothing is the leg that a run does without.
type nothing struct{}

func (nothing) Retrieve(context.Context, kb.Query) ([]kb.Hit, error) { return nil, nil }

// run puts all questions to one leg, or to both.
func (b *bench) run(ctx context.Context, name string) (*eval.Run, error) {
	set := struct {
		Fuse    kb.Params
		Extract kb.ExtractParams
	}{kb.DefaultParams, kb.DefaultExtractParams}
	if err := json.Unmarshal([]byte(*params), &set); err != nil {
		return nil, err
	}
	h := kb.HybridConfig{Words: b.words, Library: kbtest.NewLibrary(b.passages), Params: set.Fuse, MeaningDeadline: time.Minute}
	x := kb.ExtractorConfig{Params: set.Extract}
	if name != "words" {
		h.Meaning, h.Embedder = b.vectors, b.embedder
		if b.qa { // nothing else is measured by its sentences
			x.Scorer = b.vectors
		}
	}
	if name == "meaning" {
		h.Words = nothing{}
	}
	hybrid, extractor := kb.NewHybrid(h), kb.NewExtractor(x)
	var trials []trial
	start := time.Now()
	r, err := eval.Ask(ctx, name, b.Questions, true, func(ctx context.Context, q kb.Query) (a eval.Answer, err error) {
		q.Limit = 200
		found, err := hybrid.Search(ctx, q)
		if err != nil || len(found.Degraded) > 0 {
			return a, fmt.Errorf("degraded: %v, %w", found.Degraded, err)
		}
		var t trial
		for _, f := range found.Found {
			t.Hits = append(t.Hits, f.Hit)
		}
		for _, f := range kb.ByGroup(found.Found, q.Lang) {
			a.Groups = append(a.Groups, f.Group)
		}
		found.Found = found.Found[:min(50, len(found.Found))] // as many as an answer is made from
		e, err := extractor.Extract(ctx, q, found)
		if err != nil {
			return a, err
		}
		t.Evidence = e.Evidence
		trials = append(trials, t)
		var texts []string
		for _, s := range e.Sentences {
			texts = append(texts, s.Text)
		}
		a.Confidence, a.Answered, a.Text = e.Confidence, e.Answers, strings.Join(texts, " ")
		return a, nil
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%s: %d questions in %v\n", name, len(b.Questions), time.Since(start).Round(time.Millisecond))
	b.trials[name] = map[string]trial{}
	for i, q := range b.Questions {
		b.trials[name][q.ID] = trials[i]
	}
	return r, nil
}

// fitted are the weights and the curve of a confidence.
type fitted struct{ weights, curve []float64 }

func (f fitted) z(features []float64) (z float64) {
	for i, x := range features {
		z += f.weights[i] * x
	}
	return z
}

// between returns where the curve rises: from its lowest point below zero, if there is one, to its
// highest above.
func (f fitted) between() (from, to float64) {
	from, to = -6, 6
	if c := f.curve; c[2] > 0 {
		from = max(from, -c[1]/(2*c[2]))
	}
	if c := f.curve; c[2]+c[3] < 0 {
		to = min(to, -c[1]/(2*(c[2]+c[3])))
	}
	return from, to
}

func (f fitted) confidence(features []float64) float64 {
	from, to := f.between()
	bent := kb.Bend(min(max(f.z(features), from), to))
	return eval.Logistic(f.curve, bent[:])
}

// fit prints what is fitted on all results, and gives each result the confidence that is fitted on
// the other collections. Words alone are hopeless across languages: a third of such questions
// in the fitting would make them diffident everywhere, so they are left out of it.
func (b *bench) fit(r *eval.Run) {
	without := func(c kb.CollectionKey) (f fitted) {
		var x, bent [][]float64
		var y []bool
		for _, q := range r.Results {
			if q.Collection != c && (r.Name != "words" || q.Kind != "crosslingual") {
				x, y = append(x, b.trials[r.Name][q.ID].Evidence.Features()), append(y, q.Top)
			}
		}
		f.weights = eval.FitLogistic(x, y, 1)
		for _, row := range x {
			at := kb.Bend(f.z(row))
			bent = append(bent, at[:])
		}
		f.curve = eval.FitLogistic(bent, y, 0.1)
		return f
	}
	all := without("none")
	from, to := all.between()
	fmt.Printf("%s: weights %.2f, curve %.3f, rising from %.1f to %.1f\n", r.Name, all.weights, all.curve, from, to)
	by := map[kb.CollectionKey]fitted{}
	for i, q := range r.Results {
		if by[q.Collection].weights == nil {
			by[q.Collection] = without(q.Collection)
		}
		c := by[q.Collection].confidence(b.trials[r.Name][q.ID].Evidence.Features())
		r.Results[i].Confidence, r.Results[i].Answered = c, c >= *threshold
	}
}

func (b *bench) dump() error {
	f, err := os.Create(*dump)
	if err != nil {
		return err
	}
	out := json.NewEncoder(f)
	for _, q := range b.Questions {
		runs := map[string]trial{}
		for name, trials := range b.trials {
			runs[name] = trials[q.ID]
		}
		if err := out.Encode(map[string]any{"question": q, "runs": runs}); err != nil {
			return err
		}
	}
	return f.Close()
}
