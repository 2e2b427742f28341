package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/internal/support"
)

var siteVersion = query("site_version", `SELECT COALESCE(max(version), 0) FROM site_versions`)

// SiteVersion is the number of the newest settings; see site.Store.
func (db *DB) SiteVersion(ctx context.Context) (int64, error) {
	return one(ctx, db.pool, siteVersion, nil, value[int64])
}

var siteChoices = query("site_choices", `
	SELECT v.version, v.choices, v.password, COALESCE(NULLIF(a.name, ''), a.email, ''), v.created_at
	FROM site_versions v LEFT JOIN agents a ON a.id = v.agent_id
	WHERE v.version = @version`)

// Site returns settings by their number; see site.Store.
func (db *DB) Site(ctx context.Context, version int64) (site.Saved, error) {
	return one(ctx, db.pool, siteChoices, args{"version": version}, func(row pgx.CollectableRow) (v site.Saved, err error) {
		var choices []byte
		if err := row.Scan(&v.Version, &choices, &v.Password, &v.By, &v.At); err != nil {
			return v, err
		}
		return v, json.Unmarshal(choices, &v.Choices)
	})
}

var insertSite = query("insert_site", `
	INSERT INTO site_versions (version, choices, password, agent_id, created_at)
	VALUES (@version, @choices, @password, NULLIF(@agent::text, '')::uuid, @at)
	ON CONFLICT (version) DO NOTHING`)

// A password that is no longer used is nobody's to keep.
var forgetPasswords = query("forget_site_passwords", `UPDATE site_versions SET password = '' WHERE version < @version AND password <> ''`)

var insertLogo = query("insert_site_logo", `INSERT INTO site_logos (hash, png) VALUES (@hash, @png) ON CONFLICT (hash) DO NOTHING`)

// SaveSite keeps settings under the next number; see site.Store.
func (db *DB) SaveSite(ctx context.Context, v site.Saved, agent support.AgentID, logo []byte) (err error) {
	defer problem.Wrap(&err, "postgres.SaveSite(%d)", v.Version)
	choices, err := json.Marshal(v.Choices)
	if err != nil {
		return err
	}
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n, err := insertSite.exec(ctx, tx, args{"version": v.Version, "choices": choices, "password": v.Password,
			"agent": string(agent), "at": v.At})
		if err != nil {
			return err
		}
		if n == 0 {
			return problem.From(problem.Conflict, "", fmt.Errorf("version %d is there", v.Version))
		}
		if logo != nil {
			if _, err := insertLogo.exec(ctx, tx, args{"hash": v.Choices.Logo.Hash, "png": logo}); err != nil {
				return err
			}
		}
		_, err = forgetPasswords.exec(ctx, tx, args{"version": v.Version})
		return err
	})
}

var siteLogo = query("site_logo", `SELECT png FROM site_logos WHERE hash = @hash`)

// SiteLogo returns a logo by its hash; see site.Store.
func (db *DB) SiteLogo(ctx context.Context, hash string) ([]byte, error) {
	return one(ctx, db.pool, siteLogo, args{"hash": hash}, value[[]byte])
}
