package kb

import (
	"cmp"
	"embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed lexicon/*.txt
var lexiconFiles embed.FS

// lexicon is one language's word list, as written (accents kept, lower case).
type lexicon struct {
	stop, common []string
}

// lexicons reads the embedded lists: a line "# stop" or "# common" heads the words that follow.
// Under "" are words at home in every language.
var lexicons = sync.OnceValue(func() map[Lang]lexicon {
	all := map[Lang]lexicon{}
	for _, l := range append(Langs[:], "") {
		data, err := lexiconFiles.ReadFile("lexicon/" + cmp.Or(string(l), "any") + ".txt")
		if err != nil {
			panic(err) // the file is compiled in
		}
		var lex lexicon
		into := &lex.common
		for line := range strings.Lines(string(data)) {
			switch line = strings.TrimSpace(line); line {
			case "# stop":
				into = &lex.stop
			case "# common":
				into = &lex.common
			default:
				*into = append(*into, strings.Fields(line)...)
			}
		}
		all[l] = lex
	}
	return all
})

// stopWords holds the folded stop words of each language, and for Chinese single characters too.
var stopWords = sync.OnceValue(func() map[Lang]map[string]bool {
	all := map[Lang]map[string]bool{}
	for l, lex := range lexicons() {
		set := make(map[string]bool, len(lex.stop))
		for _, w := range lex.stop {
			set[Fold(w)] = true
			for _, p := range Words(l, w) {
				if l != Chinese {
					set[p] = true
				}
			}
		}
		all[l] = set
	}
	return all
})

// StopWord reports whether w, as Words returns it, carries no subject of its own in lang: an
// article, a pronoun, a question word, an auxiliary. A Chinese pair of characters is one also
// where both characters are.
func StopWord(lang Lang, w string) bool {
	set := stopWords()[lang]
	if set[w] {
		return true
	}
	if lang != Chinese {
		return false
	}
	r, size := utf8.DecodeRuneInString(w)
	return unicode.Is(unicode.Han, r) && size < len(w) && set[w[:size]] && set[w[size:]]
}

// Words returns the folded words of s in their order: runs of letters and digits. Numbers keep
// their inner separators (7.5, 1,200), French and Italian elisions are split (l'avis: l, avis), a
// Dutch or English 's is dropped, and Chinese comes as overlapping pairs of characters, a
// character that stands alone as itself.
func Words(lang Lang, s string) []string {
	s = Fold(s)
	var words []string
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.Is(unicode.Han, r):
			end := i + size
			for prev := i; end < len(s); {
				r, n := utf8.DecodeRuneInString(s[end:])
				if !unicode.Is(unicode.Han, r) {
					break
				}
				words = append(words, s[prev:end+n])
				prev, end = end, end+n
			}
			if end == i+size {
				words = append(words, s[i:end])
			}
			i = end
		case wordRune(r):
			end := wordEnd(s, i)
			words = appendWord(words, lang, s[i:end])
			i = end
		default:
			i += size
		}
	}
	return words
}

func wordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Han, r)
}

// wordEnd returns where the word that starts at i ends; an apostrophe between letters and a point
// or a comma between digits belong to it.
func wordEnd(s string, i int) int {
	var prev rune
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) {
			next, _ := utf8.DecodeRuneInString(s[i+size:])
			apostrophe := r == '\'' && unicode.IsLetter(prev) && unicode.IsLetter(next)
			separator := (r == '.' || r == ',') && unicode.IsDigit(prev) && unicode.IsDigit(next)
			if !(apostrophe || separator) || unicode.Is(unicode.Han, next) {
				break
			}
		}
		prev = r
		i += size
	}
	return i
}

// appendWord adds w, which may hold apostrophes, as the words that lang makes of it.
func appendWord(words []string, lang Lang, w string) []string {
	if !strings.Contains(w, "'") {
		return append(words, w)
	}
	switch lang {
	case English, Dutch:
		if base, ok := strings.CutSuffix(w, "'s"); ok && base != "" {
			w = base
		}
		return append(words, w)
	case French:
		if w == "aujourd'hui" || w == "quelqu'un" {
			return append(words, w)
		}
	}
	return append(words, strings.Split(w, "'")...)
}
