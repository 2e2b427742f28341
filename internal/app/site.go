package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"guichet/internal/config"
	"guichet/internal/locale"
	"guichet/internal/mail"
	"guichet/internal/postgres"
	"guichet/internal/routing"
	"guichet/internal/seal"
	"guichet/internal/site"
	"guichet/internal/support"
	"guichet/kb"
)

// openSite reads what admins have decided, under what the settings fix.
func openSite(ctx context.Context, cfg config.Checked, db *postgres.DB, words *locale.Catalogs, log *slog.Logger) (*site.Service, error) {
	fixed := site.Fixed{Name: cfg.SiteName, LegalURL: cfg.LegalURL, SMTPURL: cfg.SMTPURL, MailFrom: cfg.MailFrom}
	if cfg.Language != "" {
		l, err := kb.ParseLang(cfg.Language)
		if err != nil {
			return nil, fmt.Errorf("GUICHET_DEFAULT_LANG: %w", err)
		}
		fixed.Default = l
	}
	for _, given := range cfg.Sites {
		origin, _, err := site.ParseOrigin(given)
		if err != nil {
			return nil, fmt.Errorf("GUICHET_SITES holds %q: %w", given, err)
		}
		fixed.Sites = append(fixed.Sites, origin)
	}
	if cfg.SMTPURL != "" || cfg.MailFrom != "" { // a wrong one is said at the start, not with the first mail
		from := cfg.MailFrom
		if from == "" {
			from = cfg.NoReply
		}
		if _, err := mail.New(mail.Config{URL: cfg.SMTPURL, From: from}); err != nil {
			return nil, err
		}
	}
	secret, err := openSecret(cfg)
	if err != nil {
		return nil, err
	}
	box, err := seal.New(secret, "mail server password")
	if err != nil {
		return nil, err
	}
	s := site.New(site.Config{Store: db, Fixed: fixed, NoReply: cfg.NoReply, Box: box, Tester: mail.Tester{Words: words}, Log: log})
	return s, s.Refresh(ctx)
}

// openSecret is the operator's secret, or the data folder's own, which the first start makes.
func openSecret(cfg config.Checked) ([]byte, error) {
	if cfg.Secret != "" {
		secret, err := seal.ReadSecret(cfg.Secret)
		if err != nil {
			return nil, fmt.Errorf("GUICHET_SECRET: %w", err)
		}
		return secret, nil
	}
	path := filepath.Join(cfg.DataDir, "secret")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := makeSecret(path); err != nil {
			return nil, fmt.Errorf("make the secret %s: %w", path, err)
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	secret, err := seal.ReadSecret(string(b))
	if err != nil {
		return nil, fmt.Errorf("the secret in %s is damaged (%w); put it back from a backup, or remove it and enter the mail server's password again", path, err)
	}
	return secret, nil
}

// makeSecret writes a fresh secret, whole or not at all; where another process was faster, its stays.
func makeSecret(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "secret-*") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(seal.WriteSecret(seal.NewSecret()) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// deskLang is the language in which people who work here are written to, where they chose none: the
// help center's own, if the desk speaks it.
func (a *App) deskLang() kb.Lang {
	if a.Site.Current().Default == kb.French {
		return kb.French
	}
	return kb.English
}

// teams announces a new ticket where its team wants to hear of it, else at the one address that admins
// have set.
type teams struct {
	site    *site.Service
	routing *routing.Service
}

// TeamAddress implements handoff.Teams.
func (t teams) TeamAddress(_ context.Context, ticket support.Ticket) (address string, notify bool, err error) {
	if own, ok := t.routing.Current().Team(ticket.Team); ok && own.Value.Notify && own.Value.Email != "" {
		return own.Value.Email, true, nil
	}
	address = t.site.Current().TeamMail
	return address, address != "", nil
}

// mailer sends letters by the mail server that is set at the time: also those that were promised
// before it was.
type mailer struct {
	site    *site.Service
	words   mail.Words
	mailbox mail.Mailbox
}

// Send sends a letter; see mail.Mailer.
func (m mailer) Send(ctx context.Context, l support.Letter) error {
	to, err := m.site.Mail()
	if err != nil {
		return err
	}
	now, err := mail.New(mail.Config{URL: to.URL, From: to.From, Name: to.Name, Words: m.words, Mailbox: m.mailbox})
	if err != nil {
		return err
	}
	return now.Send(ctx, l)
}
