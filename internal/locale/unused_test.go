package locale_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/kb"
)

var (
	quoted = regexp.MustCompile("[\"'`]([a-z_]+(?:\\.[a-z_]+)+)[\"'`]")
	// The first part of a key that is put together: "status." + s, `status.${s}`, printf "status.%s".
	prefixed = regexp.MustCompile("[\"'`]([a-z_]+(?:\\.[a-z_]+)*\\.)(?:[\"']\\s*\\+|%s|\\$\\{)")
)

// TestEveryKeyIsUsed: a text that nothing says is a burden to nine translators.
func TestEveryKeyIsUsed(t *testing.T) {
	t.Parallel()
	said, begun := map[string]bool{}, []string{}
	for _, root := range []string{"../../internal", "../../cmd", "../../web/templates", "../../web/src"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !slices.Contains([]string{".go", ".html", ".ts", ".tsx"}, filepath.Ext(path)) || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range quoted.FindAllStringSubmatch(string(b), -1) {
				said[m[1]] = true
			}
			for _, m := range prefixed.FindAllStringSubmatch(string(b), -1) {
				begun = append(begun, m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for key := range catalog(t, kb.English) {
		if !said[key] && !slices.ContainsFunc(begun, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("%s is said nowhere", key)
		}
	}
}
