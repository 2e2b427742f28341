package markdown

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func TestRender(t *testing.T) {
	t.Parallel()
	opt := Options{
		Article: func(group string) (string, bool) {
			return "/en/articles/" + group, group != "gone"
		},
		CalloutLabels: map[string]string{"note": `"Note"`},
	}
	for _, tt := range []struct{ name, body, want string }{
		{"Paragraph", "One\n*two* **three** ~~four~~", "<p>One\n<em>two</em> <strong>three</strong> <del>four</del></p>\n"},
		{"Headings", "# A\n## B\n###### C", "<h2 id=\"a\">A</h2>\n<h2 id=\"b\">B</h2>\n<h6 id=\"c\">C</h6>\n"},
		{"Steps", "1. a\n2. b", "<ol class=\"steps\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"StepsFrom3", "3. a", "<ol class=\"steps\" start=\"3\">\n<li>a</li>\n</ol>\n"},
		{"List", "- a", "<ul>\n<li>a</li>\n</ul>\n"},
		{"Note", "> [!NOTE]\n> Text", "<aside class=\"callout note\" role=\"note\" aria-label=\"&#34;Note&#34;\">\n<p>Text</p>\n</aside>\n"},
		{"Warning", "> [!warning]  \n>\n> Text", "<aside class=\"callout warning\" role=\"note\">\n<p>Text</p>\n</aside>\n"},
		{"Important", "> [!IMPORTANT]\n> Text", "<aside class=\"callout note\" role=\"note\" aria-label=\"&#34;Note&#34;\">\n<p>Text</p>\n</aside>\n"},
		{"Quote", "> [!OTHER]\n> Text", "<blockquote>\n<p>[!OTHER]\nText</p>\n</blockquote>\n"},
		{"Table", "|a|b|\n|-|-:|\n|c|d|", "<div class=\"table\">\n<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>c</td>\n<td align=\"right\">d</td>\n</tr>\n</tbody>\n</table>\n</div>\n"},
		{"Code", "```go\na < b\n```", "<pre><code class=\"language-go\">a &lt; b\n</code></pre>\n"},
		{"External", "[a](https://example.org/x?a=1&b=2)", "<p><a href=\"https://example.org/x?a=1&amp;b=2\" rel=\"nofollow noopener\">a</a></p>\n"},
		{"SchemeLess", "[a](//example.org/)", "<p><a href=\"//example.org/\" rel=\"nofollow noopener\">a</a></p>\n"},
		{"Bare", "see www.example.org.", "<p>see <a href=\"http://www.example.org\" rel=\"nofollow noopener\">www.example.org</a>.</p>\n"},
		{"Mail", "<a@example.org>", "<p><a href=\"mailto:a@example.org\">a@example.org</a></p>\n"},
		{"Internal", "[a](/contact#form) [b](#x)", "<p><a href=\"/contact#form\">a</a> <a href=\"#x\">b</a></p>\n"},
		{"Article", "[a](article:refunds/time) [b](article:x#delai)", "<p><a href=\"/en/articles/refunds/time\">a</a> <a href=\"/en/articles/x#delai\">b</a></p>\n"},
		{"ArticleGone", "[a *b*](article:gone)", "<p>a <em>b</em></p>\n"},
		{"Image", "![alt \"x\"](/i.png)", "<p><img src=\"/i.png\" alt=\"alt &#34;x&#34;\"></p>\n"},
		{"ImageData", "![alt](data:image/png;base64,AAAA)", "<p>alt</p>\n"},
		{"JavaScript", "[a](javascript:alert(1)) [b](JAVASCRIPT:x) [c](java&#115;cript:x) <javascript:x> [d](data:text/html,x) [e](vbscript:x)", "<p>a b c javascript:x d e</p>\n"},
		{"Script", "<script>alert(1)</script>\n\ntext <script>alert(2)</script>", "<p>text alert(2)</p>\n"},
		{"Attributes", `<b onclick="x" style="y">b</b> <kbd class="z">k</kbd>`, "<p>b k</p>\n"},
		{"Harmless", "H<sub>2</sub>O <KBD>Ctrl</KBD><br/>x", "<p>H<sub>2</sub>O <kbd>Ctrl</kbd><br/>x</p>\n"},
		{"Block", "<div onload=\"x\">\n<p>Text &lt;</p>\n</div>", "<p>Text &lt;</p>\n"},
		{"Unclosed", "<kbd>open\n\nnext", "<p>open</p>\n<p>next</p>\n"},
		{"AttributeSyntax", "# A {#evil onclick=x}", "<h2 id=\"a-evil-onclick-x\">A {#evil onclick=x}</h2>\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Render(tt.body, opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Body); diff != "" {
				t.Errorf("Render(%q) (-want +got):\n%s", tt.body, diff)
			}
			checkHTML(t, got.Body)
		})
	}
}

func TestRenderContents(t *testing.T) {
	t.Parallel()
	const end = `<p><a href="#top">Up</a></p>`
	got, err := Render("Intro <h2 \n\n# One *two*\n\na\n\n## One two\n\n### Cited\n\n## ❤\n\n## 7 days\n\nb `<h2 `", Options{SectionEnd: end})
	if err != nil {
		t.Fatal(err)
	}
	want := []Heading{{2, "One two", "one-two"}, {2, "One two", "one-two-2"}, {3, "Cited", "cited-2"}, {2, "❤", "section"}, {2, "7 days", "section-7-days"}}
	if diff := cmp.Diff(want, got.TOC); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
	if n := strings.Count(got.Body, end); n != 4 || !strings.HasSuffix(got.Body, end) {
		t.Errorf("%d section ends, want 4, the last at the end:\n%s", n, got.Body)
	}
	if i, j := strings.Index(got.Body, "<h2 id"), strings.Index(got.Body, end); j < i {
		t.Errorf("a section ends before the first begins:\n%s", got.Body)
	}
}

// TestAnchorsAgree holds that Read and Render name the same places.
func TestAnchorsAgree(t *testing.T) {
	t.Parallel()
	d, err := Read(sample)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Render(sample, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var read, toc []string
	for _, s := range d.Sections {
		if s.Anchor != "" {
			read = append(read, s.Anchor)
		}
	}
	for _, e := range h.TOC {
		toc = append(toc, e.Anchor)
		if !strings.Contains(h.Body, ` id="`+e.Anchor+`"`) {
			t.Errorf("no heading has the id %q", e.Anchor)
		}
	}
	if diff := cmp.Diff(read, toc); diff != "" {
		t.Errorf("anchors of Read and Render (-read +render):\n%s", diff)
	}
}

// checkHTML holds that s is well formed enough to be parsed and rendered to the same, and that
// nothing in it can run.
func checkHTML(t *testing.T, s string) {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(s), bodyNode())
	if err != nil {
		t.Fatalf("parse of %q: %v", s, err)
	}
	allowed := strings.Fields("p br hr h2 h3 h4 h5 h6 ul ol li blockquote aside pre code em strong del kbd sub sup div table thead tbody tr th td a img mark")
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.ElementNode:
			if !slices.Contains(allowed, n.Data) {
				t.Fatalf("element %q in %q", n.Data, s)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Namespace != "" {
					t.Fatalf("attribute %q in %q", a.Key, s)
				}
				if a.Key == "href" || a.Key == "src" {
					u, err := url.Parse(strings.TrimFunc(a.Val, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }))
					if err != nil || !slices.Contains([]string{"", "http", "https", "mailto", "tel"}, strings.ToLower(u.Scheme)) {
						t.Fatalf("address %q in %q", a.Val, s)
					}
				}
			}
		case html.CommentNode, html.DoctypeNode:
			t.Fatalf("a comment in %q", s)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
}

// FuzzBody holds what Read and Render promise of any body: no panic, harmless HTML, the same
// anchors, and every block of Read to be found in the page.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		sample, "", "# a\n# a\n", "> [!NOTE]\n> x", "<script>x</script>", "[a](javascript:x)", "<b onclick=x>", "a|b\n-|-\nc|d",
		"![a](b) [c]: d", "<!-- x -->", "&#0;&lt;", "```\n</code>", "[x]: y\n[x]", "- a\n\n  b\n- > c", "<kbd><sub>x", "\\<a", "1) a\n2) b",
		"<div>\n*x*\n", "a<br>b", "\x00\r", "www.x.y http://a.b <http://c.d>", "~~a~~ __b__", "<pre>\n x</pre>", "<a href='javascript:x'>y</a>",
	} {
		f.Add(s)
	}
	opt := Options{Article: func(group string) (string, bool) { return "/a/" + url.PathEscape(group), true }, SectionEnd: "<p>end</p>"}
	f.Fuzz(func(t *testing.T, body string) {
		d, readErr := Read(body)
		h, err := Render(body, opt)
		if (readErr == nil) != (err == nil) {
			t.Fatalf("Read: %v, Render: %v", readErr, err)
		}
		if err != nil {
			return
		}
		checkHTML(t, h.Body)
		var anchors []string
		for _, s := range d.Sections {
			if s.Anchor != "" {
				anchors = append(anchors, s.Anchor)
			}
			for _, b := range s.Blocks {
				if squeeze(b.Text) == "" {
					continue
				}
				marked, ok := Mark(h.Body, b.Text, s.Anchor)
				if !ok {
					t.Fatalf("block %q is not in the page %q", b.Text, h.Body)
				}
				checkHTML(t, marked)
			}
		}
		for i, e := range h.TOC {
			if e.Anchor != anchors[i] {
				t.Fatalf("anchors %v, contents %v", anchors, h.TOC)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	body := strings.Repeat(sample, 4)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Render(body, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
