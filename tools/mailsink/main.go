// Command mailsink is the mail server of the browser tests: it takes every mail, delivers none, and
// prints each as one line of JSON. Its first line is the address that it listens on.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"sync"
	"syscall"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// received is a mail as it is printed.
type received struct {
	From    string              `json:"from"` // of the envelope
	To      []string            `json:"to"`   // of the envelope
	Subject string              `json:"subject"`
	Headers map[string][]string `json:"headers"` // by canonical name, decoded
	Text    string              `json:"text"`    // the plain part
	HTML    string              `json:"html"`
	Links   []string            `json:"links"` // of both parts, each once
}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("mailsink: ", err)
	}
}

func run() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Println(listener.Addr()); err != nil {
		return err
	}
	out := &printer{json: json.NewEncoder(os.Stdout)}
	out.json.SetEscapeHTML(false)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{out: out}, nil }))
	server.Domain = "localhost"
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		server.Close()
	}()
	// Whoever started it holds the other end of its input: when that process is gone, so is the sink.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

// printer keeps mails that arrive at the same time on lines of their own.
type printer struct {
	mu   sync.Mutex
	json *json.Encoder
}

func (p *printer) print(r received) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.json.Encode(r)
}

type session struct {
	out *printer
	now received
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.now = received{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.To = append(s.now.To, to)
	return nil
}

// Data reads the message; one that no mail program could read is refused, so that a test sees it.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.now.read(raw); err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	return s.out.print(s.now)
}

func (s *session) Reset()        { s.now = received{} }
func (s *session) Logout() error { return nil }

var (
	hrefs = regexp.MustCompile(`href="([^"]*)"`)
	urls  = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// read fills m from the message.
func (m *received) read(raw []byte) error {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if m.Subject, err = r.Header.Subject(); err != nil {
		return err
	}
	m.Headers = map[string][]string{}
	for fields := r.Header.Fields(); fields.Next(); {
		v, err := fields.Text()
		if err != nil {
			return err
		}
		m.Headers[fields.Key()] = append(m.Headers[fields.Key()], v)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		inline, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return err
		}
		switch kind, _, _ := inline.ContentType(); kind {
		case "text/plain":
			m.Text += string(body)
		case "text/html":
			m.HTML += string(body)
		}
	}
	found := urls.FindAllString(m.Text, -1)
	for _, h := range hrefs.FindAllStringSubmatch(m.HTML, -1) {
		found = append(found, html.UnescapeString(h[1]))
	}
	m.Links = []string{}
	for _, l := range found {
		if !slices.Contains(m.Links, l) {
			m.Links = append(m.Links, l)
		}
	}
	return nil
}
