package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/support"
)

// The lock lets one handoff after the other count and promise for an address: together they would
// each see room for one more mail. A withheld mail was never promised.
var lockRecipient = query("lock_recipient", `SELECT pg_advisory_xact_lock(hashtextextended('mail to ' || lower(@recipient), 0))`)

var countMails = query("count_mails", `
	SELECT count(*) FILTER (WHERE lower(recipient) = lower(@recipient)), count(*)
	FROM mails WHERE kind = @kind AND created_at > @since AND state <> 'withheld'`)

func (d deskTx) CountMails(ctx context.Context, kind support.MailKind, recipient string, since time.Time) (to, all int, err error) {
	if _, err = lockRecipient.exec(ctx, d.tx, args{"recipient": recipient}); err != nil {
		return 0, 0, err
	}
	n, err := one(ctx, d.tx, countMails, args{"kind": kind, "recipient": recipient, "since": since},
		func(row pgx.CollectableRow) (n [2]int, err error) { return n, row.Scan(&n[0], &n[1]) })
	return n[0], n[1], err
}

// A reply or a status announces an entry once; the indexes mails_one_reply and mails_one_status hold it.
var createMail = query("create_mail", `
	INSERT INTO mails (id, message_id, kind, ticket_id, agent_id, entry_seq, recipient, lang, state)
	VALUES (@id, @message_id, @kind, NULLIF(@ticket, '')::uuid, NULLIF(@agent, '')::uuid, @entry_seq, @recipient, @lang, @state)
	ON CONFLICT DO NOTHING`)

func (d deskTx) CreateReplyMail(ctx context.Context, m support.Mail) (created bool, err error) {
	n, err := createMail.exec(ctx, d.tx, args{"id": m.ID, "message_id": m.MessageID, "kind": m.Kind, "ticket": m.Ticket,
		"agent": m.Agent, "entry_seq": m.EntrySeq, "recipient": m.Recipient, "lang": m.Lang, "state": m.State})
	return n == 1, err
}

func (d deskTx) CreateMail(ctx context.Context, m support.Mail) error {
	_, err := d.CreateReplyMail(ctx, m)
	return err
}

var findMail = query("find_mail", `
	SELECT id, message_id, kind, ticket_id, COALESCE(entry_seq, 0), recipient, lang, state FROM mails WHERE id = @id`)

// FindMail reads a promised mail with its ticket; NotFound if there is none.
func (db *DB) FindMail(ctx context.Context, id support.MailID) (m support.Mail, t support.Ticket, err error) {
	if err = checkID(id); err != nil {
		return m, t, err
	}
	m, err = one(ctx, db.pool, findMail, args{"id": id}, func(row pgx.CollectableRow) (m support.Mail, err error) {
		return m, row.Scan(&m.ID, &m.MessageID, &m.Kind, &m.Ticket, &m.EntrySeq, &m.Recipient, &m.Lang, &m.State)
	})
	if err != nil {
		return m, t, err
	}
	t, err = one(ctx, db.pool, findTicket, args{"id": m.Ticket}, scanTicket)
	return m, t, err
}

// What was sent stays sent, whatever a second run of its job meets.
var markMail = query("mark_mail", `
	UPDATE mails SET state = @state, cause = @cause, sent_at = CASE WHEN @state = 'sent' THEN now() END
	WHERE id = @id AND state <> 'sent'`)

// MarkMail notes what became of a mail; see handoff.Store.
func (db *DB) MarkMail(ctx context.Context, id support.MailID, state, cause string) error {
	_, err := markMail.exec(ctx, db.pool, args{"id": id, "state": state, "cause": cause})
	return err
}
