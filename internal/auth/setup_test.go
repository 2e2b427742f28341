package auth_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"guichet/internal/support"

	"golang.org/x/crypto/argon2"
)

// derive is argon2id, counted.
func (h *house) derive(password, salt []byte, t, memory uint32, threads uint8, keyLen uint32) []byte {
	h.hashes.Add(1)
	return argon2.IDKey(password, salt, t, memory, threads, keyLen)
}

// Send keeps a letter.
func (h *house) Send(_ context.Context, l support.Letter) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.letters = append(h.letters, l)
	return nil
}

type links struct{}

func (links) Invitation(t support.Token) string {
	return "https://help.example/desk/invitation/" + string(t)
}
func (links) Reset(t support.Token) string { return "https://help.example/desk/password/" + string(t) }

// deliver sends what is promised, as the jobs would, and returns the letters.
func (h *house) deliver() []support.Letter {
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
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.letters
	h.letters = nil
	return out
}

func token(t *testing.T, l support.Letter) support.Token {
	t.Helper()
	u, err := url.Parse(l.Link)
	if err != nil {
		t.Fatal(err)
	}
	return support.Token(u.Path[strings.LastIndexByte(u.Path, '/')+1:])
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Pool().Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) count(sql string, args ...any) (n int) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// actor is the agent of a session, on a network of their own.
func (h *house) actor(session support.Token) support.Actor {
	h.t.Helper()
	a, err := h.Session(h.t.Context(), session)
	if err != nil {
		h.t.Fatal(err)
	}
	return support.Actor{Agent: &a, Network: "198.51.100.0/24"}
}

// account is somebody with a password, signed in.
func (h *house) account(email, password string, role support.Role) support.Token {
	h.t.Helper()
	link, err := h.InviteLink(h.t.Context(), email, "", role)
	if err != nil {
		h.t.Fatal(err)
	}
	session, err := h.AcceptInvitation(h.t.Context(), support.Actor{}, link, "Inès", password, "fr")
	if err != nil {
		h.t.Fatal(err)
	}
	return session
}

func rawStd(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
