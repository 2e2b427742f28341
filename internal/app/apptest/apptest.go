// Package apptest gives tests a whole guichet: the real database, the real embedder with its vector
// cache, the real mailer, answering on a port of its own.
package apptest

import (
	"log/slog"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"guichet/internal/app"
	"guichet/internal/config"
	"guichet/internal/openai/e5test"
	"guichet/internal/postgres/pgtest"
	"guichet/kb"
	"guichet/kb/starter"
)

// House is a running guichet.
type House struct {
	*app.App
	URL string // on which it answers
}

// Options of a House; zero fields take what most tests want.
type Options struct {
	Settings func(*config.Settings) // changes the settings
	Checked  func(*config.Checked)  // changes them further than an operator may
	Articles []kb.Article           // published before New returns; nil means the starter articles
	NoVector bool                   // words alone
	Embedder kb.Embedder            // instead of the real one
}

// New opens a guichet whose articles are published, indexed and embedded. Jobs are not run: Publish
// embeds by itself.
func New(t testing.TB, o Options) *House {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := config.Settings{Addr: l.Addr().String(), OpsAddr: "off", DataDir: t.TempDir(), DatabaseURL: pgtest.URL(t),
		Zone: "Europe/Paris", Starter: "none", Questions: 100_000, EmbeddingsURL: "off"}
	if o.Settings != nil {
		o.Settings(&s)
	}
	cfg, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	if o.Checked != nil {
		o.Checked(&cfg)
	}
	log := slog.New(slog.DiscardHandler)
	var a *app.App
	switch {
	case o.NoVector:
		a, err = app.Open(t.Context(), cfg, log)
	case o.Embedder != nil:
		a, err = app.OpenWith(t.Context(), cfg, log, o.Embedder)
	default:
		a, err = app.OpenWith(t.Context(), cfg, log, e5test.Embedder(t))
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &House{App: a, URL: "http://" + l.Addr().String()}
	if o.Articles == nil {
		o.Articles = starterArticles(t)
		cs, err := starter.Collections()
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Publish.SaveCollections(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
	}
	h.Publish(t, o.Articles...)
	handler, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return h
}

var starterArticles = func(t testing.TB) []kb.Article {
	t.Helper()
	articles, err := readStarter()
	if err != nil {
		t.Fatal(err)
	}
	return articles
}

var readStarter = sync.OnceValues(starter.Articles)

// Publish publishes articles and waits until they are indexed and embedded.
func (h *House) Publish(t testing.TB, articles ...kb.Article) {
	t.Helper()
	h.PublishWithoutVectors(t, articles...)
	if err := h.App.Publish.Embed(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
}

// PublishWithoutVectors publishes articles and waits until words find them.
func (h *House) PublishWithoutVectors(t testing.TB, articles ...kb.Article) {
	t.Helper()
	r, err := h.App.Publish.Import(t.Context(), articles, app.PublishAll)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Refused) > 0 {
		t.Fatalf("refused: %+v", r.Refused)
	}
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}
