package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/backup"
	"guichet/internal/problem"
)

// ourRelations are the tables of the schema that a backup keeps: not what the migrations keep for
// themselves, nor what an extension brings, nor what the server itself would not keep over a crash
// (the lease of the job queue's leader is such a table).
const ourRelations = `
	c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
	AND c.relname NOT IN ('goose_db_version', 'river_migration', '` + restoring + `')
	AND NOT EXISTS (SELECT FROM pg_depend d
		WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`

var listTables = query("list_tables", `
	SELECT c.relname, greatest(c.reltuples, 0)::bigint,
		array_agg(a.attname::text ORDER BY a.attnum)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND`+ourRelations+`
	GROUP BY c.oid ORDER BY c.relname`)

var listReferences = query("list_references", `
	SELECT c.relname, f.relname
	FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
	WHERE k.contype = 'f' AND c.oid <> f.oid AND`+ourRelations)

// What counted the migrations is theirs too.
var listSequences = query("list_sequences", `
	SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL
	FROM pg_sequences
	WHERE schemaname = current_schema() AND sequencename !~ '^(goose_db_version|river_migration)_'
	ORDER BY sequencename`)

var describeServer = query("describe_server", `
	SELECT now(), 'PostgreSQL ' || current_setting('server_version') || ', pgvector ' || coalesce(
		(SELECT extversion FROM pg_extension WHERE extname = 'vector'), 'none')`)

// Snapshot reads the database as it is now, in one transaction: what is written meanwhile is not in
// it and does not wait. Only a change of the schema waits until the tables are read. A database that
// guichet has never used is NotFound.
func (db *DB) Snapshot(ctx context.Context, read func(context.Context, backup.Moment, backup.CopyOut) error) error {
	readOnly := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, db.pool, readOnly, func(tx pgx.Tx) error {
		if err := patient(ctx, tx); err != nil {
			return err
		}
		var m backup.Moment
		var there, cut bool
		var err error
		if err := tx.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL AND to_regclass('river_migration') IS NOT NULL,
			to_regclass('`+restoring+`') IS NOT NULL`).Scan(&there, &cut); err != nil {
			return mapped("snapshot", err)
		}
		switch {
		case cut:
			return errCutShort
		case !there:
			return problem.From(problem.NotFound, "", errors.New("there is nothing to back up: guichet has never used this database"))
		}
		if m.Schema, err = haveSchema(ctx, tx); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, describeServer.sql, args{}).Scan(&m.At, &m.Server)
		if err != nil {
			return mapped(describeServer.name, err)
		}
		m.At = m.At.UTC().Truncate(time.Millisecond)
		if m.Tables, err = tablesInOrder(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "LOCK TABLE "+names(m.Tables)+" IN ACCESS SHARE MODE"); err != nil {
			return mapped("lock tables", err)
		}
		m.Sequences, err = list(ctx, tx, listSequences, args{}, func(row pgx.CollectableRow) (s backup.Sequence, err error) {
			return s, row.Scan(&s.Name, &s.Last, &s.Called)
		})
		if err != nil {
			return err
		}
		return read(ctx, m, func(ctx context.Context, t backup.Table, w io.Writer) (int64, error) {
			tag, err := tx.Conn().PgConn().CopyTo(ctx, w, "COPY "+tableColumns(t)+" TO STDOUT")
			if err != nil {
				return 0, mapped("copy "+t.Name, err)
			}
			return tag.RowsAffected(), nil
		})
	})
}

// patient lets a transaction take its time, whatever the server is set to, and has it write and read
// values in one way.
func patient(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
		SET LOCAL idle_in_transaction_session_timeout = 0;
		SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3;
		SET LOCAL bytea_output = 'hex'`)
	return mapped("settings", err)
}

// haveSchema reads how far the tables have come.
func haveSchema(ctx context.Context, r runner) (s backup.Schema, err error) {
	rows, err := r.Query(ctx, `SELECT (SELECT max(version_id) FROM goose_db_version WHERE is_applied), (SELECT max(version)::bigint FROM river_migration)`)
	if err != nil {
		return s, mapped("schema", err)
	}
	s, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (s backup.Schema, err error) {
		return s, row.Scan(&s.Tables, &s.Jobs)
	})
	return s, mapped("schema", err)
}

// tablesInOrder lists the tables, each after those that its rows refer to.
func tablesInOrder(ctx context.Context, r runner) ([]backup.Table, error) {
	tables, err := list(ctx, r, listTables, args{}, func(row pgx.CollectableRow) (t backup.Table, err error) {
		return t, row.Scan(&t.Name, &t.Rows, &t.Columns)
	})
	if err != nil {
		return nil, err
	}
	refers := map[string][]string{}
	_, err = list(ctx, r, listReferences, args{}, func(row pgx.CollectableRow) (_ struct{}, err error) {
		var from, to string
		err = row.Scan(&from, &to)
		refers[from] = append(refers[from], to)
		return struct{}{}, err
	})
	if err != nil {
		return nil, err
	}
	var out []backup.Table
	placed := map[string]bool{}
	for len(out) < len(tables) {
		before := len(out)
		for _, t := range tables {
			if !placed[t.Name] && !slices.ContainsFunc(refers[t.Name], func(to string) bool { return !placed[to] }) {
				out, placed[t.Name] = append(out, t), true
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("the tables refer to each other in a circle: %v", refers)
		}
	}
	return out, nil
}

func names(tables []backup.Table) string {
	var quoted []string
	for _, t := range tables {
		quoted = append(quoted, pgx.Identifier{t.Name}.Sanitize())
	}
	return strings.Join(quoted, ", ")
}

// tableColumns is a table with its columns, as COPY names them.
func tableColumns(t backup.Table) string {
	var columns []string
	for _, c := range t.Columns {
		columns = append(columns, pgx.Identifier{c}.Sanitize())
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}
