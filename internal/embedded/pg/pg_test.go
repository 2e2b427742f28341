package pg

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"guichet/internal/embedded"
)

// modes are the ways in which this account can run PostgreSQL: root has two.
func modes() map[string]func(*Config) {
	if os.Geteuid() != 0 {
		return map[string]func(*Config){"Ourselves": func(*Config) {}}
	}
	return map[string]func(*Config){
		"Namespace": func(*Config) {},
		"Nobody":    func(c *Config) { c.ForceNobody = true },
	}
}

func TestStartAgainKeepsData(t *testing.T) {
	t.Parallel()
	for name, mode := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			mode(&cfg)
			s := mustStart(t, cfg)
			if got := s.State(); got != embedded.Ready {
				t.Errorf("state %s", got)
			}

			got := query[[]string](t, s.DSN(), `SELECT ARRAY[current_user, current_database(),
				current_setting('listen_addresses'), current_setting('synchronous_commit'),
				current_setting('max_connections'), current_setting('server_encoding'),
				current_setting('data_checksums'), datcollate] FROM pg_database WHERE datname = current_database()`)
			want := []string{"guichet", "guichet", "", "on", "50", "UTF8", "on", "C"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want, +got):\n%s", diff)
			}
			query[int](t, s.DSN(), `CREATE EXTENSION vector`)
			if got := query[float64](t, s.DSN(), `SELECT '[1,0]'::vector <=> '[0,1]'::vector`); got != 1 {
				t.Errorf("cosine distance of orthogonal vectors is %v", got)
			}

			note(t, s.DSN())
			dsn := s.DSN()
			mustStop(t, s)
			if s.Err() != nil {
				t.Errorf("after a plain stop: %v", s.Err())
			}
			s = mustStart(t, cfg)
			if s.DSN() != dsn {
				t.Error("the second start has another DSN")
			}
			if got := notes(t, s.DSN()); got != 1 {
				t.Errorf("%d notes after a restart, want 1", got)
			}
		})
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	t.Parallel()
	for name, mode := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			mode(&cfg)
			s := mustStart(t, cfg)
			dsn, err := url.Parse(s.DSN())
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]os.FileMode{
				dsn.Query().Get("host"):                 os.ModeDir | 0o700,
				filepath.Join(cfg.Data, "password"):     0o600,
				filepath.Join(cfg.Data, "postgres.log"): 0o600,
				cfg.Data:                                os.ModeDir | 0o700,
			} {
				if info, err := os.Stat(path); err != nil || info.Mode() != want {
					t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
				}
			}
			dsn.User = url.UserPassword("guichet", "guess")
			if conn, err := pgx.Connect(t.Context(), dsn.String()); err == nil {
				conn.Close(t.Context())
				t.Error("a wrong password opens the database")
			}
			if cluster, err := filepath.EvalSymlinks(filepath.Join(cfg.Data, "cluster")); err != nil {
				t.Error(err)
			} else if entries, _ := filepath.Glob(filepath.Join(filepath.Dir(cluster), "*password*")); len(entries) > 1 {
				t.Errorf("the password lies about: %v", entries)
			}
		})
	}
}

// TestKilledOutright kills guichet where it cannot clean up, and starts it again at once.
func TestKilledOutright(t *testing.T) {
	t.Parallel()
	for name, mode := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			mode(&cfg)
			binary, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			h := startHelper(t, binary, cfg, nil)
			note(t, h.DSN)
			h.kill(t)
			s := mustStart(t, cfg)
			if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", h.PID)); err == nil { // a zombie has none
				t.Errorf("the old server %d still works in %s", h.PID, folder)
			}
			if got := notes(t, s.DSN()); got != 1 {
				t.Errorf("%d notes, want 1", got)
			}
			mustStop(t, s)

			h = startHelper(t, binary, cfg, nil)
			h.kill(t)
			mustAwait(t, "the end of all processes without a new start", func() bool {
				cluster, err := filepath.EvalSymlinks(filepath.Join(cfg.Data, "cluster"))
				return err == nil && len(leftovers(cluster, h.PID)) == 0
			})
		})
	}
}

// TestOrdinaryUser runs everything as an account without rights, whose folder nobody else may enter.
// An ordinary user who runs the tests has seen that in the others already.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("run by an ordinary user: the other tests show it")
		return
	}
	entry, err := osuser.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(entry.Uid)
	gid, _ := strconv.Atoi(entry.Gid)
	cfg := config(t)
	cfg.RunDir = ""
	home := filepath.Join(openFolder(t), "home")
	binary, err := os.Executable()
	if err == nil {
		err = os.Mkdir(home, 0o700)
	}
	if err == nil {
		err = copyTree(cfg.Install, filepath.Join(home, "pg"), uid, gid)
	}
	if err == nil {
		err = copyFile(binary, filepath.Join(home, "test"))
	}
	if err == nil {
		err = os.Chmod(filepath.Join(home, "test"), 0o755)
	}
	if err == nil {
		err = os.Chown(home, uid, gid)
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg.Install, cfg.Data, cfg.Shared = filepath.Join(home, "pg"), filepath.Join(home, "data"), ""
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}

	h := startHelper(t, filepath.Join(home, "test"), cfg, attr)
	note(t, h.DSN)
	h.end(t)
	h = startHelper(t, filepath.Join(home, "test"), cfg, attr)
	note(t, h.DSN)
	h.kill(t)
	h = startHelper(t, filepath.Join(home, "test"), cfg, attr)
	if got := notes(t, h.DSN); got != 2 {
		t.Errorf("%d notes, want 2", got)
	}
	h.end(t)
}

// TestModesShareData changes, as root, between the two ways of running PostgreSQL.
func TestModesShareData(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	for i := range 4 {
		cfg.ForceNobody = i%2 == 1
		s := mustStart(t, cfg)
		note(t, s.DSN())
		if got := notes(t, s.DSN()); got != i+1 {
			t.Errorf("start %d: %d notes, want %d", i, got, i+1)
		}
		mustStop(t, s)
	}
}

func TestServerDies(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s := mustStart(t, cfg)
	note(t, s.DSN())
	for death := range 3 {
		pid := s.PID()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if death == 2 {
			break
		}
		mustAwait(t, "a restart", func() bool { return s.State() == embedded.Ready && s.PID() != pid })
		if got := notes(t, s.DSN()); got != 1 {
			t.Errorf("%d notes after death %d, want 1", got, death+1)
		}
	}
	select {
	case <-s.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("a server that died three times is not given up")
	}
	if s.State() != embedded.GivenUp || s.Err() == nil {
		t.Errorf("state %s, error %v", s.State(), s.Err())
	}
	_ = s.Stop(t.Context())
	if got := notes(t, mustStart(t, cfg).DSN()); got != 1 {
		t.Errorf("%d notes after the next start, want 1", got)
	}
}

// TestUnavailable holds the sentences for what the operator can mend.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(*testing.T, *Config)
		wants string
	}{
		"NotInstalled": {func(_ *testing.T, c *Config) { c.Install = filepath.Join(c.RunDir, "empty") }, "run `make install`, or set DATABASE_URL"},
		"DataIsAFile": {func(t *testing.T, c *Config) {
			if err := os.WriteFile(c.Data, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "cannot be made"},
		"InUse":      {func(t *testing.T, c *Config) { mustStart(t, *c) }, "Another guichet is running on the data folder"},
		"BadSetting": {func(_ *testing.T, c *Config) { c.Settings = map[string]string{"shared_buffers": "much"} }, `invalid value for parameter "shared_buffers"`},
	}
	if os.Geteuid() == 0 {
		cases["NoAccount"] = struct {
			spoil func(*testing.T, *Config)
			wants string
		}{func(t *testing.T, c *Config) { c.ForceNobody, c.Shared = true, "/proc/none" }, "start guichet as an ordinary user, or set DATABASE_URL"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			c.spoil(t, &cfg)
			_, err := Start(t.Context(), cfg)
			var sentence *embedded.UnavailableError
			if !errors.As(err, &sentence) || !strings.Contains(err.Error(), c.wants) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want a sentence with %q", err, c.wants)
			}
			if got := errors.Is(err, ErrInUse); got != (name == "InUse") {
				t.Errorf("ErrInUse: %t", got)
			}
		})
	}
}

// TestInterrupted starts on what earlier starts left behind when they were cut short.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	half := filepath.Join(cfg.Data, "cluster.new", "base")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, cfg)
	note(t, s.DSN())
	mustStop(t, s)

	// A move to nobody's folder ended before the link was made.
	cluster := filepath.Join(cfg.Data, "cluster")
	if err := os.Rename(cluster, cluster+".moved"); err != nil {
		t.Fatal(err)
	}
	s = mustStart(t, cfg)
	if got := notes(t, s.DSN()); got != 1 {
		t.Errorf("%d notes after a half move, want 1", got)
	}
	mustStop(t, s)

	// After a reboot the former server's number belongs to another process: here, to the test.
	stale := fmt.Sprintf("%d\n%s\n", os.Getpid(), cluster)
	if err := os.WriteFile(filepath.Join(cluster, pidFile), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustStart(t, cfg)
	if got := notes(t, s.DSN()); got != 1 {
		t.Errorf("%d notes after a stale pid file, want 1", got)
	}
}

func TestSocketFolder(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.RunDir = filepath.Join(cfg.RunDir, strings.Repeat("long", 30))
	if err := os.MkdirAll(cfg.RunDir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, cfg)
	dsn, err := url.Parse(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dsn.Query().Get("host"), ".s.PGSQL."+port)
	if len(socket) > 107 || strings.HasPrefix(socket, cfg.RunDir) {
		t.Errorf("socket %s", socket)
	}
	note(t, s.DSN())
	mustStop(t, s)
	if _, err := os.Stat(filepath.Dir(socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder is left behind: %v", err)
	}

	// What a stranger put in our place is not used.
	taken := openFolder(t)
	data, err := realPath(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(taken, folderName(data))); err != nil {
		t.Fatal(err)
	}
	cfg.RunDir = taken
	s = mustStart(t, cfg)
	if strings.Contains(s.DSN(), url.QueryEscape(taken)) {
		t.Errorf("the socket went through a stranger's link: %s", s.DSN())
	}
}
