// Package config is every setting of guichet, once: its flag, its environment variable, its
// meaning and its default. The command line reads it with kong; nothing else reads the environment.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Settings are flags of every command, each with a variable of the same name.
type Settings struct {
	Addr       string        `env:"GUICHET_ADDR" default:"127.0.0.1:8080" help:"Address to listen on."`
	OpsAddr    string        `env:"GUICHET_OPS_ADDR" default:"127.0.0.1:8081" help:"Address of /metrics; \"off\" for none."`
	DemoAddr   string        `env:"GUICHET_DEMO_ADDR" help:"Address of a sample shop that embeds the help center, such as 127.0.0.1:8090, for trying; only where the help center too is on this machine. Default: none."`
	DataDir    string        `env:"GUICHET_DATA_DIR" help:"Data folder. Default: .local/data of the source tree, else $XDG_DATA_HOME/guichet."`
	InstallDir string        `env:"GUICHET_INSTALL_DIR" help:"Where the embedded PostgreSQL and embedder are installed. Default: .local of the source tree, else the data folder."`
	BaseURL    string        `env:"GUICHET_BASE_URL" help:"Address that members see; links in mails are built from it alone. Default: http:// and the address listened on."`
	Starter    string        `env:"GUICHET_STARTER" default:"auto" enum:"auto,none" help:"Load the starter articles into a database that never had them: auto or none."`
	SiteName   string        `env:"GUICHET_SITE_NAME" help:"Name of the help center, in its header and mails. Default: what admins choose."`
	LegalURL   string        `env:"GUICHET_LEGAL_URL" help:"Link to the legal notice, in every page's footer. Default: what admins choose."`
	Language   string        `name:"default-lang" env:"GUICHET_DEFAULT_LANG" help:"Language for visitors whose browser asks for none of ours. Default: what admins choose, else en."`
	LocalesDir string        `env:"GUICHET_LOCALES_DIR" help:"Folder with texts of your own: <lang>.json files (en es it fr nl de zh pt pl) that say some keys of the built-in catalogs otherwise. A key, plural form or placeholder that the built-in text lacks stops the start."`
	Zone       string        `env:"GUICHET_ZONE" default:"Europe/Paris" help:"IANA time zone in which promises are said, and counted until a calendar says otherwise."`
	Sites      []string      `env:"GUICHET_SITES" help:"Origins of the sites that embed the help center, such as https://shop.example. Default: what admins choose."`
	Proxies    []string      `name:"trusted-proxies" env:"GUICHET_TRUSTED_PROXIES" help:"Networks of the proxies whose X-Forwarded-For is believed."`
	KeepAnswer time.Duration `name:"keep-answers" env:"GUICHET_KEEP_ANSWERS" default:"720h" help:"How long answers and what they were made from are kept."`
	Questions  float64       `name:"question-rate" env:"GUICHET_QUESTION_RATE" default:"60" help:"Questions a minute that one network may ask."`
	AnswerFrom float64       `name:"answer-from" env:"GUICHET_ANSWER_FROM" default:"0.5" help:"Confidence, 0 to 1, from which an answer is offered; a higher one answers less and errs less."`
	Settle     time.Duration `name:"settle" env:"GUICHET_SETTLE" default:"1200ms" help:"How long a message that may go on in the next one, a greeting or a few words without an end, waits for it, so that both get one answer; up to 3s, 0s for not at all."`
	FormTime   time.Duration `name:"form-time" env:"GUICHET_FORM_TIME" default:"2s" help:"Least time between a guest's form and its sending; what comes sooner is taken for a program's and held. 0 for none."`
	AdminEmail string        `env:"GUICHET_ADMIN_EMAIL" default:"admin@localhost" help:"Address of the first admin."`

	DatabaseURL string `name:"database-url" env:"DATABASE_URL" help:"PostgreSQL to use (15 or later, pgvector 0.7 or later). Default: a private one in the data folder."`

	EmbeddingsURL    string `name:"embeddings-url" env:"EMBEDDINGS_URL" help:"OpenAI-compatible embedding server, with its /v1. Default: a local one; \"off\" for words alone."`
	EmbeddingsModel  string `name:"embeddings-model" env:"EMBEDDINGS_MODEL" default:"multilingual-e5-small" help:"Model to ask the embedding server for."`
	EmbeddingsKey    string `name:"embeddings-api-key" env:"EMBEDDINGS_API_KEY" help:"Key of the embedding server."`
	EmbeddingsPrefix string `name:"embeddings-prefix" env:"EMBEDDINGS_PREFIX" default:"server" enum:"server,client" help:"Which side adds e5's prefix: server (by input_type) or client."`

	LLMURL      string        `name:"llm-url" env:"LLM_URL" help:"OpenAI-compatible chat server, with its /v1, that writes answers from the passages found; every sentence is checked against them. Default: none, answers are taken word for word."`
	LLMModel    string        `name:"llm-model" env:"LLM_MODEL" help:"Model to ask the chat server for."`
	LLMKey      string        `name:"llm-api-key" env:"LLM_API_KEY" help:"Key of the chat server."`
	LLMDeadline time.Duration `name:"llm-deadline" env:"GUICHET_LLM_DEADLINE" default:"8s" help:"How long the chat server may take for an answer, up to 15s; then it is taken word for word."`
	LLMDaily    int           `name:"llm-daily" env:"GUICHET_LLM_DAILY" default:"2000" help:"Calls of the chat server a day. A call is an answer written, a question rewritten or an answer translated."`
	LLMSite     int           `name:"llm-site" env:"GUICHET_LLM_SITE" default:"2000" help:"Calls of the chat server a day for one embedding site."`
	LLMHourly   int           `name:"llm-hourly" env:"GUICHET_LLM_HOURLY" default:"60" help:"Calls of the chat server an hour for one network."`
	LLMMember   int           `name:"llm-member" env:"GUICHET_LLM_MEMBER" default:"30" help:"Calls of the chat server an hour for one member, or for one conversation where nobody is identified."`
	LLMTokens   int           `name:"llm-tokens" env:"GUICHET_LLM_TOKENS" default:"5000000" help:"Tokens a day that the chat server is sent and sends, as it counts them or else as they are estimated."`

	SMTPURL  string `name:"smtp-url" env:"SMTP_URL" help:"Mail server, such as smtp://user:password@mail.example:587. Default: what admins choose, else a local mailbox that admins read at a page."`
	MailFrom string `name:"mail-from" env:"GUICHET_MAIL_FROM" help:"Sender of mails. Default: what admins choose, else no-reply at the base URL's host."`

	Secret string `env:"GUICHET_SECRET" help:"Secret that seals what must not be read in the database: 32 random bytes or more, in base64 or hexadecimal. The same on every node of one database. Default: made at the first start, in the data folder."`

	ClamAV string `name:"clamav" env:"GUICHET_CLAMAV" help:"ClamAV daemon that looks at attachments: the path of its socket, such as /run/clamav/clamd.ctl, or host:port. Default: none, and files say that they were not scanned."`

	LogLevel string `name:"log-level" env:"GUICHET_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged."`
}

// Checked are settings whose parts have been read.
type Checked struct {
	Settings
	Base    *url.URL
	Place   *time.Location
	Trusted []netip.Prefix
	NoReply string // sender of mails where nobody chose one
}

// Check reads the parts of s; an error is one sentence that names the setting.
func (s Settings) Check() (c Checked, err error) {
	if s.DataDir == "" {
		s.DataDir = defaultDataDir()
	}
	if s.DataDir, err = filepath.Abs(s.DataDir); err != nil {
		return c, fmt.Errorf("GUICHET_DATA_DIR: %w", err)
	}
	if s.InstallDir == "" {
		s.InstallDir = s.DataDir
		if tree := sourceTree(); tree != "" {
			s.InstallDir = filepath.Join(tree, ".local")
		}
	}
	if s.BaseURL == "" {
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			return c, fmt.Errorf("GUICHET_ADDR is %q: want host:port", s.Addr)
		}
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "localhost"
		}
		s.BaseURL = "http://" + net.JoinHostPort(host, port)
	}
	if c.Base, err = url.Parse(s.BaseURL); err != nil || c.Base.Host == "" || (c.Base.Scheme != "http" && c.Base.Scheme != "https") {
		return c, fmt.Errorf("GUICHET_BASE_URL is %q: want an address such as https://help.example", s.BaseURL)
	}
	if s.DemoAddr != "" {
		if host, _, err := net.SplitHostPort(s.DemoAddr); err != nil || !isLoopback(host) {
			return c, fmt.Errorf("GUICHET_DEMO_ADDR is %q: want an address of this machine alone, such as 127.0.0.1:8090", s.DemoAddr)
		}
		if !isLoopback(c.Base.Hostname()) {
			return c, fmt.Errorf("GUICHET_DEMO_ADDR is set, but the sample shop is for trying on one machine, and GUICHET_BASE_URL is %s", s.BaseURL)
		}
	}
	if s.LegalURL != "" {
		if u, err := url.Parse(s.LegalURL); err != nil || (u.Scheme != "http" && u.Scheme != "https" && !strings.HasPrefix(s.LegalURL, "/")) {
			return c, fmt.Errorf("GUICHET_LEGAL_URL is %q: want an http address or a path", s.LegalURL)
		}
	}
	if c.Place, err = time.LoadLocation(s.Zone); err != nil {
		return c, fmt.Errorf("GUICHET_ZONE is %q: want an IANA zone such as Europe/Paris", s.Zone)
	}
	for _, p := range s.Proxies {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			a, err := netip.ParseAddr(p)
			if err != nil {
				return c, fmt.Errorf("GUICHET_TRUSTED_PROXIES holds %q: want networks such as 10.0.0.0/8", p)
			}
			prefix = netip.PrefixFrom(a, a.BitLen())
		}
		c.Trusted = append(c.Trusted, prefix)
	}
	if s.AnswerFrom < 0 || s.AnswerFrom >= 1 {
		return c, fmt.Errorf("GUICHET_ANSWER_FROM is %g: want a number from 0, for the default, to less than 1", s.AnswerFrom)
	}
	if s.Settle < 0 || s.Settle > maxSettle {
		return c, fmt.Errorf("GUICHET_SETTLE is %s: want nothing or more, and at most %s", s.Settle, maxSettle)
	}
	if err := s.checkLLM(); err != nil {
		return c, err
	}
	if s.ClamAV != "" && !filepath.IsAbs(s.ClamAV) {
		if _, _, err := net.SplitHostPort(s.ClamAV); err != nil {
			return c, fmt.Errorf("GUICHET_CLAMAV is %q: want the path of a socket, such as /run/clamav/clamd.ctl, or host:port", s.ClamAV)
		}
	}
	c.NoReply = "no-reply@" + c.Base.Hostname()
	c.Settings = s
	return c, nil
}

// maxSettle is as long as anybody waits for what they may not have to say.
const maxSettle = 3 * time.Second

// maxLLMDeadline leaves a question, which is answered in 20 s or not at all, time for the rest.
const maxLLMDeadline = 15 * time.Second

func (s Settings) checkLLM() error {
	if s.LLMURL == "" {
		return nil
	}
	if u, err := url.Parse(s.LLMURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("LLM_URL is %q: want an address such as https://llm.example/v1", s.LLMURL)
	}
	switch {
	case s.LLMModel == "":
		return errors.New("LLM_MODEL is missing: LLM_URL is set, and a chat server wants to be told the model")
	case s.LLMDeadline <= 0 || s.LLMDeadline > maxLLMDeadline:
		return fmt.Errorf("GUICHET_LLM_DEADLINE is %s: want more than nothing and at most %s", s.LLMDeadline, maxLLMDeadline)
	}
	for _, limit := range []struct {
		name string
		n    int
	}{{"DAILY", s.LLMDaily}, {"SITE", s.LLMSite}, {"HOURLY", s.LLMHourly}, {"MEMBER", s.LLMMember}, {"TOKENS", s.LLMTokens}} {
		if limit.n < 1 {
			return fmt.Errorf("GUICHET_LLM_%s is %d: want 1 or more", limit.name, limit.n)
		}
	}
	return nil
}

// isLoopback reports whether a host is this machine and nobody else's.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sourceTree is the folder of the module that the running binary lies in, or "".
func sourceTree() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	for dir := filepath.Dir(exe); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(b), "module guichet\n") {
			return dir
		}
	}
	return ""
}

func defaultDataDir() string {
	if tree := sourceTree(); tree != "" {
		return filepath.Join(tree, ".local", "data")
	}
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "guichet")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "guichet")
	}
	return "guichet-data"
}
