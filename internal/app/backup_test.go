package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"guichet/internal/app"
	"guichet/internal/app/apptest"
	"guichet/internal/assistant"
	"guichet/internal/backup"
	"guichet/internal/config"
	"guichet/internal/handoff"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/support"
	"guichet/kb"
)

var silent = slog.New(slog.DiscardHandler)

// written is what writers have been told is kept, by table.
type written struct {
	mu  sync.Mutex
	ids map[string][]string
}

func (w *written) add(table, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids[table] = append(w.ids[table], id)
}

// now is what is written by this moment.
func (w *written) now() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := maps.Clone(w.ids)
	for table := range out {
		out[table] = slices.Clone(out[table])
	}
	return out
}

// load makes tickets with replies, articles and answers until stop is called.
type load struct {
	written
	rounds map[string]*atomic.Int64
	moved  chan struct{}
	ctx    context.Context // ended by stop, or with the first error
	end    context.CancelFunc
	group  sync.WaitGroup
}

// startLoad begins to write, by the house's own use cases.
func startLoad(t *testing.T, h *apptest.House) *load {
	t.Helper()
	if err := h.Auth.AddAgent(t.Context(), "ines@example.org", "Inès", support.RoleAgent); err != nil {
		t.Fatal(err)
	}
	agent, err := h.Database().FindAgentByEmail(t.Context(), "ines@example.org")
	if err != nil {
		t.Fatal(err)
	}
	ines := support.Actor{Agent: &agent}
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{written: written{ids: map[string][]string{}}, rounds: map[string]*atomic.Int64{}, moved: make(chan struct{}, 1), ctx: ctx, end: cancel}
	writers := map[string]func(ctx context.Context, n int64) error{
		"tickets": func(ctx context.Context, n int64) error {
			out, err := h.Handoff.Start(ctx, handoff.Request{ClientID: fmt.Sprintf("ticket-under-load-%08d", n), Channel: support.ChannelEmail, Category: "order",
				Email: fmt.Sprintf("camille%d@example.org", n), Text: fmt.Sprintf("Mon colis n° %d n’est pas arrivé.\n\\N \\.\tFin.", n), Lang: kb.French})
			if err != nil {
				return err
			}
			l.add("tickets", string(out.Ticket.ID))
			if n%2 == 0 {
				return nil
			}
			if err := h.Handoff.Release(ctx, ines, out.Ticket.ID); err != nil {
				return err
			}
			reply := fmt.Sprintf("reply-under-load-%08d", n)
			if err := h.Desk.Reply(ctx, ines, out.Ticket.ID, reply, "Nous cherchons.", support.StatusWaitingMember, false); err != nil {
				return err
			}
			l.add("entries", reply)
			return nil
		},
		"articles": func(ctx context.Context, n int64) error {
			id := fmt.Sprintf("load/%d", n%40)
			r, err := h.App.Publish.Import(ctx, []kb.Article{{ID: kb.ArticleID(id), Group: kb.GroupID(id), Lang: kb.English, Collection: "orders",
				Title: fmt.Sprintf("Parcel lockers %d", n%40), Body: fmt.Sprintf("## Opening hours %d\n\nLocker %d opens at %d o'clock.", n%40, n%40, n%24)}}, app.PublishAll)
			if err == nil && len(r.Refused) == 0 {
				l.add("articles", id)
			}
			return err
		},
		"answers": func(ctx context.Context, n int64) error {
			a, err := h.Assistant.Ask(ctx, assistant.Question{Text: "Combien de temps prend un remboursement ?", Lang: kb.French}, nil)
			if err == nil {
				l.add("answers", string(a.ID))
			}
			return err
		},
	}
	for table := range writers {
		l.rounds[table] = &atomic.Int64{}
	}
	for table, write := range writers {
		l.group.Go(func() {
			for n := int64(0); ctx.Err() == nil; n++ {
				if err := write(ctx, n); err != nil && ctx.Err() == nil {
					t.Errorf("write %s: %v", table, err)
					cancel()
					return
				}
				l.rounds[table].Add(1)
				select {
				case l.moved <- struct{}{}:
				default:
				}
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) stop() {
	l.end()
	l.group.Wait()
}

// more waits until every writer has written n times more.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := map[string]int64{}
	for table, done := range l.rounds {
		want[table] = done.Load() + n
	}
	for table := range want {
		for l.rounds[table].Load() < want[table] {
			select {
			case <-l.moved:
			case <-l.ctx.Done():
				t.Fatal("the writers have stopped")
			}
		}
	}
}

// slow holds a backup, once its moment is taken, until the writers have gone on.
type slow struct {
	backup.Source
	pause func()
}

func (s slow) Snapshot(ctx context.Context, read func(context.Context, backup.Moment, backup.CopyOut) error) error {
	return s.Source.Snapshot(ctx, func(ctx context.Context, m backup.Moment, out backup.CopyOut) error {
		s.pause()
		return read(ctx, m, out)
	})
}

// TestBackupUnderLoad is the rehearsal: a backup taken while members ask, editors publish and agents
// reply, restored into an empty database, holds all that was kept when it began, and works.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	writers := startLoad(t, h)
	writers.more(t, 4)
	// A job that is at work while the backup is taken.
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now()
		WHERE id = (SELECT min(id) FROM river_job WHERE kind = 'send_confirmation')`); err != nil {
		t.Fatal(err)
	}
	before := writers.now()
	var moment, after map[string][]string
	dir := filepath.Join(t.TempDir(), "backups", "today")
	pause := func() {
		moment = writers.now()
		writers.more(t, 3)
		after = writers.now()
	}
	if _, err := backup.Take(t.Context(), slow{h.Database(), pause}, backup.Options{Dir: dir, Secret: filepath.Join(t.TempDir(), "none")}); err != nil {
		t.Fatal(err)
	}
	writers.stop()

	mailServer := mailtest.New(t)
	settings := emptySettings(t)
	settings.SMTPURL, settings.EmbeddingsURL = mailServer.URL(), "off"
	_, left, err := app.RestoreBackup(t.Context(), check(t, settings), silent, backup.Options{Dir: dir})
	if err != nil || len(left) > 0 {
		t.Fatalf("%v, left out %v", err, left)
	}
	restored := apptest.New(t, apptest.Options{Articles: []kb.Article{}, Settings: func(s *config.Settings) {
		s.DatabaseURL, s.DataDir, s.SMTPURL = settings.DatabaseURL, settings.DataDir, settings.SMTPURL
	}})
	column := map[string]string{"tickets": "id::text", "entries": "client_id", "articles": "id", "answers": "id::text"}
	for table, ids := range before {
		kept := texts(t, restored, "SELECT "+column[table]+" FROM "+table+" WHERE "+column[table]+" IS NOT NULL")
		for _, id := range ids {
			if !slices.Contains(kept, id) {
				t.Errorf("%s: %s was kept before the backup began and is not restored", table, id)
			}
		}
		t.Logf("%s: %d kept before the backup began, %d more while it was taken, %d rows restored", table, len(ids), len(after[table])-len(moment[table]), len(kept))
		if table == "tickets" { // each is a new one; the first may have been kept at the moment itself
			for _, id := range after[table][len(moment[table])+1:] {
				if slices.Contains(kept, id) {
					t.Errorf("ticket %s was made after the backup's moment and is in it", id)
				}
			}
		}
	}
	// One moment: each ticket has its whole conversation, and each promised mail its job.
	for sentence, sql := range map[string]string{
		"conversations whose entries are not all there": `SELECT c.id::text FROM conversations c WHERE c.seq <> (SELECT count(*) FROM entries e WHERE e.conversation_id = c.id)`,
		"promised mails without a job":                  `SELECT id::text FROM mails m WHERE state = 'queued' AND NOT EXISTS (SELECT FROM river_job j WHERE j.args ->> 'mail' = m.id::text)`,
		"published articles without passages":           `SELECT id FROM articles a WHERE status = 'published' AND NOT EXISTS (SELECT FROM passages p WHERE p.article_id = a.id)`,
		"jobs at which nobody works":                    `SELECT id::text FROM river_job WHERE state = 'running'`,
	} {
		if found := texts(t, restored, sql); len(found) > 0 {
			t.Errorf("%s: %v", sentence, found)
		}
	}

	if a := ask(t, restored, "Combien de temps prend un remboursement ?", "fr"); a.Outcome != "answered" || missing(a, []string{"7 à 14 jours"}) != "" {
		t.Errorf("the restored house answers %s: %q", a.Outcome, a.Text)
	}
	promised := texts(t, restored, `SELECT message_id FROM mails WHERE state = 'queued'`)
	if len(promised) == 0 {
		t.Fatal("no mail was promised: the test shows nothing")
	}
	runJobs(t, restored, func() { mailServer.Wait(t, len(promised)) })
	sent := map[string]int{}
	for _, m := range mailServer.Messages() {
		for _, id := range promised {
			if strings.Contains(string(m.Raw), "<"+id+">") {
				sent[id]++
			}
		}
	}
	for _, id := range promised {
		if sent[id] != 1 {
			t.Errorf("the promised mail %s was sent %d times", id, sent[id])
		}
	}
	if queued := texts(t, restored, `SELECT id::text FROM mails WHERE state = 'queued'`); len(queued) > 0 {
		t.Errorf("mails that are still to be sent: %v", queued)
	}
}

// TestBackupIsExact compares a restored database with the one it was made of, row by row.
func TestBackupIsExact(t *testing.T) {
	t.Parallel()
	var settings config.Settings
	h := apptest.New(t, apptest.Options{Settings: func(s *config.Settings) { settings = *s }})
	writers := startLoad(t, h)
	writers.more(t, 3)
	writers.stop()
	secret := filepath.Join(settings.DataDir, "secret")
	dir := t.TempDir() // an empty folder will do
	m, err := app.Backup(t.Context(), check(t, settings), silent, backup.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Backup(t.Context(), check(t, settings), silent, backup.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("over another backup: %v", err)
	}
	target := emptySettings(t)
	if _, _, err := app.RestoreBackup(t.Context(), check(t, target), silent, backup.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	there := open(t, target.DatabaseURL)
	for _, table := range m.Tables {
		sql := "SELECT count(*) || ' ' || coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM " + table.Name + " x"
		if table.Name == "settings" {
			sql += " WHERE key <> 'instance'"
		}
		want, got := texts(t, h, sql), query(t, there, sql)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-original +restored):\n%s", table.Name, diff)
		}
	}
	want, err1 := os.ReadFile(secret)
	got, err2 := os.ReadFile(filepath.Join(target.DataDir, "secret"))
	if err := errors.Join(err1, err2); err != nil || string(want) != string(got) {
		t.Errorf("the key: %v, %d and %d bytes", err, len(want), len(got))
	}
	if info, err := os.Stat(filepath.Join(target.DataDir, "secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode: %v, %v", info.Mode(), err)
	}

	t.Run("NotEmpty", func(t *testing.T) {
		if _, _, err := app.RestoreBackup(t.Context(), check(t, target), silent, backup.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "database is not empty") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AnotherKey", func(t *testing.T) {
		other := emptySettings(t)
		if err := os.WriteFile(filepath.Join(other.DataDir, "secret"), []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := app.RestoreBackup(t.Context(), check(t, other), silent, backup.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another key") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Tampered", func(t *testing.T) {
		for name, spoil := range map[string]func(path string) error{
			"tickets.copy.gz":  func(path string) error { return os.Truncate(path, 40) },
			"entries.copy.gz":  os.Remove,
			"articles.copy.gz": func(path string) error { return flip(path) },
			"secret":           func(path string) error { return flip(path) },
		} {
			spoiled := t.TempDir()
			if err := os.CopyFS(spoiled, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(spoiled, name)); err != nil {
				t.Fatal(err)
			}
			empty := emptySettings(t)
			_, _, err := app.RestoreBackup(t.Context(), check(t, empty), silent, backup.Options{Dir: spoiled})
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want one sentence that names it", name, err)
			}
			if found := query(t, open(t, empty.DatabaseURL), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`); len(found) > 0 {
				t.Errorf("%s: the refused restore has left %v", name, found)
			}
			if _, err := os.Stat(filepath.Join(empty.DataDir, "secret")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: the refused restore has left a key (%v)", name, err)
			}
		}
	})
}

// flip changes one byte of a file.
func flip(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// emptySettings name a new data folder and an empty database.
func emptySettings(t *testing.T) config.Settings {
	t.Helper()
	return config.Settings{Addr: "127.0.0.1:8080", OpsAddr: "off", DataDir: t.TempDir(), DatabaseURL: pgtest.Empty(t),
		Language: "en", Zone: "Europe/Paris", Starter: "none", EmbeddingsURL: "off"}
}

func check(t *testing.T, s config.Settings) config.Checked {
	t.Helper()
	c, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// runJobs works jobs until done returns.
func runJobs(t *testing.T, h *apptest.House, done func()) {
	t.Helper()
	runner, err := h.Jobs()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	done()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// query returns the only column of a query's rows.
func query(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// texts is query on the database of a house.
func texts(t *testing.T, h *apptest.House, sql string) []string {
	t.Helper()
	conn, err := h.Database().Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	return query(t, conn.Conn(), sql)
}
