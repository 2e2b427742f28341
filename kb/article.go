package kb

import (
	"fmt"
	"regexp"
	"time"
)

// ArticleID names an article (one language) for ever: the id given at import, or a UUIDv7.
type ArticleID string

// GroupID names a translation group: the same article in several languages.
type GroupID string

// CollectionKey names a collection of translation groups ("refunds").
type CollectionKey string

// Status of an article.
type Status string

// The statuses of an article. Only a published one is found and cited.
const (
	StatusDraft       Status = "draft"
	StatusPublished   Status = "published"
	StatusUnpublished Status = "unpublished"
)

// Audience is who may read an article; each one includes those before it.
type Audience int

// The audiences, from the widest to the narrowest.
const (
	Public   Audience = iota // everybody
	SignedIn                 // members with a proven identity, and staff
	Staff                    // agents, editors, admins
)

var audienceNames = [...]string{"public", "signed-in", "staff"}

// String returns the audience's name as it stands in front matter and tables.
func (a Audience) String() string {
	if a < Public || a > Staff {
		return fmt.Sprintf("audience(%d)", int(a))
	}
	return audienceNames[a]
}

// ParseAudience reads a name as String writes it; the empty name is Public.
func ParseAudience(s string) (Audience, error) {
	if s == "" {
		return Public, nil
	}
	for i, n := range audienceNames {
		if n == s {
			return Audience(i), nil
		}
	}
	return 0, fmt.Errorf("unknown audience %q: want public, signed-in or staff", s)
}

// Article is one article in one language, as an editor or an import hands it in.
type Article struct {
	ID         ArticleID
	Group      GroupID
	Lang       Lang
	Slug       string
	Collection CollectionKey
	Title      string
	Body       string // Markdown
	Audience   Audience
}

// Version is an immutable state of an article's text. Numbers count 1, 2, 3… per article.
type Version struct {
	Article   ArticleID
	Number    int
	Title     string
	Body      string // Markdown
	CreatedAt time.Time
}

// Collection groups articles by subject. Titles are by language.
type Collection struct {
	Key         CollectionKey
	Position    int
	Titles      map[Lang]string
	Description map[Lang]string
}

// Title returns the collection's title in lang, else in English, else its key.
func (c Collection) Title(lang Lang) string {
	for _, l := range []Lang{lang, English} {
		if t := c.Titles[l]; t != "" {
			return t
		}
	}
	return string(c.Key)
}

// MaxBody bounds an article's Markdown, in bytes.
const MaxBody = 400_000

// MaxTitle bounds an article's title, in characters.
const MaxTitle = 2000

var idPattern = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,200}$`)

// ValidID reports whether s may name an article or a group: letters, digits, ". _ / -", at most 200.
func ValidID(s string) bool { return idPattern.MatchString(s) }
