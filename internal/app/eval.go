package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"guichet/internal/config"
	"guichet/internal/openai"
	"guichet/internal/publish"
	"guichet/kb"
	"guichet/kb/eval"
)

// EvalOptions say what is measured.
type EvalOptions struct {
	FAQ, QA      string // folders; "" leaves one out
	Routing      string // likewise
	ByCollection bool
	Cache        string    // folder of the vector cache; "" means cache/vectors of the install folder
	Progress     io.Writer // where long work tells how far it is
}

// EvalReport is what was measured.
type EvalReport struct {
	FAQ []*eval.Run `json:"faq,omitempty"`
	QA  []*eval.Run `json:"qa,omitempty"`

	Routing *RoutingReport `json:"routing,omitempty"`
}

// Markdown is the report as tables.
func (r EvalReport) Markdown() string {
	var b strings.Builder
	if r.FAQ != nil {
		b.WriteString("## Retrieval\n\n")
		_ = eval.WriteFAQ(&b, r.FAQ...) // a builder takes everything
		b.WriteString("\n## Knowing when not to answer\n\n")
		_ = eval.WriteOutcomes(&b, r.FAQ...)
	}
	if r.QA != nil {
		b.WriteString("\n## Answers\n\n")
		_ = eval.WriteQA(&b, r.QA...)
	}
	if r.Routing != nil {
		b.WriteString(r.Routing.Markdown())
	}
	return b.String()
}

// Eval imports judged sets into a database made for it and dropped afterwards, and measures words
// alone, meaning alone, and both. Vectors come from a cache by model and text.
func Eval(ctx context.Context, cfg config.Checked, log *slog.Logger, o EvalOptions) (r EvalReport, err error) {
	e, err := openEmbedder(ctx, cfg, log)
	if err != nil {
		return r, err
	}
	defer func() { _ = e.stop(context.WithoutCancel(ctx)) }()
	if e.indexing == nil {
		return r, fmt.Errorf("meaning cannot be measured: %s", e.missing)
	}
	if o.Cache == "" {
		o.Cache = filepath.Join(cfg.InstallDir, "cache", "vectors")
	}
	cached, err := openai.NewCache(o.Cache, e.indexing.Model(), e.indexing)
	if err != nil {
		return r, err
	}
	beside, err := openai.NewCache(o.Cache, e.indexing.Model(), e.spare)
	if err != nil {
		return r, err
	}
	if o.FAQ != "" {
		if r.FAQ, err = evalSet(ctx, cfg, log, []kb.Embedder{cached, beside}, false, o, o.FAQ, eval.ReadFAQ); err != nil {
			return r, err
		}
	}
	if o.QA != "" {
		if r.QA, err = evalSet(ctx, cfg, log, []kb.Embedder{cached, beside}, true, o, o.QA, eval.ReadQA); err != nil {
			return r, err
		}
	}
	if o.Routing != "" {
		r.Routing, err = EvalRouting(ctx, o.Routing, cached, beside)
	}
	return r, err
}

// evalSet measures one set. The embedders share the work; sentences says whether those of the articles
// are embedded too, which only answers need.
func evalSet(ctx context.Context, cfg config.Checked, log *slog.Logger, e []kb.Embedder, sentences bool, o EvalOptions, dir string,
	read func(string) (*eval.FAQ, error)) (runs []*eval.Run, err error) {
	set, err := read(dir)
	if err != nil {
		return nil, err
	}
	beside, err := Beside(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer beside.Close()
	url, drop, err := beside.db.ThrowAway(ctx, beside.db.url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	if cfg.DataDir, err = os.MkdirTemp("", "guichet-eval"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(cfg.DataDir)
	cfg.DatabaseURL = url
	a, err := OpenWith(ctx, cfg, log, e[0])
	defer func() { err = errors.Join(err, a.Close()) }()
	if err != nil {
		return nil, err
	}
	say := func(format string, args ...any) { fmt.Fprintf(o.Progress, format+"\n", args...) }
	say("%s: importing %d articles", dir, len(set.Articles))
	if err := a.fill(ctx, set.Articles, e, sentences); err != nil {
		return nil, err
	}
	questions := make([]string, len(set.Questions))
	for i, q := range set.Questions {
		questions[i] = q.Text
	}
	// One at a time they would keep one embedder busy, and the other waiting.
	if _, err := embedShared(ctx, e, kb.AsQuestion, questions); err != nil {
		return nil, err
	}
	for _, s := range a.systems(sentences) {
		say("asking %d questions: %s", len(set.Questions), s.name)
		run, err := eval.Ask(ctx, s.name, set.Questions, o.ByCollection, s.answer)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// fill publishes articles, and indexes and embeds them here and now.
func (a *App) fill(ctx context.Context, articles []kb.Article, embedders []kb.Embedder, sentences bool) error {
	r, err := a.Publish.Import(ctx, articles, PublishAll)
	if err != nil {
		return err
	}
	if len(r.Refused) > 0 {
		return fmt.Errorf("%d articles were refused, the first is %s: %s", len(r.Refused), r.Refused[0].ID, r.Refused[0].Cause)
	}
	model := embedders[0].Model()
	units, err := a.db.Pending(ctx, model, "", math.MaxInt32)
	if err != nil {
		return err
	}
	if !sentences {
		units = slices.DeleteFunc(units, func(u publish.Unit) bool { return u.Sentence })
	}
	// One call embeds for one task.
	slices.SortStableFunc(units, func(a, b publish.Unit) int { return cmp.Compare(a.Task, b.Task) })
	work := make(chan []publish.Unit)
	group, working := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(work)
		for len(units) > 0 {
			n := 1
			for n < len(units) && n < evalBatch && units[n].Task == units[0].Task {
				n++
			}
			select {
			case work <- units[:n]:
				units = units[n:]
			case <-working.Done():
				return working.Err()
			}
		}
		return nil
	})
	for _, e := range embedders {
		group.Go(func() error {
			for batch := range work {
				texts := make([]string, len(batch))
				for i, u := range batch {
					texts[i] = u.Input
				}
				vectors, err := e.Embed(working, batch[0].Task, texts)
				if err != nil {
					return err
				}
				if err := a.db.SaveEmbeddings(working, model, batch, vectors); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := a.db.Recentre(ctx, model); err != nil {
		return err
	}
	return a.CatchUp(ctx)
}

// embedShared embeds texts for one task, a batch by whichever embedder of the model is free.
func embedShared(ctx context.Context, embedders []kb.Embedder, task kb.Task, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	starts := make(chan int)
	group, working := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(starts)
		for at := 0; at < len(texts); at += evalBatch {
			select {
			case starts <- at:
			case <-working.Done():
				return working.Err()
			}
		}
		return nil
	})
	for _, e := range embedders {
		group.Go(func() error {
			for at := range starts {
				got, err := e.Embed(working, task, texts[at:min(at+evalBatch, len(texts))])
				if err != nil {
					return err
				}
				copy(vectors[at:], got)
			}
			return nil
		})
	}
	return vectors, group.Wait()
}

// evalBatch is how many texts are embedded and stored at a time.
const evalBatch = 32

type evalSystem struct {
	name   string
	answer eval.System
}

// systems are the legs alone, and the product.
func (a *App) systems(sentences bool) []evalSystem {
	both, scorer := a.retrieval()
	if !sentences {
		scorer = nil
	}
	words := kb.NewHybrid(kb.HybridConfig{Words: a.index, Library: a.db.DB})
	meaning := kb.NewHybrid(kb.HybridConfig{Words: silent{}, Meaning: a.vectors(), Embedder: a.embedder.questions, Library: a.db.DB})
	system := func(h *kb.Hybrid, s kb.SentenceScorer) eval.System {
		x := kb.NewExtractor(kb.ExtractorConfig{Scorer: s})
		return func(ctx context.Context, q kb.Query) (eval.Answer, error) {
			found, err := h.Search(ctx, q)
			if err != nil {
				return eval.Answer{}, err
			}
			if len(found.Degraded) > 0 {
				return eval.Answer{}, fmt.Errorf("a leg was missing: %v", found.Degraded)
			}
			e, err := x.Extract(ctx, q, found)
			out := eval.Answer{Confidence: e.Confidence, Answered: e.Answers, Text: said(e)}
			for _, g := range kb.ByGroup(found.Found, q.Lang) {
				out.Groups = append(out.Groups, g.Source.Group)
			}
			return out, err
		}
	}
	return []evalSystem{{"words", system(words, nil)}, {"meaning", system(meaning, scorer)}, {"both", system(both, scorer)}}
}

// said is the text of an extraction, offered or not.
func said(e kb.Extraction) string {
	parts := make([]string, len(e.Sentences))
	for i, s := range e.Sentences {
		parts[i] = s.Text
	}
	return strings.Join(parts, " ")
}

// silent is a leg that knows nothing.
type silent struct{}

func (silent) Retrieve(context.Context, kb.Query) ([]kb.Hit, error) { return nil, nil }
