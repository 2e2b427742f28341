package kb

import "math"

// Evidence is what speaks for an answer. None of it looks at how the question is put, its length or
// its question mark: only at what was found for it.
type Evidence struct {
	Meaning bool    // vectors took part
	Best    float64 // best centred cosine of a passage or title found
	Cosine  float64 // best raw cosine of a passage found
	Share   float64 // best word share of a passage found
	// Lead is how far the best group stands above the next ones, on average: by its score where
	// vectors took part, by its word share where not. A question that nothing answers finds many
	// articles about as near as the first. (The distance from the second alone would punish a
	// subject that two articles treat.)
	Lead float64
}

// rivals is how many groups the best one is compared with.
const rivals = 10

// gather reads the evidence off what was found, best first.
func gather(found []Found) Evidence {
	var e Evidence
	groups := map[GroupID]int{}
	var scores, shares []float64 // the best of each group
	for _, f := range found {
		s := f.Signals
		e.Share = max(e.Share, s.WordShare)
		if s.Meaning {
			if !e.Meaning {
				e.Meaning, e.Best, e.Cosine = true, -1, -1
			}
			e.Best = max(e.Best, s.Centred, s.Title)
			e.Cosine = max(e.Cosine, s.Cosine)
		}
		n, seen := groups[f.Group]
		if !seen {
			n = len(groups)
			groups[f.Group] = n
			scores, shares = append(scores, f.Score), append(shares, 0)
		}
		shares[n] = max(shares[n], s.WordShare)
	}
	if e.Lead = lead(shares); e.Meaning {
		e.Lead = lead(scores)
	}
	return e
}

// lead is how far the first value stands above the mean of the next ones.
func lead(values []float64) float64 {
	if len(values) < 2 {
		return sum(values)
	}
	next := values[1:min(len(values), rivals+1)]
	return values[0] - sum(next)/float64(len(next))
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
		return []float64{1, e.Best, e.Cosine, e.Share, e.Lead}
	}
	return []float64{1, e.Share, e.Lead}
}

// The weights of Features, fitted by logistic regression on the development set.
var (
	weightsMeaning = []float64{-3.13, 2.31, 0.87, 0.59, 7.58}
	weightsWords   = []float64{-1.85, 2.1, 8.24}
)

// Confidence is the probability, 0–1, that what was found answers the question.
func (e Evidence) Confidence() float64 {
	w := weightsWords
	if e.Meaning {
		w = weightsMeaning
	}
	odds := 0.0
	for i, x := range e.Features() {
		odds += w[i] * x
	}
	return 1 / (1 + math.Exp(-odds))
}
