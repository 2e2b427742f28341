package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"guichet/internal/backup"
	"guichet/internal/problem"
)

// restoring is a table that stands in a database while it is restored, and so in one whose restore
// was cut short: it goes with the transaction that brings the rows.
const restoring = "guichet_restoring"

var errCutShort = errors.New("restoring a backup into this database was cut short: run guichet restore again")

// isCutShort reports whether a restore began here and did not end.
func isCutShort(ctx context.Context, pool *pgxpool.Pool) (cut bool, err error) {
	err = pool.QueryRow(ctx, "SELECT to_regclass('"+restoring+"') IS NOT NULL").Scan(&cut)
	return cut, err
}

var countRelations = query("count_relations", `
	SELECT count(*)::int FROM pg_class c
	WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		AND NOT EXISTS (SELECT FROM pg_depend d
			WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`)

// Nobody works on them here.
var releaseJobs = query("release_jobs", `UPDATE river_job SET state = 'available' WHERE state = 'running'`)

// A word index made from the database that was backed up may be ahead of the restored one, so this
// is another database.
var forgetInstance = query("forget_instance", `DELETE FROM settings WHERE key = 'instance'`)

// Restore returns what restores a backup into the database at url, which must be empty: it makes the
// tables of the backup's schema, fills them in one transaction, and brings the schema up to what this
// program needs. One that was cut short can be run again. Errors are one sentence: Conflict where
// the database is not empty.
func Restore(url string) backup.Restore {
	return func(ctx context.Context, m backup.Moment, open func(backup.Table) (io.ReadCloser, error)) (left []string, err error) {
		err = withSchema(ctx, url, func(pool *pgxpool.Pool, db *sql.DB, p *goose.Provider) error {
			unlock, err := lockSchema(ctx, pool)
			if err != nil {
				return err
			}
			defer unlock()
			if err := checkServer(ctx, pool); err != nil {
				return err
			}
			if err := checkEmpty(ctx, pool); err != nil {
				return err
			}
			if err := migrate(ctx, pool, p, m.Schema); err != nil {
				return err
			}
			err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
				left, err = load(ctx, tx, m, open)
				return err
			})
			if err != nil {
				return err
			}
			// What the planner knows of the tables is not in a backup.
			_, err = pool.Exec(ctx, "ANALYZE")
			return err
		})
		if err != nil {
			return nil, err
		}
		return left, Migrate(ctx, url)
	}
}

// checkEmpty refuses a database that holds anything, and marks an empty one as being restored.
func checkEmpty(ctx context.Context, pool *pgxpool.Pool) error {
	cut, err := isCutShort(ctx, pool)
	if err != nil || cut {
		return err
	}
	n, err := one(ctx, pool, countRelations, args{}, value[int])
	if err != nil {
		return err
	}
	if n > 0 {
		return problem.From(problem.Conflict, "", fmt.Errorf("the database is not empty (it has %d tables), and a backup is restored into an empty one only", n))
	}
	_, err = pool.Exec(ctx, "CREATE TABLE "+restoring+" ()")
	return err
}

// load fills the tables of a freshly migrated database.
func load(ctx context.Context, tx pgx.Tx, m backup.Moment, open func(backup.Table) (io.ReadCloser, error)) (left []string, err error) {
	if err := patient(ctx, tx); err != nil {
		return nil, err
	}
	tables, err := tablesInOrder(ctx, tx)
	if err != nil {
		return nil, err
	}
	// Migrations may have put rows into them; those are in the backup too, as they were last.
	if _, err := tx.Exec(ctx, "TRUNCATE "+names(tables)); err != nil {
		return nil, mapped("truncate", err)
	}
	missing := map[string]bool{}
	for _, t := range tables {
		missing[t.Name] = true
	}
	for _, t := range m.Tables {
		if !missing[t.Name] {
			left = append(left, t.Name)
			continue
		}
		delete(missing, t.Name)
		if err := loadTable(ctx, tx, t, open); err != nil {
			return nil, err
		}
	}
	for name := range missing {
		return nil, fmt.Errorf("the backup is not whole: it lacks the table %s", name)
	}
	for _, s := range m.Sequences {
		_, err := tx.Exec(ctx, "SELECT setval(to_regclass($1), $2, $3)", pgx.Identifier{s.Name}.Sanitize(), s.Last, s.Called)
		if err != nil {
			return nil, mapped("sequence "+s.Name, err)
		}
	}
	if _, err := releaseJobs.exec(ctx, tx, args{}); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(tables, func(t backup.Table) bool { return t.Name == "settings" }) { // not in the oldest schema
		if _, err := forgetInstance.exec(ctx, tx, args{}); err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, "DROP TABLE "+restoring)
	return left, mapped("restore", err)
}

func loadTable(ctx context.Context, tx pgx.Tx, t backup.Table, open func(backup.Table) (io.ReadCloser, error)) error {
	rows, err := open(t)
	if err != nil {
		return err
	}
	defer rows.Close()
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, rows, "COPY "+tableColumns(t)+" FROM STDIN")
	if err != nil {
		return mapped("restore "+t.Name, err)
	}
	if tag.RowsAffected() != t.Rows {
		return fmt.Errorf("%s holds %d rows, and the manifest says %d", t.File, tag.RowsAffected(), t.Rows)
	}
	return nil
}
