package handoff_test

import (
	"bytes"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	messagemail "github.com/emersion/go-message/mail"
	"github.com/jackc/pgx/v5"

	"guichet/internal/handoff"
	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a handoff service on a database of its own. Mail goes to the local mailbox, or to the
// SMTP server where there is one.
type house struct {
	*handoff.Service
	t       *testing.T
	db      *postgres.DB
	routing *routing.State

	mu    sync.Mutex
	later time.Duration // how far the clock has been put forward
}

type option func(*handoff.Config, *mail.Config)

func smtp(s *mailtest.Server) option {
	return func(_ *handoff.Config, c *mail.Config) { c.URL = s.URL() }
}

func siteBudget(n int) option {
	return func(c *handoff.Config, _ *mail.Config) { c.SiteBudget = n }
}

// setup returns a house whose clock is the real one, until it is put forward: rows bear the
// database's own time.
func setup(t *testing.T, options ...option) *house {
	t.Helper()
	h := &house{t: t, db: pgtest.New(t)}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	mc := mail.Config{From: "aide@example.com", Words: mailtest.Words{}, Mailbox: h.db}
	routes, err := h.db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.routing = &routes
	hc := handoff.Config{Store: h.db, Routing: h.routing, Links: links{}, MailDomain: "example.com", Zone: paris, Now: h.now}
	for _, o := range options {
		o(&hc, &mc)
	}
	if hc.Mailer, err = mail.New(mc); err != nil {
		t.Fatal(err)
	}
	h.Service = handoff.New(hc)
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().UTC().Add(h.later).Truncate(time.Microsecond)
}

func (h *house) forward(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.later += d
}

// links builds addresses from which the tests read the tokens back.
type links struct{}

func (links) Ticket(lang kb.Lang, link, proof support.Token) string {
	return "https://help.example/" + string(lang) + "/requests/" + string(link) + "?proof=" + string(proof)
}

const text = "Mon colis Zanzibar n’est pas arrivé.\n\nCommande n° 10482, payée 49,90 €."

func request() handoff.Request {
	return handoff.Request{ClientID: string(support.NewSecretID[support.TicketID]()), Channel: support.ChannelEmail,
		Category: "order", Email: "camille@example.org", Text: text, Lang: kb.French}
}

func (h *house) start(r handoff.Request) handoff.Started {
	h.t.Helper()
	out, err := h.Start(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// count runs a query that returns one number.
func (h *house) count(sql string, args ...any) (n int) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&n); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// ticket reads a ticket as it is stored.
func (h *house) ticket(id support.TicketID) support.Ticket {
	h.t.Helper()
	thread, err := h.db.Thread(h.t.Context(), id, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return thread.Ticket
}

// deliver sends every mail that is promised, as the jobs would.
func (h *house) deliver() {
	h.t.Helper()
	rows, err := h.db.Pool().Query(h.t.Context(), `SELECT id FROM mails WHERE state = 'queued' ORDER BY id`)
	if err != nil {
		h.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[support.MailID])
	if err != nil {
		h.t.Fatal(err)
	}
	for _, id := range ids {
		if err := h.Deliver(h.t.Context(), id); err != nil {
			h.t.Fatal(err)
		}
	}
}

// letter is a mail as its reader sees it, every part decoded.
type letter struct {
	to, subject, text, all string
	link, proof            support.Token
}

// letters reads the local mailbox, oldest first.
func (h *house) letters() []letter {
	h.t.Helper()
	kept, err := h.db.Mailbox(h.t.Context(), 100)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []letter
	for i := len(kept) - 1; i >= 0; i-- {
		out = append(out, read(h.t, kept[i].Raw))
	}
	return out
}

func read(t *testing.T, raw []byte) letter {
	t.Helper()
	r, err := messagemail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var l letter
	l.subject, _ = r.Header.Subject()
	to, _ := r.Header.AddressList("To")
	l.to = to[0].Address
	fields := r.Header.Fields()
	for fields.Next() {
		value, _ := fields.Text()
		l.all += fields.Key() + ": " + value + "\n"
	}
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		if l.text == "" {
			l.text = string(body)
		}
		l.all += string(body)
	}
	for line := range strings.Lines(l.text) {
		if u, err := url.Parse(strings.TrimSpace(line)); err == nil && u.Host == "help.example" {
			l.link = support.Token(u.Path[strings.LastIndexByte(u.Path, '/')+1:])
			l.proof = support.Token(u.Query().Get("proof"))
		}
	}
	return l
}
