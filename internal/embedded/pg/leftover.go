package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile is where a server notes, in its cluster, its process id and its state.
const pidFile = "postmaster.pid"

// clearLeftovers ends what a killed guichet left at work in a cluster, gently at first, and returns when it is
// gone. On Linux the kernel has told such a server to end already; elsewhere nobody has.
func clearLeftovers(ctx context.Context, cluster string) error {
	server := notedPID(cluster)
	left := leftovers(cluster, server)
	for _, pid := range left {
		signal := syscall.SIGTERM
		if pid == server {
			signal = syscall.SIGINT
		}
		_ = syscall.Kill(pid, signal)
	}
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL, 0} {
		wait, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := poll(wait, func() (bool, error) {
			left = leftovers(cluster, server)
			return len(left) == 0, nil
		})
		cancel()
		if err == nil {
			return dropStalePIDFile(cluster, server)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, signal)
		}
	}
	return unavailable(nil, "An older PostgreSQL (process %d) still works in %s and does not end.", left[0], cluster)
}

// dropStalePIDFile removes the note of a server that is gone if its number has since gone to another
// process (after a reboot, say): PostgreSQL would take that one for the server and refuse to start.
func dropStalePIDFile(cluster string, server int) error {
	if server == 0 || errors.Is(syscall.Kill(server, 0), syscall.ESRCH) {
		return nil // PostgreSQL handles that itself
	}
	if err := os.Remove(filepath.Join(cluster, pidFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// notedPID returns the process id in the cluster's pid file, 0 where there is none.
func notedPID(cluster string) int {
	text, err := os.ReadFile(filepath.Join(cluster, pidFile))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid < 1 {
		return 0
	}
	return pid
}
