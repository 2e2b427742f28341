package similar

import (
	"cmp"
	"math"
	"slices"

	"guichet/kb"
)

// Example is a request whose category is known: a past ticket's, or a category's own label and hint,
// which stand in where there are no tickets yet.
type Example struct {
	Request
	Category string
}

// Guess is a category that a request may be of.
type Guess struct {
	Category    string
	Probability float64
}

// Params of a Classifier.
type Params struct {
	Meaning float64 // share of the vectors in the likeness of two texts, the rest is their words'
	Width   float64 // how fast examples that are less like lose their say
	Ridge   float64 // how little a single example is trusted
	Steep   float64 // how sure it is of small differences
	None    float64 // the score at which « none of them » is as likely
	Most    int     // examples that are learnt from; the fit takes the cube of it
}

// DefaultParams were chosen by cross-validation on past requests alone (tools/routing -grid).
var DefaultParams = Params{Meaning: 0.75, Width: 2, Ridge: 0.1, Steep: 20, None: 0.24, Most: 2500}

// Confident is the probability below which no category is suggested: it is none of them, or
// nobody can tell.
const Confident = 0.5

// Classifier tells the category of requests from examples. It is kernel ridge regression: each
// example speaks for its category as loudly as it is like the request, and as the fit found it
// worth. Safe for concurrent use.
type Classifier struct {
	p          Params
	categories []string
	vectors    [][]float32 // centred
	means      map[kb.Lang][]float64
	texts      *lexical
	weights    [][]float64 // of each example for each category
}

// NewClassifier fits one; nil where the examples have fewer than two categories. Where most
// examples have vectors those that have none are left out, else vectors are. Of more than p.Most the
// first of each category are taken in turn, so give the newest first. Two thousand examples
// take about two seconds.
func NewClassifier(examples []Example, p Params) *Classifier {
	c := &Classifier{p: p}
	examples = c.choose(examples)
	if len(c.categories) < 2 {
		return nil
	}
	vectors, all := map[kb.Lang][][]float32{}, [][]float32{}
	if c.p.Meaning > 0 {
		for _, e := range examples {
			vectors[e.Lang], all = append(vectors[e.Lang], e.Vector), append(all, e.Vector)
		}
		c.means = meansOf(vectors, all)
		for _, e := range examples {
			c.vectors = append(c.vectors, centred(e.Vector, c.mean(e.Lang)))
		}
	}
	c.texts = newLexical(examples)
	n := len(examples)
	gram := make([][]float64, n) // lower half
	for i := range n {
		gram[i] = make([]float64, i+1)
		c.kernel(gram[i], c.vectorOf(i), c.texts.rows[i])
		gram[i][i] += p.Ridge
	}
	c.weights = make([][]float64, n)
	other := -1 / float64(len(c.categories)-1)
	for i, e := range examples {
		c.weights[i] = make([]float64, len(c.categories))
		for k, name := range c.categories {
			c.weights[i][k] = other
			if name == e.Category {
				c.weights[i][k] = 1
			}
		}
	}
	solve(gram, c.weights)
	return c
}

// choose settles with or without vectors, and on which examples.
func (c *Classifier) choose(examples []Example) []Example {
	with := map[int]int{} // by length of vector
	for _, e := range examples {
		with[len(e.Vector)]++
	}
	length, most := 0, 0
	for l, n := range with {
		if l > 0 && n > most {
			length, most = l, n
		}
	}
	if 2*most < len(examples) {
		c.p.Meaning = 0
	}
	by := map[string][]Example{}
	for _, e := range examples {
		if c.p.Meaning > 0 && len(e.Vector) != length {
			continue
		}
		if by[e.Category] == nil {
			c.categories = append(c.categories, e.Category)
		}
		by[e.Category] = append(by[e.Category], e)
	}
	slices.Sort(c.categories)
	var out []Example
	for i, more := 0, true; more; i++ {
		more = false
		for _, k := range c.categories {
			if i < len(by[k]) && len(out) < c.p.Most {
				out, more = append(out, by[k][i]), true
			}
		}
	}
	return out
}

func (c *Classifier) mean(l kb.Lang) []float64 {
	if m, ok := c.means[l]; ok {
		return m
	}
	return c.means[""]
}

func (c *Classifier) vectorOf(i int) []float32 {
	if c.vectors == nil {
		return nil
	}
	return c.vectors[i]
}

// kernel fills out with the likeness of a text and the first len(out) examples.
func (c *Classifier) kernel(out []float64, vector []float32, text sparse) {
	c.texts.likeness(out, text)
	for i := range out {
		alike := (1 - c.p.Meaning) * out[i]
		if c.p.Meaning > 0 {
			alike += c.p.Meaning * dot(vector, c.vectors[i])
		}
		out[i] = math.Exp(c.p.Width * (alike - 1))
	}
}

// ByMeaning reports whether it compares vectors too; if not, it needs none.
func (c *Classifier) ByMeaning() bool { return c.p.Meaning > 0 }

// Suggest returns the likeliest categories, at most n, best first. Their probabilities leave room
// for none of them: see Confident. Nothing where the request has no vector and the classifier wants
// one.
func (c *Classifier) Suggest(r Request, n int) []Guess {
	if c == nil {
		return nil
	}
	var vector []float32
	if c.ByMeaning() {
		if len(r.Vector) != len(c.vectors[0]) {
			return nil
		}
		if vector = centred(r.Vector, c.mean(r.Lang)); vector == nil {
			return nil
		}
	}
	alike := make([]float64, len(c.weights))
	c.kernel(alike, vector, c.texts.of(r))
	guesses, total := make([]Guess, len(c.categories)), math.Exp(c.p.Steep*c.p.None)
	for k, name := range c.categories {
		score := 0.0
		for i, a := range alike {
			score += a * c.weights[i][k]
		}
		guesses[k] = Guess{name, math.Exp(c.p.Steep * score)}
		total += guesses[k].Probability
	}
	for k := range guesses {
		guesses[k].Probability /= total
	}
	slices.SortStableFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses[:min(n, len(guesses))]
}
