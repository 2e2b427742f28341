package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"guichet/internal/support"
)

var keepMail = query("keep_mail", `
	INSERT INTO local_mailbox (message_id, recipient, subject, raw) VALUES (@message_id, @recipient, @subject, @raw)
	ON CONFLICT (message_id) DO NOTHING`)

// KeepMail puts a mail into the local mailbox. A mail that is sent twice arrives once, as with most
// real ones.
func (db *DB) KeepMail(ctx context.Context, m support.LocalMail) error {
	_, err := keepMail.exec(ctx, db.pool, args{"message_id": m.MessageID, "recipient": m.Recipient, "subject": m.Subject, "raw": m.Raw})
	return err
}

var listMailbox = query("list_mailbox", `
	SELECT message_id, recipient, subject, raw, created_at FROM local_mailbox
	ORDER BY created_at DESC, message_id DESC LIMIT @limit`)

// Mailbox returns the newest mails of the local mailbox.
func (db *DB) Mailbox(ctx context.Context, limit int) ([]support.LocalMail, error) {
	return list(ctx, db.pool, listMailbox, args{"limit": limit}, func(row pgx.CollectableRow) (m support.LocalMail, err error) {
		return m, row.Scan(&m.MessageID, &m.Recipient, &m.Subject, &m.Raw, &m.CreatedAt)
	})
}
