package kb

import (
	"context"
	"slices"
)

// Extraction is the answer without a language model: sentences taken word for word from passages.
type Extraction struct {
	Answers    bool    // whether the sentences are offered as an answer
	Confidence float64 // probability, 0–1, that the passages quoted answer the question
	Sentences  []ExtractedSentence
	Quotes     []Quote
	Evidence   Evidence // what Confidence was computed from
}

// ExtractedSentence is one sentence of the answer. Quote is the index of the quote it lies in.
type ExtractedSentence struct {
	Text  string
	Quote int
}

// Quote is a stretch of a passage's text, word for word: Text == Passage.Text[Start:End].
type Quote struct {
	Passage    Passage
	Start, End int
	Text       string
}

// Bounds of an answer. A list quoted as a whole counts as one sentence.
const (
	MaxSentences     = 3
	MaxAnswer        = 450 // characters
	MaxAnswerChinese = 180 // characters, where all are Chinese
)

// ExtractParams weigh what speaks for a sentence. All weights are in cosines of the sentence.
type ExtractParams struct {
	Passages int     // how many passages are read
	Words    float64 // a sentence that has all the question's words
	// A sentence in another language than the question's cannot have its words: it is given the share
	// that its cosine lets expect, Guess at none and rising by GuessCosine.
	Guess, GuessCosine float64
	Home               float64 // a sentence in the question's language
	Passage            float64 // its passage's score, counted from the best one's
	Number             float64 // a number, where the question asks for one
	Margin             float64 // how far behind the best sentence another may be and still be added
	// Foreign is how far behind it may be where neither is in the question's language, nor both in one.
	Foreign float64
	Expect  float64 // cosine of a sentence without a vector
	// Threshold is the confidence from which an answer is offered.
	Threshold float64
}

// DefaultExtractParams are fitted on the development set; docs/retrieval.md has the figures.
var DefaultExtractParams = ExtractParams{Passages: 8, Words: 0.5, Guess: 0.2, GuessCosine: 1, Passage: 0.8, Number: 0.1, Home: 0.2,
	Margin: 0.45, Foreign: 0.15, Expect: 0.3, Threshold: 0.5}

// ExtractorConfig says what an Extractor works with.
type ExtractorConfig struct {
	Scorer SentenceScorer // nil: words alone
	Params ExtractParams  // zero means DefaultExtractParams
}

// Extractor takes the sentences that answer a question out of what was found. Safe for concurrent
// use.
type Extractor struct{ c ExtractorConfig }

// NewExtractor returns an Extractor.
func NewExtractor(c ExtractorConfig) *Extractor {
	if c.Params == (ExtractParams{}) {
		c.Params = DefaultExtractParams
	}
	return &Extractor{c}
}

// Extract answers q from r, which Hybrid.Search found for it: at most MaxSentences sentences and
// MaxAnswer characters, those of one passage in reading order. Nothing found, or nothing to quote,
// is an extraction without sentences. Where the scorer fails, the words decide alone; the only
// error is ctx's.
func (x *Extractor) Extract(ctx context.Context, q Query, r Results) (Extraction, error) {
	if q.Vector == nil {
		q.Vector = r.Vector
	}
	found := oneLanguage(r.Found, q.Lang)
	found = found[:min(len(found), x.c.Params.Passages)]
	cosines, err := x.cosines(ctx, q, found)
	if err != nil {
		return Extraction{}, err
	}
	candidates := x.candidates(q, found, cosines)
	e := quote(found, x.choose(q, found, candidates))
	e.Evidence = r.Evidence
	e.Confidence = e.Evidence.Confidence()
	e.Answers = e.Confidence >= x.c.Params.Threshold
	return e.Grounded(), nil
}

// oneLanguage keeps of each group the passages of one language: lang where the group was found in
// it, else that of its best passage.
func oneLanguage(found []Found, lang Lang) []Found {
	keep := map[GroupID]Lang{}
	for _, f := range found {
		if _, seen := keep[f.Group]; !seen || f.Lang == lang {
			keep[f.Group] = f.Lang
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f Found) bool { return keep[f.Group] != f.Lang })
}

// cosines asks the scorer; without one, or where it fails, no sentence has a cosine.
func (x *Extractor) cosines(ctx context.Context, q Query, found []Found) (map[PassageID][]float64, error) {
	if x.c.Scorer == nil || q.Vector == nil || len(found) == 0 {
		return nil, ctx.Err()
	}
	ids := make([]PassageID, len(found))
	for i, f := range found {
		ids[i] = f.Source.ID
	}
	scores, err := x.c.Scorer.SentenceScores(ctx, q, ids)
	if err != nil {
		return nil, ctx.Err()
	}
	return scores, nil
}

// candidate is a sentence that may be part of the answer.
type candidate struct {
	found, sentence int     // of which passage, and which of its sentences
	cosine          float64 // with the question, centred; meaningless unless measured
	measured        bool
	overlap         float64 // of the question's words, weighed by rarity, 0–1
	score           float64
}

// candidates scores every sentence of the passages.
func (x *Extractor) candidates(q Query, found []Found, cosines map[PassageID][]float64) []candidate {
	var all []candidate
	var texts [][]string // words of each candidate
	for i, f := range found {
		scores := cosines[f.Source.ID]
		for n := range f.Source.Sentences {
			c := candidate{found: i, sentence: n, cosine: x.c.Params.Expect}
			if len(scores) == len(f.Source.Sentences) {
				c.cosine, c.measured = scores[n], true
			}
			all = append(all, c)
			texts = append(texts, Words(f.Lang, f.Source.Sentence(n)))
		}
	}
	overlaps := overlaps(q, texts)
	number := asksNumber(q)
	for i := range all {
		c := &all[i]
		f := found[c.found]
		if c.overlap = overlaps[i]; c.measured && q.Lang != "" && f.Lang != q.Lang {
			c.overlap = max(c.overlap, min(max(x.c.Params.Guess+x.c.Params.GuessCosine*c.cosine, 0), 1))
		}
		c.score = c.cosine + x.c.Params.Words*c.overlap + x.c.Params.Passage*(f.Score-found[0].Score)
		if f.Lang == q.Lang {
			c.score += x.c.Params.Home * c.overlap * c.overlap
		}
		if number && hasNumber(f.Source.Sentence(c.sentence)) {
			c.score += x.c.Params.Number
		}
	}
	return all
}
