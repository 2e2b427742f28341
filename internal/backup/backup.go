// Package backup writes what guichet must not lose into a folder, while it runs, and reads it back
// into an empty database.
//
// A backup is one moment of the database: a compressed file a table, in the lines of PostgreSQL's COPY,
// the key of the data folder, and a manifest that says what is in them. It is readable without
// guichet, and needs no program of PostgreSQL's. The word index is derived and is not in it.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// format is the layout of the folder; a program reads this one and older ones.
const format = 1

const (
	manifestFile = "manifest.json"
	secretFile   = "secret"
)

// Schema is how far a database's tables have come.
type Schema struct {
	Tables int64 `json:"tables"` // of guichet
	Jobs   int64 `json:"jobs"`   // of the job queue
}

// Table is one table, and after it was written the file that holds its rows.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"` // in a Moment an estimate
	File    string   `json:"file"`
	Bytes   int64    `json:"bytes"` // of the file
	SHA256  string   `json:"sha256"`
}

// Sequence is where a counter of the database stood, or later: what it counted never comes twice.
type Sequence struct {
	Name   string `json:"name"`
	Last   int64  `json:"last"`
	Called bool   `json:"called"` // Last has been handed out
}

// Moment is what a database held at one time.
type Moment struct {
	At        time.Time  `json:"made_at"`
	Server    string     `json:"server"` // which PostgreSQL and pgvector
	Schema    Schema     `json:"schema"`
	Tables    []Table    `json:"tables"` // each after those that it refers to
	Sequences []Sequence `json:"sequences"`
}

// Manifest says what a backup holds.
type Manifest struct {
	Format int `json:"format"`
	Moment
	Secret string `json:"secret_sha256,omitempty"` // of the file with the data folder's key; "" where there is none
}

// Rows is how many rows the tables have together.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// CopyOut writes the rows of a table, one a line, and returns how many.
type CopyOut func(ctx context.Context, t Table, w io.Writer) (rows int64, err error)

// Source is a database that can be read at one moment.
type Source interface {
	// Snapshot calls read with what the database holds now. Whatever is written meanwhile is not in
	// it, and is not held up by it.
	Snapshot(ctx context.Context, read func(ctx context.Context, m Moment, out CopyOut) error) error
}

// Restore makes the tables of a moment's schema in an empty database and fills them with the rows
// that open returns, all or none. left names the tables that guichet's schema does not have, whose
// rows were left out.
type Restore func(ctx context.Context, m Moment, open func(Table) (io.ReadCloser, error)) (left []string, err error)

// Options of both ways.
type Options struct {
	Dir string // of the backup
	// Secret is the file that holds the data folder's key. One that is not there is no error: then the
	// operator gives the key.
	Secret string
	// Progress is told every half second how far a table is. total is an estimate while a backup is
	// made. May be nil.
	Progress func(table string, rows, total int64)
}

// Take writes a backup into o.Dir, which must be empty or not there yet, and which appears whole or
// not at all.
func Take(ctx context.Context, db Source, o Options) (m Manifest, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return m, err
	}
	if err := vacant(dir); err != nil {
		return m, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return m, fmt.Errorf("the backup cannot be written: %w", err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".partial-")
	if err != nil {
		return m, fmt.Errorf("the backup cannot be written: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	m.Format = format
	err = db.Snapshot(ctx, func(ctx context.Context, now Moment, out CopyOut) error {
		m.Moment = now
		for i := range m.Tables {
			if err := writeTable(ctx, partial, &m.Tables[i], out, o.Progress); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	if m.Secret, err = copySecret(o.Secret, filepath.Join(partial, secretFile)); err != nil {
		return m, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := writeFile(filepath.Join(partial, manifestFile), append(text, '\n')); err != nil {
		return m, err
	}
	if err := syncFolder(partial); err != nil {
		return m, err
	}
	// An empty folder of that name makes way; one that is not empty by now stays, and the rename fails.
	_ = os.Remove(dir)
	if err := os.Rename(partial, dir); err != nil {
		return m, fmt.Errorf("the backup is written, but cannot be given its name: %w", err)
	}
	return m, syncFolder(filepath.Dir(dir))
}

// vacant sees that nothing is lost where a backup will stand.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("the backup cannot be written: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("the folder %s is not empty; name one that is, or a new one", dir)
	}
	return nil
}

// Load restores the backup in o.Dir. Its files are checked before anything is changed: one that is
// missing, cut short or altered is named.
func Load(ctx context.Context, restore Restore, o Options) (m Manifest, left []string, err error) {
	folder, err := os.OpenRoot(o.Dir)
	if err != nil {
		return m, nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	defer folder.Close()
	if m, err = readManifest(folder, o.Dir); err != nil {
		return m, nil, err
	}
	for _, t := range m.Tables {
		if err := verify(ctx, folder, t.File, t.SHA256); err != nil {
			return m, nil, err
		}
	}
	var secret []byte // to be placed
	if m.Secret != "" {
		if err := verify(ctx, folder, secretFile, m.Secret); err != nil {
			return m, nil, err
		}
		if secret, err = newSecret(folder, o.Secret); err != nil {
			return m, nil, err
		}
	}
	left, err = restore(ctx, m.Moment, func(t Table) (io.ReadCloser, error) {
		// The database has been found empty by now. The key goes before the rows: a restore that is cut
		// short must not leave them without it.
		if secret != nil {
			if err := writeFile(o.Secret, secret); err != nil {
				return nil, err
			}
			secret = nil
		}
		return openTable(folder, t, o.Progress)
	})
	return m, left, err
}

// readManifest reads what the backup says of itself.
func readManifest(folder *os.Root, dir string) (m Manifest, err error) {
	text, err := folder.ReadFile(manifestFile)
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s is no backup: it has no %s", dir, manifestFile)
	}
	if err != nil {
		return m, fmt.Errorf("the backup cannot be read: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Format < 1 || len(m.Tables) == 0 {
		return m, fmt.Errorf("%s in %s is not the manifest of a backup", manifestFile, dir)
	}
	if m.Format > format {
		return m, fmt.Errorf("the backup has format %d, and this program reads up to %d: use a newer one", m.Format, format)
	}
	return m, nil
}
