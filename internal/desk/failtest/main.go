//go:build failpoints

// Command failtest does one thing that an agent does to a ticket, a reply or a change of status, and
// works the jobs until its mail is delivered, so that a test can kill it on the way. DATABASE_URL,
// SMTP_URL, FAILTEST_DO, FAILTEST_TICKET and FAILTEST_AGENT say where and what.
package main

import (
	"context"
	"fmt"
	"os"

	"guichet/internal/desk"
	"guichet/internal/failpoint/killtest"
	"guichet/internal/handoff"
	"guichet/internal/support"
)

func main() {
	killtest.Main(func(ctx context.Context, _ *handoff.Service, d *desk.Service) error {
		agent := support.Actor{Agent: &support.Agent{ID: support.AgentID(os.Getenv("FAILTEST_AGENT")), Role: support.RoleAgent}}
		ticket := support.TicketID(os.Getenv("FAILTEST_TICKET"))
		switch do := os.Getenv("FAILTEST_DO"); do {
		case "reply":
			return d.Reply(ctx, agent, ticket, "press-of-one-button", "Il arrive demain.", support.StatusWaitingMember, false)
		case "status":
			return d.SetStatus(ctx, agent, ticket, support.StatusSolved)
		default:
			return fmt.Errorf("FAILTEST_DO is %q", do)
		}
	})
}
