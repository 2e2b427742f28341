package embedded_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"guichet/internal/embedded/embeddedtest"
)

// TestInstallScript runs scripts/install-embedded where something is missing. The real install has
// run already: without it the other tests of embedded fail.
func TestInstallScript(t *testing.T) {
	t.Parallel()
	const (
		nothing  = "guichet needs DATABASE_URL"
		noMeans  = "search works by words alone unless EMBEDDINGS_URL is set"
		noPython = "No Python 3.10 or later with pip"
	)
	installed, err := filepath.Abs(embeddedtest.Install(t))
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../scripts/install-embedded")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		have   []string // parts that are installed already
		env    []string
		status int
		says   []string // one line each
	}{
		{"NothingMissing", []string{"pg", "e5"}, []string{"PYTHON=/nowhere/python"}, 0, nil},
		{"NoPython", nil, []string{"PYTHON=/nowhere/python"}, 1, []string{noPython, noPython}},
		{"OldPython", nil, []string{"PYTHON=false"}, 1, []string{nothing, noMeans}},
		{"NoPythonForTheEmbedder", []string{"pg"}, []string{"PYTHON=false"}, 0, []string{noMeans}},
		{"NoRegistry", nil, []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=/nowhere"}, 1, []string{"PostgreSQL could not be fetched", "embedding server could not be fetched"}},
		{"NoRegistryForTheEmbedder", []string{"pg"}, []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=/nowhere"}, 0, []string{noMeans}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for _, part := range c.have {
				if err := os.Symlink(filepath.Join(installed, part), filepath.Join(folder, part)); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(script, folder)
			cmd.Env = append(os.Environ(), c.env...)
			var said strings.Builder
			cmd.Stderr = &said
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			lines := strings.FieldsFunc(said.String(), func(r rune) bool { return r == '\n' })
			if len(lines) != len(c.says) {
				t.Fatalf("it says %q, want %d sentences", lines, len(c.says))
			}
			for i, want := range c.says {
				if !strings.Contains(lines[i], want) {
					t.Errorf("sentence %q, want %q", lines[i], want)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(folder, "install.*[0-9]")); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
