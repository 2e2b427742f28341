package postgres

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var _ assistant.Gaps = (*DB)(nil)

var (
	// What was asked is the question with the subject carried over from what came before. A wish for a
	// person, or thanks, is no question.
	listUnanswered = query("list_unanswered", `
		SELECT a.id, coalesce(nullif(a.trace->'query'->>'Text', ''), a.question), a.lang, a.outcome, coalesce(f.noes, 0), a.created_at, coalesce(a.trace->>'vector', ''),
			coalesce(a.trace->'setup'->>'embedder', ''), coalesce((a.trace->'setup'->>'means')::int, 0)
		FROM answers a
		LEFT JOIN LATERAL (SELECT count(*) AS noes FROM answer_feedback f WHERE f.answer_id = a.id AND NOT f.helpful) f ON true
		WHERE a.created_at BETWEEN @since AND @until AND (a.outcome = 'unknown' AND coalesce(a.answer->>'Handoff', 'loop') = 'loop' AND a.answer->>'Courtesy' IS NULL OR f.noes > 0)
			AND NOT EXISTS (SELECT FROM gaps_closed g WHERE g.answer_id = a.id)
		ORDER BY a.created_at DESC, a.id LIMIT @limit`)

	closeGap = query("close_gap", `
		INSERT INTO gaps_closed (answer_id, agent_id, closed_at)
		SELECT id, @agent, @at FROM answers WHERE id = ANY(@ids)
		ON CONFLICT DO NOTHING`)
)

// Unanswered implements assistant.Gaps.
func (db *DB) Unanswered(ctx context.Context, p assistant.Period, limit int) (_ []assistant.Unanswered, err error) {
	defer problem.Wrap(&err, "Unanswered")
	type made struct {
		model string
		means int
	}
	var with []made
	out, err := list(ctx, db.pool, listUnanswered, args{"since": p.Since, "until": p.Until, "limit": limit},
		func(row pgx.CollectableRow) (q assistant.Unanswered, err error) {
			var vector string
			var m made
			if err := row.Scan(&q.ID, &q.Question, &q.Lang, &q.Outcome, &q.Noes, &q.CreatedAt, &vector, &m.model, &m.means); err != nil {
				return q, err
			}
			with = append(with, m)
			return q, (*assistant.Vector)(&q.Vector).UnmarshalText([]byte(vector))
		})
	if err != nil {
		return nil, err
	}
	means := map[made]map[kb.Lang][]float32{}
	for i := range out {
		m := with[i]
		if _, read := means[m]; !read && m.model != "" {
			of, err := db.Means(ctx, m.model, m.means)
			if err != nil {
				return nil, err
			}
			means[m] = of[kb.AsQuestion]
		}
		out[i].Vector = centred(out[i].Vector, means[m][out[i].Lang])
	}
	return out, nil
}

// centred is v less the mean, of unit length; nil without either.
func centred(v, mean []float32) []float32 {
	if len(v) == 0 || len(mean) != len(v) {
		return nil
	}
	norm := 0.0
	for i := range v {
		v[i] -= mean[i]
		norm += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(norm))
	}
	return v
}

// CloseGap implements assistant.Gaps.
func (db *DB) CloseGap(ctx context.Context, ids []support.AnswerID, agent support.AgentID, at time.Time) (err error) {
	defer problem.Wrap(&err, "CloseGap(%d)", len(ids))
	_, err = closeGap.exec(ctx, db.pool, args{"ids": texts(ids), "agent": agent, "at": at})
	return err
}
