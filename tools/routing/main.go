// Command routing measures the duplicate guard and the suggestion of categories on a folder of
// judged requests, and fits what they weigh:
//
//	go run ./tools/routing [-server URL] [-fit] [-grid] FOLDER
//
// -fit prints similar.DefaultWeights' rows, fitted on all pairs. -grid prints, by cross-validation on
// past requests alone, how often a Classifier's parameters are right; new requests are not read
// for it. Vectors come from the cache of the tests; a server is needed for what is missing there.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"strings"
	"time"

	"guichet/internal/app"
	"guichet/internal/openai"
	"guichet/internal/similar"
	"guichet/kb"
	"guichet/kb/eval"
)

var (
	server = flag.String("server", "http://127.0.0.1:8000/v1", "embedding server, up to and without /embeddings")
	cache  = flag.String("cache", ".local/cache/vectors", "folder of the vector cache")
	fit    = flag.Bool("fit", false, "fit the weights of the duplicate guard")
	grid   = flag.Bool("grid", false, "cross-validate the parameters of the classifier on past requests")
)

const model = "multilingual-e5-small-q4/384"

func main() {
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	name, _, _ := strings.Cut(model, "/")
	e, err := openai.New(openai.Config{BaseURL: *server, Model: name, Dimensions: 384})
	if err != nil {
		return err
	}
	cached, err := openai.NewCache(*cache, model, e)
	if err != nil {
		return err
	}
	switch {
	case *fit:
		return fitPairs(ctx, cached, dir)
	case *grid:
		return crossValidate(ctx, cached, dir)
	}
	report, err := app.EvalRouting(ctx, dir, cached)
	if err != nil {
		return err
	}
	fmt.Print(report.Markdown())
	return nil
}

func embed(ctx context.Context, e kb.Embedder, texts []string) (map[string][]float32, error) {
	got, err := e.Embed(ctx, kb.AsQuestion, texts)
	if err != nil {
		return nil, err
	}
	out := map[string][]float32{}
	for i, t := range texts {
		out[t] = got[i]
	}
	return out, nil
}

func fitPairs(ctx context.Context, e kb.Embedder, dir string) error {
	set, err := eval.ReadRouting(dir)
	if err != nil {
		return err
	}
	var texts []string
	for _, p := range set.Pairs {
		texts = append(texts, p.A, p.B)
	}
	vectors, err := embed(ctx, e, texts)
	if err != nil {
		return err
	}
	signals := app.PairSignals(set.Pairs, vectors)
	for _, row := range []struct {
		name   string
		change func(*similar.Signals)
	}{
		{"Both", func(*similar.Signals) {}},
		{"Meaning", func(s *similar.Signals) { s.SameLang = false }},
		{"Words", func(s *similar.Signals) { s.Vectors = false }},
	} {
		scored := make([]eval.Scored, len(signals))
		for i, s := range signals {
			row.change(&s)
			scored[i] = eval.Scored{Pair: set.Pairs[i], Features: s.Features()}
		}
		fmt.Printf("%s: %.2f\n", row.name, eval.FitPairs(scored, func(eval.Pair) bool { return true }, app.PairRidge))
	}
	return nil
}

// crossValidate prints the share of past requests whose category is told from four fifths of the
// others, for each source and each choice of parameters.
func crossValidate(ctx context.Context, e kb.Embedder, dir string) error {
	set, err := eval.ReadRouting(dir)
	if err != nil {
		return err
	}
	var texts []string
	by := map[string][]eval.Labelled{}
	for _, h := range set.History {
		texts, by[h.Source] = append(texts, h.Text), append(by[h.Source], h)
	}
	vectors, err := embed(ctx, e, texts)
	if err != nil {
		return err
	}
	for source, history := range by {
		examples := app.RoutingExamples(history, vectors)
		for _, meaning := range []float64{0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1} {
			for _, width := range []float64{1, 2, 3} {
				for _, ridge := range []float64{0.03, 0.1, 0.3} {
					p := similar.DefaultParams
					p.Meaning, p.Width, p.Ridge = meaning, width, ridge
					start := time.Now()
					top := folds(examples, p)
					fmt.Printf("%s meaning %.2f width %.0f ridge %.2f: %s (%v)\n", source, meaning, width, ridge, top, time.Since(start).Round(time.Millisecond))
				}
			}
		}
	}
	return nil
}

func folds(examples []similar.Example, p similar.Params) (top eval.Share) {
	const n = 5
	for fold := range n {
		var learn []similar.Example
		for i, x := range examples {
			if i%n != fold {
				learn = append(learn, x)
			}
		}
		c := similar.NewClassifier(learn, p)
		for i, x := range examples {
			if i%n == fold {
				top.N++
				if g := c.Suggest(x.Request, 1); len(g) > 0 && g[0].Category == x.Category {
					top.K++
				}
			}
		}
	}
	return top
}
