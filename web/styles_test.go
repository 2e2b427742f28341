package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	comment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	physical = regexp.MustCompile(`(?:^|[{;\s])((?:margin|padding|border|inset)-(?:left|right)[\w-]*|border-(?:top|bottom)-(?:left|right)-radius|scroll-(?:margin|padding)-(?:left|right)|left|right|text-align:\s*(?:left|right)|float:\s*(?:left|right))\s*[:;]`)
	sides    = regexp.MustCompile(`(?:^|[{;\s])(?:margin|padding|inset|border-width|scroll-margin|scroll-padding):\s*([^;}]+)`)
)

// TestStylesHaveNoLeftAndRight: pages turn round where a language is read from right to left, so
// styles speak of start and end, and give four values at once only where both sides are alike.
func TestStylesHaveNoLeftAndRight(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("styles/*.css")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d style sheets, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		css := comment.ReplaceAllString(string(b), "")
		for _, m := range physical.FindAllStringSubmatch(css, -1) {
			t.Errorf("%s: %s: say it with start and end", f, m[1])
		}
		for _, m := range sides.FindAllStringSubmatch(css, -1) {
			if v := values(m[1]); len(v) == 4 && v[1] != v[3] {
				t.Errorf("%s: %s: the right and the left differ: use -inline", f, m[1])
			}
		}
	}
}

// values are the parts of a declaration; what stands in brackets is one.
func values(s string) (out []string) {
	depth, part := 0, strings.Builder{}
	for _, r := range strings.TrimSpace(s) + " " {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ' ' && depth == 0:
			if part.Len() > 0 {
				out = append(out, part.String())
			}
			part.Reset()
			continue
		}
		part.WriteRune(r)
	}
	return out
}
