package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// citedID is the id of the first stretch that Mark marks.
const citedID = "cited"

// Mark returns fragment, a piece of HTML such as Render makes, with the place that reads quote
// wrapped in <mark>; the first of the marks has the id "cited". White space does not matter, nor
// do the bars between a table row's cells; the place may run over tags and blocks. The first place
// behind the element with the id anchor is taken, else the first at all. Where there is none, Mark
// returns fragment as it is, and false.
func Mark(fragment, quote, anchor string) (string, bool) {
	body := bodyNode()
	nodes, err := html.ParseFragment(strings.NewReader(fragment), body)
	if err != nil {
		return fragment, false
	}
	for _, n := range nodes {
		body.AppendChild(n)
	}
	var r reading
	r.read(body, anchor)
	from, to := r.find(squeeze(quote))
	if from < 0 {
		return fragment, false
	}
	first := true
	for i, piece := range r.pieces {
		end := len(r.text)
		if i+1 < len(r.pieces) {
			end = r.pieces[i+1].at
		}
		a, b := max(from, piece.at), min(to, end)
		if a >= b {
			continue
		}
		start, stop := r.offsets[a], r.offsets[b-1]+1
		if a > from { // the blanks between two pieces are marked with them
			start = 0
		}
		if b < to {
			stop = len(piece.node.Data)
		}
		piece.mark(start, stop, first)
		first = false
	}
	var out strings.Builder
	for n := body.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&out, n); err != nil {
			return fragment, false
		}
	}
	return out.String(), true
}

func bodyNode() *html.Node {
	return &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
}

// reading is the text of a page without white space, and where each byte of it stands.
type reading struct {
	text    []byte
	offsets []int   // of each byte in its node's text
	pieces  []piece // the nodes, in order
	anchor  int     // where the element with the anchor begins
}

// piece is a text node, or an image read by its alternative text.
type piece struct {
	node *html.Node
	at   int // its first byte in reading.text
}

func (r *reading) read(n *html.Node, anchor string) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		text := c.Data
		switch {
		case c.Type == html.ElementNode && c.DataAtom == atom.Img:
			text = attribute(c, "alt")
		case c.Type == html.ElementNode:
			if anchor != "" && attribute(c, "id") == anchor {
				r.anchor = len(r.text)
			}
			r.read(c, anchor)
			continue
		case c.Type != html.TextNode:
			continue
		}
		r.pieces = append(r.pieces, piece{c, len(r.text)})
		for i, ch := range text {
			if !squeezed(ch) {
				size := utf8.RuneLen(ch)
				r.text = append(r.text, text[i:i+size]...)
				for j := range size {
					r.offsets = append(r.offsets, i+j)
				}
			}
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// squeezed reports whether r is left out where texts are compared.
func squeezed(r rune) bool { return unicode.IsSpace(r) || r == '|' || r == utf8.RuneError }

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if squeezed(r) {
			return -1
		}
		return r
	}, s)
}

// find returns where quote stands in the text: behind the anchor and not inside words where there
// is such a place, else the first one at all, else -1.
func (r *reading) find(quote string) (from, to int) {
	if quote == "" {
		return -1, -1
	}
	text := string(r.text)
	best, rank := -1, 0
	const places = 1000 // looked at: enough for any article
	for at, tried := 0, 0; tried < places; tried++ {
		i := strings.Index(text[at:], quote)
		if i < 0 {
			break
		}
		i += at
		n := 1
		if r.wordEdge(i) && r.wordEdge(i+len(quote)) {
			n += 2
		}
		if i >= r.anchor {
			n++
		}
		if n > rank {
			best, rank = i, n
		}
		if rank == 4 {
			break
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		at = i + size
	}
	return best, best + len(quote)
}

// wordEdge reports whether no word runs across byte i of the text.
func (r *reading) wordEdge(i int) bool {
	if i == 0 || i == len(r.text) || r.offsets[i] != r.offsets[i-1]+1 {
		return true
	}
	before, _ := utf8.DecodeLastRune(r.text[:i])
	after, _ := utf8.DecodeRune(r.text[i:])
	return !letter(before) || !letter(after)
}

func letter(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Han, r)
}

// mark wraps bytes from–to of the piece's text, or the image.
func (p piece) mark(from, to int, first bool) {
	mark := &html.Node{Type: html.ElementNode, Data: "mark", DataAtom: atom.Mark}
	if first {
		mark.Attr = []html.Attribute{{Key: "id", Val: citedID}}
	}
	parent := p.node.Parent
	if p.node.Type == html.ElementNode {
		parent.InsertBefore(mark, p.node)
		parent.RemoveChild(p.node)
		mark.AppendChild(p.node)
		return
	}
	text := p.node.Data
	mark.AppendChild(&html.Node{Type: html.TextNode, Data: text[from:to]})
	if from > 0 {
		parent.InsertBefore(&html.Node{Type: html.TextNode, Data: text[:from]}, p.node)
	}
	parent.InsertBefore(mark, p.node)
	if to == len(text) {
		parent.RemoveChild(p.node)
	} else {
		p.node.Data = text[to:]
	}
}
