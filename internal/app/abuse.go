package app

import (
	"context"
	"log/slog"

	"guichet/internal/abuse"
	"guichet/internal/config"
	"guichet/internal/postgres"
	"guichet/internal/seal"
)

// openAbuse opens what judges guests' requests, with the database's ring of keys.
func openAbuse(ctx context.Context, cfg config.Checked, db *postgres.DB, log *slog.Logger) (*abuse.Service, error) {
	secret, err := openSecret(cfg)
	if err != nil {
		return nil, err
	}
	box, err := seal.New(secret, "signing keys")
	if err != nil {
		return nil, err
	}
	ring := seal.NewRing(box, db, nil)
	return abuse.New(abuse.Config{Ring: ring, Store: db, Least: cfg.FormTime, Log: log}), ring.Refresh(ctx)
}
