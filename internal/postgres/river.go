package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// The queues that jobs wait in; the job runner says how many of each run at once.
const (
	QueueEmbed = "embed"
	QueueMail  = "mail"
	QueueScan  = "scan"
)

// mailAttempts spreads over nearly three days: river waits n⁴ seconds after the n-th failure, and
// the first 16 of these sum to 68 hours.
const mailAttempts = 17

// jobs says how each kind of job is queued.
var jobs = map[string]river.InsertOpts{
	// Not unique: river counts a running job as a duplicate too, and one that has already looked for
	// what is missing would swallow the job of a version published after that. A job that finds
	// nothing to do costs one statement.
	"embed_article": {Queue: QueueEmbed, Priority: 2},
	"embed_request": {Queue: QueueEmbed, Priority: 3},
	// A mail's job is unique by its id as long as river remembers it.
	"send_confirmation": {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	"send_reply":        {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	"send_status":       {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	"announce_ticket":   {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	"send_member_link":  {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	"send_account_mail": {Queue: QueueMail, Priority: 1, MaxAttempts: mailAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}},
	// Tried for an hour and a half; then the file says that it was not scanned.
	"scan_attachment": {Queue: QueueScan, Priority: 1, MaxAttempts: 8, UniqueOpts: river.UniqueOpts{ByArgs: true}},
}

// newJobClient returns a client that inserts jobs and runs none.
func newJobClient(pool *pgxpool.Pool) (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
}

// enqueue inserts a job with the transaction that makes its promise: either both are there or
// neither.
func (db *DB) enqueue(ctx context.Context, tx pgx.Tx, job river.JobArgs) error {
	o, ok := jobs[job.Kind()]
	if !ok {
		return fmt.Errorf("job %s stands in no queue: add it to the table in river.go", job.Kind())
	}
	_, err := db.jobs.InsertTx(ctx, tx, job, &o)
	return mapped("enqueue "+job.Kind(), err)
}
