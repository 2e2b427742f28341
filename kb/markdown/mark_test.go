package markdown

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMark(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, html, quote, anchor, want string }{
		{"Plain", "<p>One. Two. Three.</p>", "Two.", "", `<p>One. <mark id="cited">Two.</mark> Three.</p>`},
		{"Whole", "<p>One.</p>", "One.", "", `<p><mark id="cited">One.</mark></p>`},
		{"WhiteSpace", "<p>Two\n  words</p>", "Two words", "", "<p><mark id=\"cited\">Two\n  words</mark></p>"},
		{"InlineTags", "<p>a <em>b</em> c d</p>", "a b c", "", `<p><mark id="cited">a </mark><em><mark>b</mark></em><mark> c</mark> d</p>`},
		{"Blocks", "<ul>\n<li>a b</li>\n<li>c</li>\n</ul>\n<p>d</p>", "b\nc\nd", "", "<ul>\n<li>a <mark id=\"cited\">b</mark></li>\n<li><mark>c</mark></li>\n</ul>\n<p><mark>d</mark></p>"},
		{"Row", "<table><tbody><tr><td>Case</td><td>7 days</td></tr></tbody></table>", "Case | 7 days", "", `<table><tbody><tr><td><mark id="cited">Case</mark></td><td><mark>7 days</mark></td></tr></tbody></table>`},
		{"Entities", "<p>5 &lt; 6 &amp; 7</p>", "5 < 6 & 7", "", `<p><mark id="cited">5 &lt; 6 &amp; 7</mark></p>`},
		{"BehindAnchor", `<h2 id="a">A</h2><p>x</p><h2 id="b">B</h2><p>x</p>`, "x", "b", `<h2 id="a">A</h2><p>x</p><h2 id="b">B</h2><p><mark id="cited">x</mark></p>`},
		{"BeforeAnchor", `<p>x</p><h2 id="b">B</h2>`, "x", "b", `<p><mark id="cited">x</mark></p><h2 id="b">B</h2>`},
		{"UnknownAnchor", `<p>x</p>`, "x", "b", `<p><mark id="cited">x</mark></p>`},
		{"WholeWord", "<p>party art</p>", "art", "", `<p>party <mark id="cited">art</mark></p>`},
		{"Number", "<p>17 or 7 days</p>", "7", "", `<p>17 or <mark id="cited">7</mark> days</p>`},
		{"PartOfWord", "<p>party</p>", "art", "", `<p>p<mark id="cited">art</mark>y</p>`},
		{"Chinese", "<p>需要七天。</p>", "七天", "", `<p>需要<mark id="cited">七天</mark>。</p>`},
		{"Image", `<p>see <img src="/b.png" alt="the button"/> here</p>`, "the button here", "", `<p>see <mark id="cited"><img src="/b.png" alt="the button"/></mark><mark> here</mark></p>`},
		{"Attribute", `<p title="x">y</p>`, "x", "", ""},
		{"Missing", "<p>One.</p>", "Two.", "", ""},
		{"Empty", "<p>One.</p>", " ", "", ""},
		{"NotHTML", "a < b", "b", "", `a &lt; <mark id="cited">b</mark>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want, wantOK := tt.want, true
			if want == "" {
				want, wantOK = tt.html, false
			}
			got, ok := Mark(tt.html, tt.quote, tt.anchor)
			if diff := cmp.Diff(want, got); diff != "" || ok != wantOK {
				t.Errorf("Mark(%q, %q) = %v (-want +got):\n%s", tt.html, tt.quote, ok, diff)
			}
		})
	}
}

func FuzzMark(f *testing.F) {
	f.Add("<p>a <b>b</b></p>", "a b", "x")
	f.Add("<table>a<tr>b", "ab", "")
	f.Add("<svg><p>x<select><option>y", "y", "")
	f.Fuzz(func(t *testing.T, fragment, quote, anchor string) {
		got, ok := Mark(fragment, quote, anchor)
		if !ok && got != fragment {
			t.Errorf("Mark(%q, %q) changed what it did not mark: %q", fragment, quote, got)
		}
	})
}
