package backup_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/backup"
)

// shelf is a database of two tables.
type shelf struct {
	rows  map[string]string
	fails error // when the second table is read
}

func (s shelf) Snapshot(ctx context.Context, read func(context.Context, backup.Moment, backup.CopyOut) error) error {
	m := backup.Moment{Schema: backup.Schema{Tables: 3, Jobs: 2}, Tables: []backup.Table{{Name: "books"}, {Name: "loans"}}}
	return read(ctx, m, func(_ context.Context, t backup.Table, w io.Writer) (int64, error) {
		if t.Name == "loans" && s.fails != nil {
			return 0, s.fails
		}
		_, err := io.WriteString(w, s.rows[t.Name])
		return int64(strings.Count(s.rows[t.Name], "\n")), err
	})
}

// into reads everything back.
func into(got map[string]string) backup.Restore {
	return func(_ context.Context, m backup.Moment, open func(backup.Table) (io.ReadCloser, error)) ([]string, error) {
		for _, t := range m.Tables {
			r, err := open(t)
			if err != nil {
				return nil, err
			}
			b, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil {
				return nil, err
			}
			got[t.Name] = string(b)
		}
		return nil, nil
	}
}

func take(t *testing.T, db shelf) (dir, secret string) {
	t.Helper()
	dir, secret = filepath.Join(t.TempDir(), "a", "b"), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Take(t.Context(), db, backup.Options{Dir: dir, Secret: secret}); err != nil {
		t.Fatal(err)
	}
	return dir, secret
}

var books = shelf{rows: map[string]string{"books": "1\tZola\n2\tEco\n", "loans": ""}}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	dir, _ := take(t, books)
	got, secret := map[string]string{}, filepath.Join(t.TempDir(), "data", "secret")
	m, left, err := backup.Load(t.Context(), into(got), backup.Options{Dir: dir, Secret: secret})
	if err != nil || len(left) > 0 || m.Rows() != 2 || m.Schema.Tables != 3 {
		t.Fatalf("%+v, %v, %v", m, left, err)
	}
	if diff := cmp.Diff(books.rows, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "key\n" {
		t.Errorf("the key: %q, %v", b, err)
	}
	// Once more, now that the key is there.
	if _, _, err := backup.Load(t.Context(), into(got), backup.Options{Dir: dir, Secret: secret}); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftOfHalfABackup(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	broken := errors.New("the database is gone")
	db := books
	db.fails = broken
	if _, err := backup.Take(t.Context(), db, backup.Options{Dir: filepath.Join(parent, "today")}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(dir string) error
		words string
	}{
		"NoBackup":  {func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.json")) }, "is no backup"},
		"NoDir":     {os.RemoveAll, "cannot be read"},
		"Garbled":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{}"), 0o600) }, "not the manifest"},
		"Newer":     {replace(`"format": 1`, `"format": 2`), "use a newer one"},
		"Elsewhere": {replace(`"file": "books.copy.gz"`, `"file": "../../etc/passwd"`), "cannot be read"},
		"NoKey":     {func(dir string) error { return os.Remove(filepath.Join(dir, "secret")) }, "secret is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, secret := take(t, books)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			_, _, err := backup.Load(t.Context(), into(got), backup.Options{Dir: dir, Secret: secret})
			if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "\n") || len(got) > 0 {
				t.Errorf("got %v and %v, want %q", err, got, c.words)
			}
		})
	}
}

// replace changes the manifest.
func replace(old, new string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "manifest.json")
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600)
	}
}
