package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/failpoint"
	"guichet/internal/failpoint/killtest"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/support"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestKilled kills a handoff, and the proof of its address, at each fail point and starts it anew, as a
// member presses again and an operator restarts: afterwards there is one ticket, and one mail each.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := killtest.Build(t)
	t.Run("At", func(t *testing.T) { // the program is there until all have ended
		for _, point := range []string{failpoint.HandoffBeforeCommit, failpoint.HandoffCommitted, failpoint.MailBeforeSend, failpoint.MailSent} {
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				start(killtest.New(t, program, pgtest.URL(t)), point)
			})
		}
		for _, point := range []string{failpoint.ProveBeforeCommit, failpoint.ProveCommitted, failpoint.MailBeforeSend, failpoint.MailSent} {
			t.Run("prove "+point, func(t *testing.T) {
				t.Parallel()
				prove(killtest.New(t, program, pgtest.URL(t)), point)
			})
		}
	})
}

// start kills a request: afterwards it is there once, and has its confirmation.
func start(t killtest.Trial, point string) {
	before := t.Twice(point, "FAILTEST_DO=start", "FAILTEST_CLIENT_ID=press-of-one-button")
	t.Count(map[string]int{
		`SELECT count(*) FROM tickets WHERE held_at IS NOT NULL AND status = 'new'`:               1,
		`SELECT count(*) FROM conversations`:                                                      1,
		`SELECT count(*) FROM entries`:                                                            2,
		`SELECT count(*) FROM mails`:                                                              1,
		`SELECT count(*) FROM mails WHERE state = 'sent'`:                                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation'`:                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation' AND state = 'completed'`: 1,
	})
	t.Left(support.MailConfirmation, point, before)
}

// prove makes a request, and kills the proof of its address: afterwards the team has the request once,
// and has heard of it.
func prove(t killtest.Trial, point string) {
	t.Once("FAILTEST_DO=start", "FAILTEST_CLIENT_ID=press-of-one-button")
	raw := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(t.Mail.Messages()[0].Raw))
	_, rest, _ := strings.Cut(raw, "?proof=")
	token := rest[:strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune(tokenLetters, r) })]
	before := t.Twice(point, "FAILTEST_DO=prove", "FAILTEST_PROOF="+token)
	t.Count(map[string]int{
		`SELECT count(*) FROM tickets`: 1,
		`SELECT count(*) FROM tickets WHERE held_at IS NULL AND email_proven_at IS NOT NULL AND sla_started_at IS NOT NULL AND status = 'new'`: 1,
		`SELECT count(*) FROM conversations WHERE owner = 'queue'`:                                                                             1,
		`SELECT count(*) FROM entries`: 3,
		`SELECT count(*) FROM tokens WHERE purpose = 'address_proof' AND used_at IS NOT NULL`:   1,
		`SELECT count(*) FROM mails WHERE state = 'sent'`:                                       2,
		`SELECT count(*) FROM mails`:                                                            2,
		`SELECT count(*) FROM river_job WHERE kind = 'announce_ticket' AND state = 'completed'`: 1,
		`SELECT count(*) FROM river_job WHERE kind IN ('announce_ticket', 'send_confirmation')`: 2,
	})
	t.Left(support.MailTeam, point, before)
}

// tokenLetters are those of base64 in addresses.
const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// TestPointsAreInTheCode: every named point is passed somewhere, and no other is.
func TestPointsAreInTheCode(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	named := map[string]string{} // constant → point
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "internal/failpoint/failpoint.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if v, ok := spec.Values[0].(*ast.BasicLit); ok {
				named[spec.Names[0].Name], _ = strconv.Unquote(v.Value)
			}
		}
		return true
	})
	passed := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || selector(call.Fun) != "failpoint.At" {
				return true
			}
			name, ok := strings.CutPrefix(selector(call.Args[0]), "failpoint.")
			if !ok || named[name] == "" {
				t.Errorf("%s passes a point without a name", files.Position(call.Pos()))
			}
			passed[named[name]] = true
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(failpoint.Points))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(passed))); diff != "" {
		t.Errorf("points (-listed +passed):\n%s", diff)
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Values(named))); diff != "" {
		t.Errorf("points (-listed +named):\n%s", diff)
	}
}

// selector is x.y as a text; "" for anything else.
func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + s.Sel.Name
}
