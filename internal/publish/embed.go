package publish

import (
	"context"
	"time"

	"guichet/internal/problem"
	"guichet/kb"
)

// batch is how many texts go to the embedder in one call: the embedded server answers one call at
// a time, so a large one would keep everybody else waiting.
const batch = 4

// Embed gives an article's passages, title and sentences their vectors; "" means every article. It
// is run by the job that publishing enqueues: an error (the embedder is down) makes the job try
// again later, and what was embedded until then is kept.
func (s *Service) Embed(ctx context.Context, article kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "publish.Embed(%s)", article)
	if s.embedder == nil {
		return nil // words alone; a job that comes every minute catches up once there is one
	}
	model := s.embedder.Model()
	if model == "" { // it has not said yet how long its vectors are
		return problem.New(problem.Unavailable, "problem.embedder")
	}
	for {
		units, err := s.store.Pending(ctx, model, article, 64)
		if err != nil {
			return err
		}
		// After each round, and when nothing is left too: a process that died before this must not
		// leave vectors without means. It does nothing where there is nothing to gain.
		if err := s.store.Recentre(ctx, model); err != nil {
			return err
		}
		if len(units) == 0 {
			return nil
		}
		for len(units) > 0 {
			// One call embeds for one task, so a batch ends where the task changes.
			k := 1
			for k < len(units) && k < batch && units[k].Task == units[0].Task {
				k++
			}
			if err := s.embedBatch(ctx, model, units[:k]); err != nil {
				return err
			}
			units = units[k:]
		}
	}
}

func (s *Service) embedBatch(ctx context.Context, model string, units []Unit) error {
	texts := make([]string, len(units))
	for i, u := range units {
		texts[i] = u.Input
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	vectors, err := s.embedder.Embed(ctx, units[0].Task, texts)
	if err != nil {
		return problem.From(problem.Unavailable, "problem.embedder", err)
	}
	return s.store.SaveEmbeddings(ctx, model, units, vectors)
}
