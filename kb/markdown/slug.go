package markdown

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/kb"
)

// maxSlug bounds slugs and anchors, in characters.
const maxSlug = 80

// Slug makes an article's address of its title: lower-case ASCII letters and digits, joined by
// "-", at most 80; German umlauts are spelled out. A title without Latin letters, such as a
// Chinese one, becomes "a-" and a short hash of it. The same title always has the same slug, and
// two titles may share one: the store sees to it that addresses differ.
func Slug(title string, lang kb.Lang) string {
	s := title
	if lang == kb.German {
		s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue").Replace(s)
	}
	s = slug(s, false)
	if !strings.ContainsFunc(s, unicode.IsLetter) {
		sum := sha256.Sum256([]byte(title))
		return "a-" + hex.EncodeToString(sum[:4])
	}
	return s
}

// slug joins the words of s, folded to ASCII, by "-"; han keeps Chinese characters.
func slug(s string, han bool) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range kb.Fold(s) {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || han && unicode.Is(unicode.Han, r)) {
			gap = n > 0
			continue
		}
		if n >= maxSlug {
			break
		}
		if gap {
			b.WriteByte('-')
			n++
			gap = false
		}
		b.WriteRune(r)
		n++
	}
	s = b.String()
	if i := strings.LastIndexByte(s, '-'); n >= maxSlug && i > len(s)/2 {
		s = s[:i] // no half word at the end
	}
	return s
}

// anchors gives out ids that are unique within an article. It holds the number that an id was
// last given with.
type anchors map[string]int

// newAnchors holds back the id that Mark sets.
func newAnchors() anchors { return anchors{citedID: 1} }

// next returns the id of the next heading: its text, with a number from 2 on where that is taken.
func (a anchors) next(heading string) string {
	base := slug(heading, true)
	if r, _ := utf8.DecodeRuneInString(base); !unicode.IsLetter(r) {
		base = strings.TrimSuffix("section-"+base, "-")
	}
	id := base
	for a[id] > 0 {
		a[base]++
		id = base + "-" + strconv.Itoa(a[base])
	}
	a[id] = 1
	return id
}
