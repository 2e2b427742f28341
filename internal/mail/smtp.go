package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"guichet/internal/problem"
)

// server is where mail is handed over.
type server struct {
	host     string
	port     int
	user     string
	password string
	implicit bool // TLS from the first byte
	policy   gomail.TLSPolicy
}

// parseURL reads smtp://user:password@host:port?tls=none|starttls|required, or smtps:// for TLS from
// the first byte. The port is 587 (465 for smtps) where none is given. tls=starttls encrypts where the
// server offers it, tls=required refuses to go on where it does not; without the word it is required
// if there is a password to protect and the server is another machine.
func parseURL(s string) (*server, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host")
	}
	out := &server{host: u.Hostname(), port: 587, implicit: u.Scheme == "smtps", policy: gomail.TLSOpportunistic}
	if out.implicit {
		out.port = 465
	}
	if p := u.Port(); p != "" {
		if out.port, err = strconv.Atoi(p); err != nil || out.port < 1 || out.port > 65535 {
			return nil, fmt.Errorf("SMTP_URL: %q is not a port", p)
		}
	}
	out.user = u.User.Username()
	out.password, _ = u.User.Password()
	switch v := u.Query().Get("tls"); v {
	case "":
		if out.user != "" && !loopback(out.host) {
			out.policy = gomail.TLSMandatory
		}
	case "none":
		out.policy = gomail.NoTLS
		if out.user != "" && !loopback(out.host) {
			return nil, errors.New("SMTP_URL: a password is not sent to another machine with tls=none")
		}
	case "starttls":
	case "required":
		out.policy = gomail.TLSMandatory
	default:
		return nil, fmt.Errorf("SMTP_URL: tls is none, starttls or required, not %q", v)
	}
	return out, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *server) options(timeout time.Duration) []gomail.Option {
	o := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(timeout), gomail.WithTLSPolicy(s.policy),
		gomail.WithoutNoop(), gomail.WithoutRset(), // one mail a connection
		gomail.WithTLSConfig(&tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12,
			// Where nothing stops an eavesdropper from taking the offer of TLS away, a certificate
			// proves nothing, and relays on one's own machine rarely have one that does.
			InsecureSkipVerify: s.policy == gomail.TLSOpportunistic && !s.implicit && (s.user == "" || loopback(s.host))})}
	if s.implicit {
		o = append(o, gomail.WithSSL())
	}
	if s.user == "" {
		return o
	}
	auth := gomail.SMTPAuthAutoDiscover
	if s.policy == gomail.NoTLS && !s.implicit {
		auth = gomail.SMTPAuthPlainNoEnc // to this machine alone; see parseURL
	}
	return append(o, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
}

// send hands one message over and gives an error its kind.
func (s *server) send(ctx context.Context, msg *gomail.Msg, timeout time.Duration) error {
	err := s.deliver(ctx, msg, timeout)
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.Reason == gomail.ErrSMTPRcptTo && final(refused.ErrorCode()) {
		return problem.From(problem.Invalid, "problem.email", err)
	}
	if err != nil {
		return problem.From(problem.Unavailable, "", err)
	}
	return nil
}

// deliver hands one message over. The whole talk, from dialing on, is bounded by timeout and by ctx's
// deadline.
func (s *server) deliver(ctx context.Context, msg *gomail.Msg, timeout time.Duration) error {
	if end, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(end))
	}
	if err := ctx.Err(); err != nil || timeout <= 0 {
		return errors.Join(err, context.DeadlineExceeded)
	}
	client, err := gomail.NewClient(s.host, s.options(timeout)...)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	err = client.SendWithSMTPClient(conn, msg)
	client.CloseWithSMTPClient(conn) // the mail is accepted or not by now: how the farewell goes changes nothing
	conn.Close()
	if msg.IsDelivered() {
		return nil
	}
	return err
}

// final reports whether an answer to RCPT speaks of the address and will be the same tomorrow. 530
// speaks of us: the server wants a password.
func final(code int) bool { return code >= 500 && code != 530 }
