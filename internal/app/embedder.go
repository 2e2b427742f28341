package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"guichet/internal/config"
	"guichet/internal/embedded"
	"guichet/internal/embedded/e5"
	"guichet/internal/openai"
	"guichet/kb"
)

// The model of the embedder that guichet brings along, as it is called beside its vectors.
const (
	embeddedModel      = "multilingual-e5-small-q4"
	embeddedDimensions = 384
)

// embedder is the two ways to embed: questions, for which somebody waits, and everything else.
// Both are nil where there is none; then search works by words alone, and missing says why.
type embedder struct {
	questions kb.Embedder
	indexing  kb.Embedder
	spare     kb.Embedder  // past the line, at the server for questions: for long work while nobody asks
	line      *openai.Line // before questions; nil for an embedder of the caller's own
	missing   string
	servers   *e5.Servers // of our own; nil for an external server
}

// openEmbedder finds the embedding server of the settings, or starts our own. That there is none is
// no error.
func openEmbedder(ctx context.Context, cfg config.Checked, log *slog.Logger) (embedder, error) {
	if cfg.EmbeddingsURL == "off" {
		return embedder{missing: "EMBEDDINGS_URL is off: search works by words alone."}, nil
	}
	question := openai.Config{APIKey: cfg.EmbeddingsKey, Model: cfg.EmbeddingsModel,
		Prefix: openai.Prefix(cfg.EmbeddingsPrefix)}
	index := question
	var out embedder
	if cfg.EmbeddingsURL != "" {
		question.BaseURL, index.BaseURL = cfg.EmbeddingsURL, cfg.EmbeddingsURL
	} else {
		servers, err := e5.Start(ctx, e5.Config{Install: filepath.Join(cfg.InstallDir, "e5"),
			Logs: filepath.Join(cfg.DataDir, "logs"), Log: log})
		var unavailable *embedded.UnavailableError
		if errors.As(err, &unavailable) {
			log.Warn(unavailable.Sentence)
			return embedder{missing: unavailable.Sentence}, nil
		}
		if err != nil {
			return out, err
		}
		out.servers = servers
		question.Name, index.Name = embeddedModel, embeddedModel
		question.Dimensions, index.Dimensions = embeddedDimensions, embeddedDimensions
		question.Prefix, index.Prefix = openai.Server, openai.Server
		question.Base, index.Base = servers.QuestionURL, servers.IndexURL
	}
	line, err := openai.NewLine(openai.LineConfig{Config: question})
	if err != nil {
		return out, fmt.Errorf("EMBEDDINGS_URL: %w", err)
	}
	indexing, err := openai.New(index)
	if err != nil {
		return out, fmt.Errorf("EMBEDDINGS_URL: %w", err)
	}
	spare, err := openai.New(question)
	if err != nil {
		return out, fmt.Errorf("EMBEDDINGS_URL: %w", err)
	}
	out.questions, out.indexing, out.spare, out.line = line, indexing, spare, line
	return out, nil
}

// trouble says in a word what keeps the embedder from working, "" where nothing does.
func (e embedder) trouble() string {
	switch {
	case e.indexing == nil:
		return "embedder_missing"
	case e.line != nil && e.line.Down():
		return "embedder_down"
	case e.servers == nil:
		return ""
	}
	s := e.servers.State()
	if s.Question != embedded.Ready || s.Index != embedded.Ready {
		return "embedder_down"
	}
	return ""
}

func (e embedder) stop(ctx context.Context) error {
	if e.servers == nil {
		return nil
	}
	return e.servers.Stop(ctx)
}
