package app

import (
	"context"

	"guichet/internal/handoff"
	"guichet/kb"
)

// labels are the categories as members read them, in all languages: what a request is compared with
// where there are no past ones of the category. The category for all the rest says nothing of what
// is in it, and is learnt from past requests alone.
func (a *App) labels(context.Context) (out []handoff.Spoken, err error) {
	for _, c := range a.Routing.Current().Offered() {
		if c.Key == "other" {
			out = append(out, handoff.Spoken{Category: string(c.Key)})
			continue
		}
		for _, l := range kb.Langs {
			out = append(out, handoff.Spoken{Category: string(c.Key), Lang: l, Text: a.Routing.Text(c, l).Label})
		}
	}
	return out, nil
}
