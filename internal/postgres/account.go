package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/auth"
	"guichet/internal/support"
)

// InAccounts runs do in one transaction; see auth.Store.
func (db *DB) InAccounts(ctx context.Context, do func(context.Context, auth.Tx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return do(ctx, deskTx{db, tx}) })
}

const accountColumns = `a.id, a.email, a.name, a.role, a.disabled, a.password, a.lang`

func scanAccount(row pgx.CollectableRow) (a auth.Account, err error) {
	return a, row.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled, &a.Password, &a.Lang)
}

var (
	findAccount = query("find_account", `SELECT `+accountColumns+` FROM agents a WHERE email = @email`)
	lockAccount = query("lock_account", `SELECT `+accountColumns+` FROM agents a WHERE id = @id FOR UPDATE`)
	lockAdmins  = query("lock_admins", `SELECT id FROM agents WHERE role = 'admin' AND NOT disabled ORDER BY id FOR UPDATE`)

	updateAccount = query("update_account", `
		UPDATE agents SET name = @name, role = @role, disabled = @disabled, password = @password, lang = @lang WHERE id = @id`)

	listAccounts = query("list_accounts", `
		SELECT `+accountColumns+`, EXISTS (SELECT FROM tokens t WHERE t.purpose = 'invitation' AND t.subject = a.id::text
				AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > @now)
			OR EXISTS (SELECT FROM mails m WHERE m.agent_id = a.id AND m.kind = 'invitation' AND m.state = 'queued')
		FROM agents a ORDER BY a.disabled, lower(COALESCE(NULLIF(a.name, ''), a.email)), a.email`)

	findHolder = query("find_holder", `
		SELECT `+accountColumns+`, t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > @now AND NOT a.disabled
		FROM tokens t JOIN agents a ON a.id::text = t.subject
		WHERE t.hash = @hash AND t.purpose = @purpose`)

	revokeTokens = query("revoke_tokens", `
		UPDATE tokens SET revoked_at = @now
		WHERE purpose = @purpose AND subject = @subject AND revoked_at IS NULL AND hash <> @but`)

	listSessions = query("list_sessions", `
		SELECT hash, created_at, detail FROM tokens
		WHERE purpose = 'session' AND subject = @subject AND revoked_at IS NULL AND expires_at > @now
		ORDER BY created_at DESC, hash LIMIT 50`)

	writeAudit = query("write_audit", `
		INSERT INTO audit (at, agent_id, subject, action, detail)
		VALUES (@at, NULLIF(@agent, '')::uuid, NULLIF(@subject, '')::uuid, @action, left(@detail, 200))`)

	findAccountMail = query("find_account_mail", `
		SELECT m.id, m.message_id, m.kind, m.recipient, m.lang, m.state, `+accountColumns+`
		FROM mails m JOIN agents a ON a.id = m.agent_id WHERE m.id = @id`)

	listColleagues = query("list_colleagues", `
		SELECT id, email, name, role, disabled FROM agents WHERE NOT disabled ORDER BY lower(COALESCE(NULLIF(name, ''), email)), email`)

	findAgent = query("find_agent", `SELECT id, email, name, role, disabled FROM agents WHERE id = @id`)
)

// FindAccount returns the account with an address; see auth.Store.
func (db *DB) FindAccount(ctx context.Context, email string) (auth.Account, error) {
	return one(ctx, db.pool, findAccount, args{"email": email}, scanAccount)
}

func (d deskTx) LockAccount(ctx context.Context, id support.AgentID) (auth.Account, error) {
	if err := checkID(id); err != nil {
		return auth.Account{}, err
	}
	return one(ctx, d.tx, lockAccount, args{"id": id}, scanAccount)
}

func (d deskTx) LockAdmins(ctx context.Context) ([]support.AgentID, error) {
	return list(ctx, d.tx, lockAdmins, nil, value[support.AgentID])
}

func (d deskTx) SaveAgent(ctx context.Context, a support.Agent) (support.AgentID, error) {
	return upsertAgent(ctx, d.tx, a)
}

func (d deskTx) UpdateAccount(ctx context.Context, a auth.Account) error {
	_, err := updateAccount.exec(ctx, d.tx, args{"id": a.ID, "name": a.Name, "role": a.Role, "disabled": a.Disabled,
		"password": a.Password, "lang": a.Lang})
	return err
}

// Accounts lists everybody; see auth.Store.
func (db *DB) Accounts(ctx context.Context, now time.Time) ([]auth.Account, error) {
	return list(ctx, db.pool, listAccounts, args{"now": now}, func(row pgx.CollectableRow) (a auth.Account, err error) {
		return a, row.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled, &a.Password, &a.Lang, &a.Invited)
	})
}

// FindHolder returns the account that a token speaks for; see auth.Store.
func (db *DB) FindHolder(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (auth.Account, error) {
	good := false
	a, err := one(ctx, db.pool, findHolder, args{"hash": t.Hash(), "purpose": p, "now": now},
		func(row pgx.CollectableRow) (a auth.Account, err error) {
			return a, row.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled, &a.Password, &a.Lang, &good)
		})
	if err == nil && !good {
		return auth.Account{}, gone("used, expired or revoked")
	}
	return a, err
}

func (d deskTx) RevokeTokens(ctx context.Context, p support.Purpose, subject string, but support.Token, now time.Time) error {
	_, err := revokeTokens.exec(ctx, d.tx, args{"purpose": p, "subject": subject, "but": but.Hash(), "now": now})
	return err
}

// Sessions lists where an agent is signed in; see auth.Store.
func (db *DB) Sessions(ctx context.Context, id support.AgentID, now time.Time) ([]auth.Session, error) {
	return list(ctx, db.pool, listSessions, args{"subject": id, "now": now}, func(row pgx.CollectableRow) (s auth.Session, err error) {
		return s, row.Scan(&s.Hash, &s.Since, &s.Network)
	})
}

func (d deskTx) Audit(ctx context.Context, e auth.Event) error {
	_, err := writeAudit.exec(ctx, d.tx, args{"at": e.At, "agent": e.Agent, "subject": e.Subject, "action": e.Action, "detail": e.Detail})
	return err
}

// FindAccountMail reads a promised mail with whose it is; see auth.Store.
func (db *DB) FindAccountMail(ctx context.Context, id support.MailID) (m support.Mail, a auth.Account, err error) {
	if err = checkID(id); err != nil {
		return m, a, err
	}
	m, err = one(ctx, db.pool, findAccountMail, args{"id": id}, func(row pgx.CollectableRow) (m support.Mail, err error) {
		return m, row.Scan(&m.ID, &m.MessageID, &m.Kind, &m.Recipient, &m.Lang, &m.State,
			&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled, &a.Password, &a.Lang)
	})
	m.Agent = a.ID
	return m, a, err
}

// Colleagues lists who may be given a ticket, by name; see desk.Store.
func (db *DB) Colleagues(ctx context.Context) ([]support.Agent, error) {
	return list(ctx, db.pool, listColleagues, nil, scanAgent)
}

func (d deskTx) FindAgent(ctx context.Context, id support.AgentID) (support.Agent, error) {
	if err := checkID(id); err != nil {
		return support.Agent{}, err
	}
	return one(ctx, d.tx, findAgent, args{"id": id}, scanAgent)
}
