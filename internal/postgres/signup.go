package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/auth"
	"guichet/internal/problem"
	"guichet/internal/support"
)

var _ auth.MemberStore = (*DB)(nil)

// InMembers runs do in one transaction; see auth.MemberStore.
func (db *DB) InMembers(ctx context.Context, do func(context.Context, auth.MemberTx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return do(ctx, deskTx{db, tx}) })
}

var (
	// The language is the last one that they came in.
	signUp = query("sign_up", `
		INSERT INTO members AS m (id, email, email_verified, lang, created_at)
		VALUES (@id, @email, true, @lang, @created_at)
		ON CONFLICT (email) WHERE site = '' DO UPDATE SET lang = EXCLUDED.lang
		RETURNING `+memberColumns)

	memberBySpace = query("member_by_space", `
		SELECT `+memberColumns+` FROM tokens t JOIN members m ON m.id = t.subject::uuid
		WHERE t.hash = @hash AND t.purpose = 'space_session' AND t.revoked_at IS NULL AND t.expires_at > @now`)

	findSignIn = query("find_sign_in", `
		SELECT subject, CASE WHEN used_at IS NULL AND revoked_at IS NULL AND expires_at > @now THEN 'live' ELSE '' END
		FROM tokens WHERE hash = @hash AND purpose = 'member_sign_in'`)

	findPlainMail = query("find_plain_mail", `
		SELECT id, message_id, kind, recipient, lang, state FROM mails WHERE id = @id AND ticket_id IS NULL AND agent_id IS NULL`)
)

func (d deskTx) SignUp(ctx context.Context, m support.Member) (support.Member, error) {
	return one(ctx, d.tx, signUp, args{"id": m.ID, "email": m.Email, "lang": m.Lang, "created_at": m.CreatedAt}, scanMember)
}

// FindSpace implements auth.MemberStore.
func (db *DB) FindSpace(ctx context.Context, t support.Token, now time.Time) (support.Member, error) {
	m, err := one(ctx, db.pool, memberBySpace, args{"hash": t.Hash(), "now": now}, scanMember)
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "problem.member_session", err)
	}
	return m, err
}

// FindSignIn implements auth.MemberStore.
func (db *DB) FindSignIn(ctx context.Context, t support.Token, now time.Time) (string, error) {
	s, err := one(ctx, db.pool, findSignIn, args{"hash": t.Hash(), "now": now}, scanToken)
	if err == nil && s.detail == "" {
		return "", gone("used, expired or revoked")
	}
	return s.subject, err
}

// FindPlainMail implements auth.MemberStore.
func (db *DB) FindPlainMail(ctx context.Context, id support.MailID) (support.Mail, error) {
	if err := checkID(id); err != nil {
		return support.Mail{}, err
	}
	return one(ctx, db.pool, findPlainMail, args{"id": id}, func(row pgx.CollectableRow) (m support.Mail, err error) {
		return m, row.Scan(&m.ID, &m.MessageID, &m.Kind, &m.Recipient, &m.Lang, &m.State)
	})
}
