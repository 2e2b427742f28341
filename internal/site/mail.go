package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
	"guichet/kb"
)

// Security is how the talk with a mail server is kept from others.
type Security string

// The kinds of it.
const (
	StartTLS Security = "starttls" // encrypted before anything is said, or not at all
	TLS      Security = "tls"      // encrypted from the first byte
	Plain    Security = "none"
)

// Mail is the mail server that admins have chosen; without a Host, mail stays in the local mailbox.
// Its password stands elsewhere, sealed.
type Mail struct {
	Host     string   `json:"host,omitempty"`
	Port     int      `json:"port,omitempty"`
	Security Security `json:"security,omitempty"`
	User     string   `json:"user,omitempty"`
	From     string   `json:"from,omitempty"`
}

// use binds a sealed password to the server it was given for: whoever points the settings to a server
// of their own does not get it.
func (m Mail) use() string { return "smtp " + m.Host + " " + m.User }

// url is the server as mail.Config takes it.
func (m Mail) url(password string) string {
	u := url.URL{Scheme: "smtp", Host: net.JoinHostPort(m.Host, strconv.Itoa(m.Port))}
	switch m.Security {
	case TLS:
		u.Scheme = "smtps"
	case Plain:
		u.RawQuery = "tls=none"
	default:
		u.RawQuery = "tls=required"
	}
	if m.User != "" {
		u.User = url.UserPassword(m.User, password)
	}
	return u.String()
}

// MailServer is where mail goes now, and in whose name.
type MailServer struct {
	URL  string // holds the password; "" for the local mailbox
	From string // address, with or without a name
	Name string // of the sender, where From has none; "" for none
}

// LogValue says nothing of the password.
func (m MailServer) LogValue() slog.Value { return slog.StringValue("mail server, sender " + m.From) }

// String says nothing of the password.
func (m MailServer) String() string { return m.LogValue().String() }

// MailTester sends a test mail. Its errors are *MailFailure.
type MailTester interface {
	TryMail(ctx context.Context, m MailServer, to string, lang kb.Lang) error
}

// MailFailure says why a test mail did not leave.
type MailFailure struct {
	Cause string // one of the Mail… causes
	Said  string // what the server or the network said, cut short; "" for nothing
}

// The causes of a MailFailure.
const (
	MailRefused     = "refused"     // nothing listens there
	MailNoHost      = "no_host"     // the name is not known
	MailSilent      = "silent"      // no answer in time
	MailCertificate = "certificate" // not one to trust, or for another name
	MailNoTLS       = "no_tls"      // the server does not encrypt as asked
	MailPassword    = "password"    // user or password are wrong
	MailSender      = "sender"
	MailRecipient   = "recipient"
	MailOther       = "other"
)

// Error says the cause and what the server said.
func (f *MailFailure) Error() string { return "test mail: " + f.Cause + ": " + f.Said }

// password finds the sealed password for the server that in describes; wrong fields are collected
// by r.
func (s *Service) password(r *reading, in Input, m Mail, before Saved) string {
	switch {
	case m.Host == "" || m.User == "":
		return ""
	case in.Password != "":
		return s.box.Seal(in.Password, m.use())
	}
	if typed, err := s.box.Open(in.KeptPassword, inForm); err == nil {
		return s.box.Seal(typed, m.use())
	}
	if _, err := s.box.Open(before.Password, m.use()); err == nil {
		return before.Password
	}
	key := "desk.settings.password_missing"
	if _, err := s.box.Open(before.Password, before.Choices.Mail.use()); errors.Is(err, seal.ErrOtherSecret) {
		key = "desk.settings.password_lost"
	} else if before.Password != "" {
		key = "desk.settings.password_again"
	}
	r.wrong("smtp_password", key, nil)
	return ""
}

// Mail is where mail goes now. An error means that the password cannot be opened.
func (s *Service) Mail() (MailServer, error) {
	v := s.now.Now().saved
	return s.server(v.Choices.Mail, v.Choices.Name, v.Password)
}

func (s *Service) server(m Mail, name, sealed string) (out MailServer, err error) {
	out = MailServer{URL: s.fixed.SMTPURL, From: or(or(s.fixed.MailFrom, m.From), s.noReply), Name: or(s.fixed.Name, name)}
	if out.URL != "" || m.Host == "" {
		return out, nil
	}
	password := ""
	if m.User != "" {
		password, err = s.box.Open(sealed, m.use())
		if errors.Is(err, seal.ErrOtherSecret) {
			err = fmt.Errorf("the mail server's password was %w: start with that GUICHET_SECRET, or enter the password again at /desk/settings", err)
		}
		if err != nil {
			return MailServer{}, problem.From(problem.Unavailable, "", err)
		}
	}
	out.URL = m.url(password)
	return out, nil
}

// testTimeout bounds a test mail, from the first packet on.
const testTimeout = 10 * time.Second

// TestMail sends a test mail to an address by the server that in describes, without saving anything;
// for admins. Errors: Forbidden; Invalid with the wrong fields; TooMany; *MailFailure.
func (s *Service) TestMail(ctx context.Context, a support.Actor, in Input, to string, lang kb.Lang) error {
	if !a.IsAdmin() {
		return problem.New(problem.Forbidden, "")
	}
	before, err := s.newest(ctx)
	if err != nil {
		return err
	}
	r := &reading{fixed: s.fixed, before: before.Choices}
	m := r.mail(in)
	sealed := ""
	if s.fixed.SMTPURL == "" {
		if m.Host == "" && len(r.fields) == 0 {
			r.wrong("smtp_host", "desk.settings.wrong_host_missing", nil)
		}
		sealed = s.password(r, in, m, before)
	}
	address, err := support.CheckEmail(to)
	if err != nil {
		r.wrong("test_to", "problem.email", nil)
	}
	if err := r.err(); err != nil {
		return err
	}
	reserved := s.tests.ReserveN(s.clock(), 1)
	if wait := reserved.DelayFrom(s.clock()); wait > 0 {
		reserved.CancelAt(s.clock())
		return &problem.Error{Kind: problem.TooMany, Key: "problem.too_many", RetryAfter: wait}
	}
	server, err := s.server(m, or(s.fixed.Name, in.Name), sealed)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	return s.tester.TryMail(ctx, server, address, lang)
}

// inForm is the use of a password that stands sealed in a page.
const inForm = "settings form"

// KeepPassword seals a password that was typed, for a page that comes back with all else that was:
// the page must not hold the password itself. It returns "" where none was typed.
func (s *Service) KeepPassword(in Input) string {
	if in.Password == "" {
		return in.KeptPassword
	}
	return s.box.Seal(in.Password, inForm)
}
