// Package mailtest is a real SMTP server for tests. It keeps what it accepts, and can be told to
// behave as badly as servers do.
package mailtest

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"guichet/kb"
)

// Manner is how the server treats a mail.
type Manner int

// The manners. Those that accept keep the message.
const (
	Accept           Manner = iota
	RefuseRecipient         // 550 to RCPT: there is no such address
	DeferRecipient          // 451 to RCPT: come back later
	RefuseSender            // 550 to MAIL
	RefuseMessage           // 554 after the message
	Hang                    // never answers RCPT
	DropBeforeAnswer        // accepts the message, and the connection breaks before it says so
	DropAfterAnswer         // accepts the message and says so, then the connection breaks
)

// Message is one accepted mail.
type Message struct {
	From string
	To   []string
	Raw  []byte
}

// Server listens on 127.0.0.1.
type Server struct {
	address string
	quit    chan struct{}

	mu       sync.Mutex
	manner   Manner
	messages []Message
	arrived  chan struct{} // closed and replaced with each message
}

// Config of a Server.
type Config struct {
	TLS            *tls.Config // offered by STARTTLS; nil for none
	User, Password string      // wanted before anything is taken; "" for none
}

// New starts a server that accepts everything; it ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	return Start(t, Config{})
}

// Start starts a server; it ends with the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{address: listener.Addr().String(), quit: make(chan struct{}), arrived: make(chan struct{})}
	server := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: conn, config: c}, nil
	}))
	server.Domain = "localhost"
	server.TLSConfig, server.AllowInsecureAuth = c.TLS, true
	server.ErrorLog = log.New(io.Discard, "", 0) // broken connections are what some tests are about
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(listener) })
	t.Cleanup(func() {
		close(s.quit)
		server.Close()
		serving.Wait()
	})
	return s
}

// URL is the server's address as SMTP_URL takes it, without encryption and without a password.
func (s *Server) URL() string { return "smtp://" + s.address + "?tls=none" }

// Address is the server's host and port.
func (s *Server) Address() string { return s.address }

// Behave sets how mails are treated from now on.
func (s *Server) Behave(m Manner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manner = m
}

// Messages returns what was accepted, in its order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Wait returns the messages as soon as there are n of them; it fails the test if that takes too long.
func (s *Server) Wait(t testing.TB, n int) []Message {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		messages, arrived := slices.Clone(s.messages), s.arrived
		s.mu.Unlock()
		if len(messages) >= n {
			return messages
		}
		select {
		case <-arrived:
		case <-late:
			t.Fatalf("%d mails arrived, want %d", len(messages), n)
		}
	}
}

type session struct {
	server *Server
	conn   *smtp.Conn
	config Config
	known  bool // the password was right
	now    Message
	drop   bool // with the next reset, which follows the answer
}

func (s *session) manner() Manner {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	return s.server.manner
}

func (s *session) AuthMechanisms() []string {
	if s.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.config.User || password != s.config.Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.config.User != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	if s.manner() == RefuseSender {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not from you"}
	}
	s.now = Message{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch s.manner() {
	case RefuseRecipient:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name"}
	case DeferRecipient:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "later"}
	case Hang:
		<-s.server.quit
	}
	s.now.To = append(s.now.To, to)
	return nil
}

func (s *session) Data(r io.Reader) (err error) {
	if s.now.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	switch s.manner() {
	case RefuseMessage:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not this"}
	case DropBeforeAnswer:
		s.conn.Conn().Close()
	case DropAfterAnswer:
		s.drop = true
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, s.now)
	close(s.server.arrived)
	s.server.arrived = make(chan struct{})
	return nil
}

func (s *session) Reset() {
	s.now = Message{}
	if s.drop {
		s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }

// Words says each key as itself with its arguments, [key a=1 b=2], so that a test sees what was
// asked of the catalogs.
type Words struct{}

// T returns the key and its arguments.
func (Words) T(_ kb.Lang, key string, args map[string]any) string {
	var b strings.Builder
	b.WriteString("[" + key)
	for _, name := range slices.Sorted(maps.Keys(args)) {
		fmt.Fprintf(&b, " %s=%v", name, args[name])
	}
	return b.String() + "]"
}

// DateTime returns the moment in its zone.
func (Words) DateTime(_ kb.Lang, t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04 MST")
}
