package pg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNamespacesRefused runs guichet as the root of a container that allows no further namespaces.
func TestNamespacesRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("only root needs namespaces")
		return
	}
	cfg := config(t)
	cfg.Settings = map[string]string{"test.namespaces": "0"} // PostgreSQL ignores a name with a dot
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1 << 16}}
	container := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: all, GidMappings: all, GidMappingsEnableSetgroups: true}
	probe := exec.Command("true")
	probe.SysProcAttr = container
	if err := probe.Run(); err != nil {
		t.Logf("this machine refuses namespaces itself (%v): the other tests show it", err)
		return
	}
	h := startHelper(t, binary, cfg, container)
	note(t, h.DSN)
	cluster, err := os.Readlink(filepath.Join(cfg.Data, "cluster"))
	if err != nil || !strings.HasPrefix(cluster, cfg.Shared) {
		t.Errorf("the cluster is %s (%v), want it in %s", cluster, err, cfg.Shared)
	}
	h.kill(t)
	cfg.Settings = nil
	if got := notes(t, mustStart(t, cfg).DSN()); got != 1 {
		t.Errorf("%d notes, want 1", got)
	}
}
