package handoff_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/mail/mailtest"
	"guichet/internal/problem"
	"guichet/internal/support"
)

func asProblem(err error) *problem.Error {
	var p *problem.Error
	errors.As(err, &p)
	return p
}

// TestConfirmation: the mail goes to the address with a link and a button to prove it, and holds
// nothing that the member wrote, since anybody can write in anybody's name.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	r.Text = "ZANZIBAR\r\nSubject: KILIMANDJARO\n\n<b>OUAGADOUGOU</b> https://evil.example/TOMBOUCTOU"
	started := h.start(r)
	h.deliver()
	letters := h.letters()
	if len(letters) != 1 {
		t.Fatalf("%d mails", len(letters))
	}
	l := letters[0]
	if l.to != "camille@example.org" || !strings.HasPrefix(l.subject, "["+started.Ticket.Ref+"] ") {
		t.Errorf("to %s: %s", l.to, l.subject)
	}
	for _, word := range []string{"ZANZIBAR", "KILIMANDJARO", "OUAGADOUGOU", "TOMBOUCTOU", "evil.example"} {
		if strings.Contains(strings.ToUpper(l.all), strings.ToUpper(word)) {
			t.Errorf("the mail says %s:\n%s", word, l.all)
		}
	}
	if id, err := h.db.FindLinkedTicket(t.Context(), l.link, h.now()); err != nil || id != started.Ticket.ID {
		t.Errorf("the mail's link opens %q, %v", id, err)
	}
	if l.proof == "" {
		t.Error("the mail proves nothing")
	}
	if !strings.Contains(l.text, "button_prove") || strings.Contains(l.text, "promise") {
		t.Errorf("the mail of a held ticket says:\n%s", l.text)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE state = 'sent' AND sent_at IS NOT NULL`); n != 1 {
		t.Errorf("%d mails are noted as sent", n)
	}
	// The job may run again: nothing more is sent.
	h.count(`WITH again AS (UPDATE mails SET state = 'queued' RETURNING 1) SELECT count(*) FROM again`)
	h.deliver()
	if n := len(h.letters()); n != 1 {
		t.Errorf("%d mails after a second run", n)
	}
}

func TestDeliverNotesWhatHappened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		manner mailtest.Manner
		kind   problem.Kind // of Deliver's error: with one the job is tried again
		state  string
	}{
		{"Sent", mailtest.Accept, "", "sent"},
		{"NoSuchAddress", mailtest.RefuseRecipient, "", "failed"},
		{"Later", mailtest.DeferRecipient, problem.Unavailable, "queued"},
		{"Broken", mailtest.DropBeforeAnswer, problem.Unavailable, "queued"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.New(t)
			server.Behave(test.manner)
			h := setup(t, smtp(server))
			h.start(request())
			var id support.MailID
			if err := h.db.Pool().QueryRow(t.Context(), `SELECT id FROM mails`).Scan(&id); err != nil {
				t.Fatal(err)
			}
			if err := h.Deliver(t.Context(), id); problem.KindOf(err) != test.kind {
				t.Errorf("Deliver: %v, want kind %q", err, test.kind)
			}
			m, _, err := h.db.FindMail(t.Context(), id)
			if err != nil || m.State != test.state {
				t.Errorf("the mail is %s, %v; want %s", m.State, err, test.state)
			}
			server.Behave(mailtest.Accept)
			if err := h.Deliver(t.Context(), id); err != nil {
				t.Error(err)
			}
			ids := map[string]bool{}
			for _, got := range server.Messages() {
				ids[messageID(string(got.Raw))] = true
			}
			if len(ids) > 1 || test.state != "failed" && len(ids) != 1 {
				t.Errorf("Message-IDs %v", ids)
			}
			if err := h.GiveUp(t.Context(), id, errors.New("too late")); err != nil {
				t.Fatal(err)
			}
			want := "sent"
			if test.state == "failed" {
				want = "failed"
			}
			if m, _, err := h.db.FindMail(t.Context(), id); err != nil || m.State != want {
				t.Errorf("given up, the mail is %s, %v; want %s", m.State, err, want)
			}
		})
	}
}

func messageID(raw string) string {
	for line := range strings.Lines(raw) {
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func TestProve(t *testing.T) {
	t.Parallel()
	h := setup(t)
	started := h.start(request())
	h.deliver()
	proof := h.letters()[0].proof
	if _, err := h.Prove(t.Context(), support.NewToken()); !problem.Is(err, problem.NotFound) {
		t.Errorf("a wrong token: %v, want NotFound", err)
	}
	if _, err := h.Prove(t.Context(), started.Link); !problem.Is(err, problem.NotFound) {
		t.Errorf("the link's token: %v, want NotFound", err)
	}
	before := h.now()
	out, err := h.Prove(t.Context(), proof)
	if err != nil {
		t.Fatal(err)
	}
	got := h.ticket(started.Ticket.ID)
	if diff := cmp.Diff(got, out.Ticket); diff != "" {
		t.Errorf("returned (-stored +returned):\n%s", diff)
	}
	if got.Held() || got.HeldReason != "" || got.Status != support.StatusNew || got.EmailProvenAt.Before(before) {
		t.Errorf("the ticket is %+v", got)
	}
	if d := got.PromisedAt.Sub(before); d < 47*time.Hour || d > 5*24*time.Hour {
		t.Errorf("promised in %s", d)
	}
	if id, err := h.db.FindLinkedTicket(t.Context(), out.Link, h.now()); err != nil || id != got.ID {
		t.Errorf("the new link opens %q, %v", id, err)
	}
	if diff := cmp.Diff(line{3, 3, "status", "system", "", "proven"}, h.thread(got.ID, false)[2]); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	if _, err := h.Prove(t.Context(), proof); !problem.Is(err, problem.Gone) {
		t.Errorf("again: %v, want Gone", err)
	}
	// A second mail to a proven address promises a date and asks for no proof.
	h.count(`WITH again AS (UPDATE mails SET state = 'queued', id = gen_random_uuid(), message_id = 'again' RETURNING 1) SELECT count(*) FROM again`)
	h.count(`WITH gone AS (DELETE FROM local_mailbox RETURNING 1) SELECT count(*) FROM gone`)
	h.deliver()
	if l := h.letters()[0]; l.proof != "" || !strings.Contains(l.text, "promise date=") || strings.Contains(l.text, "button_prove") {
		t.Errorf("the mail of a released ticket says:\n%s", l.text)
	}
}

func TestProveLate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	started := h.start(request())
	h.deliver()
	h.forward(support.AddressProofTTL + time.Minute)
	if _, err := h.Prove(t.Context(), h.letters()[0].proof); !problem.Is(err, problem.Gone) {
		t.Errorf("after 48 hours: %v, want Gone", err)
	}
	if !h.ticket(started.Ticket.ID).Held() {
		t.Error("the ticket was released")
	}
}

// TestProveSpam: a mail that came late may prove an address whose ticket is spam by now.
func TestProveSpam(t *testing.T) {
	t.Parallel()
	h := setup(t)
	started := h.start(request())
	h.forward(24 * time.Hour) // on its way
	h.deliver()
	h.forward(24*time.Hour + time.Minute)
	if n, err := h.ExpireHeld(t.Context()); n != 1 || err != nil {
		t.Fatalf("ExpireHeld: %d, %v", n, err)
	}
	if _, err := h.Prove(t.Context(), h.letters()[0].proof); err != nil {
		t.Fatal(err)
	}
	if got := h.ticket(started.Ticket.ID); got.Status != support.StatusNew || got.Held() || got.PromisedAt.IsZero() {
		t.Errorf("the ticket is %+v", got)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.start(request()).Ticket.ID
	for name, actor := range map[string]support.Actor{
		"Guest":    {},
		"Disabled": {Agent: &support.Agent{Role: support.RoleAdmin, Disabled: true}},
	} {
		if err := h.Release(t.Context(), actor, id); !problem.Is(err, problem.Forbidden) {
			t.Errorf("%s: %v, want Forbidden", name, err)
		}
	}
	agent := support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}
	for range 2 { // the second time changes nothing
		if err := h.Release(t.Context(), agent, id); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.ticket(id); got.Held() || got.PromisedAt.IsZero() || !got.EmailProvenAt.IsZero() {
		t.Errorf("the ticket is %+v", got)
	}
	if n := len(h.thread(id, true)); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if err := h.Release(t.Context(), agent, "nonsense"); !problem.Is(err, problem.NotFound) {
		t.Errorf("no ticket: %v, want NotFound", err)
	}
}

func TestCorrectAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.start(request()).Ticket.ID
	h.deliver()
	if err := h.CorrectAddress(t.Context(), id, "dominique@"); !problem.Is(err, problem.Invalid) {
		t.Errorf("no address: %v, want Invalid", err)
	}
	if err := h.CorrectAddress(t.Context(), id, " dominique@EXAMPLE.org"); err != nil {
		t.Fatal(err)
	}
	if got := h.ticket(id).Email; got != "dominique@example.org" {
		t.Errorf("the address is %q", got)
	}
	h.deliver()
	letters := h.letters()
	if len(letters) != 2 || letters[1].to != "dominique@example.org" {
		t.Fatalf("mails: %+v", letters)
	}
	if _, err := h.Prove(t.Context(), letters[0].proof); !problem.Is(err, problem.Gone) {
		t.Errorf("the proof of the old address: %v, want Gone", err)
	}
	if !h.ticket(id).Held() {
		t.Fatal("the old address released the ticket")
	}
	if _, err := h.Prove(t.Context(), letters[1].proof); err != nil {
		t.Errorf("the proof of the new one: %v", err)
	}
	if err := h.CorrectAddress(t.Context(), id, "eve@example.org"); !problem.Is(err, problem.Conflict) {
		t.Errorf("of a proven ticket: %v, want Conflict", err)
	}
}

// TestCorrectAddressBeforeTheMail: a mail that has not left yet does not go to the wrong address, and
// corrections do not get around the budget.
func TestCorrectAddressBeforeTheMail(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.start(request()).Ticket.ID
	if err := h.CorrectAddress(t.Context(), id, "dominique@example.org"); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	if l := h.letters(); len(l) != 1 || l[0].to != "dominique@example.org" {
		t.Errorf("mails: %+v", l)
	}
	if thread, err := h.db.Thread(t.Context(), id, false); err != nil || thread.Withheld {
		t.Errorf("withheld %v, %v", thread.Withheld, err)
	}
	for range 2 {
		if err := h.CorrectAddress(t.Context(), id, "dominique@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	err := h.CorrectAddress(t.Context(), id, "dominique@example.org")
	if p := asProblem(err); p == nil || p.Kind != problem.TooMany || p.RetryAfter != time.Hour {
		t.Errorf("the fourth mail: %v, want TooMany", err)
	}
}

func TestExpireHeld(t *testing.T) {
	t.Parallel()
	h := setup(t)
	old := h.start(request()).Ticket.ID
	solved := h.start(request()).Ticket.ID
	h.count(`WITH moved AS (UPDATE tickets SET status = 'solved', solved_at = now() WHERE id = $1 RETURNING 1) SELECT count(*) FROM moved`, solved)
	released := h.start(request()).Ticket.ID
	if err := h.Release(t.Context(), support.Actor{Agent: &support.Agent{}}, released); err != nil {
		t.Fatal(err)
	}
	h.forward(support.HeldUntilSpam - time.Minute)
	young := h.start(request()).Ticket.ID
	if n, err := h.ExpireHeld(t.Context()); n != 0 || err != nil {
		t.Errorf("a minute early: %d, %v", n, err)
	}
	h.forward(2 * time.Minute)
	if n, err := h.ExpireHeld(t.Context()); n != 1 || err != nil {
		t.Errorf("ExpireHeld: %d, %v; want 1", n, err)
	}
	if n, err := h.ExpireHeld(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	for id, want := range map[support.TicketID]support.Status{old: support.StatusSpam, solved: support.StatusSolved,
		released: support.StatusNew, young: support.StatusNew} {
		if got := h.ticket(id).Status; got != want {
			t.Errorf("ticket %s is %s, want %s", id, got, want)
		}
	}
}
