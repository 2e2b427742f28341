package locale_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"guichet/kb"
	"guichet/kb/starter"
)

// avoided is one entry of a glossary's last column.
type avoided struct {
	section, as string
	pattern     *regexp.Regexp
}

var ticked = regexp.MustCompile("`([^`]+)`")

// glossary reads the tables of docs/glossary/<lang>.md.
func glossary(t *testing.T, l kb.Lang) (out []avoided) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "docs", "glossary", string(l)+".md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if h, ok := strings.CutPrefix(line, "## "); ok {
			section = h
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for _, m := range ticked.FindAllStringSubmatch(cells[len(cells)-1], -1) {
			p, err := pattern(section, l, m[1])
			if err != nil {
				t.Fatalf("%s: %s: %v", l, m[1], err)
			}
			out = append(out, avoided{section, m[1], p})
		}
	}
	if len(out) < 60 {
		t.Fatalf("%s: the glossary avoids only %d words: is it read at all?", l, len(out))
	}
	return out
}

// pattern of an entry: /…/ is one, signs are themselves, and words stand alone (save in Chinese,
// which has no spaces to tell), a star being the rest of one.
func pattern(section string, l kb.Lang, entry string) (*regexp.Regexp, error) {
	if inner, ok := strings.CutPrefix(entry, "/"); ok {
		return regexp.Compile("(?i)" + strings.TrimSuffix(inner, "/"))
	}
	stem, more := strings.CutSuffix(entry, "*")
	p := "(?i)" + regexp.QuoteMeta(stem)
	if section == "Typography" || l == kb.Chinese {
		return regexp.Compile(p)
	}
	if more {
		p += `\pL*`
	}
	return regexp.Compile(strings.Replace(p, "(?i)", `(?i)(?:^|[^\pL\d_-])`, 1) + `(?:$|[^\pL\d_])`)
}

var (
	braced = regexp.MustCompile(`\{\w+\}`)
	target = regexp.MustCompile(`\]\([^)]*\)|https?://\S+|\[!\w+\]`)
)

// TestGlossary holds every text of a language to its glossary.
func TestGlossary(t *testing.T) {
	t.Parallel()
	articles, err := starter.Articles()
	if err != nil {
		t.Fatal(err)
	}
	collections, err := starter.Collections()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range kb.Langs {
		words := glossary(t, l)
		hold := func(where, text string, typed bool) {
			for _, w := range words {
				if typed && w.section == "Typography" || strings.HasPrefix(where, "desk.") && w.section == "Words" {
					continue
				}
				if m := w.pattern.FindString(text); m != "" {
					t.Errorf("%s: %s: %q (avoided as %s in %s): %q", l, where, m, w.as, w.section, text)
				}
			}
		}
		for key, text := range catalog(t, l) {
			for _, s := range text {
				hold(key, braced.ReplaceAllString(s, "\ufffc"), false)
			}
		}
		for _, a := range articles {
			if a.Lang != l {
				continue
			}
			hold(string(a.ID), a.Title, true)
			for _, line := range strings.Split(target.ReplaceAllString(a.Body, "]"), "\n") {
				hold(string(a.ID), line, true)
			}
		}
		for _, c := range collections {
			hold(string(c.Key), c.Titles[l]+". "+c.Description[l], true)
		}
	}
}

// TestArticlesNameWhatMembersSee: the starter articles call buttons, categories and statuses as the
// pages write them.
func TestArticlesNameWhatMembersSee(t *testing.T) {
	t.Parallel()
	articles, err := starter.Articles()
	if err != nil {
		t.Fatal(err)
	}
	c := load(t)
	for group, keys := range map[kb.GroupID][]string{
		"ask-for-help":    {"ask.title", "nav.new_ticket", "answer.talk"},
		"contact-methods": {"answer.talk"},
		"create-ticket":   {"nav.new_ticket"},
		"refund-request":  {"nav.new_ticket", "category.billing"},
		"wrong-charge":    {"nav.new_ticket", "category.billing"},
		"follow-ticket":   {"status.received", "status.in_progress", "status.waiting", "status.solved", "status.closed"},
	} {
		found := 0
		for _, a := range articles {
			if a.Group != group {
				continue
			}
			found++
			for _, key := range keys {
				if label := c.T(a.Lang, key, nil); !strings.Contains(a.Body, label) {
					t.Errorf("%s does not name %s, « %s »", a.ID, key, label)
				}
			}
		}
		if found != len(kb.Langs) {
			t.Errorf("%s is there in %d languages", group, found)
		}
	}
}
