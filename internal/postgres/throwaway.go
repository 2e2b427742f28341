package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
)

// ThrowAway makes an empty database beside the one at address, which must be this one's, and returns
// its address and what drops it again.
func (db *DB) ThrowAway(ctx context.Context, address string) (made string, drop func(context.Context) error, err error) {
	defer problem.Wrap(&err, "postgres.ThrowAway")
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return "", nil, fmt.Errorf("the database address is not of the form postgres://user:password@host/database")
	}
	name := "guichet_eval_" + strings.ToLower(rand.Text()[:12])
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := db.pool.Exec(ctx, "CREATE DATABASE "+quoted+" TEMPLATE template0"); err != nil {
		return "", nil, mapped("create database", err)
	}
	u.Path = "/" + name
	return u.String(), func(ctx context.Context) error {
		_, err := db.pool.Exec(ctx, "DROP DATABASE "+quoted+" WITH (FORCE)")
		return mapped("drop database", err)
	}, nil
}
