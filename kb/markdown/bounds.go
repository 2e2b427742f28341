package markdown

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"

	"guichet/kb"
)

// Bounds beyond which the parser's time or its output grows with the square of the body. Each is
// far above what anybody writes; at each of them a body still renders within half a second.
const (
	maxDepth    = 60      // quotes and lists inside one another
	maxNodes    = 240     // nodes inside one another, emphasis and links included
	maxBrackets = 5_000   // [ in a body: every one may open a link
	maxEmphasis = 50_000  // * and _ in a body
	maxCells    = 100_000 // lines times the columns of the widest table: short rows are filled up
)

// checkBounds refuses a body that would take too long to parse.
func checkBounds(source []byte) error {
	if len(source) > kb.MaxBody {
		return fmt.Errorf("body has %d bytes, more than %d", len(source), kb.MaxBody)
	}
	if n := bytes.Count(source, []byte("[")); n > maxBrackets {
		return fmt.Errorf("body has %d brackets, more than %d", n, maxBrackets)
	}
	if n := bytes.Count(source, []byte("*")) + bytes.Count(source, []byte("_")); n > maxEmphasis {
		return fmt.Errorf("body has %d asterisks and underscores, more than %d", n, maxEmphasis)
	}
	lines, columns, number := bytes.Count(source, []byte("\n"))+1, 0, 0
	for line := range bytes.Lines(source) {
		number++
		if markers(line) > maxDepth {
			return fmt.Errorf("line %d opens more than %d quotes and lists", number, maxDepth)
		}
		if len(bytes.Trim(line, " \t\n|:->")) == 0 && bytes.Contains(line, []byte("-")) {
			columns = max(columns, bytes.Count(line, []byte("|"))+1)
		}
	}
	if columns > 1 && lines*columns > maxCells {
		return fmt.Errorf("body has %d lines and a table of %d columns: more than %d cells", lines, columns, maxCells)
	}
	return nil
}

// markers counts the quotes and lists that a line opens.
func markers(line []byte) int {
	n := 0
	for {
		line = bytes.TrimLeft(line, " \t")
		digits := len(line) - len(bytes.TrimLeft(line, "0123456789"))
		switch {
		case len(line) > 1 && line[0] == '>':
			line = line[1:]
		case len(line) > 2 && strings.IndexByte("-+*", line[0]) >= 0 && blank(line[1]):
			line = line[1:]
		case digits > 0 && digits < 10 && len(line) > digits+1 && strings.IndexByte(".)", line[digits]) >= 0 && blank(line[digits+1]):
			line = line[digits+1:]
		default:
			return n
		}
		n++
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// checkDepth refuses a tree that is too deep to be walked without care.
func checkDepth(root ast.Node) error {
	depth := 0
	return ast.Walk(root, func(_ ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		if depth++; depth > maxNodes {
			return ast.WalkStop, fmt.Errorf("body is nested more than %d deep", maxNodes)
		}
		return ast.WalkContinue, nil
	})
}
