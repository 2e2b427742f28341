package mail

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"
)

// page is the HTML side of a mail: one column, inline styles, no pictures, nothing loaded from
// anywhere. What mail programs drop of it still reads well.
//
//go:embed letter.html
var letterHTML string

var page = template.Must(template.New("letter").Parse(letterHTML))

func (c content) html() (string, error) {
	var b bytes.Buffer
	err := page.Execute(&b, c)
	return b.String(), err
}

// text is the plain side: paragraphs, the agent's words as they were written, and the link on a line
// of its own, where every program finds its ends.
func (c content) text() string {
	blocks := append([]string{}, c.Before...)
	if c.Quote != nil {
		blocks = append(blocks, strings.Join(c.Quote, "\n"))
	}
	blocks = append(blocks, c.Button+"\n"+c.Link)
	return strings.Join(append(blocks, c.After...), "\n\n") + "\n"
}
