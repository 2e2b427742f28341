package handoff_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
)

var agent = support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}

func proofOf(n byte) support.Proof {
	return support.Proof{ID: bytes.Repeat([]byte{n}, 32), MadeAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
}

// TestProofIsSpentOnce: a proof is worth one ticket, also for many at once; the same request again
// needs none, and a request that fails spends none.
func TestProofIsSpentOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	r.Proof = proofOf(1)
	bad := r
	bad.Files = []support.AttachmentID{"0190f5a0-0000-7000-8000-000000000000"}
	if _, err := h.Start(t.Context(), bad); !problem.Is(err, problem.Invalid) {
		t.Fatalf("a file that never was: %v", err)
	}
	first := h.start(r)
	if again := h.start(r); again.New || again.Ticket.ID != first.Ticket.ID {
		t.Errorf("the same request again: %+v", again)
	}
	other := request()
	other.Proof = r.Proof
	_, err := h.Start(t.Context(), other)
	if p, ok := problemOf(err); !ok || len(p.Fields) != 1 || p.Fields[0].Name != "proof" {
		t.Errorf("another request with a spent proof: %v, want its field named", err)
	}
	if n := h.count(`SELECT count(*) FROM tickets`); n != 1 {
		t.Errorf("%d tickets", n)
	}
	// Twenty requests with one proof, and twenty presses of one request.
	var group sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	pressed := request()
	pressed.Proof = proofOf(2)
	for range 20 {
		group.Go(func() {
			many := request()
			many.Proof = proofOf(3)
			if _, err := h.Start(t.Context(), many); problem.Is(err, problem.Invalid) {
				mu.Lock()
				refused++
				mu.Unlock()
			} else if err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			if _, err := h.Start(t.Context(), pressed); err != nil {
				t.Errorf("one of many presses: %v", err)
			}
		})
	}
	group.Wait()
	if n := h.count(`SELECT count(*) FROM tickets`); n != 3 || refused != 19 {
		t.Errorf("%d tickets in all, %d requests refused", n, refused)
	}
}

func problemOf(err error) (*problem.Error, bool) {
	for err != nil {
		if p, ok := err.(*problem.Error); ok {
			return p, true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			break
		}
		err = u.Unwrap()
	}
	return nil, false
}

// TestBotGetsNoMail: not when it comes, not when it corrects its address; its page says what everybody's
// says. An agent who releases it has it written to.
func TestBotGetsNoMail(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	r.Held = support.HeldBot
	bot := h.start(r)
	if err := h.CorrectAddress(t.Context(), bot.Ticket.ID, "victim@example.org"); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	thread, err := h.db.Thread(t.Context(), bot.Ticket.ID, false)
	if err != nil || thread.Withheld || thread.Ticket.HeldReason != support.HeldBot || thread.Ticket.Email != "victim@example.org" {
		t.Errorf("%+v %v", thread, err)
	}
	if n := h.count(`SELECT count(*) FROM mails`); n != 0 || len(h.letters()) != 0 {
		t.Errorf("%d mails are promised, %d were sent", n, len(h.letters()))
	}
	if err := h.Release(t.Context(), agent, bot.Ticket.ID); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	if ls := h.letters(); len(ls) != 1 || ls[0].to != "victim@example.org" || ls[0].link == "" {
		t.Errorf("after an agent released it: %+v", ls)
	}
	if got := h.ticket(bot.Ticket.ID); got.Held() || got.PromisedAt.IsZero() {
		t.Errorf("it is %+v", got)
	}
}

// TestMailsWithoutProof: without a proof of work there is one mail an address and hour, and half of the
// site's; what is beyond is held as that, and gets its mail once an agent releases it.
func TestMailsWithoutProof(t *testing.T) {
	t.Parallel()
	h := setup(t, siteBudget(4))
	start := func(email, held string) support.Ticket {
		r := request()
		r.Email, r.Held = email, held
		return h.ticket(h.start(r).Ticket.ID)
	}
	for i, c := range []struct{ email, held, want string }{
		{"a@example.org", support.HeldNoProof, support.HeldNoProof},
		{"a@example.org", support.HeldNoProof, support.HeldBudget}, // its address's second
		{"a@example.org", "", support.HeldUnproven},                // with a proof it has two more
		{"b@example.org", support.HeldNoProof, support.HeldBudget}, // half of the site's is gone
		{"b@example.org", "", support.HeldUnproven},
		{"c@example.org", "", support.HeldUnproven},
		{"d@example.org", "", support.HeldBudget}, // all of it
	} {
		got := start(c.email, c.held)
		if got.HeldReason != c.want {
			t.Errorf("%d: %s held as %q is held as %q, want %q", i, c.email, c.held, got.HeldReason, c.want)
		}
		thread, err := h.db.Thread(t.Context(), got.ID, true)
		if err != nil || thread.Withheld != (c.want == support.HeldBudget) {
			t.Errorf("%d: withheld is %v %v", i, thread.Withheld, err)
		}
	}
	h.deliver()
	if n := len(h.letters()); n != 4 {
		t.Errorf("%d mails were sent, want 4", n)
	}
	h.forward(2 * time.Hour)
	held := start("e@example.org", support.HeldNoProof)
	if held.HeldReason != support.HeldNoProof {
		t.Errorf("two hours later it is held as %s", held.HeldReason)
	}
	h.deliver()
	ls := h.letters()
	if _, err := h.Prove(t.Context(), ls[len(ls)-1].proof); err != nil {
		t.Fatal(err)
	}
	if got := h.ticket(held.ID); got.Held() {
		t.Errorf("proven, it is held as %s", got.HeldReason)
	}
}

// TestSort: an agent decides about many held tickets at once; what is not held any more is passed over.
func TestSort(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var ids []support.TicketID
	for i := range 5 {
		r := request()
		r.Email = fmt.Sprintf("guest%d@example.org", i)
		if i == 1 {
			r.Held = support.HeldBot
		}
		ids = append(ids, h.start(r).Ticket.ID)
	}
	unknown := support.NewID[support.TicketID]()
	n, err := h.Sort(t.Context(), agent, []support.TicketID{ids[0], ids[1], ids[1], unknown}, true)
	if err != nil || n != 2 {
		t.Fatalf("to spam: %d %v, want 2", n, err)
	}
	n, err = h.Sort(t.Context(), agent, ids[:4], false)
	if err != nil || n != 2 {
		t.Fatalf("released: %d %v, want 2", n, err)
	}
	for i, want := range []support.Status{support.StatusSpam, support.StatusSpam, support.StatusNew, support.StatusNew, support.StatusNew} {
		if got := h.ticket(ids[i]); got.Status != want || got.Held() != (i < 2 || i == 4) {
			t.Errorf("ticket %d is %s, held %v", i, got.Status, got.Held())
		}
	}
	for name, c := range map[string]struct {
		actor support.Actor
		ids   []support.TicketID
		want  problem.Kind
	}{
		"Guest": {support.Actor{}, ids, problem.Forbidden},
		"None":  {agent, nil, problem.Invalid},
		"Many":  {agent, make([]support.TicketID, handoff.MaxSorted+1), problem.Invalid},
	} {
		if n, err := h.Sort(t.Context(), c.actor, c.ids, true); n != 0 || !problem.Is(err, c.want) {
			t.Errorf("%s: %d %v, want %s", name, n, err, c.want)
		}
	}
}
