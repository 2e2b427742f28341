package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a stretch of a text, in bytes.
type Span struct{ Start, End int }

// Of returns the stretch of text.
func (s Span) Of(text string) string { return text[s.Start:s.End] }

// Segment cuts text into sentences. Every character that is not white space lies in exactly one
// span; spans are in order, not empty, and neither begin nor end with white space. A line break
// ends a sentence, unless the line before it has no closing punctuation and the next one goes on
// with a lower-case letter. lang decides about abbreviations; "" knows those of no language.
//
// Where a full stop may be either, the sentence goes on: a sentence too long can still be read and
// quoted, half of one cannot.
func Segment(lang Lang, text string) []Span {
	var spans []Span
	start := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		end, cut := i+size, false
		switch r {
		case '\n':
			cut = !softBreak(text, start, i)
			end = i
		case '。', '！', '？', '；':
			end = closers(text, terminators(text, end), lang)
			cut = !quotedClause(text, i, end)
		case '.', '!', '?', '…', '‽':
			dots := terminators(text, end)
			end = closers(text, dots, lang)
			cut = sentenceEnds(lang, text, start, i, dots, end)
		}
		if cut {
			spans = appendSpan(spans, text, start, end)
			start = end
		}
		i = max(end, i+size)
	}
	return appendSpan(spans, text, start, len(text))
}

// appendSpan adds text[start:end] without outer white space. A piece that has no letter or digit,
// such as a stray bracket, goes to the sentence before it on the same line.
func appendSpan(spans []Span, text string, start, end int) []Span {
	s := trimSpan(text, start, end)
	if s.Start == s.End {
		return spans
	}
	if n := len(spans); n > 0 && !strings.ContainsFunc(s.Of(text), isAlnum) && !strings.Contains(text[spans[n-1].End:s.Start], "\n") {
		spans[n-1].End = s.End
		return spans
	}
	return append(spans, s)
}

// trimSpan is text[start:end] without outer white space.
func trimSpan(text string, start, end int) Span {
	piece := strings.TrimLeftFunc(text[start:end], unicode.IsSpace)
	start = end - len(piece)
	return Span{start, start + len(strings.TrimSpace(piece))}
}

func isAlnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// softBreak reports whether the line break at i lies inside the sentence that began at start.
func softBreak(text string, start, i int) bool {
	before := strings.TrimRightFunc(text[start:i], func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pe, r) || unicode.Is(unicode.Pf, r) || r == '"'
	})
	last, _ := utf8.DecodeLastRuneInString(before)
	if before == "" || strings.ContainsRune(".!?…‽:;。！？：；", last) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(text[i+1:], " \t\u00a0"))
	return unicode.IsLower(next)
}

// terminators returns the end of the run of closing punctuation that goes on at i: "?!", "...".
func terminators(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune(".!?…‽。！？", r) {
			break
		}
		i += size
	}
	return i
}

// closers returns the end of the quotes and brackets that close at i; a French » may stand after a
// blank, and so may its own ! or ? before it.
func closers(text string, i int, lang Lang) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if (r == ' ' || r == '\u00a0' || r == '\u202f') && lang != German && strings.HasPrefix(text[i+size:], "»") {
			i += size + len("»")
			continue
		}
		switch {
		case unicode.Is(unicode.Pe, r), unicode.Is(unicode.Pf, r), strings.ContainsRune(`"'*_`, r), strings.ContainsRune("“«", r) && lang == German:
			i += size
		default:
			return i
		}
	}
	return i
}

// quotedClause reports whether a Chinese full stop lies inside quotation marks after which the
// sentence goes on: “好的。”他说。
func quotedClause(text string, i, end int) bool {
	_, size := utf8.DecodeRuneInString(text[i:])
	if end == terminators(text, i+size) || end == len(text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[end:])
	return strings.ContainsRune("，、的", r)
}

// sentenceEnds decides about a Western full stop, or ! ? and …, at dot in the sentence that began
// at start; dots is the end of the punctuation, end that of the quotes behind it.
func sentenceEnds(lang Lang, text string, start, dot, dots, end int) bool {
	rest := text[end:]
	if rest == "" {
		return true
	}
	next, _ := utf8.DecodeRuneInString(rest)
	mark := text[dot:dots]
	if !unicode.IsSpace(next) {
		return unicode.Is(unicode.Han, next) && mark != "." && mark != "…" && mark != "……"
	}
	rest = strings.TrimLeftFunc(rest, func(r rune) bool {
		return unicode.IsSpace(r) && r != '\n' || unicode.Is(unicode.Ps, r) || unicode.Is(unicode.Pi, r) || strings.ContainsRune(`"'„‚¿¡-–—*_`, r)
	})
	if rest == "" || rest[0] == '\n' {
		return true
	}
	first, size := utf8.DecodeRuneInString(rest)
	second, _ := utf8.DecodeRuneInString(rest[size:])
	if unicode.IsLower(first) && !unicode.IsUpper(second) { // eBay and iPhone may begin a sentence
		return strings.ContainsAny(mark, "?!") && end == dots
	}
	if strings.ContainsRune(",;:)]", first) {
		return false
	}
	if mark != "." {
		return true
	}
	return !abbreviated(lang, text[start:dot], rest, first)
}

// abbreviated reports whether the full stop after before belongs to its last word, and does not
// end the sentence, given what follows (which does not begin with a lower-case letter).
func abbreviated(lang Lang, before, rest string, first rune) bool {
	at := strings.LastIndexFunc(before, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`([{«"'’“„‚-–/`, r)
	})
	lead := ""
	word := before
	if at >= 0 {
		_, size := utf8.DecodeRuneInString(before[at:])
		lead, word = strings.TrimSpace(before[:at]), before[at+size:]
	}
	if word == "" {
		return false
	}
	if number(word) {
		// The marker of a numbered line, or a German or Polish ordinal.
		return lead == "" || lang == German && germanOrdinal(lead, word, rest)
	}
	lower := strings.ToLower(word)
	if kind, ok := abbreviations[lang][lower]; ok {
		switch kind {
		case beforeNumber:
			return unicode.IsDigit(first) || romanNumber(rest)
		case mayEnd:
			return unicode.IsDigit(first)
		}
		return true
	}
	return initials(word) && !(lang == English && word == "I")
}

// number reports whether w is at most two digits: what an ordinal or a marker has.
func number(w string) bool {
	return len(w) <= 2 && strings.Trim(w, "0123456789") == ""
}

// romanNumber reports whether rest begins with one: art. IV.
func romanNumber(rest string) bool {
	word := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		word = rest[:i]
	}
	return word != "" && strings.Trim(word, "IVXLCDM") == ""
}

// initials reports whether w is one letter, or letters with full stops between them: M, z.B, U.S.
func initials(w string) bool {
	for part := range strings.SplitSeq(w, ".") {
		r, size := utf8.DecodeRuneInString(part)
		if size != len(part) || !unicode.IsLetter(r) || unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}

// germanOrdinal reports whether number, behind lead and before rest, counts a day, a floor or a
// century, and does not close a sentence: am 5. Mai, der 2. Schritt.
func germanOrdinal(lead, number, rest string) bool {
	word := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		word = rest[:i]
	}
	if germanCounted[strings.ToLower(word)] {
		return true
	}
	last := lead[strings.LastIndexFunc(lead, unicode.IsSpace)+1:]
	return germanBeforeOrdinal[strings.ToLower(last)]
}
