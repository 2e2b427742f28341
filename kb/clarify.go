package kb

import (
	"slices"
	"strings"
)

// Choice is one reading of a question that could mean several things.
type Choice struct {
	Label string // the article, and its heading where that tells more
	Text  string // the question to ask instead
}

// ClarifyParams say when a question is asked back.
type ClarifyParams struct {
	// Margin is how far behind the best group another may be and still compete, as a share of how far
	// the best one stands above the five after it, on average. It holds in whatever scores are.
	Margin float64
	// High is the confidence from which the best one is taken all the same. What is not sure enough to
	// be answered is not asked back either.
	High float64
	// Most is how many groups may compete; more say that the question is about nothing in particular.
	Most int
}

// DefaultClarifyParams ask back seldom. On the development set, with High at 0.75: of the paraphrases
// whose best article is right 1.4 %, of those whose best one is wrong 9 %; across languages 0.9 and
// 12 %. High is lower here, so that no question of the starter help center is led away from its answer.
var DefaultClarifyParams = ClarifyParams{Margin: 0.15, High: 0.75, Most: 3}

// Clarify returns the two or three readings of a question whose articles compete closely, best first;
// nil where one article is clearly the best, or where none is likely to be meant. A question that is
// a reading's own words is not asked back.
func Clarify(q Query, found []Found, e Extraction) []Choice {
	return DefaultClarifyParams.clarify(q, found, e)
}

func (p ClarifyParams) clarify(q Query, found []Found, e Extraction) []Choice {
	if !e.Answers || !e.Evidence.Meaning || e.Confidence >= p.High {
		return nil
	}
	groups := ByGroup(found, q.Lang)
	scores := make([]float64, len(groups))
	for i, g := range groups {
		scores[i] = g.Score
	}
	scores = scores[:min(len(scores), 6)]
	margin, n := p.Margin*lead(scores), 0
	for n < len(scores) && scores[0]-scores[n] <= margin {
		n++
	}
	if n < 2 || n > p.Most {
		return nil
	}
	asked := Words(q.Lang, q.Text)
	var choices []Choice
	for _, f := range groups[:n] {
		c := Choice{Label: f.Source.Title, Text: f.Source.Title}
		if h := f.Source.Heading(); h != "" && Fold(h) != Fold(f.Source.Title) {
			c.Label = f.Source.Title + " › " + h
			c.Text = f.Source.Title + " " + h
		}
		for _, own := range []string{c.Text, f.Source.Title, f.Source.Heading()} {
			if slices.Equal(asked, Words(q.Lang, own)) {
				return nil
			}
		}
		if f.Lang != groups[0].Lang {
			return nil // a choice is made between what one reader can read
		}
		if slices.ContainsFunc(choices, func(x Choice) bool { return strings.EqualFold(x.Label, c.Label) }) {
			return nil // articles that share their title tell the reader nothing
		}
		choices = append(choices, c)
	}
	return choices
}
