// Package locale says things in the nine languages: message catalogs with plural forms, dates and
// numbers. The catalogs are JSON files with flat keys; a value is a text, or an object of texts by
// plural category (one, few, many, other) as CLDR names them. Texts hold placeholders like {name}
// and never HTML, so that Go and TypeScript can both fill them.
package locale

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"guichet/kb"
)

// Fallback is the language that stands in where another lacks a text.
const Fallback = kb.English

// deskPrefix is of the texts for people who work here: they exist in French and English alone, and
// the other languages take the English ones as a matter of course.
const deskPrefix = "desk."

// Catalogs holds the texts of all languages. It is safe for concurrent use.
type Catalogs struct {
	printers map[kb.Lang]*Printer
	missing  sync.Map // lang and key of what was missed, so that each is logged once
}

// Load reads locales/<lang>.json of fsys for each of the nine languages. An error names the file
// that is missing or broken.
func Load(fsys fs.FS) (*Catalogs, error) { return LoadOver(fsys, nil) }

// LoadOver is Load with texts of the operator's own laid over those of fsys, key by key: own holds
// <lang>.json files, as many as there is something to say otherwise; nil is none. An error names
// the file, and the key where one is at fault.
func LoadOver(fsys, own fs.FS) (*Catalogs, error) {
	c, all := &Catalogs{printers: map[kb.Lang]*Printer{}}, map[kb.Lang]map[string]Text{}
	bundle := i18n.NewBundle(language.MustParse(Fallback.Tag()))
	if err := onlyLanguages(own); err != nil {
		return nil, err
	}
	for _, l := range kb.Langs {
		name := "locales/" + string(l) + ".json"
		texts, err := readCatalog(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("locale: %s: %w", name, err)
		}
		if err := overlay(texts, own, string(l)+".json"); err != nil {
			return nil, err
		}
		if err := bundle.AddMessages(language.MustParse(l.Tag()), messages(texts)...); err != nil {
			return nil, fmt.Errorf("locale: %s: %w", name, err)
		}
		all[l] = texts
	}
	for _, l := range kb.Langs {
		c.printers[l] = &Printer{catalogs: c, lang: l, localizer: i18n.NewLocalizer(bundle, l.Tag()), texts: all[l]}
	}
	return c, nil
}

func readCatalog(fsys fs.FS, name string) (map[string]Text, error) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var texts map[string]Text
	return texts, json.Unmarshal(b, &texts)
}

func messages(texts map[string]Text) []*i18n.Message {
	var out []*i18n.Message
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		t := texts[key]
		out = append(out, &i18n.Message{ID: key, Zero: t["zero"], One: t["one"], Two: t["two"], Few: t["few"], Many: t["many"], Other: t["other"]})
	}
	return out
}

// Text is one message as it stands in a file, by plural category; a plain text has only "other".
type Text map[string]string

// UnmarshalJSON reads a text or an object of texts.
func (t *Text) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*t = Text{"other": plain}
		return nil
	}
	forms := map[string]string{}
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return errors.New(`a message has no "other"`)
	}
	*t = forms
	return nil
}

// For returns the Printer of a language; English for one that is none of the nine.
func (c *Catalogs) For(l kb.Lang) *Printer {
	if p, ok := c.printers[l]; ok {
		return p
	}
	return c.printers[Fallback]
}

// T is For(l).T.
func (c *Catalogs) T(l kb.Lang, key string, args map[string]any) string { return c.For(l).T(key, args) }

// DateTime is For(l).DateTime.
func (c *Catalogs) DateTime(l kb.Lang, t time.Time, zone *time.Location) string {
	return c.For(l).DateTime(t, zone)
}

// Printer says things in one language.
type Printer struct {
	catalogs  *Catalogs
	lang      kb.Lang
	localizer *i18n.Localizer
	texts     map[string]Text
}

// Lang is the printer's language.
func (p *Printer) Lang() kb.Lang { return p.lang }

// T returns the text of a key with its placeholders filled; whole numbers among args are grouped as
// the language does. A key that the language lacks is said in English, one that English lacks too
// as the key itself; either is logged once.
func (p *Printer) T(key string, args map[string]any) string {
	return p.say(&i18n.LocalizeConfig{MessageID: key, TemplateData: args})
}

// N is T in the plural form of n, which also fills the placeholder {n}.
func (p *Printer) N(key string, n int, args map[string]any) string {
	all := map[string]any{"n": n}
	maps.Copy(all, args)
	return p.say(&i18n.LocalizeConfig{MessageID: key, TemplateData: all, PluralCount: n})
}

func (p *Printer) say(c *i18n.LocalizeConfig) string {
	c.TemplateParser = braces{p}
	s, err := p.localizer.Localize(c)
	if err == nil {
		return s
	}
	if s == "" || !strings.HasPrefix(c.MessageID, deskPrefix) {
		if _, known := p.catalogs.missing.LoadOrStore(string(p.lang)+" "+c.MessageID, true); !known {
			slog.Warn("locale: text missing", "lang", p.lang, "key", c.MessageID)
		}
	}
	if s == "" {
		return c.MessageID
	}
	return s
}

// Texts returns texts as they stand in the files, for scripts that fill them in themselves: a string,
// or, for a text with plural forms, a map of them by category. wanted are keys, or beginnings of keys
// that end in a dot. What the language lacks is said in English.
func (p *Printer) Texts(wanted ...string) map[string]any {
	fallback := p.catalogs.printers[Fallback].texts
	out := map[string]any{}
	for key, text := range fallback {
		if !slices.ContainsFunc(wanted, func(w string) bool { return w == key || strings.HasSuffix(w, ".") && strings.HasPrefix(key, w) }) {
			continue
		}
		plural := len(text) > 1
		if own, ok := p.texts[key]; ok {
			text = own
		}
		if out[key] = text["other"]; plural {
			out[key] = text
		}
	}
	return out
}
