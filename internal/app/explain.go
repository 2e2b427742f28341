package app

import (
	"errors"
	"fmt"
	"strings"

	"guichet/internal/problem"
	"guichet/kb"
)

// Explain says an error about input in words: each wrong field with its sentence, in English, as
// commands speak. Any other error stays what it is.
func (c *Commands) Explain(err error) error {
	var p *problem.Error
	if !errors.As(err, &p) {
		return err
	}
	words := c.words.For(kb.English)
	var said []string
	for _, f := range p.Fields {
		said = append(said, fmt.Sprintf("%s: %s", f.Name, words.T(f.Key, f.Args)))
	}
	switch {
	case len(said) > 0:
		return errors.New(strings.Join(said, "\n"))
	case p.Kind == problem.Conflict && p.Key != "":
		return errors.New(words.T(p.Key, p.Args))
	}
	return err
}
