package kb

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Supported is a written sentence that may be shown, and the places that say it, word for word: one
// in each passage that it names and that says it.
type Supported struct {
	Text   string
	Quotes []Quote
}

// Why says what a written sentence lacked.
type Why string

// The reasons, in the order in which they are looked for.
const (
	WhySource    Why = "source"    // it names no passage that was given
	WhySign      Why = "sign"      // a sign, or a letter crossed out, that the passage does not have
	WhyQuote     Why = "quote"     // what it has in quotation marks does not stand there so
	WhyNumber    Why = "number"    // a number, date or amount of its own
	WhyPolarity  Why = "polarity"  // a negation of its own, or one that went missing
	WhyCondition Why = "condition" // a condition, comparison or exception of its own, or one that went missing
	WhyWord      Why = "word"      // a word of its own
	WhyOrder     Why = "order"     // the passage's words, put together to say something else
)

// maxClaim bounds a written sentence, in bytes; maxSteps the sentences of a passage that one may
// join; maxWork the comparisons that looking for them may take.
const (
	maxClaim = 1000
	maxSteps = 8
	maxWork  = 500
)

// Support checks a sentence that a model wrote against the passages that it names, which number from
// 1 in from. It stands if one of them says it in the same words and order: whole sentences that
// follow one another, or items of a list with the line that leads up to them. It may join them, turn
// a list into a sentence, bring connectives, write numbers and dates another way and, but for Polish
// and what decides, bend words. It may leave out what stands in brackets and a last clause that only
// adds or gives a reason. Numbers, negations, conditions, comparisons, units and who does what are
// never left out, added or bent. A sentence that one passage alone does not say is not supported.
func Support(c Claim, from []Passage) (Supported, Why) {
	text := strings.Join(strings.Fields(norm.NFC.String(c.Text)), " ")
	out := Supported{Text: text}
	worst := WhySource
	for _, n := range c.Sources {
		if n < 1 || n > len(from) {
			continue
		}
		p := from[n-1]
		if why := readable(text, p.Text); why != "" {
			worst = why
			continue
		}
		claim := tokens(p.Lang, text)
		if len(claim) == 0 || len(text) > maxClaim {
			worst = WhyWord
			continue
		}
		m := newMatcher(p, claim)
		if used := m.run(); used != nil {
			out.Quotes = append(out.Quotes, quoteOf(p, used))
			continue
		}
		worst = m.why()
	}
	if len(out.Quotes) == 0 {
		return Supported{}, worst
	}
	return out, ""
}

// readable checks what is not words: signs that could change what a sentence says, and quotations.
func readable(text, passage string) Why {
	for _, r := range text {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Sc, r), r == ' ', strings.ContainsRune(plainSigns, r):
		case !strings.ContainsRune(passage, r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return WhySign
		}
	}
	squeezed := strings.Join(strings.Fields(passage), " ")
	for _, q := range quoted(text) {
		if !strings.Contains(squeezed, strings.Trim(q, " .,;:!?\u00a0\u202f")) {
			return WhyQuote
		}
	}
	return ""
}

const plainSigns = `.,;:!?¿¡'"’‘“”„‚«»()-–—…/，。；：！？、（）“”‘’《》「」`

// quoted returns what stands in quotation marks.
func quoted(text string) []string {
	var out []string
	at, closing := 0, rune(0)
	for i, r := range text {
		switch {
		case closing != 0 && (r == closing || closing == '”' && r == '“'):
			out = append(out, strings.TrimSpace(text[at:i]))
			closing = 0
		case closing == 0 && strings.ContainsRune("«“„\"「", r):
			at = i + len(string(r))
			closing = map[rune]rune{'«': '»', '“': '”', '„': '”', '"': '"', '「': '」'}[r]
		}
	}
	return out
}

// quoteOf is the stretch of a passage from the first to the last of the sentences used.
func quoteOf(p Passage, used []int) Quote {
	start, end := p.Sentences[used[0]].Start, p.Sentences[used[len(used)-1]].End
	return Quote{Passage: p, Start: start, End: end, Text: p.Text[start:end]}
}

// matcher looks for the sentences of a passage that a claim is made of.
type matcher struct {
	p         Passage
	claim     []token
	sentences [][]token
	failed    map[[2]int]bool // claim position and sentence before it, from where nothing leads on
	work      int             // sentences compared: a claim made to take time is not worth it
}

func newMatcher(p Passage, claim []token) *matcher {
	m := &matcher{p: p, claim: claim, failed: map[[2]int]bool{}}
	for i := range p.Sentences {
		m.sentences = append(m.sentences, tokens(p.Lang, p.Sentence(i)))
	}
	return m
}

// run returns the sentences that say the claim, nil where none do.
func (m *matcher) run() []int { return m.from(0, nil) }

// from matches the claim from token at on, after the sentences used.
func (m *matcher) from(at int, used []int) []int {
	if at == len(m.claim) {
		if leadsUp(m.p.Sentence(used[len(used)-1])) && used[len(used)-1]+1 < len(m.sentences) {
			return nil // says nothing without what it leads up to
		}
		return used
	}
	last := -1
	if len(used) > 0 {
		last = used[len(used)-1]
	}
	if len(used) == maxSteps || m.failed[[2]int{at, last}] {
		return nil
	}
	for n := last + 1; n < len(m.sentences); n++ {
		if m.work == maxWork || !m.follows(used, n) {
			continue
		}
		m.work++
		for _, end := range covered(m.claim[at:], m.sentences[n]) {
			if got := m.from(at+end, append(slices.Clone(used), n)); got != nil {
				return got
			}
		}
	}
	m.failed[[2]int{at, last}] = true
	return nil
}

// follows reports whether sentence n may be said after those used, or first. An item whose leading
// line decides something ("Do not send:") needs it.
func (m *matcher) follows(used []int, n int) bool {
	lead := m.lead(n)
	if len(used) == 0 {
		return lead < 0 || !slices.ContainsFunc(m.sentences[lead], reaches)
	}
	last := used[len(used)-1]
	return n == last+1 || last == lead || m.p.Sentences[n].List != 0 && m.p.Sentences[n].List == m.p.Sentences[last].List
}

// lead is the line that leads up to the list that sentence n is an item of, or -1.
func (m *matcher) lead(n int) int {
	if from, _ := list(m.p, n); from < n && leadsUp(m.p.Sentence(from)) {
		return from
	}
	return -1
}

// covered returns the lengths of the beginnings of claim that say sentence, the longest first.
func covered(claim, sentence []token) []int {
	// reach[j]: claim[:j] says sentence[:i], for the i at hand and those that a jump leads to.
	reach := make([][]bool, len(sentence)+1)
	for i := range reach {
		reach[i] = make([]bool, len(claim)+1)
	}
	reach[0][0] = true
	for i := range reach {
		for j := range claim {
			if reach[i][j] && claim[j].glue && (freeAt(claim, j) || i < len(sentence) && freeAt(sentence, i)) {
				reach[i][j+1] = true
			}
		}
		if i == len(sentence) {
			break
		}
		for j, ok := range reach[i] {
			if !ok {
				continue
			}
			if j < len(claim) && same(claim[j], sentence[i]) {
				reach[i+1][j+1] = true
			}
			if sentence[i].glue && freeAt(sentence, i) {
				reach[i+1][j] = true
			}
			if end := leftOut(sentence, i); end > i && j > 0 {
				reach[end][j] = true
			}
		}
	}
	var ends []int
	for j := len(claim); j > 0; j-- {
		if reach[len(sentence)][j] {
			ends = append(ends, j)
		}
	}
	return ends
}

// freeAt reports whether a connective at i only connects: it begins a clause, with others perhaps.
func freeAt(ts []token, i int) bool {
	for i > 0 && !ts[i].starts {
		i--
		if !ts[i].glue {
			return false
		}
	}
	return true
}

// leftOut returns where a stretch of a sentence that begins at i and may be left out ends, or i: a
// bracket, or a last clause that adds or gives a reason, if nothing in it decides.
func leftOut(ts []token, i int) int {
	end := i
	switch {
	case ts[i].bracket > 0 && (i == 0 || ts[i-1].bracket != ts[i].bracket):
		for end < len(ts) && ts[end].bracket == ts[i].bracket {
			end++
		}
	case i > 0 && ts[i].starts && ts[i].adds && !opened(ts[:i]):
		end = len(ts)
	}
	if slices.ContainsFunc(ts[i:end], decides) {
		return i
	}
	return end
}

// opened reports whether the last clause of ts holds an "if", "not" or "only" that would hold for what
// is added to it too.
func opened(ts []token) bool {
	for i := len(ts) - 1; i >= 0; i-- {
		if reaches(ts[i]) {
			return true
		}
		if ts[i].starts {
			return false
		}
	}
	return false
}

// reaches reports whether t holds for what is joined to its clause too.
func reaches(t token) bool { return t.opens || t.guard == negation }

func decides(t token) bool { return t.guard != "" }

// same reports whether a token of a claim says what one of a sentence says. "No, …" is not "No …".
func same(a, b token) bool {
	if a.guard != b.guard || a.exact != b.exact || a.guard == negation && a.ends != b.ends && !b.last {
		return false
	}
	if a.text == b.text {
		return true
	}
	return a.bends && b.bends && sameWord(a.text, b.text)
}

// why says what the claim lacked, as far as the passage's words tell.
func (m *matcher) why() Why {
	var all []token
	for _, s := range m.sentences {
		all = append(all, s...)
	}
	own := func(is func(token) bool) bool {
		return slices.ContainsFunc(m.claim, func(t token) bool {
			return is(t) && !slices.ContainsFunc(all, func(s token) bool { return same(t, s) })
		})
	}
	nearest := m.nearest()
	count := func(ts []token, guard string) (n int) {
		for _, t := range ts {
			if t.guard == guard {
				n++
			}
		}
		return n
	}
	switch {
	case own(func(t token) bool { return t.number }):
		return WhyNumber
	case own(func(t token) bool { return t.guard == negation }) || count(m.claim, negation) != count(nearest, negation):
		return WhyPolarity
	case own(decides) || count(m.claim, condition) != count(nearest, condition):
		return WhyCondition
	case own(func(t token) bool { return !t.glue }):
		return WhyWord
	}
	return WhyOrder
}

// nearest is the sentence that shares most of the claim's tokens.
func (m *matcher) nearest() []token {
	var best []token
	most := -1
	for _, s := range m.sentences {
		n := 0
		for _, t := range m.claim {
			if slices.ContainsFunc(s, func(x token) bool { return same(t, x) }) {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}
