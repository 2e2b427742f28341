// Package site is what the admins of a help center decide about it: its name and looks, the
// languages it speaks, the sites that embed it, and where its mail goes.
package site

import (
	"slices"

	"guichet/kb"
)

// Settings are those decisions, as they are at one moment; a request sees one state of them only.
type Settings struct {
	Name     string    // "" takes the catalog's own
	LegalURL string    // link in every page's footer; "" for none
	Default  kb.Lang   // where a browser asks for none of ours
	Langs    []kb.Lang // offered, in the order of kb.Langs; never empty
	Sites    []string  // origins that may embed the help center and call its API from a browser
}

// Offers reports whether the help center speaks l.
func (s Settings) Offers(l kb.Lang) bool { return slices.Contains(s.Langs, l) }

// Trusts reports whether a page of this origin may embed the help center.
func (s Settings) Trusts(origin string) bool { return slices.Contains(s.Sites, origin) }
