package publish

import (
	"context"
	"fmt"

	"guichet/internal/problem"
	"guichet/kb"
)

// ImportOptions say what becomes of imported articles.
type ImportOptions struct {
	Publish bool // publish each; else they stay drafts
	Prune   bool // unpublish published articles that the import does not hold
	Author  string
	// Progress is called after each article; nil is fine.
	Progress func(done, total int)
}

// Report says what an import did.
type Report struct {
	New         int             `json:"new"`
	Changed     int             `json:"changed"`
	Unchanged   int             `json:"unchanged"`
	Published   int             `json:"published"`
	Unpublished int             `json:"unpublished"`
	Refused     []RefusedImport `json:"refused,omitempty"`
}

// RefusedImport is one article that was not taken, and why.
type RefusedImport struct {
	ID    kb.ArticleID `json:"id"`
	Cause string       `json:"cause"`
}

// Import saves articles, each in its own transaction: one that is refused does not keep the others
// out. Importing what is already there changes nothing. An error is returned only where nothing
// more could be done (the database is away).
func (s *Service) Import(ctx context.Context, articles []kb.Article, o ImportOptions) (r Report, err error) {
	defer problem.Wrap(&err, "publish.Import(%d)", len(articles))
	before, err := s.store.Articles(ctx, Filter{})
	if err != nil {
		return r, err
	}
	known := make(map[kb.ArticleID]Listed, len(before))
	for _, l := range before {
		known[l.Article.ID] = l
	}
	kept := make(map[kb.ArticleID]bool, len(articles))
	for i, a := range articles {
		kept[a.ID] = true
		was, existed := known[a.ID]
		number, changed, err := s.Save(ctx, a, o.Author)
		switch {
		case problem.Is(err, problem.Internal):
			return r, err
		case err != nil:
			r.Refused = append(r.Refused, RefusedImport{a.ID, err.Error()})
			continue
		case !existed:
			r.New++
		case changed:
			r.Changed++
		default:
			r.Unchanged++
		}
		if o.Publish && was.Live != number {
			if err := s.Publish(ctx, a.ID); err != nil {
				return r, err
			}
			r.Published++
		}
		if o.Progress != nil {
			o.Progress(i+1, len(articles))
		}
	}
	if !o.Prune {
		return r, nil
	}
	if len(r.Refused) > 0 {
		return r, fmt.Errorf("nothing was pruned, because %d articles were refused", len(r.Refused))
	}
	for _, l := range before {
		if l.Status == kb.StatusPublished && !kept[l.Article.ID] {
			if err := s.Unpublish(ctx, l.Article.ID); err != nil {
				return r, err
			}
			r.Unpublished++
		}
	}
	return r, nil
}

// SaveCollections creates or updates collections.
func (s *Service) SaveCollections(ctx context.Context, cs []kb.Collection) error {
	return s.store.SaveCollections(ctx, cs)
}

// Collections lists the collections in their order.
func (s *Service) Collections(ctx context.Context) ([]kb.Collection, error) {
	return s.store.Collections(ctx)
}

// Export reads articles with their bodies: the live version of a published one, else the latest.
func (s *Service) Export(ctx context.Context, f Filter, write func(kb.Article) error) (n int, err error) {
	defer problem.Wrap(&err, "publish.Export")
	listed, err := s.store.Articles(ctx, f)
	if err != nil {
		return 0, err
	}
	for _, l := range listed {
		a, _, err := s.store.Version(ctx, l.Article.ID, l.Live)
		if err != nil {
			return n, err
		}
		if err := write(a); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
