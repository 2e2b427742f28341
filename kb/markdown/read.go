package markdown

import (
	"bufio"
	"bytes"
	stdhtml "html"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer/html"

	"guichet/kb"
)

// Read returns the sections and blocks of body as plain text: what a reader of the rendered page
// reads, line breaks inside a paragraph kept. Anchors are the ids that Render writes. A table's
// head row is its first Row, and the Lead of the others. Read fails where body is beyond the
// bounds, as no article is.
func Read(body string) (kb.Document, error) {
	p, err := parse(body)
	if err != nil {
		return kb.Document{}, err
	}
	r := reader{parsed: p}
	section := kb.Section{}
	var path []Heading // the headings above, by their levels in the source
	anchors := p.toc
	for n := p.root.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			section.Blocks = r.block(section.Blocks, n, kb.Paragraph, 0)
			continue
		}
		if section.Level > 0 || len(section.Blocks) > 0 {
			r.doc.Sections = append(r.doc.Sections, section)
		}
		entry := anchors[0]
		anchors = anchors[1:]
		for len(path) > 0 && path[len(path)-1].Level >= h.Level {
			path = path[:len(path)-1]
		}
		path = append(path, Heading{Level: h.Level, Text: entry.Text})
		section = kb.Section{Level: h.Level, Anchor: entry.Anchor}
		for _, above := range path {
			section.Headings = append(section.Headings, above.Text)
		}
	}
	if section.Level > 0 || len(section.Blocks) > 0 {
		r.doc.Sections = append(r.doc.Sections, section)
	}
	return r.doc, nil
}

type reader struct {
	*parsed
	doc   kb.Document
	lists int // lists and tables so far
}

// block appends the blocks of n, which stands in a block of the given kind and list.
func (r *reader) block(to []kb.Block, n ast.Node, kind kb.BlockKind, list int) []kb.Block {
	add := func(kind kb.BlockKind, text string) {
		if text != "" {
			to = append(to, kb.Block{Kind: kind, Text: text, List: list})
		}
	}
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		add(kind, r.inline(n))
	case *ast.CodeBlock:
		add(kb.Code, strings.TrimRight(string(n.Lines().Value(r.source)), "\n"))
	case *ast.FencedCodeBlock:
		add(kb.Code, strings.TrimRight(string(n.Lines().Value(r.source)), "\n"))
	case *ast.Blockquote:
		if calloutKind(n) != "" {
			kind = kb.Callout
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			to = r.block(to, c, kind, list)
		}
	case *ast.List:
		list = r.list(list)
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			to = r.item(to, c, list)
		}
	case *extast.Table:
		to = r.table(to, n, r.list(list))
	}
	return to
}

// list returns the number of a list inside the list outer: that one's, or a new one.
func (r *reader) list(outer int) int {
	if outer > 0 {
		return outer
	}
	r.lists++
	return r.lists
}

// item appends a list item: its paragraphs as one block, lists and others inside it after that.
func (r *reader) item(to []kb.Block, item ast.Node, list int) []kb.Block {
	var lines []string
	flush := func() {
		if len(lines) > 0 {
			to = append(to, kb.Block{Kind: kb.Item, Text: strings.Join(lines, "\n"), List: list})
			lines = nil
		}
	}
	for c := item.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			if t := r.inline(c); t != "" {
				lines = append(lines, t)
			}
		default:
			flush()
			to = r.block(to, c, kb.Item, list)
		}
	}
	flush()
	return to
}

func (r *reader) table(to []kb.Block, table ast.Node, list int) []kb.Block {
	head := ""
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			if t := r.inline(c); t != "" {
				cells = append(cells, t)
			}
		}
		if len(cells) == 0 {
			continue
		}
		b := kb.Block{Kind: kb.Row, Text: strings.Join(cells, " | "), List: list, Lead: head}
		if row.Kind() == extast.KindTableHeader {
			head = b.Text
		}
		to = append(to, b)
	}
	return to
}

// inline returns the text of a paragraph, a heading or a cell as it is read, trimmed.
func (p *parsed) inline(n ast.Node) string {
	var b strings.Builder
	p.writeInline(&b, n)
	return strings.TrimSpace(b.String())
}

func (p *parsed) writeInline(b *strings.Builder, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			if c.IsRaw() {
				b.Write(c.Segment.Value(p.source))
			} else {
				b.WriteString(unescape(c.Segment.Value(p.source)))
			}
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			if c.IsRaw() || c.IsCode() {
				b.Write(c.Value)
			} else {
				b.WriteString(unescape(c.Value))
			}
		case *ast.CodeSpan: // line breaks in it are blanks
			var code strings.Builder
			p.writeInline(&code, c)
			b.WriteString(strings.ReplaceAll(code.String(), "\n", " "))
		case *ast.AutoLink:
			b.Write(c.Label(p.source))
		case *ast.RawHTML: // only harmless tags are left
			if strings.HasPrefix(strings.ToLower(string(c.Segments.Value(p.source))), "<br") {
				b.WriteByte('\n')
			}
		default:
			p.writeInline(b, c)
		}
	}
}

// unescape resolves backslashes and entities as the renderer does: by its own writer.
func unescape(s []byte) string {
	if !bytes.ContainsAny(s, `\&`) {
		return string(s)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	html.DefaultWriter.Write(w, s)
	w.Flush()
	return stdhtml.UnescapeString(out.String())
}
