package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/attach"
	"guichet/internal/auth"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/jobs"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/internal/support"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a runner on a database of its own, whose services do what the test says.
type house struct {
	t     *testing.T
	db    *postgres.DB
	calls chan string // what was called, in its order

	mu      sync.Mutex
	answers map[string][]error // what the next calls return; nil when there is none left
	block   chan struct{}      // calls named "confirmation stuck" wait for it or for their context
	timeout time.Duration
	slow    bool // embedding takes longer than a job may
}

func setup(t *testing.T) *house {
	return &house{t: t, db: pgtest.New(t), calls: make(chan string, 100), answers: map[string][]error{}, block: make(chan struct{})}
}

func (h *house) call(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	if queue := h.answers[name]; len(queue) > 0 {
		err, h.answers[name] = queue[0], queue[1:]
	}
	h.calls <- name
	return err
}

// The services, each under its own type since two of them deliver.
type (
	articles      struct{ *house }
	confirmations struct{ *house }
	replies       struct{ *house }
	accounts      struct{ *house }
	members       struct{ *house }
	answers       struct{ *house }
	files         struct{ *house }
	proofs        struct{ *house }
)

func (h articles) Embed(ctx context.Context, a kb.ArticleID) error {
	err := h.call("embed " + string(a))
	if h.slow {
		<-ctx.Done()
		return problem.From(problem.Unavailable, "problem.embedder", ctx.Err())
	}
	return err
}
func (h confirmations) Deliver(ctx context.Context, id support.MailID) error {
	err := h.call("confirmation " + string(id))
	if id == "stuck" {
		select {
		case <-h.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}
func (h confirmations) GiveUp(_ context.Context, id support.MailID, cause error) error {
	return h.call("give up " + string(id) + ": " + cause.Error())
}
func (h confirmations) ExpireHeld(context.Context) (int, error) { return 0, h.call("expire") }
func (h replies) Deliver(_ context.Context, id support.MailID) error {
	return h.call("reply " + string(id))
}
func (h replies) GiveUp(_ context.Context, id support.MailID, _ error) error {
	return h.call("give up " + string(id))
}
func (h replies) CloseSolved(context.Context) (int, error) { return 0, h.call("close") }
func (h accounts) Deliver(_ context.Context, id support.MailID) error {
	return h.call("account " + string(id))
}
func (h accounts) GiveUp(_ context.Context, id support.MailID, _ error) error {
	return h.call("give up " + string(id))
}
func (h members) Deliver(_ context.Context, id support.MailID) error {
	return h.call("link " + string(id))
}
func (h members) GiveUp(_ context.Context, id support.MailID, _ error) error {
	return h.call("give up " + string(id))
}
func (h answers) DeleteAnswersOlderThan(_ context.Context, before time.Time) (int, error) {
	if age := time.Since(before); age < 47*time.Hour || age > 49*time.Hour {
		h.t.Errorf("answers of the last %s are kept, want 48 h", age)
	}
	return 0, h.call("prune")
}

func (h files) Scan(_ context.Context, id support.AttachmentID) error {
	return h.call("scan " + string(id))
}
func (h files) GiveUp(_ context.Context, id support.AttachmentID, _ error) error {
	return h.call("give up " + string(id))
}
func (h proofs) Prune(context.Context) (int, error) { return 0, h.call("forget") }
func (h files) Purge(context.Context) (int, error)  { return 0, h.call("purge") }

// promise enqueues jobs as the use cases do.
func (h *house) promise(promised ...interface{ Kind() string }) {
	h.t.Helper()
	err := h.db.InHandoff(h.t.Context(), func(ctx context.Context, tx handoff.Tx) error {
		for _, job := range promised {
			if err := tx.Enqueue(ctx, job); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// run starts a runner and returns what stops it and waits for its end.
func (h *house) run() (stop func()) {
	h.t.Helper()
	r, err := jobs.New(jobs.Config{Pool: h.db.Pool(), Publish: articles{h}, Handoff: confirmations{h}, Desk: replies{h}, Auth: accounts{h}, Members: members{h}, Files: files{h}, Proofs: proofs{h}, Answers: answers{h},
		KeepAnswers: 48 * time.Hour, Timeout: h.timeout, StopBudget: 200 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return func() {
		h.t.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				h.t.Error(err)
			}
		case <-time.After(20 * time.Second):
			h.t.Fatal("the runner does not stop")
		}
	}
}

// wait returns when each of the calls has been made.
func (h *house) wait(names ...string) {
	h.t.Helper()
	missing := map[string]int{}
	for _, n := range names {
		missing[n]++
	}
	late := time.After(40 * time.Second)
	for len(missing) > 0 {
		select {
		case n := <-h.calls:
			if missing[n]--; missing[n] <= 0 {
				delete(missing, n)
			}
		case <-late:
			h.t.Fatalf("never called: %v", missing)
		}
	}
}

// job is the row of one kind.
type job struct {
	State                string
	Attempt, MaxAttempts int
	Errors, Snoozes      int
	Waits                bool // its time has not come
}

func (h *house) job(kind string) (j job) {
	h.t.Helper()
	err := h.db.Pool().QueryRow(h.t.Context(), `SELECT state, attempt, max_attempts, COALESCE(array_length(errors, 1), 0),
		COALESCE((metadata->>'snoozes')::int, 0), finalized_at IS NULL AND scheduled_at > COALESCE(attempted_at, created_at) + interval '2 seconds'
		FROM river_job WHERE kind = $1`, kind).Scan(&j.State, &j.Attempt, &j.MaxAttempts, &j.Errors, &j.Snoozes, &j.Waits)
	if err != nil {
		h.t.Fatal(err)
	}
	return j
}

func (h *house) exec(sql string) {
	h.t.Helper()
	if _, err := h.db.Pool().Exec(h.t.Context(), sql); err != nil {
		h.t.Fatal(err)
	}
}

// TestRun: what was promised before and while the runner runs is done, and so is what comes with the
// clock.
func TestRun(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.promise(publish.EmbedArticle{Article: "a"}, handoff.SendConfirmation{Mail: "m1"}, attach.ScanAttachment{Attachment: "f1"})
	stop := h.run()
	h.wait("embed a", "confirmation m1", "scan f1", "embed ", "expire", "close", "prune", "purge", "forget")
	h.promise(desk.SendReply{Mail: "m2"}, desk.SendStatus{Mail: "m3"}, handoff.AnnounceTicket{Mail: "m4"}, auth.SendAccountMail{Mail: "m5"}, auth.SendMemberLink{Mail: "m6"})
	h.wait("reply m2", "reply m3", "confirmation m4", "account m5", "link m6")
	stop()
	for _, kind := range []string{"embed_article", "send_confirmation", "send_reply", "send_status", "announce_ticket", "send_account_mail", "send_member_link", "embed_missing", "expire_held", "close_solved", "prune_answers", "scan_attachment", "purge_files", "prune_proofs"} {
		if j := h.job(kind); j.State != "completed" {
			t.Errorf("%s is %+v", kind, j)
		}
	}
}

// TestEmbedderAway: while the embedder is away a job waits without losing its tries.
func TestEmbedderAway(t *testing.T) {
	t.Parallel()
	h := setup(t)
	away := problem.New(problem.Unavailable, "problem.embedder")
	h.answers["embed a"] = []error{away, away}
	h.promise(publish.EmbedArticle{Article: "a"})
	for n := 1; n <= 2; n++ {
		stop := h.run()
		h.wait("embed a")
		stop()
		if j := h.job("embed_article"); j.Attempt != 0 || j.Snoozes != n || j.Errors != 0 || !j.Waits || (j.State != "scheduled" && j.State != "available") {
			t.Errorf("after %d tries the job is %+v", n, j)
		}
		h.exec(`UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'embed_article'`)
	}
	stop := h.run()
	h.wait("embed a")
	stop()
	if j := h.job("embed_article"); j.State != "completed" {
		t.Errorf("the job is %+v", j)
	}
}

// TestMuchToEmbed: a job that its time does not suffice for goes on at once.
func TestMuchToEmbed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.slow, h.timeout = true, 200*time.Millisecond
	h.promise(publish.EmbedArticle{Article: "a"})
	stop := h.run()
	h.wait("embed a", "embed a")
	stop()
	if j := h.job("embed_article"); j.Waits {
		t.Errorf("the job is %+v", j)
	}
}

// TestMailIsTriedAgain: a server that is away costs a try and some time, never the mail.
func TestMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.answers["confirmation m1"] = []error{problem.New(problem.Unavailable, "")}
	h.promise(handoff.SendConfirmation{Mail: "m1"})
	stop := h.run()
	h.wait("confirmation m1", "confirmation m1")
	stop()
	if diff := cmp.Diff(job{State: "completed", Attempt: 2, MaxAttempts: 17, Errors: 1}, h.job("send_confirmation")); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
}

// TestGiveUp: after the last try the mail is marked, so that somebody can see it.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.answers["confirmation m1"] = []error{errors.New("no route")}
	h.promise(handoff.SendConfirmation{Mail: "m1"})
	h.exec(`UPDATE river_job SET max_attempts = 1`)
	stop := h.run()
	h.wait("give up m1: no route")
	stop()
	if j := h.job("send_confirmation"); j.State != "completed" {
		t.Errorf("the job is %+v", j)
	}
}

// TestScanGivenUp: a scanner that never answers leaves a file that says so.
func TestScanGivenUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.answers["scan f1"] = []error{problem.New(problem.Unavailable, "")}
	h.promise(attach.ScanAttachment{Attachment: "f1"})
	h.exec(`UPDATE river_job SET max_attempts = 1`)
	stop := h.run()
	h.wait("give up f1")
	stop()
	if j := h.job("scan_attachment"); j.State != "completed" {
		t.Errorf("the job is %+v", j)
	}
}

// TestStop: a stop waits for its budget, then cancels what still runs; that stays promised, and
// costs no try.
func TestStop(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.promise(handoff.SendConfirmation{Mail: "stuck"})
	stop := h.run()
	h.wait("confirmation stuck")
	stop()
	if diff := cmp.Diff(job{State: "available", MaxAttempts: 17}, h.job("send_confirmation")); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	close(h.block)
	stop = h.run()
	h.wait("confirmation stuck")
	stop()
	if j := h.job("send_confirmation"); j.State != "completed" {
		t.Errorf("the job is %+v", j)
	}
}

// TestLeftBehind: what a killed process was at is done by the next one.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.promise(handoff.SendConfirmation{Mail: "m1"})
	h.exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '3 minutes', attempted_by = '{killed}'`)
	stop := h.run()
	h.wait("confirmation m1")
	stop()
	if j := h.job("send_confirmation"); j.State != "completed" || j.Attempt != 2 {
		t.Errorf("the job is %+v", j)
	}
}
