package desk_test

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

	"guichet/internal/desk"
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

// house is a desk on a database of its own, with an agent at it. Mail goes to the local mailbox.
type house struct {
	*desk.Service
	t       *testing.T
	db      *postgres.DB
	handoff *handoff.Service
	routing *routing.State
	agent   support.Actor

	mu    sync.Mutex
	later time.Duration // how far the clock has been put forward
}

func setup(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, db: pgtest.New(t)}
	mailer, err := mail.New(mail.Config{From: "aide@example.com", Words: mailtest.Words{}, Mailbox: h.db})
	if err != nil {
		t.Fatal(err)
	}
	routes, err := h.db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.routing = &routes
	h.handoff = handoff.New(handoff.Config{Store: h.db, Routing: h.routing, Mailer: mailer, Links: links{}, MailDomain: "example.com", Now: h.now})
	h.Service = desk.New(desk.Config{Store: h.db, Routing: h.routing, Mailer: mailer, Links: links{}, MailDomain: "example.com", Zone: time.UTC, Now: h.now})
	agent := support.Agent{ID: support.NewID[support.AgentID](), Email: "ines@example.com", Name: "Inès", Role: support.RoleAgent}
	if agent.ID, err = h.db.SaveAgent(t.Context(), agent); err != nil {
		t.Fatal(err)
	}
	h.agent = support.Actor{Agent: &agent}
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

type links struct{}

func (links) Ticket(lang kb.Lang, link, _ support.Token) string {
	return "https://help.example/" + string(lang) + "/requests/" + string(link)
}

const memberText = "Mon colis Zanzibar n’est pas arrivé."

// heldTicket makes a ticket as a guest does, and a link to it.
func (h *house) heldTicket() (support.TicketID, support.Token) {
	h.t.Helper()
	id := support.NewID[support.TicketID]()
	out, err := h.handoff.Start(h.t.Context(), handoff.Request{ClientID: string(id), Channel: support.ChannelEmail, Category: "order",
		Email: string(id) + "@example.org", Text: memberText, Lang: kb.French})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Ticket.ID, out.Link
}

// ticket makes one that is not held any more. Its thread has the request and the first status.
func (h *house) ticket() (support.TicketID, support.Token) {
	h.t.Helper()
	id, link := h.heldTicket()
	h.exec(`UPDATE tickets SET held_at = NULL, held_reason = NULL, email_proven_at = now() WHERE id = $1`, id)
	h.exec(`UPDATE mails SET state = 'withheld' WHERE ticket_id = $1`, id) // the confirmation is handoff's matter
	return id, link
}

// put gives a ticket a status, whatever it had, and makes it the last one that moved.
func (h *house) put(id support.TicketID, s support.Status) {
	h.t.Helper()
	h.exec(`UPDATE tickets SET status = $2, updated_at = $3, solved_at = CASE WHEN $2 = 'solved' THEN $3::timestamptz END WHERE id = $1`, id, s, h.now())
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Pool().Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
}

func (h *house) count(sql string) (n int) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), sql).Scan(&n); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// read is a ticket as staff sees it.
func (h *house) read(id support.TicketID) desk.Thread {
	h.t.Helper()
	thread, err := h.Thread(h.t.Context(), h.agent, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return thread
}

// deliver sends every reply that is promised, as the jobs would.
func (h *house) deliver() {
	h.t.Helper()
	rows, err := h.db.Pool().Query(h.t.Context(), `SELECT id FROM mails WHERE kind IN ('reply','status') AND state = 'queued' ORDER BY id`)
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

// letters are the plain parts of the local mailbox, newest first.
func (h *house) letters() (out []string) {
	h.t.Helper()
	kept, err := h.db.Mailbox(h.t.Context(), 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range kept {
		r, err := messagemail.CreateReader(bytes.NewReader(m.Raw))
		if err != nil {
			h.t.Fatal(err)
		}
		part, err := r.NextPart()
		if err != nil {
			h.t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, string(body))
	}
	return out
}

func linkIn(t *testing.T, text string) support.Token {
	t.Helper()
	for line := range strings.Lines(text) {
		if u, err := url.Parse(strings.TrimSpace(line)); err == nil && u.Host == "help.example" {
			return support.Token(u.Path[strings.LastIndexByte(u.Path, '/')+1:])
		}
	}
	t.Fatalf("no link in %q", text)
	return ""
}
