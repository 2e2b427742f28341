package markdown

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

const sample = `Before all: sign in.

# Refunds & returns

Ask **within 7 days**, with ` + "`proof`" + ` and a [form](article:form).
Second line.

You need:

1. a photo;
2. the receipt:

   - on paper
   - or a scan

   (both are fine)

## Délai

| Case | Days |
|------|-----:|
| Not *delivered* | 7 |
| Not as described | 7–14 |

> [!WARNING]
> Later claims are refused.
>
> - except gifts

> A plain quote.

## Délai

![Where the button is](/img/button.png)

` + "```sh\nguichet doctor\n\n  --json\n```" + `

### 退款 <b>时间</b>

一般需要七天。
`

func TestRead(t *testing.T) {
	t.Parallel()
	top, delay := "Refunds & returns", "Délai"
	want := kb.Document{Sections: []kb.Section{
		{Blocks: []kb.Block{{Text: "Before all: sign in."}}},
		{Level: 1, Headings: []string{top}, Anchor: "refunds-returns", Blocks: []kb.Block{
			{Text: "Ask within 7 days, with proof and a form.\nSecond line."},
			{Text: "You need:"},
			{Kind: kb.Item, Text: "a photo;", List: 1},
			{Kind: kb.Item, Text: "the receipt:", List: 1},
			{Kind: kb.Item, Text: "on paper", List: 1},
			{Kind: kb.Item, Text: "or a scan", List: 1},
			{Kind: kb.Item, Text: "(both are fine)", List: 1},
		}},
		{Level: 2, Headings: []string{top, delay}, Anchor: "delai", Blocks: []kb.Block{
			{Kind: kb.Row, Text: "Case | Days", List: 2},
			{Kind: kb.Row, Text: "Not delivered | 7", List: 2, Lead: "Case | Days"},
			{Kind: kb.Row, Text: "Not as described | 7–14", List: 2, Lead: "Case | Days"},
			{Kind: kb.Callout, Text: "Later claims are refused."},
			{Kind: kb.Item, Text: "except gifts", List: 3},
			{Text: "A plain quote."},
		}},
		{Level: 2, Headings: []string{top, delay}, Anchor: "delai-2", Blocks: []kb.Block{
			{Text: "Where the button is"},
			{Kind: kb.Code, Text: "guichet doctor\n\n  --json"},
		}},
		{Level: 3, Headings: []string{top, delay, "退款 时间"}, Anchor: "退款-时间", Blocks: []kb.Block{
			{Text: "一般需要七天。"},
		}},
	}}
	got, err := Read(sample)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// TestReadInline holds that a block's text is what one reads.
func TestReadInline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"Entities", "Fish &amp; chips &copy; &#8364;5 &unknown;", "Fish & chips © €5 &unknown;"},
		{"Backslashes", `1\. not a list, \*stars\*`, "1. not a list, *stars*"},
		{"Emphasis", "_a_ **b** ***c*** ~~d~~ snake_case", "a b c d snake_case"},
		{"CodeSpan", "`a &amp;\nb` ``c`d``", "a &amp; b c`d"},
		{"Link", "[one *two*](http://example.org \"title\") <https://example.org> www.example.org", "one two https://example.org www.example.org"},
		{"Reference", "[one][x] [two]\n\n[x]: /x\n[two]: /y", "one two"},
		{"BrokenReference", "[one][x]", "[one][x]"},
		{"Image", "see ![the *big* button](b.png) here", "see the big button here"},
		{"HardBreaks", "one  \ntwo\\\nthree<br>four", "one\ntwo\nthree\nfour"},
		{"InlineHTML", `a <b onclick="x">b</b> <kbd>Ctrl</kbd><script>c</script>`, "a b Ctrlc"},
		{"HTMLBlock", "<div class=\"x\">\n<p>Text &amp; more</p>\n<script>no()</script>\n</div>", "Text & more"},
		{"Comment", "<!-- nothing -->", ""},
		{"Plain", "First line\nsecond line: 5 < 6 & 7 > 2", "First line\nsecond line: 5 < 6 & 7 > 2"},
		{"NestedHeading", "> # In a quote", "In a quote"},
		{"NUL", "a\x00b\xff", "a\ufffdb\ufffd"},
		{"CRLF", "a\r\nb\rc", "a\nb\nc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := Read(tt.body)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range d.Sections {
				for _, b := range s.Blocks {
					got = append(got, b.Text)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n\n")); diff != "" {
				t.Errorf("Read(%q) (-want +got):\n%s", tt.body, diff)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"Long", strings.Repeat("a", kb.MaxBody+1), "bytes"},
		{"Quotes", "text\n" + strings.Repeat(">", 100), "line 2 opens"},
		{"Lists", strings.Repeat("- ", 100) + "x", "line 1 opens"},
		{"Numbers", strings.Repeat("1. ", 100) + "x", "line 1 opens"},
		{"Brackets", strings.Repeat("[a](", 6000), "brackets"},
		{"Emphasis", strings.Repeat("*a ", 100) + strings.Repeat("a* ", 100) + strings.Repeat("*_", 30_000), "asterisks"},
		{"NestedEmphasis", strings.Repeat("*a ", 500) + strings.Repeat("a* ", 500), "nested"},
		{"NestedLists", func() string {
			var b strings.Builder
			for i := range 200 {
				b.WriteString(strings.Repeat("  ", i) + "- x\n")
			}
			return b.String()
		}(), "nested"},
		{"Table", strings.Repeat("|a", 300) + "\n" + strings.Repeat("|-", 300) + "\n" + strings.Repeat("|\n", 1000), "cells"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, readErr := Read(tt.body)
			_, renderErr := Render(tt.body, Options{})
			for _, err := range []error{readErr, renderErr} {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one about %q", err, tt.want)
				}
			}
		})
	}
	for _, body := range []string{strings.Repeat("> ", 20) + "x", strings.Repeat("word *em* [a](b)\n", 3000), strings.Repeat("-", 200), strings.Repeat("|a|b|\n|-|-|\n|c|d|\n\n", 3000)} {
		if _, err := Read(body); err != nil {
			t.Errorf("Read(%.20q…): %v", body, err)
		}
	}
}

// BenchmarkArticle is what publishing does to an article of 3 kB: read, split, find sentences.
func BenchmarkArticle(b *testing.B) {
	body := strings.Repeat(sample, 4)
	a := kb.Article{ID: "a", Lang: kb.English}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		d, err := Read(body)
		if err != nil {
			b.Fatal(err)
		}
		kb.Split(a, 1, d)
	}
}
