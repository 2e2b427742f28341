package postgres_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestQueriesPrepare has the server parse every statement against the migrated schema, so that a
// wrong column stops the tests and not a member.
func TestQueriesPrepare(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	conn, err := db.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, text := range postgres.Statements() {
		text, _, err := pgx.NamedArgs{}.RewriteQuery(t.Context(), conn.Conn(), text, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := conn.Conn().Prepare(t.Context(), name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	nobodyListens := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	good, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	missing := *good
	missing.Path = "/no_such_database"
	for _, tt := range []struct {
		name, url string
		kind      problem.Kind
		say       string
	}{
		{"NobodyListens", "postgres://guichet:s3cret@" + nobodyListens + "/guichet", problem.Unavailable, "the database guichet at " + nobodyListens + " cannot be used"},
		{"NoSuchDatabase", missing.String(), problem.Unavailable, `database "no_such_database" does not exist`},
		{"NotAnAddress", "postgres://guichet:s3cret@[broken/x", problem.Internal, "is not of the form postgres://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, openErr := postgres.Open(t.Context(), postgres.Config{URL: tt.url})
			for _, err := range []error{openErr, postgres.Migrate(t.Context(), tt.url)} {
				if problem.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.say) {
					t.Errorf("got %v, want kind %s saying %q", err, tt.kind, tt.say)
				}
				if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n")) {
					t.Errorf("not one sentence without the password: %v", err)
				}
			}
		})
	}
}

// TestTxRunsAgain makes two transactions lock two rows in opposite order; the server undoes one.
func TestTxRunsAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Pool().Exec(t.Context(), "CREATE TABLE pair (id int PRIMARY KEY, n int); INSERT INTO pair VALUES (1, 0), (2, 0)"); err != nil {
		t.Fatal(err)
	}
	var runs [2]int
	var both sync.WaitGroup
	both.Add(2)
	meet := func(i int) {
		if runs[i]++; runs[i] == 1 { // each holds its first row before either asks for the second
			both.Done()
			both.Wait()
		}
	}
	errs := make(chan error, 2)
	for i, ids := range [][2]int{{1, 2}, {2, 1}} {
		go func() {
			errs <- db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "UPDATE pair SET n = n + 1 WHERE id = $1", ids[0]); err != nil {
					return err
				}
				meet(i)
				_, err := tx.Exec(ctx, "UPDATE pair SET n = n + 1 WHERE id = $1", ids[1])
				return err
			})
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	var total int
	if err := db.Pool().QueryRow(t.Context(), "SELECT sum(n) FROM pair").Scan(&total); err != nil || total != 4 {
		t.Errorf("sum = %d, %v; want 4", total, err)
	}
	if runs[0]+runs[1] < 3 { // the one that was undone may meet the other again
		t.Errorf("ran %v times: nothing was undone", runs)
	}
}

func TestTxKeepsNothingOfAFailure(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	want := problem.New(problem.Conflict, "problem.status")
	err := db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO collections (key) VALUES ('lost')"); err != nil {
			return err
		}
		return want
	})
	if !errors.Is(err, want) {
		t.Errorf("got %v, want the problem as it was", err)
	}
	var n int
	if err := db.Pool().QueryRow(t.Context(), "SELECT count(*) FROM collections").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v; want none", n, err)
	}
}

func TestAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		return err
	})
	if !problem.Is(err, problem.Unavailable) {
		t.Errorf("got %v, want Unavailable", err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("the pool did not recover: %v", err)
	}
}
