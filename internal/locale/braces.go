package locale

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"

	"guichet/kb"
)

// braces fills {name} placeholders. One without its argument stays as it stands, so that a mistake
// is seen; a brace that opens none is text.
type braces struct{ p *Printer }

// Cacheable is false: what is parsed is the text itself, and a cache would cost more.
func (b braces) Cacheable() bool { return false }

// Parse returns src, to be filled.
func (b braces) Parse(src, _, _ string) (template.ParsedTemplate, error) {
	return filled{b.p, src}, nil
}

type filled struct {
	p   *Printer
	src string
}

// Execute fills the text with data, a map[string]any.
func (f filled) Execute(data any) (string, error) {
	args, _ := data.(map[string]any)
	if len(args) == 0 {
		return f.src, nil
	}
	var b strings.Builder
	rest := f.src
	for {
		before, after, open := strings.Cut(rest, "{")
		b.WriteString(before)
		if !open {
			return b.String(), nil
		}
		name, next, closed := strings.Cut(after, "}")
		value, given := args[name]
		if !closed || !given {
			b.WriteByte('{')
			rest = after
			continue
		}
		switch v := value.(type) {
		case string:
			b.WriteString(v)
		case int:
			b.WriteString(f.p.Number(int64(v)))
		case int64:
			b.WriteString(f.p.Number(v))
		default:
			fmt.Fprint(&b, v)
		}
		rest = next
	}
}

// separators stand between groups of three digits; a no-break space where the language writes one.
var separators = map[kb.Lang]string{
	kb.English: ",", kb.Chinese: ",",
	kb.German: ".", kb.Spanish: ".", kb.Italian: ".", kb.Dutch: ".",
	kb.French: "\u202f", kb.Polish: "\u00a0", kb.Portuguese: "\u00a0",
}

// Number writes a whole number with its groups of three digits.
func (p *Printer) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	if len(s)-first < 5 { // most of the nine leave four digits together; all may
		return s
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + separators[p.lang] + s[i:]
	}
	return s
}
