// Package migrations holds the schema as goose files, in the order of their numbers.
package migrations

import "embed"

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS
