package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"guichet/internal/site"
	"guichet/kb"
)

// Tester sends test mails. It is what site calls a MailTester.
type Tester struct{ Words Words }

// TryMail sends a test mail by a server, as a letter would go, and tells what went wrong; see
// site.MailTester. The deadline of ctx bounds it.
func (t Tester) TryMail(ctx context.Context, m site.MailServer, to string, lang kb.Lang) error {
	from, err := netmail.ParseAddress(m.From)
	if err != nil {
		return &site.MailFailure{Cause: site.MailSender}
	}
	if from.Name == "" {
		from.Name = m.Name
	}
	s, err := parseURL(m.URL)
	if err != nil {
		return &site.MailFailure{Cause: site.MailOther, Said: err.Error()}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, &netmail.Address{Address: to})
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, from)
	msg.Subject(t.Words.T(lang, "desk.settings.test_subject", nil))
	msg.SetDate()
	_, domain, _ := strings.Cut(from.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, t.Words.T(lang, "desk.settings.test_text", nil)+"\n")
	err = s.deliver(ctx, msg, defaultTimeout)
	if err == nil {
		return nil
	}
	f := &site.MailFailure{Cause: cause(err), Said: said(err)}
	if s.password != "" && strings.Contains(f.Said, s.password) { // a server that says what it was told
		f.Said = ""
	}
	return f
}

// cause finds out what kept a mail from leaving.
func cause(err error) string {
	var (
		host        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		answer      *textproto.Error
		refused     *gomail.SendError
		network     net.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout(),
		strings.Contains(err.Error(), "i/o timeout"): // a SendError hides what is within
		return site.MailSilent
	case errors.As(err, &refused):
		switch refused.Reason {
		case gomail.ErrSMTPMailFrom:
			if refused.ErrorCode() == 530 {
				return site.MailPassword
			}
			return site.MailSender
		case gomail.ErrSMTPRcptTo:
			return site.MailRecipient
		}
	case errors.As(err, &certificate):
		return site.MailCertificate
	case errors.As(err, &record), strings.Contains(err.Error(), "STARTTLS"):
		return site.MailNoTLS
	case errors.As(err, &answer):
		if answer.Code >= 530 && answer.Code <= 539 || answer.Code == 432 || answer.Code == 454 {
			return site.MailPassword
		}
		return site.MailOther
	case errors.As(err, &host) && host.IsNotFound:
		return site.MailNoHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return site.MailRefused
	}
	return site.MailOther
}

// answered is a server's answer within what go-mail says of it.
var answered = regexp.MustCompile(`\b([245]\d\d) ([^\n]+)`)

// maxSaid bounds what is shown of a server's words, in characters.
const maxSaid = 200

// said is what the server answered, or what the network says, on one line.
func said(err error) string {
	text := err.Error()
	var refused *gomail.SendError
	if errors.As(err, &refused) {
		text, _, _ = strings.Cut(refused.Error(), ", affected ")
		if m := answered.FindStringSubmatch(text); m != nil {
			text = m[1] + " " + strings.Trim(m[2], `"`)
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if utf8.RuneCountInString(text) > maxSaid {
		text = string([]rune(text)[:maxSaid]) + "…"
	}
	return text
}
