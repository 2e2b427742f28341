// Package markdown reads the files in which articles are written, and renders them: front matter
// and body to a kb.Article, a body to the kb.Document that is cut into passages, and to safe HTML.
//
// Both views of a body come from one parse, so that what is quoted from a passage can be found
// again in the page (Mark), under the same anchors. The dialect is CommonMark with tables,
// strikethrough, bare links and call-outs (a quote that begins with [!NOTE], [!TIP] or [!WARNING]).
// Raw HTML is not passed on: of a block of it the text remains, of inline tags only a few without
// attributes. Bodies may come from anyone; the tests fuzz every function that takes one.
package markdown

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/html"
)

var engine = goldmark.New(
	goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough,
		extension.Linkify,
	),
	goldmark.WithParserOptions(parser.WithParagraphTransformers(util.Prioritized(callouts{}, 50))),
	goldmark.WithRendererOptions(nodeRenderers),
)

// Heading is an entry of the table of contents.
type Heading struct {
	Level  int // as rendered, 2–6
	Text   string
	Anchor string // id of the heading in the page
}

// parsed is a body after the parse that Read and Render share. Headings outside of lists and
// quotes carry their anchor as attribute "id".
type parsed struct {
	source []byte
	root   ast.Node
	toc    []Heading
}

// parse reads body; it fails where body is beyond the bounds.
func parse(body string) (*parsed, error) {
	p := &parsed{source: []byte(clean(body))}
	if err := checkBounds(p.source); err != nil {
		return nil, err
	}
	p.root = engine.Parser().Parse(text.NewReader(p.source))
	if err := checkDepth(p.root); err != nil {
		return nil, err
	}
	p.dropRawHTML(p.root)
	anchors := newAnchors()
	for n := p.root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			t := p.inline(h)
			a := anchors.next(t)
			h.SetAttributeString("id", []byte(a))
			p.toc = append(p.toc, Heading{Level: max(h.Level, 2), Text: t, Anchor: a})
		}
	}
	return p, nil
}

// clean returns body as valid UTF-8 without NUL, its lines ended by "\n".
func clean(body string) string {
	body = strings.ToValidUTF8(body, "\ufffd")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\ufffd").Replace(body)
}

// callouts marks quotes whose first line is [!NOTE] or the like as call-outs, by an attribute
// "callout" that holds the kind, and takes that line away.
type callouts struct{}

var calloutLine = regexp.MustCompile(`(?i)^\[!(note|tip|warning|important|caution)\]\s*$`)

func (callouts) Transform(node *ast.Paragraph, reader text.Reader, _ parser.Context) {
	quote, ok := node.Parent().(*ast.Blockquote)
	if !ok || node.PreviousSibling() != nil {
		return
	}
	lines := node.Lines()
	first := lines.At(0)
	m := calloutLine.FindSubmatch(bytes.TrimSpace(first.Value(reader.Source())))
	if m == nil {
		return
	}
	kind := strings.ToLower(string(m[1]))
	switch kind {
	case "important":
		kind = "note"
	case "caution":
		kind = "warning"
	}
	quote.SetAttributeString("callout", kind)
	if lines.Len() == 1 {
		quote.RemoveChild(quote, node)
		return
	}
	lines.SetSliced(1, lines.Len())
}

// calloutKind returns what callouts found, or "".
func calloutKind(n ast.Node) string {
	kind, _ := n.AttributeString("callout")
	s, _ := kind.(string)
	return s
}

// harmlessTag matches the inline tags that are passed on.
var harmlessTag = regexp.MustCompile(`^(?i:<(br|/?kbd|/?sub|/?sup)\s*/?>)$`)

// dropRawHTML puts a paragraph of its text in the place of each block of HTML, and removes inline
// tags that are not harmless or not in pairs, with their text left standing.
func (p *parsed) dropRawHTML(n ast.Node) {
	type tag struct {
		name string
		node ast.Node
	}
	var open []tag
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		switch c := c.(type) {
		case *ast.HTMLBlock:
			if t := htmlText(p.htmlBlock(c)); t == "" {
				n.RemoveChild(n, c)
			} else {
				s := ast.NewString([]byte(t))
				s.SetRaw(true)
				para := ast.NewParagraph()
				para.AppendChild(para, s)
				n.ReplaceChild(n, c, para)
			}
		case *ast.RawHTML:
			m := harmlessTag.FindSubmatch(c.Segments.Value(p.source))
			if m == nil {
				n.RemoveChild(n, c)
				break
			}
			switch name := strings.ToLower(string(m[1])); {
			case name == "br":
			case name[0] != '/':
				open = append(open, tag{name, c})
			case len(open) > 0 && open[len(open)-1].name == name[1:]:
				open = open[:len(open)-1]
			default:
				n.RemoveChild(n, c)
			}
		default:
			p.dropRawHTML(c)
		}
		c = next
	}
	for _, t := range open {
		n.RemoveChild(n, t.node)
	}
}

func (p *parsed) htmlBlock(n *ast.HTMLBlock) string {
	s := string(n.Lines().Value(p.source))
	if n.HasClosure() {
		s += string(n.ClosureLine.Value(p.source))
	}
	return s
}

// htmlText returns the text of a piece of HTML, as a page would show it.
func htmlText(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	hidden := "" // the element whose content is not shown
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch t := string(name); t {
			case "script", "style", "iframe", "noembed", "noframes", "noscript", "template", "title":
				if hidden == "" {
					hidden = t
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}
