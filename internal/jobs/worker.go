package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// unfinished are the states in which a periodic job keeps a second one of its kind away.
var unfinished = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled}

// worker is a function as river wants it.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	work    func(ctx context.Context, job *river.Job[T]) error
	wait    func(job *river.Job[T]) time.Duration // before the next try; nil leaves it to river
	timeout time.Duration                         // zero leaves it to Config.Timeout
}

func (w worker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout }

func (w worker[T]) Work(ctx context.Context, job *river.Job[T]) error { return w.work(ctx, job) }

func (w worker[T]) NextRetry(job *river.Job[T]) time.Time {
	if w.wait == nil {
		return time.Time{}
	}
	return time.Now().Add(w.wait(job))
}

func add[T river.JobArgs](ws *river.Workers, w worker[T]) { river.AddWorker(ws, w) }

// plain is a job that is tried again as river sees fit.
func plain[T river.JobArgs](do func(context.Context, T) error) worker[T] {
	return worker[T]{work: func(ctx context.Context, job *river.Job[T]) error { return do(ctx, job.Args) }}
}

// mail is a job that sends a promised mail. It is tried again after n⁴ seconds, as often as it was
// enqueued for, which is three days; then the mail is marked as failed.
func mail[T river.JobArgs](s interface {
	Deliver(context.Context, support.MailID) error
	GiveUp(context.Context, support.MailID, error) error
}, id func(T) support.MailID) worker[T] {
	return promised(s.Deliver, s.GiveUp, id)
}

// promised is a job that says so where it could not be done in as many tries as it was enqueued for.
func promised[T river.JobArgs, ID any](do func(context.Context, ID) error, giveUp func(context.Context, ID, error) error, id func(T) ID) worker[T] {
	return worker[T]{work: func(ctx context.Context, job *river.Job[T]) error {
		err := do(ctx, id(job.Args))
		if err != nil && job.Attempt >= job.MaxAttempts && ctx.Err() == nil {
			return giveUp(ctx, id(job.Args), err)
		}
		return err
	}}
}

// embed is a job that waits for the embedder as long as it takes: while that is away, or has more to
// do than fits into timeout, tries are not counted. What was embedded until then is kept.
func embed[T river.JobArgs](timeout time.Duration, do func(context.Context, T) error) worker[T] {
	return worker[T]{
		timeout: timeout,
		work: func(ctx context.Context, job *river.Job[T]) error {
			err := do(ctx, job.Args)
			if err != nil && ctx.Err() != nil { // much to embed: on with the rest
				return river.JobSnooze(0)
			}
			if problem.Is(err, problem.Unavailable) {
				return river.JobSnooze(patience(snoozes(job.Metadata)))
			}
			return err
		},
		wait: func(job *river.Job[T]) time.Duration { return patience(job.Attempt) },
	}
}

// patience is 4 s at first, doubled each time up to a minute.
func patience(n int) time.Duration {
	return min(4*time.Second<<min(n, 4), time.Minute)
}

// snoozes reads how often river has put a job off.
func snoozes(metadata []byte) int {
	var m struct {
		Snoozes int `json:"snoozes"`
	}
	if json.Unmarshal(metadata, &m) != nil {
		return 0
	}
	return m.Snoozes
}

// failures logs each try that failed, once.
type failures struct{ log *slog.Logger }

func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	f.log.WarnContext(ctx, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "of", job.MaxAttempts, "err", err)
	return nil
}

func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	f.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "err", fmt.Sprint(value), "trace", trace)
	return nil
}

// quiet drops what river says below warnings: it tells of every round it makes.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(n string) slog.Handler      { return quiet{q.Handler.WithGroup(n)} }
