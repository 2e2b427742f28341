package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A child that dies maxDeaths times within deathWindow has something wrong with it that one more
// start will not mend.
const (
	maxDeaths   = 3
	deathWindow = time.Minute
	backoff     = 200 * time.Millisecond // times the number of recent deaths
)

// Spec says how one child is started, known to be ready, and stopped.
type Spec struct {
	Name string // how logs and errors call it

	// Prepare returns the command of the next start, and a function that returns nil once that
	// process can work, or an error if it never will; its context ends with the process. Prepare is
	// called before each start; an error of Prepare itself is final. A Stdout left nil goes to
	// LogFile.
	Prepare func(ctx context.Context) (cmd *exec.Cmd, ready func(context.Context) error, err error)

	// DeathSignal is what the kernel sends the child when guichet dies (Linux).
	DeathSignal syscall.Signal

	// StopSignals are sent by Stop one after the other, the last one SIGKILL, with Grace for the
	// child to end after each. Zero means 5 s.
	StopSignals []syscall.Signal
	Grace       time.Duration

	LogFile string       // what the child writes; cut at a start once it is over 10 MB
	Nice    int          // added to the child's scheduling priority: above 0 it steps back for others
	Log     *slog.Logger // nil means silent
}

// Child is a program that is kept running.
type Child struct {
	spec Spec

	stop      context.CancelFunc
	stopping  context.Context // ended by Stop
	hurry     chan struct{}   // closed when Stop's context has ended: no grace is left
	hurryOnce sync.Once
	ready     chan struct{} // closed when the first process is ready
	readyOnce sync.Once
	done      chan struct{} // closed when no further process will be started

	mu    sync.Mutex
	state State
	pid   int
	err   error
}

// StartChild starts the child and returns once it is ready. If ctx ends first, or the child is given
// up, no process is left behind and the error says why.
func StartChild(ctx context.Context, spec Spec) (*Child, error) {
	if spec.Grace == 0 {
		spec.Grace = 5 * time.Second
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.DiscardHandler)
	}
	stopping, stop := context.WithCancel(context.Background())
	c := &Child{
		spec: spec, stop: stop, stopping: stopping, state: Starting,
		hurry: make(chan struct{}), ready: make(chan struct{}), done: make(chan struct{}),
	}
	go c.supervise()

	select {
	case <-c.ready:
		return c, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		_ = c.Stop(ctx)
		return nil, fmt.Errorf("start %s: %w", spec.Name, context.Cause(ctx))
	}
}

// Stop ends the child and returns when it is gone. Each of its stop signals has its grace; once ctx
// has ended the next ones follow within a second each.
func (c *Child) Stop(ctx context.Context) error {
	c.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
		c.hurryOnce.Do(func() { close(c.hurry) })
		<-c.done
	}
	return c.Err()
}

// Done is closed when the child has been stopped or given up.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err returns why the child was given up; nil while it runs and after a plain Stop.
func (c *Child) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// State returns what the child is doing.
func (c *Child) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// PID returns the child's process id, 0 while it has no process.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

// set notes what the child is doing now. pid is 0 in states without a process.
func (c *Child) set(state State, pid int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.pid, c.err = state, pid, err
}

// supervise starts one process after the other until the child is stopped or given up.
func (c *Child) supervise() {
	defer close(c.done)
	defer c.stop()
	var deaths []time.Time
	for {
		cmd, ready, err := c.spec.Prepare(c.stopping)
		final := err != nil
		if !final {
			err = c.live(cmd, ready)
		}
		if c.stopping.Err() != nil {
			c.set(Stopped, 0, nil)
			return
		}
		if final {
			c.set(GivenUp, 0, err)
			return
		}
		now := time.Now()
		for len(deaths) > 0 && now.Sub(deaths[0]) > deathWindow {
			deaths = deaths[1:]
		}
		if deaths = append(deaths, now); len(deaths) >= maxDeaths {
			c.spec.Log.Error("embedded: a child is given up", slog.String("child", c.spec.Name), slog.Any("error", err))
			c.set(GivenUp, 0, fmt.Errorf("%s died %d times within a minute and is given up: %w", c.spec.Name, maxDeaths, err))
			return
		}
		c.spec.Log.Warn("embedded: a child died and is started again", slog.String("child", c.spec.Name), slog.Any("error", err))
		c.set(Restarting, 0, nil)
		select {
		case <-c.stopping.Done():
		case <-time.After(time.Duration(len(deaths)) * backoff):
		}
	}
}

// live runs one process to its end and returns why it ended.
func (c *Child) live(cmd *exec.Cmd, ready func(context.Context) error) error {
	log, err := openLog(c.spec.LogFile)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr = log.File
	if cmd.Stdout == nil {
		cmd.Stdout = log.File
	}
	exited, err := launch(cmd, c.spec.DeathSignal)
	if err != nil {
		return err
	}
	pid := cmd.Process.Pid
	c.set(Starting, pid, nil)
	if c.spec.Nice != 0 {
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, pid, c.spec.Nice); err != nil {
			c.spec.Log.Debug("embedded: priority not changed", slog.String("child", c.spec.Name), slog.Any("error", err))
		}
	}

	ctx, cancel := context.WithCancel(c.stopping)
	defer cancel()
	readiness := make(chan error, 1)
	go func() { readiness <- ready(ctx) }()
	for {
		select {
		case err := <-exited:
			if err == nil {
				err = errors.New("it ended by itself")
			}
			if c.State() == Ready { // its log now speaks of much besides
				return fmt.Errorf("%w (its log: %s)", err, c.spec.LogFile)
			}
			return log.explain(err)
		case err := <-readiness:
			if err != nil {
				c.end(cmd, exited)
				return log.explain(err)
			}
			c.set(Ready, pid, nil)
			c.readyOnce.Do(func() { close(c.ready) })
		case <-c.stopping.Done():
			c.end(cmd, exited)
			return nil
		}
	}
}

// end stops a process: signal after signal, until it is gone.
func (c *Child) end(cmd *exec.Cmd, exited <-chan error) {
	for _, signal := range c.spec.StopSignals {
		_ = cmd.Process.Signal(signal) // fails only where the process is gone already
		select {
		case <-exited:
			return
		case <-time.After(c.spec.Grace):
		case <-c.hurry:
			select {
			case <-exited:
				return
			case <-time.After(time.Second):
			}
		}
	}
	<-exited
}
