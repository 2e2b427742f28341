package assistant

import (
	"context"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Sureness is how sure the assistant was, in words.
type Sureness string

// The levels, and the confidence from which each is reached.
const (
	VerySure   Sureness = "high"
	FairlySure Sureness = "middle"
	HardlySure Sureness = "low"

	verySure   = 0.8
	fairlySure = 0.55
)

// Why is what a reader is told of how an answer came about.
type Why struct {
	Read       []ReadArticle // best first
	Sure       Sureness      // of an answered one
	Written    bool          // by a language model; else the sentences are the articles' own
	Dropped    int           // sentences of the model that nobody was shown
	Passed     int           // passages looked at and left out
	Incomplete bool          // a part of the search could not take part
}

// ReadArticle is an article that was read, as it was then.
type ReadArticle struct {
	TraceArticle
	Cited bool
}

// Why says how a stored answer came about. Articles that the audience may not read, or nobody any
// more, are not named.
func (s *Service) Why(ctx context.Context, id support.AnswerID, audience kb.Audience) (w Why, err error) {
	defer problem.Wrap(&err, "assistant.Why")
	a, t, err := s.c.Store.FindTrace(ctx, id)
	if err != nil {
		return w, err
	}
	cited := map[kb.ArticleID]bool{}
	quoted := map[kb.PassageID]bool{}
	articles := t.read()
	for _, c := range a.Citations {
		quoted[c.Passage] = true
		if _, read := t.Article(c.Article.ID); !read && !cited[c.Article.ID] { // of before articles were traced
			articles = append(articles, TraceArticle{ID: c.Article.ID, Lang: c.Article.Lang, Slug: c.Article.Slug,
				Title: c.Article.Title, Version: c.Article.Version, UpdatedAt: c.Article.UpdatedAt})
		}
		cited[c.Article.ID] = true
	}
	ids := make([]kb.ArticleID, len(articles))
	for i, x := range articles {
		ids[i] = x.ID
	}
	refs, err := s.c.Store.ArticleRefs(ctx, ids, audience)
	if err != nil {
		return w, err
	}
	for _, x := range articles {
		if ref, ok := refs[x.ID]; ok {
			x.Slug = ref.Slug
			w.Read = append(w.Read, ReadArticle{x, cited[x.ID]})
		}
	}
	for _, h := range t.Found {
		if !quoted[h.Passage] {
			w.Passed++
		}
	}
	if w.Written = t.Generated; w.Written {
		w.Dropped = len(t.Dropped)
	}
	w.Incomplete = len(a.Degraded) > 0
	if a.Outcome == Answered {
		switch {
		case a.Confidence >= verySure:
			w.Sure = VerySure
		case a.Confidence >= fairlySure:
			w.Sure = FairlySure
		default:
			w.Sure = HardlySure
		}
	}
	return w, nil
}

// read returns the articles of the passages that were read for sentences.
func (t Trace) read() (out []TraceArticle) {
	n := kb.DefaultExtractParams.Passages
	if t.Setup.Extract != nil {
		n = t.Setup.Extract.Passages
	}
	seen := map[kb.ArticleID]bool{}
	for _, h := range t.Found[:min(n, len(t.Found))] {
		if a, ok := t.Article(h.Article); ok && !seen[a.ID] {
			seen[a.ID] = true
			out = append(out, a)
		}
	}
	return out
}
