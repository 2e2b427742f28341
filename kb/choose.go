package kb

import (
	"cmp"
	"slices"
	"unicode"
)

// piece is a run of a passage's sentences, from one up to and without another, that is quoted as
// one sentence of the answer: a sentence, or a list with the line that leads up to it. A single
// sentence may be quoted in part: then start and end say which bytes of the passage.
type piece struct{ found, from, to, start, end int }

// span is what the piece quotes of its passage, in bytes.
func (p piece) span(of Passage) Span {
	if p.end > 0 {
		return Span{p.start, p.end}
	}
	return Span{of.Sentences[p.from].Start, of.Sentences[p.to-1].End}
}

// chooser fills an answer.
type chooser struct {
	q       Query
	found   []Found
	all     []candidate
	close   float64 // score from which a sentence counts as answering too
	foreign float64 // score from which a sentence may be in a third language
	pieces  []piece
	room    float64 // characters left
}

// choose returns the pieces of the answer in the order in which they are read: the passage of the
// best sentence first.
func (x *Extractor) choose(q Query, found []Found, all []candidate) []piece {
	if len(all) == 0 {
		return nil
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	best := order[0].score
	c := chooser{q: q, found: found, all: all, close: best - x.c.Params.Margin/3, foreign: best - x.c.Params.Foreign, room: MaxAnswer + 1}
	for _, s := range order {
		if len(c.pieces) == MaxSentences || s.score < best-x.c.Params.Margin {
			break
		}
		c.add(s)
	}
	first := map[int]int{} // passage → place of its first piece
	for i, p := range c.pieces {
		if _, seen := first[p.found]; !seen {
			first[p.found] = i
		}
	}
	slices.SortFunc(c.pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(first[a.found], first[b.found]), cmp.Compare(a.from, b.from))
	})
	return c.pieces
}

// add takes a sentence into the answer if there is room: with its whole list where that answers,
// with the line that leads up to it, or alone.
func (c *chooser) add(s candidate) {
	p := c.found[s.found].Source
	if len(c.pieces) > 0 {
		// An answer speaks one language; one that is foreign to its reader may quote another near one.
		if first := c.found[c.pieces[0].found].Lang; p.Lang != first && (first == c.q.Lang || s.score < c.foreign) {
			return
		}
	}
	if c.taken(s.found, s.sentence) || c.repeats(p.Lang, p.Sentence(s.sentence)) {
		return
	}
	from, to := list(p, s.sentence)
	if to-from > 1 && c.answering(s.found, from, to) > 1 && c.take(piece{found: s.found, from: from, to: to}) {
		return
	}
	if leadsUp(p.Sentence(s.sentence)) && s.sentence+1 < len(p.Sentences) {
		// Without what it leads up to it says nothing; with the first of it, something.
		c.take(piece{found: s.found, from: s.sentence, to: s.sentence + 2})
		return
	}
	lead := s.sentence - 1
	if p.Sentences[s.sentence].List > 0 {
		lead = from // the line before a list, the head of a table
	}
	switch {
	case lead < 0 || lead >= s.sentence || c.taken(s.found, lead) || p.Sentences[lead].Kind != Row && !leadsUp(p.Sentence(lead)):
	case lead == s.sentence-1:
		if c.take(piece{found: s.found, from: lead, to: s.sentence + 1}) {
			return
		}
	case len(c.pieces)+2 <= MaxSentences && size(p, lead, lead+1)+size(p, s.sentence, s.sentence+1) <= c.room:
		c.take(piece{found: s.found, from: lead, to: lead + 1})
	}
	alone := piece{found: s.found, from: s.sentence, to: s.sentence + 1}
	if !c.take(alone) {
		c.takePart(alone)
	}
}

// takePart quotes what fits of the best sentence, where that alone is too long. Of a further one it would
// cut the condition from its rule to fill what room is left.
func (c *chooser) takePart(p piece) {
	source := c.found[p.found].Source
	s := source.Sentences[p.from]
	if s.Kind == Row || s.Kind == Code || len(c.pieces) > 0 {
		return
	}
	part := partOf(c.q, source.Lang, source.Sentence(p.from), c.room)
	if part.End == 0 {
		return
	}
	p.start, p.end = s.Start+part.Start, s.Start+part.End
	c.pieces = append(c.pieces, p)
	c.room -= cost(source.Text[p.start:p.end])
}

// take adds p unless it does not fit or overlaps with what is there.
func (c *chooser) take(p piece) bool {
	n := size(c.found[p.found].Source, p.from, p.to)
	for i := p.from; i < p.to; i++ {
		if c.taken(p.found, i) {
			return false
		}
	}
	if n > c.room {
		return false
	}
	c.pieces = append(c.pieces, p)
	c.room -= n
	return true
}

func (c *chooser) taken(found, sentence int) bool {
	return slices.ContainsFunc(c.pieces, func(p piece) bool { return p.found == found && p.from <= sentence && sentence < p.to })
}

// repeats reports whether one sentence of the answer says text already: it has all its words that
// carry meaning, numbers included.
func (c *chooser) repeats(lang Lang, text string) bool {
	words := slices.DeleteFunc(Words(lang, text), func(w string) bool { return StopWord(lang, w) })
	return slices.ContainsFunc(c.pieces, func(p piece) bool {
		from := c.found[p.found].Source
		for n := p.from; n < p.to; n++ {
			said := Words(lang, from.Sentence(n))
			if !slices.ContainsFunc(words, func(w string) bool {
				return !slices.ContainsFunc(said, func(s string) bool { return sameWord(w, s) })
			}) {
				return true
			}
		}
		return false
	})
}

// answering counts the sentences of a run that are close to the best one.
func (c *chooser) answering(found, from, to int) int {
	n := 0
	for _, s := range c.all {
		if s.found == found && s.sentence >= from && s.sentence < to && s.score >= c.close {
			n++
		}
	}
	return n
}

// list returns the run of sentences that make up the list that sentence n belongs to, or leads up
// to, the leading line included; the sentence alone where there is none.
func list(p Passage, n int) (from, to int) {
	id := p.Sentences[n].List
	if id == 0 && leadsUp(p.Sentence(n)) && n+1 < len(p.Sentences) {
		id = p.Sentences[n+1].List
	}
	if id == 0 {
		return n, n + 1
	}
	from = slices.IndexFunc(p.Sentences, func(s Sentence) bool { return s.List == id })
	to = from
	for to < len(p.Sentences) && p.Sentences[to].List == id {
		to++
	}
	if from > 0 && leadsUp(p.Sentence(from-1)) {
		from--
	}
	return from, to
}

// size is what a run costs.
func size(p Passage, from, to int) float64 {
	return cost(p.Text[p.Sentences[from].Start:p.Sentences[to-1].End])
}

// cost is a text's characters, and one for the space after it. A Chinese character says as much as two
// or three letters, and costs as much.
func cost(text string) float64 {
	n := 1.0
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n += float64(MaxAnswer) / MaxAnswerChinese
		} else {
			n++
		}
	}
	return n
}

// quote writes the pieces as an extraction. Pieces that follow one another in a passage share a
// quote.
func quote(found []Found, pieces []piece) Extraction {
	var e Extraction
	for i, p := range pieces {
		source := found[p.found].Source
		start, end := p.span(source).Start, p.span(source).End
		if i > 0 && pieces[i-1].found == p.found && pieces[i-1].to == p.from && pieces[i-1].end == 0 && p.end == 0 {
			last := &e.Quotes[len(e.Quotes)-1]
			last.End, last.Text = end, source.Text[last.Start:end]
		} else {
			e.Quotes = append(e.Quotes, Quote{Passage: source, Start: start, End: end, Text: source.Text[start:end]})
		}
		e.Sentences = append(e.Sentences, ExtractedSentence{Text: source.Text[start:end], Quote: len(e.Quotes) - 1})
	}
	return e
}
