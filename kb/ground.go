package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ground keeps those claims that stand word for word in a passage that they name, white space
// aside, and of their sources those that hold them. Sources number from from 1. A claim must be
// whole words there: "4 days" does not stand in "14 days".
func Ground(claims []Claim, from []Passage) []Claim {
	var kept []Claim
	for _, c := range claims {
		text := strings.Join(strings.Fields(c.Text), " ")
		var sources []int
		for _, n := range c.Sources {
			if n >= 1 && n <= len(from) && stands(text, strings.Join(strings.Fields(from[n-1].Text), " ")) {
				sources = append(sources, n)
			}
		}
		if len(sources) > 0 {
			kept = append(kept, Claim{Text: c.Text, Sources: sources})
		}
	}
	return kept
}

// Grounded keeps those sentences of e that stand in their quotes, whose quotes are what their
// passages say. Numbers of quotes stay as they are.
func (e Extraction) Grounded() Extraction {
	var kept []ExtractedSentence
	for _, s := range e.Sentences {
		if s.Quote < 0 || s.Quote >= len(e.Quotes) {
			continue
		}
		q := e.Quotes[s.Quote]
		text := q.Passage.Text
		if q.Start < 0 || q.Start > q.End || q.End > len(text) || text[q.Start:q.End] != q.Text {
			continue
		}
		quoted := q.Passage
		quoted.Text = q.Text
		if len(Ground([]Claim{{Text: s.Text, Sources: []int{1}}}, []Passage{quoted})) == 1 {
			kept = append(kept, s)
		}
	}
	e.Sentences = kept
	if len(kept) == 0 {
		e.Answers = false
	}
	return e
}

// stands reports whether text is in source, not cut out of the middle of a word or number.
func stands(text, source string) bool {
	if text == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	for at := 0; ; {
		i := strings.Index(source[at:], text)
		if i < 0 {
			return false
		}
		i += at
		if !joins(source[:i], first) && !joinsAfter(last, source[i+len(text):]) {
			return true
		}
		_, size := utf8.DecodeRuneInString(source[i:])
		at = i + size
	}
}

// joins reports whether a word or number that before ends with goes on with r.
func joins(before string, r rune) bool {
	last, size := utf8.DecodeLastRuneInString(before)
	if (last == '.' || last == ',') && unicode.IsDigit(r) {
		digit, _ := utf8.DecodeLastRuneInString(before[:len(before)-size])
		return unicode.IsDigit(digit)
	}
	return oneWord(last, r)
}

// joinsAfter reports whether a word or number that ends with r goes on in after.
func joinsAfter(r rune, after string) bool {
	first, size := utf8.DecodeRuneInString(after)
	if (first == '.' || first == ',') && unicode.IsDigit(r) {
		digit, _ := utf8.DecodeRuneInString(after[size:])
		return unicode.IsDigit(digit)
	}
	return oneWord(r, first)
}

func oneWord(a, b rune) bool {
	return isAlnum(a) && isAlnum(b) && !unicode.Is(unicode.Han, a) && !unicode.Is(unicode.Han, b)
}
