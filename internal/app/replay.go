package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"

	"guichet/internal/assistant"
	"guichet/internal/bleveindex"
	"guichet/internal/config"
	"guichet/internal/postgres"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// maxReplayed is how many passages of that day are made again at most. Of a larger library only the
// articles that the answer looked at are.
const maxReplayed = 20_000

// setup is what answers are made with here and now.
func (a *App) setup(ctx context.Context) assistant.Setup {
	s := newSetup(a.cfg.AnswerFrom)
	if a.embedder.questions != nil {
		s.Model = a.embedder.questions.Model()
		s.Means, _ = a.db.CurrentMeans(ctx, s.Model) // an answer is no worse for a gap in its trace
	}
	s.Index, _ = a.index.Cursor()
	return s
}

func newSetup(answerFrom float64) assistant.Setup {
	p, x := kb.DefaultParams, kb.DefaultExtractParams
	if answerFrom > 0 {
		x.Threshold = answerFrom
	}
	return assistant.Setup{Params: &p, Extract: &x}
}

// Replay answers a stored answer's question again, from the articles of that day and from today's. It
// reads rows, and runs beside a server.
func Replay(ctx context.Context, cfg config.Checked, log *slog.Logger, id support.AnswerID) (r assistant.Replay, err error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return r, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	db, err := openDatabase(ctx, besideRunning(cfg), log)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.stop(context.WithoutCancel(ctx))) }()
	var opened embedder
	defer func() { err = errors.Join(err, opened.stop(context.WithoutCancel(ctx))) }()
	// Most replays find every vector in the database, the question's in the trace: then no embedder is
	// started for them.
	find := sync.OnceValues(func() (kb.Embedder, error) {
		var err error
		opened, err = openEmbedder(ctx, cfg, log)
		return opened.indexing, err
	})
	if cfg.EmbeddingsURL == "off" {
		find = func() (kb.Embedder, error) { return nil, nil }
	}
	return replay(ctx, db.DB, find, cfg.EmbeddingsURL != "off", cfg.AnswerFrom, log, id)
}

// Replay is Replay with what is open here.
func (a *App) Replay(ctx context.Context, id support.AnswerID) (assistant.Replay, error) {
	return replay(ctx, a.db.DB, func() (kb.Embedder, error) { return a.embedder.indexing, nil }, a.embedder.indexing != nil, a.cfg.AnswerFrom, a.log, id)
}

// replayer makes one answer again.
type replayer struct {
	db     *postgres.DB
	embed  func() (kb.Embedder, error)
	log    *slog.Logger
	stored assistant.Made
	notes  []string

	answerFrom float64 // the setting, as it is now
}

func (r *replayer) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func replay(ctx context.Context, db *postgres.DB, embed func() (kb.Embedder, error), vectors bool, answerFrom float64, log *slog.Logger, id support.AnswerID) (out assistant.Replay, err error) {
	r := &replayer{db: db, embed: embed, answerFrom: answerFrom, log: log}
	r.stored.Answer, r.stored.Trace, err = db.FindTrace(ctx, id)
	if problem.Is(err, problem.NotFound) {
		return out, fmt.Errorf("there is no answer %s: it was never given, or it is past its keeping (GUICHET_KEEP_ANSWERS)", id)
	}
	if err != nil {
		return out, err
	}
	model := ""
	if vectors {
		if model, err = r.model(ctx); err != nil {
			return out, err
		}
	}
	if err := r.recall(ctx, model); err != nil {
		return out, err
	}
	thatDay, err := r.thatDay(ctx)
	if err != nil {
		return out, fmt.Errorf("answer from that day's articles: %w", err)
	}
	today, live, hash, err := r.today(ctx, model)
	if err != nil {
		return out, fmt.Errorf("answer from today's articles: %w", err)
	}
	out = assistant.Compare(r.stored, thatDay, today, live, hash)
	out.Notes = append(out.Notes, r.notes...)
	return out, nil
}

// model is the model that answers are made with today.
func (r *replayer) model(ctx context.Context) (string, error) {
	models, err := r.db.Models(ctx)
	if err != nil || len(models) == 1 {
		return slices.Concat(models, []string{""})[0], err
	}
	e, err := r.embed()
	if err != nil || e == nil {
		return "", err
	}
	return e.Model(), nil
}

// recall fills in what the trace does not say, as those of older versions of guichet do not.
func (r *replayer) recall(ctx context.Context, model string) (err error) {
	t := &r.stored.Trace
	meaning := !slices.Contains(t.Degraded, kb.LegMeaning)
	if t.Setup.Params == nil || t.Setup.Extract == nil {
		r.note("the answer does not say what it was made with: today's parameters are taken for that day's")
		t.Setup = newSetup(r.answerFrom)
		for _, h := range t.Found {
			if h.Signals.Meaning {
				t.Setup.Model = model
			}
		}
		if t.Setup.Model != "" {
			if t.Setup.Means, err = r.db.CurrentMeans(ctx, model); err != nil {
				return err
			}
		}
	}
	if t.Vector == nil && t.Setup.Model != "" && meaning {
		e, err := r.embed()
		if err != nil {
			return err
		}
		if e == nil || e.Model() != t.Setup.Model {
			r.note("the question's vector is not kept, and the model %s is not here: words answer alone", t.Setup.Model)
			return nil
		}
		vectors, err := e.Embed(ctx, kb.AsQuestion, []string{t.Query.Text})
		if err != nil {
			return err
		}
		t.Vector = vectors[0]
	}
	return nil
}

// versions are those that were live that day. What the trace names was live, whatever else is known.
func (r *replayer) versions(ctx context.Context) (map[kb.ArticleID]int, error) {
	traced := map[kb.ArticleID]int{}
	for _, h := range r.stored.Trace.Found {
		traced[h.Article] = h.Version
	}
	n, _, err := r.db.Missing(ctx, "")
	if err != nil {
		return nil, err
	}
	if n > maxReplayed {
		r.note("the library has %d passages: of that day only the %d articles that the answer looked at are made again, so the rarity of words may differ", n, len(traced))
		return traced, nil
	}
	live, err := r.db.LiveAt(ctx, r.stored.Answer.CreatedAt)
	if err != nil {
		return nil, err
	}
	for id, version := range traced {
		live[id] = version
	}
	return live, nil
}

// thatDay answers from the articles of that day, with that day's parameters.
func (r *replayer) thatDay(ctx context.Context) (made assistant.Made, err error) {
	t := r.stored.Trace
	versions, err := r.versions(ctx)
	if err != nil {
		return made, err
	}
	p, err := openPast(ctx, r.db, versions)
	if err != nil {
		return made, err
	}
	defer p.words.Close()
	r.compare(p)
	c := kb.HybridConfig{Words: p.words, Library: p, Params: *t.Setup.Params}
	x := kb.ExtractorConfig{Params: *t.Setup.Extract}
	if slices.Contains(t.Degraded, kb.LegWords) {
		c.Words = silent{}
	}
	if t.Vector != nil {
		means, err := r.db.Means(ctx, t.Setup.Model, t.Setup.Means)
		if err != nil {
			return made, err
		}
		if len(means[kb.AsQuestion]) == 0 && t.Setup.Means > 0 {
			current, err := r.db.CurrentMeans(ctx, t.Setup.Model)
			if err != nil {
				return made, err
			}
			r.note("the mean vectors of that day (version %d) are not kept: today's (%d) are taken", t.Setup.Means, current)
			if means, err = r.db.Means(ctx, t.Setup.Model, current); err != nil {
				return made, err
			}
		}
		missing, err := p.embed(ctx, t.Setup.Model, means, t.Found, r.embed)
		if err != nil {
			return made, err
		}
		if missing > 0 {
			r.note("%d texts of that day have no vector of the model %s", missing, t.Setup.Model)
		}
		if x.Scorer = p; !slices.Contains(t.Degraded, kb.LegMeaning) {
			c.Meaning = p
		}
	}
	s := assistant.New(assistant.Config{Search: kb.NewHybrid(c), Extractor: kb.NewExtractor(x), Store: p, Log: r.log})
	made.Answer, made.Trace, err = s.Again(ctx, t)
	return made, err
}

// compare notes passages of the trace that are not what they were.
func (r *replayer) compare(p *past) {
	gone, cut := map[kb.ArticleID]bool{}, map[kb.ArticleID]bool{}
	for _, h := range r.stored.Trace.Found {
		x, ok := p.passages[h.Passage]
		switch {
		case p.refs[h.Article].ID == "":
			gone[h.Article] = true
		case !ok || h.Hash != "" && x.Hash().String() != h.Hash:
			cut[h.Article] = true
		}
	}
	for id := range gone {
		r.note("the article %s was deleted with its versions: its passages of that day cannot be made again", id)
	}
	for id := range cut {
		r.note("the article %s is cut into passages otherwise than that day", id)
	}
	slices.Sort(r.notes)
}

// today answers from what is live now, with the parameters of now; live and hash are as Compare wants
// them.
func (r *replayer) today(ctx context.Context, model string) (made assistant.Made, live map[kb.ArticleID]int, hash map[kb.PassageID]string, err error) {
	index, err := bleveindex.Open(bleveindex.Config{})
	if err != nil {
		return made, nil, nil, err
	}
	defer index.Close()
	if err := newIndexer(r.db, index, r.log).catchUp(ctx); err != nil {
		return made, nil, nil, err
	}
	t := r.stored.Trace
	if t.Setup.Model != model {
		t.Vector = nil
	}
	setup := newSetup(r.answerFrom)
	c := kb.HybridConfig{Words: index, Library: r.db, Params: *setup.Params}
	x := kb.ExtractorConfig{Params: *setup.Extract}
	if model != "" {
		setup.Model = model
		if setup.Means, err = r.db.CurrentMeans(ctx, model); err != nil {
			return made, nil, nil, err
		}
		leg := postgres.NewVectorLeg(r.db, func() string { return model })
		c.Meaning = &ripe{VectorLeg: leg, coverage: func(ctx context.Context) (float64, error) { return r.db.Coverage(ctx, model) },
			log: slog.New(slog.DiscardHandler)}
		x.Scorer = leg
		if t.Vector == nil {
			if c.Embedder, err = r.embed(); err != nil {
				return made, nil, nil, err
			}
		}
	}
	s := assistant.New(assistant.Config{Search: kb.NewHybrid(c), Extractor: kb.NewExtractor(x), Store: r.db, Log: r.log,
		Setup: func(context.Context) assistant.Setup { return setup }})
	if made.Answer, made.Trace, err = s.Again(ctx, t); err != nil {
		return made, nil, nil, err
	}
	return r.now(ctx, made)
}

// now reads which version of each article is live, and what its passages hold.
func (r *replayer) now(ctx context.Context, made assistant.Made) (_ assistant.Made, live map[kb.ArticleID]int, hash map[kb.PassageID]string, err error) {
	var ids []kb.ArticleID
	for _, h := range r.stored.Trace.Found {
		if !slices.Contains(ids, h.Article) {
			ids = append(ids, h.Article)
		}
	}
	passages, err := r.db.ArticlePassages(ctx, ids)
	live, hash = map[kb.ArticleID]int{}, map[kb.PassageID]string{}
	for id, ps := range passages {
		for _, p := range ps {
			live[id], hash[p.ID] = p.Version, p.Hash().String()
		}
	}
	return made, live, hash, err
}
