// Package web holds what pages are made of: templates, message catalogs, and the styles and scripts
// that `make web` builds of styles/ and src/ into dist/.
package web

import "embed"

// FS holds templates/, locales/ and dist/.
//
//go:embed templates locales dist
var FS embed.FS
