package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"guichet/internal/desk"
	"guichet/internal/support"
)

// Statements returns every registered statement by name.
func Statements() map[string]string {
	out := map[string]string{}
	for name, s := range statements {
		out[name] = s.sql
	}
	return out
}

// Enqueue inserts a job in a transaction of its own.
func (db *DB) Enqueue(ctx context.Context, jobs ...river.JobArgs) error {
	return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, job := range jobs {
			if err := db.enqueue(ctx, tx, job); err != nil {
				return err
			}
		}
		return nil
	})
}

// IndexFrom sets how many vectors have an index.
func (db *DB) IndexFrom(vectors int) { db.indexFrom = vectors }

// Tx is tx.
func (db *DB) Tx(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return db.tx(ctx, fn)
}

// ExplainOwnTickets is the plan by which OwnTickets reads.
func (db *DB) ExplainOwnTickets(ctx context.Context, m support.Mine, q desk.SpaceQuery) (string, error) {
	s, a := ownStatement(m, q)
	rows, err := db.pool.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) "+s.sql[strings.IndexByte(s.sql, '\n'):], a)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(lines, "\n"), err
}
