package markdown

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// Options say how a body is placed into a page. The zero value renders it alone.
type Options struct {
	// Article returns the address of a translation group's article, for links written as
	// article:group or article:group#anchor, and false where there is none to be read; then, and
	// where Article is nil, the link's text stands alone.
	Article func(group string) (string, bool)
	// CalloutLabels are the names of the kinds note, tip and warning that screen readers say.
	CalloutLabels map[string]string
	// SectionEnd is trusted HTML put at the end of each section that a level-2 heading opens.
	SectionEnd string
}

// HTML is a rendered body.
type HTML struct {
	Body string // safe to be put into a page
	TOC  []Heading
}

// Render returns body as safe HTML: headings from h2 down with ids, numbered lists of class
// "steps", call-outs as asides of class "callout" and their kind, links to other hosts with
// rel="nofollow noopener". It fails where Read fails.
func Render(body string, opt Options) (HTML, error) {
	p, err := parse(body)
	if err != nil {
		return HTML{}, err
	}
	p.place(p.root, opt)
	var b bytes.Buffer
	if err := engine.Renderer().Render(&b, p.source, p.root); err != nil {
		return HTML{}, fmt.Errorf("render: %w", err)
	}
	out := policy.SanitizeReader(&b).String()
	if opt.SectionEnd != "" {
		out = endSections(out, opt.SectionEnd)
	}
	return HTML{Body: out, TOC: p.toc}, nil
}

// endSections puts end before every level-2 heading but the first, and behind the last section.
// No text can be mistaken for a heading: in sanitised HTML a < in text is escaped.
func endSections(s, end string) string {
	sections := strings.Split(s, "<h2 ")
	if len(sections) == 1 {
		return s
	}
	return sections[0] + "<h2 " + strings.Join(sections[1:], end+"<h2 ") + end
}

// place fits the tree below n into its page: links are resolved, headings moved down, call-outs
// named.
func (p *parsed) place(n ast.Node, opt Options) {
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		p.place(c, opt)
		switch c := c.(type) {
		case *ast.Heading:
			c.Level = max(c.Level, 2)
		case *ast.Blockquote:
			if label := opt.CalloutLabels[calloutKind(c)]; label != "" {
				c.SetAttributeString("aria-label", label)
			}
		case *ast.Link:
			if dest, ok := opt.resolve(string(c.Destination)); !ok {
				unwrap(n, c)
			} else {
				c.Destination = []byte(dest)
				markExternal(c, dest)
			}
		case *ast.AutoLink:
			markExternal(c, string(c.URL(p.source)))
		case *ast.Image:
			if !allowedURL(string(c.Destination), "http", "https") {
				unwrap(n, c)
			}
		}
		c = next
	}
}

// resolve returns where a link leads, and false where it must not be one.
func (o Options) resolve(dest string) (string, bool) {
	ref, ok := strings.CutPrefix(dest, "article:")
	if !ok {
		return dest, allowedURL(dest, "http", "https", "mailto", "tel")
	}
	group, fragment, _ := strings.Cut(ref, "#")
	if o.Article == nil {
		return "", false
	}
	href, ok := o.Article(group)
	if ok && fragment != "" {
		href += "#" + fragment
	}
	return href, ok
}

// allowedURL reports whether dest is relative or has one of the schemes.
func allowedURL(dest string, schemes ...string) bool {
	u, err := url.Parse(dest)
	if err != nil {
		return false
	}
	for _, s := range append(schemes, "") {
		if u.Scheme == s {
			return true
		}
	}
	return false
}

func markExternal(n ast.Node, dest string) {
	if u, err := url.Parse(dest); err == nil && (u.Host != "" || strings.HasPrefix(dest, "www.")) {
		n.SetAttributeString("rel", "nofollow noopener")
	}
}

// unwrap puts n's children in its place.
func unwrap(parent, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}

var nodeRenderers = renderer.WithNodeRenderers(util.Prioritized(nodes{}, 100))

// nodes renders what differs from goldmark's own HTML.
type nodes struct{}

func (nodes) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindBlockquote, renderBlockquote)
	r.Register(ast.KindList, renderList)
	r.Register(ast.KindRawHTML, renderRawHTML)
	r.Register(extast.KindTable, renderTable)
}

func renderBlockquote(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	kind := calloutKind(n)
	switch {
	case kind == "" && entering:
		w.WriteString("<blockquote>\n")
	case kind == "":
		w.WriteString("</blockquote>\n")
	case entering:
		fmt.Fprintf(w, `<aside class="callout %s" role="note"`, kind)
		if label, ok := n.AttributeString("aria-label"); ok {
			fmt.Fprintf(w, ` aria-label="%s"`, util.EscapeHTML([]byte(label.(string))))
		}
		w.WriteString(">\n")
	default:
		w.WriteString("</aside>\n")
	}
	return ast.WalkContinue, nil
}

func renderList(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	list := n.(*ast.List)
	switch {
	case !list.IsOrdered() && entering:
		w.WriteString("<ul>\n")
	case !list.IsOrdered():
		w.WriteString("</ul>\n")
	case entering:
		w.WriteString(`<ol class="steps"`)
		if list.Start != 1 {
			fmt.Fprintf(w, ` start="%d"`, list.Start)
		}
		w.WriteString(">\n")
	default:
		w.WriteString("</ol>\n")
	}
	return ast.WalkContinue, nil
}

// renderRawHTML passes on the tags that dropRawHTML left.
func renderRawHTML(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		w.Write(n.(*ast.RawHTML).Segments.Value(source))
	}
	return ast.WalkSkipChildren, nil
}

// renderTable wraps tables, so that a wide one can be scrolled by itself.
func renderTable(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		w.WriteString("<div class=\"table\">\n<table>\n")
	} else {
		w.WriteString("</table>\n</div>\n")
	}
	return ast.WalkContinue, nil
}

// policy lets through what Render writes, and nothing else.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "aside",
		"pre", "code", "em", "strong", "del", "kbd", "sub", "sup", "div",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[\p{L}\p{N}-]+$`)).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^steps$`)).OnElements("ol")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^callout (note|tip|warning)$`)).OnElements("aside")
	p.AllowAttrs("role").Matching(regexp.MustCompile(`^note$`)).OnElements("aside")
	p.AllowAttrs("aria-label").OnElements("aside")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^table$`)).OnElements("div")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[\w+#.-]+$`)).OnElements("code")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center)$`)).OnElements("th", "td")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^nofollow noopener$`)).OnElements("a")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	return p
}()
