package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"guichet/internal/embedded"
	"guichet/internal/embedded/e5"
	"guichet/internal/openai"
	"guichet/kb"
)

// The embedder that guichet brings along; the cache is named after it.
const (
	modelName  = "multilingual-e5-small-q4"
	dimensions = 384
	modelID    = modelName + "/384"
)

// embedder is the real one where it is installed, and the cache before it.
type embedder struct {
	cached  kb.Embedder
	servers *e5.Servers // nil where it is not installed
}

func openEmbedder(ctx context.Context, folder string) (*embedder, error) {
	e := &embedder{}
	var real kb.Embedder
	servers, err := e5.Start(ctx, e5.Config{Install: filepath.Join(*install, "e5"), Logs: folder, Log: slog.New(slog.DiscardHandler)})
	var unavailable *embedded.UnavailableError
	switch {
	case errors.As(err, &unavailable):
		say("without an embedder: %s", unavailable.Sentence)
		real = absent{unavailable}
	case err != nil:
		return nil, err
	default:
		e.servers = servers
		if real, err = openai.New(config(servers.IndexURL)); err != nil {
			return nil, err
		}
	}
	e.cached, err = openai.NewCache(filepath.Join(*install, "cache", "vectors"), modelID, real)
	return e, err
}

func config(base func() string) openai.Config {
	return openai.Config{Name: modelName, Model: "multilingual-e5-small", Dimensions: dimensions, Prefix: openai.Server, Base: base}
}

func (e *embedder) stop() {
	if e.servers != nil {
		_ = e.servers.Stop(context.Background())
	}
}

// absent is the embedder that is not installed: what the cache does not know cannot be had.
type absent struct{ why error }

func (absent) Model() string { return modelID }
func (a absent) Embed(context.Context, kb.Task, []string) ([][]float32, error) {
	return nil, fmt.Errorf("a text is not in the cache, and there is no embedder: %w", a.why)
}

// known embeds what it was given beforehand, at no cost: the call to the embedder taken out of an
// answer.
type known map[string][]float32

func (known) Model() string { return modelID }
func (k known) Embed(_ context.Context, _ kb.Task, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if out[i] = k[t]; out[i] == nil {
			return nil, fmt.Errorf("%q has no vector", t)
		}
	}
	return out, nil
}

// fullLine returns a line before an embedder that never answers, with as many texts waiting as it
// takes.
func fullLine(ctx context.Context) (*openai.Line, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	stop := func() { _ = server.Close() }
	c := config(func() string { return "http://" + listener.Addr().String() + "/v1" })
	c.Timeout = 10 * time.Minute
	line, err := openai.NewLine(openai.LineConfig{Config: c})
	if err != nil {
		return nil, stop, err
	}
	waiting := make([]string, 1024)
	for i := range waiting {
		waiting[i] = fmt.Sprint("question ", i)
	}
	ctx, leave := context.WithCancel(ctx)
	go func() { _, _ = line.Embed(ctx, kb.AsQuestion, waiting) }()
	return line, func() { leave(); stop() }, nil
}
