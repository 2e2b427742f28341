package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"guichet/internal/config"
	"guichet/internal/embedded/pg"
	"guichet/internal/postgres"
	"guichet/kb"
)

// database is an open, migrated database, and the private server behind it where it is ours.
type database struct {
	*postgres.DB
	url    string
	server *pg.Server // nil for one of the operator's
}

// openDatabase connects to the database of the settings, or starts our own, and brings its schema up
// to date. Every error is one sentence.
func openDatabase(ctx context.Context, cfg config.Checked, log *slog.Logger) (database, error) {
	d, err := connect(ctx, cfg, log)
	if err != nil {
		return d, err
	}
	if err = postgres.Migrate(ctx, d.url); err == nil {
		d.DB, err = postgres.Open(ctx, postgres.Config{URL: d.url})
	}
	if err == nil {
		err = d.SaveAsked(ctx, kb.Asked())
	}
	if err != nil {
		return d, errors.Join(err, d.stop(ctx))
	}
	return d, nil
}

// connect finds the database of the settings, or starts our own. It opens no pool, and the schema
// stays as it is.
func connect(ctx context.Context, cfg config.Checked, log *slog.Logger) (d database, err error) {
	d.url = cfg.DatabaseURL
	if d.url != "" {
		return d, nil
	}
	d.server, err = pg.Start(ctx, pg.Config{Install: filepath.Join(cfg.InstallDir, "pg"),
		Data: filepath.Join(cfg.DataDir, "postgres"), Log: log})
	if errors.Is(err, pg.ErrInUse) {
		return d, fmt.Errorf("another guichet runs on the data folder %s; stop it, or set GUICHET_DATA_DIR", cfg.DataDir)
	}
	if err != nil {
		return d, err
	}
	d.url = d.server.DSN()
	return d, nil
}

// besideRunning are the settings with the database of the server that runs on their data folder.
func besideRunning(cfg config.Checked) config.Checked {
	if r, ok := FindRunning(cfg.DataDir); ok && cfg.DatabaseURL == "" {
		cfg.DatabaseURL = r.DatabaseURL
	}
	return cfg
}

// stop closes the pool and ends our own server.
func (d database) stop(ctx context.Context) error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server != nil {
		return d.server.Stop(ctx)
	}
	return nil
}
