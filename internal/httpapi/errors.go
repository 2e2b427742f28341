package httpapi

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"context"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
)

// statuses is the one map from an error's kind to its HTTP status.
var statuses = map[problem.Kind]int{
	problem.Invalid:      http.StatusBadRequest,
	problem.Unauthorized: http.StatusUnauthorized,
	problem.Forbidden:    http.StatusForbidden,
	problem.NotFound:     http.StatusNotFound,
	problem.Gone:         http.StatusGone,
	problem.Conflict:     http.StatusConflict,
	problem.TooLarge:     http.StatusRequestEntityTooLarge,
	problem.TooMany:      http.StatusTooManyRequests,
	problem.Unavailable:  http.StatusServiceUnavailable,
	problem.Internal:     http.StatusInternalServerError,
}

// statusClientGone is what nginx logs for a request whose client has left; nobody reads it.
const statusClientGone = 499

// problemJSON is an error as RFC 9457 writes it.
type problemJSON struct {
	Type   string      `json:"type"` // about:blank: the title says it all
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Kind   string      `json:"kind"`
	Fields []fieldJSON `json:"errors,omitempty"`
	// Options are the ways that are open instead, where a channel has closed.
	Options []optionJSON `json:"options,omitempty"`
}

type fieldJSON struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// handle runs a handler and turns its error into the answer, the log line and nothing else.
func (s *Server) handle(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.fail(c, err)
		}
	}
}

// fail is the one place where an error becomes an answer: problem JSON for the API, a page for
// everybody else. The cause goes to the log with the route's pattern, never the address itself:
// links carry tokens, and questions are nobody else's business.
func (s *Server) fail(c *gin.Context, err error) {
	p := asProblem(err)
	status := statuses[p.Kind]
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		status = statusClientGone
	}
	level := slog.LevelDebug
	if status >= 500 {
		level = slog.LevelError
	}
	s.Log.Log(c.Request.Context(), level, "http: request failed", "method", c.Request.Method,
		"route", c.FullPath(), "status", status, "err", err)
	if c.Writer.Written() { // a stream has begun; its handler has said what happened
		return
	}
	if p.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	c.Header("Cache-Control", "no-store")
	if wantsJSON(c) {
		c.Header("Content-Type", "application/problem+json")
		out := s.problemJSON(c, p)
		var closed *channelClosed
		if errors.As(err, &closed) {
			out.Options = closed.options
		}
		c.JSON(status, out)
		return
	}
	s.errorPage(c, status, p)
}

// asProblem finds the problem in err's chain; any other error is Internal.
func asProblem(err error) *problem.Error {
	var p *problem.Error
	if errors.As(err, &p) {
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem.From(problem.TooLarge, "", err).With("max", tooLarge.Limit)
	}
	return problem.From(problem.Internal, "", err)
}

func (s *Server) problemJSON(c *gin.Context, p *problem.Error) problemJSON {
	status := statuses[p.Kind]
	out := problemJSON{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: s.say(c, p), Kind: string(p.Kind)}
	for _, f := range p.Fields {
		out.Fields = append(out.Fields, fieldJSON{f.Name, s.Catalogs.For(lang(c)).T(f.Key, f.Args)})
	}
	return out
}

// say is the problem's public text in the reader's language.
func (s *Server) say(c *gin.Context, p *problem.Error) string {
	key, args := p.Key, p.Args
	if key == "" {
		key = "problem." + string(p.Kind)
	}
	if len(p.Fields) == 1 && key == "problem.invalid" {
		key, args = p.Fields[0].Key, p.Fields[0].Args
	}
	if p.RetryAfter > 0 {
		args = withArg(args, "seconds", int(math.Ceil(p.RetryAfter.Seconds())))
		args = withArg(args, "minutes", int(math.Ceil(p.RetryAfter.Minutes())))
	}
	return s.Catalogs.For(lang(c)).T(key, args)
}

func withArg(args map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for k, v := range args {
		out[k] = v
	}
	return out
}

func wantsJSON(c *gin.Context) bool {
	return strings.HasPrefix(c.Request.URL.Path, "/api/")
}

// notFound answers an address that is none.
func (s *Server) notFound(*gin.Context) error { return problem.New(problem.NotFound, "") }

func (s *Server) methodNotAllowed(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	if wantsJSON(c) {
		c.Header("Content-Type", "application/problem+json")
		c.JSON(http.StatusMethodNotAllowed, problemJSON{Type: "about:blank", Title: http.StatusText(http.StatusMethodNotAllowed),
			Status: http.StatusMethodNotAllowed, Kind: "method_not_allowed", Detail: s.Catalogs.For(lang(c)).T("problem.method_not_allowed", nil)})
		return nil
	}
	return problem.New(problem.NotFound, "")
}

// recover answers a panic as an internal error; the process goes on.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.Log.Error("http: panic", "route", c.FullPath(), "panic", v, "stack", stack())
			c.Abort()
			s.fail(c, problem.New(problem.Internal, ""))
		}
	}()
	c.Next()
}

// retryAfter is the problem of somebody who asks too often.
func retryAfter(d time.Duration) error {
	return &problem.Error{Kind: problem.TooMany, Key: "problem.too_many", RetryAfter: d}
}
