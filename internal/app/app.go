// Package app puts the house together: it opens what the settings name, gives every part the parts
// it needs, starts them in order and stops them in reverse, within a budget.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"guichet/internal/abuse"
	"guichet/internal/assistant"
	"guichet/internal/attach"
	"guichet/internal/auth"
	"guichet/internal/bleveindex"
	"guichet/internal/clamav"
	"guichet/internal/config"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/host"
	"guichet/internal/locale"
	"guichet/internal/observe"
	"guichet/internal/postgres"
	"guichet/internal/publish"
	"guichet/internal/routing"
	"guichet/internal/site"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/web"
)

// App is a whole guichet that can answer, without its servers: Serve puts those on top.
type App struct {
	cfg      config.Checked
	log      *slog.Logger
	now      func() time.Time
	db       database
	embedder embedder
	index    *bleveindex.Index
	indexer  *indexer
	catalogs *locale.Catalogs
	metrics  *observe.Metrics
	links    links
	shop     *shop         // nil for none
	token    support.Token // opens the API to commands on this machine
	stops    []func(context.Context) error

	Abuse     *abuse.Service
	Assistant *assistant.Service
	Attach    *attach.Service
	Auth      *auth.Service
	Desk      *desk.Service
	Handoff   *handoff.Service
	Guard     *handoff.Guard
	Publish   *publish.Service
	Routing   *routing.Service
	Site      *site.Service

	Identities *auth.Identities
	Members    *auth.Members
	Host       *host.Service
}

// Open opens everything an answer needs. The caller must Close it, also after an error.
func Open(ctx context.Context, cfg config.Checked, log *slog.Logger) (*App, error) {
	return open(ctx, cfg, log, func() (embedder, error) { return openEmbedder(ctx, cfg, log) })
}

// OpenWith is Open with an embedder of the caller's own, for evaluations and tests.
func OpenWith(ctx context.Context, cfg config.Checked, log *slog.Logger, e kb.Embedder) (*App, error) {
	return open(ctx, cfg, log, func() (embedder, error) { return embedder{questions: e, indexing: e}, nil })
}

func open(ctx context.Context, cfg config.Checked, log *slog.Logger, embed func() (embedder, error)) (a *App, err error) {
	a = &App{cfg: cfg, log: log, links: links{cfg.Base}, token: support.NewToken(), metrics: observe.NewMetrics()}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return a, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	if a.catalogs, err = openCatalogs(cfg.LocalesDir); err != nil { // before anything that takes time
		return a, err
	}
	if a.db, err = openDatabase(ctx, cfg, log); err != nil {
		return a, err
	}
	a.stops = append(a.stops, a.db.stop)
	// After the database: without that nothing works, so what is missing there is to be said alone.
	if a.embedder, err = embed(); err != nil {
		return a, err
	}
	a.stops = append(a.stops, a.embedder.stop)
	if a.index, err = openIndex(ctx, cfg.DataDir, a.db.DB, log); err != nil {
		return a, err
	}
	a.stops = append(a.stops, func(context.Context) error { return a.index.Close() })
	a.indexer = newIndexer(a.db.DB, a.index, log)
	if a.Site, err = openSite(ctx, cfg, a.db.DB, a.catalogs, log); err != nil {
		return a, err
	}
	if a.Abuse, err = openAbuse(ctx, cfg, a.db.DB, log); err != nil {
		return a, err
	}
	a.Routing = routing.New(routing.Config{Store: a.db.DB, Words: a.catalogs, Log: log})
	if err := a.db.DB.AdoptZone(ctx, cfg.Zone); err != nil {
		return a, err
	}
	if err := a.Routing.Refresh(ctx); err != nil {
		return a, err
	}
	if a.Identities, err = openIdentities(cfg, a.db.DB); err != nil {
		return a, err
	}
	if a.now, err = clock(); err != nil {
		return a, err
	}
	a.assemble()
	return a, nil
}

// openCatalogs reads the built-in texts and, where a folder is set, the operator's own over them.
func openCatalogs(dir string) (*locale.Catalogs, error) {
	if dir == "" {
		return locale.Load(web.FS)
	}
	c, err := locale.LoadOver(web.FS, os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("GUICHET_LOCALES_DIR %s: %w", dir, err)
	}
	return c, nil
}

// assemble makes the use cases.
func (a *App) assemble() {
	db := a.db.DB
	mailer := mailer{site: a.Site, words: a.catalogs, mailbox: db}
	var search, scorer = a.retrieval()
	a.Publish = publish.New(publish.Config{Store: db, Embedder: a.embedder.indexing, Log: a.log})
	a.Host = host.New(db, nil)
	a.Assistant = assistant.New(a.withModel(assistant.Config{Search: search, Subjects: a.Host,
		Typing: kb.NewHybrid(kb.HybridConfig{Words: a.index, Library: db}), Store: db, Threads: db, Ratings: db, Gaps: db, Log: a.log, Setup: a.setup,
		Extractor: kb.NewExtractor(kb.ExtractorConfig{Scorer: scorer, Params: *newSetup(a.cfg.AnswerFrom).Extract}), Settle: a.cfg.Settle, Writing: a.writing()}))
	a.Handoff = handoff.New(handoff.Config{Store: db, Mailer: mailer, Links: a.links, MailDomain: a.cfg.Base.Hostname(),
		Zone: a.cfg.Place, Routing: a.Routing, Teams: teams{a.Site, a.Routing}, DeskLink: a.links.desk, DeskLang: a.deskLang, Log: a.log, Now: a.now})
	a.Guard = handoff.NewGuard(handoff.GuardConfig{Store: db, Asking: a.embedder.questions, Indexing: a.embedder.indexing,
		Labels: a.labels, Log: a.log})
	a.Desk = desk.New(desk.Config{Store: db, Mailer: mailer, Links: a.links, MailDomain: a.cfg.Base.Hostname(),
		Zone: a.cfg.Place, Routing: a.Routing, Log: a.log, Now: a.now})
	a.Auth = auth.New(auth.Config{Store: db, Mailer: mailer, Links: a.links, MailDomain: a.cfg.Base.Hostname(), Lang: a.deskLang})
	a.Members = auth.NewMembers(auth.MembersConfig{Store: db, Mailer: mailer, Links: a.links, MailDomain: a.cfg.Base.Hostname()})
	files := attach.Config{Store: db, Blobs: db, Desk: a.Desk, Log: a.log}
	if a.cfg.ClamAV != "" {
		files.Scanner = clamav.New(a.cfg.ClamAV)
	}
	a.Attach = attach.New(files)
}

// CatchUp brings the word index up to what is live now.
func (a *App) CatchUp(ctx context.Context) error { return a.indexer.catchUp(ctx) }

// Database is the store, for commands that only read or write rows.
func (a *App) Database() *postgres.DB { return a.db.DB }

// stopBudget bounds a stop; what has not ended by then is left to the kernel.
const stopBudget = 15 * time.Second

// Close stops what Open started, in reverse.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopBudget)
	defer cancel()
	var errs []error
	for i := len(a.stops) - 1; i >= 0; i-- {
		errs = append(errs, a.stops[i](ctx))
	}
	a.stops = nil
	return errors.Join(errs...)
}
