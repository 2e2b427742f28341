package desk_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// TestStatusIsTold: an agent's change of status is mailed once, where the member's word for it is
// another one; never of spam or of a held ticket, nor beside a reply that moves it in the same press,
// nor when the member or the clock did it.
func TestStatusIsTold(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, c := range []struct {
		from, to support.Status
		told     string // the word; "" for nothing
	}{
		{support.StatusNew, support.StatusOpen, "in_progress"},
		{support.StatusOpen, support.StatusWaitingThirdParty, ""},
		{support.StatusOpen, support.StatusWaitingMember, "waiting"},
		{support.StatusWaitingMember, support.StatusSolved, "solved"},
		{support.StatusSolved, support.StatusOpen, "in_progress"},
		{support.StatusSolved, support.StatusClosed, "closed"},
		{support.StatusOpen, support.StatusSpam, ""},
		{support.StatusSpam, support.StatusOpen, ""},
		{support.StatusOpen, support.StatusMerged, ""},
		{support.StatusOpen, support.StatusOpen, ""},
	} {
		ticket, link := h.ticket()
		h.put(ticket, c.from)
		if err := h.SetStatus(t.Context(), h.agent, ticket, c.to); err != nil {
			t.Fatalf("%s → %s: %v", c.from, c.to, err)
		}
		jobs := h.count(`SELECT count(*) FROM river_job WHERE kind = 'send_status'`)
		h.deliver()
		h.deliver()
		letters := h.letters()
		h.exec(`DELETE FROM local_mailbox`)
		h.exec(`DELETE FROM river_job`)
		if c.told == "" {
			if len(letters) != 0 || jobs != 0 {
				t.Errorf("%s → %s tells %q by %d jobs", c.from, c.to, letters, jobs)
			}
			continue
		}
		if len(letters) != 1 || jobs != 1 || !strings.HasPrefix(letters[0], "[mail.one_way]") || !strings.Contains(letters[0], "status=[status."+c.told+"]") {
			t.Errorf("%s → %s: %q by %d jobs, want %s", c.from, c.to, letters, jobs, c.told)
			continue
		}
		if got, err := h.MemberThread(t.Context(), linkIn(t, letters[0])); err != nil || got.Ticket.ID != ticket {
			t.Errorf("the link in the letter: %v", err)
		}
		if _, err := h.MemberThread(t.Context(), link); err != nil {
			t.Errorf("the older link: %v", err)
		}
	}
	told := func() int {
		return h.count(`SELECT count(*) FROM mails WHERE kind = 'status' AND state = 'queued'`) + h.count(`SELECT count(*) FROM river_job WHERE kind = 'send_status'`)
	}
	held, _ := h.heldTicket()
	if err := h.SetStatus(t.Context(), h.agent, held, support.StatusSolved); err != nil {
		t.Fatal(err)
	}
	ticket, link := h.ticket()
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonjour", support.StatusSolved, false); err != nil {
		t.Fatal(err)
	}
	if err := h.MemberReply(t.Context(), link, "m1", "Pas encore"); err != nil {
		t.Fatal(err)
	}
	if err := h.MemberSolved(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	h.forward(support.ReopenWithin)
	if n, err := h.CloseSolved(t.Context()); err != nil || n != 3 { // one of them above
		t.Fatalf("closed %d, %v", n, err)
	}
	if n := told(); n != 0 {
		t.Errorf("held, with a reply, by the member or by the clock: %d mails and jobs", n)
	}
}

// TestStatusIsToldOnce: ten presses of one button move the ticket once and tell of it once.
func TestStatusIsToldOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	var presses sync.WaitGroup
	for range 10 {
		presses.Go(func() {
			if err := h.SetStatus(t.Context(), h.agent, ticket, support.StatusSolved); err != nil {
				t.Error(err)
			}
		})
	}
	presses.Wait()
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'status'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'send_status'`); n != 1 {
		t.Errorf("%d jobs", n)
	}
}

// TestCloseSolved: 14 days after it was solved a ticket is closed, with a word in its thread, and takes
// no reply any more; until then it can be reopened.
func TestCloseSolved(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	other, _ := h.ticket()
	reopened, back := h.ticket()
	for _, id := range []support.TicketID{ticket, reopened} {
		if err := h.SetStatus(t.Context(), h.agent, id, support.StatusSolved); err != nil {
			t.Fatal(err)
		}
	}
	h.forward(support.ReopenWithin - time.Hour)
	if n, err := h.CloseSolved(t.Context()); err != nil || n != 0 {
		t.Errorf("an hour before: %d, %v", n, err)
	}
	if err := h.MemberReply(t.Context(), back, "m1", "Pas encore"); err != nil {
		t.Fatal(err)
	}
	h.forward(time.Hour)
	var closed atomic.Int32
	var nodes sync.WaitGroup
	for range 4 { // several nodes at once
		nodes.Go(func() {
			n, err := h.CloseSolved(t.Context())
			if err != nil {
				t.Error(err)
			}
			closed.Add(int32(n))
		})
	}
	nodes.Wait()
	if closed.Load() != 1 {
		t.Errorf("%d were closed, want 1", closed.Load())
	}
	got := h.read(ticket)
	last := got.Entries[len(got.Entries)-1]
	if got.Ticket.Status != support.StatusClosed || last.Kind != support.EntryStatus || last.PubSeq == 0 || !strings.Contains(string(last.Data), "closed") {
		t.Errorf("%s, and last %+v", got.Ticket.Status, last)
	}
	if err := h.MemberReply(t.Context(), link, "m2", "Encore"); !problem.Is(err, problem.Conflict) {
		t.Errorf("a reply to a closed ticket: %v", err)
	}
	if s := h.read(other).Ticket.Status; s != support.StatusNew {
		t.Errorf("the other ticket is %s", s)
	}
	if s := h.read(reopened).Ticket.Status; s != support.StatusOpen {
		t.Errorf("the reopened ticket is %s", s)
	}
}
