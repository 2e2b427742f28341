package kb

import (
	"math"
	"strings"
	"unicode"
)

// overlaps returns for each text how much of q's words it has, 0–1. A word weighs its rarity among
// the texts; words that no text has weigh as much as the rarest, for they are asked for too.
func overlaps(q Query, texts [][]string) []float64 {
	var asked []string
	seen := map[string]bool{}
	for _, w := range Words(q.Lang, q.Text) {
		if !seen[w] && !StopWord(q.Lang, w) {
			asked = append(asked, w)
		}
		seen[w] = true
		if len(asked) == 32 {
			break
		}
	}
	shares := make([]float64, len(texts))
	if len(asked) == 0 {
		return shares
	}
	total := 0.0
	for _, w := range asked {
		var with []int
		for i, text := range texts {
			for _, t := range text {
				if sameWord(w, t) {
					with = append(with, i)
					break
				}
			}
		}
		weight := math.Log(1 + float64(len(texts))/float64(len(with)+1))
		total += weight
		for _, i := range with {
			shares[i] += weight
		}
	}
	for i := range shares {
		shares[i] /= total
	}
	return shares
}

// sameWord reports whether two folded words are forms of one, as far as can be told without a
// dictionary: they begin alike and differ in a short ending.
func sameWord(a, b string) bool {
	if a == b {
		return true
	}
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n >= 4 && n*10 >= max(len(a), len(b))*7 && !strings.ContainsFunc(a, unicode.IsDigit)
}

// numberCues are words, folded, that ask for a number, a length of time or a date.
var numberCues = map[Lang][]string{
	English:    {"how long", "how many", "how much", "how often", "how old", "how soon", "how far", "how quickly", "when", "what time", "what year", "which year", "deadline"},
	Spanish:    {"cuanto", "cuanta", "cuantos", "cuantas", "cuando", "que plazo", "que hora", "que ano"},
	Italian:    {"quanto", "quanta", "quanti", "quante", "quando", "che ora", "che anno", "quale anno"},
	French:     {"combien", "quand", "quel delai", "quels delais", "quelle date", "quelle heure", "quelle annee"},
	Dutch:      {"hoe lang", "hoeveel", "wanneer", "hoe laat", "hoe vaak", "hoe snel", "welk jaar", "termijn"},
	German:     {"wie lange", "wie viel", "wie viele", "wieviel", "wieviele", "wann", "wie oft", "wie hoch", "wie schnell", "welchem jahr", "welches jahr", "frist"},
	Chinese:    {"多久", "多长", "多少", "多大", "几", "什么时候", "何时", "哪一年", "期限"},
	Portuguese: {"quanto", "quanta", "quantos", "quantas", "quando", "que prazo", "qual o prazo", "que hora", "que horas", "que ano"},
	Polish:     {"ile", "jak dlugo", "kiedy", "jak czesto", "jak szybko", "ktorej godzinie", "ktorym roku", "jakim terminie", "jaki termin"},
}

// asksNumber reports whether q asks for a number.
func asksNumber(q Query) bool {
	text := Fold(q.Text)
	if q.Lang != Chinese {
		text = " " + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
	}
	for _, cue := range numberCues[q.Lang] {
		if q.Lang != Chinese {
			cue = " " + cue + " "
		}
		if strings.Contains(text, cue) {
			return true
		}
	}
	return false
}

// hasNumber reports whether text states a number in digits, or in Chinese numerals.
func hasNumber(text string) bool {
	return strings.ContainsFunc(text, unicode.IsDigit) || strings.ContainsAny(text, "两二三四五六七八九十百千万")
}
