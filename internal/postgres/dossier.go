package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/desk"
	"guichet/internal/support"
)

// Answers are few in a conversation; each is looked up by its id.
var ratingsIn = query("ratings_in", `
	SELECT f.answer_id, f.helpful, f.reasons, f.comment
	FROM entries e JOIN answer_feedback f ON f.answer_id = NULLIF(e.data->>'answer', '')::uuid
	WHERE e.conversation_id = @conversation AND e.author = 'assistant'
	ORDER BY f.id LIMIT 50`)

// ratingsIn is what was said of the answers in a conversation.
func (db *DB) ratingsIn(ctx context.Context, c support.ConversationID) ([]desk.Rating, error) {
	return list(ctx, db.pool, ratingsIn, args{"conversation": c}, func(row pgx.CollectableRow) (r desk.Rating, err error) {
		return r, row.Scan(&r.Answer, &r.Helpful, &r.Reasons, &r.Comment)
	})
}

var solvedTooLong = query("solved_too_long", `
	SELECT id FROM tickets WHERE status = 'solved' AND solved_at <= @before ORDER BY solved_at LIMIT @limit`)

// SolvedTooLong returns tickets that were solved before; see desk.Store.
func (db *DB) SolvedTooLong(ctx context.Context, before time.Time, limit int) ([]support.TicketID, error) {
	return list(ctx, db.pool, solvedTooLong, args{"before": before, "limit": limit}, value[support.TicketID])
}
