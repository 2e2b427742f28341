package similar

import (
	"math"
	"slices"
	"unicode/utf8"
)

// Signals are what two requests have in common. None of them depends on which one comes first.
type Signals struct {
	Meaning  float64 // cosine of the vectors, each centred by its language; valid where Vectors
	Nearness float64 // by how many spreads that is above what each is to the operator's other requests
	Spelling float64 // cosine over pieces of three and four letters, by their rarity, 0–1
	Words    float64 // share of the words they are about that both have, by their rarity, 0–1
	Vectors  bool    // both have a vector, and the background knows what is usual
	SameLang bool    // words can be compared

	// 1 where both tell it and agree, -1 where both tell it and differ, else 0.
	Refs, Subject, Category int
}

// Compare looks at two requests before their background.
func (b *Background) Compare(x, y Request) Signals {
	s := Signals{SameLang: x.Lang == y.Lang, Subject: agree(x.Subject, y.Subject), Category: agree(x.Category, y.Category)}
	fx, fy := featuresOf(x.Lang, x.Text), featuresOf(y.Lang, y.Text)
	s.Refs = agreeRefs(fx.refs, fy.refs)
	if s.SameLang {
		u := b.words[x.Lang]
		if u == nil {
			u = &usage{texts: 1}
		}
		s.Words = shared(u, fx.content, fy.content)
		s.Spelling = cosine(u, u.pieces, fx.pieces, fy.pieces)
	}
	s.meaning(b, x, y)
	return s
}

func (s *Signals) meaning(b *Background, x, y Request) {
	mx, sx := b.of(x.Lang)
	my, sy := b.of(y.Lang)
	if len(x.Vector) == 0 || len(x.Vector) != len(y.Vector) || len(x.Vector) != len(mx) || len(sx) < minSample || len(sy) < minSample {
		return
	}
	cx, cy := centred(x.Vector, mx), centred(y.Vector, my)
	if cx == nil || cy == nil {
		return
	}
	s.Vectors, s.Meaning = true, dot(cx, cy)
	// What x usually is to requests in y's language, and the other way round.
	ux, dx := usual(sy, cx, cy)
	uy, dy := usual(sx, cy, cx)
	s.Nearness = ((s.Meaning-ux)/dx + (s.Meaning-uy)/dy) / 2
}

func agree(a, b string) int {
	switch {
	case a == "" || b == "":
		return 0
	case a == b:
		return 1
	}
	return -1
}

func agreeRefs(a, b map[string]bool) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	for r := range a {
		if b[r] {
			return 1
		}
	}
	return -1
}

// shared is how much of what either is about the other says too, in words that are alike as far as
// spelling tells: the mean of both sides, each word weighing its rarity.
func shared(u *usage, a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	alike := make([][]float64, len(a))
	for i, x := range a {
		alike[i] = make([]float64, len(b))
		for j, y := range b {
			alike[i][j] = spelledAlike(x, y)
		}
	}
	side := func(words []string, best func(i int) float64) float64 {
		got, all := 0.0, 0.0
		for i, w := range words {
			r := u.rarity(u.words[hash('w', w)])
			got, all = got+r*best(i), all+r
		}
		return got / all
	}
	ofA := side(a, func(i int) float64 { return slices.Max(alike[i]) })
	ofB := side(b, func(j int) (m float64) {
		for i := range a {
			m = max(m, alike[i][j])
		}
		return m
	})
	return min((ofA+ofB)/2, 1)
}

// spelledAlike is Dice's share of pairs of letters, with the first letter counted once more; 0 up
// to a half, as the words are then two.
func spelledAlike(a, b string) float64 {
	if a == b {
		return 1
	}
	if a[0] >= utf8.RuneSelf || b[0] >= utf8.RuneSelf { // folded, only other scripts begin so
		return 0
	}
	var pairs [64]uint16
	n := 0
	for i := -1; i+1 < len(a) && n < 64; i++ {
		pairs[n] = pairAt(a, i)
		n++
	}
	common, m := 0, 0
	for i := -1; i+1 < len(b) && m < 64; i++ {
		m++
		p := pairAt(b, i)
		if k := slices.Index(pairs[:n], p); k >= 0 {
			pairs[k] = 0 // each counts once; no pair is zero
			common++
		}
	}
	if d := 2 * float64(common) / float64(n+m); d > 0.5 {
		return d
	}
	return 0
}

// pairAt is the letter at i and the one after; at -1 the first one, marked as such.
func pairAt(s string, i int) uint16 {
	if i < 0 {
		return 1<<8 | uint16(s[0])
	}
	return uint16(s[i])<<8 | uint16(s[i+1])
}

func cosine(u *usage, of map[uint64]int, a, b map[uint64]int) float64 {
	weigh := func(p uint64, n int) float64 { return (1 + math.Log(float64(n))) * u.rarity(of[p]) }
	product, aa, bb := 0.0, 0.0, 0.0
	for p, n := range a {
		w := weigh(p, n)
		aa += w * w
		if m := b[p]; m > 0 {
			product += w * weigh(p, m)
		}
	}
	for p, n := range b {
		w := weigh(p, n)
		bb += w * w
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return min(product/math.Sqrt(aa*bb), 1)
}

// Features are the measured signals on scales of like size, behind the constant of a logistic
// regression: those of Weights' rows. What agrees or differs outright is not among them.
func (s Signals) Features() []float64 {
	meaning, words := []float64{s.Nearness / 2, s.Meaning * 4}, []float64{s.Spelling * 4, s.Words * 4}
	switch {
	case s.Vectors && s.SameLang:
		return append(append([]float64{1}, meaning...), words...)
	case s.Vectors:
		return append([]float64{1}, meaning...)
	}
	return append([]float64{1}, words...)
}

// Weights say how much each signal counts for the probability that two requests are one.
type Weights struct {
	// Fitted by tools/routing on judged pairs, constant first: with everything, by meaning alone
	// (requests in two languages), and by words alone (no embedder).
	Both    [5]float64 // 1, Nearness/2, Meaning×4, Spelling×4, Words×4
	Meaning [3]float64 // 1, Nearness/2, Meaning×4
	Words   [3]float64 // 1, Spelling×4, Words×4

	// Set by hand, in logits, for agreeing and for differing: judged pairs do not tell them. A
	// request about another order is another request, in whatever words it comes; categories are
	// chosen in haste, so they count little.
	Refs, Subject, Category [2]float64
}

// DefaultWeights are those in force.
var DefaultWeights = Weights{
	Both:     [5]float64{-1.74, 1.52, 1.40, 0.16, 0.56},
	Meaning:  [3]float64{-1.67, 1.65, 1.54},
	Words:    [3]float64{-1.13, 1.32, 1.95},
	Refs:     [2]float64{1, -3.5},
	Subject:  [2]float64{1, -5},
	Category: [2]float64{0.5, -0.5},
}

// Likely is the probability from which two requests are taken for one: of pairs in three
// languages that nobody had fitted it on, 95 in 100 above it were.
const Likely = 0.7

// most is the highest that texts alone can bring about, in logits.
const most = 4

// Probability is how likely the requests are one, 0–1.
func (w Weights) Probability(s Signals) float64 {
	var row []float64
	switch {
	case s.Vectors && s.SameLang:
		row = w.Both[:]
	case s.Vectors:
		row = w.Meaning[:]
	case s.SameLang:
		row = w.Words[:]
	default: // in two languages and without vectors nothing but a shared number can be told
		row = []float64{-4, 0, 0}
	}
	sum := 0.0
	for i, x := range s.Features() {
		sum += row[i] * x
	}
	// Words say only so much: the same ones about another order are another request.
	sum = most * math.Tanh(sum/most)
	for _, told := range []struct {
		agree  int
		weight [2]float64
	}{{s.Refs, w.Refs}, {s.Subject, w.Subject}, {s.Category, w.Category}} {
		switch told.agree {
		case 1:
			sum += told.weight[0]
		case -1:
			sum += told.weight[1]
		}
	}
	return 1 / (1 + math.Exp(-sum))
}

// Duplicate is the probability, 0–1, that two requests of one member are the same request.
func (b *Background) Duplicate(x, y Request) float64 {
	return DefaultWeights.Probability(b.Compare(x, y))
}
