package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"guichet/internal/problem"
)

// args are a statement's parameters by name. One that the statement does not know, and one that it
// knows and is not given, are errors.
type args = pgx.StrictNamedArgs

// statement is one SQL statement with @named parameters. Its name stands in errors and, as a
// comment, in the server's own lists of what runs.
type statement struct {
	name string
	sql  string
}

// statements are all of them, for the test that prepares each.
var statements = map[string]*statement{}

// query registers a statement. Call it in package variables only.
func query(name, sql string) *statement {
	if _, twice := statements[name]; twice {
		panic("postgres: two statements are called " + name)
	}
	s := &statement{name: name, sql: "-- " + name + "\n" + sql}
	statements[name] = s
	return s
}

// runner is what runs a statement: the pool, or a transaction.
type runner interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// exec runs a statement and returns how many rows it touched.
func (s *statement) exec(ctx context.Context, r runner, a args) (int, error) {
	tag, err := r.Exec(ctx, s.sql, a)
	return int(tag.RowsAffected()), mapped(s.name, err)
}

// list runs a statement and returns its rows; none is an empty slice.
func list[T any](ctx context.Context, r runner, s *statement, a args, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := r.Query(ctx, s.sql, a)
	if err != nil {
		return nil, mapped(s.name, err)
	}
	out, err := pgx.CollectRows(rows, scan)
	return out, mapped(s.name, err)
}

// one runs a statement and returns its first row; NotFound if there is none.
func one[T any](ctx context.Context, r runner, s *statement, a args, scan pgx.RowToFunc[T]) (T, error) {
	rows, err := r.Query(ctx, s.sql, a)
	if err != nil {
		var zero T
		return zero, mapped(s.name, err)
	}
	out, err := pgx.CollectOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, problem.From(problem.NotFound, "", fmt.Errorf("%s: no row", s.name))
	}
	return out, mapped(s.name, err)
}

// value scans the only column of a row.
func value[T any](row pgx.CollectableRow) (v T, err error) { return v, row.Scan(&v) }
