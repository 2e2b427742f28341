package kb

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// PassageID names a passage: a hash of its article's id, its heading path and its position under
// that path. It survives edits of the text; the content hash is Passage.Hash.
type PassageID string

// Document is an article's body as the Markdown reader understood it: sections in reading order.
type Document struct {
	Sections []Section
}

// Section is the text under one heading, up to the next one of any level.
type Section struct {
	Level    int      // of the heading in the source, 1–6; 0 for text before the first one
	Headings []string // plain text of the headings from the top down to this one
	Anchor   string   // id of the heading in the rendered page; "" before the first one
	Blocks   []Block
}

// BlockKind says what kind of block a text stood in.
type BlockKind int

// The kinds of blocks.
const (
	Paragraph BlockKind = iota
	Item                // one item of a list
	Row                 // one row of a table, cells joined by " | "
	Callout             // a note or a warning
	Code
)

// Block is one block of plain text. List counts the lists and tables of the document from 1, so
// that the items of one list can be kept together; 0 outside of them. Lead is the text that a
// block needs to be understood: a table's head row.
type Block struct {
	Kind BlockKind
	Text string
	List int
	Lead string
}

// Passage is the unit that is retrieved and cited: a piece of one version under one heading.
type Passage struct {
	ID         PassageID
	Article    ArticleID
	Group      GroupID
	Lang       Lang
	Collection CollectionKey
	Audience   Audience
	Version    int
	Slug       string // of the article, for its address
	Title      string // of the article
	Headings   []string
	Anchor     string
	Position   int        // in the article, from 0
	Text       string     // blocks joined by "\n"
	Sentences  []Sentence // of Text, in order
}

// Sentence is a stretch of a passage's Text, in bytes. Sentences never cross a block.
type Sentence struct {
	Start, End int
	// Block counts the passage's blocks from 0; sentences of one list share List (else 0).
	Block int
	Kind  BlockKind
	List  int
}

// Heading returns the nearest heading, or "".
func (p Passage) Heading() string {
	if len(p.Headings) == 0 {
		return ""
	}
	return p.Headings[len(p.Headings)-1]
}

// Sentence returns the text of sentence i.
func (p Passage) Sentence(i int) string {
	s := p.Sentences[i]
	return p.Text[s.Start:s.End]
}

// Input is the text that stands for the passage before an embedder: title, headings, text.
func (p Passage) Input() string {
	var b strings.Builder
	b.WriteString(p.Title)
	for _, h := range p.Headings {
		b.WriteString("\n")
		b.WriteString(h)
	}
	b.WriteString("\n")
	b.WriteString(p.Text)
	return b.String()
}

// SentenceInput is the text that stands for sentence i before an embedder: by itself, "It takes 14
// days" is about nothing, so it stands under its article's title.
func (p Passage) SentenceInput(i int) string { return p.Title + "\n" + p.Sentence(i) }

// TextHash names a text for caches and comparisons: the first 16 bytes of its SHA-256.
type TextHash [16]byte

// HashText returns the hash of s.
func HashText(s string) TextHash {
	sum := sha256.Sum256([]byte(s))
	return TextHash(sum[:16])
}

// String returns the hash in hexadecimal.
func (h TextHash) String() string { return hex.EncodeToString(h[:]) }

// Hash is the passage's content hash: of all that was embedded of it.
func (p Passage) Hash() TextHash { return HashText(p.Input()) }

// NewPassageID returns the id of the n-th passage (from 0) under a heading path of an article.
func NewPassageID(a ArticleID, headings []string, n int) PassageID {
	h := HashText(string(a) + "\x00" + strings.Join(headings, "\x01") + "\x00" + strconv.Itoa(n))
	return PassageID(h.String())
}
