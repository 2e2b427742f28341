// Command devset measures search and answers on a folder of judged questions without a database:
// passages in a word index in memory, vectors compared in memory.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"guichet/internal/bleveindex"
	"guichet/internal/openai"
	"guichet/internal/openai/e5test"
	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/kbtest"
)

var (
	server    = flag.String("server", "http://127.0.0.1:39511/v1", "embedding server")
	cache     = flag.String("cache", ".local/cache/vectors", "vector cache")
	warm      = flag.Bool("warm", false, "only embed")
	sentences = flag.Bool("sentences", false, "with -warm: embed sentences too")
	plain     = flag.Bool("plain", false, "without sentence vectors")
	only      = flag.Bool("words", false, "words alone")
	extract   = flag.String("extract", "{}", "kb.ExtractParams to set, as JSON")
	fit       = flag.Bool("fit", false, "fit the weights of confidence")
	threshold = flag.Float64("threshold", 0.5, "with -fit: the confidence from which an answer counts as offered")
	starters  = flag.Bool("starter", false, "the starter articles and their questions")
	verbose   = flag.Bool("v", false, "say what is wrong")
	dump      = flag.String("dump", "", "write candidates and signals of every question to this file")
)

func main() {
	flag.Parse()
	if *starters {
		e, err := embedder()
		if err == nil {
			err = runStarter(context.Background(), e)
		}
		if err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

// set is a judged set made ready for searching.
type set struct {
	*eval.FAQ
	passages []kb.Passage
	embedder kb.Embedder
}

func embedder() (kb.Embedder, error) {
	e, err := openai.New(e5test.Config(*server))
	if err != nil {
		return nil, err
	}
	return openai.NewCache(*cache, e5test.Model, e)
}

func load(dir string) (*set, error) {
	c, err := embedder()
	if err != nil {
		return nil, err
	}
	s := &set{embedder: c}
	if _, err := os.Stat(filepath.Join(dir, "articles.jsonl")); err == nil {
		s.FAQ, err = eval.ReadFAQ(dir)
		if err != nil {
			return nil, err
		}
	} else if s.FAQ, err = eval.ReadQA(dir); err != nil {
		return nil, err
	}
	for _, a := range s.Articles {
		s.passages = append(s.passages, kb.Split(a, 1, document(a.Body))...)
	}
	return s, nil
}

func document(body string) kb.Document {
	var blocks []kb.Block
	for line := range strings.SplitSeq(body, "\n\n") {
		if line = strings.ReplaceAll(strings.TrimSpace(line), "\\", ""); line != "" {
			blocks = append(blocks, kb.Block{Text: line})
		}
	}
	return kb.Document{Sections: []kb.Section{{Blocks: blocks}}}
}

func run(ctx context.Context, dir string) error {
	s, err := load(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, len(s.Articles), "articles", len(s.passages), "passages", len(s.Questions), "questions")
	if *warm {
		return s.warm(ctx)
	}
	if *only {
		words, err := s.index(ctx)
		if err != nil {
			return err
		}
		return s.measure(ctx, words, nil)
	}
	start := time.Now()
	vectors, err := kbtest.NewVectors(ctx, s.embedder, s.passages)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "vectors", time.Since(start))
	start = time.Now()
	words, err := s.index(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "index", time.Since(start))
	return s.measure(ctx, words, vectors)
}

func (s *set) index(ctx context.Context) (*bleveindex.Index, error) {
	x, err := bleveindex.Open(bleveindex.Config{})
	if err != nil {
		return nil, err
	}
	by := map[kb.ArticleID][]kb.Passage{}
	var changes []bleveindex.Change
	for _, p := range s.passages {
		by[p.Article] = append(by[p.Article], p)
	}
	for id, ps := range by {
		changes = append(changes, bleveindex.Change{Article: id, Passages: ps})
	}
	return x, x.Apply(ctx, changes, 1)
}

func (s *set) warm(ctx context.Context) error {
	start := time.Now()
	for i, p := range s.passages {
		if _, err := s.embedder.Embed(ctx, kb.AsPassage, []string{p.Input()}); err != nil {
			return err
		}
		if *sentences {
			var texts []string
			for n := range p.Sentences {
				texts = append(texts, p.Sentence(n))
			}
			if _, err := s.embedder.Embed(ctx, kb.AsPassage, texts); err != nil {
				return err
			}
		}
		if i%100 == 0 {
			fmt.Println(i, len(s.passages), time.Since(start).Round(time.Second))
		}
	}
	return nil
}

// fitConfidence fits weights on all results, and prints them; the run's confidences become those
// of weights fitted on the other collections.
func fitConfidence(r *eval.Run, evidence map[string]map[string]kb.Evidence) {
	x := make([][]float64, len(r.Results))
	y := make([]bool, len(r.Results))
	for i, q := range r.Results {
		x[i] = evidence[string(q.Collection)+q.Question.Text][r.Name].Features()
		y[i] = q.Top
	}
	fmt.Printf("%s: %.3f\n", r.Name, eval.FitLogistic(x, y, 1))
	left := map[kb.CollectionKey][]float64{}
	for i, q := range r.Results {
		w, ok := left[q.Collection]
		if !ok {
			var xs [][]float64
			var ys []bool
			for k := range x {
				if r.Results[k].Collection != q.Collection {
					xs, ys = append(xs, x[k]), append(ys, y[k])
				}
			}
			w = eval.FitLogistic(xs, ys, 1)
			left[q.Collection] = w
		}
		c := eval.Logistic(w, x[i])
		r.Results[i].Confidence, r.Results[i].Answered = c, c >= *threshold
	}
}

// none finds nothing.
type none struct{}

func (none) Retrieve(context.Context, kb.Query) ([]kb.Hit, error) { return nil, nil }

type question struct {
	eval.Question
	Both     []kb.Hit
	Evidence map[string]kb.Evidence
}

func (s *set) measure(ctx context.Context, words *bleveindex.Index, vectors *kbtest.Vectors) error {
	library := kbtest.NewLibrary(s.passages)
	var out *json.Encoder
	if *dump != "" {
		f, err := os.Create(*dump)
		if err != nil {
			return err
		}
		defer f.Close()
		out = json.NewEncoder(f)
	}
	evidence := map[string]map[string]kb.Evidence{}
	hits := map[string][]kb.Hit{}
	var runs []*eval.Run
	for _, name := range []string{"words", "meaning", "both"} {
		h, x := kb.HybridConfig{Words: words, Library: library}, kb.ExtractorConfig{Params: kb.DefaultExtractParams}
		if err := json.Unmarshal([]byte(*extract), &x.Params); err != nil {
			return err
		}
		if name != "words" {
			if vectors == nil {
				continue
			}
			h.Meaning, h.Embedder = vectors, s.embedder
			if !*plain {
				x.Scorer = vectors
			}
		}
		if name == "meaning" {
			h.Words = none{}
		}
		hybrid, extractor := kb.NewHybrid(h), kb.NewExtractor(x)
		start := time.Now()
		r, err := eval.Ask(ctx, name, s.Questions, true, func(ctx context.Context, q kb.Query) (eval.Answer, error) {
			q.Limit = 200
			found, err := hybrid.Search(ctx, q)
			if err != nil {
				return eval.Answer{}, err
			}
			if len(found.Degraded) > 0 {
				return eval.Answer{}, fmt.Errorf("degraded: %v", found.Degraded)
			}
			e, err := extractor.Extract(ctx, q, found)
			if err != nil {
				return eval.Answer{}, err
			}
			a := eval.Answer{Confidence: e.Confidence, Answered: e.Answers}
			var texts []string
			for _, s := range e.Sentences {
				texts = append(texts, s.Text)
			}
			a.Text = strings.Join(texts, " ")
			for _, f := range kb.ByGroup(found.Found, q.Lang) {
				a.Groups = append(a.Groups, f.Group)
			}
			key := string(q.Collection) + q.Text
			if evidence[key] == nil {
				evidence[key] = map[string]kb.Evidence{}
			}
			evidence[key][name] = e.Evidence
			if name == "both" {
				for _, f := range found.Found {
					hits[key] = append(hits[key], f.Hit)
				}
			}
			return a, nil
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, name, time.Since(start))
		runs = append(runs, r)
	}
	if out != nil {
		for _, q := range s.Questions {
			key := string(q.Collection) + q.Text
			if err := out.Encode(question{q, hits[key], evidence[key]}); err != nil {
				return err
			}
		}
	}
	if *fit {
		for _, r := range runs {
			fitConfidence(r, evidence)
		}
	}
	if len(s.Questions) > 0 && s.Questions[0].Answers != nil {
		return eval.WriteQA(os.Stdout, runs...)
	}
	if err := eval.WriteFAQ(os.Stdout, runs...); err != nil {
		return err
	}
	return eval.WriteOutcomes(os.Stdout, runs...)
}
