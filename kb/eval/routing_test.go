package eval_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
	"guichet/kb/eval"
)

func TestReadRouting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := eval.ReadRouting(dir); err == nil {
		t.Error("an empty folder is read")
	}
	write("pairs.jsonl", `{"id":"p","lang":"fr","a":"où est mon colis","b":"colis perdu","duplicate":true,"source":"shop (own)"}`+"\n")
	got, err := eval.ReadRouting(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := &eval.Routing{Pairs: []eval.Pair{{ID: "p", Lang: kb.French, A: "où est mon colis", B: "colis perdu", Duplicate: true, Source: "shop"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	write("history.jsonl", `{"id":"h","lang":"en","text":"where is it","label":"order","source":"shop"}`)
	if _, err := eval.ReadRouting(dir); err == nil {
		t.Error("a history without queries is read")
	}
	write("queries.jsonl", `{"id":"q","lang":"sv","text":"hej","label":"order","source":"shop"}`)
	if _, err := eval.ReadRouting(dir); err == nil || !strings.Contains(err.Error(), "queries.jsonl:1") {
		t.Errorf("a strange language: %v", err)
	}
}

func pairs(scores ...float64) (run eval.PairRun) {
	for i, s := range scores { // the odd ones are duplicates
		run.Pairs = append(run.Pairs, eval.Scored{Pair: eval.Pair{Duplicate: i%2 == 1, Source: string(rune('a' + i%4/2))}, Score: s, Features: []float64{1, s}})
	}
	return run
}

func TestPairFigures(t *testing.T) {
	t.Parallel()
	all := func(eval.Pair) bool { return true }
	r := pairs(0.1, 0.9, 0.2, 0.8, 0.7, 0.6)
	if got := r.AUROC(all); math.Abs(got-100*8.0/9) > 1e-9 {
		t.Errorf("AUROC %v", got)
	}
	if at, recall := r.AtPrecision(1, all); at != 0.8 || recall != (eval.Share{K: 2, N: 3}) {
		t.Errorf("at precision 1: %v %v", at, recall)
	}
	if at, recall := r.AtPrecision(0.75, all); at != 0.6 || recall != (eval.Share{K: 3, N: 3}) {
		t.Errorf("at precision 0.75: %v %v", at, recall)
	}
	// Equal scores are taken together or not at all.
	if _, recall := pairs(0.5, 0.5, 0.1, 0.5).AtPrecision(1, all); recall.K != 0 {
		t.Errorf("ties: %v", recall)
	}
	if p, recall := r.From(0.65, all); p != (eval.Share{K: 2, N: 3}) || recall != (eval.Share{K: 2, N: 3}) {
		t.Errorf("from 0.65: %v %v", p, recall)
	}
	if low, high := (eval.Share{K: 95, N: 100}).Wilson(); math.Abs(low-88.8) > 0.1 || math.Abs(high-97.8) > 0.1 {
		t.Errorf("Wilson %v–%v", low, high)
	}
}

// TestLeftOut: a pair's own source has no say in its score.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	r := pairs(0.1, 0.9, 0.2, 0.8, 0.1, 0.7, 0.3, 0.9)
	source := func(p eval.Pair) string { return p.Source }
	before := eval.LeftOut("x", r.Pairs, source, 1)
	for i := range r.Pairs {
		if r.Pairs[i].Source == "a" {
			r.Pairs[i].Duplicate = !r.Pairs[i].Duplicate
		}
	}
	after := eval.LeftOut("x", r.Pairs, source, 1)
	for i, p := range before.Pairs {
		if same := p.Score == after.Pairs[i].Score; same != (p.Source == "a") {
			t.Errorf("pair %d of %s: %v, then %v", i, p.Source, p.Score, after.Pairs[i].Score)
		}
	}
}

func TestMeasureRoute(t *testing.T) {
	t.Parallel()
	told := func(label string, c float64, labels ...string) eval.Told {
		return eval.Told{Labelled: eval.Labelled{Label: label}, Labels: labels, Confidence: c}
	}
	got := eval.MeasureRoute([]eval.Told{told("a", 0.9, "a", "b"), told("b", 0.6, "a", "c", "b"), told("c", 0.3, "c"), told("d", 0.2),
		told(eval.OutOfScope, 0.4, "a"), told(eval.OutOfScope, 0.1)}, 0.5)
	want := eval.RouteFigures{Top: eval.Share{K: 2, N: 4}, Top3: eval.Share{K: 3, N: 4}, OutOfScope: 2, OOSAUROC: 75,
		Shown: eval.Share{K: 2, N: 4}, ShownRight: eval.Share{K: 1, N: 2}, ShownOOS: eval.Share{K: 0, N: 2}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
