package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"guichet/internal/backup"
	"guichet/internal/config"
	"guichet/internal/postgres"
)

// secretFile holds the key that seals what the database keeps sealed, where the settings give none.
func secretFile(cfg config.Checked) string { return filepath.Join(cfg.DataDir, "secret") }

// Backup writes the database and the data folder's key into o.Dir, beside a running server or without
// one. The schema stays as it is, so that a new program can take a backup before it migrates.
func Backup(ctx context.Context, cfg config.Checked, log *slog.Logger, o backup.Options) (m backup.Manifest, err error) {
	d, err := connect(ctx, besideRunning(cfg), log)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, d.stop(context.WithoutCancel(ctx))) }()
	if d.DB, err = postgres.Open(ctx, postgres.Config{URL: d.url, MaxConns: 1}); err != nil {
		return m, err
	}
	o.Secret = secretFile(cfg)
	return backup.Take(ctx, d.DB, o)
}

// RestoreBackup restores the backup in o.Dir into the database of the settings, which must be empty,
// and names the tables that it left out because they are not guichet's.
func RestoreBackup(ctx context.Context, cfg config.Checked, log *slog.Logger, o backup.Options) (m backup.Manifest, left []string, err error) {
	if r, ok := FindRunning(cfg.DataDir); ok {
		return m, nil, fmt.Errorf("guichet runs on the data folder %s (process %d); stop it, or restore into another one", cfg.DataDir, r.PID)
	}
	o.Secret = secretFile(cfg)
	return backup.Load(ctx, func(ctx context.Context, m backup.Moment, open func(backup.Table) (io.ReadCloser, error)) (left []string, err error) {
		d, err := connect(ctx, cfg, log)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, d.stop(context.WithoutCancel(ctx))) }()
		return postgres.Restore(d.url)(ctx, m, open)
	}, o)
}
