package postgres_test

import (
	"context"
	"testing"
	"time"

	"guichet/internal/handoff"
	"guichet/internal/support"
	"guichet/kb"
)

// TestRequestVectors: vectors of one model, newest tickets first, and no more than asked for.
func TestRequestVectors(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	var ids []support.TicketID
	for i, text := range []string{"Mon colis est perdu.", "Je veux un remboursement."} {
		conversation := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: kb.French, Owner: support.OwnerQueue, CreatedAt: time.Now()}
		ticket := support.Ticket{ID: support.NewID[support.TicketID](), Ref: support.NewRef(), Conversation: conversation.ID, Status: support.StatusNew,
			Category: "order", Channel: support.ChannelEmail, Lang: kb.French, Subject: text, Email: "claire@example.org",
			EmailProvenAt: time.Now(), CreatedAt: time.Now().Add(time.Duration(i) * time.Second), UpdatedAt: time.Now()}
		err := d.InHandoff(t.Context(), func(ctx context.Context, tx handoff.Tx) error {
			for _, do := range []func() error{
				func() error { return tx.CreateConversation(ctx, conversation) },
				func() error {
					_, err := tx.Append(ctx, conversation.ID, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember, Channel: support.ChannelWeb, Body: "Une question d'avant.", ClientID: "q-1"})
					return err
				},
				func() error {
					_, err := tx.Append(ctx, conversation.ID, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember, Channel: support.ChannelWeb, Body: text, ClientID: string(ticket.ID)})
					return err
				},
				func() error { return tx.CreateTicket(ctx, ticket, string(ticket.ID)) },
			} {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, ticket.ID)
	}
	missing := func(id support.TicketID, want ...string) {
		t.Helper()
		got, err := d.UnembeddedRequests(t.Context(), id, model, 100, 10)
		if err != nil || len(got) != len(want) {
			t.Fatalf("without a vector: %d, %v; want %d", len(got), err, len(want))
		}
		for i, r := range got {
			if r.Text != want[i] {
				t.Errorf("%q, want %q", r.Text, want[i])
			}
		}
	}
	missing("", "Je veux un remboursement.", "Mon colis est perdu.")
	missing(ids[0], "Mon colis est perdu.")
	for range 2 {
		if err := d.SaveRequestVector(t.Context(), ids[0], model, embed(kb.AsQuestion, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SaveRequestVector(t.Context(), support.NewID[support.TicketID](), model, embed(kb.AsQuestion, "a")); err != nil {
		t.Errorf("a ticket that is gone: %v", err)
	}
	missing("", "Je veux un remboursement.")
	missing(ids[0])
	for _, tt := range []struct {
		model string
		want  int // length of the second one's vector
	}{{model, dims}, {"other/16", 0}, {"", 0}} {
		past, err := d.PastRequests(t.Context(), tt.model, 10)
		if err != nil || len(past) != 2 || past[0].Vector != nil || len(past[1].Vector) != tt.want || past[1].Ticket.ID != ids[0] {
			t.Errorf("%q: %+v, %v", tt.model, past, err)
		}
	}
	if open, err := d.OpenRequests(t.Context(), handoff.Holder{Address: "CLAIRE@example.org"}, model, 1); err != nil || len(open) != 1 || open[0].Ticket.ID != ids[1] {
		t.Errorf("open: %+v, %v", open, err)
	}
}

func TestEmbeddedTitles(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	d.publish(article("refunds", kb.French, "Refunds take a week."))
	d.publish(article("parcels", kb.Polish, "Parcels arrive."))
	if got, err := d.EmbeddedTitles(t.Context(), model, 10); err != nil || len(got) != 0 {
		t.Errorf("before they are embedded: %v, %v", got, err)
	}
	d.embedAll()
	got, err := d.EmbeddedTitles(t.Context(), model, 10)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, s := range got {
		if len(s.Vector) != dims || s.Text == "" || s.Lang != kb.French && s.Lang != kb.Polish {
			t.Errorf("%+v", s)
		}
	}
}
