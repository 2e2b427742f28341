package app

import (
	"context"

	"guichet/internal/handoff"
	"guichet/internal/support"
	"guichet/kb"
)

// labels are the categories as members read them, in all languages: what a request is compared with
// where there are no past ones of the category. The category for all the rest says nothing of what
// is in it, and is learnt from past requests alone.
func (a *App) labels(context.Context) (out []handoff.Spoken, err error) {
	for _, key := range support.Categories {
		if key == "other" {
			out = append(out, handoff.Spoken{Category: key})
			continue
		}
		for _, l := range kb.Langs {
			out = append(out, handoff.Spoken{Category: key, Lang: l, Text: a.catalogs.T(l, "category."+key, nil)})
		}
	}
	return out, nil
}
