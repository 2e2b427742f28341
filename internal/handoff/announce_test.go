package handoff_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"guichet/internal/handoff"
	"guichet/internal/mail"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// team is the address of every team; "" wants no mail.
type team struct {
	address string
	err     error
}

func (t *team) TeamAddress(context.Context, support.Ticket) (string, bool, error) {
	return t.address, t.address != "", t.err
}

func announcing(to *team) option {
	return func(c *handoff.Config, _ *mail.Config) {
		c.Teams, c.DeskLang = to, func() kb.Lang { return kb.French }
		c.DeskLink = func(id support.TicketID) string { return "https://help.example/desk/tickets/" + string(id) }
	}
}

// TestAnnounce: a team hears of a ticket when it is released, once, and in no word of the member's.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	to := &team{address: "equipe@example.com"}
	h := setup(t, announcing(to))
	agent := support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}
	r := request()
	r.Lang = kb.Polish
	proven, released := h.start(r).Ticket, h.start(request()).Ticket
	h.deliver()
	before := h.letters()
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'team'`); n != 0 {
		t.Errorf("%d teams hear of a ticket that is held", n)
	}
	if _, err := h.Prove(t.Context(), before[0].proof); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Release(t.Context(), agent, released.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'announce_ticket'`); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
	h.deliver()
	letters := h.letters()[len(before):]
	if len(letters) != 2 {
		t.Fatalf("%d letters", len(letters))
	}
	l := letters[0]
	if l.to != "equipe@example.com" || l.subject != "["+proven.Ref+"] [desk.mail.team_subject]" {
		t.Errorf("to %s: %q", l.to, l.subject)
	}
	for _, want := range []string{"ref=" + proven.Ref, "category=[category.order]", "lang=[desk.lang.pl]", "[desk.mail.team_due date=", "https://help.example/desk/tickets/" + string(proven.ID)} {
		if !strings.Contains(l.text, want) {
			t.Errorf("%q is not in:\n%s", want, l.text)
		}
	}
	for _, never := range []string{"Zanzibar", "10482", "camille"} {
		if strings.Contains(l.all, never) {
			t.Errorf("%q of the member's is in:\n%s", never, l.all)
		}
	}
	if strings.Contains(l.all, "Auto-Submitted: auto-replied") || !strings.Contains(l.all, "Auto-Submitted: auto-generated") {
		t.Errorf("headers:\n%s", l.all)
	}
}

// TestAnnounceNobody: where no team wants a mail none is promised, and where it is not known the
// ticket stays held, to be released again.
func TestAnnounceNobody(t *testing.T) {
	t.Parallel()
	to := &team{err: errors.New("the teams cannot be read")}
	h := setup(t, announcing(to))
	agent := support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}
	id := h.start(request()).Ticket.ID
	if err := h.Release(t.Context(), agent, id); !problem.Is(err, problem.Internal) || !h.ticket(id).Held() {
		t.Errorf("%v, and held is %t", err, h.ticket(id).Held())
	}
	to.err = nil
	if err := h.Release(t.Context(), agent, id); err != nil || h.ticket(id).Held() {
		t.Error(err)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'team'`); n != 0 {
		t.Errorf("%d mails", n)
	}
}
