package app

import (
	"guichet/internal/auth"
	"guichet/internal/config"
	"guichet/internal/postgres"
	"guichet/internal/seal"
)

// openIdentities is who vouches for members; sites' secrets are sealed with the installation's own.
func openIdentities(cfg config.Checked, db *postgres.DB) (*auth.Identities, error) {
	secret, err := openSecret(cfg)
	if err != nil {
		return nil, err
	}
	box, err := seal.New(secret, "identity key")
	if err != nil {
		return nil, err
	}
	return auth.NewIdentities(auth.IdentityConfig{Store: db, Box: box, Audience: cfg.Base.String()}), nil
}
