package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell returns the spec of a child that runs a script and is ready once its log says "up".
func shell(t *testing.T, script string) Spec {
	log := filepath.Join(t.TempDir(), "log")
	return Spec{
		Name: "script",
		Prepare: func(context.Context) (*exec.Cmd, func(context.Context) error, error) {
			ready := func(ctx context.Context) error {
				return await(ctx, func() bool {
					text, _ := os.ReadFile(log)
					return strings.Contains(string(text), "up\n")
				})
			}
			return exec.Command("/bin/sh", "-c", script), ready, nil
		},
		StopSignals: []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL},
		Grace:       100 * time.Millisecond,
		LogFile:     log,
	}
}

// await polls until cond holds or ctx ends.
func await(ctx context.Context, cond func() bool) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

func mustAwait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if await(ctx, cond) != nil {
		t.Fatalf("%s did not happen", what)
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestChildStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script string }{
		{"Willing", "echo up; exec sleep 60"},
		{"Deaf", "trap '' TERM; echo up; while :; do sleep 1; done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			child, err := StartChild(t.Context(), shell(t, c.script))
			if err != nil {
				t.Fatal(err)
			}
			pid := child.PID()
			if child.State() != Ready || gone(pid) {
				t.Fatalf("state %s, pid %d", child.State(), pid)
			}
			if group, err := syscall.Getpgid(pid); err != nil || group != pid {
				t.Errorf("process group %d (%v): a Ctrl-C for guichet would reach the child", group, err)
			}
			if err := child.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if child.State() != Stopped || child.PID() != 0 || !gone(pid) {
				t.Errorf("after Stop: state %s, pid %d, gone %t", child.State(), child.PID(), gone(pid))
			}
			if err := child.Stop(t.Context()); err != nil {
				t.Errorf("a second Stop: %v", err)
			}
		})
	}
}

// TestChildStopHurries shows that Stop does not use up a long grace once its context has ended.
func TestChildStopHurries(t *testing.T) {
	t.Parallel()
	spec := shell(t, "trap '' TERM; echo up; while :; do sleep 1; done")
	spec.Grace = time.Hour
	child, err := StartChild(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := child.Stop(ctx); err != nil || child.State() != Stopped {
		t.Errorf("Stop: %v, state %s", err, child.State())
	}
}

func TestChildIsRestarted(t *testing.T) {
	t.Parallel()
	child, err := StartChild(t.Context(), shell(t, "echo up; exec sleep 60"))
	if err != nil {
		t.Fatal(err)
	}
	for death := range maxDeaths {
		pid := child.PID()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if death < maxDeaths-1 {
			mustAwait(t, "a restart", func() bool { return child.State() == Ready && child.PID() != pid })
		}
	}
	select {
	case <-child.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("a child that died three times is not given up")
	}
	if child.State() != GivenUp || child.Err() == nil || !strings.Contains(child.Err().Error(), "given up") {
		t.Errorf("state %s, error %v", child.State(), child.Err())
	}
	if err := child.Stop(t.Context()); err == nil {
		t.Error("Stop forgot why the child was given up")
	}
}

func TestChildNeverReady(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for _, c := range []struct {
		name  string
		spec  Spec
		wants string
	}{
		{"DiesAtOnce", shell(t, "echo starting; echo 'no such model' >&2; exit 3"), "no such model"},
		{"CannotBeRun", shell(t, ""), "/no/such/program"},
		{"CannotBePrepared", shell(t, ""), "refused"},
	} {
		switch c.name {
		case "CannotBeRun":
			c.spec.Prepare = func(context.Context) (*exec.Cmd, func(context.Context) error, error) {
				return exec.Command("/no/such/program"), nil, nil
			}
		case "CannotBePrepared":
			c.spec.Prepare = func(context.Context) (*exec.Cmd, func(context.Context) error, error) {
				return nil, nil, refused
			}
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			child, err := StartChild(t.Context(), c.spec)
			if err == nil || !strings.Contains(err.Error(), c.wants) {
				t.Errorf("StartChild = %v, %v; want %q", child, err, c.wants)
			}
		})
	}
}

// TestStartChildGivesWay shows that an ended context leaves no process behind.
func TestStartChildGivesWay(t *testing.T) {
	t.Parallel()
	spec := shell(t, "exec sleep 60")
	pids := make(chan int, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	spec.Prepare = func(context.Context) (*exec.Cmd, func(context.Context) error, error) {
		cmd := exec.Command("sleep", "60")
		return cmd, func(ctx context.Context) error {
			pids <- cmd.Process.Pid
			cancel(errors.New("the operator lost patience"))
			<-ctx.Done()
			return ctx.Err()
		}, nil
	}
	_, err := StartChild(ctx, spec)
	if err == nil || !strings.Contains(err.Error(), "lost patience") {
		t.Errorf("error %v", err)
	}
	if pid := <-pids; !gone(pid) {
		t.Errorf("process %d is still there", pid)
	}
}

func TestComplaint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"one\ntwo\n\n", "two"},
		{"LOG:  starting\nFATAL:  could not bind\nLOG:  shut down\n", "could not bind"},
	} {
		if got := complaint([]byte(c.text)); got != c.want {
			t.Errorf("complaint(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), exec.Command("echo", "hello"))
	if err != nil || string(out) != "hello\n" {
		t.Errorf("Run = %q, %v", out, err)
	}
	if _, err := Run(t.Context(), exec.Command("/bin/sh", "-c", "echo sorry; exit 1")); err == nil || !strings.Contains(err.Error(), "sorry") {
		t.Errorf("error %v does not say what the program said", err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("too slow"))
	defer cancel()
	if _, err := Run(ctx, exec.Command("sleep", "60")); fmt.Sprint(err) != "too slow" {
		t.Errorf("error %v", err)
	}
}
