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

// TestKilled kills a handoff, and the proof of its address, at each fail point and starts it anew, as a
// member presses again and an operator restarts: afterwards there is one ticket, and one mail each.
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
				newTrial(t, program).handoff(point)
			})
		}
		for _, point := range []string{failpoint.ProveBeforeCommit, failpoint.ProveCommitted, failpoint.MailBeforeSend, failpoint.MailSent} {
			t.Run("prove "+point, func(t *testing.T) {
				t.Parallel()
				newTrial(t, program).proof(point)
			})
		}
	})
}

// trial is a program that is killed, with a database and a mail server of its own.
type trial struct {
	*testing.T
	program, database string
	server            *mailtest.Server
}

func newTrial(t *testing.T, program string) trial {
	return trial{t, program, pgtest.URL(t), mailtest.New(t)}
}

func (t trial) run(at string, env ...string) ([]byte, error) {
	cmd := exec.CommandContext(t.Context(), t.program)
	cmd.Env = append(append(os.Environ(), "DATABASE_URL="+t.database, "SMTP_URL="+t.server.URL(), "GUICHET_FAIL_AT="+at), env...)
	return cmd.CombinedOutput()
}

// twice runs the program until it is killed at a point, and again, and returns how many mails had left
// when it was killed.
func (t trial) twice(point string, env ...string) (before int) {
	t.Helper()
	out, err := t.run(point, env...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the first run was not killed: %v\n%s", err, out)
	}
	before = len(t.server.Messages())
	if out, err := t.run("", env...); err != nil {
		t.Fatalf("the second run: %v\n%s", err, out)
	}
	return before
}

// count holds the tables to what they must have.
func (t trial) count(want map[string]int) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: t.database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for sql, n := range want {
		var got int
		if err := db.Pool().QueryRow(t.Context(), sql).Scan(&got); err != nil || got != n {
			t.Errorf("%s: %d, %v; want %d", sql, got, err, n)
		}
	}
	return db
}

func (t trial) handoff(point string) {
	sentBefore := t.twice(point, "FAILTEST_DO=start", "FAILTEST_CLIENT_ID=press-of-one-button")
	db := t.count(map[string]int{
		`SELECT count(*) FROM tickets WHERE held_at IS NOT NULL AND status = 'new'`:               1,
		`SELECT count(*) FROM conversations`:                                                      1,
		`SELECT count(*) FROM entries`:                                                            2,
		`SELECT count(*) FROM mails`:                                                              1,
		`SELECT count(*) FROM mails WHERE state = 'sent'`:                                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation'`:                         1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_confirmation' AND state = 'completed'`: 1,
	})
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
	for _, m := range t.server.Messages() {
		got[messageID(string(m.Raw))]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails by Message-ID (-want +got):\n%s", diff)
	}
	if before := copies - 1; sentBefore != before {
		t.Errorf("%d mails had left when the process was killed, want %d", sentBefore, before)
	}
}

// proof makes a request, and kills the proof of its address: afterwards the team has the request once,
// and has heard of it.
func (t trial) proof(point string) {
	if out, err := t.run("", "FAILTEST_DO=start", "FAILTEST_CLIENT_ID=press-of-one-button"); err != nil {
		t.Fatalf("the request: %v\n%s", err, out)
	}
	raw := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(t.server.Messages()[0].Raw))
	_, rest, _ := strings.Cut(raw, "?proof=")
	token := rest[:strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune(tokenLetters, r) })]
	sentBefore := t.twice(point, "FAILTEST_DO=prove", "FAILTEST_PROOF="+token)
	db := t.count(map[string]int{
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
	var id string
	if err := db.Pool().QueryRow(t.Context(), `SELECT message_id FROM mails WHERE recipient = 'equipe@example.com'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for _, m := range t.server.Messages() {
		if messageID(string(m.Raw)) == "<"+id+">" {
			heard++
		}
	}
	want := 1
	if point == failpoint.MailSent { // sent and not noted, it leaves once more
		want = 2
	}
	if heard != want || len(t.server.Messages()) != want+1 || sentBefore != want {
		t.Errorf("the team has had %d mails of %d, of which %d had left when the process was killed", heard, len(t.server.Messages()), sentBefore)
	}
}

// tokenLetters are those of base64 in addresses.
const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

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
