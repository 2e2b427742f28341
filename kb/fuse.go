package kb

import (
	"cmp"
	"math"
	"slices"
)

// Params weigh what the legs measured. Each change of a default carries the tables of
// "guichet eval" before and after.
type Params struct {
	Depth int // hits asked of each leg
	// The meaning of a hit is the mean of its better cosine, of text or title, and the two, weighed
	// by Text and Title. Titles that many articles share say little; short ones say much.
	Text, Title float64
	// Words is what a word share of one is worth, in cosine; Power makes small shares, which are
	// mostly accidents of common words, worth less still.
	Words, Power float64
	// A hit that has no vector yet is given the meaning that its words let expect: Expect at no
	// shared word, rising by ExpectWords.
	Expect, ExpectWords float64
}

// DefaultParams are fitted on the development set; docs/retrieval.md has the figures.
var DefaultParams = Params{Depth: 200, Text: 0.5, Title: 0.1, Words: 0.2, Power: 1.5, Expect: 0.2, ExpectWords: 0.5}

// Fuse joins the hits of both legs into one list, best first, with the signals of both.
//
// Scores are weighed, not ranks: a leg that found nothing useful still has a first rank, and with
// reciprocal ranks words would outvote meaning wherever question and article differ in language.
// A hit that meaning did not return is taken for a little worse than the last that it did; where it
// returned all it has, or says itself that the passage has no vector yet (Signals.Meaning is false),
// the words speak for the hit.
func Fuse(p Params, words, meaning []Hit) []Hit {
	at := make(map[PassageID]int, len(words)+len(meaning))
	all := make([]Hit, 0, len(words)+len(meaning))
	lowest := 1.0
	for _, h := range meaning {
		at[h.Passage] = len(all)
		all = append(all, h)
		if h.Signals.Meaning {
			lowest = min(lowest, p.meaning(h.Signals))
		}
	}
	named := len(all)
	for _, h := range words {
		if i, ok := at[h.Passage]; ok {
			all[i].Signals.Words, all[i].Signals.WordShare = h.Signals.Words, h.Signals.WordShare
			continue
		}
		at[h.Passage] = len(all)
		all = append(all, h)
	}
	for i := range all {
		s := all[i].Signals
		m := p.meaning(s)
		if !s.Meaning {
			if m = p.expected(s); i >= named && named >= p.Depth {
				m = min(m, lowest)
			}
		}
		all[i].Score = m + p.said(s)
	}
	slices.SortStableFunc(all, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Passage, b.Passage))
	})
	return all
}

// meaning is what the vectors say of a hit, about −1–1.
func (p Params) meaning(s Signals) float64 {
	return (max(s.Centred, s.Title) + p.Text*s.Centred + p.Title*s.Title) / (1 + p.Text + p.Title)
}

// said is what the words say of a hit, in the same measure.
func (p Params) said(s Signals) float64 { return p.Words * math.Pow(s.WordShare, p.Power) }

// expected is the meaning of a hit that has no vector yet.
func (p Params) expected(s Signals) float64 { return p.Expect + p.ExpectWords*s.WordShare }
