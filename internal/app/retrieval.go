package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"guichet/internal/postgres"
	"guichet/internal/problem"
	"guichet/kb"
)

// enoughVectors is the share of passages that must have a vector before meaning takes part. Below it
// (a first start, a new model) the few that have one would answer for the many that do not, in
// whatever language they happen to be.
const enoughVectors = 0.9

// retrieval is the search over both legs, or over words alone, and what compares sentences by
// meaning (nil over words alone).
func (a *App) retrieval() (*kb.Hybrid, kb.SentenceScorer) {
	c := kb.HybridConfig{Words: a.index, Library: a.db.DB}
	if a.embedder.questions == nil {
		return kb.NewHybrid(c), nil
	}
	leg := a.vectors()
	c.Meaning, c.Embedder = &ripe{VectorLeg: leg, coverage: a.coverage, log: a.log}, a.embedder.questions
	return kb.NewHybrid(c), leg
}

func (a *App) vectors() *postgres.VectorLeg {
	return postgres.NewVectorLeg(a.db.DB, a.embedder.questions.Model)
}

func (a *App) coverage(ctx context.Context) (float64, error) {
	return a.db.Coverage(ctx, a.embedder.questions.Model())
}

// ripe is the search by meaning once enough passages have their vectors; until then it is Unavailable
// and words answer alone. What it knows of that is at most a second old.
type ripe struct {
	*postgres.VectorLeg
	coverage func(context.Context) (float64, error)
	log      *slog.Logger
	until    atomic.Int64 // unix nanoseconds until which yes holds
	yes      atomic.Bool
}

// Retrieve implements kb.Retriever.
func (r *ripe) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) {
	if now := time.Now(); now.UnixNano() > r.until.Load() {
		share, err := r.coverage(ctx)
		if err != nil {
			return nil, err
		}
		was := r.yes.Swap(share >= enoughVectors)
		if is := r.yes.Load(); is != was {
			r.log.Info("search by meaning", "takes_part", is, "passages_with_vector", share)
		}
		r.until.Store(now.Add(time.Second).UnixNano())
	}
	if !r.yes.Load() {
		return nil, problem.New(problem.Unavailable, "problem.embedder")
	}
	return r.VectorLeg.Retrieve(ctx, q)
}
