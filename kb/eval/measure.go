package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"guichet/kb"
)

// Answer is what a system makes of a question: groups, best first; and where it answers at all, the
// probability it gives to that answer, whether it offers it, and its text.
type Answer struct {
	Groups     []kb.GroupID
	Confidence float64
	Answered   bool
	Text       string
}

// System answers a question.
type System func(ctx context.Context, q kb.Query) (Answer, error)

// Run is what a system made of a set's questions.
type Run struct {
	Name    string
	Results []Result
}

// Result is one question and its marks, each 0–1.
type Result struct {
	Question
	Answer
	NDCG, MRR, Recall float64 // at 10, 10 and 5
	Top               bool    // the first group is relevant
	Contains          bool    // Text holds one of the gold answers
}

// Ask puts all questions to a system, each within its collection where byCollection is set.
func Ask(ctx context.Context, name string, questions []Question, byCollection bool, system System) (*Run, error) {
	run := &Run{Name: name, Results: make([]Result, 0, len(questions))}
	for _, q := range questions {
		query := kb.Query{Text: q.Text, Lang: q.Lang, Limit: 50}
		if byCollection {
			query.Collection = q.Collection
		}
		a, err := system(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("%s, question %s: %w", name, q.ID, err)
		}
		run.Results = append(run.Results, Mark(q, a))
	}
	return run, nil
}

// Mark judges one answer.
func Mark(q Question, a Answer) Result {
	r := Result{Question: q, Answer: a}
	gain, ideal := 0.0, 0.0
	for i, g := range a.Groups[:min(10, len(a.Groups))] {
		if !slices.Contains(q.Relevant, g) {
			continue
		}
		gain += 1 / math.Log2(float64(i)+2)
		if r.MRR == 0 {
			r.MRR = 1 / float64(i+1)
		}
		if i < 5 {
			r.Recall += 1 / float64(min(len(q.Relevant), 5))
		}
		r.Top = r.Top || i == 0
	}
	for i := range min(10, len(q.Relevant)) {
		ideal += 1 / math.Log2(float64(i)+2)
	}
	if ideal > 0 {
		r.NDCG = gain / ideal
	}
	text := squash(a.Text)
	for _, gold := range q.Answers {
		if gold = squash(gold); gold != "" && strings.Contains(text, gold) {
			r.Contains = true
		}
	}
	return r
}

// squash makes texts comparable: folded letters and digits, and one space for all between them.
func squash(s string) string {
	return strings.Join(strings.FieldsFunc(kb.Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// Where returns the results that keep says yes to.
func (r *Run) Where(keep func(Result) bool) []Result {
	var out []Result
	for _, x := range r.Results {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

// Mean returns the mean of f over results, × 100; NaN for none.
func Mean(results []Result, f func(Result) float64) float64 {
	sum := 0.0
	for _, r := range results {
		sum += f(r)
	}
	return 100 * sum / float64(len(results))
}

// InScope reports whether something answers the question.
func InScope(r Result) bool { return len(r.Relevant) > 0 }

// Near reports whether the question is about the collection's subject and its article is missing.
func Near(r Result) bool { return !InScope(r) && r.Subkind == "withheld" }

// AUROC is the probability, × 100, that a result of yes has a higher confidence than one of no.
func AUROC(yes, no []Result) float64 {
	type point struct {
		c   float64
		yes bool
	}
	var all []point
	for _, r := range yes {
		all = append(all, point{r.Confidence, true})
	}
	for _, r := range no {
		all = append(all, point{r.Confidence, false})
	}
	slices.SortFunc(all, func(a, b point) int { return cmp.Compare(a.c, b.c) })
	sum := 0.0
	for i := 0; i < len(all); { // ties share their mean rank
		j, n := i, 0
		for ; j < len(all) && all[j].c == all[i].c; j++ {
			if all[j].yes {
				n++
			}
		}
		sum += float64(n) * (float64(i+1) + float64(j)) / 2
		i = j
	}
	p, n := float64(len(yes)), float64(len(no))
	return 100 * (sum - p*(p+1)/2) / (p * n)
}

// CalibrationError is the expected difference between confidence and success, over ten bins of
// equal width. right says whether a result is a success.
func CalibrationError(results []Result, right func(Result) bool) float64 {
	var n, sure, good [10]float64
	for _, r := range results {
		bin := min(int(r.Confidence*10), 9)
		n[bin]++
		sure[bin] += r.Confidence
		if right(r) {
			good[bin]++
		}
	}
	sum := 0.0
	for i := range n {
		sum += math.Abs(sure[i] - good[i])
	}
	return sum / float64(len(results))
}
