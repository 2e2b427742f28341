package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/desk"
	"guichet/internal/support"
)

// A member's tickets are found in two indexes, each in the order of the list and no further than the
// page reaches: what was asked in their name, and what was asked and proven under their address.
const (
	inTheirName  = `member_id = @member::uuid`
	underAddress = `email = @email AND email_proven_at IS NOT NULL`

	ownWanted = `(@statuses::text[] IS NULL OR status = ANY (@statuses)) AND (@channel = '' OR channel = @channel)`
	ownAfter  = `(@after_at::timestamptz IS NULL OR (updated_at, id) < (@after_at, @after_id::uuid))`
	newest    = `ORDER BY updated_at DESC, id DESC`

	unread = `FROM entries e
		WHERE e.conversation_id = tickets.conversation_id AND e.author = 'agent' AND e.kind = 'message'
			AND e.pub_seq > COALESCE((SELECT r.pub_seq FROM ticket_reads r WHERE r.ticket_id = tickets.id AND r.member_id = @member::uuid), 0)`
	unreadOf = `(SELECT count(*) ` + unread + `)`
	movedOf  = `COALESCE((SELECT e.created_at FROM entries e
		WHERE e.conversation_id = tickets.conversation_id AND e.pub_seq IS NOT NULL ORDER BY e.pub_seq DESC LIMIT 1), created_at)`
)

// own is the ids of a member's tickets that meet a condition, the newest ones of each index, and when
// they moved.
func own(condition, limit string) string {
	of := func(whose string) string {
		return `(SELECT id, updated_at FROM tickets WHERE ` + whose + ` AND ` + condition + ` ` + newest + ` LIMIT ` + limit + `)`
	}
	return of(inTheirName) + ` UNION ` + of(underAddress)
}

var (
	ownTickets = query("own_tickets", `
		SELECT `+ticketColumns+`, `+unreadOf+`, `+movedOf+` FROM tickets
		WHERE id IN (SELECT id FROM (`+own(ownWanted+` AND `+ownAfter, `@limit`)+`) own)
		`+newest+` LIMIT @limit`)

	// Texts are read of the newest alone, one request after the other until the page is full. What is
	// looked for is folded once, as the texts were when they were written: lower() makes each anew.
	searchOwnTickets = query("search_own_tickets", `
		SELECT `+ticketColumns+`, `+unreadOf+`, `+movedOf+` FROM (
			SELECT id AS own_id, updated_at AS moved FROM (`+own(`true`, `500`)+`) own ORDER BY updated_at DESC, id DESC LIMIT 500) own
		JOIN tickets ON id = own_id
		WHERE `+ownWanted+` AND `+ownAfter+`
			AND (position((SELECT lower(@query::text)) IN lower(subject)) > 0 OR position((SELECT upper(@query)) IN ref) > 0 OR ref = @ref
				OR EXISTS (SELECT FROM entries e
					WHERE e.conversation_id = tickets.conversation_id AND e.pub_seq IS NOT NULL AND position((SELECT lower(@query)) IN e.search) > 0))
		ORDER BY own.moved DESC, own.own_id DESC LIMIT @limit`)

	countUnread = query("count_unread", `
		SELECT count(*) FROM tickets WHERE id IN (SELECT id FROM (`+own(`true`, `100`)+`) own) AND EXISTS (SELECT `+unread+`)`)

	findOwnTicket = query("find_own_ticket", `
		SELECT `+ticketColumns+`, `+unreadOf+`, `+movedOf+` FROM tickets
		WHERE ref = @ref AND (`+inTheirName+` OR `+underAddress+`)`)

	followedTickets = query("followed_tickets", `
		SELECT ref, follows = @id FROM tickets
		WHERE (follows = @id OR id = NULLIF(@follows, '')::uuid) AND (`+inTheirName+` OR `+underAddress+`)
		ORDER BY created_at, id LIMIT 21`)

	markRead = query("mark_read", `
		INSERT INTO ticket_reads AS r (ticket_id, member_id, pub_seq)
		SELECT t.id, @member::uuid, LEAST(@seq::bigint, c.pub_seq)
		FROM tickets t JOIN conversations c ON c.id = t.conversation_id WHERE t.id = @id
		ON CONFLICT (ticket_id, member_id) DO UPDATE SET pub_seq = GREATEST(r.pub_seq, EXCLUDED.pub_seq)`)
)

// longer scans a row's last columns into more.
type longer struct {
	pgx.CollectableRow
	more []any
}

func (l longer) Scan(to ...any) error { return l.CollectableRow.Scan(append(to, l.more...)...) }

func scanItem(row pgx.CollectableRow) (i desk.Item, err error) {
	i.Ticket, err = scanTicket(longer{row, []any{&i.Unread, &i.MovedAt}})
	return i, err
}

func mineArgs(m support.Mine, more args) args {
	out := args{"member": m.Member, "email": m.Email}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// OwnTickets implements desk.SpaceStore.
func (db *DB) OwnTickets(ctx context.Context, m support.Mine, q desk.SpaceQuery) ([]desk.Item, error) {
	s, a := ownStatement(m, q)
	return list(ctx, db.pool, s, a, scanItem)
}

func ownStatement(m support.Mine, q desk.SpaceQuery) (*statement, args) {
	a := mineArgs(m, args{"statuses": q.Statuses, "channel": q.Channel, "limit": q.Limit,
		"after_at": orNull(q.After.At), "after_id": nullID(q.After.ID)})
	if q.Query == "" {
		return ownTickets, a
	}
	a["query"], a["ref"] = q.Query, support.NormalRef(q.Query)
	return searchOwnTickets, a
}

// nullID is an id, or NULL for "".
func nullID(id support.TicketID) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

// CountUnread implements desk.SpaceStore.
func (db *DB) CountUnread(ctx context.Context, m support.Mine) (int, error) {
	return one(ctx, db.pool, countUnread, mineArgs(m, nil), value[int])
}

// FindOwnTicket implements desk.SpaceStore.
func (db *DB) FindOwnTicket(ctx context.Context, m support.Mine, ref string) (desk.Item, error) {
	return one(ctx, db.pool, findOwnTicket, mineArgs(m, args{"ref": ref}), scanItem)
}

// Followed implements desk.SpaceStore.
func (db *DB) Followed(ctx context.Context, m support.Mine, t support.Ticket) (follows string, by []string, err error) {
	type link struct {
		ref   string
		later *bool
	}
	links, err := list(ctx, db.pool, followedTickets, mineArgs(m, args{"id": t.ID, "follows": t.Follows}), func(row pgx.CollectableRow) (l link, err error) {
		return l, row.Scan(&l.ref, &l.later)
	})
	for _, l := range links {
		if l.later != nil && *l.later {
			by = append(by, l.ref)
		} else {
			follows = l.ref
		}
	}
	return follows, by, err
}

// MarkRead implements desk.SpaceStore.
func (db *DB) MarkRead(ctx context.Context, m support.MemberID, id support.TicketID, pubSeq int64) error {
	_, err := markRead.exec(ctx, db.pool, args{"member": m, "id": id, "seq": pubSeq})
	return err
}

const opens = `(purpose = 'ticket_link' AND subject = @ticket::text OR purpose = 'conversation' AND subject = @conversation::text)
	AND revoked_at IS NULL AND expires_at > @now`

var (
	openTokens = query("open_tokens", `
		SELECT left(encode(hash, 'hex'), 16), purpose = 'conversation', created_at, expires_at FROM tokens
		WHERE `+opens+` ORDER BY created_at DESC, hash LIMIT 50`)

	revokeOpen = query("revoke_open", `
		UPDATE tokens SET revoked_at = @now
		WHERE `+opens+` AND (@token = '' OR left(encode(hash, 'hex'), 16) = @token)`)
)

// OpenTokens implements desk.SpaceStore.
func (db *DB) OpenTokens(ctx context.Context, id support.TicketID, c support.ConversationID, now time.Time) ([]desk.Opener, error) {
	return list(ctx, db.pool, openTokens, args{"ticket": id, "conversation": c, "now": now}, func(row pgx.CollectableRow) (t desk.Opener, err error) {
		return t, row.Scan(&t.ID, &t.Browser, &t.Since, &t.Until)
	})
}

// RevokeOpen implements desk.SpaceStore.
func (db *DB) RevokeOpen(ctx context.Context, id support.TicketID, c support.ConversationID, token string, now time.Time) (int, error) {
	return revokeOpen.exec(ctx, db.pool, args{"ticket": id, "conversation": c, "token": token, "now": now})
}
