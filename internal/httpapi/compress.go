package httpapi

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// compressible are the media types that are made for each request. Built files are compressed once,
// at the start; an event stream is not: each of its events has to leave at once and whole.
var compressible = []string{"text/html", "text/plain", "application/json", "application/problem+json",
	"application/xml", atomType, openSearchType}

// worthIt is the length in bytes from which compressing an answer saves a packet.
const worthIt = 1024

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

// compress sends what later handlers write gzipped, where the caller accepts it and the answer's
// headers call for it.
func (s *Server) compress(c *gin.Context) {
	w := &gzipWriter{ResponseWriter: c.Writer, accepted: acceptsGzip(c.GetHeader("Accept-Encoding"))}
	c.Writer = w
	c.Next()
	if w.zip == nil {
		return
	}
	if err := w.zip.Close(); err != nil { // the caller has left
		s.Log.Debug("http: compress", "route", c.FullPath(), "err", err)
	}
	w.zip.Reset(io.Discard)
	gzipWriters.Put(w.zip)
}

// gzipWriter decides at the first byte, when the headers are set, whether to compress.
type gzipWriter struct {
	gin.ResponseWriter
	accepted bool
	decided  bool
	zip      *gzip.Writer // nil: bytes pass as they are
}

func (w *gzipWriter) decide(first int) {
	if w.decided {
		return
	}
	w.decided = true
	h := w.Header()
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || !slices.Contains(compressible, kind) || h.Get("Content-Encoding") != "" || w.Written() {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if !w.accepted || first < worthIt {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	w.zip = gzipWriters.Get().(*gzip.Writer)
	w.zip.Reset(w.ResponseWriter)
}

func (w *gzipWriter) Write(b []byte) (int, error) {
	w.decide(len(b))
	if w.zip == nil {
		return w.ResponseWriter.Write(b)
	}
	return w.zip.Write(b)
}

func (w *gzipWriter) WriteString(s string) (int, error) {
	w.decide(len(s))
	if w.zip == nil {
		return w.ResponseWriter.WriteString(s)
	}
	return io.WriteString(w.zip, s)
}

// Flush sends what was written so far, the compressor's own share too.
func (w *gzipWriter) Flush() {
	if w.zip != nil {
		w.zip.Flush() // an error shows at the next write
	}
	w.ResponseWriter.Flush()
}

// Unwrap leads http.ResponseController to the writer below.
func (w *gzipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// acceptsGzip reads an Accept-Encoding header; a quality of zero refuses.
func acceptsGzip(header string) bool {
	others := false
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		accepted := true
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			n, err := strconv.ParseFloat(q, 64)
			accepted = err == nil && n > 0
		}
		if name == "gzip" {
			return accepted
		}
		others = accepted
	}
	return others
}
