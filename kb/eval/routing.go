package eval

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"guichet/kb"
)

// OutOfScope is the label of a request that no category fits.
const OutOfScope = "__oos__"

// Routing is a set of judged requests: pairs of which some are one request twice, past requests with
// their category, and new ones whose category is to be told.
type Routing struct {
	Pairs            []Pair
	History, Queries []Labelled
}

// Pair is two requests in one language.
type Pair struct {
	ID, A, B  string
	Lang      kb.Lang
	Duplicate bool
	Source    string
}

// Labelled is a request and its category.
type Labelled struct {
	ID, Text, Label string
	Lang            kb.Lang
	Source          string // its first word
}

// ReadRouting reads what there is of pairs.jsonl, history.jsonl and queries.jsonl in dir; a set has
// pairs, or the two others, or all.
func ReadRouting(dir string) (*Routing, error) {
	var r Routing
	var err error
	if r.Pairs, err = readLines(filepath.Join(dir, "pairs.jsonl"), func(p Pair) (Pair, error) {
		p.Source = firstWord(p.Source)
		_, err := kb.ParseLang(string(p.Lang))
		return p, err
	}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	label := func(l Labelled) (Labelled, error) {
		l.Source = firstWord(l.Source)
		_, err := kb.ParseLang(string(l.Lang))
		return l, err
	}
	history, errHistory := readLines(filepath.Join(dir, "history.jsonl"), label)
	queries, errQueries := readLines(filepath.Join(dir, "queries.jsonl"), label)
	r.History, r.Queries = history, queries
	for _, err := range []error{errHistory, errQueries} {
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && len(r.Pairs) > 0 && len(history)+len(queries) == 0) {
			return nil, err
		}
	}
	return &r, nil
}

func firstWord(s string) string {
	return strings.Join(strings.Fields(s)[:min(1, len(strings.Fields(s)))], "")
}

// Scored is a judged pair and what a system makes of it.
type Scored struct {
	Pair
	Score    float64
	Features []float64 // for LeftOut
}

// PairRun is what a system made of all pairs.
type PairRun struct {
	Name  string
	Pairs []Scored
	Raw   bool // its scores are no probabilities
}

// LeftOut gives each pair the probability of a logistic regression fitted on the pairs of all other
// groups; by names a pair's group. All rows of features must be of one length.
func LeftOut(name string, pairs []Scored, by func(Pair) string, ridge float64) PairRun {
	run := PairRun{Name: name, Pairs: slices.Clone(pairs)}
	weights := map[string][]float64{}
	for i, p := range run.Pairs {
		group := by(p.Pair)
		if weights[group] == nil {
			weights[group] = FitPairs(pairs, func(q Pair) bool { return by(q) != group }, ridge)
		}
		run.Pairs[i].Score = Logistic(weights[group], p.Features)
	}
	return run
}

// FitPairs fits a logistic regression on those pairs that keep says yes to.
func FitPairs(pairs []Scored, keep func(Pair) bool, ridge float64) []float64 {
	var x [][]float64
	var y []bool
	for _, p := range pairs {
		if keep(p.Pair) {
			x, y = append(x, p.Features), append(y, p.Duplicate)
		}
	}
	return FitLogistic(x, y, ridge)
}

// AUROC of the pairs that keep says yes to, × 100.
func (r PairRun) AUROC(keep func(Pair) bool) float64 {
	var yes, no []Result
	for _, p := range r.Pairs {
		switch x := (Result{Answer: Answer{Confidence: p.Score}}); {
		case !keep(p.Pair):
		case p.Duplicate:
			yes = append(yes, x)
		default:
			no = append(no, x)
		}
	}
	return AUROC(yes, no)
}

// Share is k of n.
type Share struct {
	K int `json:"k"`
	N int `json:"n"`
}

// Of is the share × 100; NaN of nothing.
func (s Share) Of() float64 { return 100 * float64(s.K) / float64(s.N) }

// Wilson returns the share's 95 % interval by Wilson's score, × 100.
func (s Share) Wilson() (low, high float64) {
	if s.N == 0 {
		return math.NaN(), math.NaN()
	}
	const z = 1.959964
	n, p := float64(s.N), float64(s.K)/float64(s.N)
	mid, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return 100 * (mid - half) / (1 + z*z/n), 100 * (mid + half) / (1 + z*z/n)
}

func (s Share) String() string {
	low, high := s.Wilson()
	return fmt.Sprintf("%.1f (%.0f–%.0f)", s.Of(), low, high)
}

// AtPrecision returns the lowest score from which, taking all pairs at or above it, at least
// precision (0–1) of them are duplicates, and how many of the duplicates that finds.
func (r PairRun) AtPrecision(precision float64, keep func(Pair) bool) (threshold float64, recall Share) {
	pairs := slices.DeleteFunc(slices.Clone(r.Pairs), func(p Scored) bool { return !keep(p.Pair) })
	slices.SortFunc(pairs, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	threshold = math.Inf(1)
	hits := 0
	for i, p := range pairs {
		if p.Duplicate {
			hits++
			recall.N++
		}
		last := i+1 == len(pairs) || pairs[i+1].Score < p.Score
		if last && float64(hits) >= precision*float64(i+1) {
			threshold, recall.K = p.Score, hits
		}
	}
	return threshold, recall
}

// From returns precision and recall of taking every pair at or above a score.
func (r PairRun) From(threshold float64, keep func(Pair) bool) (precision, recall Share) {
	for _, p := range r.Pairs {
		if !keep(p.Pair) {
			continue
		}
		if p.Duplicate {
			recall.N++
		}
		if p.Score >= threshold {
			precision.N++
			if p.Duplicate {
				precision.K++
				recall.K++
			}
		}
	}
	return precision, recall
}

// PairGroups are the source and language of pairs, as they come.
func PairGroups(pairs []Pair) []string {
	var out []string
	for _, p := range pairs {
		if g := p.Group(); !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

// Group is a pair's source and language: one help center.
func (p Pair) Group() string { return p.Source + " " + string(p.Lang) }

// Told is a query and the labels a system gives it, best first.
type Told struct {
	Labelled
	Labels     []string
	Confidence float64 // in the first
}

// RouteFigures are what a system made of one source's queries.
type RouteFigures struct {
	Source     string  `json:"source"`
	System     string  `json:"system"`
	Labels     int     `json:"labels"`
	History    int     `json:"history"`
	Top        Share   `json:"top1"`
	Top3       Share   `json:"top3"`
	OutOfScope int     `json:"out_of_scope"`
	OOSAUROC   float64 `json:"out_of_scope_auroc"`
	Shown      Share   `json:"shown"`       // of the queries in scope, at or above the threshold
	ShownRight Share   `json:"shown_right"` // of those, how many are right
	ShownOOS   Share   `json:"shown_out_of_scope"`
}

// MeasureRoute measures what was told of one source's queries and of those out of scope. An AUROC
// without any out of scope is 0.
func MeasureRoute(told []Told, threshold float64) RouteFigures {
	var f RouteFigures
	var in, out []Result
	for _, t := range told {
		r := Result{Answer: Answer{Confidence: t.Confidence}}
		shown := t.Confidence >= threshold && len(t.Labels) > 0
		if t.Label == OutOfScope {
			out = append(out, r)
			f.ShownOOS.N++
			if shown {
				f.ShownOOS.K++
			}
			continue
		}
		in = append(in, r)
		right := len(t.Labels) > 0 && t.Labels[0] == t.Label
		count := func(s *Share, yes bool) {
			s.N++
			if yes {
				s.K++
			}
		}
		count(&f.Top, right)
		count(&f.Top3, slices.Contains(t.Labels[:min(3, len(t.Labels))], t.Label))
		count(&f.Shown, shown)
		if shown {
			count(&f.ShownRight, right)
		}
	}
	f.OutOfScope = len(out)
	if len(in) > 0 && len(out) > 0 {
		f.OOSAUROC = AUROC(in, out)
	}
	return f
}

// WritePairs writes a table that compares runs over pairs: what is found at a precision, by a threshold
// of each group's own and by one for all, and what a probability of likely reaches.
func WritePairs(w io.Writer, precision, likely float64, runs ...PairRun) error {
	t := table{w: w}
	if len(runs) == 0 || len(runs[0].Pairs) == 0 {
		return nil
	}
	var pairs []Pair
	for _, p := range runs[0].Pairs {
		pairs = append(pairs, p.Pair)
	}
	t.line(fmt.Sprintf("AUROC × 100; recall %% (95 %% interval, Wilson) where %.0f %% of what is found is right", 100*precision))
	t.line("")
	head := []string{"system"}
	groups := PairGroups(pairs)
	for _, g := range groups {
		head = append(head, g, "recall")
	}
	t.row(append(head, "mean", "all, one threshold", "recall", "threshold",
		fmt.Sprintf("precision from %.2f", likely), "recall"))
	t.row(slices.Repeat([]string{"---"}, len(head)+6))
	for _, r := range runs {
		cells, sum := []string{r.Name}, 0.0
		for _, g := range groups {
			keep := func(p Pair) bool { return p.Group() == g }
			a := r.AUROC(keep)
			_, recall := r.AtPrecision(precision, keep)
			cells, sum = append(cells, fmt.Sprintf("%.1f", a), recall.String()), sum+a
		}
		all := func(Pair) bool { return true }
		threshold, recall := r.AtPrecision(precision, all)
		cells = append(cells, fmt.Sprintf("%.1f", sum/float64(len(groups))), fmt.Sprintf("%.1f", r.AUROC(all)), recall.String(), fmt.Sprintf("%.2f", threshold))
		if right, reached := r.From(likely, all); r.Raw {
			cells = append(cells, "–", "–")
		} else {
			cells = append(cells, right.String(), reached.String())
		}
		t.row(cells)
	}
	return t.err
}

// WriteRoutes writes a table of figures.
func WriteRoutes(w io.Writer, figures ...RouteFigures) error {
	t := table{w: w}
	t.line("| source | system | labels | history | queries | top-1 (95 %) | top-3 | out of scope | AUROC | shown | of these right | out of scope shown |")
	t.line("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, f := range figures {
		t.row([]string{f.Source, f.System, fmt.Sprint(f.Labels), fmt.Sprint(f.History), fmt.Sprint(f.Top.N), f.Top.String(),
			fmt.Sprintf("%.1f", f.Top3.Of()), fmt.Sprint(f.OutOfScope), fmt.Sprintf("%.1f", f.OOSAUROC), fmt.Sprintf("%.1f", f.Shown.Of()),
			fmt.Sprintf("%.1f", f.ShownRight.Of()), fmt.Sprintf("%.1f", f.ShownOOS.Of())})
	}
	return t.err
}
