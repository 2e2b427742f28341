package postgres

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"guichet/internal/problem"

	"github.com/jackc/pgx/v5"
)

var claimStarter = query("claim_starter", `
	INSERT INTO settings (key, value)
	SELECT 'starter', '"loading"' WHERE NOT EXISTS (SELECT FROM articles)
	ON CONFLICT (key) DO NOTHING`)

var findSetting = query("find_setting", `SELECT value FROM settings WHERE key = @key`)

var saveSetting = query("save_setting", `
	INSERT INTO settings (key, value) VALUES (@key, @value)
	ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`)

// ClaimStarter reports whether the starter articles are to be loaded: the database never had them
// and no article of its own, or loading them was cut short. FinishStarter says that they are there.
func (db *DB) ClaimStarter(ctx context.Context) (load bool, err error) {
	defer problem.Wrap(&err, "postgres.ClaimStarter")
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := claimStarter.exec(ctx, tx, args{}); err != nil {
			return err
		}
		raw, err := one(ctx, tx, findSetting, args{"key": "starter"}, value[json.RawMessage])
		load = string(raw) == `"loading"`
		if problem.Is(err, problem.NotFound) { // articles of its own
			err = nil
		}
		return err
	})
	return load, err
}

// FinishStarter notes that the starter articles are loaded; they never come again, whatever becomes
// of them.
func (db *DB) FinishStarter(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "postgres.FinishStarter")
	_, err = saveSetting.exec(ctx, db.pool, args{"key": "starter", "value": json.RawMessage(`"loaded"`)})
	return err
}

var claimInstance = query("claim_instance", `
	INSERT INTO settings (key, value) VALUES ('instance', to_jsonb(@id::text)) ON CONFLICT (key) DO NOTHING`)

// Instance names this database for ever, so that what was derived from it is never taken for
// another's.
func (db *DB) Instance(ctx context.Context) (id string, err error) {
	defer problem.Wrap(&err, "postgres.Instance")
	if _, err := claimInstance.exec(ctx, db.pool, args{"id": rand.Text()}); err != nil {
		return "", err
	}
	return one(ctx, db.pool, findSetting, args{"key": "instance"}, value[string])
}
