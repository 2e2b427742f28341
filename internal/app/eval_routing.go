package app

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"guichet/internal/similar"
	"guichet/kb"
	"guichet/kb/eval"
)

// RoutingReport is what the duplicate guard and the suggestion of categories make of a judged set.
type RoutingReport struct {
	Pairs  []eval.PairRun      `json:"-"`
	Found  []PairFigures       `json:"pairs,omitempty"`
	Routes []eval.RouteFigures `json:"routes,omitempty"`
}

// PairFigures are a system's figures over one source and language, or all ("all").
type PairFigures struct {
	System    string     `json:"system"`
	Group     string     `json:"group"`
	AUROC     *float64   `json:"auroc"` // null where all pairs are duplicates, or none
	Recall    eval.Share `json:"recall_at_95_precision"`
	Low       *float64   `json:"recall_low"` // of the 95 % interval; null without duplicates
	High      *float64   `json:"recall_high"`
	Threshold *float64   `json:"threshold"` // null where no score is that precise
	// At the threshold that members meet.
	Precision eval.Share `json:"likely_precision"`
	Reached   eval.Share `json:"likely_recall"`
}

// precision is what the duplicate guard is held to.
const precision = 0.95

// The systems of a RoutingReport, in the order of its tables.
const (
	PairsCosine  = "cosine alone"
	PairsWords   = "words alone, sources left out"
	PairsMeaning = "meaning alone, sources left out"
	PairsLeftOut = "all signals, sources left out"
	PairsDefault = "as shipped"

	RouteNearest = "nearest by cosine"
	RouteNames   = "category names alone"
	RouteWords   = "words alone"
	RouteDefault = "as shipped"
)

// Markdown is the report as tables.
func (r RoutingReport) Markdown() string {
	var b strings.Builder
	b.WriteString("## Requests made twice\n\n")
	_ = eval.WritePairs(&b, precision, similar.Likely, r.Pairs...) // a builder takes everything
	b.WriteString("\n## Categories suggested\n\n")
	_ = eval.WriteRoutes(&b, r.Routes...)
	return b.String()
}

// EvalRouting measures a folder that eval.ReadRouting reads. Each source in each language is a help
// center of its own: what is usual there is taken from its texts, without what was judged of them;
// and a source's history is learnt from alone.
//
// The embedders, of one model, share the work.
func EvalRouting(ctx context.Context, dir string, e ...kb.Embedder) (*RoutingReport, error) {
	set, err := eval.ReadRouting(dir)
	if err != nil {
		return nil, err
	}
	vectors, err := embedRouting(ctx, e, set)
	if err != nil {
		return nil, err
	}
	r := &RoutingReport{}
	if len(set.Pairs) > 0 {
		r.Pairs = runPairs(set.Pairs, vectors)
		for _, run := range r.Pairs {
			r.Found = append(r.Found, figuresOf(run, "all", func(eval.Pair) bool { return true }))
			for _, g := range eval.PairGroups(set.Pairs) {
				r.Found = append(r.Found, figuresOf(run, g, func(p eval.Pair) bool { return p.Group() == g }))
			}
		}
	}
	var sources []string
	for _, h := range set.History {
		if !slices.Contains(sources, h.Source) {
			sources = append(sources, h.Source)
		}
	}
	for _, s := range sources {
		r.Routes = append(r.Routes, runRoutes(s, set, vectors)...)
	}
	return r, nil
}

func figuresOf(run eval.PairRun, group string, keep func(eval.Pair) bool) PairFigures {
	f := PairFigures{System: run.Name, Group: group, AUROC: finite(run.AUROC(keep))}
	threshold, recall := run.AtPrecision(precision, keep)
	low, high := recall.Wilson()
	f.Threshold, f.Recall, f.Low, f.High = finite(threshold), recall, finite(low), finite(high)
	f.Precision, f.Reached = run.From(similar.Likely, keep)
	return f
}

// finite is f as JSON can say it.
func finite(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// embedRouting embeds every text once, as a question.
func embedRouting(ctx context.Context, e []kb.Embedder, set *eval.Routing) (map[string][]float32, error) {
	vectors := map[string][]float32{}
	var texts []string
	add := func(t string) {
		if _, seen := vectors[t]; !seen {
			vectors[t] = nil
			texts = append(texts, t)
		}
	}
	for _, p := range set.Pairs {
		add(p.A)
		add(p.B)
	}
	for _, l := range append(slices.Clone(set.History), set.Queries...) {
		add(l.Text)
		if l.Label != eval.OutOfScope {
			add(spoken(l.Label))
		}
	}
	got, err := embedShared(ctx, e, kb.AsQuestion, texts)
	if err != nil {
		return nil, err
	}
	for i, t := range texts {
		vectors[t] = got[i]
	}
	return vectors, nil
}

// spoken is a label as a category would be named.
func spoken(label string) string { return strings.ReplaceAll(label, "_", " ") }

// PairSignals compares the pairs of a set, each before the other texts of its source and language.
func PairSignals(pairs []eval.Pair, vectors map[string][]float32) []similar.Signals {
	texts := map[string][]similar.Request{}
	seen := map[string]bool{}
	for _, p := range pairs {
		for _, t := range []string{p.A, p.B} {
			if g := p.Group(); !seen[g+t] {
				seen[g+t] = true
				texts[g] = append(texts[g], similar.Request{Text: t, Lang: p.Lang, Vector: vectors[t]})
			}
		}
	}
	backgrounds := map[string]*similar.Background{}
	for g, ts := range texts {
		backgrounds[g] = similar.NewBackground(ts)
	}
	out := make([]similar.Signals, len(pairs))
	for i, p := range pairs {
		out[i] = backgrounds[p.Group()].Compare(similar.Request{Text: p.A, Lang: p.Lang, Vector: vectors[p.A]},
			similar.Request{Text: p.B, Lang: p.Lang, Vector: vectors[p.B]})
	}
	return out
}

// PairRidge is the ridge of the fits on pairs.
const PairRidge = 3

func runPairs(pairs []eval.Pair, vectors map[string][]float32) []eval.PairRun {
	signals := PairSignals(pairs, vectors)
	scored := func(name string, score func(i int) float64, features func(s similar.Signals) []float64) eval.PairRun {
		run := eval.PairRun{Name: name}
		for i, p := range pairs {
			x := eval.Scored{Pair: p}
			if score != nil {
				x.Score = score(i)
			}
			if features != nil {
				x.Features = features(signals[i])
			}
			run.Pairs = append(run.Pairs, x)
		}
		return run
	}
	source := func(p eval.Pair) string { return p.Source }
	leftOut := func(name string, change func(*similar.Signals)) eval.PairRun {
		return eval.LeftOut(name, scored("", nil, func(s similar.Signals) []float64 {
			change(&s)
			return s.Features()
		}).Pairs, source, PairRidge)
	}
	cosine := scored(PairsCosine, func(i int) float64 { return product(vectors[pairs[i].A], vectors[pairs[i].B]) }, nil)
	cosine.Raw = true
	return []eval.PairRun{
		cosine,
		leftOut(PairsWords, func(s *similar.Signals) { s.Vectors = false }),
		leftOut(PairsMeaning, func(s *similar.Signals) { s.SameLang = false }),
		leftOut(PairsLeftOut, func(*similar.Signals) {}),
		scored(PairsDefault, func(i int) float64 { return similar.DefaultWeights.Probability(signals[i]) }, nil),
	}
}

// RoutingExamples are labelled requests with their vectors.
func RoutingExamples(labelled []eval.Labelled, vectors map[string][]float32) []similar.Example {
	out := make([]similar.Example, len(labelled))
	for i, l := range labelled {
		out[i] = similar.Example{Request: similar.Request{Text: l.Text, Lang: l.Lang, Vector: vectors[l.Text]}, Category: l.Label}
	}
	return out
}

func runRoutes(source string, set *eval.Routing, vectors map[string][]float32) []eval.RouteFigures {
	history := slices.DeleteFunc(slices.Clone(set.History), func(l eval.Labelled) bool { return l.Source != source })
	queries := slices.DeleteFunc(slices.Clone(set.Queries), func(l eval.Labelled) bool {
		return l.Source != source && l.Label != eval.OutOfScope // what is out of scope is so everywhere
	})
	examples := RoutingExamples(history, vectors)
	var names []similar.Example
	for _, e := range examples {
		if name := spoken(e.Category); !slices.ContainsFunc(names, func(n similar.Example) bool { return n.Category == e.Category }) {
			names = append(names, similar.Example{Request: similar.Request{Text: name, Lang: e.Lang, Vector: vectors[name]}, Category: e.Category})
		}
	}
	wordless := slices.Clone(examples)
	for i := range wordless {
		wordless[i].Vector = nil
	}
	var out []eval.RouteFigures
	for _, system := range []struct {
		name      string
		threshold float64
		suggest   func(similar.Request) []similar.Guess
	}{
		{RouteNearest, 0, func(r similar.Request) []similar.Guess { return nearest(examples, r) }},
		{RouteNames, similar.Confident, suggester(names)},
		{RouteWords, similar.Confident, suggester(wordless)},
		{RouteDefault, similar.Confident, suggester(examples)},
	} {
		var told []eval.Told
		for _, q := range queries {
			t := eval.Told{Labelled: q}
			for i, g := range system.suggest(similar.Request{Text: q.Text, Lang: q.Lang, Vector: vectors[q.Text]}) {
				if t.Labels = append(t.Labels, g.Category); i == 0 {
					t.Confidence = g.Probability
				}
			}
			told = append(told, t)
		}
		f := eval.MeasureRoute(told, system.threshold)
		f.Source, f.System, f.Labels, f.History = source, system.name, len(names), len(history)
		out = append(out, f)
	}
	return out
}

func suggester(examples []similar.Example) func(similar.Request) []similar.Guess {
	c := similar.NewClassifier(examples, similar.DefaultParams)
	return func(r similar.Request) []similar.Guess { return c.Suggest(r, 3) }
}

// nearest is what everything is compared with: the categories of the nearest examples by cosine.
func nearest(examples []similar.Example, r similar.Request) []similar.Guess {
	best := map[string]float64{}
	for _, e := range examples {
		best[e.Category] = max(best[e.Category], product(e.Vector, r.Vector))
	}
	var out []similar.Guess
	for c, p := range best {
		out = append(out, similar.Guess{Category: c, Probability: p})
	}
	slices.SortFunc(out, func(a, b similar.Guess) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), strings.Compare(a.Category, b.Category))
	})
	return out[:min(3, len(out))]
}

func product(a, b []float32) (sum float64) {
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
