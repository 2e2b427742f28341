package main_test

import (
	"context"
	"log/slog"
	"testing"

	"guichet/internal/failpoint"
	"guichet/internal/failpoint/killtest"
	"guichet/internal/handoff"
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
	program := killtest.Build(t)
	t.Run("At", func(t *testing.T) { // the program is there until all have ended
		for do, points := range map[string][]string{
			"reply":  {failpoint.ReplyBeforeCommit, failpoint.ReplyCommitted, failpoint.MailBeforeSend, failpoint.MailSent},
			"status": {failpoint.StatusBeforeCommit, failpoint.StatusCommitted, failpoint.MailBeforeSend, failpoint.MailSent},
		} {
			for _, point := range points {
				t.Run(do+"/"+point, func(t *testing.T) {
					t.Parallel()
					killed(killtest.New(t, program, pgtest.URL(t)), do, point)
				})
			}
		}
	})
}

func killed(t killtest.Trial, do, point string) {
	ticket, agent := prepare(t)
	before := t.Twice(point, "FAILTEST_DO="+do, "FAILTEST_TICKET="+string(ticket), "FAILTEST_AGENT="+string(agent))
	status, replies := "waiting_member", 1
	if do == "status" {
		status, replies = "solved", 0
	}
	t.Count(map[string]int{
		`SELECT count(*) FROM tickets WHERE status = '` + status + `'`:                                 1,
		`SELECT count(*) FROM entries WHERE author = 'agent'`:                                          replies,
		`SELECT count(*) FROM entries WHERE kind = 'status' AND data->>'to' = '` + status + `'`:        1,
		`SELECT count(*) FROM mails WHERE kind = '` + do + `'`:                                         1,
		`SELECT count(*) FROM mails WHERE kind = '` + do + `' AND state = 'sent'`:                      1,
		`SELECT count(*) FROM mails WHERE kind IN ('reply','status')`:                                  1,
		`SELECT count(*) FROM river_job WHERE kind IN ('send_reply','send_status')`:                    1,
		`SELECT count(*) FROM river_job WHERE kind = 'send_` + do + `' AND state = 'completed'`:        1,
		`SELECT count(*) FROM (SELECT FROM entries GROUP BY seq, conversation_id HAVING count(*) > 1)`: 0,
	})
	t.Left(support.MailKind(do), point, before)
}

// prepare makes a ticket that is open to its team, and an agent.
func prepare(t killtest.Trial) (support.TicketID, support.AgentID) {
	t.Helper()
	routes, err := t.DB.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := handoff.New(handoff.Config{Store: t.DB, Routing: &routes, MailDomain: "example.com", Log: slog.New(slog.DiscardHandler)})
	out, err := h.Start(t.Context(), handoff.Request{ClientID: "a-request-of-a-guest", Channel: support.ChannelEmail, Category: "order",
		Email: "camille@example.org", Text: "Mon colis n’est pas arrivé.", Lang: kb.French})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := t.DB.SaveAgent(t.Context(), support.Agent{ID: support.NewID[support.AgentID](), Email: "ines@example.com", Role: support.RoleAgent})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Release(t.Context(), support.Actor{Agent: &support.Agent{ID: agent, Role: support.RoleAgent}}, out.Ticket.ID); err != nil {
		t.Fatal(err)
	}
	// The confirmation is the matter of another test.
	for _, sql := range []string{`DELETE FROM river_job`, `UPDATE mails SET state = 'withheld'`} {
		if _, err := t.DB.Pool().Exec(context.WithoutCancel(t.Context()), sql); err != nil {
			t.Fatal(err)
		}
	}
	return out.Ticket.ID, agent
}
