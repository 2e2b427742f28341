// Package postgres is the only store: articles and their versions, the live passages with their
// vectors, answers, and the desk. One file an aggregate; the SQL stands beside the method that runs
// it, as a named statement that a test prepares against the migrated schema.
//
// It meets the interfaces that the inner packages declare (publish.Store, assistant.Store,
// kb.Retriever, kb.Library …). Errors are problems: NotFound and Conflict where an interface says
// so, Unavailable where the database does not answer; anything else is a fault of ours.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvector "github.com/pgvector/pgvector-go/pgx"
	"github.com/riverqueue/river"

	"guichet/internal/problem"
)

// Config of a DB.
type Config struct {
	URL      string // postgres://user:password@host:port/database?…, or key=value pairs
	MaxConns int    // zero means 16; a search holds one for a few milliseconds
}

// DB is a pool of connections to a migrated database. Safe for concurrent use.
type DB struct {
	pool *pgxpool.Pool
	jobs *river.Client[pgx.Tx] // inserts only

	indexFrom int // vectors; see buildIndex

	embedded sync.Map // model → settled, where no text lacks a vector
	covered  sync.Map // model → number of the change after which every passage had one
}

// Open connects to the database at c.URL, whose schema Migrate has brought up. Errors are one
// sentence without the password: Unavailable where the server does not answer or lets nobody in.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, err := poolConfig(c.URL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(c.MaxConns)
	if config.MaxConns == 0 {
		config.MaxConns = 16
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
		return pgxvector.RegisterTypes(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unreachable(config.ConnConfig, err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, unreachable(config.ConnConfig, err)
	}
	jobs, err := newJobClient(pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &DB{pool: pool, jobs: jobs, indexFrom: indexFrom}, nil
}

// Close ends every connection; it waits for those in use.
func (db *DB) Close() { db.pool.Close() }

// Pool is for the parts that need connections of their own: the job runner and LISTEN.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping asks the server for an answer.
func (db *DB) Ping(ctx context.Context) error { return mapped("ping", db.pool.Ping(ctx)) }

// attempts is how often transact runs a transaction that the server undid to resolve a conflict.
const attempts = 5

// ServerVersion says which PostgreSQL and which pgvector the database has.
func (db *DB) ServerVersion(ctx context.Context) (string, error) {
	return one(ctx, db.pool, serverVersion, args{}, value[string])
}

// Clock is what time it is on the server.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	return one(ctx, db.pool, serverClock, args{}, value[time.Time])
}

var serverClock = query("server_clock", `SELECT clock_timestamp()`)

var serverVersion = query("server_version", `
	SELECT 'PostgreSQL ' || current_setting('server_version') || ', pgvector ' || extversion
	FROM pg_extension WHERE extname = 'vector'`)

// beginner is what a transaction begins on: the pool, or one connection.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// tx runs fn in one transaction, as transact does.
func (db *DB) tx(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return transact(ctx, db.pool, fn)
}

// transact runs fn in one transaction at the level READ COMMITTED, and once more from the start where
// the server undid it because of another one (a deadlock): fn must leave nothing behind but what it
// wrote by its transaction, and set its results anew each time.
func transact(ctx context.Context, b beginner, fn func(context.Context, pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := pgx.BeginFunc(ctx, b, func(tx pgx.Tx) error { return fn(ctx, tx) })
		if n == attempts || !isCode(err, "40001", "40P01") {
			return mapped("transaction", err)
		}
		// The other one must get its rows before this one asks for them again.
		select {
		case <-time.After(time.Duration(n)*10*time.Millisecond + rand.N(20*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// poolConfig reads an address. What pgx says of a bad one may hold parts of it, so it is not said.
func poolConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database address is not of the form postgres://user:password@host:5432/database")
	}
	c := config.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "guichet"
	}
	// Compiling a plan takes longer than any of our statements runs.
	c.RuntimeParams["jit"] = "off"
	return config, nil
}

// unreachable turns an error of connecting into one sentence; the caller's own giving up stays it.
func unreachable(c *pgx.ConnConfig, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	why := err.Error()
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		why = p.Message
	} else if n, ok := errors.AsType[net.Error](err); ok {
		why = n.Error()
	}
	return problem.From(problem.Unavailable, "problem.database", fmt.Errorf("the database %s at %s cannot be used: %s", c.Database, where(c), why))
}

// where names the server: host and port, or the folder of its socket.
func where(c *pgx.ConnConfig) string {
	if strings.HasPrefix(c.Host, "/") {
		return c.Host
	}
	return net.JoinHostPort(c.Host, fmt.Sprint(c.Port))
}

// mapped gives an error of the driver its kind and says which statement met it. A problem keeps the
// kind it has.
func mapped(name string, err error) error {
	var known *problem.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isAway(err):
		return problem.From(problem.Unavailable, "problem.database", fmt.Errorf("%s: %w", name, err))
	case isCode(err, "22021", "22P05"): // a NUL, or bytes that are no UTF-8
		return problem.From(problem.Invalid, "problem.encoding", fmt.Errorf("%s: %w", name, err))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// isAway reports whether err says that the server, not the statement, is at fault.
func isAway(err error) bool {
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Connection trouble; the server stops, has crashed or is starting; no connection is free.
		return strings.HasPrefix(p.Code, "08") || strings.HasPrefix(p.Code, "57P0") || p.Code == "53300"
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// isCode reports whether err is one of the server's errors of these SQLSTATEs.
func isCode(err error, codes ...string) bool {
	p, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if p.Code == c {
			return true
		}
	}
	return false
}

// breaks reports whether err is the violation of the constraint of that name.
func breaks(err error, constraint string) bool {
	p, ok := errors.AsType[*pgconn.PgError](err)
	return ok && p.ConstraintName == constraint
}
