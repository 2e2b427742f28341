package kb

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Intent is what a message wants before anything is searched for it.
type Intent string

// The intents. A message that asks something an article may answer has none, whatever it is about:
// "how do I lodge a complaint?" is a question, "this is a formal complaint" is not.
const (
	NoIntent       Intent = ""
	WishesPerson   Intent = "asked"     // to be brought to a person, or called back
	Complains      Intent = "complaint" // formally, or with a lawyer or an authority in view
	ReportsFraud   Intent = "fraud"     // a stolen account, a swindle, a threat, danger
	NeedsCare      Intent = "special"   // a death in the family, an illness
	IsAngry        Intent = "angry"     // strongly
	GreetsAlone    Intent = "hello"     // nothing but a greeting
	ThanksAlone    Intent = "thanks"    // nothing but thanks
	TakesLeave     Intent = "bye"       // nothing but a goodbye
	sureOfLang            = 0.9         // from which the rules of one language are enough
	maxIntentRunes        = 600         // at either end of a message that are read: what one wants stands there
)

//go:embed intent/*.txt
var intentFiles embed.FS

// intents are in the order in which they are looked for: what cannot wait first.
var intents = []Intent{ReportsFraud, NeedsCare, Complains, WishesPerson, IsAngry}

// courtesies are looked for in messages that are nothing else.
var courtesies = []Intent{ThanksAlone, TakesLeave, GreetsAlone}

// rules are one language's: patterns over the folded words of a message, with a space between.
type rules struct {
	lang     Lang
	never    *regexp.Regexp // means nothing: taken out first
	noBots   *regexp.Regexp // wishes a person, by wishing no machine
	not      *regexp.Regexp // wishes no person: taken out with what follows it
	question *regexp.Regexp // says that the message asks
	anywhere map[Intent]*regexp.Regexp
	alone    map[Intent]*regexp.Regexp // the whole message but for polite words
	words    map[string]bool           // of the patterns, for spelling
}

// intentRules reads the embedded patterns. "name = expression" names an expression for {name}; a line
// "# intent" heads the patterns found anywhere in a message, "# intent alone" those that are all of
// it, and the fields of rules say what the other headings mean. " …" stands for
// up to three words (in Chinese, up to six characters). {polite} is what may stand around a pattern
// that is alone.
var intentRules = sync.OnceValue(func() map[Lang]*rules {
	all := map[Lang]*rules{}
	for _, l := range Langs {
		data, err := intentFiles.ReadFile("intent/" + string(l) + ".txt")
		if err != nil {
			panic(err) // the file is compiled in
		}
		all[l] = readRules(l, string(data))
	}
	return all
})

var (
	nameLine   = regexp.MustCompile(`^(\w+) = (.*)$`)
	namePlace  = regexp.MustCompile(`\{(\w+)\}`)
	spelledOut = regexp.MustCompile(`[a-z]{5,}`)
)

func readRules(lang Lang, text string) *rules {
	r := &rules{lang: lang, anywhere: map[Intent]*regexp.Regexp{}, alone: map[Intent]*regexp.Regexp{}, words: map[string]bool{}}
	names, heads := map[string]string{}, map[string][]string{}
	head := ""
	fill := func(s string) string {
		return namePlace.ReplaceAllStringFunc(s, func(m string) string {
			value, known := names[m[1:len(m)-1]]
			if !known {
				return m // a repetition, {0,3}
			}
			return "(?:" + value + ")"
		})
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := nameLine.FindStringSubmatch(line); m != nil {
			names[m[1]] = fill(m[2])
		} else if after, ok := strings.CutPrefix(line, "# "); ok {
			head = after
		} else if line != "" {
			heads[head] = append(heads[head], fill(line))
		}
		for _, w := range spelledOut.FindAllString(line, -1) {
			r.words[w] = true
		}
	}
	gap, before, after, space := `(?: [^ .?]+){0,3}`, `(?:^| )`, `(?: |$)`, ` `
	if lang == Chinese {
		gap, before, after, space = `[^.?]{0,6}`, ``, ``, ``
	}
	compile := func(head, before, after string) *regexp.Regexp {
		if len(heads[head]) == 0 {
			return nil
		}
		p := strings.Join(heads[head], "|")
		p = strings.ReplaceAll(strings.ReplaceAll(p, " …", gap), "…", gap)
		delete(heads, head)
		return regexp.MustCompile(before + "(?:" + p + ")" + after)
	}
	polite := "(?:" + names["polite"] + ")"
	r.never, r.noBots, r.question = compile("never", before, after), compile("no bots", before, after), compile("question", before, after)
	r.not = compile("not", before, gap)
	for _, i := range intents {
		r.anywhere[i] = compile(string(i), before, after)
	}
	for _, i := range append(courtesies, intents...) {
		r.alone[i] = compile(string(i)+" alone", "^(?:"+polite+space+")*", "(?:"+space+polite+")*$")
	}
	if len(heads) > 0 {
		panic(fmt.Sprintf("intent/%s.txt: headings that nothing reads: %v", lang, heads))
	}
	return r
}

// DetectIntent tells what a message wants before anything is searched, by rules in the language it is
// in, in lang, which is the one to expect, and in English. It errs on the side of NoIntent: an article
// answers more than a person can.
func DetectIntent(text string, lang Lang) Intent {
	text = ends(text)
	told, sure := DetectLang(text, lang)
	in := []Lang{told, lang, English}
	if sure >= sureOfLang {
		in = in[:1]
	}
	var tried []Lang
	for _, l := range in {
		r := intentRules()[l]
		if r == nil || slices.Contains(tried, l) {
			continue
		}
		tried = append(tried, l)
		if i := r.detect(text); i != NoIntent {
			return i
		}
	}
	return NoIntent
}

// ends is text without the middle of a very long one.
func ends(text string) string {
	if utf8.RuneCountInString(text) <= 2*maxIntentRunes {
		return text
	}
	r := []rune(text)
	return string(r[:maxIntentRunes]) + "\n" + string(r[len(r)-maxIntentRunes:])
}

func (r *rules) detect(text string) Intent {
	s := r.normal(text)
	whole := unmarked.Replace(s)
	for _, i := range courtesies {
		if matches(r.alone[i], whole) {
			return i
		}
	}
	if r.never != nil {
		s = r.never.ReplaceAllString(s, " ~ ")
	}
	noBots := matches(r.noBots, s)
	if r.not != nil {
		s = r.not.ReplaceAllString(s, " ~ ")
	}
	asks := strings.Contains(s, "?") || matches(r.question, s)
	for _, i := range intents {
		if asks && (i == NeedsCare || i == Complains) {
			continue // articles tell of both
		}
		if matches(r.anywhere[i], s) || matches(r.alone[i], whole) || i == WishesPerson && noBots {
			return i
		}
	}
	return NoIntent
}

// unmarked takes the marks off what normal returns.
var unmarked = strings.NewReplacer(" .", "", " ?", "", ".", "", "?", "")

func matches(r *regexp.Regexp, s string) bool { return r != nil && r.MatchString(s) }

// normal is text as the patterns read it: folded words with a space between, "." or "?" where a
// sentence ends, and words that the patterns know put right where a letter of them is wrong. Chinese
// has no spaces.
func (r *rules) normal(text string) string {
	var b strings.Builder
	add := func(w string) {
		if b.Len() > 0 && r.lang != Chinese {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	text = Fold(text)
	for text != "" {
		end := strings.IndexAny(text, ".?!;:,\n。，…")
		clause, mark := text, ""
		if end >= 0 {
			c, size := utf8.DecodeRuneInString(text[end:])
			clause, text, mark = text[:end], text[end+size:], "."
			if c == '?' {
				mark = "?"
			}
		} else {
			text = ""
		}
		if r.lang == Chinese {
			add(strings.Map(func(c rune) rune {
				if unicode.IsLetter(c) || unicode.IsDigit(c) {
					return c
				}
				return -1
			}, clause))
		} else {
			for _, w := range Words(r.lang, clause) {
				add(r.spelled(w))
			}
		}
		if mark != "" && !strings.HasSuffix(b.String(), mark) {
			add(mark)
		}
	}
	return b.String()
}

// spelled is w, or the one word of the patterns that it is a letter away from; w stays where it is a
// word of the language by itself.
func (r *rules) spelled(w string) string {
	if len(w) < 5 || r.words[w] || ownWord(r.lang, w) {
		return w
	}
	best := ""
	for known := range r.words {
		if known[0] == w[0] && len(known) > len(w)-2 && len(known) < len(w)+2 && slip(w, known) && (best == "" || known < best) {
			best = known
		}
	}
	if best == "" {
		return w
	}
	return best
}

// ownWords are the folded words of each language's list.
var ownWords = sync.OnceValue(func() map[Lang]map[string]bool {
	all := map[Lang]map[string]bool{}
	for l, lex := range lexicons() {
		all[l] = map[string]bool{}
		for _, w := range append(slices.Clone(lex.common), lex.stop...) {
			all[l][Fold(w)] = true
		}
	}
	return all
})

func ownWord(lang Lang, w string) bool { return ownWords()[lang][w] }

// slip reports whether one letter added, left out or put wrong, or two exchanged, makes b of a.
func slip(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case len(a) == len(b)+1:
		return a[1:] == b
	case len(b) == len(a)+1:
		return b[1:] == a
	case len(a) != len(b) || a == "":
		return false
	}
	return a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}
