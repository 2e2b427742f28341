package eval

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"guichet/kb"
)

// kinds are the kinds of in-scope questions in the order of the tables.
var kinds = []string{"paraphrase", "crosslingual", "keyword", "typo"}

// WriteFAQ writes Markdown tables that compare runs over an FAQ set.
func WriteFAQ(w io.Writer, runs ...*Run) error {
	t := table{w: w}
	t.line("nDCG@10 / MRR@10 / recall@5, × 100")
	t.line("")
	t.head([]string{"kind", "n"}, runs)
	row := func(label string, keep func(Result) bool) {
		n := len(runs[0].Where(keep))
		if n == 0 {
			return
		}
		cells := []string{label, fmt.Sprint(n)}
		for _, r := range runs {
			x := r.Where(keep)
			cells = append(cells, fmt.Sprintf("%.1f / %.1f / %.1f", Mean(x, ndcg), Mean(x, mrr), Mean(x, recall)))
		}
		t.row(cells)
	}
	for _, k := range kinds {
		row(k, func(r Result) bool { return InScope(r) && r.Kind == k })
	}
	row("**all**", InScope)
	for _, k := range append(slices.Clone(kinds), "all") {
		t.line("")
		t.line("nDCG@10 (recall@5) by language: " + k)
		t.line("")
		t.head([]string{"lang", "n"}, runs)
		for _, l := range kb.Langs {
			keep := func(r Result) bool { return InScope(r) && r.Lang == l && (k == "all" || r.Kind == k) }
			n := len(runs[0].Where(keep))
			if n == 0 {
				continue
			}
			cells := []string{string(l), fmt.Sprint(n)}
			for _, r := range runs {
				x := r.Where(keep)
				cells = append(cells, fmt.Sprintf("%.1f (%.1f)", Mean(x, ndcg), Mean(x, recall)))
			}
			t.row(cells)
		}
	}
	t.line("")
	t.line("nDCG@10 by collection")
	t.line("")
	t.head([]string{"collection", "kind", "n"}, runs)
	for _, c := range collections(runs[0]) {
		for _, k := range kinds {
			keep := func(r Result) bool { return InScope(r) && r.Collection == c && r.Kind == k }
			if n := len(runs[0].Where(keep)); n > 0 {
				cells := []string{string(c), k, fmt.Sprint(n)}
				for _, r := range runs {
					cells = append(cells, fmt.Sprintf("%.1f", Mean(r.Where(keep), ndcg)))
				}
				t.row(cells)
			}
		}
	}
	return t.err
}

// WriteOutcomes writes how well runs know when not to answer. near are questions whose article is
// missing, far those about something else; "open" leaves keyword and typo questions out.
func WriteOutcomes(w io.Writer, runs ...*Run) error {
	t := table{w: w}
	t.line("| run | AUROC all | far | near | near, open | kept | near refused | far refused | right and answered | calibration error |")
	t.line("|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range runs {
		in := r.Where(InScope)
		open := r.Where(func(x Result) bool { return InScope(x) && (x.Kind == "paraphrase" || x.Kind == "crosslingual") })
		none := r.Where(func(x Result) bool { return !InScope(x) })
		near := r.Where(Near)
		far := r.Where(func(x Result) bool { return !InScope(x) && !Near(x) })
		t.line(fmt.Sprintf("| %s | %s | %s | %s | %s | %.1f | %s | %s | %.1f | %.3f |", r.Name,
			num(AUROC(in, none)), num(AUROC(in, far)), num(AUROC(in, near)), num(AUROC(open, near)),
			Mean(in, answered), num(100-Mean(near, answered)), num(100-Mean(far, answered)),
			Mean(in, func(x Result) float64 { return one(x.Answered && x.Top) }),
			CalibrationError(r.Results, func(x Result) bool { return x.Top })))
	}
	return t.err
}

// WriteQA writes a Markdown table that compares runs over a QA set.
func WriteQA(w io.Writer, runs ...*Run) error {
	t := table{w: w}
	t.line("passage first / gold answer in the text offered, × 100")
	t.line("")
	t.head([]string{"collection", "lang", "kind", "n"}, runs)
	row := func(labels []string, keep func(Result) bool) {
		n := len(runs[0].Where(keep))
		if n == 0 {
			return
		}
		cells := append(labels, fmt.Sprint(n))
		for _, r := range runs {
			x := r.Where(keep)
			cells = append(cells, fmt.Sprintf("%.1f / %.1f", Mean(x, func(x Result) float64 { return one(x.Top) }),
				Mean(x, func(x Result) float64 { return one(x.Contains) })))
		}
		t.row(cells)
	}
	for _, c := range collections(runs[0]) {
		for _, l := range kb.Langs {
			for _, k := range []string{"answerable", "crosslingual"} {
				row([]string{string(c), string(l), k}, func(r Result) bool { return r.Collection == c && r.Lang == l && r.Kind == k })
			}
		}
	}
	for _, k := range []string{"answerable", "crosslingual"} {
		row([]string{"**all**", "", k}, func(r Result) bool { return r.Kind == k })
	}
	t.line("")
	t.line("| run | AUROC answerable against unanswerable | answered of the answerable | refused of the unanswerable |")
	t.line("|---|---|---|---|")
	for _, r := range runs {
		yes, no := r.Where(InScope), r.Where(func(x Result) bool { return !InScope(x) })
		t.line(fmt.Sprintf("| %s | %s | %.1f | %s |", r.Name, num(AUROC(yes, no)), Mean(yes, answered), num(100-Mean(no, answered))))
	}
	return t.err
}

func ndcg(r Result) float64     { return r.NDCG }
func mrr(r Result) float64      { return r.MRR }
func recall(r Result) float64   { return r.Recall }
func answered(r Result) float64 { return one(r.Answered) }

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// num writes a figure, or a dash where there was nothing to take it from.
func num(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.1f", x)
}

func collections(r *Run) []kb.CollectionKey {
	var all []kb.CollectionKey
	for _, x := range r.Results {
		if !slices.Contains(all, x.Collection) {
			all = append(all, x.Collection)
		}
	}
	slices.Sort(all)
	return all
}

// table writes lines and keeps the first error.
type table struct {
	w   io.Writer
	err error
}

func (t *table) line(s string) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, s)
	}
}

func (t *table) row(cells []string) { t.line("| " + strings.Join(cells, " | ") + " |") }

func (t *table) head(labels []string, runs []*Run) {
	for _, r := range runs {
		labels = append(labels, r.Name)
	}
	t.row(labels)
	t.line(strings.Repeat("|---", len(labels)) + "|")
}
