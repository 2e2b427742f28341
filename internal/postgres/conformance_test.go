package postgres_test

import (
	"context"
	"testing"

	"guichet/internal/openai/e5test"
	"guichet/internal/postgres"
	"guichet/internal/problem"
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
		replace := func(id kb.ArticleID, ps []kb.Passage) {
			if len(ps) == 0 {
				if err := d.Unpublish(t.Context(), id); err != nil && !problem.Is(err, problem.NotFound) {
					t.Fatal(err)
				}
				return
			}
			p := ps[0]
			a := kb.Article{ID: id, Group: p.Group, Lang: p.Lang, Slug: string(id), Collection: p.Collection, Title: p.Title, Audience: p.Audience}
			for _, p := range ps {
				a.Body += p.Text + "\n\n"
			}
			if err := d.PublishVersion(t.Context(), id, d.save(a), ps); err != nil {
				t.Fatal(err)
			}
			for {
				units, err := d.Pending(t.Context(), e.Model(), id, 64)
				if err != nil {
					t.Fatal(err)
				}
				if len(units) == 0 {
					break
				}
				vectors := make([][]float32, len(units))
				for i, u := range units {
					v, err := e.Embed(t.Context(), u.Task, []string{u.Input})
					if err != nil {
						t.Fatal(err)
					}
					vectors[i] = v[0]
				}
				if err := d.SaveEmbeddings(t.Context(), e.Model(), units, vectors); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.Recentre(t.Context(), e.Model()); err != nil {
				t.Fatal(err)
			}
		}
		return kbtest.Subject{Retriever: asking{postgres.NewVectorLeg(d.DB, e.Model), e}, Replace: replace}
	})
}
