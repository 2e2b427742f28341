package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// partOf returns the stretch of a long sentence that costs at most room and has the most of q's words,
// the longest among equals, in bytes: whole clauses, so that it can be read by itself. The zero Span
// where not one clause fits.
func partOf(q Query, lang Lang, sentence string, room float64) (best Span) {
	clauses := clausesOf(sentence)
	var asked []string
	for _, w := range Words(q.Lang, q.Text) {
		if !StopWord(q.Lang, w) {
			asked = append(asked, w)
		}
	}
	words := make([][]string, len(clauses))
	for i, c := range clauses {
		words[i] = Words(lang, c.Of(sentence))
	}
	most, longest := -1, 0.0
	for from := range clauses {
		has := make(map[string]bool, len(asked))
		for to := from; to < len(clauses); to++ {
			span := trimSpan(sentence, clauses[from].Start, clauses[to].End)
			c := cost(span.Of(sentence))
			if c > room {
				break
			}
			for _, a := range asked {
				for _, w := range words[to] {
					has[a] = has[a] || sameWord(a, w)
				}
			}
			n := 0
			for _, yes := range has {
				if yes {
					n++
				}
			}
			if n > most || n == most && c > longest {
				most, longest, best = n, c, span
			}
		}
	}
	return best
}

// clausesOf cuts a sentence after its commas, semicolons and colons, and around its brackets and
// dashes.
func clausesOf(sentence string) (clauses []Span) {
	start := 0
	cut := func(at int) {
		if at > start {
			clauses = append(clauses, Span{start, at})
			start = at
		}
	}
	for i, r := range sentence {
		end := i + utf8.RuneLen(r)
		next, _ := utf8.DecodeRuneInString(sentence[end:])
		switch {
		case strings.ContainsRune("，；、：）", r), strings.ContainsRune(",;:)", r) && unicode.IsSpace(next):
			cut(end)
		case strings.ContainsRune("（(", r), strings.ContainsRune("–—", r) && unicode.IsSpace(next):
			cut(i)
		}
	}
	cut(len(sentence))
	return clauses
}
