// Package archtest holds the house's rules as tests: which package may import which, that each has
// one story, and that no file grows beyond reading.
package archtest

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rings is the map of the house: a package may import its own ring's neighbours only where it says
// so, and anything of a lower ring. See docs/architecture.md.
var rings = map[string]int{
	"kb": 0, "kb/markdown": 0, "kb/kbtest": 0, "kb/eval": 0, "kb/starter": 0,
	"internal/support": 0, "internal/similar": 0, "internal/problem": 0, "internal/locale": 0,

	"internal/publish": 1, "internal/assistant": 1, "internal/handoff": 1, "internal/desk": 1, "internal/auth": 1, "internal/backup": 1, "internal/site": 1,
	"internal/routing": 1, "internal/attach": 1, "internal/host": 1, "internal/abuse": 1,

	"internal/postgres": 2, "internal/bleveindex": 2, "internal/openai": 2, "internal/mail": 2,
	"internal/clamav": 2, "internal/httpapi": 2, "internal/jobs": 2, "internal/demo": 2,
	"internal/embedded": 2, "internal/embedded/pg": 2, "internal/embedded/e5": 2,

	"internal/app": 3, "cmd/guichet": 4,
}

// leaves are imported by anybody above ring 0 and import nothing of ours.
var leaves = []string{"internal/config", "internal/observe", "internal/failpoint", "internal/follow", "internal/seal", "migrations", "web"}

// testOnly packages serve tests; no other file may import them.
var testOnly = []string{"internal/postgres/pgtest", "internal/openai/e5test", "internal/mail/mailtest",
	"internal/failpoint/killtest", "internal/handoff/failtest", "internal/desk/failtest", "internal/clamav/clamtest", "internal/app/apptest", "internal/embedded/embeddedtest"}

// neighbours are the imports inside one ring that are allowed.
var neighbours = map[string][]string{
	"kb/markdown":          {"kb"},
	"kb/kbtest":            {"kb"},
	"kb/eval":              {"kb"},
	"kb/starter":           {"kb", "kb/markdown"},
	"internal/support":     {"kb", "internal/problem"},
	"internal/similar":     {"kb"},
	"internal/locale":      {"kb"},
	"internal/embedded/pg": {"internal/embedded"},
	"internal/embedded/e5": {"internal/embedded"},
}

// owners are third parties that live in one place.
var owners = map[string][]string{
	"github.com/gin-gonic/gin":            {"internal/httpapi"},
	"github.com/jackc/pgx/v5":             {"internal/postgres", "internal/app", "internal/jobs"},
	"github.com/riverqueue/river":         {"internal/postgres", "internal/jobs", "internal/app"},
	"github.com/blevesearch/bleve":        {"internal/bleveindex"},
	"github.com/sashabaranov/go-openai":   {"internal/openai"},
	"github.com/wneessen/go-mail":         {"internal/mail"},
	"github.com/yuin/goldmark":            {"kb/markdown"},
	"github.com/microcosm-cc/bluemonday":  {"kb/markdown"},
	"github.com/golang-jwt/jwt":           {"internal/auth", "internal/demo"},
	"github.com/alecthomas/kong":          {"cmd/guichet"},
	"github.com/nicksnyder/go-i18n":       {"internal/locale"},
	"github.com/prometheus/client_golang": {"internal/observe", "internal/app"},
	"github.com/pressly/goose":            {"internal/postgres"},
	"github.com/pgvector/pgvector-go":     {"internal/postgres"},
	"github.com/arran4/golang-ical":       {"internal/support"},
	"github.com/gabriel-vasile/mimetype":  {"internal/attach"},
	"golang.org/x/image":                  {"internal/attach"},
	"github.com/altcha-org":               {"internal/abuse"},
}

type file struct {
	pkg     string // path below the module's root
	name    string
	imports []string
	doc     bool
	lines   int
}

func TestImportsPointInwards(t *testing.T) {
	t.Parallel()
	for _, f := range house(t) {
		if exempt(f.pkg) {
			continue
		}
		ring, known := rings[f.pkg]
		leaf := slices.Contains(leaves, f.pkg)
		if !known && !leaf {
			t.Errorf("%s is not on the map: add it to rings here and to docs/architecture.md", f.pkg)
			continue
		}
		for _, imported := range f.imports {
			for owned, by := range owners {
				if (imported == owned || strings.HasPrefix(imported, owned+"/")) && !slices.Contains(by, f.pkg) {
					t.Errorf("%s/%s imports %s, which lives in %v", f.pkg, f.name, imported, by)
				}
			}
			ours, ok := strings.CutPrefix(imported, "guichet/")
			if !ok {
				if (f.pkg == "kb") && strings.Contains(strings.Split(imported, "/")[0], ".") && !strings.HasPrefix(imported, "golang.org/x/text/") {
					t.Errorf("kb/%s imports %s: kb is the standard library and x/text alone", f.name, imported)
				}
				continue
			}
			switch {
			case exempt(ours):
				t.Errorf("%s/%s imports %s, which serves tests", f.pkg, f.name, ours)
			case leaf:
				t.Errorf("%s/%s imports %s: a leaf imports nothing of ours", f.pkg, f.name, ours)
			case slices.Contains(leaves, ours):
				if ring == 0 {
					t.Errorf("%s/%s imports %s: ring 0 knows no leaf", f.pkg, f.name, ours)
				}
			case rings[ours] < ring:
			case rings[ours] == ring && slices.Contains(neighbours[f.pkg], ours):
			default:
				t.Errorf("%s/%s (ring %d) imports %s (ring %d)", f.pkg, f.name, ring, ours, rings[ours])
			}
		}
	}
}

func TestEveryPackageHasOneStory(t *testing.T) {
	t.Parallel()
	docs := map[string][]string{}
	for _, f := range house(t) {
		if f.doc {
			docs[f.pkg] = append(docs[f.pkg], f.name)
		} else if docs[f.pkg] == nil {
			docs[f.pkg] = []string{}
		}
	}
	for pkg, files := range docs {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments %v, want one", pkg, len(files), files)
		}
	}
}

func TestNamesSayWhatIsInside(t *testing.T) {
	t.Parallel()
	for _, f := range house(t) {
		switch path.Base(f.pkg) {
		case "util", "utils", "common", "models", "helpers":
			t.Errorf("%s: a package is named for what is in it", f.pkg)
		}
	}
}

func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	for _, f := range house(t) {
		if f.lines > 550 {
			t.Errorf("%s/%s has %d lines: it is asking to be split", f.pkg, f.name, f.lines)
		}
	}
}

// TestMapIsDrawn holds the architecture page against the rings.
func TestMapIsDrawn(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range rings {
		if !strings.Contains(string(page), "`"+pkg+"`") {
			t.Errorf("docs/architecture.md does not name `%s`", pkg)
		}
	}
}

func exempt(pkg string) bool {
	return slices.Contains(testOnly, pkg) || strings.HasPrefix(pkg, "tools/")
}

// house reads every Go file of the module but the tests.
func house(t *testing.T) []file {
	t.Helper()
	root := "../.."
	var out []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		f := file{pkg: filepath.ToSlash(rel), name: name, doc: hasDoc(parsed), lines: countLines(t, p)}
		for _, i := range parsed.Imports {
			s, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, s)
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("read only %d files: the rules would hold for nothing", len(out))
	}
	return out
}

func hasDoc(f *ast.File) bool { return f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != "" }

func countLines(t *testing.T, p string) int {
	t.Helper()
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
	}
	return n
}
