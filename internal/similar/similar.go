// Package similar says how near two requests are, and which category a request is of. It knows
// texts, their vectors and what an operator's requests usually look like; where those come from
// is somebody else's matter. docs/routing.md tells how it is weighed and what it reaches.
package similar

import (
	"math"
	"strings"
	"unicode"

	"guichet/kb"
)

// Request is what is compared: a member's words and what is known beside them.
type Request struct {
	Text     string
	Lang     kb.Lang
	Vector   []float32 // of Text, embedded as a question, of unit length; nil where there is none
	Subject  string    // the order or object it is about, as one key; "" where that is not known
	Category string    // "" where that is not known
}

// maxRunes is how much of a text is looked at, as the embedder reads its beginning alone: what a
// request is about stands there.
const maxRunes = 2000

func cut(text string) string {
	n := 0
	for i := range text {
		if n == maxRunes {
			return text[:i]
		}
		n++
	}
	return text
}

// features are a text's words and pieces of words by a hash, and how often each is there. The
// two never have a hash in common but by chance.
type features struct {
	words, pieces map[uint64]int
	content       []string        // the words that say what it is about, each once, at most maxContent
	refs          map[string]bool // numbers that name something
}

// maxContent bounds the words that are compared one by one.
const maxContent = 80

func featuresOf(lang kb.Lang, text string) features {
	f := features{words: map[uint64]int{}, pieces: map[uint64]int{}, refs: map[string]bool{}}
	words := kb.Words(lang, cut(text))
	for _, w := range words {
		h := hash('w', w)
		if f.words[h] == 0 && len(f.content) < maxContent && !kb.StopWord(lang, w) {
			f.content = append(f.content, w)
		}
		f.words[h]++
		if isRef(w) {
			f.refs[w] = true
		}
	}
	if lang == kb.Chinese { // its words are pieces already
		for _, w := range words {
			f.pieces[hash('p', w)]++
		}
		return f
	}
	line := " " + strings.Join(words, " ") + " "
	var starts []int
	for i := range line {
		starts = append(starts, i)
	}
	starts = append(starts, len(line))
	for _, n := range []int{3, 4} {
		for i := 0; i+n < len(starts); i++ {
			f.pieces[hash('p', line[starts[i]:starts[i+n]])]++
		}
	}
	return f
}

// hash is FNV-1a, 64 bits.
func hash(kind byte, s string) uint64 {
	h := (14695981039346656037 ^ uint64(kind)) * 1099511628211
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// isRef reports whether a word names something by a number: an order, an invoice, a day, an amount
// with its cents. A year, a quantity or an hour does not.
func isRef(w string) bool {
	digits := 0
	for _, r := range w {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	year := digits == 4 && len(w) == 4 && (w[:2] == "19" || w[:2] == "20")
	return digits >= 3 && len(w) >= 4 && !year
}

// dot is the product of two vectors; of those of different lengths it is that of the beginnings.
func dot(a, b []float32) (s float64) {
	for i := range min(len(a), len(b)) {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// centred is v less mean, of unit length; nil where nothing is left.
func centred(v []float32, mean []float64) []float32 {
	out, norm := make([]float32, len(v)), 0.0
	for i := range v {
		x := float64(v[i])
		if i < len(mean) {
			x -= mean[i]
		}
		out[i] = float32(x)
		norm += x * x
	}
	if norm < 1e-12 {
		return nil
	}
	norm = 1 / math.Sqrt(norm)
	for i := range out {
		out[i] = float32(float64(out[i]) * norm)
	}
	return out
}
