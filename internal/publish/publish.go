// Package publish turns what editors write into what members find: a text becomes a version, a
// version becomes passages, passages get their vectors, and every index hears of the change.
//
// The live version changes in one transaction, together with its passages, the change row that
// indexes follow and the job that embeds what is new. From that commit on nothing of the old
// version is found: searches read passages by live version.
package publish

import (
	"context"
	"log/slog"
	"time"

	"guichet/internal/problem"
	"guichet/kb"
	"guichet/kb/markdown"
)

// Store is where articles live. Each method is one transaction.
type Store interface {
	// SaveVersion stores a as the next version of its article, creating article and group if they
	// are new, and returns its number; changed is false, and nothing is written, if title, body,
	// audience, slug, collection and group are what the latest version has. A slug that another
	// article of the language holds or held gets the lowest of -2 to -50 behind it that makes it
	// free, or this article's own; a Conflict if none does. Title, body, audience and slug are of
	// the version: what members read changes when it goes live, and an old slug stays as a redirect.
	// Group and collection change at once; an empty collection leaves the group's as it is. A
	// (group, lang) that is taken is a Conflict; an id that exists in another language is Invalid.
	SaveVersion(ctx context.Context, a kb.Article, author string) (number int, changed bool, err error)
	// PublishVersion makes version number live: article row, passages replaced by ps (those whose
	// id and hash stay keep their vectors, and a text that ever had one gets it back), embedding
	// units, a change row, and an EmbedArticle job. Publishing the live version again changes
	// nothing. NotFound if there is no such version.
	PublishVersion(ctx context.Context, id kb.ArticleID, number int, ps []kb.Passage) error
	// Unpublish takes the article from members; its passages go in the same transaction. One that is
	// not published stays as it is; NotFound if there is none.
	Unpublish(ctx context.Context, id kb.ArticleID) error
	// Delete removes the article with all its versions. NotFound if there is none.
	Delete(ctx context.Context, id kb.ArticleID) error
	// Version reads an article at a version, and the version's number; 0 asks for the latest.
	// NotFound if there is none.
	Version(ctx context.Context, id kb.ArticleID, number int) (kb.Article, int, error)
	// Articles lists articles, by id.
	Articles(ctx context.Context, f Filter) ([]Listed, error)
	// SaveCollections creates or updates collections by their keys.
	SaveCollections(ctx context.Context, cs []kb.Collection) error
	Collections(ctx context.Context) ([]kb.Collection, error)

	// Pending returns up to limit units without a vector of model, those of article first ("" for
	// any), passages before titles before sentences. Equal texts come once.
	Pending(ctx context.Context, model string, article kb.ArticleID, limit int) ([]Unit, error)
	// SaveEmbeddings keeps vectors, by text, and attaches them, centred by the current means, to every
	// live passage and title of the same text; sentences are compared by text. The vector of a text
	// that is gone by now is kept all the same.
	SaveEmbeddings(ctx context.Context, model string, units []Unit, vectors [][]float32) error
	// Recentre takes the mean vectors by language anew and moves every vector to them, in one
	// step for searches. It does nothing while the means have hardly moved: fewer than one text in
	// twenty added since they were taken, unless the library is small and nothing more is to come.
	Recentre(ctx context.Context, model string) error
}

// Filter selects articles; zero fields select all.
type Filter struct {
	Lang       kb.Lang
	Collection kb.CollectionKey
	Status     kb.Status
}

// Listed is one article as a list shows it.
type Listed struct {
	Article   kb.Article // without Body
	Status    kb.Status
	Live      int // 0 unless published
	Latest    int
	UpdatedAt time.Time
}

// Unit is one text to be embedded.
type Unit struct {
	Task  kb.Task
	Hash  kb.TextHash
	Input string

	Sentence bool // of an answer's: nothing is found by it
}

// EmbedArticle is the job that gives an article's passages their vectors.
type EmbedArticle struct {
	Article kb.ArticleID `json:"article"`
}

// Kind names the job.
func (EmbedArticle) Kind() string { return "embed_article" }

// Config of a Service.
type Config struct {
	Store    Store
	Embedder kb.Embedder // nil: words alone
	Log      *slog.Logger
}

// Service publishes articles.
type Service struct {
	store    Store
	embedder kb.Embedder
	log      *slog.Logger
}

// New returns a Service.
func New(c Config) *Service {
	return &Service{store: c.Store, embedder: c.Embedder, log: c.Log}
}

// Check returns a problem that names the field of a that no article may have.
func Check(a kb.Article) error {
	switch {
	case !kb.ValidID(string(a.ID)):
		return problem.InvalidField("id", "problem.article_id")
	case !kb.ValidID(string(a.Group)):
		return problem.InvalidField("group", "problem.article_id")
	case len(a.Body) > kb.MaxBody:
		return problem.InvalidField("body", "problem.too_long").With("max", kb.MaxBody).With("n", len(a.Body))
	case len([]rune(a.Title)) > kb.MaxTitle:
		return problem.InvalidField("title", "problem.too_long").With("max", kb.MaxTitle).With("n", len([]rune(a.Title)))
	}
	return nil
}

// Save stores a as a draft: the next version of its article. It fills what an import may leave
// out: group (the id), title (the first words of the body), slug (from the title).
func (s *Service) Save(ctx context.Context, a kb.Article, author string) (number int, changed bool, err error) {
	defer problem.Wrap(&err, "publish.Save(%s)", a.ID)
	if a.Group == "" {
		a.Group = kb.GroupID(a.ID)
	}
	if a.Title == "" {
		a.Title = markdown.Title(a.Body)
	}
	if a.Slug == "" {
		a.Slug = markdown.Slug(a.Title, a.Lang)
	}
	if err := Check(a); err != nil {
		return 0, false, err
	}
	return s.store.SaveVersion(ctx, a, author)
}

// Publish makes the latest version live.
func (s *Service) Publish(ctx context.Context, id kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "publish.Publish(%s)", id)
	a, number, err := s.store.Version(ctx, id, 0)
	if err != nil {
		return err
	}
	doc, err := markdown.Read(a.Body)
	if err != nil {
		return problem.From(problem.Invalid, "problem.markdown", err)
	}
	return s.store.PublishVersion(ctx, id, number, kb.Split(a, number, doc))
}

// Unpublish takes an article from members; it is never cited again.
func (s *Service) Unpublish(ctx context.Context, id kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "publish.Unpublish(%s)", id)
	return s.store.Unpublish(ctx, id)
}

// Delete removes an article with all its versions.
func (s *Service) Delete(ctx context.Context, id kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "publish.Delete(%s)", id)
	return s.store.Delete(ctx, id)
}

// Articles lists articles.
func (s *Service) Articles(ctx context.Context, f Filter) ([]Listed, error) {
	return s.store.Articles(ctx, f)
}
