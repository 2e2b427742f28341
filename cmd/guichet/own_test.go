//go:build linux

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/internal/embedded/embeddedtest"
	"guichet/internal/embedded/pg"
	"guichet/internal/openai/e5test"
)

// children are the processes whose parent is pid.
func children(t *testing.T, pid int) (out []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Fatalf("no /proc to read on this system (%v)", err)
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, after, _ := strings.Cut(string(b), ") ")
		var state string
		var parent int
		if fmt.Sscan(after, &state, &parent); parent == pid {
			out = append(out, strings.TrimSpace(string(b[:bytes.IndexByte(b, ')')+1])))
		}
	}
	return out
}

type ready struct {
	Ready    bool
	Passages int
	Pending  int `json:"embeddings_pending"`
	Degraded []string
}

func readyz(t *testing.T, base string) (r ready) {
	t.Helper()
	answer, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// until waits for /readyz to be as wanted.
func until(t *testing.T, base, what string, want func(ready) bool) {
	t.Helper()
	tick, deadline := time.NewTicker(100*time.Millisecond), time.After(3*time.Minute)
	defer tick.Stop()
	for {
		r := readyz(t, base)
		if want(r) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: still %+v", what, r)
		}
	}
}

// TestOwnDatabaseAndEmbedder runs guichet on a database and an embedder of the operator's: nothing is
// embedded. The embedder goes away and comes back: words answer meanwhile, and what was published
// then gets its vectors afterwards.
func TestOwnDatabaseAndEmbedder(t *testing.T) {
	t.Parallel()
	database, err := pg.Start(t.Context(), pg.Config{Install: filepath.Join(embeddedtest.Install(t), "pg"), Data: filepath.Join(t.TempDir(), "pg")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	real, err := url.Parse(e5test.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: real.Scheme, Host: real.Host})
	embedder := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	go embedder.Serve(l)
	t.Cleanup(func() { embedder.Close() })

	article := func(name, body string) string {
		path := filepath.Join(t.TempDir(), name+".md")
		if err := os.WriteFile(path, []byte("---\nid: "+name+"\nlang: en\ntitle: "+name+"\n---\n"+body+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := start(t, filepath.Join(t.TempDir(), "data"), "DATABASE_URL="+database.DSN(), "EMBEDDINGS_URL=http://"+addr+"/v1",
		"GUICHET_INSTALL_DIR="+t.TempDir(), "GUICHET_STARTER=none")
	if got := children(t, s.Process.Pid); len(got) > 0 {
		t.Errorf("with its own database and embedder it has children: %v", got)
	}
	if r := readyz(t, s.url); r.Passages != 0 {
		t.Errorf("GUICHET_STARTER=none has %d passages", r.Passages)
	}
	for _, a := range []string{article("parcel", "A parcel that is lost is paid back within 5 days."), article("voucher", "A voucher can be used for two years.")} {
		if out, err := s.run(t, "import", "--publish", a); err != nil {
			t.Fatalf("import: %v %s", err, out)
		}
	}
	until(t, s.url, "embedded", func(r ready) bool { return r.Passages == 2 && r.Pending == 0 && len(r.Degraded) == 0 })

	away.Store(true)
	if out, err := s.run(t, "import", "--publish", article("gift", "A gift card is valid for thirty months.")); err != nil {
		t.Fatalf("import: %v %s", err, out)
	}
	until(t, s.url, "the new article is found by words", func(ready) bool {
		_, said := ask(t, s.url, "How long is a gift card valid?")
		return strings.Contains(said, "thirty months")
	})
	until(t, s.url, "degraded", func(r ready) bool {
		return r.Ready && r.Pending > 0 && strings.Contains(strings.Join(r.Degraded, " "), "embedder_down")
	})
	away.Store(false)
	until(t, s.url, "embedded later", func(r ready) bool {
		ask(t, s.url, "How long is a gift card valid? "+time.Now().String()) // somebody asks, and the line tries again
		return r.Pending == 0 && len(r.Degraded) == 0
	})
	s.stop(t)
}
