// Package killtest kills programs at their fail points, starts them anew, and looks at what has become
// of their promises. A program is a folder with a main that calls Main; its test builds it, and gives
// each Trial a database and a mail server of its own.
package killtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/failpoint"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres"
	"guichet/internal/support"
)

// Build builds the program in the test's folder, with fail points, and returns where it is. It is there
// until t and its subtests have ended.
func Build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "failtest")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoints", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// Trial is a program that is killed.
type Trial struct {
	*testing.T
	DB   *postgres.DB
	Mail *mailtest.Server

	program, database string
}

// New returns a Trial of a program on a database, given by its URL, that nobody else uses.
func New(t *testing.T, program, database string) Trial {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return Trial{T: t, DB: db, Mail: mailtest.New(t), program: program, database: database}
}

func (t Trial) run(at string, env []string) ([]byte, error) {
	cmd := exec.CommandContext(t.Context(), t.program)
	cmd.Env = append(append(os.Environ(), "DATABASE_URL="+t.database, "SMTP_URL="+t.Mail.URL(), "GUICHET_FAIL_AT="+at), env...)
	return cmd.CombinedOutput()
}

// Once runs the program to its end; env is what it is told beside where its servers are.
func (t Trial) Once(env ...string) {
	t.Helper()
	if out, err := t.run("", env); err != nil {
		t.Fatalf("%v: %v\n%s", env, err, out)
	}
}

// Twice runs the program until it is killed at a point, and again to its end. It returns how many mails
// had left when it was killed.
func (t Trial) Twice(point string, env ...string) (before int) {
	t.Helper()
	out, err := t.run(point, env)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the first run was not killed: %v\n%s", err, out)
	}
	before = len(t.Mail.Messages())
	if out, err := t.run("", env); err != nil {
		t.Fatalf("the second run: %v\n%s", err, out)
	}
	return before
}

// Count holds the database to what must be in it, by queries that count.
func (t Trial) Count(want map[string]int) {
	t.Helper()
	for sql, n := range want {
		var got int
		if err := t.DB.Pool().QueryRow(t.Context(), sql).Scan(&got); err != nil || got != n {
			t.Errorf("%s: %d, %v; want %d", sql, got, err, n)
		}
	}
}

// Left holds the mails that have left to those that are noted as sent: each has left once. The one of
// the kind leaves once more where it was sent and not noted, and its receiver knows it by its Message-ID.
// before is what Twice returned: when the program was killed all others had left.
func (t Trial) Left(kind support.MailKind, point string, before int) {
	t.Helper()
	rows, err := t.DB.Pool().Query(t.Context(), `SELECT kind, message_id FROM mails WHERE state = 'sent'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	want, earlier := map[string]int{}, -1
	for rows.Next() {
		var k support.MailKind
		var id string
		if err := rows.Scan(&k, &id); err != nil {
			t.Fatal(err)
		}
		copies := 1
		if k == kind && point == failpoint.MailSent {
			copies = 2
		}
		want["<"+id+">"] = copies
		earlier += copies
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, m := range t.Mail.Messages() {
		got[messageID(string(m.Raw))]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails by Message-ID (-want +got):\n%s", diff)
	}
	if before != earlier {
		t.Errorf("%d mails had left when the process was killed, want %d", before, earlier)
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
