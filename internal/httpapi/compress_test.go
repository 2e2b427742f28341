package httpapi

import (
	"bufio"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestAcceptsGzip(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, GZIP": true, "gzip;q=0": false, "gzip; q=0.0, *": false, "deflate": false,
		"*": true, "*;q=0": false, "deflate, gzip;q=0.5": true, "x-gzip-not": false, "gzip;q=many": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// TestStreamsAreNotHeldBack has the handler wait until the client has read what was flushed: a
// writer that holds bytes back would let neither of them go on.
func TestStreamsAreNotHeldBack(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		kind, chunk, encoding string
	}{
		{"text/event-stream; charset=utf-8", "data: " + strings.Repeat("x", 2*worthIt) + "\n", ""},
		{"text/html; charset=utf-8", strings.Repeat("x", 2*worthIt) + "\n", "gzip"},
	} {
		t.Run(x.kind, func(t *testing.T) {
			t.Parallel()
			read := make(chan struct{})
			s := &Server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
			engine := gin.New()
			engine.Use(s.compress)
			engine.GET("/", func(c *gin.Context) {
				c.Header("Content-Type", x.kind)
				for range 3 {
					c.Writer.WriteString(x.chunk)
					c.Writer.Flush()
					select {
					case <-read:
					case <-c.Request.Context().Done():
						return
					}
				}
			})
			server := httptest.NewServer(engine)
			defer server.Close()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", "gzip")
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if got := answer.Header.Get("Content-Encoding"); got != x.encoding {
				t.Fatalf("Content-Encoding %q, want %q", got, x.encoding)
			}
			body := io.Reader(answer.Body)
			if x.encoding != "" {
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			}
			lines := bufio.NewReader(body)
			for range 3 {
				if line, err := lines.ReadString('\n'); err != nil || line != x.chunk {
					t.Fatalf("read %d bytes, %v; want %d", len(line), err, len(x.chunk))
				}
				read <- struct{}{}
			}
			if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
				t.Errorf("after the end: %q, %v", rest, err)
			}
		})
	}
}

// TestWhatIsNotCompressed: what is small, what is encoded already, and what nobody asked to be.
func TestWhatIsNotCompressed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", worthIt)
	for _, x := range []struct {
		name, kind, accept, encoded, body string
		want                              string
	}{
		{"Page", "text/html", "gzip", "", long, "gzip"},
		{"Problem", "application/problem+json", "gzip", "", long, "gzip"},
		{"Feed", atomType + "; charset=utf-8", "gzip", "", long, "gzip"},
		{"Short", "text/html", "gzip", "", "short", ""},
		{"NotAccepted", "text/html", "br", "", long, ""},
		{"Encoded", "application/json", "gzip", "br", long, "br"},
		{"Image", "image/png", "gzip", "", long, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := &Server{Config: Config{Log: slog.New(slog.DiscardHandler)}}
			engine := gin.New()
			engine.Use(s.compress)
			engine.GET("/", func(c *gin.Context) {
				if x.encoded != "" {
					c.Header("Content-Encoding", x.encoded)
				}
				c.Data(http.StatusOK, x.kind, []byte(x.body))
			})
			r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
			r.Header.Set("Accept-Encoding", x.accept)
			engine.ServeHTTP(w, r)
			if got := w.Header().Get("Content-Encoding"); got != x.want {
				t.Errorf("Content-Encoding %q, want %q", got, x.want)
			}
			varies := w.Header().Get("Vary") == "Accept-Encoding"
			if want := x.encoded == "" && x.kind != "image/png"; varies != want {
				t.Errorf("Vary %q", w.Header().Get("Vary"))
			}
			if x.want != "gzip" && w.Body.String() != x.body {
				t.Error("the body is changed")
			}
		})
	}
}

func TestSitemapIsSplit(t *testing.T) {
	t.Parallel()
	urls := []sitemapURL{{Loc: "a"}, {Loc: "b"}, {Loc: "c"}, {Loc: "d"}, {Loc: "e"}}
	locs := func(urls []sitemapURL) (out string) {
		for _, u := range urls {
			out += u.Loc + " "
		}
		return out
	}
	for _, x := range []struct {
		most       int
		part, want string
	}{
		{5, "", "a b c d e "}, {5, "1", "a b c d e "}, {2, "1", "a b "}, {2, "3", "e "},
		{2, "", "map?part=1 map?part=2 map?part=3 "},
		{2, "4", "not_found"}, {2, "0", "not_found"}, {2, "-1", "not_found"}, {2, "x", "not_found"},
	} {
		document, err := sitemapPart(urls, x.most, x.part, "map")
		var got string
		switch d := document.(type) {
		case sitemapIndex:
			got = locs(d.Maps)
		case sitemapSet:
			got = locs(d.URLs)
		case nil:
			got = string(asProblem(err).Kind)
		}
		if got != x.want {
			t.Errorf("part %q of %d: %s, want %s", x.part, x.most, got, x.want)
		}
	}
}
