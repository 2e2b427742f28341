package desk_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// colleague is another agent.
func (h *house) colleague(email string) support.Actor {
	h.t.Helper()
	a := support.Agent{ID: support.NewID[support.AgentID](), Email: email, Role: support.RoleAgent}
	var err error
	if a.ID, err = h.db.SaveAgent(h.t.Context(), a); err != nil {
		h.t.Fatal(err)
	}
	return support.Actor{Agent: &a}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	h := setup(t)
	marc := h.colleague("marc@example.com")
	me, him := h.agent.Agent.ID, marc.Agent.ID
	ticket, link := h.ticket()
	before := len(h.read(ticket).Entries)
	for _, step := range []struct{ was, to support.AgentID }{{"", me}, {"", me}, {me, him}, {him, ""}} {
		if err := h.Assign(t.Context(), h.agent, ticket, step.was, step.to); err != nil {
			t.Fatalf("%+v: %v", step, err)
		}
		if got := h.read(ticket).Ticket.Assignee; got != step.to {
			t.Errorf("the ticket is %q's, want %q", got, step.to)
		}
	}
	got := h.read(ticket)
	var said []support.AssignData
	for _, e := range got.Entries[before:] {
		if e.Kind == support.EntryStatus { // the first who has it: the member sees that
			if e.Agent != me || e.AgentName != "Inès" || !strings.Contains(string(e.Data), "taken") {
				t.Errorf("%+v", e)
			}
			continue
		}
		var d support.AssignData
		if err := json.Unmarshal(e.Data, &d); err != nil || e.Kind != support.EntryNote || e.PubSeq != 0 || e.Agent != me {
			t.Errorf("%+v, %v", e, err)
		}
		said = append(said, d)
	}
	want := []support.AssignData{{To: me, ToName: "Inès"}, {From: me, FromName: "Inès", To: him, ToName: "marc@example.com"}, {From: him, FromName: "marc@example.com"}}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if thread, err := h.MemberThread(t.Context(), link); err != nil || len(thread.Entries) != before+1 {
		t.Errorf("the member sees %d entries, %v; want %d", len(thread.Entries), err, before+1)
	}
	for name, c := range map[string]struct {
		actor   support.Actor
		ticket  support.TicketID
		was, to support.AgentID
		want    problem.Kind
	}{
		"a guest":              {support.Actor{}, ticket, "", me, problem.Forbidden},
		"to nobody known":      {h.agent, ticket, "", support.NewID[support.AgentID](), problem.Invalid},
		"to no id":             {h.agent, ticket, "", "marc", problem.Invalid},
		"no such ticket":       {h.agent, support.NewID[support.TicketID](), "", me, problem.NotFound},
		"of one it is not any": {h.agent, ticket, him, me, problem.Conflict},
	} {
		if err := h.Assign(t.Context(), c.actor, c.ticket, c.was, c.to); !problem.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	held, _ := h.heldTicket()
	if err := h.Assign(t.Context(), h.agent, held, "", me); !problem.Is(err, problem.Conflict) {
		t.Errorf("a held ticket: %v, want Conflict", err)
	}
	h.exec(`UPDATE agents SET disabled = true WHERE id = $1`, him)
	if err := h.Assign(t.Context(), h.agent, ticket, "", him); !problem.Is(err, problem.Invalid) {
		t.Errorf("to somebody disabled: %v, want Invalid", err)
	}
	if as, err := h.Colleagues(t.Context(), h.agent); err != nil || len(as) != 1 || as[0].ID != me {
		t.Errorf("colleagues: %+v, %v", as, err)
	}
}

// TestTakenOnce: of ten who take a ticket at once, one has it and nine are told.
func TestTakenOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	var has atomic.Int32
	var all sync.WaitGroup
	for i := range 10 {
		a := h.colleague(string(rune('a'+i)) + "@example.com")
		all.Go(func() {
			err := h.Assign(t.Context(), a, ticket, "", a.Agent.ID)
			if err == nil {
				has.Add(1)
			} else if !problem.Is(err, problem.Conflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if has.Load() != 1 {
		t.Errorf("%d have it", has.Load())
	}
}

func TestMineAndUnassigned(t *testing.T) {
	t.Parallel()
	h := setup(t)
	marc := h.colleague("marc@example.com")
	mine, _ := h.ticket()
	his, _ := h.ticket()
	nobodys, _ := h.ticket()
	solved, _ := h.ticket()
	h.heldTicket()
	for id, a := range map[support.TicketID]support.AgentID{mine: h.agent.Agent.ID, solved: h.agent.Agent.ID, his: marc.Agent.ID} {
		if err := h.Assign(t.Context(), h.agent, id, "", a); err != nil {
			t.Fatal(err)
		}
	}
	h.put(solved, support.StatusSolved)
	for view, want := range map[string]support.TicketID{"mine": mine, "unassigned": nobodys} {
		page, counts, err := h.Tickets(t.Context(), h.agent, desk.Filter{View: view, Agent: marc.Agent.ID})
		if err != nil || len(page) != 1 || page[0].ID != want || counts[view] != 1 {
			t.Errorf("%s: %+v, %v, %v", view, page, counts, err)
		}
	}
	page, _, err := h.Tickets(t.Context(), support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}, desk.Filter{View: "mine"})
	if err != nil || len(page) != 0 {
		t.Errorf("a command of this machine: %+v, %v", page, err)
	}
}
