package kb

import (
	"cmp"
	"math"
	"slices"
)

// Evidence is what speaks for an answer. None of it looks at how the question is put, its length or
// its question mark: only at what was found for it.
//
// Most of it is how the best group stands out. A question that nothing answers finds many articles
// about as near as the first. (The distance from the second would punish a subject that two articles
// treat.)
type Evidence struct {
	Meaning bool // vectors took part

	// With vectors: how far the best group stands above the third and the next ones, on average, by its
	// score; by how much the better title of the first two beats the best of those; the mean meaning of
	// its versions; its word share, and by how much that beats any other's.
	Lead, Title, Mean, Share, ShareLead float64

	// By words alone: the best group's word share, and its lead over the mean of the next ones.
	Words, WordsLead float64
}

// How many groups, best first, are looked at with the best one, and how many of their titles.
const (
	rivals      = 15
	titleRivals = 6
	wordRivals  = 10
)

// evidence reads the evidence off ranked groups, best first.
func evidence(groups []*group, meaning bool) Evidence {
	e := Evidence{Meaning: meaning}
	if len(groups) == 0 {
		return e
	}
	shares := make([]float64, len(groups))
	for i, g := range groups {
		shares[i] = g.share
	}
	slices.SortFunc(shares, descending)
	e.Words, e.WordsLead = shares[0], lead(shares[:min(len(shares), wordRivals+1)])
	if !meaning {
		return e
	}
	best, next := groups[0], groups[1:min(len(groups), rivals+1)]
	scores, titles, title, other := []float64{best.score}, []float64(nil), best.title, 0.0
	for i, g := range next {
		other = max(other, g.share)
		if i == 0 {
			title = max(title, g.title)
			continue
		}
		scores, titles = append(scores, g.score), append(titles, g.title)
	}
	slices.SortFunc(titles, descending)
	e.Lead, e.Title = lead(scores), lead(slices.Insert(titles[:min(len(titles), titleRivals)], 0, title))
	e.Mean, e.Share, e.ShareLead = best.mean, best.share, best.share-other
	return e
}

func descending(a, b float64) int { return cmp.Compare(b, a) }

// lead is how far the first value stands above the mean of the others; the value itself where there is
// no other.
func lead(values []float64) float64 {
	if len(values) < 2 {
		return sum(values)
	}
	return values[0] - sum(values[1:])/float64(len(values)-1)
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

// Features are the numbers that Confidence weighs, after a constant one; which there are depends on
// whether vectors took part.
func (e Evidence) Features() []float64 {
	if e.Meaning {
		return []float64{1, e.Lead, e.Title, e.Mean, e.Share, e.ShareLead}
	}
	return []float64{1, e.Words, e.WordsLead}
}

// calibration turns Features into a probability: their weighed sum z, bent by a curve, since what
// stands out far is not as much surer as what stands out a little. All are fitted by logistic
// regression on the development set (tools/devset -fit).
type calibration struct {
	weights []float64
	curve   [4]float64 // of 1, z, z² and, above zero, z² again
	from    float64    // z is taken for at least this and at most to, between which the curve rises
	to      float64
}

var (
	byMeaning = calibration{weights: []float64{-2.52, 5.35, 3.66, 3.50, -0.65, 1.85}, curve: [4]float64{0.182, 1.381, -0.609, 0.466}, from: -6, to: 4.8}
	byWords   = calibration{weights: []float64{-1.88, 2.11, 8.27}, curve: [4]float64{0.319, 1.133, -0.689, 0.627}, from: -6, to: 6}
)

// Confidence is the probability, 0–1, that what was found answers the question.
func (e Evidence) Confidence() float64 {
	c := byWords
	if e.Meaning {
		c = byMeaning
	}
	z := 0.0
	for i, x := range e.Features() {
		z += c.weights[i] * x
	}
	odds := 0.0
	for i, x := range Bend(min(max(z, c.from), c.to)) {
		odds += c.curve[i] * x
	}
	return 1 / (1 + math.Exp(-odds))
}

// Bend returns what the curve of confidence is made of at z.
func Bend(z float64) [4]float64 {
	above := max(z, 0)
	return [4]float64{1, z, z * z, above * above}
}
