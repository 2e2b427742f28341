package pg

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// leftovers returns the PostgreSQL processes that work in a cluster: their working folder is always
// the cluster. So a process that merely has the number of a former server is never taken for one.
func leftovers(cluster string, _ int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		folder := filepath.Join("/proc", entry.Name())
		if cwd, err := os.Readlink(filepath.Join(folder, "cwd")); err != nil || cwd != cluster {
			continue
		}
		// The name carries « (deleted) » behind it where the programs have been installed anew.
		if exe, err := os.Readlink(filepath.Join(folder, "exe")); err == nil && strings.HasPrefix(filepath.Base(exe), "postgres") {
			pids = append(pids, pid)
		}
	}
	return pids
}
