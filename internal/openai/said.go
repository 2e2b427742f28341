package openai

import (
	"regexp"
	"strconv"
	"strings"

	"guichet/kb"
)

// splitter cuts what a model says, as it comes, into sentences with the passages that they name.
type splitter struct {
	lang kb.Lang
	buf  string
}

var (
	named  = regexp.MustCompile(`((?:\s*\[\d[\d,\s]*\])+)([.。!！?？]?)`)
	digits = regexp.MustCompile(`\d+`)
	bullet = regexp.MustCompile(`^(?:[-*•–]|\d{1,2}[.)])\s+`)
)

// tell calls each with the sentences that are whole, all of them where nothing more will come. It
// returns false once each does, or where a sentence has no end.
func (s *splitter) tell(last bool, each func(kb.Claim) bool) bool {
	for {
		text, names, ok := s.next(last)
		if !ok {
			return len(s.buf) <= maxSaid
		}
		text = bullet.ReplaceAllString(strings.TrimSpace(text), "")
		var sources []int
		for _, d := range digits.FindAllString(names, 16) {
			if n, err := strconv.Atoi(d); err == nil {
				sources = append(sources, n)
			}
		}
		for _, span := range kb.Segment(s.lang, text) {
			if !each(kb.Claim{Text: span.Of(text), Sources: sources}) {
				return false
			}
		}
	}
}

// next takes a line, or the text up to the numbers behind it, out of what was said.
func (s *splitter) next(last bool) (text, names string, ok bool) {
	line := strings.IndexByte(s.buf, '\n')
	if at := named.FindStringSubmatchIndex(s.buf); at != nil && (line < 0 || at[0] <= line) {
		rest := strings.TrimLeft(s.buf[at[1]:], " ")
		if !last && (rest == "" || rest[0] == '[') {
			return "", "", false // more numbers may come
		}
		text, names = s.buf[:at[0]]+s.buf[at[4]:at[5]], s.buf[at[2]:at[3]]
		s.buf = s.buf[at[1]:]
		return text, names, true
	}
	switch {
	case line >= 0 && (last || strings.TrimSpace(s.buf[line:]) != "" && strings.TrimSpace(s.buf[line:])[0] != '['):
		text, s.buf = s.buf[:line], s.buf[line+1:]
		return text, "", true
	case last && strings.TrimSpace(s.buf) != "":
		text, s.buf = s.buf, ""
		return text, "", true
	}
	return "", "", false
}
