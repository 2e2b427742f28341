package kb

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a token may decide.
const (
	negation  = "negation"
	condition = "condition" // also comparisons, exceptions, "only", "never more than"
)

// token is a word, number or Chinese character of a sentence, folded, and what is to be known of it
// when sentences are compared.
type token struct {
	text         string
	number       bool   // a number, date, amount or range
	sign         bool   // a currency
	guard        string // what it decides, or ""
	exact        bool   // a unit or a role: stands as it stands
	bends        bool   // may have another ending
	glue         bool   // only connects
	opens        bool   // begins a condition or exception
	adds         bool   // begins a clause that adds or gives a reason
	starts, ends bool   // first and last of a clause
	last         bool   // of its sentence
	bracket      int    // counts brackets from 1; 0 outside
}

var (
	isoDate  = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})`)
	longDate = regexp.MustCompile(`^(\d{1,2})[./](\d{1,2})[./](\d{4})`)
	grouped  = regexp.MustCompile(`^\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?`)
	figure   = regexp.MustCompile(`^\d+(?:[.,]\d+)*`)
	groups   = regexp.MustCompile(`^\d{1,3}(?:[.,]\d{3})+$`)
)

// tokens cuts a sentence.
func tokens(lang Lang, s string) []token {
	c := cutter{lang: lang, lex: claimLexicons[lang], text: Fold(s), starts: true}
	if lang == English {
		c.text = contracted.Replace(c.text)
	}
	c.cut()
	out := c.dates(c.out)
	if len(out) > 0 {
		out[len(out)-1].last = true
	}
	return out
}

var contracted = strings.NewReplacer("cannot", "can not", "can't", "can not", "won't", "will not", "n't", " not")

type cutter struct {
	lang     Lang
	lex      claimLexicon
	text     string
	out      []token
	starts   bool // a clause begins
	bracket  int  // the one we are in, or 0
	brackets int
}

func (c *cutter) add(t token) {
	t.starts, t.bracket = c.starts, c.bracket
	c.starts = false
	c.out = append(c.out, t)
}

func (c *cutter) boundary() {
	if n := len(c.out); n > 0 {
		c.out[n-1].ends = true
	}
	c.starts = true
}

func (c *cutter) cut() {
	for i := 0; i < len(c.text); {
		rest := c.text[i:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsDigit(r):
			size = c.number(rest, i)
		case unicode.Is(unicode.Han, r):
			size = c.han(rest)
		case unicode.IsLetter(r):
			size = strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) || unicode.Is(unicode.Han, r) })
			if size < 0 {
				size = len(rest)
			}
			c.word(rest[:size])
		case r == '(':
			c.boundary()
			c.brackets++
			c.bracket = c.brackets
		case r == ')':
			c.bracket = 0
			c.boundary()
		case strings.ContainsRune("-–—", r):
			c.dash(i, size)
		case strings.ContainsRune(",;:.!?|。、", r):
			c.boundary()
		case r == '%':
			c.add(token{text: "%", number: true, exact: true})
		case unicode.Is(unicode.Sc, r):
			c.add(token{text: string(r), number: true, sign: true, exact: true})
		case unicode.Is(unicode.Sm, r):
			c.add(token{text: string(r), guard: condition})
		}
		i += size
	}
	c.boundary()
}

// dash is a range between two digits, a clause's bound between blanks, else nothing.
func (c *cutter) dash(i, size int) {
	before, after := strings.TrimRight(c.text[:i], " "), strings.TrimLeft(c.text[i+size:], " ")
	switch {
	case before != "" && after != "" && isDigit(before[len(before)-1]) && isDigit(after[0]):
		c.add(token{text: "–", number: true})
	case strings.HasSuffix(c.text[:i], " ") && strings.HasPrefix(c.text[i+size:], " "):
		c.boundary()
	}
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// number adds the number or date that rest begins with.
func (c *cutter) number(rest string, at int) int {
	sign := ""
	if before := c.text[:at]; (strings.HasSuffix(before, "-") || strings.HasSuffix(before, "−")) && len(c.out) == 0 ||
		strings.HasSuffix(before, " -") || strings.HasSuffix(before, " −") {
		if n := len(c.out); n == 0 || c.out[n-1].text != "–" {
			sign = "-"
		}
	}
	for _, pattern := range []*regexp.Regexp{isoDate, longDate} {
		if m := pattern.FindStringSubmatch(rest); m != nil {
			y, mo, d := m[1], m[2], m[3]
			if pattern == longDate {
				y, d = d, y
			}
			c.add(token{text: "date " + trimZeros(y) + "-" + trimZeros(mo) + "-" + trimZeros(d), number: true})
			return len(m[0])
		}
	}
	m := grouped.FindString(rest)
	if m == "" {
		m = figure.FindString(rest)
	}
	if m == "" { // digits of other scripts
		_, size := utf8.DecodeRuneInString(rest)
		c.add(token{text: rest[:size], number: true})
		return size
	}
	c.add(token{text: sign + c.value(m), number: true})
	return len(m)
}

func trimZeros(s string) string { return strings.TrimLeft(s, "0") }

// value writes a number in one way: no separators between thousands, a point before decimals.
func (c *cutter) value(s string) string {
	s = strings.NewReplacer(" ", "", "'", "").Replace(s)
	point, comma := ",", "." // most of the nine write 1.200,50
	if c.lang == English || c.lang == Chinese {
		point, comma = ".", ","
	}
	whole, decimals, _ := strings.Cut(s, point)
	if strings.Contains(whole, comma) {
		if !groups.MatchString(whole) {
			return s // a time or a version: as it stands
		}
		whole = strings.ReplaceAll(whole, comma, "")
	}
	if strings.Trim(decimals, "0") == "" {
		return whole
	}
	return whole + "." + strings.TrimRight(decimals, "0")
}

func (c *cutter) word(w string) {
	if n, ok := c.lex.numbers[w]; ok {
		c.add(token{text: n, number: true})
		return
	}
	if sign, ok := currencies[w]; ok {
		c.add(token{text: sign, number: true, sign: true, exact: true})
		return
	}
	t := c.lex.token(w)
	t.bends = c.lang != Polish && t.guard == "" && !t.exact && !StopWord(c.lang, w)
	c.add(t)
}

// han adds one character, or a word that only connects or decides.
func (c *cutter) han(rest string) int {
	for _, w := range c.lex.long {
		if strings.HasPrefix(rest, w) {
			c.add(c.lex.token(w))
			return len(w)
		}
	}
	run := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("一二两三四五六七八九十", r) })
	if run > 0 {
		if next, _ := utf8.DecodeRuneInString(rest[run:]); strings.ContainsRune("天月日年周个小分元次件种项位", next) {
			if n := chineseNumber(rest[:run]); n > 0 {
				c.add(token{text: strconv.Itoa(n), number: true})
				return run
			}
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	c.add(c.lex.token(rest[:size]))
	return size
}

// chineseNumber reads a number up to 99, 0 where it is none.
func chineseNumber(s string) int {
	digit := func(s string) int {
		if s == "两" {
			return 2
		}
		return strings.Index("一二三四五六七八九", s)/3 + 1
	}
	tens, ones, ten := strings.Cut(s, "十")
	if !ten {
		if utf8.RuneCountInString(s) != 1 {
			return 0
		}
		return digit(s)
	}
	if utf8.RuneCountInString(tens) > 1 || utf8.RuneCountInString(ones) > 1 || strings.Contains(ones, "十") {
		return 0
	}
	n := 10
	if tens != "" {
		n *= digit(tens)
	}
	if ones != "" {
		n += digit(ones)
	}
	return n
}

// dates joins what a date, or a range of numbers, was cut into.
func (c *cutter) dates(ts []token) []token {
	var out []token
	for i := 0; i < len(ts); i++ {
		if n, d := c.date(ts[i:]); n > 0 {
			d.starts, d.ends, d.bracket = ts[i].starts, ts[i+n-1].ends, ts[i].bracket
			out = append(out, d)
			i += n - 1
			continue
		}
		t := ts[i]
		if t.sign && i+1 < len(ts) && ts[i+1].number && !ts[i+1].sign { // €5 is 5 €
			n := ts[i+1]
			n.starts, t.ends, t.starts, n.ends = t.starts, n.ends, false, false
			out = append(out, n, t)
			i++
			continue
		}
		if slices.Contains(c.lex.to, t.text) && i > 0 && i+1 < len(ts) && ts[i-1].number && ts[i+1].number {
			t = token{text: "–", number: true, starts: t.starts, ends: t.ends, bracket: t.bracket}
		}
		out = append(out, t)
	}
	return out
}

// date reads a date with its month's name, or in Chinese, at the beginning of ts: "3 March 2026",
// "March 3, 2026", "3 de março de 2026", "2026年3月3日".
func (c *cutter) date(ts []token) (int, token) {
	at := 0
	var got []string // d, m, y in the order written, months as "m3"
	for at < len(ts) && len(got) < 3 {
		t := ts[at]
		month := c.lex.months[t.text]
		switch {
		case len(got) > 0 && (t.text == "de" || t.text == "年" || t.text == "月" || t.text == "日"):
		case month > 0:
			got = append(got, "m"+strconv.Itoa(month))
		case t.number && len(t.text) <= 4 && strings.Trim(t.text, "0123456789") == "":
			got = append(got, t.text)
		default:
			at = len(ts)
			continue
		}
		at++
		if len(got) == 3 {
			break
		}
	}
	if len(got) < 3 {
		return 0, token{}
	}
	d, m, y := got[0], got[1], got[2]
	switch {
	case c.lang == Chinese && len(got[0]) == 4 && !strings.HasPrefix(m, "m") && ts[1].text == "年":
		y, d = got[0], got[2]
		if at < len(ts) && ts[at].text == "日" {
			at++
		}
	case strings.HasPrefix(d, "m"):
		d, m = m, strings.TrimPrefix(d, "m")
	case strings.HasPrefix(m, "m"):
		m = strings.TrimPrefix(m, "m")
	default:
		return 0, token{}
	}
	if len(y) != 4 || len(d) > 2 || len(m) > 2 || strings.HasPrefix(y, "m") {
		return 0, token{}
	}
	return at, token{text: "date " + y + "-" + m + "-" + d, number: true}
}
