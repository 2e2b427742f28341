package main_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/failpoint"
	"guichet/internal/handoff"
	"guichet/internal/mail/mailtest"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/support"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestKilled kills an agent's reply and an agent's change of status at each fail point and starts it
// anew, as the agent presses again and an operator restarts: afterwards the thread holds it once, and
// one mail was promised and left.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "failtest")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoints", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Run("At", func(t *testing.T) { // the program is there until all have ended
		for do, points := range map[string][]string{
			"reply":  {failpoint.ReplyBeforeCommit, failpoint.ReplyCommitted, failpoint.MailBeforeSend, failpoint.MailSent},
			"status": {failpoint.StatusBeforeCommit, failpoint.StatusCommitted, failpoint.MailBeforeSend, failpoint.MailSent},
		} {
			for _, point := range points {
				t.Run(do+"/"+point, func(t *testing.T) {
					t.Parallel()
					killed(t, program, do, point)
				})
			}
		}
	})
}

func killed(t *testing.T, program, do, point string) {
	server := mailtest.New(t)
	database := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ticket, agent := prepare(t, db)
	run := func(at string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), "DATABASE_URL="+database, "SMTP_URL="+server.URL(), "GUICHET_FAIL_AT="+at,
			"FAILTEST_DO="+do, "FAILTEST_TICKET="+string(ticket), "FAILTEST_AGENT="+string(agent))
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

	status, replies := "waiting_member", 1
	if do == "status" {
		status, replies = "solved", 0
	}
	for sql, want := range map[string]int{
		`SELECT count(*) FROM tickets WHERE status = '` + status + `'`:                                 1,
		`SELECT count(*) FROM entries WHERE author = 'agent'`:                                          replies,
		`SELECT count(*) FROM entries WHERE kind = 'status' AND data->>'to' = '` + status + `'`:        1,
		`SELECT count(*) FROM mails WHERE kind = '` + do + `'`:                                         1,
		`SELECT count(*) FROM mails WHERE kind = '` + do + `' AND state = 'sent'`:                      1,
		`SELECT count(*) FROM mails WHERE kind IN ('reply','status')`:                                  1,
		`SELECT count(*) FROM river_job WHERE kind IN ('send_reply','send_status')`:                    1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_` + do + `' AND state = 'completed'`:        1,
		`SELECT count(*) FROM (SELECT FROM entries GROUP BY seq, conversation_id HAVING count(*) > 1)`: 0,
	} {
		var got int
		if err := db.Pool().QueryRow(t.Context(), sql).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", sql, got, err, want)
		}
	}
	// Sent and not noted, the same mail leaves once more, and its receiver knows it by its Message-ID.
	copies := 1
	if point == failpoint.MailSent {
		copies = 2
	}
	var id string
	if err := db.Pool().QueryRow(t.Context(), `SELECT message_id FROM mails WHERE kind = $1`, do).Scan(&id); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, m := range server.Messages() {
		got[messageID(string(m.Raw))]++
	}
	if diff := cmp.Diff(map[string]int{"<" + id + ">": copies}, got); diff != "" {
		t.Errorf("mails by Message-ID (-want +got):\n%s", diff)
	}
	if before := copies - 1; sentBefore != before {
		t.Errorf("%d mails had left when the process was killed, want %d", sentBefore, before)
	}
}

// prepare makes a ticket that is open to its team, and an agent.
func prepare(t *testing.T, db *postgres.DB) (support.TicketID, support.AgentID) {
	t.Helper()
	routes, err := db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := handoff.New(handoff.Config{Store: db, Routing: &routes, MailDomain: "example.com", Log: slog.New(slog.DiscardHandler)})
	out, err := h.Start(t.Context(), handoff.Request{ClientID: "a-request-of-a-guest", Channel: support.ChannelEmail, Category: "order",
		Email: "camille@example.org", Text: "Mon colis n’est pas arrivé.", Lang: kb.French})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := db.SaveAgent(t.Context(), support.Agent{ID: support.NewID[support.AgentID](), Email: "ines@example.com", Role: support.RoleAgent})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Release(t.Context(), support.Actor{Agent: &support.Agent{ID: agent, Role: support.RoleAgent}}, out.Ticket.ID); err != nil {
		t.Fatal(err)
	}
	// The confirmation is the matter of another test.
	for _, sql := range []string{`DELETE FROM river_job`, `UPDATE mails SET state = 'withheld'`} {
		if _, err := db.Pool().Exec(context.WithoutCancel(t.Context()), sql); err != nil {
			t.Fatal(err)
		}
	}
	return out.Ticket.ID, agent
}

func messageID(raw string) string {
	for line := range strings.Lines(raw) {
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
