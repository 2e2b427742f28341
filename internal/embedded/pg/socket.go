package pg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// socketFolder makes the folder of the server's socket, which only the server's account and root can
// enter. It takes the first place that is short enough, ours, and can be reached by that account.
func socketFolder(ctx context.Context, a account, runDir, name string) (string, error) {
	limit := 107
	if runtime.GOOS != "linux" {
		limit = 103
	}
	var refused error
	for _, parent := range []string{cmp.Or(runDir, os.Getenv("XDG_RUNTIME_DIR")), os.TempDir(), "/tmp"} {
		if parent == "" {
			continue
		}
		folder, err := filepath.Abs(filepath.Join(parent, name))
		if err == nil && len(filepath.Join(folder, ".s.PGSQL."+port)) > limit {
			err = fmt.Errorf("%s is too long for a socket's path", parent)
		}
		if err == nil {
			err = private(ctx, a, folder)
		}
		if err == nil {
			return folder, nil
		}
		refused = errors.Join(refused, err)
	}
	return "", unavailable(refused, "There is no place for PostgreSQL's socket: %v.", refused)
}

// private makes folder, or takes it as an earlier start left it. In a folder open to all a stranger
// may have put something of that name: then it is refused.
func private(ctx context.Context, a account, folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if !info.IsDir() || owner != os.Geteuid() && owner != a.uid {
		return fmt.Errorf("%s is not ours", folder)
	}
	if err := errors.Join(os.Chown(folder, a.uid, a.gid), os.Chmod(folder, 0o700)); err != nil {
		return err
	}
	return a.try(ctx, folder)
}
