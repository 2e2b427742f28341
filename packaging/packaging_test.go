// Package packaging holds what operators are given against the program: every variable, port, folder
// and image that the packaging names is one that guichet has.
package packaging_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"guichet/internal/config"
)

const root = ".."

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settings are the variables that guichet knows, with their defaults ("" for none).
func settings(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for f := range reflect.TypeFor[config.Settings]().Fields() {
		name := f.Tag.Get("env")
		if name == "" {
			t.Errorf("config.Settings.%s has no variable", f.Name)
			continue
		}
		out[name] = f.Tag.Get("default")
	}
	if len(out) < 20 {
		t.Fatalf("only %d settings: the tests would hold for nothing", len(out))
	}
	return out
}

// given reads settings from an environment, as far as they are text, and has them checked.
func given(t *testing.T, env map[string]string) config.Checked {
	t.Helper()
	var s config.Settings
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		value, ok := env[tag.Get("env")]
		if !ok {
			value = tag.Get("default")
		}
		if v.Field(i).Kind() == reflect.String {
			v.Field(i).SetString(value)
		}
	}
	c, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// isSetting reports whether a variable is guichet's, whether it knows it or not.
func isSetting(name string) bool {
	for _, prefix := range []string{"GUICHET_", "DATABASE_", "EMBEDDINGS_", "SMTP_", "LLM_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

var row = regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| ([^|]+) \\| ([^|]+) \\|$")

// TestEverySettingIsTold holds the table of docs/operations.md against the settings.
func TestEverySettingIsTold(t *testing.T) {
	t.Parallel()
	known, told := settings(t), map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/operations.md"), -1) {
		name, cell := m[1], m[2]
		fallback, ok := known[name]
		switch {
		case !ok:
			t.Errorf("docs/operations.md tells of %s, which is no setting", name)
		case told[name]:
			t.Errorf("docs/operations.md tells of %s twice", name)
		case fallback != "" && cell != "`"+fallback+"`":
			t.Errorf("docs/operations.md says that %s is %s by default, and it is %s", name, cell, fallback)
		}
		told[name] = true
	}
	for name := range known {
		if !told[name] {
			t.Errorf("docs/operations.md does not tell of %s: add it to the table of settings", name)
		}
	}
}

// TestNoSettingIsInvented holds every variable that the page names in passing.
func TestNoSettingIsInvented(t *testing.T) {
	t.Parallel()
	known := settings(t)
	for _, path := range []string{"docs/operations.md", "Dockerfile", "compose.yaml", "packaging/guichet.service", "packaging/guichet.env", "packaging/compose.env"} {
		for _, name := range regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`).FindAllString(read(t, path), -1) {
			if _, ok := known[name]; isSetting(name) && !ok {
				t.Errorf("%s names %s, which is no setting", path, name)
			}
		}
	}
}

// variables are the lines of an environment file, those that are commented out too.
func variables(t *testing.T, path string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(read(t, path)) {
		if m := regexp.MustCompile(`^#?([A-Z][A-Z_]*)=(.*)\n$`).FindStringSubmatch(line); m != nil {
			out[m[1]] = m[2]
		} else if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "# ") {
			t.Errorf("%s: neither a variable nor a comment: %q", path, line)
		}
	}
	return out
}

func TestEnvironmentFiles(t *testing.T) {
	t.Parallel()
	known := settings(t)
	unit := variables(t, "packaging/guichet.env")
	for name := range unit {
		if _, ok := known[name]; !ok {
			t.Errorf("guichet.env sets %s, which is no setting", name)
		}
	}
	given(t, unit)
	inCompose := interpolated(t)
	compose := variables(t, "packaging/compose.env")
	for name := range compose {
		if _, ok := known[name]; !ok && !inCompose[name] {
			t.Errorf("compose.env sets %s, which nothing reads", name)
		}
	}
	for name := range inCompose {
		if _, ok := compose[name]; !ok {
			t.Errorf("compose.yaml reads %s, of which compose.env says nothing", name)
		}
	}
}
