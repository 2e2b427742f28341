package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"guichet/internal/support"
)

// Running is what a running server tells commands that are started beside it.
type Running struct {
	PID         int           `json:"pid"`
	URL         string        `json:"url"`          // on which it listens
	DatabaseURL string        `json:"database_url"` // of the database beside it
	Token       support.Token `json:"token"`        // makes a command's calls those of an admin
}

func runFile(dataDir string) string { return filepath.Join(dataDir, "run.json") }

// write notes the running server, readable by its owner alone.
func (r Running) write(dataDir string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	tmp := runFile(dataDir) + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("note the running server: %w", err)
	}
	return os.Rename(tmp, runFile(dataDir))
}

// FindRunning returns the server that runs on a data folder; ok is false where none does. A note
// left behind by one that was killed counts for nothing, also where its number has since become this
// process's own (in a container every first process has the number 1).
func FindRunning(dataDir string) (r Running, ok bool) {
	b, err := os.ReadFile(runFile(dataDir))
	if err != nil || json.Unmarshal(b, &r) != nil || r.PID <= 0 || r.PID == os.Getpid() {
		return Running{}, false
	}
	if err := syscall.Kill(r.PID, 0); errors.Is(err, syscall.ESRCH) {
		return Running{}, false
	}
	return r, true
}
