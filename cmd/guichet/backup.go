package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"guichet/internal/app"
	"guichet/internal/backup"
)

type backupCmd struct {
	Dir string `arg:"" help:"Folder to write into: a new one, or an empty one."`
}

func (c *backupCmd) Run(e *env) error {
	m, err := app.Backup(e.ctx, e.cfg, e.log, backup.Options{Dir: c.Dir, Progress: tableProgress("backing up")})
	tableProgressEnd()
	if err != nil {
		return e.cut("the backup was cut short, and nothing is left of it", err)
	}
	return e.print(newBackupReport(c.Dir, m, nil), func() {
		fmt.Printf("%s backed up into %s: %d rows of %d tables, as of %s\n", counts(m), c.Dir, m.Rows(), len(m.Tables), m.At.Format(time.RFC3339))
		if m.Secret == "" {
			fmt.Println("The data folder has no key: if you set GUICHET_SECRET, keep it beside the backup.")
		} else {
			fmt.Println("The key that seals passwords is in it: keep the backup as you keep the data.")
		}
	})
}

type restoreCmd struct {
	Dir string `arg:"" help:"Folder of a backup."`
}

func (c *restoreCmd) Run(e *env) error {
	m, left, err := app.RestoreBackup(e.ctx, e.cfg, e.log, backup.Options{Dir: c.Dir, Progress: tableProgress("restoring")})
	tableProgressEnd()
	if err != nil {
		return e.cut("the restore was cut short: run it again", err)
	}
	return e.print(newBackupReport(c.Dir, m, left), func() {
		fmt.Printf("%s restored from %s: %d rows of %d tables, as of %s\n", counts(m), c.Dir, m.Rows(), len(m.Tables)-len(left), m.At.Format(time.RFC3339))
		if len(left) > 0 {
			fmt.Printf("Left out, since they are not guichet's: %s\n", strings.Join(left, ", "))
		}
		fmt.Println("The word index is built at the next start.")
	})
}

// cut says that work was interrupted. Who goes on after it (a nightly script that deletes older backups)
// must not take that for a success, as the end of a server is.
func (e *env) cut(said string, err error) error {
	if e.ctx.Err() != nil {
		return errors.New(said)
	}
	return err
}

// backupReport is what both commands print as JSON.
type backupReport struct {
	Dir    string           `json:"dir"`
	MadeAt time.Time        `json:"made_at"`
	Schema backup.Schema    `json:"schema"`
	Tables map[string]int64 `json:"tables"` // rows
	Rows   int64            `json:"rows"`
	Bytes  int64            `json:"bytes"` // of the compressed files
	Secret bool             `json:"secret"`
	Left   []string         `json:"left_out,omitempty"`
}

func newBackupReport(dir string, m backup.Manifest, left []string) backupReport {
	r := backupReport{Dir: dir, MadeAt: m.At, Schema: m.Schema, Tables: map[string]int64{}, Rows: m.Rows(), Secret: m.Secret != "", Left: left}
	for _, t := range m.Tables {
		r.Tables[t.Name] = t.Rows
		r.Bytes += t.Bytes
	}
	return r
}

// counts says how much of what people know by name is there.
func counts(m backup.Manifest) string {
	rows := map[string]int64{}
	for _, t := range m.Tables {
		rows[t.Name] = t.Rows
	}
	return fmt.Sprintf("%d articles, %d tickets with %d entries and %d answers", rows["articles"], rows["tickets"], rows["entries"], rows["answers"])
}

// tableProgress shows how far a long table is, where somebody watches.
func tableProgress(verb string) func(table string, rows, total int64) {
	if !watched() {
		return nil
	}
	return func(table string, rows, total int64) {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s %s: %d of %d rows", verb, table, rows, total)
	}
}

// tableProgressEnd wipes the line.
func tableProgressEnd() {
	if watched() {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}
