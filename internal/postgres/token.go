package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// A token that another one gives again and again is kept once; random ones never meet.
var saveToken = query("save_token", `
	INSERT INTO tokens (hash, purpose, subject, detail, expires_at)
	VALUES (@hash, @purpose, @subject, @detail, @expires_at)
	ON CONFLICT (hash) DO NOTHING`)

func insertToken(ctx context.Context, r runner, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error {
	_, err := saveToken.exec(ctx, r, args{"hash": t.Hash(), "purpose": p, "subject": subject, "detail": detail, "expires_at": expires})
	return err
}

func (d deskTx) SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error {
	return insertToken(ctx, d.tx, p, t, subject, detail, expires)
}

// SaveToken keeps a token's hash.
func (db *DB) SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error {
	return insertToken(ctx, db.pool, p, t, subject, detail, expires)
}

// One statement decides and marks, so that of two who come with a token at once one alone gets in.
var spendToken = query("spend_token", `
	UPDATE tokens SET used_at = @now
	WHERE hash = @hash AND purpose = @purpose AND used_at IS NULL AND revoked_at IS NULL AND expires_at > @now
	RETURNING subject, detail`)

// tokenState is what is known of a token.
type tokenState struct{ subject, detail string }

func scanToken(row pgx.CollectableRow) (s tokenState, err error) {
	return s, row.Scan(&s.subject, &s.detail)
}

func spend(ctx context.Context, r runner, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error) {
	s, err := one(ctx, r, spendToken, args{"hash": t.Hash(), "purpose": p, "now": now}, scanToken)
	if problem.Is(err, problem.NotFound) {
		if _, err = one(ctx, r, knowToken, args{"hash": t.Hash(), "purpose": p, "now": now}, value[bool]); err == nil {
			err = gone("used, expired or revoked")
		}
	}
	return s.subject, s.detail, err
}

var knowToken = query("know_token", `
	SELECT revoked_at IS NULL AND expires_at > @now FROM tokens WHERE hash = @hash AND purpose = @purpose`)

// gone is the answer to a token that was good once.
func gone(why string) error {
	return problem.From(problem.Gone, "problem.token_gone", errors.New("the token is "+why))
}

func (d deskTx) SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error) {
	return spend(ctx, d.tx, p, t, now)
}

// SpendToken marks a token used; see auth.Store.
func (db *DB) SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error) {
	return spend(ctx, db.pool, p, t, now)
}

var revokeToken = query("revoke_token", `
	UPDATE tokens SET revoked_at = @now WHERE hash = @hash AND purpose = @purpose AND revoked_at IS NULL`)

// RevokeToken ends a token; one that is none already is no error.
func (db *DB) RevokeToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) error {
	_, err := revokeToken.exec(ctx, db.pool, args{"hash": t.Hash(), "purpose": p, "now": now})
	return err
}

var linkedTicket = query("linked_ticket", `
	SELECT subject, CASE WHEN revoked_at IS NULL AND expires_at > @now THEN 'live' ELSE '' END
	FROM tokens WHERE hash = @hash AND purpose = 'ticket_link'`)

// FindLinkedTicket returns the ticket that a link token opens; NotFound for a token that never was,
// Gone for one that is expired or revoked.
func (db *DB) FindLinkedTicket(ctx context.Context, link support.Token, now time.Time) (support.TicketID, error) {
	s, err := one(ctx, db.pool, linkedTicket, args{"hash": link.Hash(), "now": now}, scanToken)
	if err == nil && s.detail == "" {
		return "", gone("expired or revoked")
	}
	return support.TicketID(s.subject), err
}
