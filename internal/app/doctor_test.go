package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/config"
	"guichet/internal/httpapi"
	"guichet/internal/mail/mailtest"
	"guichet/internal/openai/e5test"
	"guichet/internal/postgres/pgtest"
)

// patient is an installation for a doctor, in good health.
type patient struct {
	*doctor
	t     *testing.T
	ready httpapi.Readiness
}

func newPatient(t *testing.T, change func(*config.Settings)) *patient {
	t.Helper()
	s := config.Settings{Addr: "127.0.0.1:8080", DataDir: t.TempDir(), DatabaseURL: pgtest.URL(t), Zone: "Europe/Paris", EmbeddingsURL: "off"}
	if change != nil {
		change(&s)
	}
	cfg, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	d := &doctor{cfg: cfg, log: slog.New(slog.DiscardHandler), now: time.Now, space: 1,
		accepts: func(context.Context, string) error { return nil }}
	return &patient{doctor: d, t: t, ready: httpapi.Readiness{Ready: true, Passages: 7}}
}

// run lets a guichet run on the data folder, as far as a doctor asks it; its address is returned.
func (p *patient) run() string {
	p.t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(p.ready) })
	server := httptest.NewServer(mux)
	p.t.Cleanup(server.Close)
	p.note(server.URL)
	return server.URL
}

// note says that a living process runs guichet at an address.
func (p *patient) note(url string) {
	p.t.Helper()
	if err := (Running{PID: os.Getppid(), URL: url}).write(p.cfg.DataDir); err != nil {
		p.t.Fatal(err)
	}
}

func (p *patient) exec(sql string) {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), p.cfg.DatabaseURL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(p.t.Context())
	if _, err := conn.Exec(p.t.Context(), sql); err != nil {
		p.t.Fatal(err)
	}
}

// bad examines the patient and wants one check to fail, with words in its sentence, and no other.
func (p *patient) bad(name, words string) {
	p.t.Helper()
	p.find(name, words, false)
}

// good wants every check to pass, and words in the sentence of one.
func (p *patient) good(name, words string) {
	p.t.Helper()
	p.find(name, words, true)
}

func (p *patient) find(name, words string, ok bool) {
	p.t.Helper()
	found := false
	for _, c := range p.examine(p.t.Context()) {
		if c.Name == name && c.OK == ok && strings.Contains(c.Sentence, words) {
			found = true
		} else if !c.OK {
			p.t.Errorf("%s fails: %s", c.Name, c.Sentence)
		}
		if !strings.HasSuffix(c.Sentence, ".") || strings.Contains(c.Sentence, "\n") || strings.Contains(c.Sentence, "%!") || strings.Contains(c.Sentence, "hidden") {
			p.t.Errorf("%s says %q, want one sentence without a password", c.Name, c.Sentence)
		}
	}
	if !found {
		p.t.Errorf("no %s of which %q is said (ok %v)", name, words, ok)
	}
}

func TestDoctorFindsNothing(t *testing.T) {
	t.Parallel()
	newPatient(t, nil).good("database", "pgvector")
	p := newPatient(t, nil)
	p.cfg.Base.Host = strings.TrimPrefix(p.run(), "http://")
	p.good("address", "only this machine reaches")
	p.examine(t.Context())
	empty := newPatient(t, func(s *config.Settings) { s.DatabaseURL = pgtest.Empty(t) })
	empty.good("database", "the first start makes its tables")
}

func TestDoctorFinds(t *testing.T) {
	t.Parallel()
	closed := "127.0.0.1:1" // nobody listens there
	public := func(s *config.Settings) {
		s.BaseURL, s.Proxies = "https://help.example", []string{"127.0.0.1"}
	}
	for name, c := range map[string]struct {
		settings func(*config.Settings)
		spoil    func(t *testing.T, p *patient)
		check    string
		words    string
		fine     bool
	}{
		"NoSpace":        {nil, func(_ *testing.T, p *patient) { p.space = math.MaxUint64 }, "disk", "MB are free", false},
		"PlainHTTP":      {func(s *config.Settings) { s.BaseURL = "http://help.example" }, nil, "address", "without https", false},
		"LinksGoAstray":  {nil, func(_ *testing.T, p *patient) { p.run(); p.cfg.Base.Host = closed }, "address", "not found there", false},
		"ServerSilent":   {nil, func(_ *testing.T, p *patient) { p.note("http://" + closed) }, "server", "/readyz does not answer", false},
		"NoProxyTrusted": {func(s *config.Settings) { s.BaseURL = "https://help.example" }, nil, "proxies", "share one network", false},
		"AllTrusted":     {func(s *config.Settings) { s.Proxies = []string{"0.0.0.0/0"} }, nil, "proxies", "claim any address", false},
		"DatabaseAway":   {func(s *config.Settings) { s.DatabaseURL = "postgres://guichet:hidden@" + closed + "/guichet" }, nil, "database", closed, false},
		"NewerSchema": {nil, func(_ *testing.T, p *patient) {
			p.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		}, "schema", "newer guichet", false},
		"OlderSchema": {nil, func(_ *testing.T, p *patient) {
			p.exec("DELETE FROM goose_db_version WHERE version_id > 1")
		}, "schema", "the next start, or guichet migrate", true},
		"ClockAhead":  {nil, func(_ *testing.T, p *patient) { p.now = func() time.Time { return time.Now().Add(-time.Minute) } }, "clock", "1m0s ahead", false},
		"ClockBehind": {nil, func(_ *testing.T, p *patient) { p.now = func() time.Time { return time.Now().Add(time.Minute) } }, "clock", "1m0s behind", false},
		"IndexBroken": {nil, func(t *testing.T, p *patient) {
			if err := os.WriteFile(filepath.Join(p.cfg.DataDir, "index"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "index", "remove it", false},
		"IndexBehind":    {nil, func(_ *testing.T, p *patient) { p.atHome(); p.ready.Ready, p.ready.IndexLag = false, 12 }, "index", "12 changes are missing", false},
		"EmbedderDown":   {func(s *config.Settings) { s.EmbeddingsURL = "" }, func(_ *testing.T, p *patient) { p.atHome(); p.ready.Degraded = []string{"embedder_down"} }, "embedder", "by words alone", false},
		"EmbedderUp":     {func(s *config.Settings) { s.EmbeddingsURL = "" }, func(_ *testing.T, p *patient) { p.atHome() }, "embedder", "answers", true},
		"EmbedderAway":   {func(s *config.Settings) { s.EmbeddingsURL = "http://" + closed + "/v1" }, nil, "embedder", "does not answer", false},
		"EmbedderAbsent": {func(s *config.Settings) { s.EmbeddingsURL, s.InstallDir = "", t.TempDir() }, nil, "embedder", "is not installed", false},
		"WrongSite":      {func(s *config.Settings) { s.Sites = []string{"https://shop.example/basket"} }, nil, "settings", "GUICHET_SITES", false},
		"SecretDamaged": {nil, func(t *testing.T, p *patient) {
			if err := os.WriteFile(filepath.Join(p.cfg.DataDir, "secret"), []byte("short"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "settings", "damaged", false},
		"SiteCannotReach": {func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }, nil, "sites", "its visitors do not reach", false},
		"SiteMayEmbed":    {func(s *config.Settings) { public(s); s.Sites = []string{"https://shop.example"} }, nil, "sites", "https://shop.example", true},
		"MailAway":        {func(s *config.Settings) { s.SMTPURL = "smtp://ines:hidden@" + closed }, nil, "mail", "does not answer", false},
		"MailInTheClear": {nil, func(t *testing.T, p *patient) {
			// To this machine by an address that is not seen to be this machine's.
			_, port, _ := net.SplitHostPort(mailtest.New(t).Address())
			p.cfg.SMTPURL = "smtp://0.0.0.0:" + port
		}, "mail", "offers no STARTTLS", false},
		"MailInTheClearMeant": {nil, func(t *testing.T, p *patient) { p.cfg.SMTPURL = mailtest.New(t).URL() }, "mail", "not encrypted", true},
		"MailEncrypted": {nil, func(t *testing.T, p *patient) {
			certified := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(certified.Close)
			p.cfg.SMTPURL = "smtp://" + mailtest.Start(t, mailtest.Config{TLS: &tls.Config{Certificates: certified.TLS.Certificates}}).Address()
		}, "mail", "answers, encrypted", true},
		"SenderNobody": {public, func(t *testing.T, p *patient) {
			p.cfg.SMTPURL, p.cfg.MailFrom = mailtest.New(t).URL(), "no-reply@localhost"
		}, "sender", "refuse such a sender", false},
		"SenderNoDomain": {public, func(t *testing.T, p *patient) {
			p.cfg.SMTPURL = mailtest.New(t).URL()
			p.accepts = func(context.Context, string) error { return &net.DNSError{Err: "no such host", IsNotFound: true} }
		}, "sender", "help.example has no mail server", false},
		"SenderUnknown": {public, func(t *testing.T, p *patient) {
			p.cfg.SMTPURL = mailtest.New(t).URL()
			p.accepts = func(context.Context, string) error { return &net.DNSError{Err: "no answer", IsTimeout: true} }
		}, "sender", "cannot be looked up", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, c.settings)
			if c.spoil != nil {
				c.spoil(t, p)
			}
			p.find(c.check, c.words, c.fine)
		})
	}
}

// atHome lets guichet run where its links lead.
func (p *patient) atHome() { p.cfg.Base.Host = strings.TrimPrefix(p.run(), "http://") }

func TestDoctorFindsNoFolder(t *testing.T) {
	t.Parallel()
	p := newPatient(t, nil)
	p.cfg.DataDir = "/dev/null/data"
	for _, c := range p.examine(t.Context()) {
		if c.Name == "data" && !c.OK && strings.Contains(c.Sentence, "cannot be made") {
			return
		}
	}
	t.Error("a data folder that cannot be made is not found out")
}

func TestDoctorAsksTheEmbedder(t *testing.T) {
	t.Parallel()
	p := newPatient(t, func(s *config.Settings) { s.EmbeddingsURL, s.EmbeddingsModel = e5test.Server(t), "e5" })
	p.good("embedder", "384 dimensions")
}

func TestReady(t *testing.T) {
	t.Parallel()
	p := newPatient(t, nil)
	if said, err := Ready(t.Context(), p.cfg); err == nil || !strings.Contains(err.Error(), "does not run") {
		t.Errorf("without a server: %q, %v", said, err)
	}
	p.run()
	if said, err := Ready(t.Context(), p.cfg); err != nil || !strings.Contains(said, "is ready: 7 passages") {
		t.Errorf("%q, %v", said, err)
	}
	p.ready.Ready = false
	if said, err := Ready(t.Context(), p.cfg); err == nil || !strings.Contains(err.Error(), "not ready yet") {
		t.Errorf("not ready: %q, %v", said, err)
	}
}
