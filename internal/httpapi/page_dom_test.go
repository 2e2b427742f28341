package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
	"guichet/kb"
)

// elements returns every element of a page in reading order.
func elements(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func within(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return true
		}
	}
	return false
}

// checkPage holds what is true of every page: its language, one h1, ids that are unique, fields
// that have a label, descriptions that exist, texts without a hole.
func checkPage(t *testing.T, where, page, tag string) {
	t.Helper()
	ids, labelled := map[string]int{}, map[string]bool{}
	h1, lang := 0, ""
	all := elements(t, page)
	for _, n := range all {
		if within(n, "template") {
			continue // scripts copy it into a page of its own
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "html":
			lang = attr(n, "lang")
		case "h1":
			h1++
		case "label":
			labelled[attr(n, "for")] = true
		}
	}
	if lang != tag {
		t.Errorf("%s: lang=%q, want %q", where, lang, tag)
	}
	if h1 != 1 {
		t.Errorf("%s: %d first headings", where, h1)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %s stands %d times", where, id, n)
		}
	}
	for _, n := range all {
		if within(n, "template") {
			continue
		}
		for _, key := range []string{"aria-describedby", "aria-labelledby"} {
			for _, id := range strings.Fields(attr(n, key)) {
				if ids[id] == 0 {
					t.Errorf("%s: <%s %s> names %q, which is not there", where, n.Data, key, id)
				}
			}
		}
		field := n.Data == "input" && attr(n, "type") != "hidden" || n.Data == "textarea" || n.Data == "select"
		if field && !labelled[attr(n, "id")] {
			t.Errorf("%s: field %q has no label", where, attr(n, "name"))
		}
		if style := attr(n, "style"); style != "" {
			t.Errorf("%s: <%s style> is refused by the page's own policy", where, n.Data)
		}
	}
	for _, hole := range []string{"{n}", "no value", "%!", "ZgotmplZ"} {
		if strings.Contains(page, hole) && !strings.Contains(page, `data-too-long`) {
			t.Errorf("%s: the page holds %q", where, hole)
		}
	}
}

// TestPagesAreSound opens the pages in several languages, as a guest and as staff.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, admin := newBrowser(t, h), newBrowser(t, h)
	admin.signIn(t, h, "admin@example.org", support.RoleAdmin)
	for lang, questions := range map[kb.Lang][2]string{
		kb.French:  {"Combien de temps prend un remboursement ?", "remboursement"},
		kb.Polish:  {"Ile trwa zwrot pieniędzy?", "zwrot"},
		kb.Chinese: {"退款需要多长时间？", "退款"},
		kb.Dutch:   {"Hoe lang duurt een terugbetaling?", "terugbetaling"},
	} {
		l := "/" + string(lang)
		for path, want := range map[string]int{
			l:                          200,
			l + "/collections/refunds": 200,
			l + "/collections/nothing": 404,
			l + "/search":              200,
			l + "/search?q=":           400,
			l + "/search?q=" + url.QueryEscape(questions[1]): 200,
			l + "/search?q=zzzzqqqq":                         200,
			l + "/ask":                                       200,
			l + "/ask?q=":                                    400,
			l + "/ask?q=" + url.QueryEscape(questions[0]):    200,
			l + "/answers/nothing":                           404,
			l + "/requests/new":                              200,
			l + "/requests/new?answer=nothing":               200,
			l + "/nothing":                                   404,
			l + "/articles/nothing":                          404,
		} {
			status, page, _ := guest.get(t, path)
			if status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
			checkPage(t, path, page, lang.Tag())
		}
		_, page, at := guest.send(t, l+"/requests/new", "client_id", "sound-"+string(lang)+"-1", "email", "claire@example.org", "category", "refund", "text", "Bonjour")
		checkPage(t, at.Path, page, lang.Tag())
		status, page, _ := guest.send(t, at.Path+"/reply", "text", "")
		if status != http.StatusBadRequest {
			t.Errorf("an empty reply: %d", status)
		}
		checkPage(t, at.Path, page, lang.Tag())
	}
	for _, path := range []string{"/fr/articles/demander-un-remboursement", "/fr/articles/demander-un-remboursement?feedback=no", "/fr/articles/quel-delai-pour-quoi"} {
		_, page, _ := guest.get(t, path)
		checkPage(t, path, page, "fr")
	}
	for _, path := range []string{"/desk", "/desk?view=held", "/desk?view=solved", "/desk/mailbox", "/desk/feedback", "/desk/sign-in/nothing", "/desk/tickets/nothing"} {
		for lang, tag := range map[string]string{"fr": "fr", "pl": "en"} {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			path := path + separator + "lang=" + lang
			_, page, _ := admin.get(t, path)
			checkPage(t, path, page, tag)
		}
	}
}

// TestArticlePage holds what an article's page offers.
func TestArticlePage(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	_, page, _ := b.get(t, "/fr/articles/demander-un-remboursement")
	sections, back, alternates := 0, 0, map[string]bool{}
	switcher := map[string]string{}
	for _, n := range elements(t, page) {
		switch {
		case n.Data == "h2" && within(n, "article") && attr(n, "id") != "" && !within(n, "section"):
			sections++
		case n.Data == "a" && attr(n, "href") == "#top":
			back++
		case n.Data == "link" && attr(n, "rel") == "alternate":
			alternates[attr(n, "hreflang")] = true
		case n.Data == "a" && within(n, "details") && attr(n, "hreflang") != "":
			switcher[attr(n, "hreflang")] = attr(n, "href")
		}
	}
	if sections == 0 || back != sections {
		t.Errorf("%d ways back to the top for %d sections", back, sections)
	}
	if !alternates["fr"] || !alternates["zh-Hans"] {
		t.Errorf("alternates %v", alternates)
	}
	if to := switcher["pl"]; !strings.HasPrefix(to, "/pl/articles/") {
		t.Errorf("the switcher leads to %q, not to the Polish article", to)
	}
	_, untranslated, _ := b.get(t, "/fr/articles/se-connecter") // French and English alone
	if !strings.Contains(untranslated, `href="/nl/collections/account" hreflang="nl"`) {
		t.Error("where there is no translation the switcher leads to its collection")
	}
	if strings.Contains(page, "article:") {
		t.Error("a link between articles is not resolved")
	}
	for lang, status := range map[string]int{"en": 404, "fr": 200} {
		if got, _, _ := b.get(t, "/"+lang+"/articles/demander-un-remboursement"); got != status {
			t.Errorf("the French slug under /%s: %d, want %d", lang, got, status)
		}
	}
}
