package bleveindex

import (
	"context"
	"math"

	index "github.com/blevesearch/bleve_index_api"

	"guichet/kb"
)

// Scoring is BM25 over several fields: a word's occurrences in title, headings and text are
// weighed and summed before they saturate, so that a word in all three does not count three times.
const (
	k1 = 1.2

	weightTitle, lengthTitle       = 3.0, 0.5
	weightHeadings, lengthHeadings = 1.5, 0.5
	weightText, lengthText         = 1.0, 0.75

	// foreign is what a word is worth that stands as it is in an article of another language: names
	// and numbers stay the same there, and little else.
	foreign = 0.4
	// A word that nobody writes is taken for its neighbours at one or two letters' distance.
	typo1, typo2 = 0.75, 0.5
	// chance is how likely a pair of Chinese characters that no text has is a word of its own.
	chance = 0.35
)

// stats are what scoring needs to know of all texts: how many a language has, and how long they
// are, in tokens, field by field. Words and lengths of all collections count, whatever a question
// is limited to.
type stats struct {
	docs    map[kb.Lang]float64
	average map[string]float64 // by field
}

// measure takes the statistics anew.
func (x *Index) measure() error {
	reader, err := x.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	s := &stats{docs: map[kb.Lang]float64{}, average: map[string]float64{}}
	for _, l := range kb.Langs {
		for _, f := range []string{fieldTitle, fieldHeadings, fieldText, fieldWords} {
			n, total := 0.0, 0.0
			err := each(context.Background(), reader, f+string(l), marker, func(d *index.TermFieldDoc) {
				n++
				total += length(d)
			})
			if err != nil {
				return err
			}
			if n > 0 {
				s.average[f+string(l)] = total / n
			}
			if f == fieldText {
				s.docs[l] = n
			}
		}
	}
	x.stats.Store(s)
	return nil
}

// length is how many tokens a field has, the marker included.
func length(d *index.TermFieldDoc) float64 { return 1 / (d.Norm * d.Norm) }

// each calls f for each document with a term in a field. The document is valid during the call.
func each(ctx context.Context, r index.IndexReader, field, term string, f func(*index.TermFieldDoc)) error {
	postings, err := r.TermFieldReader(ctx, []byte(term), field, true, true, false)
	if err != nil {
		return err
	}
	defer postings.Close()
	var d *index.TermFieldDoc
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if d, err = postings.Next(d); err != nil || d == nil {
			return err
		}
		f(d)
	}
}

// rarity is BM25's idf of a term that df of n texts have.
func rarity(n, df float64) float64 { return math.Log(1 + (n-df+0.5)/(df+0.5)) }

// field is where a term is looked up, and what an occurrence there is worth.
type field struct {
	name           string
	weight, length float64
}

func stemFields(l kb.Lang) []field {
	return []field{
		{fieldTitle + string(l), weightTitle, lengthTitle},
		{fieldHeadings + string(l), weightHeadings, lengthHeadings},
		{fieldText + string(l), weightText, lengthText},
	}
}

func wordFields(l kb.Lang) []field { return []field{{fieldWords + string(l), 1, lengthText}} }

// sheets are what a search writes on. They grow with the library, so they are kept from one search to
// the next.
type sheets struct{ total, term, occ, any sheet }

// sheet holds a score per document. Documents are numbered without great gaps, so a slice does.
type sheet struct {
	score   []float64
	touched []uint64 // documents with a score, in the order of their first
}

func (s *sheet) at(doc uint64) *float64 {
	if n := uint64(len(s.score)); doc >= n {
		s.score = append(s.score, make([]float64, max(doc+1-n, n, 1024))...)
	}
	if s.score[doc] == 0 {
		s.touched = append(s.touched, doc)
	}
	return &s.score[doc]
}

func (s *sheet) reset() {
	for _, doc := range s.touched {
		s.score[doc] = 0
	}
	s.touched = s.touched[:0]
}

// occurrences fills s with how much of a term each document has: occurrences by field, weighed and
// brought to the average length.
func (st *stats) occurrences(ctx context.Context, r index.IndexReader, s *sheet, term string, fields []field) error {
	s.reset()
	for _, f := range fields {
		average := st.average[f.name]
		if average == 0 {
			continue
		}
		err := each(ctx, r, f.name, term, func(d *index.TermFieldDoc) {
			*s.at(d.ID.Value()) += f.weight * float64(d.Freq) / (1 - f.length + f.length*length(d)/average)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// saturate is the part of a term's worth that occurrences earn, 0 to 1.
func saturate(occurrences float64) float64 { return occurrences / (k1 + occurrences) }
