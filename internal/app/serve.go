package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/internal/config"
	"guichet/internal/httpapi"
	"guichet/internal/jobs"
	"guichet/kb/starter"
	"guichet/web"
)

// Serve runs guichet until ctx ends. It prints the addresses, and a sign-in link where nobody works
// here yet, to out.
func Serve(ctx context.Context, cfg config.Checked, log *slog.Logger, out io.Writer) (err error) {
	// The address first: a port in use must be said before a database is started for nothing.
	listener, err := listen("GUICHET_ADDR", cfg.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	shop, err := openShop(cfg.DemoAddr)
	if err != nil {
		return err
	}
	if shop != nil {
		defer shop.Close()
	}
	a, err := Open(ctx, cfg, log)
	defer func() { err = errors.Join(err, a.Close()) }()
	if err != nil {
		return err
	}
	if err := (Running{PID: os.Getpid(), URL: "http://" + listener.Addr().String(), DatabaseURL: a.db.url, Token: a.token}).write(cfg.DataDir); err != nil {
		return err
	}
	defer os.Remove(runFile(cfg.DataDir))
	a.shop = shop
	return a.serve(ctx, listener, out)
}

func listen(setting, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use; stop what listens there, or set %s", addr, setting)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%s): %w", addr, setting, err)
	}
	return l, nil
}

func (a *App) serve(ctx context.Context, listener net.Listener, out io.Writer) error {
	api, err := a.Handler()
	if err != nil {
		return err
	}
	runner, err := a.Jobs()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	serveHTTP(ctx, group, listener, api)
	if a.shop != nil {
		if err := a.furnish(ctx); err != nil {
			return err
		}
		serveHTTP(ctx, group, a.shop, a.shop.pages)
	}
	if a.cfg.OpsAddr != "off" {
		ops, err := listen("GUICHET_OPS_ADDR", a.cfg.OpsAddr)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("/metrics", a.metrics.Handler())
		serveHTTP(ctx, group, ops, mux)
	}
	group.Go(func() error { return a.indexer.run(ctx) })
	group.Go(func() error { return a.Site.Follow(ctx) })
	group.Go(func() error { return a.Routing.Follow(ctx) })
	group.Go(func() error { return a.Guard.Follow(ctx) })
	group.Go(func() error { return runner.Run(ctx) })
	if a.db.server != nil {
		group.Go(func() error {
			select {
			case <-ctx.Done():
				return nil
			case <-a.db.server.Done():
				return fmt.Errorf("the private PostgreSQL has stopped: %w", a.db.server.Err())
			}
		})
	}
	group.Go(func() error { return a.welcome(ctx, listener, out) })
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// serveHTTP runs a server in the group; when ctx ends it lets running requests finish.
func serveHTTP(ctx context.Context, group *errgroup.Group, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	group.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(stop); err != nil {
			return s.Close()
		}
		return nil
	})
}

// welcome loads the starter articles into a database that never had them and says where things are.
func (a *App) welcome(ctx context.Context, l net.Listener, out io.Writer) error {
	if err := a.loadStarter(ctx); err != nil {
		return fmt.Errorf("load the starter articles: %w", err)
	}
	select { // before that a question would find nothing
	case <-a.indexer.first:
	case <-ctx.Done():
		return nil
	}
	a.stock(ctx)
	fmt.Fprintf(out, "guichet is ready: %s\n", a.cfg.Base)
	if a.shop != nil {
		fmt.Fprintf(out, "Sample shop: %s\n", a.shop.origin())
	}
	if a.embedder.missing != "" {
		fmt.Fprintln(out, a.embedder.missing)
	}
	token, err := a.Auth.FirstAdmin(ctx, a.cfg.AdminEmail)
	if err != nil {
		return err
	}
	if token != "" {
		fmt.Fprintf(out, "Sign in as the first admin (%s), once, within the hour:\n  %s\n", a.cfg.AdminEmail, a.links.signIn(token))
	} else {
		fmt.Fprintf(out, "Desk: %s/desk  (guichet agent link EMAIL prints a sign-in link)\n", a.cfg.Base)
	}
	return nil
}

// loadStarter publishes the starter articles, once in a database's life, and only into one that has
// no articles of its own.
func (a *App) loadStarter(ctx context.Context) error {
	if a.cfg.Starter == "none" {
		return nil
	}
	first, err := a.db.ClaimStarter(ctx)
	if err != nil || !first {
		return err
	}
	cs, err := starter.Collections()
	if err != nil {
		return err
	}
	if err := a.Publish.SaveCollections(ctx, cs); err != nil {
		return err
	}
	articles, err := starter.Articles()
	if err != nil {
		return err
	}
	report, err := a.Publish.Import(ctx, articles, PublishAll)
	if err != nil {
		return err
	}
	if len(report.Refused) > 0 {
		return fmt.Errorf("%s: %s", report.Refused[0].ID, report.Refused[0].Cause)
	}
	a.log.Info("starter articles loaded", "articles", report.New)
	return a.db.FinishStarter(ctx)
}

// Jobs is what runs the promised jobs.
func (a *App) Jobs() (*jobs.Runner, error) {
	return jobs.New(jobs.Config{Pool: a.db.Pool(), Publish: a.Publish, Handoff: a.Handoff, Desk: a.Desk, Auth: a.Auth, Members: a.Members,
		Files: a.Attach, Guard: a.Guard, Proofs: a.Abuse, Answers: a.db.DB, KeepAnswers: a.cfg.KeepAnswer, Log: a.log})
}

// Handler answers HTTP.
func (a *App) Handler() (http.Handler, error) {
	c := httpapi.Config{
		Abuse: a.Abuse, Assistant: a.Assistant, Attach: a.Attach, Auth: a.Auth, Desk: a.Desk, Handoff: a.Handoff, Guard: a.Guard, Reading: a.db.DB,
		Mailbox: a.db.DB, Routing: a.Routing,
		Catalogs: a.catalogs, Web: web.FS, Ready: a.readiness, Observe: a.observe,
		BaseURL: a.cfg.Base, Site: a.decided, Settings: a.Site, Identities: a.Identities, Members: a.Members, Host: a.Host, TrustedProxies: a.cfg.Trusted, LocalToken: a.token,
		Limits: httpapi.Limits{Questions: a.cfg.Questions}, Log: a.log, Now: a.now,
	}
	return httpapi.New(c)
}

func (a *App) observe(route, method, status string, took time.Duration) {
	a.metrics.Requests.WithLabelValues(route, method, status).Observe(took.Seconds())
}

// readiness is what /readyz says: ready once words can be searched; what is still missing is named.
func (a *App) readiness(ctx context.Context) httpapi.Readiness {
	r := httpapi.Readiness{IndexLag: a.indexer.lag.Load()}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	model := ""
	if a.embedder.indexing != nil {
		model = a.embedder.indexing.Model()
	}
	passages, pending, err := a.db.Missing(ctx, model)
	if err != nil {
		r.Degraded = append(r.Degraded, "database")
		return r
	}
	r.Passages = passages
	r.Ready = a.indexer.ready.Load()
	if t := a.embedder.trouble(); t != "" {
		r.Degraded = append(r.Degraded, t)
	}
	if r.EmbeddingsPending = pending; pending > 0 && a.embedder.indexing != nil {
		r.Degraded = append(r.Degraded, "embeddings_pending")
	}
	return r
}
