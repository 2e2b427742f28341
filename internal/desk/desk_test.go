package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

func TestReply(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", " Bonjour,\r\n\r\nIl arrive <demain>. ", "", false); err != nil {
		t.Fatal(err)
	}
	got := h.read(ticket)
	if got.Ticket.Status != support.StatusWaitingMember || !got.Ticket.UpdatedAt.After(got.Ticket.CreatedAt) {
		t.Errorf("the ticket is %+v", got.Ticket)
	}
	if e := got.Entries[2]; e.Kind != support.EntryStatus || e.AgentName != "Inès" || !strings.Contains(string(e.Data), "taken") {
		t.Errorf("before the reply stands %+v", e)
	}
	reply := got.Entries[3]
	if reply.Body != "Bonjour,\n\nIl arrive <demain>." || reply.Agent != h.agent.Agent.ID || reply.AgentName != "Inès" || reply.PubSeq != 4 {
		t.Errorf("the reply is %+v", reply)
	}
	if n := h.count(`SELECT count(*) FROM conversations WHERE owner = 'human' AND epoch = 2`); n != 1 {
		t.Error("nobody has taken the conversation")
	}
	h.deliver()
	letters := h.letters()
	if len(letters) != 1 || !strings.Contains(letters[0], "Bonjour,\r\n\r\nIl arrive <demain>.") || !strings.Contains(letters[0], "name=Inès") {
		t.Fatalf("mails: %q", letters)
	}
	if strings.Contains(letters[0], memberText) {
		t.Error("the mail quotes the member")
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE state = 'sent' AND entry_seq = 4`); n != 1 {
		t.Errorf("%d mails are noted as sent", n)
	}
	// The member sees it by the link that the mail carries, and by the older one.
	for _, l := range []support.Token{link, linkIn(t, letters[0])} {
		if thread, err := h.MemberThread(t.Context(), l); err != nil || thread.Entries[3].Body != reply.Body {
			t.Errorf("the member's page: %+v, %v", thread, err)
		}
	}
}

// TestReplyOnce: the same press again changes nothing, another text with its id is refused.
func TestReplyOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	var presses sync.WaitGroup
	for range 10 {
		presses.Go(func() {
			if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonjour", "", false); err != nil {
				t.Error(err)
			}
		})
	}
	presses.Wait()
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonsoir", "", false); !problem.Is(err, problem.Conflict) {
		t.Errorf("another text: %v, want Conflict", err)
	}
	if err := h.SetStatus(t.Context(), h.agent, ticket, support.StatusSolved); err != nil {
		t.Fatal(err)
	}
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonjour", "", false); err != nil {
		t.Errorf("much later: %v", err)
	}
	got := h.read(ticket)
	if got.Ticket.Status != support.StatusSolved {
		t.Errorf("a press repeated much later moved the ticket to %s", got.Ticket.Status)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'reply'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'send_reply'`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if n := len(got.Entries); n != 6 { // request, held, taken, reply, waiting_member, solved
		t.Errorf("%d entries, want 6", n)
	}
}

// TestEverybodyAtOnce: members and agents who write into one thread at the same moment wait for each
// other, and never for ever.
func TestEverybodyAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	conversation := h.read(ticket).Ticket.Conversation
	var all sync.WaitGroup
	for i := range 8 {
		id := fmt.Sprint("press-no-", i)
		for _, do := range []func() error{
			func() error {
				return h.Reply(t.Context(), h.agent, ticket, id, "Bonjour", support.StatusWaitingMember, false)
			},
			func() error { return h.Reply(t.Context(), h.agent, ticket, "note-"+id, "Hm", "", true) },
			func() error { return h.MemberReply(t.Context(), link, id, "Et alors ?") },
			func() error {
				_, err := h.handoff.Start(t.Context(), handoff.Request{ClientID: "again-" + id, Channel: support.ChannelEmail,
					Category: "order", Email: "camille@example.org", Text: "Encore", Lang: kb.French, Conversation: conversation})
				return err
			},
		} {
			all.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for i, e := range h.read(ticket).Entries {
		if e.Seq != int64(i+1) {
			t.Fatalf("entry %d is numbered %d", i+1, e.Seq)
		}
	}
	thread, err := h.MemberThread(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range thread.Entries {
		if e.PubSeq != int64(i+1) {
			t.Fatalf("the member's entry %d is numbered %d", i+1, e.PubSeq)
		}
	}
	if n := h.count(`SELECT count(*) FROM entries WHERE kind IN ('message','note')`); n != 1+4*8 {
		t.Errorf("%d messages and notes, want %d", n, 1+4*8)
	}
	if n := h.count(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("the server broke %d deadlocks", n)
	}
}

// TestNote: a note is staff's own: no mail, no movement, and the member's numbers skip nothing.
func TestNote(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	before := h.read(ticket).Ticket
	if err := h.Reply(t.Context(), h.agent, ticket, "n1", "Client difficile", support.StatusSolved, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, h.read(ticket).Ticket); diff != "" {
		t.Errorf("the note moved the ticket (-before +after):\n%s", diff)
	}
	if err := h.Reply(t.Context(), h.agent, ticket, "n1", "Client difficile", "", false); !problem.Is(err, problem.Conflict) {
		t.Errorf("the note as a reply: %v, want Conflict", err)
	}
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonjour", "", false); err != nil {
		t.Fatal(err)
	}
	if note := h.read(ticket).Entries[2]; note.Kind != support.EntryNote || note.Seq != 3 || note.PubSeq != 0 {
		t.Errorf("the note is %+v", note)
	}
	thread, err := h.MemberThread(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range thread.Entries {
		if e.Kind == support.EntryNote || e.Seq != int64(i+1) || e.PubSeq != int64(i+1) {
			t.Errorf("the member sees %+v as entry %d", e, i+1)
		}
	}
	h.deliver()
	for _, l := range h.letters() {
		if strings.Contains(l, "difficile") {
			t.Error("the note was mailed")
		}
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE kind = 'reply'`); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestHeldTakesNoReply(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.heldTicket()
	if err := h.Reply(t.Context(), h.agent, ticket, "r1", "Bonjour", "", false); !problem.Is(err, problem.Conflict) {
		t.Errorf("a reply: %v, want Conflict", err)
	}
	if err := h.Reply(t.Context(), h.agent, ticket, "n1", "À surveiller", "", true); err != nil {
		t.Errorf("a note: %v", err)
	}
	if err := h.SetStatus(t.Context(), h.agent, ticket, support.StatusSpam); err != nil {
		t.Errorf("as spam: %v", err)
	}
}

func TestSetStatus(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	for _, step := range []struct {
		to   support.Status
		want problem.Kind
	}{
		{support.StatusWaitingThirdParty, ""},
		{support.StatusWaitingThirdParty, ""}, // again: nothing
		{support.StatusNew, problem.Conflict},
		{"nonsense", problem.Conflict},
		{support.StatusSolved, ""},
		{support.StatusSpam, problem.Conflict},
		{support.StatusOpen, ""},
	} {
		if err := h.SetStatus(t.Context(), h.agent, ticket, step.to); problem.KindOf(err) != step.want {
			t.Errorf("to %s: %v, want kind %q", step.to, err, step.want)
		}
	}
	got := h.read(ticket)
	if got.Ticket.Status != support.StatusOpen || len(got.Entries) != 5 || !got.Ticket.SolvedAt.IsZero() {
		t.Errorf("the ticket is %+v with %d entries", got.Ticket, len(got.Entries))
	}
	if want := `{"to": "open", "from": "solved"}`; string(got.Entries[4].Data) != want {
		t.Errorf("the last entry says %s, want %s", got.Entries[4].Data, want)
	}
}

func TestMemberReply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status support.Status
		later  time.Duration
		want   support.Status
		kind   problem.Kind
	}{
		{"New", support.StatusNew, 0, support.StatusNew, ""},
		{"Open", support.StatusOpen, 0, support.StatusOpen, ""},
		{"Waiting", support.StatusWaitingMember, 90 * 24 * time.Hour, support.StatusOpen, ""},
		{"ThirdParty", support.StatusWaitingThirdParty, 0, support.StatusWaitingThirdParty, ""},
		{"Solved", support.StatusSolved, support.ReopenWithin - time.Hour, support.StatusOpen, ""},
		{"SolvedLongAgo", support.StatusSolved, support.ReopenWithin + time.Hour, support.StatusSolved, problem.Conflict},
		{"Closed", support.StatusClosed, 0, support.StatusClosed, problem.Conflict},
		{"Spam", support.StatusSpam, 0, support.StatusSpam, problem.Conflict},
		{"Merged", support.StatusMerged, 0, support.StatusMerged, problem.Conflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			ticket, link := h.ticket()
			h.put(ticket, test.status)
			h.forward(test.later)
			before := h.read(ticket)
			err := h.MemberReply(t.Context(), link, "m1", "Et alors ?")
			if problem.KindOf(err) != test.kind {
				t.Errorf("MemberReply: %v, want kind %q", err, test.kind)
			}
			got := h.read(ticket)
			if got.Ticket.Status != test.want {
				t.Errorf("the ticket is %s, want %s", got.Ticket.Status, test.want)
			}
			if added := len(got.Entries) - len(before.Entries); (added > 0) != (test.kind == "") {
				t.Errorf("%d entries were added", added)
			}
			if test.kind == "" && !got.Ticket.UpdatedAt.After(before.Ticket.UpdatedAt) {
				t.Error("the ticket has not moved in the list")
			}
		})
	}
}

func TestMemberReplyOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	for range 2 {
		if err := h.MemberReply(t.Context(), link, "m1", "Et alors ?"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.read(ticket).Entries); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if err := h.MemberReply(t.Context(), link, "m1", "Allô ?"); !problem.Is(err, problem.Conflict) {
		t.Errorf("another text: %v, want Conflict", err)
	}
	if err := h.MemberReply(t.Context(), link, "m2", "  "); !problem.Is(err, problem.Invalid) {
		t.Errorf("nothing: %v, want Invalid", err)
	}
	if err := h.MemberReply(t.Context(), support.NewToken(), "m2", "x"); !problem.Is(err, problem.NotFound) {
		t.Errorf("no link: %v, want NotFound", err)
	}
	h.forward(support.TicketLinkTTL)
	if err := h.MemberReply(t.Context(), link, "m2", "x"); !problem.Is(err, problem.Gone) {
		t.Errorf("an old link: %v, want Gone", err)
	}
	if _, err := h.MemberThread(t.Context(), link); !problem.Is(err, problem.Gone) {
		t.Errorf("the page of an old link: %v, want Gone", err)
	}
}

func TestMemberSolved(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, link := h.ticket()
	for range 2 {
		if err := h.MemberSolved(t.Context(), link); err != nil {
			t.Fatal(err)
		}
	}
	got := h.read(ticket)
	if got.Ticket.Status != support.StatusSolved || got.Ticket.SolvedAt.IsZero() || len(got.Entries) != 3 {
		t.Errorf("the ticket is %+v with %d entries", got.Ticket, len(got.Entries))
	}
	h.put(ticket, support.StatusClosed)
	if err := h.MemberSolved(t.Context(), link); !problem.Is(err, problem.Conflict) {
		t.Errorf("of a closed one: %v, want Conflict", err)
	}
}

// TestWhoMay: nobody but staff works at the desk.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	for name, actor := range map[string]support.Actor{
		"Guest":    {},
		"Disabled": {Agent: &support.Agent{ID: h.agent.Agent.ID, Role: support.RoleAdmin, Disabled: true}},
	} {
		_, _, listed := h.Tickets(t.Context(), actor, desk.Filter{})
		_, read := h.Thread(t.Context(), actor, ticket)
		for what, err := range map[string]error{
			"Tickets": listed, "Thread": read,
			"Reply":     h.Reply(t.Context(), actor, ticket, "r1", "x", "", false),
			"Note":      h.Reply(t.Context(), actor, ticket, "r1", "x", "", true),
			"SetStatus": h.SetStatus(t.Context(), actor, ticket, support.StatusSolved),
		} {
			if !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s, %s: %v, want Forbidden", name, what, err)
			}
		}
	}
	for _, id := range []support.TicketID{"nonsense", "", support.NewID[support.TicketID]()} {
		if _, err := h.Thread(t.Context(), h.agent, id); !problem.Is(err, problem.NotFound) {
			t.Errorf("ticket %q: %v, want NotFound", id, err)
		}
		if err := h.SetStatus(t.Context(), h.agent, id, support.StatusSolved); !problem.Is(err, problem.NotFound) {
			t.Errorf("ticket %q: %v, want NotFound", id, err)
		}
	}
}

// TestTickets: the views, their counts, and pages that lose nothing.
func TestTickets(t *testing.T) {
	t.Parallel()
	h := setup(t)
	byStatus := map[support.Status]support.TicketID{}
	for _, s := range []support.Status{support.StatusNew, support.StatusOpen, support.StatusWaitingMember, support.StatusWaitingThirdParty,
		support.StatusSolved, support.StatusClosed, support.StatusSpam, support.StatusMerged} {
		id, _ := h.ticket()
		h.put(id, s)
		byStatus[s] = id
	}
	held, _ := h.heldTicket()
	heldSpam, _ := h.heldTicket()
	h.put(heldSpam, support.StatusSpam)

	open := []support.TicketID{byStatus[support.StatusNew], byStatus[support.StatusOpen], byStatus[support.StatusWaitingMember], byStatus[support.StatusWaitingThirdParty]}
	all := slices.Clone(open)
	for _, s := range []support.Status{support.StatusSolved, support.StatusClosed, support.StatusSpam, support.StatusMerged} {
		all = append(all, byStatus[s])
	}
	// What is owed soonest comes first, then what has no clock that runs.
	h.exec(`UPDATE tickets SET due_at = now() WHERE id = $1`, byStatus[support.StatusWaitingThirdParty])
	open = []support.TicketID{open[3], open[0], open[1], open[2]}
	slices.Reverse(all) // the newest movement first
	want := map[string][]support.TicketID{"open": open, "": open, "held": {held}, "solved": {byStatus[support.StatusSolved]}, "all": all}
	for view, want := range want {
		var got []support.TicketID
		after := support.TicketID("")
		for { // in pages of two
			page, counts, err := h.Tickets(t.Context(), h.agent, desk.Filter{View: view, Limit: 2, After: after})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int{"open": 4, "mine": 0, "unassigned": 4, "held": 1, "solved": 1, "all": 8}, counts); diff != "" {
				t.Fatalf("counts (-want +got):\n%s", diff)
			}
			if len(page) == 0 {
				break
			}
			for _, ticket := range page {
				got = append(got, ticket.ID)
			}
			after = got[len(got)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("view %q (-want +got):\n%s", view, diff)
		}
	}
	if _, _, err := h.Tickets(t.Context(), h.agent, desk.Filter{View: "nonsense"}); !problem.Is(err, problem.Invalid) {
		t.Errorf("no such view: %v, want Invalid", err)
	}
	if _, _, err := h.Tickets(t.Context(), h.agent, desk.Filter{After: "nonsense"}); !problem.Is(err, problem.NotFound) {
		t.Errorf("no such ticket: %v, want NotFound", err)
	}
}

// TestTicketsTogether: tickets of the very same moment are told apart by their ids.
func TestTicketsTogether(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 7 {
		h.ticket()
	}
	if _, err := h.db.Pool().Exec(t.Context(), `UPDATE tickets SET updated_at = now()`); err != nil {
		t.Fatal(err)
	}
	seen := map[support.TicketID]bool{}
	after := support.TicketID("")
	for range 4 {
		page, _, err := h.Tickets(t.Context(), h.agent, desk.Filter{Limit: 2, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, ticket := range page {
			seen[ticket.ID] = true
			after = ticket.ID
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d tickets on four pages, want 7", len(seen))
	}
}
