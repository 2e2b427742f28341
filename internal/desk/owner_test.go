package desk_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
)

// released makes a ticket as a member does, and lets an agent bring it to its team.
func (h *house) released() (support.TicketID, support.Token) {
	h.t.Helper()
	id, link := h.heldTicket()
	if err := h.handoff.Release(h.t.Context(), h.agent, id); err != nil {
		h.t.Fatal(err)
	}
	return id, link
}

// owner is whose the ticket's conversation is, and how often it changed hands.
func (h *house) owner(id support.TicketID) (owner support.Owner, epoch int) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), `SELECT owner, epoch FROM conversations c JOIN tickets t ON t.conversation_id = c.id WHERE t.id = $1`, id).
		Scan(&owner, &epoch); err != nil {
		h.t.Fatal(err)
	}
	return owner, epoch
}

// told are the owners that a thread tells its member of, with the reason.
func (h *house) told(link support.Token) (out []string) {
	h.t.Helper()
	thread, err := h.MemberThread(h.t.Context(), link)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range thread.Entries {
		var d support.StatusData
		if e.Kind == support.EntryStatus && json.Unmarshal(e.Data, &d) == nil && d.Owner != "" {
			out = append(out, string(d.Owner)+" "+d.Reason)
		}
	}
	return out
}

// TestOwner walks a conversation through all its owners: each change raises the epoch once, and stands in
// what the member reads.
func TestOwner(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, link := h.released()
	is := func(want support.Owner, epoch int) {
		t.Helper()
		if owner, n := h.owner(id); owner != want || n != epoch {
			t.Errorf("%s at epoch %d, want %s at %d", owner, n, want, epoch)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is(support.OwnerQueue, 1)
	if err := h.HandBack(t.Context(), h.agent, id, ""); !problem.Is(err, problem.Conflict) {
		t.Errorf("from the queue: %v, want Conflict", err)
	}
	must(h.Assign(t.Context(), h.agent, id, "", h.agent.Agent.ID))
	is(support.OwnerHuman, 2)
	must(h.Reply(t.Context(), h.agent, id, "r1", "Bonjour", "", false))
	is(support.OwnerHuman, 2)
	for range 2 {
		must(h.HandBack(t.Context(), h.agent, id, "Un remboursement de 20 €, d’ici mardi."))
	}
	is(support.OwnerAssistant, 3)
	got := h.read(id)
	if got.Ticket.Status != support.StatusSolved {
		t.Errorf("handed back, the ticket is %s", got.Ticket.Status)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'status'`); n != 1 {
		t.Errorf("%d mails of it", n)
	}
	must(h.Reply(t.Context(), h.agent, id, "r1", "Bonjour", "", false)) // the press of before, once more
	is(support.OwnerAssistant, 3)
	must(h.MemberReply(t.Context(), link, "m1", "Pas encore"))
	is(support.OwnerHuman, 4) // whoever had it
	must(h.SetStatus(t.Context(), h.agent, id, support.StatusSolved))
	is(support.OwnerHuman, 4)
	h.forward(support.ReopenWithin)
	if n, err := h.CloseSolved(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	is(support.OwnerClosed, 5)
	want := []string{"queue held", "human taken", "assistant handed_back", "human ", "closed "}
	if diff := cmp.Diff(want, h.told(link)); diff != "" {
		t.Errorf("the member reads (-want +got):\n%s", diff)
	}
	for _, e := range h.read(id).Entries {
		if strings.Contains(string(e.Data), "handed_back") && (e.Body != "Un remboursement de 20 €, d’ici mardi." || e.AgentName != "Inès" || e.PubSeq == 0) {
			t.Errorf("what was agreed: %+v", e)
		}
	}
	if err := h.HandBack(t.Context(), support.Actor{}, id, ""); !problem.Is(err, problem.Forbidden) {
		t.Errorf("a guest: %v", err)
	}
}

// TestClocks: what is stored of a ticket's promises is what its thread comes to, made again; and it says
// what is owed, and when nothing is.
func TestClocks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, link := h.released()
	policy := support.SLAPolicy{FirstAnswer: 18 * time.Hour}
	hours := h.routing.Hours("support", support.ChannelEmail)
	steps := []struct {
		name string
		do   func() error
	}{
		{"Released", func() error { return nil }},
		{"ThirdParty", func() error { return h.SetStatus(t.Context(), h.agent, id, support.StatusWaitingThirdParty) }},
		{"Waiting", func() error { return h.SetStatus(t.Context(), h.agent, id, support.StatusWaitingMember) }},
		{"MemberReplies", func() error { return h.MemberReply(t.Context(), link, "m1", "Voici") }},
		{"Noted", func() error { return h.Reply(t.Context(), h.agent, id, "n1", "À voir", "", true) }},
		{"Replied", func() error { return h.Reply(t.Context(), h.agent, id, "r1", "Bonjour", support.StatusOpen, false) }},
		{"RepliedAgain", func() error { return h.Reply(t.Context(), h.agent, id, "r2", "Encore", "", false) }},
		{"Solved", func() error { return h.MemberSolved(t.Context(), link) }},
		{"Reopened", func() error { return h.MemberReply(t.Context(), link, "m2", "Non") }},
	}
	for _, step := range steps {
		h.forward(7 * time.Hour)
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		got := h.read(id)
		started, changes := support.SLAChanges(got.Entries)
		want := support.RunSLA(policy, hours, started, changes)
		if diff := cmp.Diff(want, got.Ticket.SLA, cmp.Transformer("second", func(t time.Time) int64 { return t.Unix() })); diff != "" {
			t.Errorf("%s (-made again +stored):\n%s", step.name, diff)
		}
		if !got.Ticket.PromisedAt.Equal(got.Ticket.SLA.FirstDue) {
			t.Errorf("%s: promised by %s, due %s", step.name, got.Ticket.PromisedAt, got.Ticket.SLA.FirstDue)
		}
		owed := map[string]bool{"Released": true, "ThirdParty": true, "MemberReplies": true, "Noted": true}[step.name]
		if n := h.count(`SELECT count(*) FROM tickets WHERE due_at < 'infinity'`); (n == 1) != owed {
			t.Errorf("%s: owed %v, want %v", step.name, n == 1, owed)
		}
	}
}

// TestTeams: who works in some teams sees and moves their tickets, and what was given to them; admins and
// who is in no team see all. Another team's ticket is not there for them.
func TestTeams(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mine, _ := h.released()
	theirs, _ := h.released()
	h.exec(`INSERT INTO teams (id, name) VALUES ('money', 'Compta')`)
	h.exec(`UPDATE tickets SET team_id = 'money' WHERE id = $1`, theirs)
	marc, ada := h.colleague("marc@example.com"), h.colleague("ada@example.com")
	ada.Agent.Role = support.RoleAdmin
	in := func(a support.Actor, teams ...support.TeamID) {
		h.routing.Agents = append(h.routing.Agents, routing.Saved[routing.Agent]{Value: routing.Agent{Agent: *a.Agent, Skills: support.Skills{Teams: teams}}})
	}
	in(marc, "support")
	in(ada, "support")
	for _, door := range []struct {
		name string
		do   func(a support.Actor, id support.TicketID) error
	}{
		{"Thread", func(a support.Actor, id support.TicketID) error {
			got, err := h.Thread(t.Context(), a, id)
			if err != nil && len(got.Entries)+len(got.Ticket.Ref) > 0 {
				t.Error("a refusal carries the thread")
			}
			return err
		}},
		{"Sees", func(a support.Actor, id support.TicketID) error { return h.Sees(t.Context(), a, id) }},
		{"Note", func(a support.Actor, id support.TicketID) error {
			return h.Reply(t.Context(), a, id, string(support.NewID[support.TicketID]()), "Note", "", true)
		}},
		{"Reply", func(a support.Actor, id support.TicketID) error {
			return h.Reply(t.Context(), a, id, string(support.NewID[support.TicketID]()), "Bonjour", "", false)
		}},
		{"Status", func(a support.Actor, id support.TicketID) error {
			return h.SetStatus(t.Context(), a, id, support.StatusOpen)
		}},
		{"Assign", func(a support.Actor, id support.TicketID) error {
			return h.Assign(t.Context(), a, id, "", "")
		}},
		{"HandBack", func(a support.Actor, id support.TicketID) error { return h.HandBack(t.Context(), a, id, "") }},
	} {
		for _, x := range []struct {
			who   string
			actor support.Actor
			id    support.TicketID
			no    bool
		}{{"marc on his", marc, mine, false}, {"marc on theirs", marc, theirs, true}, {"no team on theirs", h.agent, theirs, false}, {"admin on theirs", ada, theirs, false}} {
			err := door.do(x.actor, x.id)
			if no := problem.Is(err, problem.NotFound); no != x.no || !no && err != nil {
				t.Errorf("%s by %s: %v", door.name, x.who, err)
			}
		}
	}
	for who, want := range map[string]int{"marc": 1, "agent": 2, "ada": 2} {
		page, counts, err := h.Tickets(t.Context(), map[string]support.Actor{"marc": marc, "agent": h.agent, "ada": ada}[who], desk.Filter{View: "all"})
		if err != nil || len(page) != want || counts["all"] != want {
			t.Errorf("%s sees %d of %v, %v", who, len(page), counts, err)
		}
	}
	if err := h.SetStatus(t.Context(), h.agent, theirs, support.StatusOpen); err != nil { // it was handed back
		t.Fatal(err)
	}
	if err := h.Assign(t.Context(), h.agent, theirs, "", marc.Agent.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Sees(t.Context(), marc, theirs); err != nil {
		t.Errorf("what was given to marc: %v", err)
	}
	if page, counts, err := h.Tickets(t.Context(), marc, desk.Filter{View: "mine"}); err != nil || len(page) != 1 || counts["mine"] != 1 {
		t.Errorf("marc's own: %d of %v, %v", len(page), counts, err)
	}
}

// TestExpiredIsClosed: a request that nobody proved leaves nobody waiting in a queue, and comes back when
// it is proven after all.
func TestExpiredIsClosed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, link := h.heldTicket()
	h.forward(support.HeldUntilSpam + time.Hour)
	if n, err := h.handoff.ExpireHeld(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if owner, _ := h.owner(id); owner != support.OwnerClosed {
		t.Errorf("the owner is %s", owner)
	}
	if err := h.handoff.Release(t.Context(), h.agent, id); err != nil {
		t.Fatal(err)
	}
	if owner, epoch := h.owner(id); owner != support.OwnerQueue || epoch != 3 {
		t.Errorf("the owner is %s at %d", owner, epoch)
	}
	want := []string{"queue held", "closed ", "queue released"}
	if diff := cmp.Diff(want, h.told(link)); diff != "" {
		t.Errorf("the member reads (-want +got):\n%s", diff)
	}
}
