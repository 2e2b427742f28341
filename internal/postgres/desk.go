package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/problem"
)

// deskTx is one transaction on conversations, tickets, tokens and mails. It is both handoff.Tx and
// desk.Tx; its methods stand in the files of the rows that they touch.
type deskTx struct {
	db *DB
	tx pgx.Tx
}

// InHandoff runs do in one transaction.
func (db *DB) InHandoff(ctx context.Context, do func(context.Context, handoff.Tx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return do(ctx, deskTx{db, tx}) })
}

// InDesk runs do in one transaction.
func (db *DB) InDesk(ctx context.Context, do func(context.Context, desk.Tx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return do(ctx, deskTx{db, tx}) })
}

func (d deskTx) Enqueue(ctx context.Context, job interface{ Kind() string }) error {
	return d.db.enqueue(ctx, d.tx, job)
}

// checkID returns NotFound for an id that cannot be any row's: what members type into an address
// must not become an error of the driver.
func checkID[T ~string](id T) error {
	if len(id) == 36 && uuid.Validate(string(id)) == nil {
		return nil
	}
	return problem.From(problem.NotFound, "", fmt.Errorf("%T %q is not an id", id, string(id[:min(len(id), 40)])))
}

// orNull is t, or NULL for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// orZero is what a column says, or the zero time for NULL.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
