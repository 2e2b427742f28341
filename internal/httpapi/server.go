// Package httpapi is the house's front: every route on one page (routes.go), errors in one place
// (errors.go), one file a resource. api_*.go speak JSON, page_*.go speak HTML with the templates of
// web. A handler decodes, calls one use case and responds; it returns its error.
package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/abuse"
	"guichet/internal/assistant"
	"guichet/internal/attach"
	"guichet/internal/auth"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/host"
	"guichet/internal/locale"
	"guichet/internal/publish"
	"guichet/internal/routing"
	"guichet/internal/site"
	"guichet/internal/support"
)

// Readiness is what /readyz says.
type Readiness struct {
	Ready             bool     `json:"ready"`
	Passages          int      `json:"passages"`
	EmbeddingsPending int      `json:"embeddings_pending"`
	IndexLag          int64    `json:"index_lag"` // changes that the word index has not read yet
	Degraded          []string `json:"degraded"`  // what is missing, by name; empty when nothing is
}

// Reading is what the public pages read; *postgres.DB is one.
type Reading interface {
	publish.Reading
}

// Mailbox is where mail went while no SMTP server was set.
type Mailbox interface {
	Mailbox(ctx context.Context, limit int) ([]support.LocalMail, error)
}

// Config of a Server.
type Config struct {
	Abuse     *abuse.Service
	Assistant *assistant.Service
	Attach    *attach.Service
	Auth      *auth.Service
	Desk      *desk.Service
	Handoff   *handoff.Service
	Guard     *handoff.Guard
	Reading   Reading
	Mailbox   Mailbox
	Settings  *site.Service
	Routing   *routing.Service
	// Members, and what their sites tell.
	Identities *auth.Identities
	Members    *auth.Members // who signed up here
	Host       *host.Service

	Catalogs *locale.Catalogs
	Web      fs.FS // templates/ and dist/
	Ready    func(ctx context.Context) Readiness

	BaseURL        *url.URL
	Site           func() site.Settings                                   // what admins have decided, as it is now
	TrustedProxies []netip.Prefix                                         // whose X-Forwarded-For is believed
	LocalToken     support.Token                                          // of commands on this machine: an admin's rights; "" for none
	Observe        func(route, method, status string, took time.Duration) // nil for nobody
	Limits         Limits
	Log            *slog.Logger
	Now            func() time.Time // nil means time.Now
}

// Server answers HTTP.
type Server struct {
	Config
	engine  *gin.Engine
	pages   *pages
	assets  assets
	loader  *loader
	limiter *limiter
	guard   *http.CrossOriginProtection
	nonce   string // stands in rendered pages for the nonce of the answer that carries them
}

// New returns a Server; an error means that a template or an asset is broken.
func New(c Config) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	gin.SetMode(gin.ReleaseMode)
	s := &Server{Config: c, engine: gin.New(), limiter: newLimiter(c.Limits), guard: http.NewCrossOriginProtection(), nonce: "nonce-" + rand.Text()}
	var err error
	if s.assets, err = loadAssets(c.Web); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	if s.loader, err = newLoader(s.assets); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	if s.pages, err = loadPages(c, s.assets.url); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	proxies := make([]string, len(c.TrustedProxies))
	for i, p := range c.TrustedProxies {
		proxies[i] = p.String()
	}
	if err := s.engine.SetTrustedProxies(proxies); err != nil {
		return nil, fmt.Errorf("httpapi: trusted proxies: %w", err)
	}
	s.engine.HandleMethodNotAllowed = true
	s.engine.RemoveExtraSlash = true
	s.routes()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }
