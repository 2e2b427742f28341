package kb

import (
	"math"
	"strings"
	"sync"
	"unicode"
)

// The detector weighs each word of a text for the eight languages in Latin script. A word of a
// list speaks for the languages whose list has it, clearly where it is a function word; any other
// word is judged by its groups of three letters, learned from the same lists. What speaks against
// a language is bounded for each word, so that no single word decides a longer text.
const (
	stopScore      = -1.0 // a function word, as written
	commonScore    = -3.0 // another word of the list, as written
	foldedPenalty  = 0.7  // for either, where the writer left the accents out
	trigramWeight  = 0.55 // of a word's log-probability by letters
	maxListed      = 6.0  // the most that a listed word can speak against a language
	maxUnlisted    = 3.5  // and an unlisted one
	nameWeight     = 0.35 // of an unlisted word with a capital inside a sentence: often a name
	priorWeight    = 1.6  // what the expected language has ahead
	markWeight     = 4.0  // of an inverted ¿ or ¡
	trigramUnknown = 1e-4 // probability of a letter never seen after two others
)

// latin are the languages told apart by words; Chinese is told by script.
var latin = [...]Lang{English, spanish: Spanish, Italian, French, Dutch, German, Portuguese, Polish}

const spanish = 1 // in latin

type scores [len(latin)]float64

// detector holds what the lists teach: words' scores, and log-probabilities of three letters.
type detector struct {
	words    map[string]*scores // 0: not in that language's list
	trigrams map[trigram]*scores
	anywhere map[string]bool // words at home in every language, which say nothing
}

type trigram [3]rune

var theDetector = sync.OnceValue(func() *detector {
	d := &detector{words: map[string]*scores{}, trigrams: map[trigram]*scores{}, anywhere: map[string]bool{}}
	for _, w := range lexicons()[""].common {
		d.anywhere[w] = true
	}
	for i, lang := range latin {
		lex := lexicons()[lang]
		counts := map[trigram]float64{}
		context := map[[2]rune]float64{}
		learn := func(w string, score, weight float64) {
			d.word(w, i, score)
			count(counts, context, w, weight)
			if f := Fold(w); f != w {
				d.word(f, i, score-foldedPenalty)
				count(counts, context, f, weight/2)
			}
		}
		for _, w := range lex.stop {
			learn(w, stopScore, 2)
		}
		for _, w := range lex.common {
			learn(w, commonScore, 1)
		}
		for t, n := range counts {
			if d.trigrams[t] == nil {
				d.trigrams[t] = &scores{}
			}
			d.trigrams[t][i] = math.Log(n / (context[[2]rune{t[0], t[1]}] + 2))
		}
	}
	for _, s := range d.trigrams {
		for i := range s {
			if s[i] == 0 {
				s[i] = math.Log(trigramUnknown)
			}
		}
	}
	return d
})

func (d *detector) word(w string, lang int, score float64) {
	if d.words[w] == nil {
		d.words[w] = &scores{}
	}
	if s := d.words[w]; s[lang] == 0 || s[lang] < score {
		s[lang] = score
	}
}

// count adds w's groups of three letters, with a blank on either side.
func count(counts map[trigram]float64, context map[[2]rune]float64, w string, weight float64) {
	eachTrigram(w, func(t trigram) {
		counts[t] += weight
		context[[2]rune{t[0], t[1]}] += weight
	})
}

func eachTrigram(w string, yield func(trigram)) {
	t := trigram{' ', ' ', ' '}
	for _, r := range w {
		t = trigram{t[1], t[2], r}
		yield(t)
	}
	yield(trigram{t[1], t[2], ' '})
}

// DetectLang tells which of the nine languages text is in, and how sure that is (0–1). prior is
// the language to expect, such as the page's, or ""; it decides where the words alone do not. A
// text that says nothing (no words, or only such as stand in every language) returns prior, 0.
func DetectLang(text string, prior Lang) (Lang, float64) {
	han, other, latinWords := scripts(text)
	if han > 0 && han >= latinWords && han >= other {
		return Chinese, float64(han) / float64(han+latinWords+other)
	}
	if latinWords == 0 || other > latinWords*4 {
		return prior, 0
	}
	total := theDetector().weigh(text)
	if total == (scores{}) {
		return prior, 0
	}
	for i, l := range latin {
		if l == prior {
			total[i] += priorWeight
		}
	}
	best, sum := 0, 0.0
	for i := range total {
		if total[i] > total[best] {
			best = i
		}
	}
	for i := range total {
		sum += math.Exp(total[i] - total[best])
	}
	return latin[best], 1 / sum
}

// scripts counts Han characters, letters of scripts that none of the nine uses, and Latin words.
func scripts(text string) (han, other, latinWords int) {
	inside := false
	for _, r := range text {
		isLatin := r < 0x250 && unicode.IsLetter(r)
		switch {
		case isLatin:
			if !inside {
				latinWords++
			}
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r):
			other++
		}
		inside = isLatin || inside && (unicode.Is(unicode.Mn, r) || r == '\'' || r == '’')
	}
	return han, other, latinWords
}

// weigh sums the words' scores: 0 for the best language of each, less for the others.
func (d *detector) weigh(text string) (total scores) {
	start := true // the next word opens a sentence, where a capital says nothing
	for field := range strings.FieldsSeq(text) {
		for w := range strings.FieldsFuncSeq(field, notInWord) {
			w = strings.ReplaceAll(strings.Trim(w, "'’"), "’", "'")
			if w == "" {
				continue
			}
			name := !start && isCapital(w)
			start = false
			lower := strings.ToLower(w)
			if d.words[lower] != nil || !strings.Contains(lower, "'") {
				d.add(&total, lower, name)
				continue
			}
			for part := range strings.SplitSeq(lower, "'") {
				if part != "" {
					d.add(&total, part, name)
				}
			}
		}
		if strings.ContainsAny(field, "¿¡") {
			total[spanish] += markWeight
		}
		if strings.ContainsAny(field[len(field)-1:], ".!?:") {
			start = true
		}
	}
	return total
}

func notInWord(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) && r != '\'' && r != '’'
}

func isCapital(w string) bool {
	for _, r := range w {
		return unicode.IsUpper(r)
	}
	return false
}

// add weighs one word, in lower case.
func (d *detector) add(total *scores, w string, name bool) {
	if d.anywhere[w] {
		return
	}
	listed, penalty := d.words[w], 0.0
	if listed == nil { // an accent may be wrong or missing
		listed, penalty = d.words[Fold(w)], foldedPenalty
	}
	var s scores
	n := 0
	eachTrigram(w, func(t trigram) {
		n++
		p := d.trigrams[t]
		for i := range s {
			if p == nil {
				s[i] += math.Log(trigramUnknown)
			} else {
				s[i] += p[i]
			}
		}
	})
	top := math.Inf(-1)
	for i := range s {
		s[i] *= trigramWeight
		if listed != nil && listed[i] != 0 {
			s[i] = max(s[i], listed[i]-penalty)
		}
		top = max(top, s[i])
	}
	weight, against := 1.0, maxListed
	if listed == nil {
		against = maxUnlisted
		if name {
			weight = nameWeight
		}
	}
	for i := range s {
		total[i] += weight * max(s[i]-top, -against)
	}
}
