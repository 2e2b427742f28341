// Package embeddedtest finds the programs that guichet brings along, for tests that run them.
package embeddedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Install returns the folder with pg and e5 that `make install` fills: GUICHET_TEST_INSTALL, else
// .local of the source tree. The test fails where it is missing.
func Install(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("GUICHET_TEST_INSTALL")
	if folder == "" {
		tree, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for !exists(filepath.Join(tree, "go.mod")) {
			if tree == filepath.Dir(tree) {
				t.Fatal("no go.mod above the test's folder")
			}
			tree = filepath.Dir(tree)
		}
		folder = filepath.Join(tree, ".local")
	}
	if !exists(filepath.Join(folder, "pg", "pins.txt")) || !exists(filepath.Join(folder, "e5", "pins.txt")) {
		t.Fatalf("PostgreSQL and the embedding server are not installed in %s: run `make install`", folder)
	}
	return folder
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
