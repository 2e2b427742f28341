package kb

import (
	"slices"
	"strings"
	"unicode"
)

// WhyLanguage: a translation is not in the language asked for, or is no sentence of it.
const WhyLanguage Why = "language"

// A translation that is so much longer or shorter than its original says something else. One Chinese
// character stands for some three letters.
const (
	maxStretch   = 3
	hanAsLetters = 3
	fewLetters   = 12 // a length that is always fine
)

// Translates checks a machine's translation of a sentence; "" where nothing speaks against it. The
// numbers, dates and amounts of the original stand in it, and none of its own; what is negated there is
// negated here; it is in the language, about as long, and of signs that can be read. It cannot tell
// whether the words mean the same: a translation is shown as a machine's, with the original.
func Translates(from Lang, original string, to Lang, text string) Why {
	if why := readable(strings.Join(strings.Fields(text), " "), original); why == WhySign {
		return why
	}
	n, m := letters(original), letters(text)
	if m == 0 || n > maxStretch*max(m, fewLetters) || m > maxStretch*max(n, fewLetters) {
		return WhyLanguage
	}
	if lang, sure := DetectLang(text, to); lang != to && sure >= sureOfLang || lang != to && to == Chinese {
		return WhyLanguage
	}
	if a, b := figures(from, original), figures(to, text); !within(a, b) || !within(b, a) {
		return WhyNumber
	}
	if negated(from, original) != negated(to, text) {
		return WhyPolarity
	}
	return ""
}

// letters counts the letters and digits of a text.
func letters(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			n += hanAsLetters
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			n++
		}
	}
	return n
}

// figures are the numbers, dates and amounts of a sentence, each as often as it stands there, in digits
// or in words. A "one" in words is an article as often as a number.
func figures(lang Lang, s string) (out []string) {
	for _, t := range tokens(lang, s) {
		if t.number && t.text != "–" && (t.text != "1" || strings.Contains(s, "1")) {
			out = append(out, t.text)
		}
	}
	return out
}

// within reports whether all of a are in b, as often.
func within(a, b []string) bool {
	b = slices.Clone(b)
	for _, x := range a {
		i := slices.Index(b, x)
		if i < 0 {
			return false
		}
		b = slices.Delete(b, i, i+1)
	}
	return true
}

func negated(lang Lang, s string) bool {
	return slices.ContainsFunc(tokens(lang, s), func(t token) bool { return t.guard == negation })
}
