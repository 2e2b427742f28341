package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestBackupAndRestore moves a private installation into another folder: a backup beside the running
// server, a restore that makes its own database, and a start on it.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data, "EMBEDDINGS_URL=off")
	if out, err := s.run(t, "article", "unpublish", "refund-request.fr"); err != nil {
		t.Fatal(err, out)
	}
	backup := filepath.Join(t.TempDir(), "2026-11-22")
	out, err := s.run(t, "backup", "--json", backup)
	if err != nil {
		t.Fatal(err, out)
	}
	var report struct {
		Rows   int64
		Tables map[string]int64
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Rows == 0 || report.Tables["articles"] == 0 {
		t.Errorf("backup --json: %v %s", err, out)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the backup's folder: %v, %v", info, err)
	}
	if out, err := s.run(t, "restore", backup); err == nil || !strings.Contains(out, "guichet runs on the data folder") {
		t.Errorf("restore under a running server: %v %s", err, out)
	}
	interruptBackup(t, s)
	s.stop(t)
	if out, err := s.run(t, "restore", backup); err == nil || !strings.Contains(out, "database is not empty") {
		t.Errorf("restore over the old database: %v %s", err, out)
	}

	elsewhere := filepath.Join(t.TempDir(), "data")
	run := func(args ...string) string {
		c := exec.Command(binary, args...)
		c.Env = append(environment(t, elsewhere, freeAddr(t)), "EMBEDDINGS_URL=off")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return string(out)
	}
	if out := run("restore", backup); !strings.Contains(out, "restored from") || !strings.Contains(out, "The word index is built at the next start.") {
		t.Errorf("restore: %s", out)
	}
	again := start(t, elsewhere, "EMBEDDINGS_URL=off")
	if out, err := again.run(t, "article", "list", "--lang", "fr", "--json"); err != nil || !strings.Contains(out, `"status": "unpublished"`) {
		t.Errorf("the restored articles: %v %s", err, out)
	}
	// The word index is built while the server already listens.
	for deadline := time.Now().Add(time.Minute); ; {
		out, err := again.run(t, "doctor", "--ready")
		if err == nil && strings.Contains(out, "is ready") {
			break
		}
		if !strings.Contains(out, "not ready yet") || time.Now().After(deadline) {
			t.Fatalf("doctor --ready: %v %s", err, out)
		}
	}
	if outcome, said := ask(t, again.url, "Wie lange dauert eine Rückerstattung?"); outcome != "answered" || !strings.Contains(said, "7 bis 14 Tage") {
		t.Errorf("the restored house answers %s %q", outcome, said)
	}
	again.stop(t)
	if out, err := again.run(t, "doctor", "--ready"); err == nil {
		t.Errorf("doctor --ready without a server: %s", out)
	}
	// What the private server said to its own folder stays out of a backup.
	entries, err := os.ReadDir(backup)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != "manifest.json" && name != "secret" && !strings.HasSuffix(name, ".copy.gz") {
			t.Errorf("the backup holds %s", name)
		}
	}
}

// interruptBackup ends a backup while it waits for a table: it says so, fails, and leaves nothing.
func interruptBackup(t *testing.T, s *server) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var running struct {
		DatabaseURL string `json:"database_url"`
	}
	if err := json.Unmarshal(text, &running); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), running.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE agents IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	c := exec.Command(binary, "backup", filepath.Join(parent, "cut"))
	var out bytes.Buffer
	c.Env, c.Stderr = s.env, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for waiting := 0; waiting == 0; {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); c.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "cut short") {
		t.Errorf("an interrupted backup: %v %s", err, out.String())
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("an interrupted backup leaves %v, %v", entries, err)
	}
}
