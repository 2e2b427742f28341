package bleveindex

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	index "github.com/blevesearch/bleve_index_api"

	"guichet/internal/problem"
	"guichet/kb"
)

// Bounds of one search: a question may be anything that a stranger types.
const (
	maxConsidered = 128  // distinct words looked up
	maxTerms      = 32   // of them, how many are searched: the rarest
	maxGuessed    = 6    // unknown words whose neighbours are looked for
	maxNeighbours = 6    // of one unknown word
	minGuess      = 5    // letters of a word that may be a typo
	minGuess2     = 9    // letters of one that may hold two
	minBegun      = 2    // letters of a word that may go on
	maxBegun      = 2000 // words that begin with it, looked at
	maxFinished   = 24   // of them, how many are searched: the commonest
)

// Retrieve finds passages by words: in the question's language by stems, with tolerance for
// typos, in the others by the words as they are written. Where the question's language is not
// known it is read in every one of them.
//
// WordShare is the part of the question's worth that a text earns: each of its words is worth its
// rarity, and a text earns the more of it the oftener it has the word, never all. Words nobody
// writes are worth most and earned by none, so a question about something else has low shares.
func (x *Index) Retrieve(ctx context.Context, q kb.Query) (hits []kb.Hit, err error) {
	defer problem.Wrap(&err, "bleveindex.Retrieve")
	done, err := x.use()
	if err != nil {
		return nil, err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	reader, err := x.reader()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	s := &search{Index: x, ctx: ctx, r: reader, stats: x.stats.Load(), sheets: x.sheets.Get().(*sheets)}
	defer x.sheets.Put(s.sheets)
	if err := s.exclude(q); err != nil {
		return nil, err
	}
	for _, l := range kb.Langs {
		if s.stats.docs[l] > 0 {
			if err := s.searchIn(q, l); err != nil {
				return nil, err
			}
		}
	}
	return s.hits(q.Limit)
}

// search is one Retrieve at work.
type search struct {
	*Index
	ctx   context.Context
	r     index.IndexReader
	stats *stats
	*sheets

	allowed map[uint64]bool // nil allows all
	denied  map[uint64]bool
	found   []match
}

// match is one document found.
type match struct {
	doc          uint64
	score, share float64
}

// exclude reads which documents q may not or need not return. Few articles are for some readers
// only, so those that are not for q's are the short list.
func (s *search) exclude(q kb.Query) error {
	for a := q.Audience + 1; a <= kb.Staff; a++ {
		if s.denied == nil {
			s.denied = map[uint64]bool{}
		}
		if err := s.collect(fieldAudience, strconv.Itoa(int(a)), s.denied); err != nil {
			return err
		}
	}
	if q.Collection == "" {
		return nil
	}
	s.allowed = map[uint64]bool{}
	return s.collect(fieldCollection, string(q.Collection), s.allowed)
}

func (s *search) collect(field, term string, into map[uint64]bool) error {
	return each(s.ctx, s.r, field, term, func(d *index.TermFieldDoc) { into[d.ID.Value()] = true })
}

// searchIn adds what the texts of one language answer to q.
func (s *search) searchIn(q kb.Query, l kb.Lang) error {
	home := q.Lang == l || q.Lang == ""
	terms, err := s.terms(q, l, home)
	if err != nil {
		return err
	}
	total, term, occ, any := &s.total, &s.term, &s.occ, &s.any
	total.reset()
	ideal := 0.0
	for _, t := range terms {
		worth := rarity(s.stats.docs[l], 0)
		if l == kb.Chinese && !hasDigit(t.word) {
			worth *= chance // most unknown pairs of characters are the seam of two words
		}
		term.reset()
		if t.begun { // whichever way it ends
			any.reset()
			for _, f := range t.forms {
				if err := s.stats.occurrences(s.ctx, s.r, occ, f.term, f.fields); err != nil {
					return err
				}
				for _, doc := range occ.touched {
					*any.at(doc) += occ.score[doc]
				}
			}
			worth = rarity(s.stats.docs[l], float64(len(any.touched)))
			for _, doc := range any.touched {
				*total.at(doc) += worth * saturate(any.score[doc])
			}
			ideal += worth
			continue
		}
		for i, f := range t.forms {
			if err := s.stats.occurrences(s.ctx, s.r, occ, f.term, f.fields); err != nil {
				return err
			}
			if len(occ.touched) == 0 {
				continue
			}
			rare := rarity(s.stats.docs[l], float64(len(occ.touched)))
			if i == 0 {
				worth = rare
			}
			for _, doc := range occ.touched {
				best := term.at(doc)
				*best = max(*best, f.weight*rare*saturate(occ.score[doc]))
			}
		}
		ideal += worth
		for _, doc := range term.touched {
			*total.at(doc) += term.score[doc]
		}
	}
	for _, doc := range total.touched {
		if s.denied[doc] || s.allowed != nil && !s.allowed[doc] {
			continue
		}
		s.found = append(s.found, match{doc, total.score[doc], min(total.score[doc]/ideal, 1)})
	}
	return nil
}

// term is a word of the question and the forms it is looked for in; a text earns by the best one.
type term struct {
	word  string
	forms []form
	df    uint64 // texts that have the first form
	begun bool   // it may go on: forms are the ways in which texts go on with it
}

type form struct {
	term   string
	fields []field
	weight float64
}

// terms reads q's words as texts of language l have them: home is whether q is in that language.
func (s *search) terms(q kb.Query, l kb.Lang, home bool) ([]term, error) {
	terms := make([]term, 0, 16)
	for _, w := range questionWords(q, l) {
		t := term{word: w, forms: []form{{w, wordFields(l), foreign}}}
		if home && kb.StopWord(l, w) {
			t.forms[0].weight = 1 // nothing but such words: they stand in the word field alone
		} else if home {
			t.forms = []form{{s.stem[l].stemOf(w), stemFields(l), 1}}
		} else if kb.StopWord(l, w) || utf8.RuneCountInString(w) < 3 && !hasDigit(w) {
			continue
		}
		for _, f := range t.forms[0].fields {
			postings, err := s.r.TermFieldReader(s.ctx, []byte(t.forms[0].term), f.name, false, false, false)
			if err != nil {
				return nil, err
			}
			t.df = max(t.df, postings.Count())
			if err := postings.Close(); err != nil {
				return nil, err
			}
		}
		terms = append(terms, t)
	}
	// Known words first, the rarest before the others; unknown ones from the longest.
	slices.SortStableFunc(terms, func(a, b term) int {
		if (a.df == 0) != (b.df == 0) {
			return cmp.Compare(b.df, a.df)
		}
		return cmp.Or(cmp.Compare(a.df, b.df), cmp.Compare(len(b.word), len(a.word)))
	})
	terms = terms[:min(len(terms), maxTerms)]
	if begun := lastWord(q, l); home && begun != "" {
		for i := range terms {
			if terms[i].word == begun {
				if err := s.finish(&terms[i], l); err != nil {
					return nil, err
				}
			}
		}
	}
	guessed := 0
	for i := range terms {
		if t := &terms[i]; home && t.df == 0 && !t.begun && guessed < maxGuessed {
			guessed++
			if err := s.guess(t, l); err != nil {
				return nil, err
			}
		}
	}
	return terms, nil
}

// questionWords returns q's distinct words as a reader of language l takes them, without those
// that carry no subject; with them where nothing else is there.
func questionWords(q kb.Query, l kb.Lang) []string {
	own := cmp.Or(q.Lang, l)
	seen := map[string]bool{}
	var words, stops []string
	for _, w := range kb.Words(own, cut(q.Text, kb.MaxQuestion)) {
		switch {
		case seen[w] || utf8.RuneCountInString(w) > 64:
		case kb.StopWord(own, w):
			stops = append(stops, w)
		default:
			words = append(words, w)
		}
		seen[w] = true
	}
	if len(words) == 0 {
		words = stops
	}
	if len(words) > maxConsidered {
		slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
		words = words[:maxConsidered]
	}
	return words
}

// lastWord is the word that q may end within, if it is long enough to say something; "" for none.
func lastWord(q kb.Query, l kb.Lang) string {
	if !q.Typing {
		return ""
	}
	words := kb.Words(cmp.Or(q.Lang, l), cut(q.Text, kb.MaxQuestion))
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	if l != kb.Chinese && utf8.RuneCountInString(last) < minBegun {
		return ""
	}
	return last
}

// finish gives a word that may go on the forms of the words that begin so, where there are any.
func (s *search) finish(t *term, l kb.Lang) error {
	dict, err := s.r.FieldDictPrefix(fieldWords+string(l), []byte(t.word))
	if err != nil {
		return err
	}
	defer dict.Close()
	var ends []index.DictEntry
	for len(ends) < maxBegun {
		e, err := dict.Next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		if e.Term == t.word || !kb.StopWord(l, e.Term) {
			ends = append(ends, index.DictEntry{Term: e.Term, Count: e.Count})
		}
	}
	slices.SortFunc(ends, func(a, b index.DictEntry) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Term, b.Term))
	})
	seen := map[string]bool{}
	var forms []form
	if t.df > 0 {
		seen[t.forms[0].term] = true
		forms = append(forms, t.forms[0])
	}
	for _, e := range ends {
		stem := s.stem[l].stemOf(e.Term)
		if !seen[stem] && !kb.StopWord(l, e.Term) && len(forms) < maxFinished {
			seen[stem] = true
			forms = append(forms, form{stem, stemFields(l), 1})
		}
	}
	if len(forms) > 0 {
		t.forms, t.begun = forms, true
	}
	return nil
}

// guess gives a word that no text has the forms of its neighbours in the dictionary.
func (s *search) guess(t *term, l kb.Lang) error {
	letters := utf8.RuneCountInString(t.word)
	if letters < minGuess || hasDigit(t.word) || l == kb.Chinese {
		return nil
	}
	fuzzy, ok := s.r.(index.IndexReaderFuzzy)
	if !ok {
		return nil
	}
	distances := 1
	if letters >= minGuess2 {
		distances = 2
	}
	type neighbour struct {
		*index.DictEntry
		distance int
	}
	var near []neighbour
	for d := 1; d <= distances && len(near) == 0; d++ {
		dict, err := fuzzy.FieldDictFuzzy(fieldWords+string(l), t.word, d, "")
		if err != nil {
			return err
		}
		for {
			e, err := dict.Next()
			if err != nil {
				return err
			}
			if e == nil {
				break
			}
			if !kb.StopWord(l, e.Term) && !hasDigit(e.Term) {
				near = append(near, neighbour{&index.DictEntry{Term: e.Term, Count: e.Count}, d})
			}
		}
		if err := dict.Close(); err != nil {
			return err
		}
	}
	slices.SortFunc(near, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Term, b.Term))
	})
	seen := map[string]bool{}
	for _, n := range near {
		stem := s.stem[l].stemOf(n.Term)
		if seen[stem] || len(seen) == maxNeighbours {
			continue
		}
		seen[stem] = true
		weight := typo1
		if n.distance == 2 {
			weight = typo2
		}
		t.forms = append(t.forms, form{stem, stemFields(l), weight})
	}
	return nil
}

// hits returns the best n of what was found.
func (s *search) hits(n int) ([]kb.Hit, error) {
	slices.SortFunc(s.found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc))
	})
	s.found = s.found[:min(n, len(s.found))]
	hits := make([]kb.Hit, 0, len(s.found))
	var id index.IndexInternalID
	for _, m := range s.found {
		id = index.NewIndexInternalID(id, m.doc)
		external, err := s.r.ExternalID(id)
		if err != nil {
			return nil, err
		}
		h, err := hitOf(external)
		if err != nil {
			return nil, err
		}
		h.Score = m.score
		h.Signals = kb.Signals{Words: m.score, WordShare: m.share}
		hits = append(hits, h)
	}
	slices.SortStableFunc(hits, func(a, b kb.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Passage, b.Passage))
	})
	return hits, nil
}

func hasDigit(s string) bool {
	for _, r := range s {
		if unicode.IsDigit(r) {
			return true
		}
	}
	return false
}

// cut returns the first n characters of s.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
