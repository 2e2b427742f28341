package publish

import (
	"context"
	"time"

	"guichet/kb"
)

// Reading is what the pages of the help center read: published articles alone, and of them those
// that the audience may read. Lists hold one article a translation group: the one in lang where it
// exists, else the English one, else the first in the order of kb.Langs; so Card.Lang may differ
// from what was asked.
type Reading interface {
	// Page reads the article that has, or once had, the slug: where Page.Article.Slug differs from
	// slug, the reader is to be sent on. NotFound if no article of the language ever had it, or if
	// audience may not read it; Gone if the article was withdrawn.
	Page(ctx context.Context, lang kb.Lang, slug string, audience kb.Audience) (Page, error)
	// Slugs returns the slug in lang of each group that is published in it, for links between
	// articles.
	Slugs(ctx context.Context, lang kb.Lang, groups []kb.GroupID, audience kb.Audience) (map[kb.GroupID]string, error)
	// Shelves lists the collections that hold something to read, in their order, with the number of
	// translation groups in each.
	Shelves(ctx context.Context, lang kb.Lang, audience kb.Audience) ([]Shelf, error)
	// Shelf reads one collection with its articles, by title. NotFound if there is no such
	// collection; one with nothing to read is no error.
	Shelf(ctx context.Context, lang kb.Lang, key kb.CollectionKey, audience kb.Audience) (Shelf, []Card, error)
	// Popular lists up to limit articles of lang alone: those that stored answers cite most, then
	// by their ids.
	Popular(ctx context.Context, lang kb.Lang, audience kb.Audience, limit int) ([]Card, error)
	// Latest lists up to limit articles of lang alone, the one that changed last first.
	Latest(ctx context.Context, lang kb.Lang, audience kb.Audience, limit int) ([]Card, error)
	// Places lists where every article stands, the translations of a group one after another in the
	// order of kb.Langs.
	Places(ctx context.Context, audience kb.Audience) ([]Place, error)

	// SaveFeedback keeps one vote a visitor and article; a later one replaces it.
	SaveFeedback(ctx context.Context, f Feedback) error
	// FindFeedback returns a visitor's vote on an article; NotFound for none.
	FindFeedback(ctx context.Context, id kb.ArticleID, visitor []byte) (Feedback, error)
	// Feedback lists votes, newest first.
	Feedback(ctx context.Context, f VoteFilter) ([]Vote, error)
}

// Page is a published article as its page shows it.
type Page struct {
	Article      kb.Article // with Body
	Version      int
	UpdatedAt    time.Time
	Collection   kb.Collection // zero Key: the article is in none
	Translations []Translation // the languages it can be read in, its own too, in the order of kb.Langs
	Related      []Card        // up to four others of its collection, in its own language
}

// Translation is one language of an article.
type Translation struct {
	Lang  kb.Lang
	Slug  string
	Title string
}

// Shelf is a collection and how much there is to read in it.
type Shelf struct {
	Collection kb.Collection
	Articles   int
}

// Card is an article as a list shows it.
type Card struct {
	ID        kb.ArticleID
	Group     kb.GroupID
	Lang      kb.Lang
	Slug      string
	Title     string
	UpdatedAt time.Time
}

// Place is where an article stands in the help center.
type Place struct {
	Group      kb.GroupID
	Lang       kb.Lang
	Slug       string
	Collection kb.CollectionKey // "": the article is in none
	UpdatedAt  time.Time
}

// MaxComment bounds the comment of a vote, in characters.
const MaxComment = 2000

// Feedback is a visitor's vote on an article.
type Feedback struct {
	Article   kb.ArticleID
	Version   int
	Visitor   []byte // hash of the visitor's cookie
	Helpful   bool
	Comment   string // at most MaxComment characters
	CreatedAt time.Time
}

// VoteFilter says which votes to list.
type VoteFilter struct {
	Helpful *bool  // nil for both
	After   string // the ID of the last one of the page before; "" for the first page
	Limit   int
}

// Vote is a vote as staff read it.
type Vote struct {
	ID        string // orders votes: the later, the greater
	Card      Card   // of the article
	Version   int    // that was voted on
	Helpful   bool
	Comment   string
	CreatedAt time.Time
}
