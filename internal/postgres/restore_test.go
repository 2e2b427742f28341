package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"guichet/internal/backup"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/migrations"
)

// kept is a snapshot in memory.
type kept struct {
	backup.Moment
	rows map[string][]byte
}

func keep(t *testing.T, db *postgres.DB) kept {
	t.Helper()
	k := kept{rows: map[string][]byte{}}
	err := db.Snapshot(t.Context(), func(ctx context.Context, m backup.Moment, out backup.CopyOut) (err error) {
		k.Moment = m
		for i, table := range k.Tables {
			var b bytes.Buffer
			if k.Tables[i].Rows, err = out(ctx, table, &b); err != nil {
				return err
			}
			k.rows[table.Name] = b.Bytes()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k kept) open(t backup.Table) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(k.rows[t.Name])), nil
}

// digests sums up what each table holds, whatever the order of its rows.
func digests(t *testing.T, url string, tables []backup.Table) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	out := map[string]string{}
	for _, table := range tables {
		var sum string
		name := pgx.Identifier{table.Name}.Sanitize()
		if err := conn.QueryRow(t.Context(), "SELECT count(*) || ' ' || coalesce(md5(string_agg(x::text, '|' ORDER BY x::text)), '') FROM "+name+" x").Scan(&sum); err != nil {
			t.Fatal(err)
		}
		out[table.Name] = sum
	}
	return out
}

// fill puts something into the library, a job and characters that COPY has to escape among it.
func fill(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	lib := library{db, t}
	lib.publish(article("tab", "fr", "Délais\tet « guillemets » \\N \\.\nsur deux lignes.\n\nAutre 你好 chose."))
	lib.publish(article("other", "de", "Über\u00a0alles.\n\nEnde."))
	lib.embedAll()
	lib.recentre()
	exec(t, url, `INSERT INTO agents (id, email, role) VALUES ('00000000-0000-0000-0000-000000000001', 'ines@example.org', 'agent');
		UPDATE river_job SET state = 'running' WHERE id = (SELECT min(id) FROM river_job)`)
	return db
}

func TestRestore(t *testing.T) {
	t.Parallel()
	from, to := pgtest.URL(t), pgtest.Empty(t)
	db := fill(t, from)
	if _, err := db.Instance(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, from, `CREATE TABLE report (n integer); INSERT INTO report VALUES (1)`) // the operator's own
	k := keep(t, db)
	left, err := postgres.Restore(to)(t.Context(), k.Moment, k.open)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"report"}, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	ours := slices.DeleteFunc(slices.Clone(k.Tables), func(x backup.Table) bool { return x.Name == "report" })
	exec(t, from, `UPDATE river_job SET state = 'available' WHERE state = 'running'; DELETE FROM settings WHERE key = 'instance'`)
	if diff := cmp.Diff(digests(t, from, ours), digests(t, to, ours)); diff != "" {
		t.Errorf("tables (-original +restored):\n%s", diff)
	}
	restored, err := postgres.Open(t.Context(), postgres.Config{URL: to})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	// What is counted goes on where it was.
	lib := library{restored, t}
	if highest := lib.query(`SELECT max(id) FROM river_job`); lib.query(`SELECT nextval('river_job_id_seq')`) <= highest {
		t.Error("the restored database hands out job ids a second time")
	}
	lib.publish(article("after", "en", "After."))

	_, err = postgres.Restore(to)(t.Context(), k.Moment, k.open)
	if !problem.Is(err, problem.Conflict) || !strings.Contains(err.Error(), "not empty") || strings.Contains(err.Error(), "\n") {
		t.Errorf("into a database that holds something: %v", err)
	}
}

// TestEveryTableIsKept holds the snapshot against the schema: no table of ours may be forgotten.
func TestEveryTableIsKept(t *testing.T) {
	t.Parallel()
	lib := newLibrary(t)
	var got []string
	for _, table := range keep(t, lib.DB).Tables {
		got = append(got, table.Name)
	}
	rows, err := lib.Pool().Query(t.Context(), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'
		AND tablename NOT IN ('goose_db_version', 'river_migration', 'river_leader')`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// TestRestoreAnOlderSchema restores what an older guichet has backed up, which a newer one takes
// before it migrates.
func TestRestoreAnOlderSchema(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Empty(t), pgtest.Empty(t)
	old, err := sql.Open("pgx", from)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, old, migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: from})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	jobs, err := rivermigrate.New(riverpgxv5.New(db.Pool()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jobs.Migrate(t.Context(), rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: 6}); err != nil {
		t.Fatal(err)
	}
	exec(t, from, `INSERT INTO article_groups (id) VALUES ('old')`)
	k := keep(t, db)
	if k.Schema != (backup.Schema{Tables: 1, Jobs: 6}) {
		t.Errorf("schema %+v", k.Schema)
	}
	if slices.ContainsFunc(k.Tables, func(x backup.Table) bool { return x.Name == "river_client" }) {
		t.Error("an unlogged table is kept")
	}
	if _, err := postgres.Restore(to)(t.Context(), k.Moment, k.open); err != nil {
		t.Fatal(err)
	}
	if s, err := postgres.SchemaVersion(t.Context(), to); err != nil || s.Have != s.Want {
		t.Errorf("schema %+v, %v", s, err)
	}
	if diff := cmp.Diff(digests(t, from, k.Tables), digests(t, to, k.Tables)); diff != "" {
		t.Errorf("tables (-original +restored):\n%s", diff)
	}

	newer := k
	newer.Schema.Tables = 99999
	if _, err := postgres.Restore(pgtest.Empty(t))(t.Context(), newer.Moment, newer.open); err == nil || !strings.Contains(err.Error(), "newer guichet") {
		t.Errorf("a newer backup: %v", err)
	}
}

// TestRestoreCutShort restores halfway: nothing is there, nobody serves what is there, and a second
// try restores all.
func TestRestoreCutShort(t *testing.T) {
	t.Parallel()
	from, to := pgtest.URL(t), pgtest.Empty(t)
	k := keep(t, fill(t, from))
	broken := errors.New("the disk is gone")
	_, err := postgres.Restore(to)(t.Context(), k.Moment, func(table backup.Table) (io.ReadCloser, error) {
		if table.Name == "passages" {
			return nil, broken
		}
		return k.open(table)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if err := postgres.Migrate(t.Context(), to); err == nil || !strings.Contains(err.Error(), "run guichet restore again") {
		t.Errorf("serve on half a restore: %v", err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: to})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n := (library{db, t}).query("SELECT count(*) FROM articles"); n != 0 {
		t.Errorf("%d articles of half a restore", n)
	}
	if err := db.Snapshot(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("a backup of half a restore: %v", err)
	}

	short := k
	short.rows = map[string][]byte{}
	if _, err := postgres.Restore(to)(t.Context(), short.Moment, short.open); err == nil || !strings.Contains(err.Error(), "the manifest says") {
		t.Errorf("fewer rows than promised: %v", err)
	}
	if _, err := postgres.Restore(to)(t.Context(), k.Moment, k.open); err != nil {
		t.Fatal(err)
	}
	if n := (library{db, t}).query("SELECT count(*) FROM articles"); n != 2 {
		t.Errorf("%d articles, want 2", n)
	}
	if err := postgres.Migrate(t.Context(), to); err != nil {
		t.Error(err)
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	exec(t, url, "CREATE EXTENSION vector")
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Snapshot(t.Context(), nil); !problem.Is(err, problem.NotFound) || !strings.Contains(err.Error(), "nothing to back up") {
		t.Errorf("got %v", err)
	}
}
