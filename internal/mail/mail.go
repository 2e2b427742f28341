// Package mail gives letters their words and sends them: by SMTP, or into a local mailbox while no
// server is set, so that a new installation shows its mails without sending any.
package mail

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Words says what a mail says, in the reader's language.
type Words interface {
	// T is the text of a message key with its placeholders filled.
	T(lang kb.Lang, key string, args map[string]any) string
	// DateTime is a moment as people write it, with its zone named.
	DateTime(lang kb.Lang, t time.Time, zone *time.Location) string
}

// Mailbox keeps mails that go nowhere else. One with a Message-ID that is there already changes
// nothing.
type Mailbox interface {
	KeepMail(ctx context.Context, m support.LocalMail) error
}

// Config of a Mailer.
type Config struct {
	URL     string // smtp://user:password@host:port?tls=…, see parseURL; "" hands every mail to Mailbox
	From    string // address, with or without a name
	Name    string // of the sender, where From has none; "" for none
	ReplyTo string // "" for none: answers go to From
	Words   Words
	Mailbox Mailbox       // used where URL is ""
	Timeout time.Duration // of the talk with the server; zero means 30 s
}

const defaultTimeout = 30 * time.Second

// Mailer sends letters. It is what handoff and desk call a Mailer.
type Mailer struct {
	c       Config
	from    *netmail.Address
	replyTo *netmail.Address // nil for none
	server  *server          // nil: to the mailbox
}

// New returns a Mailer. An error says which setting is wrong and never holds the password.
func New(c Config) (*Mailer, error) {
	m := &Mailer{c: c}
	var err error
	if m.from, err = netmail.ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("the sender of mails, %q, is not an address", c.From)
	}
	m.from.Name = cmp.Or(m.from.Name, c.Name)
	if c.ReplyTo != "" {
		if m.replyTo, err = netmail.ParseAddress(c.ReplyTo); err != nil {
			return nil, fmt.Errorf("%q, where answers to mails go, is not an address", c.ReplyTo)
		}
	}
	m.c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	if c.URL != "" {
		m.server, err = parseURL(c.URL)
	}
	return m, err
}

// Send sends a letter: once it has returned nil, the server or the mailbox has it. An error that
// problem.Is calls Invalid is final, because the address takes no mail; after any other the same
// letter may be sent again.
func (m *Mailer) Send(ctx context.Context, l support.Letter) (err error) {
	defer problem.Wrap(&err, "mail.Send(%s)", l.MessageID)
	msg, subject, err := m.message(l)
	if err != nil {
		return err
	}
	if m.server == nil {
		var raw bytes.Buffer
		if _, err := msg.WriteTo(&raw); err != nil {
			return err
		}
		return m.c.Mailbox.KeepMail(ctx, support.LocalMail{MessageID: l.MessageID, Recipient: l.To, Subject: subject, Raw: raw.Bytes()})
	}
	return m.server.send(ctx, msg, m.c.Timeout)
}

// message is a letter as it goes over the wire.
func (m *Mailer) message(l support.Letter) (*gomail.Msg, string, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	to, err := netmail.ParseAddress(l.To)
	if err != nil || to.Name != "" || to.Address != l.To {
		return nil, "", problem.From(problem.Invalid, "problem.email", errors.New("the recipient is not a plain address"))
	}
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, to)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, m.from)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderReplyTo, m.replyTo)
	c := m.content(l)
	msg.Subject(c.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(l.MessageID)
	msg.SetGenHeader(gomail.HeaderContentLang, l.Lang.Tag())
	// RFC 3834: what no person sent by hand says so, and asks robots not to answer.
	auto := "auto-generated"
	if l.Kind == support.MailConfirmation {
		auto = "auto-replied"
	}
	msg.SetGenHeader("Auto-Submitted", auto)
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")

	html, err := c.html()
	if err != nil {
		return nil, "", err
	}
	msg.SetBodyString(gomail.TypeTextPlain, c.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, c.Subject, nil
}

// content is what a letter says, before it is text or HTML.
type content struct {
	Lang    string // BCP 47
	Subject string
	Before  []string // paragraphs above the button
	Quote   []string // lines of the agent's words; nil for none
	Button  string
	Link    string
	After   []string // paragraphs below it
}

// content puts a letter into words. A confirmation is made of the catalog's sentences, the
// reference, a date and a link alone.
func (m *Mailer) content(l support.Letter) content {
	say := func(key string, args map[string]any) string { return m.c.Words.T(l.Lang, key, args) }
	ref := map[string]any{"ref": l.Ref}
	c := content{Lang: l.Lang.Tag(), Link: l.Link}
	switch l.Kind {
	case support.MailStatus, support.MailTeam, support.MailInvitation, support.MailReset, support.MailSignIn:
		return m.notice(l, c, say)
	}
	if l.Kind == support.MailReply {
		c.Subject = subject(l.Ref, say("mail.reply.subject", nil))
		intro := say("mail.reply.intro_team", ref)
		if l.AgentName != "" {
			intro = say("mail.reply.intro", map[string]any{"name": l.AgentName, "ref": l.Ref})
		}
		c.Before = []string{say("mail.one_way", nil), say("mail.reply.greeting", nil), intro}
		c.Quote = strings.Split(l.Reply, "\n")
		c.Button = say("mail.reply.button", nil)
		return c
	}
	c.Subject = subject(l.Ref, say("mail.confirmation.subject", nil))
	c.Before = []string{say("mail.confirmation.greeting", nil), say("mail.confirmation.received", ref)}
	c.Button = say("mail.confirmation.button_open", nil)
	c.After = []string{say("mail.confirmation.next", nil), say("mail.confirmation.spam_hint", nil)}
	switch {
	case l.Held:
		c.Before = append(c.Before, say("mail.confirmation.held", nil))
		c.Button = say("mail.confirmation.button_prove", nil)
		c.After = append(c.After, say("mail.confirmation.not_you", nil))
	case !l.PromisedAt.IsZero():
		date := m.c.Words.DateTime(l.Lang, l.PromisedAt, l.Zone)
		c.Before = append(c.Before, say("mail.confirmation.promise", map[string]any{"date": date}))
	}
	return c
}

func subject(ref, words string) string { return "[" + ref + "] " + words }
