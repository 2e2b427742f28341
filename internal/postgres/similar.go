package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var _ handoff.GuardStore = (*DB)(nil)

// firstText is the message that a ticket was made with, which its handoff's client id names.
const firstText = `
	JOIN LATERAL (
		SELECT body FROM entries e
		WHERE e.conversation_id = t.conversation_id AND e.author = 'member' AND e.client_id = t.client_id) first ON true`

var (
	// The conditions are those of the indexes tickets_by_member and tickets_open_by_email.
	openRequests = query("open_requests", `
		SELECT `+ticketColumns+`, first.body, v.embedding
		FROM tickets t`+firstText+`
		LEFT JOIN request_vectors v ON v.ticket_id = t.id AND v.model = @model
		WHERE t.status IN ('new','open','waiting_member','waiting_third_party')
			AND (t.member_id = NULLIF(@member::text, '')::uuid
				OR t.conversation_id = NULLIF(@conversation::text, '')::uuid AND t.email_proven_at IS NOT NULL AND t.held_at IS NULL
				OR lower(t.email) = NULLIF(lower(@email), '') AND t.email_proven_at IS NOT NULL AND t.held_at IS NULL)
		ORDER BY t.created_at DESC, t.id DESC LIMIT @limit`)

	// The condition is that of the index tickets_learnt.
	pastRequests = query("past_requests", `
		SELECT `+ticketColumns+`, left(first.body, 8000), v.embedding
		FROM tickets t`+firstText+`
		LEFT JOIN request_vectors v ON v.ticket_id = t.id AND v.model = @model
		WHERE t.held_at IS NULL AND t.status NOT IN ('spam','merged')
		ORDER BY t.created_at DESC, t.id DESC LIMIT @limit`)

	unembeddedRequests = query("unembedded_requests", `
		SELECT `+ticketColumns+`, first.body, NULL::vector
		FROM (
			SELECT * FROM tickets
			WHERE held_at IS NULL AND status NOT IN ('spam','merged') AND (@id = '' OR id = nullif(@id, '')::uuid)
			ORDER BY created_at DESC, id DESC LIMIT @among) t`+firstText+`
		WHERE NOT EXISTS (SELECT FROM request_vectors v WHERE v.ticket_id = t.id AND v.model = @model)
		ORDER BY t.created_at DESC, t.id DESC LIMIT @limit`)

	// The ticket may be gone by now.
	saveRequestVector = query("save_request_vector", `
		INSERT INTO request_vectors (ticket_id, model, embedding)
		SELECT id, @model, @vector FROM tickets WHERE id = @id
		ON CONFLICT DO NOTHING`)

	embeddedTitles = query("embedded_titles", `
		SELECT DISTINCT ON (u.lang, u.hash) u.lang, u.input, e.embedding
		FROM embedding_units u JOIN embeddings e ON (e.model, e.side, e.hash) = (@model, u.side, u.hash)
		WHERE u.kind = 1 ORDER BY u.lang, u.hash LIMIT @limit`)
)

func scanPastRequest(row pgx.CollectableRow) (r handoff.PastRequest, err error) {
	rows := vectorTail{CollectableRow: row, text: &r.Text}
	r.Ticket, err = scanTicket(&rows)
	r.Vector = rows.vector.Slice()
	return r, err
}

// vectorTail lets scanTicket read a row that has a text and a vector, or none, behind the ticket.
type vectorTail struct {
	pgx.CollectableRow
	text   *string
	vector pgvector.Vector
}

func (v *vectorTail) Scan(into ...any) error {
	var vector *pgvector.Vector
	err := v.CollectableRow.Scan(append(into, v.text, &vector)...)
	if vector != nil {
		v.vector = *vector
	}
	return err
}

// OpenRequests implements handoff.GuardStore.
func (db *DB) OpenRequests(ctx context.Context, h handoff.Holder, model string, limit int) (_ []handoff.PastRequest, err error) {
	defer problem.Wrap(&err, "OpenRequests")
	return list(ctx, db.pool, openRequests, args{"member": string(h.Member), "conversation": string(h.Conversation), "email": h.Address, "model": model, "limit": limit}, scanPastRequest)
}

// PastRequests implements handoff.GuardStore.
func (db *DB) PastRequests(ctx context.Context, model string, limit int) (_ []handoff.PastRequest, err error) {
	defer problem.Wrap(&err, "PastRequests(%s)", model)
	return list(ctx, db.pool, pastRequests, args{"model": model, "limit": limit}, scanPastRequest)
}

// UnembeddedRequests implements handoff.GuardStore.
func (db *DB) UnembeddedRequests(ctx context.Context, id support.TicketID, model string, among, limit int) (_ []handoff.PastRequest, err error) {
	defer problem.Wrap(&err, "UnembeddedRequests(%s, %s)", id, model)
	if id != "" {
		if err := checkID(id); err != nil {
			return nil, err
		}
	}
	return list(ctx, db.pool, unembeddedRequests, args{"id": id, "model": model, "among": among, "limit": limit}, scanPastRequest)
}

// SaveRequestVector implements handoff.GuardStore.
func (db *DB) SaveRequestVector(ctx context.Context, id support.TicketID, model string, vector []float32) (err error) {
	defer problem.Wrap(&err, "SaveRequestVector(%s, %s)", id, model)
	_, err = saveRequestVector.exec(ctx, db.pool, args{"id": id, "model": model, "vector": pgvector.NewVector(vector)})
	return err
}

// EmbeddedTitles implements handoff.GuardStore.
func (db *DB) EmbeddedTitles(ctx context.Context, model string, limit int) (_ []handoff.Spoken, err error) {
	defer problem.Wrap(&err, "EmbeddedTitles(%s)", model)
	return list(ctx, db.pool, embeddedTitles, args{"model": model, "limit": limit}, func(row pgx.CollectableRow) (s handoff.Spoken, err error) {
		var lang string
		var v pgvector.Vector
		err = row.Scan(&lang, &s.Text, &v)
		s.Lang, s.Vector = kb.Lang(lang), v.Slice()
		return s, err
	})
}
