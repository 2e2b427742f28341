package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
)

// asset is one built file, ready to send. Its version is taken from its content, so that it may be
// kept by browsers for ever.
type asset struct {
	kind    string // media type
	version string
	plain   []byte
	gzipped []byte // nil where it saves nothing
}

type assets map[string]asset

// loadAssets reads dist/ and computes versions and compressed forms once.
func loadAssets(web fs.FS) (assets, error) {
	out := assets{}
	err := fs.WalkDir(web, "dist", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(web, p)
		if err != nil {
			return err
		}
		kind, ok := kinds[path.Ext(p)]
		if !ok {
			return fmt.Errorf("%s: no media type for %s", p, path.Ext(p))
		}
		a, err := newAsset(kind, b)
		if err != nil {
			return err
		}
		out[strings.TrimPrefix(p, "dist/")] = a
		return nil
	})
	return out, err
}

// kinds are the media types of built files. The system's own table may say otherwise: it takes .ts for
// a film.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".ts":  "text/plain; charset=utf-8",
}

// newAsset makes a file ready to send.
func newAsset(kind string, b []byte) (asset, error) {
	sum := sha256.Sum256(b)
	a := asset{kind: kind, version: hex.EncodeToString(sum[:6]), plain: b}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		return a, err
	}
	if _, err := w.Write(b); err != nil {
		return a, err
	}
	if err := w.Close(); err != nil {
		return a, err
	}
	if z.Len() < len(b) {
		a.gzipped = z.Bytes()
	}
	return a, nil
}

// url is the address of a built file, with its version; a name that is none is a mistake of ours and
// shows as a broken link.
func (a assets) url(name string) string { return "/assets/" + name + "?v=" + a[name].version }

// asset serves a built file, or one that admins have chosen.
func (s *Server) asset(c *gin.Context) error {
	switch name := strings.TrimPrefix(c.Param("file"), "/"); name {
	case themeFile:
		return s.theme(c)
	case logoFile:
		return s.logo(c)
	default:
		return s.sendAsset(c, name)
	}
}

// favicon serves the icon at the address that browsers try by themselves.
func (s *Server) favicon(c *gin.Context) error { return s.sendAsset(c, "favicon.svg") }

func (s *Server) sendAsset(c *gin.Context, name string) error {
	a, ok := s.assets[name]
	if !ok {
		return problem.New(problem.NotFound, "")
	}
	c.Header("Cache-Control", "public, max-age=3600")
	if c.Query("v") == a.version {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	sendBuilt(c, a)
	return nil
}

// sendBuilt responds with a file that is ready, or with nothing but « not modified » where the browser
// has it.
func sendBuilt(c *gin.Context, a asset) {
	h := c.Writer.Header()
	h.Set("ETag", `"`+a.version+`"`)
	h.Set("Vary", "Accept-Encoding")
	if hasTag(c.GetHeader("If-None-Match"), `"`+a.version+`"`) {
		c.Status(http.StatusNotModified)
		return
	}
	body := a.plain
	if a.gzipped != nil && acceptsGzip(c.GetHeader("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.gzipped
	}
	c.Data(http.StatusOK, a.kind, body)
}
