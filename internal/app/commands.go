package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/internal/assistant"
	"guichet/internal/auth"
	"guichet/internal/config"
	"guichet/internal/locale"
	"guichet/internal/publish"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/kb/markdown"
)

// PublishAll is how the starter articles and evaluations are imported.
var PublishAll = publish.ImportOptions{Publish: true, Author: "starter"}

// Commands is what a command needs that only reads and writes rows. It works beside a running
// server; what it publishes the server's own jobs embed and its index follows.
type Commands struct {
	Publish *publish.Service
	Auth    *auth.Service
	Routing *routing.Service

	cfg   config.Checked
	db    database
	links links
	words *locale.Catalogs
}

// Beside opens the database of the server that runs on the data folder, or the settings' own.
func Beside(ctx context.Context, cfg config.Checked, log *slog.Logger) (*Commands, error) {
	c := &Commands{cfg: cfg, links: links{cfg.Base}}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	var err error
	if c.db, err = openDatabase(ctx, besideRunning(cfg), log); err != nil {
		return nil, err
	}
	c.Publish = publish.New(publish.Config{Store: c.db.DB, Log: log})
	if c.words, err = openCatalogs(cfg.LocalesDir); err != nil {
		c.Close()
		return nil, err
	}
	c.Routing = routing.New(routing.Config{Store: c.db.DB, Words: c.words, Log: slog.New(slog.DiscardHandler)}) // the command says itself what it saved
	c.Auth = auth.New(auth.Config{Store: c.db.DB})
	return c, nil
}

// Operator is who gives commands on this machine: what they may do, the files' owner decided.
var Operator = support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}

// Identities is who vouches for members. It needs the installation's secret, which it makes where there
// is none.
func (c *Commands) Identities() (*auth.Identities, error) { return openIdentities(c.cfg, c.db.DB) }

// Close closes the database, and ends it where it was started for the command.
func (c *Commands) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), stopBudget)
	defer cancel()
	_ = c.db.stop(ctx) // the command has done its work; a server that will not stop is cleared by the next start
}

// SignInLink returns the address that signs an agent in, once, within the hour.
func (c *Commands) SignInLink(ctx context.Context, email string) (string, error) {
	t, err := c.Auth.SignInToken(ctx, email)
	if err != nil {
		return "", fmt.Errorf("nobody here has the address %s; guichet agent add %s adds them: %w", email, email, err)
	}
	return c.links.signIn(t), nil
}

// Invite adds somebody, or changes their role, and returns the address where they choose a password:
// once, within a week. Who has a password already gets a sign-in link.
func (c *Commands) Invite(ctx context.Context, email, name string, role support.Role) (string, error) {
	t, err := c.Auth.InviteLink(ctx, email, name, role)
	if err != nil {
		return "", err
	}
	if t == "" {
		return c.SignInLink(ctx, email)
	}
	return c.links.Invitation(t), nil
}

// Export writes every article into dir/<lang>/, one Markdown file each, and returns how many.
func (c *Commands) Export(ctx context.Context, dir string) (int, error) {
	return c.Publish.Export(ctx, publish.Filter{}, func(a kb.Article) error {
		folder := filepath.Join(dir, string(a.Lang))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		// The slug is unique in its language, and holds nothing that a file name may not.
		return os.WriteFile(filepath.Join(folder, a.Slug+".md"), markdown.WriteFile(a), 0o644)
	})
}

// askRunning calls the API of the running server, or of one that is started for the call.
func askRunning(ctx context.Context, cfg config.Checked, log *slog.Logger, path string, body, out any) error {
	if r, ok := FindRunning(cfg.DataDir); ok {
		return call(ctx, r, path, body, out)
	}
	a, err := Open(ctx, cfg, log)
	defer func() { _ = a.Close() }()
	if err != nil {
		return err
	}
	if err := a.CatchUp(ctx); err != nil {
		return err
	}
	api, err := a.Handler()
	if err != nil {
		return err
	}
	l, err := listen("", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	group, serving := errgroup.WithContext(ctx)
	serveHTTP(serving, group, l, api)
	err = call(ctx, Running{URL: "http://" + l.Addr().String(), Token: a.token}, path, body, out)
	stop()
	return errors.Join(err, group.Wait())
}

func call(ctx context.Context, r Running, path string, body, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/api/v1/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(r.Token))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the running guichet does not answer: %w", err)
	}
	defer answer.Body.Close()
	b, err = io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		var p struct{ Detail string }
		if json.Unmarshal(b, &p) == nil && p.Detail != "" {
			return errors.New(p.Detail)
		}
		return fmt.Errorf("the running guichet answers %s", answer.Status)
	}
	return json.Unmarshal(b, out)
}

// Article is an article as the API shows it.
type Article struct {
	ID      kb.ArticleID `json:"id"`
	Group   kb.GroupID   `json:"group"`
	Lang    kb.Lang      `json:"lang"`
	Title   string       `json:"title"`
	URL     string       `json:"url"`
	Version int          `json:"version,omitempty"`
}

// Hits is what a search found.
type Hits struct {
	Hits []struct {
		Article Article `json:"article"`
		Passage struct {
			ID      kb.PassageID `json:"id"`
			Heading string       `json:"heading"`
			Text    string       `json:"text"`
			URL     string       `json:"url"`
		} `json:"passage"`
		Score float64 `json:"score"`
	} `json:"hits"`
}

// Search searches through the running server, or without one.
func Search(ctx context.Context, cfg config.Checked, log *slog.Logger, q, lang, collection string, limit int) (h Hits, err error) {
	err = askRunning(ctx, cfg, log, "search", map[string]any{"q": q, "lang": lang, "collection": collection, "limit": limit}, &h)
	return h, err
}

// Answer is an answer as the API gives it.
type Answer struct {
	ID         string            `json:"id"`
	Outcome    assistant.Outcome `json:"outcome"`
	Lang       kb.Lang           `json:"lang"`
	Text       string            `json:"text"`
	Confidence float64           `json:"confidence"`
	Sentences  []struct {
		Text      string `json:"text"`
		Citations []int  `json:"citations"`
	} `json:"sentences"`
	Citations []struct {
		N       int     `json:"n"`
		Article Article `json:"article"`
		Heading string  `json:"heading"`
		Quote   string  `json:"quote"`
		URL     string  `json:"url"`
	} `json:"citations"`
	Choices []struct {
		Label string `json:"label"`
		Text  string `json:"text"`
	} `json:"choices"`
	Related []Article `json:"related"`
}

// Ask asks through the running server, or without one.
func Ask(ctx context.Context, cfg config.Checked, log *slog.Logger, text, lang, collection string) (a Answer, err error) {
	err = askRunning(ctx, cfg, log, "ask", map[string]any{"text": text, "lang": lang, "collection": collection}, &a)
	return a, err
}

// Reindex builds the word index anew and returns how many articles it holds. A running server holds
// the index itself and follows every change, so there is nothing to do beside one.
func Reindex(ctx context.Context, cfg config.Checked, log *slog.Logger) (int, error) {
	if _, ok := FindRunning(cfg.DataDir); ok {
		return 0, errors.New("guichet runs on this data folder and holds its index; stop it, then reindex")
	}
	c, err := Beside(ctx, cfg, log)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := os.RemoveAll(filepath.Join(cfg.DataDir, "index")); err != nil {
		return 0, err
	}
	index, err := openIndex(ctx, cfg.DataDir, c.db.DB, log)
	if err != nil {
		return 0, err
	}
	x := newIndexer(c.db.DB, index, log)
	if err := errors.Join(x.catchUp(ctx), index.Close()); err != nil {
		return 0, err
	}
	published, err := c.Publish.Articles(ctx, publish.Filter{Status: kb.StatusPublished})
	return len(published), err
}
