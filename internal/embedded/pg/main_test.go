package pg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/embedded/embeddedtest"
)

// helperEnv makes the test binary a guichet of its own: it starts the server that the variable
// describes, says so, and stops it once its standard input ends.
const helperEnv = "GUICHET_TEST_PG_HELPER"

func TestMain(m *testing.M) {
	if spec := os.Getenv(helperEnv); spec != "" {
		if err := help(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// started is what the helper says of its server.
type started struct {
	DSN string
	PID int
}

func help(spec string) error {
	var cfg Config
	if err := json.Unmarshal([]byte(spec), &cfg); err != nil {
		return err
	}
	if cfg.Settings["test.namespaces"] == "0" {
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o600); err != nil {
			return err
		}
	}
	s, err := Start(context.Background(), cfg)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(started{s.DSN(), s.PID()}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Stop(context.Background())
}

// helper is a guichet in a process of its own.
type helper struct {
	started
	cmd   *exec.Cmd
	stdin io.Closer
}

// startHelper runs binary (this test's own, or a copy) as a helper, under another account if attr
// says so.
func startHelper(t *testing.T, binary string, cfg Config, attr *syscall.SysProcAttr) *helper {
	t.Helper()
	spec, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &helper{cmd: exec.Command(binary)}
	h.cmd.Env = append(os.Environ(), helperEnv+"="+string(spec))
	h.cmd.Dir = filepath.Dir(cfg.Data)
	h.cmd.Stderr = os.Stderr
	h.cmd.SysProcAttr = attr
	stdin, err1 := h.cmd.StdinPipe()
	stdout, err2 := h.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	h.stdin = stdin
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.cmd.Process.Kill() })
	if err := json.NewDecoder(stdout).Decode(&h.started); err != nil {
		_ = h.cmd.Wait()
		t.Fatalf("the helper did not start its server: %v", err)
	}
	return h
}

// end lets the helper stop its server.
func (h *helper) end(t *testing.T) {
	t.Helper()
	_ = h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("the helper ended with %v", err)
	}
}

// kill ends the helper as the kernel would, and returns as soon as it is dead.
func (h *helper) kill(t *testing.T) {
	t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait()
}

// config returns a config whose data lies below a folder that only we may enter. The account nobody
// may enter Shared and RunDir.
func config(t *testing.T) Config {
	t.Helper()
	open := openFolder(t)
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	return Config{
		Install: filepath.Join(embeddedtest.Install(t), "pg"),
		Data:    filepath.Join(closed, "data"),
		RunDir:  open,
		Shared:  filepath.Join(open, "shared"),
	}
}

// openFolder returns a new folder that every account may enter, with a short name.
func openFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "guichet")
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func mustStart(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func mustStop(t *testing.T, s *Server) {
	t.Helper()
	pid := s.PID()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Errorf("process %d is still there after Stop", pid)
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// note writes a line into the database, and notes returns how many there are.
func note(t *testing.T, dsn string) {
	t.Helper()
	query[int](t, dsn, `CREATE TABLE IF NOT EXISTS notes (id bigint GENERATED ALWAYS AS IDENTITY)`)
	query[int](t, dsn, `INSERT INTO notes DEFAULT VALUES`)
}

func notes(t *testing.T, dsn string) int {
	t.Helper()
	return query[int](t, dsn, `SELECT count(*) FROM notes`)
}

// query returns the one value of a statement, or the zero value of one without rows.
func query[V any](t *testing.T, dsn, sql string) V {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var value V
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func mustAwait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if poll(ctx, func() (bool, error) { return cond(), nil }) != nil {
		t.Fatalf("%s did not happen", what)
	}
}
