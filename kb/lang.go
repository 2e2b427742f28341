package kb

import (
	"fmt"
	"strings"
)

// Lang is one of the nine languages, by its two-letter code.
type Lang string

// The nine languages.
const (
	English    Lang = "en"
	Spanish    Lang = "es"
	Italian    Lang = "it"
	French     Lang = "fr"
	Dutch      Lang = "nl"
	German     Lang = "de"
	Chinese    Lang = "zh"
	Portuguese Lang = "pt"
	Polish     Lang = "pl"
)

// Langs are the nine languages in the product's order.
var Langs = [...]Lang{English, Spanish, Italian, French, Dutch, German, Chinese, Portuguese, Polish}

// ParseLang reads a language code; regions and scripts are dropped (pt-BR, zh-Hans). Others than
// the nine are refused by name.
func ParseLang(s string) (Lang, error) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "-")
	base, _, _ = strings.Cut(base, "_")
	for _, l := range Langs {
		if string(l) == base {
			return l, nil
		}
	}
	return "", fmt.Errorf("language %q is not one of en es it fr nl de zh pt pl", s)
}

// Tag is the BCP 47 tag for HTML and catalogs: pt-PT and zh-Hans, else the code itself.
func (l Lang) Tag() string {
	switch l {
	case Portuguese:
		return "pt-PT"
	case Chinese:
		return "zh-Hans"
	}
	return string(l)
}
