package site

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"guichet/internal/follow"
	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
)

// Saved are choices with their number, and who made them when.
type Saved struct {
	Version  int64 // 1, 2, 3…; 0 before anybody saved
	Choices  Choices
	Password string // of the mail server, sealed; "" for none
	By       string // name or address; "" for nobody known
	At       time.Time
}

// Store keeps choices, every version of them.
type Store interface {
	// SiteVersion is the number of the newest choices; 0 before any.
	SiteVersion(ctx context.Context) (int64, error)
	// Site returns choices by their number, or NotFound. Only the newest have a password.
	Site(ctx context.Context, version int64) (Saved, error)
	// SaveSite keeps choices under the next number, which v.Version is, with their logo if it is new.
	// Conflict if somebody else has taken the number; agent "" for nobody known.
	SaveSite(ctx context.Context, v Saved, agent support.AgentID, logo []byte) error
	// SiteLogo returns the PNG with the hash, or NotFound.
	SiteLogo(ctx context.Context, hash string) ([]byte, error)
}

// Config of a Service.
type Config struct {
	Store   Store
	Fixed   Fixed
	NoReply string    // sender of mails where nobody chose one
	Box     *seal.Box // seals the mail server's password
	Tester  MailTester
	Log     *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// Service knows the settings. Safe for concurrent use.
type Service struct {
	store   Store
	fixed   Fixed
	noReply string
	box     *seal.Box
	tester  MailTester
	log     *slog.Logger
	clock   func() time.Time
	tests   *rate.Limiter // of test mails

	now *follow.Copy[state]
}

// state is what is known of the newest choices.
type state struct {
	saved    Saved
	settings Settings
	logo     []byte
}

// Test mails are sent to any server and any address: a few at once, then one in twenty seconds.
const (
	testEvery = 20 * time.Second
	testBurst = 5
)

// New returns a Service that knows the defaults and what the operator fixed; Refresh reads the rest.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{store: c.Store, fixed: c.Fixed, noReply: c.NoReply, box: c.Box, tester: c.Tester, log: c.Log, clock: c.Now,
		tests: rate.NewLimiter(rate.Every(testEvery), testBurst)}
	s.now = follow.New("settings", c.Log, &state{settings: Choices{}.settings(c.Fixed)}, s.load)
	return s
}

// Current is what holds now. It asks nobody.
func (s *Service) Current() Settings { return s.now.Now().settings }

// Logo is the current logo as PNG; nil for none.
func (s *Service) Logo() (Logo, []byte) {
	n := s.now.Now()
	return n.settings.Logo, n.logo
}

// Refresh reads the newest choices where they are not known yet.
func (s *Service) Refresh(ctx context.Context) error { return s.now.Refresh(ctx) }

// Follow keeps up with what is saved anywhere until ctx ends.
func (s *Service) Follow(ctx context.Context) error { return s.now.Follow(ctx) }

// load is follow's ReadFunc.
func (s *Service) load(ctx context.Context, old *state) (_ *state, err error) {
	defer problem.Wrap(&err, "site.Refresh")
	version, err := s.store.SiteVersion(ctx)
	if err != nil || version == old.saved.Version {
		return old, err
	}
	n := &state{}
	if version > 0 { // 0: a database of before was put back
		if n.saved, err = s.store.Site(ctx, version); err != nil {
			return nil, err
		}
	}
	if n.logo = old.logo; n.saved.Choices.Logo.Hash != old.saved.Choices.Logo.Hash {
		n.logo = nil
		if hash := n.saved.Choices.Logo.Hash; hash != "" {
			if n.logo, err = s.store.SiteLogo(ctx, hash); err != nil {
				return nil, err
			}
		}
	}
	n.settings = n.saved.Choices.settings(s.fixed)
	if _, err := s.server(n.saved.Choices.Mail, n.saved.Choices.Name, n.saved.Password); err != nil {
		s.log.Error("mail cannot be sent", "err", err)
	}
	return n, nil
}

// newest reads what was saved last, on any node.
func (s *Service) newest(ctx context.Context) (Saved, error) {
	version, err := s.store.SiteVersion(ctx)
	if err != nil || version == 0 {
		return Saved{}, err
	}
	return s.store.Site(ctx, version)
}

// Form is the settings page: what is saved, and what of it the operator fixed.
type Form struct {
	Input
	Saved    Saved
	Fixed    Fixed
	NoReply  string
	Password string // "", "kept", or "lost": sealed with another secret
}

// Form returns the settings page as it stands; for admins.
func (s *Service) Form(ctx context.Context, a support.Actor) (f Form, err error) {
	defer problem.Wrap(&err, "site.Form")
	if !a.IsAdmin() {
		return f, problem.New(problem.Forbidden, "")
	}
	f = Form{Fixed: s.fixed, NoReply: s.noReply}
	if f.Saved, err = s.newest(ctx); err != nil {
		return f, err
	}
	f.Input = f.Saved.input()
	if f.Saved.Password != "" {
		f.Password = "kept"
		if _, err := s.box.Open(f.Saved.Password, f.Saved.Choices.Mail.use()); err != nil {
			f.Password = "lost"
		}
	}
	return f, nil
}

// Save keeps what was typed, all of it or nothing; for admins. What it changes holds at once on this
// node and within seconds on every other. Errors: Forbidden; Invalid with every wrong field; Conflict
// with a *Clash where somebody has saved since the page was shown.
func (s *Service) Save(ctx context.Context, a support.Actor, in Input) (err error) {
	defer problem.Wrap(&err, "site.Save")
	if !a.IsAdmin() {
		return problem.New(problem.Forbidden, "")
	}
	before, err := s.newest(ctx)
	if err != nil {
		return err
	}
	if in.Version != before.Version {
		return s.clash(ctx, in, before)
	}
	r := &reading{fixed: s.fixed, before: before.Choices}
	next := Saved{Version: before.Version + 1, Choices: r.choices(in), At: s.clock().UTC(), Password: before.Password}
	next.Choices.Mail = r.mail(in)
	if s.fixed.SMTPURL == "" {
		next.Password = s.password(r, in, next.Choices.Mail, before)
	}
	var logo []byte
	switch {
	case len(in.NewLogo) > 0:
		var p *problem.Error
		next.Choices.Logo, logo, err = ReadLogo(in.NewLogo)
		if errors.As(err, &p) {
			r.fields = append(r.fields, p.Fields...)
		} else if err != nil {
			return err
		}
	case in.RemoveLogo:
		next.Choices.Logo = Logo{}
	}
	if err := r.err(); err != nil {
		return err
	}
	what := changed(before, next)
	if len(what) == 0 {
		return nil
	}
	err = s.store.SaveSite(ctx, next, agentID(a), logo)
	if problem.Is(err, problem.Conflict) {
		if before, err = s.newest(ctx); err != nil {
			return err
		}
		return s.clash(ctx, in, before)
	}
	if err != nil {
		return err
	}
	s.log.Info("settings saved", "version", next.Version, "by", agentID(a), "changed", what)
	return s.Refresh(ctx)
}

func (s *Service) clash(ctx context.Context, in Input, newest Saved) error {
	base := Saved{}
	if in.Version > 0 {
		var err error
		if base, err = s.store.Site(ctx, in.Version); err != nil && !problem.Is(err, problem.NotFound) {
			return err
		}
	}
	c := &Clash{Saved: newest}
	c.Merged, c.Theirs = merge(in, base.input(), newest.input())
	return problem.From(problem.Conflict, "desk.settings.clash", c)
}

func agentID(a support.Actor) support.AgentID {
	if a.Agent == nil {
		return ""
	}
	return a.Agent.ID
}

// changed names the fields that differ, for the log.
func changed(a, b Saved) (names []string) {
	was, is := a.input(), b.input()
	before := was.texts()
	for name, text := range is.texts() {
		if *text != *before[name] {
			names = append(names, name)
		}
	}
	if a.Choices.Logo != b.Choices.Logo {
		names = append(names, "logo")
	}
	if a.Password != b.Password {
		names = append(names, "smtp_password")
	}
	slices.Sort(names)
	return names
}
