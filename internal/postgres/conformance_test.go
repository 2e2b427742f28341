package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"guichet/internal/openai/e5test"
	"guichet/internal/postgres"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
	"guichet/kb/kbtest"
)

// asking embeds a question before it is searched for.
type asking struct {
	kb.Retriever
	embedder kb.Embedder
}

func (a asking) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) {
	v, err := a.embedder.Embed(ctx, kb.AsQuestion, []string{q.Text})
	if err != nil {
		return nil, err
	}
	q.Vector = v[0]
	return a.Retriever.Retrieve(ctx, q)
}

// TestVectorLegConforms runs kb's own suite with real vectors.
func TestVectorLegConforms(t *testing.T) {
	t.Parallel()
	e := e5test.Embedder(t)
	kbtest.Retriever(t, func(t *testing.T) kbtest.Subject {
		d := newLibrary(t)
		service := publish.New(publish.Config{Store: d.DB, Embedder: e})
		put := func(id kb.ArticleID, ps []kb.Passage) {
			p := ps[0]
			a := kb.Article{ID: id, Group: p.Group, Lang: p.Lang, Slug: string(id), Collection: p.Collection, Title: p.Title, Audience: p.Audience}
			for _, p := range ps {
				a.Body += p.Text + "\n\n"
			}
			if err := d.PublishVersion(t.Context(), id, d.save(a), ps); err != nil {
				t.Fatal(err)
			}
		}
		remove := func(id kb.ArticleID) {
			if err := d.Unpublish(t.Context(), id); err != nil && !problem.Is(err, problem.NotFound) {
				t.Fatal(err)
			}
		}
		embed := func(id kb.ArticleID) {
			if err := service.Embed(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		// Means of a help center that has had more in it than these few articles.
		gone := func(i int) kb.ArticleID { return kb.ArticleID(fmt.Sprint("gone.", i)) }
		for i := range 30 {
			put(gone(i), kbtest.Passages(kb.Article{ID: gone(i), Lang: kb.Langs[i%9], Title: fmt.Sprint("Chapter ", i)},
				fmt.Sprintf("Page %d says something else.", i)))
		}
		embed("")
		for i := range 30 {
			remove(gone(i))
		}
		return kbtest.Subject{Retriever: asking{postgres.NewVectorLeg(d.DB, e.Model), e}, Replace: func(id kb.ArticleID, ps []kb.Passage) {
			if len(ps) == 0 {
				remove(id)
				return
			}
			put(id, ps)
			embed(id)
		}}
	})
}
