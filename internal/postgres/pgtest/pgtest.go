// Package pgtest gives each test a PostgreSQL database of its own, migrated and empty.
//
// One server serves a test program: the one at TEST_DATABASE_URL if that is set (its user must be
// allowed to make databases and the extension vector), else a private one from the programs in
// .local/pg of the source tree, which scripts/install-embedded puts there. The databases are clones
// of one that was migrated once, which takes some 30 ms each. A package that uses pgtest says so in
// its TestMain, which also stops the server:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/embedded/pg"
	"guichet/internal/postgres"
)

// Main runs the tests, removes what pgtest made, and ends the process.
func Main(m *testing.M) {
	shared.started = true
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// New opens a fresh migrated database. It is closed and dropped when the test ends.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: URL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// URL returns the address of a fresh migrated database, which is dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return shared.database(t, true)
}

// Empty returns the address of a fresh database without any table.
func Empty(t testing.TB) string {
	t.Helper()
	return shared.database(t, false)
}

// shared is the server of this test program.
var shared server

type server struct {
	started bool // by Main
	once    sync.Once
	err     error

	admin    string // address of a database to give orders from
	template string
	private  *pg.Server
	folder   string
}

func (s *server) database(t testing.TB, migrated bool) string {
	t.Helper()
	if !s.started {
		t.Fatal("pgtest: this package lacks func TestMain(m *testing.M) { pgtest.Main(m) }")
	}
	s.once.Do(func() { s.err = s.start() })
	if s.err != nil {
		t.Fatal("pgtest: ", s.err)
	}
	name := newName()
	order := "CREATE DATABASE " + name
	if migrated {
		order += " TEMPLATE " + s.template
	}
	if err := s.order(order); err != nil {
		t.Fatal("pgtest: ", err)
	}
	t.Cleanup(func() {
		if err := s.order("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error("pgtest: ", err)
		}
	})
	return at(s.admin, name)
}

func (s *server) start() error {
	// The private server outlives the test that happens to be the first.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.admin = os.Getenv("TEST_DATABASE_URL")
	if s.admin == "" {
		if err := s.startPrivate(ctx); err != nil {
			return err
		}
	}
	s.template = newName() + "_template"
	if err := s.order("CREATE DATABASE " + s.template); err != nil {
		return err
	}
	return postgres.Migrate(ctx, at(s.admin, s.template))
}

func (s *server) startPrivate(ctx context.Context) (err error) {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	install := filepath.Join(root, ".local", "pg")
	if _, err := os.Stat(install); err != nil {
		return errors.New("there is no PostgreSQL to test with: run scripts/install-embedded, or set TEST_DATABASE_URL")
	}
	clearLeftovers()
	if s.folder, err = os.MkdirTemp("", folderPrefix); err != nil {
		return err
	}
	s.private, err = pg.Start(ctx, pg.Config{
		Install: install,
		Data:    filepath.Join(s.folder, "data"),
		RunDir:  s.folder,
		// A test's data need not survive the machine.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"},
	})
	if err != nil {
		return err
	}
	s.admin = s.private.DSN()
	return nil
}

// folderPrefix begins the name of every private server's folder.
const folderPrefix = "guichet-pgtest-"

// clearLeftovers removes the folders of test programs that were killed before they could. Their
// servers ended with them; a folder whose lock is held is in use.
func clearLeftovers() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range folders {
		lock, err := os.Open(filepath.Join(folder, "data", "lock"))
		if err != nil {
			continue // just being made
		}
		info, err := os.Stat(folder)
		if err == nil && time.Since(info.ModTime()) > time.Hour && syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.RemoveAll(folder)
		}
		lock.Close()
	}
}

func (s *server) stop() error {
	var errs []error
	if s.template != "" {
		errs = append(errs, s.order("DROP DATABASE IF EXISTS "+s.template+" WITH (FORCE)"))
	}
	if s.private != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		errs = append(errs, s.private.Stop(ctx))
	}
	if s.folder != "" {
		errs = append(errs, os.RemoveAll(s.folder))
	}
	return errors.Join(errs...)
}

// order runs one statement on a connection of its own.
func (s *server) order(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// newName returns a database name that no other test program uses.
func newName() string { return "guichet_test_" + strings.ToLower(rand.Text()[:12]) }

// at returns the address with another database's name in it.
func at(address, name string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return address + " dbname=" + name
	}
	u.Path = "/" + name
	return u.String()
}

// moduleRoot finds the source tree that the test's working folder lies in.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("the tests do not run inside the source tree")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
