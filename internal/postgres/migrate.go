package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"guichet/internal/backup"
	"guichet/migrations"
)

// The oldest servers that will do.
const (
	minPostgres = 15
	minVector   = "0.7"
)

// migrationLock is the advisory lock under which the schema changes: of two processes that start at
// once, one migrates and the other waits. The number is "guichet" in ASCII.
const migrationLock = 0x67756963686574

// Schema is how far a database's tables have come.
type Schema struct {
	Have int64 // the last migration that ran; 0 for an empty database
	Want int64 // the last one that this program knows
}

// Migrate brings the schema of the database at url up to what this program needs: its own tables,
// then those of the job queue. On a schema that is already there it changes nothing; one that is
// newer than the program is refused. Any number of processes may call it at once. Errors are one
// sentence: Unavailable where the server does not answer; a plain error where the server is too
// old, pgvector is missing, or the schema is newer.
func Migrate(ctx context.Context, url string) error {
	return withSchema(ctx, url, func(pool *pgxpool.Pool, db *sql.DB, p *goose.Provider) error {
		unlock, err := lockSchema(ctx, pool)
		if err != nil {
			return err
		}
		defer unlock()
		if err := checkServer(ctx, pool); err != nil {
			return err
		}
		if cut, err := isCutShort(ctx, pool); err != nil || cut {
			return errors.Join(err, errCutShort)
		}
		return migrate(ctx, pool, p, backup.Schema{})
	})
}

// lockSchema waits until nobody else changes the schema. The lock ends with its connection, and
// withSchema closes that.
func lockSchema(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		lock.Release()
		return nil, err
	}
	return lock.Release, nil
}

// migrate brings the schema up to a version; zero fields mean the newest.
func migrate(ctx context.Context, pool *pgxpool.Pool, p *goose.Provider, upto backup.Schema) error {
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	jobs := m.AllVersions()
	if have = max(have, upto.Tables); have > want || upto.Jobs > int64(jobs[len(jobs)-1].Version) {
		return fmt.Errorf("the database was made by a newer guichet (its schema is %d, this program knows %d): run that version or a newer one", have, want)
	}
	up := p.Up
	if upto.Tables > 0 {
		up = func(ctx context.Context) ([]*goose.MigrationResult, error) { return p.UpTo(ctx, upto.Tables) }
	}
	if _, err := up(ctx); err != nil {
		return fmt.Errorf("migrate from schema %d to %d: %w", have, want, err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: int(upto.Jobs)}); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	return nil
}

// SchemaVersion reads how far the database at url is, and changes nothing.
func SchemaVersion(ctx context.Context, url string) (s Schema, err error) {
	err = withSchema(ctx, url, func(pool *pgxpool.Pool, _ *sql.DB, p *goose.Provider) error {
		for _, source := range p.ListSources() {
			s.Want = max(s.Want, source.Version)
		}
		// Asking goose would make its table.
		var there bool
		if err := pool.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there); err != nil || !there {
			return err
		}
		return pool.QueryRow(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&s.Have)
	})
	return s, err
}

// CheckServer sees that the server at url is new enough and has pgvector, which it installs into the
// database. An error is one sentence.
func CheckServer(ctx context.Context, url string) error {
	return withSchema(ctx, url, func(pool *pgxpool.Pool, _ *sql.DB, _ *goose.Provider) error { return checkServer(ctx, pool) })
}

// withSchema connects, without asking for types that only a migrated database has.
func withSchema(ctx context.Context, url string, fn func(*pgxpool.Pool, *sql.DB, *goose.Provider) error) error {
	config, err := poolConfig(url)
	if err != nil {
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return unreachable(config.ConnConfig, err)
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return unreachable(config.ConnConfig, err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
	if err != nil {
		return err
	}
	if err = fn(pool, db, p); !isAway(err) {
		return err // says it in a sentence of its own
	}
	return unreachable(config.ConnConfig, err)
}

// checkServer sees that the server is new enough and makes pgvector's types, so that what is wrong
// with either is said in a sentence and not by a migration.
func checkServer(ctx context.Context, pool *pgxpool.Pool) error {
	var number int
	var version string
	var available, installed *string
	err := pool.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int, current_setting('server_version'),
			(SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
			(SELECT extversion FROM pg_extension WHERE extname = 'vector')`).Scan(&number, &version, &available, &installed)
	switch {
	case err != nil:
		return err
	case number/10000 < minPostgres:
		return fmt.Errorf("the database is PostgreSQL %s, and guichet needs version %d or later", version, minPostgres)
	case available == nil && installed == nil:
		return fmt.Errorf("pgvector is not installed on the database's server: install pgvector %s or later there", minVector)
	case installed != nil && older(*installed, minVector):
		return fmt.Errorf("the database's pgvector is %s, and guichet needs %s or later: upgrade it, then run ALTER EXTENSION vector UPDATE", *installed, minVector)
	case installed != nil:
		return nil
	case older(*available, minVector):
		return fmt.Errorf("the database server's pgvector is %s, and guichet needs %s or later: upgrade it", *available, minVector)
	}
	_, err = pool.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS vector")
	if isCode(err, "42501") {
		return errors.New("the database's user may not install pgvector: let an administrator run CREATE EXTENSION vector in this database once")
	}
	return err
}

// older reports whether version a ("0.8.5") comes before b ("0.7").
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range bs {
		var x, y int
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		y, _ = strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return false
}
