package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"guichet/internal/config"
	"guichet/internal/mail"
	"guichet/kb"
)

// Check is one thing that a doctor looked at.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Sentence string `json:"sentence"`
}

// Doctor checks an installation, one sentence a check. It works beside a running server.
func Doctor(ctx context.Context, cfg config.Checked, log *slog.Logger) []Check {
	var out []Check
	add := func(name string, err error, good string, args ...any) {
		if err != nil {
			out = append(out, Check{name, false, err.Error()})
			return
		}
		out = append(out, Check{name, true, fmt.Sprintf(good, args...)})
	}
	add("data", writable(cfg.DataDir), "The data folder %s can be written.", cfg.DataDir)
	running, up := FindRunning(cfg.DataDir)
	if up {
		add("server", nil, "guichet runs at %s.", running.URL)
	} else {
		add("server", nil, "guichet does not run on this data folder.")
	}
	c, err := Beside(ctx, cfg, log)
	if err != nil {
		add("database", err, "")
	} else {
		defer c.Close()
		version, err := c.db.ServerVersion(ctx)
		add("database", err, "The database answers: %s.", version)
		passages, _, err := c.db.Missing(ctx, "")
		add("articles", err, "%d passages are published.", passages)
	}
	out = append(out, embedderCheck(ctx, cfg, log))
	if cfg.SMTPURL == "" {
		add("mail", nil, "No SMTP_URL is set: mail goes to a local mailbox that admins read at /desk/mailbox.")
	} else {
		add("mail", mail.Ping(ctx, cfg.SMTPURL), "The mail server %s answers.", hostOnly(cfg.SMTPURL))
	}
	return out
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	f.Close()
	return os.Remove(filepath.Clean(f.Name()))
}

func embedderCheck(ctx context.Context, cfg config.Checked, log *slog.Logger) Check {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	e, err := openEmbedder(ctx, cfg, log)
	if err != nil {
		return Check{"embedder", false, err.Error()}
	}
	defer e.stop(ctx)
	if e.questions == nil {
		return Check{"embedder", false, e.missing}
	}
	start := time.Now()
	if _, err := e.questions.Embed(ctx, kb.AsQuestion, []string{"ping"}); err != nil {
		return Check{"embedder", false, "The embedding server does not answer: " + err.Error()}
	}
	return Check{"embedder", true, fmt.Sprintf("The embedder %s answers a question in %d ms.", e.questions.Model(), time.Since(start).Milliseconds())}
}
