//go:build !linux

package pg

import (
	"os/exec"
	"strconv"
	"strings"
)

// leftovers returns the noted server if its command line shows that it still serves the cluster.
func leftovers(cluster string, server int) []int {
	if server == 0 {
		return nil
	}
	line, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(server)).Output()
	if err != nil || !strings.Contains(string(line), "postgres -D "+cluster+" ") {
		return nil
	}
	return []int{server}
}
