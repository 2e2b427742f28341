package site_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/site"
	"guichet/internal/support"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a Service on a database of its own, as an admin and others use it.
type house struct {
	*site.Service
	t     *testing.T
	db    *postgres.DB
	admin support.Actor
	log   *bytes.Buffer
	tests []site.MailServer // test mails
}

func (h *house) TryMail(_ context.Context, m site.MailServer, _ string, _ kb.Lang) error {
	h.tests = append(h.tests, m)
	return nil
}

func newHouse(t *testing.T, fixed site.Fixed) *house {
	t.Helper()
	h := &house{t: t, db: pgtest.New(t), log: &bytes.Buffer{}}
	id, err := h.db.SaveAgent(t.Context(), support.Agent{ID: support.NewID[support.AgentID](), Email: "ada@example.org", Role: support.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	h.admin = support.Actor{Agent: &support.Agent{ID: id, Role: support.RoleAdmin}}
	h.Service = h.node(fixed, seal.NewSecret())
	return h
}

// node is another Service on the same database.
func (h *house) node(fixed site.Fixed, secret []byte) *site.Service {
	h.t.Helper()
	box, err := seal.New(secret, "test")
	if err != nil {
		h.t.Fatal(err)
	}
	s := site.New(site.Config{Store: h.db, Fixed: fixed, NoReply: "no-reply@help.example", Box: box, Tester: h,
		Log: slog.New(slog.NewTextHandler(h.log, nil))})
	if err := s.Refresh(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// form is the settings page, for an admin to type in.
func (h *house) form() site.Input {
	h.t.Helper()
	f, err := h.Form(h.t.Context(), h.admin)
	if err != nil {
		h.t.Fatal(err)
	}
	return f.Input
}

func (h *house) save(in site.Input) {
	h.t.Helper()
	if err := h.Save(h.t.Context(), h.admin, in); err != nil {
		h.t.Fatal(err)
	}
}

func TestSaveHoldsOnEveryNode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	other := h.node(site.Fixed{}, seal.NewSecret())
	if d := cmp.Diff(site.Settings{Default: kb.English, Langs: kb.Langs[:]}, h.Current()); d != "" {
		t.Errorf("before anything is saved (-want +got):\n%s", d)
	}
	in := h.form()
	in.Name, in.Privacy, in.Terms, in.Legal = "  Aide   de la Boutique ", "/fr/articles/vie-privee", "https://shop.example/terms", ""
	in.Langs, in.Default = "fr pl", "fr"
	in.Sites = "https://Shop.Example/\n\nhttp://localhost:8090\nhttps://bücher.example:443\nhttps://shop.example"
	in.Accent, in.NewLogo = "#FFD400", encoded(t, 60, 30)
	h.save(in)
	want := site.Settings{Name: "Aide de la Boutique", PrivacyURL: "/fr/articles/vie-privee", TermsURL: "https://shop.example/terms",
		Default: kb.French, Langs: []kb.Lang{kb.French, kb.Polish},
		Sites: []string{"https://shop.example", "http://localhost:8090", "https://xn--bcher-kva.example"}}
	for name, s := range map[string]*site.Service{"this node": h.Service, "another": other} {
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := s.Current()
		if got.Accent == nil || got.Accent.Dark.Accent != "#ffd400" || got.Logo.Width != 60 {
			t.Errorf("%s: accent %+v, logo %+v", name, got.Accent, got.Logo)
		}
		if logo, png := s.Logo(); logo != got.Logo || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			t.Errorf("%s: logo %+v, %d bytes", name, logo, len(png))
		}
		got.Accent, got.Logo = nil, site.Logo{}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f, err := h.Form(t.Context(), h.admin)
	if err != nil || f.Saved.By != "ada@example.org" || f.Saved.At.IsZero() || f.Version != 1 {
		t.Errorf("who and when: %+v, %v", f.Saved, err)
	}
	h.save(h.form())
	if again := h.form(); again.Version != 1 {
		t.Errorf("saving the same made version %d", again.Version)
	}
	in = h.form()
	in.RemoveLogo, in.Accent = true, ""
	h.save(in)
	if s := h.Current(); s.Logo.Hash != "" || s.Accent != nil {
		t.Errorf("logo and accent stay: %+v", s)
	}
	if !strings.Contains(h.log.String(), `changed="[accent logo]"`) {
		t.Errorf("the log does not say what changed: %s", h.log)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	other := h.node(site.Fixed{}, seal.NewSecret())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- other.Follow(ctx) }()
	in := h.form()
	in.Name = "Aide"
	h.save(in)
	for other.Current().Name != "Aide" {
		select {
		case err := <-done:
			t.Fatalf("it follows no more: %v", err)
		case <-t.Context().Done():
			t.Fatal("the other node never sees it")
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOnlyAdmins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	for name, a := range map[string]support.Actor{"guest": {}, "agent": {Agent: &support.Agent{Role: support.RoleAgent}},
		"editor": {Agent: &support.Agent{Role: support.RoleEditor}}, "disabled": {Agent: &support.Agent{Role: support.RoleAdmin, Disabled: true}}} {
		_, err := h.Form(t.Context(), a)
		for what, err := range map[string]error{"Form": err, "Save": h.Save(t.Context(), a, h.form()),
			"TestMail": h.TestMail(t.Context(), a, h.form(), "a@example.org", kb.French)} {
			if !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s as %s: %v", what, name, err)
			}
		}
	}
}

// TestEveryWrongFieldIsNamed: each by itself, and all at once.
func TestEveryWrongFieldIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	all := h.form()
	var fields []string
	for _, c := range []struct {
		field string
		spoil func(*site.Input)
	}{
		{"name", func(in *site.Input) { in.Name = strings.Repeat("é", 81) }},
		{"legal", func(in *site.Input) { in.Legal = "javascript:alert(1)" }},
		{"privacy", func(in *site.Input) { in.Privacy = "//evil.example/" }},
		{"terms", func(in *site.Input) { in.Terms = "/a b" }},
		{"default", func(in *site.Input) { in.Default = "sv" }},
		{"langs", func(in *site.Input) { in.Langs = "" }},
		{"langs", func(in *site.Input) { in.Langs = "fr" }}, // not the default
		{"langs", func(in *site.Input) { in.Langs = "fr sv" }},
		{"sites", func(in *site.Input) { in.Sites = "http://shop.example" }},
		{"sites", func(in *site.Input) { in.Sites = "https://shop.example/path" }},
		{"sites", func(in *site.Input) { in.Sites = "https://shop.example; script-src *" }},
		{"sites", func(in *site.Input) { in.Sites = "https://shop;example" }},
		{"sites", func(in *site.Input) { in.Sites = "https://*.example" }},
		{"sites", func(in *site.Input) { in.Sites = "shop.example" }},
		{"accent", func(in *site.Input) { in.Accent = "red" }},
		{"mail_from", func(in *site.Input) { in.From = "nobody" }},
		{"smtp_host", func(in *site.Input) { in.Host = "smtp://mail.example" }},
		{"smtp_host", func(in *site.Input) { in.Host, in.User = "", "u" }},
		{"smtp_port", func(in *site.Input) { in.Host, in.Port = "mail.example", "0" }},
		{"smtp_port", func(in *site.Input) { in.Host, in.Port = "mail.example", "smtp" }},
		{"smtp_security", func(in *site.Input) { in.Host, in.Security = "mail.example", "perhaps" }},
		{"smtp_security", func(in *site.Input) {
			in.Host, in.Security, in.User, in.Password = "mail.example", "none", "u", "p"
		}},
		{"smtp_user", func(in *site.Input) { in.Host, in.Password = "mail.example", "p" }},
		{"smtp_password", func(in *site.Input) { in.Host, in.User = "mail.example", "u" }},
		{"logo", func(in *site.Input) { in.NewLogo = []byte("PK\x03\x04 logo.png") }},
	} {
		in := h.form()
		c.spoil(&in)
		var p *problem.Error
		err := h.Save(t.Context(), h.admin, in)
		if !errors.As(err, &p) || p.Kind != problem.Invalid || len(p.Fields) != 1 || p.Fields[0].Name != c.field {
			t.Errorf("%s in %+v: %v", c.field, in, err)
		}
		if !slices.Contains(fields, c.field) && c.field != "langs" && !strings.HasPrefix(c.field, "smtp") {
			fields = append(fields, c.field)
			c.spoil(&all)
		}
	}
	var p *problem.Error
	if err := h.Save(t.Context(), h.admin, all); !errors.As(err, &p) || len(p.Fields) != len(fields) {
		t.Errorf("all at once: %v, want %v", err, fields)
	}
	if h.form().Version != 0 {
		t.Error("something of it was saved")
	}
	in := h.form()
	in.Sites = "https://shop.example\n\nhttps://other example"
	if err := h.Save(t.Context(), h.admin, in); !errors.As(err, &p) || p.Fields[0].Args["line"] != 3 {
		t.Errorf("the line is not named: %v", err)
	}
}

func TestTwoAdmins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	first := h.form()
	first.Name, first.Privacy = "Aide", "/a"
	h.save(first)
	mine, theirs := h.form(), h.form()
	theirs.Name, theirs.Terms = "Leur nom", "/terms"
	h.save(theirs)
	mine.Name, mine.Privacy = "Mon nom", "/mine"
	err := h.Save(t.Context(), h.admin, mine)
	var clash *site.Clash
	if !problem.Is(err, problem.Conflict) || !errors.As(err, &clash) {
		t.Fatalf("the second save: %v", err)
	}
	want := theirs
	want.Version, want.Name, want.Privacy = 2, "Mon nom", "/mine"
	if d := cmp.Diff(want, clash.Merged); d != "" {
		t.Errorf("what is shown (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"name": "Leur nom"}, clash.Theirs); d != "" {
		t.Errorf("what both changed (-want +got):\n%s", d)
	}
	if h.Current().Name != "Leur nom" {
		t.Error("the conflict changed something")
	}
	h.save(clash.Merged) // looked at, and meant
	if s := h.Current(); s.Name != "Mon nom" || s.TermsURL != "/terms" || s.PrivacyURL != "/mine" {
		t.Errorf("settled: %+v", s)
	}
	stale := h.form()
	stale.Version = 99
	if err := h.Save(t.Context(), h.admin, stale); !problem.Is(err, problem.Conflict) {
		t.Errorf("a version that never was: %v", err)
	}
}

func TestTheOperatorWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	in := h.form()
	in.Name, in.Legal, in.Sites, in.Langs, in.Default = "Choisi", "/chosen", "https://chosen.example", "fr pl", "fr"
	in.Host, in.From = "mail.example", "chosen@example.org"
	h.save(in)
	fixed := site.Fixed{Name: "Fixé", LegalURL: "/fixed", Default: kb.German, Sites: []string{"https://fixed.example"},
		SMTPURL: "smtp://u:secret@fixed.example", MailFrom: "fixed@example.org"}
	h.Service = h.node(fixed, seal.NewSecret())
	want := site.Settings{Name: "Fixé", LegalURL: "/fixed", Default: kb.German, Langs: []kb.Lang{kb.French, kb.German, kb.Polish},
		Sites: []string{"https://fixed.example"}, SendsMail: true}
	if d := cmp.Diff(want, h.Current()); d != "" {
		t.Errorf("what holds (-want +got):\n%s", d)
	}
	if m, err := h.Mail(); err != nil || m.URL != fixed.SMTPURL || m.From != fixed.MailFrom || m.Name != "Fixé" || strings.Contains(m.String(), "secret") {
		t.Errorf("mail by %v, %v", m, err)
	}
	in = h.form()
	in.Name, in.Legal, in.Sites, in.Host, in.From, in.Default = "Autre", "/autre", "https://autre.example", "autre.example", "autre@example.org", "pl"
	in.Langs, in.Terms = "fr de", "/terms"
	h.save(in)
	h.Service = h.node(site.Fixed{}, seal.NewSecret()) // nothing is fixed any more: what was chosen is there again
	if s := h.Current(); s.Name != "Choisi" || s.LegalURL != "/chosen" || s.Default != kb.French || s.Sites[0] != "https://chosen.example" || s.TermsURL != "/terms" {
		t.Errorf("chosen before: %+v", s)
	}
	if m, err := h.Mail(); err != nil || m.URL != "smtp://mail.example:587?tls=required" || m.From != "chosen@example.org" {
		t.Errorf("mail by %+v, %v", m, err)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	if m, err := h.Mail(); err != nil || m.URL != "" || m.From != "no-reply@help.example" {
		t.Errorf("without a server: %+v, %v", m, err)
	}
	const password = "s€same & co:/@?"
	in := h.form()
	in.Host, in.Port, in.User, in.Password, in.Security = "Mail.Example", "2525", "aide@example.org", password, "starttls"
	h.save(in)
	const url = "smtp://aide%40example.org:s%E2%82%ACsame%20&%20co%3A%2F%40%3F@mail.example:2525?tls=required"
	holds := func(want string) {
		t.Helper()
		if m, err := h.Mail(); err != nil || m.URL != want {
			t.Errorf("%q, %v; want %q", m.URL, err, want)
		}
	}
	holds(url)
	row, err := h.db.Site(t.Context(), 1)
	if err != nil || strings.Contains(row.Password, password) || !strings.HasPrefix(row.Password, "s1.") {
		t.Errorf("stored as %q, %v", row.Password, err)
	}
	in = h.form()
	in.Name = "Aide" // and nothing typed for the password: it stays
	h.save(in)
	holds(url)
	if row, err = h.db.Site(t.Context(), 1); err != nil || row.Password != "" {
		t.Errorf("an old version keeps %q, %v", row.Password, err)
	}

	// Who points the settings to another server does not get the password, neither by saving nor by a test.
	for _, change := range []func(*site.Input){func(in *site.Input) { in.Host = "evil.example" }, func(in *site.Input) { in.User = "other" }} {
		in = h.form()
		change(&in)
		var p *problem.Error
		if err := h.Save(t.Context(), h.admin, in); !errors.As(err, &p) || p.Fields[0].Key != "desk.settings.password_again" {
			t.Errorf("saving: %v", err)
		}
		if err := h.TestMail(t.Context(), h.admin, in, "a@example.org", kb.French); !errors.As(err, &p) || p.Fields[0].Key != "desk.settings.password_again" {
			t.Errorf("testing: %v", err)
		}
	}
	if len(h.tests) > 0 {
		t.Errorf("test mails went to %v", h.tests)
	}

	// One that was typed and not saved comes back sealed with the page.
	in = h.form()
	in.Host, in.Password = "new.example", "other"
	kept := h.KeepPassword(in)
	if kept == "" || strings.Contains(kept, "other") {
		t.Errorf("kept as %q", kept)
	}
	in.Password, in.KeptPassword = "", kept
	if err := h.TestMail(t.Context(), h.admin, in, "a@example.org", kb.French); err != nil || len(h.tests) != 1 || !strings.Contains(h.tests[0].URL, ":other@new.example:2525") {
		t.Errorf("testing with it: %v, %v", h.tests, err)
	}
	h.save(in)
	holds("smtp://aide%40example.org:other@new.example:2525?tls=required")

	lost := h.node(site.Fixed{}, seal.NewSecret())
	if _, err := lost.Mail(); !problem.Is(err, problem.Unavailable) || !errors.Is(err, seal.ErrOtherSecret) {
		t.Errorf("with another secret: %v", err)
	}
	if f, err := lost.Form(t.Context(), h.admin); err != nil || f.Password != "lost" {
		t.Errorf("the form says %q, %v", f.Password, err)
	}
	if s := h.log.String(); !strings.Contains(s, "GUICHET_SECRET") || strings.Contains(s, "same") || strings.Contains(s, "other@") {
		t.Errorf("the log: %s", s)
	}
	in = h.form()
	in.Host, in.User = "", ""
	h.save(in)
	holds("")
}

func TestTestMailsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, site.Fixed{})
	in := h.form()
	in.Host = "mail.example"
	var p *problem.Error
	if err := h.TestMail(t.Context(), h.admin, h.form(), "nobody", kb.French); !errors.As(err, &p) || len(p.Fields) != 2 {
		t.Errorf("without server and address: %v", err)
	}
	for range 5 {
		if err := h.TestMail(t.Context(), h.admin, in, "a@example.org", kb.French); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.TestMail(t.Context(), h.admin, in, "a@example.org", kb.French); !errors.As(err, &p) || p.Kind != problem.TooMany || p.RetryAfter <= 0 {
		t.Errorf("the sixth: %v", err)
	}
}
