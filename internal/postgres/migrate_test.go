package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/migrations"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	before, err := postgres.SchemaVersion(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if before.Have != 0 || before.Want == 0 {
		t.Errorf("before: %+v, want nothing there and something wanted", before)
	}
	errs := make(chan error)
	for range 3 { // processes that start at once
		go func() { errs <- postgres.Migrate(t.Context(), url) }()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	after, err := postgres.SchemaVersion(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(postgres.Schema{Have: before.Want, Want: before.Want}, after); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Pool().Exec(t.Context(), "SELECT FROM river_job, articles"); err != nil {
		t.Error(err)
	}
}

func TestMigrateAnOlderSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	old, err := sql.Open("pgx", url)
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
	if err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if s, err := postgres.SchemaVersion(t.Context(), url); err != nil || s.Have != s.Want || s.Have < 2 {
		t.Errorf("schema %+v, %v", s, err)
	}
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	exec(t, url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	err := postgres.Migrate(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "made by a newer guichet (its schema is 99999") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one sentence that names the schema", err)
	}
}

// TestMigrateWithoutTheRight tries a user who may make tables but not install pgvector.
func TestMigrateWithoutTheRight(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	name := "plain_" + url[strings.LastIndex(url, "guichet_test_")+len("guichet_test_"):][:12]
	exec(t, url, "CREATE ROLE "+name+" LOGIN PASSWORD 'plain'; GRANT ALL ON SCHEMA public TO "+name)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		_, err = conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+name+"; DROP ROLE "+name)
		if err != nil {
			t.Error(err)
		}
	})
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	plain := "host=" + config.Host + " port=" + fmt.Sprint(config.Port) + " dbname=" + config.Database + " user=" + name + " password=plain"
	err = postgres.Migrate(t.Context(), plain)
	if err == nil || !strings.Contains(err.Error(), "let an administrator run CREATE EXTENSION vector") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one sentence on what to do", err)
	}
	exec(t, url, "CREATE EXTENSION vector")
	if err := postgres.Migrate(t.Context(), plain); err != nil {
		t.Errorf("after the administrator has done it: %v", err)
	}
}

func TestMigrateGivesWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := postgres.Migrate(ctx, pgtest.Empty(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// exec runs statements on a connection of their own.
func exec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
