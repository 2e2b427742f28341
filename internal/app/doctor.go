package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/internal/config"
	"guichet/internal/httpapi"
	"guichet/internal/postgres"
	"guichet/internal/site"
	"guichet/kb"
)

// Check is one thing that a doctor looked at.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Sentence string `json:"sentence"`
}

// Ready asks the server that runs on the data folder whether it can serve, and says so in a sentence.
func Ready(ctx context.Context, cfg config.Checked) (string, error) {
	r, up := FindRunning(cfg.DataDir)
	if !up {
		return "", fmt.Errorf("guichet does not run on the data folder %s", cfg.DataDir)
	}
	ready, err := askReady(ctx, r)
	if err != nil {
		return "", err
	}
	if !ready.Ready {
		return "", fmt.Errorf("guichet runs at %s and is not ready yet: %s", r.URL, state(ready))
	}
	return fmt.Sprintf("guichet at %s is ready: %s.", r.URL, state(ready)), nil
}

// state is what /readyz says, in words.
func state(r httpapi.Readiness) string {
	s := fmt.Sprintf("%d passages, %d texts without a vector, the word index %d changes behind", r.Passages, r.EmbeddingsPending, r.IndexLag)
	if len(r.Degraded) > 0 {
		s += ", degraded: " + strings.Join(r.Degraded, " ")
	}
	return s
}

func askReady(ctx context.Context, r Running) (out httpapi.Readiness, err error) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	text, err := fetch(ctx, r.URL+"/readyz")
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return out, fmt.Errorf("guichet runs (process %d), but %s/readyz does not answer: %w", r.PID, r.URL, err)
	}
	return out, nil
}

// fetch reads the beginning of a page, whatever its status.
func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		var why net.Error
		if errors.As(err, &why) && why.Timeout() {
			return nil, errors.New("no answer in time")
		}
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(io.LimitReader(answer.Body, 64<<10))
}

// Doctor checks an installation, one sentence a check. It works beside a running server, and leaves
// the schema as it is.
func Doctor(ctx context.Context, cfg config.Checked, log *slog.Logger) []Check {
	d := &doctor{cfg: cfg, log: log, now: time.Now, accepts: acceptsMail, space: minSpace}
	return d.examine(ctx)
}

// doctor goes through the checks.
type doctor struct {
	cfg     config.Checked
	log     *slog.Logger
	now     func() time.Time
	accepts func(ctx context.Context, domain string) error // whether mails to a domain go anywhere
	space   uint64                                         // bytes that should be free
	checks  []Check
}

// say notes a check: err where it failed, else the sentence.
func (d *doctor) say(name string, err error, good string, args ...any) {
	c := Check{Name: name, OK: err == nil, Sentence: fmt.Sprintf(good, args...)}
	if err != nil {
		c.Sentence = sentence(err.Error())
	}
	d.checks = append(d.checks, c)
}

// sentence begins large and ends with a stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if s != "" && !strings.HasPrefix(s, "guichet ") {
		s = string(unicode.ToUpper(first)) + s[size:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return strings.ReplaceAll(s, "\n", " ")
}

func (d *doctor) examine(ctx context.Context) []Check {
	d.say("data", writable(d.cfg.DataDir), "The data folder %s can be written.", d.cfg.DataDir)
	free, err := freeSpace(d.cfg.DataDir)
	if err == nil && free < d.space {
		err = fmt.Errorf("only %d MB are free where the data folder %s lies, and %d should be", free>>20, d.cfg.DataDir, d.space>>20)
	}
	d.say("disk", err, "%.1f GB are free for the data folder.", float64(free)/(1<<30))

	running, up := FindRunning(d.cfg.DataDir)
	var ready httpapi.Readiness
	if up {
		ready, err = askReady(ctx, running)
		d.say("server", err, "guichet runs at %s (process %d).", running.URL, running.PID)
		up = err == nil
	} else {
		d.say("server", nil, "guichet does not run on this data folder.")
	}
	d.address(ctx, up)
	d.say("proxies", d.proxies(), "%s", d.proxiesSentence())
	d.say("zone", nil, "Promises are said in %s, where it is %s.", d.cfg.Zone, d.now().In(d.cfg.Place).Format("15:04 on 2 January 2006"))

	db := d.database(ctx)
	if db != nil {
		defer db.Close()
	}
	d.index(up, ready)
	d.embedder(ctx, up, ready)
	d.site(ctx, db)
	return d.checks
}

// database returns the open database if it is there and its schema is this program's.
func (d *doctor) database(ctx context.Context) *Commands {
	at, err := connect(ctx, besideRunning(d.cfg), d.log)
	if err != nil {
		d.say("database", err, "")
		return nil
	}
	c := &Commands{links: links{d.cfg.Base}, db: at}
	schema, err := postgres.SchemaVersion(ctx, at.url)
	if err == nil {
		c.db.DB, err = postgres.Open(ctx, postgres.Config{URL: at.url, MaxConns: 2})
	}
	if schema.Have == 0 && err != nil { // pgvector's types come with the first start
		if pinged := postgres.CheckServer(ctx, at.url); pinged != nil {
			err = pinged
		} else {
			d.say("database", nil, "The database answers and is empty: the first start makes its tables.")
			c.Close()
			return nil
		}
	}
	version := ""
	if err == nil {
		version, err = c.db.ServerVersion(ctx)
	}
	d.say("database", err, "The database answers: %s.", version)
	if err != nil {
		c.Close()
		return nil
	}
	before := d.now()
	clock, err := c.db.Clock(ctx)
	after := d.now()
	d.say("clock", errors.Join(err, skew(before, after, clock)), "The database's clock agrees with this machine's.")
	switch {
	case schema.Have > schema.Want:
		err = fmt.Errorf("the database was made by a newer guichet (its schema is %d, this program knows %d): run that version or a newer one", schema.Have, schema.Want)
	case schema.Have < schema.Want:
		d.say("schema", nil, "The schema is %d: the next start, or guichet migrate, brings it to %d.", schema.Have, schema.Want)
		c.Close()
		return nil
	}
	d.say("schema", err, "The schema is %d, as this program wants it.", schema.Have)
	if err != nil {
		c.Close()
		return nil
	}
	passages, _, err := c.db.Missing(ctx, "")
	d.say("articles", err, "%d passages are published.", passages)
	return c
}

// maxSkew is more than clocks that are set by the network ever differ.
const maxSkew = 5 * time.Second

// skew says how far the database's clock is off, if it was read between two moments of ours.
func skew(before, after, clock time.Time) error {
	switch {
	case clock.Before(before.Add(-maxSkew)):
		return fmt.Errorf("the database's clock is %s behind this machine's: have both set by the network", before.Sub(clock).Round(time.Second))
	case clock.After(after.Add(maxSkew)):
		return fmt.Errorf("the database's clock is %s ahead of this machine's: have both set by the network", clock.Sub(after).Round(time.Second))
	}
	return nil
}

// index looks at the word index: the running server's own word for it, else its folder.
func (d *doctor) index(up bool, ready httpapi.Readiness) {
	dir := filepath.Join(d.cfg.DataDir, "index")
	if up {
		var err error
		if !ready.Ready {
			err = fmt.Errorf("the word index in %s has not caught up yet: %d changes are missing", dir, ready.IndexLag)
		}
		d.say("index", err, "The word index in %s is in step.", dir)
		return
	}
	_, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		d.say("index", nil, "There is no word index yet: the next start builds it.")
		return
	}
	if err != nil {
		err = fmt.Errorf("the word index in %s cannot be read: remove it, and the next start builds it anew", dir)
	}
	d.say("index", err, "The word index in %s can be read.", dir)
}

// embedder asks for a vector. Beside a running server with an embedder of its own it takes the
// server's word, instead of starting another.
func (d *doctor) embedder(ctx context.Context, up bool, ready httpapi.Readiness) {
	if d.cfg.EmbeddingsURL == "off" {
		d.say("embedder", nil, "EMBEDDINGS_URL is off: search works by words alone.")
		return
	}
	if up && d.cfg.EmbeddingsURL == "" {
		var err error
		for _, name := range ready.Degraded {
			if strings.HasPrefix(name, "embedder_") {
				err = fmt.Errorf("the embedding server does not answer (%s; why: %s): search works by words alone", name, filepath.Join(d.cfg.DataDir, "logs"))
			}
		}
		d.say("embedder", err, "The embedding server of the running guichet answers; %d texts wait for their vectors.", ready.EmbeddingsPending)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	e, err := openEmbedder(ctx, d.cfg, slog.New(slog.DiscardHandler)) // what it would log is the sentence
	if err != nil {
		d.say("embedder", err, "")
		return
	}
	defer func() { _ = e.stop(ctx) }()
	if e.questions == nil {
		d.say("embedder", errors.New(e.missing), "")
		return
	}
	start := time.Now()
	vectors, err := e.questions.Embed(ctx, kb.AsQuestion, []string{"ping"})
	if err != nil {
		d.say("embedder", fmt.Errorf("the embedding server does not answer: %w", err), "")
		return
	}
	d.say("embedder", nil, "The embedder %s answers a question in %d ms with %d dimensions.", e.questions.Model(), time.Since(start).Milliseconds(), len(vectors[0]))
}

// site looks at what admins or the settings have decided: who embeds the help center, where mail goes.
func (d *doctor) site(ctx context.Context, db *Commands) {
	if db == nil { // who knows what admins chose
		d.mail(ctx, site.MailServer{URL: d.cfg.SMTPURL, From: d.cfg.MailFrom})
		return
	}
	s, err := openSite(ctx, d.cfg, db.db.DB, nil, d.log)
	if err != nil {
		d.say("settings", err, "")
		return
	}
	sites := s.Current().Sites
	switch err := d.embedding(sites); {
	case len(sites) == 0:
		d.say("sites", nil, "No site embeds the help center yet: GUICHET_SITES or /desk/settings names those that may.")
	default:
		d.say("sites", err, "The help center may be embedded by %s.", strings.Join(sites, ", "))
	}
	to, err := s.Mail()
	if err != nil {
		d.say("mail", err, "")
		return
	}
	d.mail(ctx, to)
}
