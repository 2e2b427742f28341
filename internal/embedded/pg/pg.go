// Package pg runs guichet's private PostgreSQL: made on first use, kept in a folder of its own,
// reached through a socket that only guichet's account can enter, started again when it dies, and
// ended with guichet.
package pg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"guichet/internal/embedded"
)

const (
	database = "guichet"
	user     = "guichet" // a superuser: the server is guichet's alone
	port     = "5432"    // there is no TCP; the number is part of the socket's name
)

// ErrInUse is the cause where another guichet runs on the same data folder.
var ErrInUse = errors.New("data folder in use")

// Config says where the programs are and where the data goes.
type Config struct {
	Install string // folder that `make install` fills; its programs are in pginstall/bin
	Data    string // folder of this server alone, made if missing: cluster, password, lock, log

	// RunDir is the folder in which the socket's folder is made; empty, or too long for a socket's
	// path, means $XDG_RUNTIME_DIR or the folder for temporary files.
	RunDir string

	// Shared is where programs and data move if guichet runs as root and PostgreSQL has to run as
	// nobody: a folder that any account may enter. Empty means /var/lib/guichet.
	Shared string

	Settings    map[string]string // PostgreSQL settings on top of ours, e.g. fsync=off for tests
	ForceNobody bool              // as root, do not try a user namespace
	Log         *slog.Logger      // nil means silent
}

// Server is a running private PostgreSQL.
type Server struct {
	child  *embedded.Child
	dsn    string
	lock   *os.File
	socket string
}

// ours are the settings that every private server has. synchronous_commit is PostgreSQL's default;
// it stands here because "nothing lost" rests on it.
var ours = map[string]string{
	"listen_addresses":   "",
	"log_line_prefix":    "%m [%p] ",
	"log_timezone":       "UTC",
	"logging_collector":  "off",
	"max_connections":    "50",
	"port":               port,
	"random_page_cost":   "1.1", // what is asked for often is in memory, and few disks still turn
	"shared_buffers":     "256MB",
	"synchronous_commit": "on",
	"timezone":           "UTC",
}

// Start starts the server of cfg.Data and returns once its database answers: at the first use it is
// made (under a second), after a crash it recovers first. A server that a killed guichet left behind
// is ended before. Errors that the operator can mend are *embedded.UnavailableError; one of them is
// ErrInUse.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Shared == "" {
		cfg.Shared = "/var/lib/guichet"
	}
	install, err := programs(cfg.Install)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, unavailable(err, "The data folder %s cannot be made.", cfg.Data)
	}
	data, err := realPath(cfg.Data)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}

	s := &Server{}
	defer func() {
		if err != nil {
			s.cleanUp()
		}
	}()
	if s.lock, err = lock(ctx, filepath.Join(data, "lock")); err != nil {
		return nil, err
	}
	name := folderName(data)
	account, err := chooseAccount(ctx, cfg, install, data, name)
	if err != nil {
		return nil, err
	}
	password, err := password(filepath.Join(data, "password"))
	if err != nil {
		return nil, err
	}
	cluster, err := settle(ctx, account, data, password)
	if err != nil {
		return nil, err
	}
	if s.socket, err = socketFolder(ctx, account, cfg.RunDir, name); err != nil {
		return nil, err
	}
	s.dsn = (&url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.socket}, "port": {port}}.Encode(),
	}).String()

	logPath := filepath.Join(data, "postgres.log")
	s.child, err = embedded.StartChild(ctx, embedded.Spec{
		Name: "PostgreSQL",
		Prepare: func(ctx context.Context) (*exec.Cmd, func(context.Context) error, error) {
			if err := clearLeftovers(ctx, cluster); err != nil {
				return nil, nil, err
			}
			if err := private(ctx, account, s.socket); err != nil { // something may have tidied up there
				return nil, nil, err
			}
			cmd := account.command("postgres", arguments(cluster, s.socket, cfg.Settings)...)
			cmd.Dir = cluster
			return cmd, func(ctx context.Context) error { return ready(ctx, cluster, cmd) }, nil
		},
		// Fast shutdown: sessions are ended and everything is written. If that takes too long,
		// immediate shutdown loses nothing either, only the next start has to recover.
		DeathSignal: syscall.SIGINT,
		StopSignals: []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL},
		Grace:       15 * time.Second,
		LogFile:     logPath,
		Log:         cfg.Log,
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, unavailable(err, "The private PostgreSQL did not start: %v; its log is %s.", err, logPath)
	}
	if err := ensureDatabase(ctx, install, s.socket, password); err != nil {
		return nil, errors.Join(fmt.Errorf("ask the private PostgreSQL for its database: %w", err), s.child.Stop(ctx))
	}
	return s, nil
}

// DSN returns the URL under which the database is reached, through the socket, password included.
func (s *Server) DSN() string { return s.dsn }

// Done is closed when the server has been stopped, or has died so often that it is given up.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err returns why the server was given up; nil while it runs and after a plain Stop.
func (s *Server) Err() error { return s.child.Err() }

// PID returns the process id of the server, 0 while it has none.
func (s *Server) PID() int { return s.child.PID() }

// State returns what the server is doing.
func (s *Server) State() embedded.State { return s.child.State() }

// Stop ends the sessions, writes everything to disk and returns when the server is gone. When ctx
// ends first the server is stopped at once, and recovers at its next start.
func (s *Server) Stop(ctx context.Context) error {
	err := s.child.Stop(ctx)
	s.cleanUp()
	return err
}

// cleanUp gives the data folder back to others.
func (s *Server) cleanUp() {
	if s.socket != "" {
		_ = os.RemoveAll(s.socket) // a leftover is used again by the next start
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// programs returns the folder of the unpacked wheel, without links: the programs look for their
// libraries relative to where they really are.
func programs(install string) (string, error) {
	pginstall, err := realPath(filepath.Join(install, "pginstall"))
	if err == nil {
		_, err = os.Stat(filepath.Join(pginstall, "bin", "postgres"))
	}
	if err != nil {
		return "", unavailable(err, "PostgreSQL is not installed in %s: run `make install`, or set DATABASE_URL.", install)
	}
	return filepath.Dir(filepath.Dir(pginstall)), nil
}

// lock takes the data folder for this process. A guichet that is just going is waited for.
func lock(ctx context.Context, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unavailable(err, "The data folder cannot be written: %v.", err)
	}
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err = poll(wait, func() (bool, error) {
		return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil, nil
	})
	if err != nil {
		_ = file.Close()
		return nil, unavailable(ErrInUse, "Another guichet is running on the data folder %s.", filepath.Dir(path))
	}
	return file, nil
}

// arguments returns what the server is started with. Settings on the command line win over those in
// the cluster's files, so a changed default reaches old clusters too.
func arguments(cluster, socket string, more map[string]string) []string {
	settings := maps.Clone(ours)
	maps.Copy(settings, more)
	settings["unix_socket_directories"] = socket
	args := []string{"-D", cluster}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// ready waits until the server says in its pid file that it takes connections.
func ready(ctx context.Context, cluster string, cmd *exec.Cmd) error {
	return poll(ctx, func() (bool, error) {
		text, err := os.ReadFile(filepath.Join(cluster, pidFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		// Line 1 is the process, line 8 its state.
		lines := strings.Split(string(text), "\n")
		return len(lines) >= 8 && lines[0] == fmt.Sprint(cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready", nil
	})
}

// ensureDatabase logs in with the password, which shows that it still fits, and makes the database
// where it is missing.
func ensureDatabase(ctx context.Context, install, socket, password string) error {
	cmd := exec.Command(filepath.Join(install, binFolder, "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1",
		"-h", socket, "-p", port, "-U", user, "-d", "postgres")
	cmd.Env = append(environment(), "PGPASSWORD="+password)
	cmd.Stdin = strings.NewReader(fmt.Sprintf(
		"SELECT 'CREATE DATABASE %[1]s' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '%[1]s')\n\\gexec\n", database))
	_, err := embedded.Run(ctx, cmd)
	return err
}

// environment returns what the programs get of guichet's environment: no secrets, no settings of
// other PostgreSQL servers, no locale.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"LD_LIBRARY_PATH", "PATH"} {
		if value, found := os.LookupEnv(name); found {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// folderName returns a short name for what belongs to a data folder and lies elsewhere.
func folderName(data string) string {
	sum := sha256.Sum256([]byte(data))
	return "guichet-" + hex.EncodeToString(sum[:6])
}

// poll calls done every few milliseconds until it says true or fails, or ctx ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

func unavailable(cause error, format string, args ...any) error {
	return &embedded.UnavailableError{Sentence: fmt.Sprintf(format, args...), Err: cause}
}
