// Package jobs runs what was promised: each kind of job is one line that calls the use case which
// keeps the promise. Jobs wait in PostgreSQL and are enqueued by the transaction that makes the
// promise; here they are only worked. A job may run twice when a process dies between doing and
// noting it, so every use case called here bears that.
package jobs

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"guichet/internal/attach"
	"guichet/internal/auth"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/publish"
	"guichet/internal/support"
	"guichet/kb"
)

// The queues, as internal/postgres fills them.
const (
	queueEmbed = "embed"
	queueMail  = "mail"
	queueScan  = "scan"
)

// Publish, Handoff, Desk, Auth, Members, Files, Guard, Proofs and Answers keep the promises; the services of these names meet them.
type (
	Publish interface {
		Embed(ctx context.Context, article kb.ArticleID) error
	}
	Handoff interface {
		Deliver(ctx context.Context, id support.MailID) error
		GiveUp(ctx context.Context, id support.MailID, cause error) error
		ExpireHeld(ctx context.Context) (int, error)
	}
	Desk interface {
		Deliver(ctx context.Context, id support.MailID) error
		GiveUp(ctx context.Context, id support.MailID, cause error) error
		CloseSolved(ctx context.Context) (int, error)
	}
	Auth interface {
		Deliver(ctx context.Context, id support.MailID) error
		GiveUp(ctx context.Context, id support.MailID, cause error) error
	}
	Members interface {
		Deliver(ctx context.Context, id support.MailID) error
		GiveUp(ctx context.Context, id support.MailID, cause error) error
	}
	Files interface {
		Scan(ctx context.Context, id support.AttachmentID) error
		GiveUp(ctx context.Context, id support.AttachmentID, cause error) error
		Purge(ctx context.Context) (int, error)
	}
	Guard interface {
		Embed(ctx context.Context, id support.TicketID) error
	}
	Proofs interface {
		Prune(ctx context.Context) (int, error)
	}
	Answers interface {
		DeleteAnswersOlderThan(ctx context.Context, before time.Time) (int, error)
	}
)

// Config of a Runner.
type Config struct {
	Pool        *pgxpool.Pool
	Publish     Publish
	Handoff     Handoff
	Desk        Desk
	Auth        Auth
	Members     Members
	Files       Files
	Guard       Guard
	Proofs      Proofs
	Answers     Answers
	KeepAnswers time.Duration // zero means 30 days
	Log         *slog.Logger

	// Timeout bounds one try of a job; zero means a minute. Embedding has five times that. What a
	// killed process was at is tried again after twice Timeout, embedding after its five.
	Timeout time.Duration
	// StopBudget is what running jobs get to end when the Runner stops, before they are cancelled;
	// zero means 5 s.
	StopBudget time.Duration
}

// Runner works jobs. Any number of processes may run one on the same database.
type Runner struct {
	client *river.Client[pgx.Tx]
}

// New returns a Runner that has not begun.
func New(c Config) (*Runner, error) {
	c.KeepAnswers = cmp.Or(c.KeepAnswers, 30*24*time.Hour)
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	c.StopBudget = cmp.Or(c.StopBudget, 5*time.Second)
	client, err := river.NewClient(riverpgxv5.New(c.Pool), &river.Config{
		Workers:              workers(c),
		PeriodicJobs:         periodic(),
		Queues:               map[string]river.QueueConfig{queueEmbed: {MaxWorkers: 1}, queueMail: {MaxWorkers: 4}, queueScan: {MaxWorkers: 2}, river.QueueDefault: {MaxWorkers: 4}},
		JobTimeout:           c.Timeout,
		RescueStuckJobsAfter: 2 * c.Timeout,
		SoftStopTimeout:      c.StopBudget,
		ErrorHandler:         failures{c.Log},
		Logger:               slog.New(quiet{c.Log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Runner{client}, nil
}

// Run works jobs until ctx ends. Then it takes no more, and returns when the running ones have ended
// or were cancelled; those stay promised.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("jobs: %w", err)
	}
	<-r.client.Stopped()
	return nil
}

// workers says who does what.
func workers(c Config) *river.Workers {
	ws := river.NewWorkers()
	add(ws, embed(5*c.Timeout, func(ctx context.Context, j publish.EmbedArticle) error { return c.Publish.Embed(ctx, j.Article) }))
	add(ws, embed(5*c.Timeout, func(ctx context.Context, _ embedMissing) error { return c.Publish.Embed(ctx, "") }))
	add(ws, embed(5*c.Timeout, func(ctx context.Context, j handoff.EmbedRequest) error { return c.Guard.Embed(ctx, j.Ticket) }))
	add(ws, mail(c.Handoff, func(j handoff.SendConfirmation) support.MailID { return j.Mail }))
	add(ws, mail(c.Desk, func(j desk.SendReply) support.MailID { return j.Mail }))
	add(ws, mail(c.Desk, func(j desk.SendStatus) support.MailID { return j.Mail }))
	add(ws, mail(c.Handoff, func(j handoff.AnnounceTicket) support.MailID { return j.Mail }))
	add(ws, mail(c.Auth, func(j auth.SendAccountMail) support.MailID { return j.Mail }))
	add(ws, mail(c.Members, func(j auth.SendMemberLink) support.MailID { return j.Mail }))
	add(ws, plain(func(ctx context.Context, _ closeSolved) error { _, err := c.Desk.CloseSolved(ctx); return err }))
	add(ws, promised(c.Files.Scan, c.Files.GiveUp, func(j attach.ScanAttachment) support.AttachmentID { return j.Attachment }))
	add(ws, plain(func(ctx context.Context, _ purgeFiles) error { _, err := c.Files.Purge(ctx); return err }))
	add(ws, plain(func(ctx context.Context, _ pruneProofs) error { _, err := c.Proofs.Prune(ctx); return err }))
	add(ws, plain(func(ctx context.Context, _ expireHeld) error { _, err := c.Handoff.ExpireHeld(ctx); return err }))
	add(ws, plain(func(ctx context.Context, _ pruneAnswers) error {
		_, err := c.Answers.DeleteAnswersOlderThan(ctx, time.Now().Add(-c.KeepAnswers))
		return err
	}))
	return ws
}

// The jobs that nobody promises: they come with the clock.
type (
	embedMissing struct{} // what could not be embedded when its article was published
	expireHeld   struct{}
	closeSolved  struct{} // what was solved 14 days ago
	pruneAnswers struct{}
	purgeFiles   struct{} // that nobody sent
	pruneProofs  struct{} // of work, that were spent and have expired
)

func (embedMissing) Kind() string { return "embed_missing" }
func (expireHeld) Kind() string   { return "expire_held" }
func (closeSolved) Kind() string  { return "close_solved" }
func (pruneAnswers) Kind() string { return "prune_answers" }
func (purgeFiles) Kind() string   { return "purge_files" }
func (pruneProofs) Kind() string  { return "prune_proofs" }

// periodic says when. Each comes at the start too, since a process may not live for a day.
func periodic() []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs, queue string) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d),
			func() (river.JobArgs, *river.InsertOpts) {
				return args, &river.InsertOpts{Queue: queue, Priority: 3, UniqueOpts: river.UniqueOpts{ByState: unfinished}}
			},
			&river.PeriodicJobOpts{RunOnStart: true})
	}
	return []*river.PeriodicJob{
		every(time.Minute, embedMissing{}, queueEmbed),
		every(time.Hour, expireHeld{}, river.QueueDefault),
		every(time.Hour, closeSolved{}, river.QueueDefault),
		every(time.Hour, purgeFiles{}, river.QueueDefault),
		every(time.Hour, pruneProofs{}, river.QueueDefault),
		every(24*time.Hour, pruneAnswers{}, river.QueueDefault),
	}
}
