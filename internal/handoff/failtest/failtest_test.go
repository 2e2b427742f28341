package main_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/failpoint"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestKilled kills a handoff at each fail point and starts it anew, as a member presses again and an
// operator restarts: afterwards there is one ticket, and one mail.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "failtest")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoints", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Run("At", func(t *testing.T) { // the program is there until all have ended
		for _, point := range []string{failpoint.HandoffBeforeCommit, failpoint.HandoffCommitted, failpoint.MailBeforeSend, failpoint.MailSent} {
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				killed(t, program, point)
			})
		}
	})
}

func killed(t *testing.T, program, point string) {
	server := mailtest.New(t)
	database := pgtest.URL(t)
	run := func(at string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), "DATABASE_URL="+database, "SMTP_URL="+server.URL(), "GUICHET_FAIL_AT="+at,
			"FAILTEST_CLIENT_ID="+"press-of-one-button")
		return cmd.CombinedOutput()
	}
	out, err := run(point)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the first run was not killed: %v\n%s", err, out)
	}
	sentBefore := len(server.Messages())
	if out, err := run(""); err != nil {
		t.Fatalf("the second run: %v\n%s", err, out)
	}

	db, err := postgres.Open(t.Context(), postgres.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for sql, want := range map[string]int{
		`SELECT count(*) FROM tickets WHERE held_at IS NOT NULL AND status = 'new'`:               1,
		`SELECT count(*) FROM conversations`:                                                      1,
		`SELECT count(*) FROM entries`:                                                            2,
		`SELECT count(*) FROM mails`:                                                              1,
		`SELECT count(*) FROM mails WHERE state = 'sent'`:                                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation'`:                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation' AND state = 'completed'`: 1,
	} {
		var got int
		if err := db.Pool().QueryRow(t.Context(), sql).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", sql, got, err, want)
		}
	}
	// Sent and not noted, the same mail leaves once more, and its receiver knows it by its Message-ID.
	want := map[string]int{}
	copies := 1
	if point == failpoint.MailSent {
		copies = 2
	}
	var id string
	if err := db.Pool().QueryRow(t.Context(), `SELECT message_id FROM mails`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	want["<"+id+">"] = copies
	got := map[string]int{}
	for _, m := range server.Messages() {
		got[messageID(string(m.Raw))]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails by Message-ID (-want +got):\n%s", diff)
	}
	if before := copies - 1; sentBefore != before {
		t.Errorf("%d mails had left when the process was killed, want %d", sentBefore, before)
	}
}

func messageID(raw string) string {
	for line := range strings.Lines(raw) {
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

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
