package desk_test

import (
	"testing"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// TestMemberMessage: a message of the conversation reaches its ticket once, and moves it once.
func TestMemberMessage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	conversation := h.read(ticket).Ticket.Conversation
	h.put(ticket, support.StatusWaitingMember)
	first, err := h.MemberMessage(t.Context(), conversation, "m1", "Et alors ?")
	if err != nil || first.PubSeq == 0 || first.Body != "Et alors ?" || h.read(ticket).Ticket.Status != support.StatusOpen {
		t.Fatalf("MemberMessage: %+v, %v", first, err)
	}
	// It comes again after the team has answered it: the ticket goes on waiting.
	h.put(ticket, support.StatusWaitingMember)
	again, err := h.MemberMessage(t.Context(), conversation, "m1", "Et alors ?")
	if err != nil || again.Seq != first.Seq || h.read(ticket).Ticket.Status != support.StatusWaitingMember {
		t.Errorf("again: %+v, %v, ticket %s", again, err, h.read(ticket).Ticket.Status)
	}
	for name, test := range map[string]struct {
		id, text string
		kind     problem.Kind
	}{
		"AnotherText": {"m1", "Allô ?", problem.Conflict},
		"NoID":        {"", "Allô ?", problem.Invalid},
		"NoText":      {"m2", " ", problem.Invalid},
	} {
		if _, err := h.MemberMessage(t.Context(), conversation, test.id, test.text); problem.KindOf(err) != test.kind {
			t.Errorf("%s: %v, want %s", name, err, test.kind)
		}
	}
	h.put(ticket, support.StatusClosed)
	if _, err := h.MemberMessage(t.Context(), conversation, "m3", "Allô ?"); !problem.Is(err, problem.Conflict) {
		t.Errorf("to a closed ticket: %v, want Conflict", err)
	}
	empty := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: kb.French, Owner: support.OwnerAssistant, CreatedAt: h.now()}
	if err := h.db.OpenConversation(t.Context(), empty, support.NewToken()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.MemberMessage(t.Context(), empty.ID, "m1", "Allô ?"); !problem.Is(err, problem.Conflict) {
		t.Errorf("where there is no ticket: %v, want Conflict", err)
	}
}

// TestConversationTicket: who holds the conversation gets one link to its ticket's page, however
// often; another holder gets another.
func TestConversationTicket(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, _ := h.ticket()
	conversation := h.read(ticket).Ticket.Conversation
	holder := support.NewToken()
	tokens := h.count(`SELECT count(*) FROM tokens`)
	got, link, err := h.ConversationTicket(t.Context(), conversation, holder)
	if err != nil || got.ID != ticket {
		t.Fatalf("ConversationTicket: %+v, %v", got, err)
	}
	if _, again, err := h.ConversationTicket(t.Context(), conversation, holder); err != nil || again != link {
		t.Errorf("again: %s, %v; want %s", again, err, link)
	}
	if n := h.count(`SELECT count(*) FROM tokens`); n != tokens+1 {
		t.Errorf("two looks made %d tokens", n-tokens)
	}
	if thread, err := h.MemberThread(t.Context(), link); err != nil || thread.Ticket.ID != ticket {
		t.Errorf("the link opens %+v, %v", thread.Ticket, err)
	}
	if _, other, err := h.ConversationTicket(t.Context(), conversation, support.NewToken()); err != nil || other == link {
		t.Errorf("another holder's link: %v", err)
	}
	if err := h.db.RevokeToken(t.Context(), support.PurposeTicketLink, link, h.now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.ConversationTicket(t.Context(), conversation, holder); err != nil {
		t.Fatal(err)
	}
	if _, err := h.MemberThread(t.Context(), link); !problem.Is(err, problem.Gone) {
		t.Errorf("a look brings a revoked link back: %v", err)
	}
	if _, _, err := h.ConversationTicket(t.Context(), support.NewID[support.ConversationID](), holder); !problem.Is(err, problem.NotFound) {
		t.Errorf("no conversation: %v, want NotFound", err)
	}
}
