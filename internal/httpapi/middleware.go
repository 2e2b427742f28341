package httpapi

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/internal/support"
	"guichet/kb"
)

// maxBody bounds what the API reads. Forms may be longer, so that a text that is far too long comes
// back to its writer with a word about it, instead of being lost with the connection.
const (
	maxBody = 64 << 10
	maxForm = 1 << 20
	// A logo, or a calendar file, that is too large comes back with a word too; admins alone are listened to for so long.
	maxUpload = 8 << 20
)

// deskCookie holds the session of somebody who works here.
const deskCookie = "guichet_desk"

const (
	keyActor = "actor"
	keyLang  = "lang"
	keySite  = "site"
	keyNonce = "nonce"
	keyMine  = "mine"
)

func stack() string { return string(debug.Stack()) }

// secure sets the headers that every answer carries, refuses forms sent from other sites, and
// bounds the body.
func (s *Server) secure(c *gin.Context) {
	h := c.Writer.Header()
	c.Set(keySite, s.Site())
	c.Set(keyNonce, rand.Text())
	setPolicy(c, "'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if s.BaseURL.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if s.cors(c) {
		return
	}
	// What an allowed site sends to the API carries no cookie of ours, see identify.
	allowed := c.Writer.Header().Get("Access-Control-Allow-Origin") != ""
	if err := s.guard.Check(c.Request); err != nil && !allowed {
		c.Abort()
		s.fail(c, problem.From(problem.Forbidden, "problem.cross_origin", err))
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, bodyLimit(c))
	c.Next()
}

// setPolicy says what a page may load: scripts and styles that carry this answer's nonce, and what
// those load; and which pages may frame it.
func setPolicy(c *gin.Context, frameAncestors string) {
	nonce := "'nonce-" + c.GetString(keyNonce) + "'"
	c.Header("Content-Security-Policy", "default-src 'none'; script-src "+nonce+" 'strict-dynamic'; style-src 'self' "+nonce+
		"; img-src 'self' data: https:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+frameAncestors)
}

// decided is what admins had decided when the request came.
func decided(c *gin.Context) site.Settings {
	v, _ := c.MustGet(keySite).(site.Settings)
	return v
}

// cors lets the sites that are named in the settings call the API from a browser, without cookies.
// It returns true where it has answered a preflight.
func (s *Server) cors(c *gin.Context) bool {
	origin := c.GetHeader("Origin")
	if origin == "" || !wantsJSON(c) {
		return false
	}
	h := c.Writer.Header()
	h.Add("Vary", "Origin")
	if !decided(c).Trusts(origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if c.Request.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Disposition, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "600")
	c.AbortWithStatus(http.StatusNoContent)
	return true
}

// observe tells how long each route takes.
func (s *Server) observe(c *gin.Context) {
	start := s.Now()
	c.Next()
	if s.Observe != nil {
		s.Observe(c.FullPath(), c.Request.Method, strconv.Itoa(c.Writer.Status()), s.Now().Sub(start))
	}
}

// identify finds out who asks and in which language to answer.
func (s *Server) identify(c *gin.Context) {
	a := support.Actor{Network: network(c.ClientIP())}
	if here(c) {
		a.Network = ""
	}
	if t := bearer(c); t != "" && s.LocalToken != "" && subtle.ConstantTimeCompare([]byte(t), []byte(s.LocalToken)) == 1 {
		a.Agent = &support.Agent{Role: support.RoleAdmin}
	}
	// A cookie speaks only for requests of our own pages; other sites' calls carry none.
	if cookie, err := c.Cookie(deskCookie); err == nil && c.Writer.Header().Get("Access-Control-Allow-Origin") == "" {
		agent, err := s.Auth.Session(c.Request.Context(), support.Token(cookie))
		switch {
		case err == nil:
			a.Agent = &agent
		case !problem.Is(err, problem.Unauthorized):
			c.Abort()
			s.fail(c, err)
			return
		}
	}
	err := s.identifyMember(c, &a)
	if err == nil {
		err = s.identifySpace(c, &a)
	}
	if err != nil {
		c.Abort()
		s.fail(c, err)
		return
	}
	c.Set(keyActor, a)
	c.Set(keyLang, s.pageLang(c))
	c.Next()
}

func (s *Server) pageLang(c *gin.Context) kb.Lang {
	for _, given := range []string{c.Param("lang"), c.Query("lang")} {
		if l, err := kb.ParseLang(given); err == nil && given != "" {
			return l
		}
	}
	return acceptedLang(c.GetHeader("Accept-Language"), decided(c))
}

// acceptedLang is the first of the browser's languages that is offered.
func acceptedLang(accept string, site site.Settings) kb.Lang {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err == nil {
		for _, t := range tags {
			if l, err := kb.ParseLang(t.String()); err == nil && site.Offers(l) {
				return l
			}
		}
	}
	return site.Default
}

// here reports whether the request was made on this machine itself: by its operator, not by a proxy
// for somebody else, which would say so.
func here(c *gin.Context) bool {
	ip, err := netip.ParseAddr(c.RemoteIP())
	return err == nil && ip.Unmap().IsLoopback() && c.GetHeader("X-Forwarded-For") == "" && c.GetHeader("Forwarded") == ""
}

// network is the part of an address that budgets are counted by: a /24 or a /64.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	bits := 64
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ip
	}
	return p.String()
}

// actor is who asks; a guest for what is refused before anybody has looked.
func actor(c *gin.Context) support.Actor {
	v, _ := c.Get(keyActor)
	a, _ := v.(support.Actor)
	return a
}

// lang is the language to answer in.
func lang(c *gin.Context) kb.Lang {
	if l, ok := c.Get(keyLang); ok {
		return l.(kb.Lang)
	}
	return kb.English
}

// bearer is the token of the Authorization header, or "".
func bearer(c *gin.Context) support.Token {
	t, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return support.Token(strings.TrimSpace(t))
}
