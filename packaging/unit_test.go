package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unit reads the directives of the service's section.
func unit(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	section := ""
	for line := range strings.Lines(read(t, "packaging/guichet.service")) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		}
		if name, value, ok := strings.Cut(line, "="); ok && section == "[Service]" && !strings.HasPrefix(line, "#") {
			out[name] = append(out[name], value)
		}
	}
	return out
}

func TestUnit(t *testing.T) {
	t.Parallel()
	u := unit(t)
	known := settings(t)
	env := map[string]string{}
	for _, line := range u["Environment"] {
		for _, pair := range strings.Fields(line) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
			if _, ok := known[name]; !ok && name != "XDG_RUNTIME_DIR" {
				t.Errorf("the unit sets %s, which is no setting", name)
			}
		}
	}
	for name, want := range map[string]string{
		"ExecStart": "/usr/local/bin/guichet serve", "User": "guichet", "EnvironmentFile": "-/etc/guichet/guichet.env",
		"StateDirectory": "guichet", "RuntimeDirectory": "guichet", "UMask": "0077",
		// Children are ended by guichet in their order, and none of them may be left.
		"KillMode": "mixed", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "CapabilityBoundingSet": "",
	} {
		if got := u[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	// ProtectSystem leaves these to write into; the socket's folder is seen from outside PrivateTmp.
	if env["GUICHET_DATA_DIR"] != "/var/lib/"+u["StateDirectory"][0] || env["XDG_RUNTIME_DIR"] != "/run/"+u["RuntimeDirectory"][0] {
		t.Errorf("its folders are %v", env)
	}
	// numpy and PostgreSQL make code at run time.
	if _, set := u["MemoryDenyWriteExecute"]; set {
		t.Error("the embedder would not start with MemoryDenyWriteExecute")
	}
}

// TestUnitIsUnderstood has systemd read the unit, where there is one.
func TestUnitIsUnderstood(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("this machine has no systemd: TestUnit alone looks at the unit")
		return
	}
	path := filepath.Join(t.TempDir(), "guichet.service")
	text := strings.Replace(read(t, "packaging/guichet.service"), "/usr/local/bin/guichet", "/bin/true", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err != nil || strings.Contains(string(out), "guichet.service:") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=yes", "--no-pager", "--threshold=20", path).CombinedOutput(); err != nil {
		t.Errorf("systemd finds it exposed (%v): %s", err, out)
	}
}
