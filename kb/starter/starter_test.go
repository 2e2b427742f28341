package starter_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"guichet/kb"
	"guichet/kb/starter"
)

// told are facts that more than one group tells: whichever of its articles is quoted, the fact must
// stand in it in the words that the questions want.
var told = map[string]kb.GroupID{
	"first-answer":            "first-answer-time",
	"no-second-request":       "first-answer-time",
	"digital-final":           "refund-digital",
	"refund-review":           "refund-delays",
	"unsatisfied-7-days":      "order-cancel",
	"refund-category-billing": "wrong-charge",
}

// TestSharedFactsStandInEveryLanguage: a question is answered from another language where its own
// lacks the group, and then without the words it wants.
func TestSharedFactsStandInEveryLanguage(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{}
	for _, a := range articles(t) {
		bodies[string(a.Group)+"."+string(a.Lang)] = strings.ToLower(a.Body)
	}
	for _, l := range kb.Langs {
		f, err := os.Open("questions." + string(l) + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		found := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			var q struct {
				Fact string
				Want []string
			}
			if err := json.Unmarshal(s.Bytes(), &q); err != nil {
				t.Fatal(err)
			}
			group, ok := told[q.Fact]
			if !ok {
				continue
			}
			found++
			for _, w := range q.Want {
				if !strings.Contains(bodies[string(group)+"."+string(l)], strings.ToLower(w)) {
					t.Errorf("%s.%s does not tell %s: %q", group, l, q.Fact, w)
				}
			}
		}
		if found != len(told) {
			t.Errorf("%s: %d of %d facts are asked", l, found, len(told))
		}
	}
}

var link = regexp.MustCompile(`\]\(article:([^)#]+)`)

// TestLinksStayInTheLanguage: a link to a group that the language lacks would be shown as bare text.
func TestLinksStayInTheLanguage(t *testing.T) {
	t.Parallel()
	all := articles(t)
	there := map[string]bool{}
	for _, a := range all {
		there[string(a.Group)+"."+string(a.Lang)] = true
	}
	links := 0
	for _, a := range all {
		for _, m := range link.FindAllStringSubmatch(a.Body, -1) {
			links++
			if to := m[1] + "." + string(a.Lang); !there[to] {
				t.Errorf("%s links to %s, which is not there", a.ID, to)
			}
		}
	}
	if links == 0 {
		t.Error("no article links to another: are links read at all?")
	}
}

func articles(t *testing.T) []kb.Article {
	t.Helper()
	all, err := starter.Articles()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
