package kbtest

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"guichet/kb"
)

// Lie is a way to falsify a sentence.
type Lie string

// The lies, and the ways of telling the truth in other words.
const (
	LieNumber     Lie = "number"            // another number
	LieDigits     Lie = "digits"            // the digits of a number swapped
	LieDate       Lie = "date"              // another day or month
	LieAmount     Lie = "amount"            // another amount, or another currency
	LieUnit       Lie = "unit"              // days for hours
	LieNoNegation Lie = "negation dropped"  // what is not so, is
	LieNegation   Lie = "negation added"    // what is so, is not
	LieSubjects   Lie = "subjects swapped"  // who does it to whom, or two other words
	LieMerged     Lie = "passages merged"   // half a sentence each of two passages
	LieCrossed    Lie = "sentences crossed" // half a sentence each of one passage
	LieCondition  Lie = "condition dropped"
	LieInvented   Lie = "invented"
	LieComparison Lie = "comparison" // at least for at most, before for after

	Verbatim  Lie = "verbatim"
	Joined    Lie = "joined"    // two sentences as one
	Shortened Lie = "shortened" // without a bracket, or a last clause that only adds
	Listed    Lie = "listed"    // an item as a sentence
)

// Lies are all ways to falsify, Truths all to tell the truth.
var (
	Lies = []Lie{LieNumber, LieDigits, LieDate, LieAmount, LieUnit, LieNoNegation, LieNegation, LieSubjects, LieMerged,
		LieCrossed, LieCondition, LieInvented, LieComparison}
	Truths = []Lie{Verbatim, Joined, Shortened, Listed}
)

// Told is a sentence as a Liar told it, and what it did to it.
type Told struct {
	kb.Claim
	Kind Lie
	Lang kb.Lang
	From string // the sentence that it was
}

// Tell makes of sentence n of from[p] what kind says; false where that cannot be done with it.
func Tell(kind Lie, from []kb.Passage, p, n int) (Told, bool) {
	x := teller{from: from, p: p, n: n, passage: from[p], text: from[p].Sentence(n), words: liarWords[from[p].Lang]}
	out := Told{Kind: kind, Lang: x.passage.Lang, From: x.text, Claim: kb.Claim{Sources: []int{p + 1}}}
	out.Text = map[Lie]func() string{
		LieNumber: x.number, LieDigits: x.digits, LieDate: x.date, LieAmount: x.amount, LieUnit: x.unit,
		LieNoNegation: x.noNegation, LieNegation: x.negation, LieSubjects: x.subjects, LieMerged: x.merged,
		LieCrossed: x.crossed, LieCondition: x.condition, LieInvented: x.invented, LieComparison: x.comparison,
		Verbatim: func() string { return x.text }, Joined: x.joined, Shortened: x.shortened, Listed: x.listed,
	}[kind]()
	if kind == LieMerged {
		out.Sources = []int{p + 1, (p+1)%len(from) + 1}
	}
	lie := slices.Contains(Lies, kind)
	return out, out.Text != "" && (!lie || plain(out.Text) != plain(x.text) && (kind == LieCondition || !strings.Contains(plain(x.passage.Text), plain(out.Text))))
}

// plain is a text's letters and digits.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Sc, r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Liar is a kb.Generator that falsifies a share of what it says, and remembers what.
type Liar struct {
	Share float64 // of lies, 0–1

	mu   sync.Mutex
	rand *rand.Rand
	told []Told
}

// NewLiar returns a Liar that tells the same each time.
func NewLiar(share float64, seed uint64) *Liar {
	return &Liar{Share: share, rand: rand.New(rand.NewPCG(seed, seed))}
}

// Generate implements kb.Generator with up to five sentences.
func (l *Liar) Generate(ctx context.Context, _ kb.Query, from []kb.Passage) ([]kb.Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []kb.Claim
	for try := 0; try < 200 && len(out) < 5 && len(from) > 0; try++ {
		p := l.rand.IntN(len(from))
		if len(from[p].Sentences) == 0 {
			continue
		}
		kinds := Truths
		if l.rand.Float64() < l.Share {
			kinds = Lies
		}
		if t, ok := Tell(kinds[l.rand.IntN(len(kinds))], from, p, l.rand.IntN(len(from[p].Sentences))); ok {
			l.told = append(l.told, t)
			out = append(out, t.Claim)
		}
	}
	return out, ctx.Err()
}

// Told returns what it has said so far.
func (l *Liar) Told() []Told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// teller rewrites one sentence.
type teller struct {
	from    []kb.Passage
	p, n    int
	passage kb.Passage
	text    string
	words   liarLexicon
}

var digitsRun = regexp.MustCompile(`\d+`)

func (x teller) number() string {
	at := digitsRun.FindStringIndex(x.text)
	if at == nil {
		return ""
	}
	n, err := strconv.Atoi(x.text[at[0]:at[1]])
	if err != nil {
		return ""
	}
	return x.text[:at[0]] + strconv.Itoa(n+1+len(x.text)%3) + x.text[at[1]:]
}

func (x teller) digits() string {
	for _, at := range digitsRun.FindAllStringIndex(x.text, -1) {
		if d := x.text[at[0]:at[1]]; len(d) > 1 && d[0] != d[1] {
			return x.text[:at[0]] + string(d[1]) + string(d[0]) + d[2:] + x.text[at[1]:]
		}
	}
	return ""
}

func (x teller) date() string {
	for i, m := range x.words.months {
		if replaced := strings.Replace(x.text, m, x.words.months[(i+1+len(x.text)%5)%len(x.words.months)], 1); replaced != x.text {
			return replaced
		}
	}
	return ""
}

var amounts = regexp.MustCompile(`([€$£]\s?\d|\d\s?[€$£]|\d+ ?(?:euros?|Euro|欧元|美元))`)

func (x teller) amount() string {
	at := amounts.FindStringIndex(x.text)
	if at == nil {
		return ""
	}
	if len(x.text)%2 == 0 {
		other := strings.NewReplacer("€", "$", "$", "€", "£", "€", "euros", "dollars", "euro", "dollar", "Euro", "Dollar", "欧元", "美元", "美元", "欧元")
		return x.text[:at[0]] + other.Replace(x.text[at[0]:at[1]]) + x.text[at[1]:]
	}
	return x.text[:at[0]] + digitsRun.ReplaceAllString(x.text[at[0]:at[1]], "9$0") + x.text[at[1]:]
}

// swapWords exchanges the first word of a pair that the text has for the other one.
func swapWords(text string, pairs [][2]string, lang kb.Lang) string {
	for _, p := range pairs {
		for _, from := range []int{0, 1} {
			if i := indexWord(text, p[from], lang); i >= 0 {
				return text[:i] + p[1-from] + text[i+len(p[from]):]
			}
		}
	}
	return ""
}

// indexWord finds a word, or for Chinese a string.
func indexWord(text, word string, lang kb.Lang) int {
	if lang == kb.Chinese {
		return strings.Index(text, word)
	}
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return -1
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return i
		}
		at = i + len(word)
	}
}

func (x teller) unit() string       { return swapWords(x.text, x.words.units, x.passage.Lang) }
func (x teller) comparison() string { return swapWords(x.text, x.words.comparisons, x.passage.Lang) }

func (x teller) noNegation() string {
	for _, n := range x.words.negations {
		if out := n.pattern.ReplaceAllString(x.text, n.with); out != x.text {
			return out
		}
	}
	return ""
}

func (x teller) negation() string {
	for _, n := range x.words.verbs {
		if at := n.pattern.FindStringSubmatchIndex(x.text); at != nil {
			return x.text[:at[0]] + string(n.pattern.ExpandString(nil, n.with, x.text, at)) + x.text[at[1]:]
		}
	}
	return ""
}

// subjects swaps buyer and seller, else two long words.
func (x teller) subjects() string {
	for _, p := range x.words.roles {
		i, k := indexWord(x.text, p[0], x.passage.Lang), indexWord(x.text, p[1], x.passage.Lang)
		if i < 0 && k < 0 {
			continue
		}
		const hold = "\x00"
		out := strings.ReplaceAll(x.text, p[0], hold)
		return strings.ReplaceAll(strings.ReplaceAll(out, p[1], p[0]), hold, p[1])
	}
	if x.passage.Lang == kb.Chinese {
		return ""
	}
	var long []string
	for _, w := range strings.FieldsFunc(x.text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if utf8.RuneCountInString(w) > 5 && !slices.Contains(long, w) {
			long = append(long, w)
		}
	}
	if len(long) < 2 {
		return ""
	}
	a, b := long[0], long[len(long)-1]
	i, k := strings.Index(x.text, a), strings.LastIndex(x.text, b)
	if i < 0 || k < i+len(a) {
		return ""
	}
	return x.text[:i] + b + x.text[i+len(a):k] + a + x.text[k+len(b):]
}

// halves cuts a sentence near its middle, at a blank.
func halves(text string) (string, string) {
	runes := []rune(text)
	mid := len(runes) / 2
	for i := mid; i < len(runes); i++ {
		if runes[i] == ' ' || unicode.Is(unicode.Han, runes[i]) {
			return string(runes[:i]), string(runes[i:])
		}
	}
	return "", ""
}

func (x teller) merged() string {
	other := x.from[(x.p+1)%len(x.from)]
	if other.ID == x.passage.ID || len(other.Sentences) == 0 || other.Lang != x.passage.Lang {
		return ""
	}
	return cross(x.text, other.Sentence(x.n%len(other.Sentences)))
}

func (x teller) crossed() string {
	if len(x.passage.Sentences) < 2 {
		return ""
	}
	return cross(x.text, x.passage.Sentence((x.n+1)%len(x.passage.Sentences)))
}

func cross(a, b string) string {
	first, _ := halves(a)
	_, second := halves(b)
	if len(first) < 9 || len(second) < 9 {
		return ""
	}
	return first + second
}

func (x teller) condition() string {
	for _, c := range x.words.conditions {
		if at := c.FindStringIndex(x.text); at != nil {
			out := strings.TrimSpace(x.text[:at[0]] + x.text[at[1]:])
			if utf8.RuneCountInString(out) < 8 {
				return ""
			}
			return upperFirst(out)
		}
	}
	return ""
}

func (x teller) invented() string { return x.words.inventions[x.n%len(x.words.inventions)] }

func (x teller) joined() string {
	n := x.n + 1
	if n >= len(x.passage.Sentences) || leads(x.text) || leads(x.passage.Sentence(n)) || x.passage.Sentences[n].Kind != x.passage.Sentences[x.n].Kind ||
		x.passage.Sentences[n].Kind == kb.Row {
		return ""
	}
	a := strings.TrimRight(x.text, ".!。！；;")
	return a + x.words.and + lowerFirst(x.passage.Sentence(n))
}

var bracketed = regexp.MustCompile(`\s?[(（][^)）]*[)）]`)

func (x teller) shortened() string {
	if leads(x.text) {
		return ""
	}
	if out := bracketed.ReplaceAllString(x.text, ""); out != x.text {
		if x.words.decides.MatchString(strings.Join(bracketed.FindAllString(x.text, -1), " ")) {
			return ""
		}
		return out
	}
	at := x.words.addition.FindStringIndex(x.text)
	if at == nil || x.words.decides.MatchString(x.text[at[0]:]) {
		return ""
	}
	return x.text[:at[0]] + x.text[len(strings.TrimRight(x.text, ".。!！")):]
}

func (x teller) listed() string {
	s := x.passage.Sentences[x.n]
	if s.Kind != kb.Item || x.n == 0 {
		return ""
	}
	lead := x.n - 1
	for lead > 0 && x.passage.Sentences[lead].List == s.List {
		lead--
	}
	if text := x.passage.Sentence(lead); leads(text) {
		return strings.TrimRight(text, ":： \u00a0\u202f") + x.words.comma + lowerFirst(x.text)
	}
	return x.words.then + lowerFirst(x.text)
}

// leads reports whether a line leads up to what follows.
func leads(text string) bool { return strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：") }

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
