//go:build failpoints

// Command failtest does one handoff, or the proof of its address, and works the jobs until the mail of
// that is delivered, so that a test can kill it on the way. DATABASE_URL, SMTP_URL, FAILTEST_DO,
// FAILTEST_CLIENT_ID and FAILTEST_PROOF say where and what.
package main

import (
	"context"
	"fmt"
	"os"

	"guichet/internal/desk"
	"guichet/internal/failpoint/killtest"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

func main() {
	killtest.Main(func(ctx context.Context, h *handoff.Service, _ *desk.Service) error {
		switch do := os.Getenv("FAILTEST_DO"); do {
		case "start":
			_, err := h.Start(ctx, handoff.Request{ClientID: os.Getenv("FAILTEST_CLIENT_ID"), Channel: support.ChannelEmail, Category: "order",
				Email: "camille@example.org", Text: "Mon colis n’est pas arrivé.", Lang: kb.French})
			return err
		case "prove":
			_, err := h.Prove(ctx, support.Token(os.Getenv("FAILTEST_PROOF")))
			if problem.Is(err, problem.Gone) { // pressed again: it was spent
				return nil
			}
			return err
		default:
			return fmt.Errorf("FAILTEST_DO is %q", do)
		}
	})
}
