package handoff_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"guichet/internal/handoff"
	"guichet/internal/openai/e5test"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// guard is a Guard on the house's database; change may alter it before it is made.
func (h *house) guard(change func(*handoff.GuardConfig)) *handoff.Guard {
	e := e5test.Embedder(h.t)
	c := handoff.GuardConfig{Store: h.db, Asking: e, Indexing: e, Log: slog.New(slog.DiscardHandler), Deadline: time.Minute}
	if change != nil {
		change(&c)
	}
	return handoff.NewGuard(c)
}

// ask makes a request, and proves its address where proven says so.
func (h *house) ask(email, text, category string, proven bool) handoff.Started {
	h.t.Helper()
	r := request()
	r.Email, r.Text, r.Category = email, text, category
	started := h.start(r)
	if !proven {
		return started
	}
	h.deliver()
	for _, l := range h.letters() {
		if l.to == email && l.proof != "" && strings.Contains(l.all, started.Ticket.Ref) {
			out, err := h.Prove(h.t.Context(), l.proof)
			if err != nil {
				h.t.Fatal(err)
			}
			started.Ticket = out.Ticket
		}
	}
	if started.Ticket.EmailProvenAt.IsZero() {
		h.t.Fatalf("%s is not proven", email)
	}
	return started
}

func refs(all []handoff.Existing) string {
	var out []string
	for _, x := range all {
		out = append(out, x.Ticket.Ref)
	}
	return strings.Join(out, " ")
}

const (
	lost      = "Mon colis n'est pas arrivé, pouvez-vous me dire où il se trouve ?"
	lostAgain = "Je n'ai toujours pas reçu mon colis. Où est-il ?"
	account   = "Je souhaite supprimer mon compte et toutes mes données."
)

// TestGuardSeesTheMembersOwn: of open tickets of a proven address, the one that is asked again; never
// what is somebody else's, held, or over.
func TestGuardSeesTheMembersOwn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.guard(nil)
	own := h.ask("camille@example.org", lost, "order", true)
	elsewhere := h.ask("camille@example.org", account, "account", true)
	stranger := h.ask("dominique@example.org", lost, "order", true)
	done := h.ask("camille@example.org", lost+" Merci.", "order", true)
	claimed := h.ask("camille@example.org", lostAgain, "order", false)
	h.exec(`UPDATE tickets SET status = 'solved', solved_at = now() WHERE id = $1`, done.Ticket.ID)
	if err := g.Embed(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := g.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	draft := handoff.Draft{Text: lostAgain, Lang: kb.French, Category: "order"}
	for name, tt := range map[string]struct {
		holder handoff.Holder
		want   string
	}{
		"Proven":          {handoff.Holder{Conversation: own.Ticket.Conversation}, own.Ticket.Ref},
		"Elsewhere":       {handoff.Holder{Conversation: elsewhere.Ticket.Conversation}, ""},
		"Vouched":         {handoff.HolderOf(&support.Member{Email: "Camille@example.org", EmailVerified: true}), own.Ticket.Ref},
		"Stranger":        {handoff.Holder{Address: "dominique@example.org"}, stranger.Ticket.Ref},
		"MerelyClaimed":   {handoff.HolderOf(&support.Member{Email: "camille@example.org"}), ""},
		"Held":            {handoff.Holder{Conversation: claimed.Ticket.Conversation}, ""},
		"Guest":           {handoff.HolderOf(nil), ""},
		"NoTicket":        {handoff.Holder{Member: support.NewID[support.MemberID](), Conversation: support.NewID[support.ConversationID]()}, ""},
		"NobodyInAnyWay":  {handoff.Holder{Address: "nobody@example.org"}, ""},
		"LikePatternOnly": {handoff.Holder{Address: "%@example.org"}, ""},
	} {
		advice, err := g.Similar(t.Context(), tt.holder, draft)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := refs(advice.Existing); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	open, err := g.Existing(t.Context(), handoff.Holder{Conversation: own.Ticket.Conversation})
	if err != nil || refs(open) != own.Ticket.Ref {
		t.Errorf("open on its conversation: %q, %v", refs(open), err)
	}
	open, err = g.Existing(t.Context(), handoff.Holder{Address: "camille@example.org"})
	if err != nil || refs(open) != elsewhere.Ticket.Ref+" "+own.Ticket.Ref {
		t.Errorf("open: %q, %v", refs(open), err)
	}
	if open, err = g.Existing(t.Context(), handoff.Holder{}); err != nil || len(open) > 0 {
		t.Errorf("a guest opens %q, %v", refs(open), err)
	}
}

func TestGuardChecksTheDraft(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.guard(nil)
	h.ask("camille@example.org", lost, "order", true)
	holder := handoff.Holder{Address: "camille@example.org"}
	for _, text := range []string{"", " \n", strings.Repeat("a", support.MaxRequest+1)} {
		if _, err := g.Similar(t.Context(), holder, handoff.Draft{Text: text, Lang: kb.French}); !problem.Is(err, problem.Invalid) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	if advice, err := g.Similar(t.Context(), holder, handoff.Draft{Text: "Mon", Lang: kb.French}); err != nil || len(advice.Existing)+len(advice.Categories) > 0 {
		t.Errorf("three letters: %+v, %v", advice, err)
	}
}

// broken is an embedder that is away.
type broken struct{}

func (broken) Model() string { return e5test.Model }
func (broken) Embed(context.Context, kb.Task, []string) ([][]float32, error) {
	return nil, errors.New("away")
}

func TestGuardGoesByWords(t *testing.T) {
	t.Parallel()
	h := setup(t)
	own := h.ask("camille@example.org", lost, "order", true)
	for name, change := range map[string]func(*handoff.GuardConfig){
		"None": func(c *handoff.GuardConfig) { c.Asking, c.Indexing = nil, nil },
		"Away": func(c *handoff.GuardConfig) { c.Asking, c.Indexing = broken{}, broken{} },
	} {
		g := h.guard(change)
		if err := g.Embed(t.Context(), ""); (err != nil) != (name == "Away") || err != nil && !problem.Is(err, problem.Unavailable) {
			t.Errorf("%s: embed: %v", name, err)
		}
		if err := g.Learn(t.Context()); err != nil {
			t.Errorf("%s: learn: %v", name, err)
		}
		advice, err := g.Similar(t.Context(), handoff.Holder{Address: "camille@example.org"},
			handoff.Draft{Text: "Mon colis n'est pas arrivé : où se trouve-t-il ?", Lang: kb.French, Category: "order"})
		if err != nil || refs(advice.Existing) != own.Ticket.Ref {
			t.Errorf("%s: %q, %v", name, refs(advice.Existing), err)
		}
	}
}

// TestReleasePromisesAVector: the job is there once the address is proven, not before, and doing it
// twice leaves one vector.
func TestReleasePromisesAVector(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.guard(nil)
	promised := func() int { return h.count(`SELECT count(*) FROM river_job WHERE kind = 'embed_request'`) }
	held := h.ask("camille@example.org", account, "account", false)
	if n := promised(); n != 0 {
		t.Errorf("%d jobs for a held request", n)
	}
	own := h.ask("dominique@example.org", lost, "order", true)
	if n := promised(); n != 1 {
		t.Errorf("%d jobs, want 1", n)
	}
	for range 2 {
		for _, id := range []support.TicketID{own.Ticket.ID, held.Ticket.ID} {
			if err := g.Embed(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := h.count(`SELECT count(*) FROM request_vectors WHERE ticket_id = $1 AND model = $2`, own.Ticket.ID, e5test.Model); n != 1 {
		t.Errorf("%d vectors of the released request", n)
	}
	if n := h.count(`SELECT count(*) FROM request_vectors`); n != 1 {
		t.Errorf("%d vectors in all: a held request has one", n)
	}
	h.exec(`DELETE FROM tickets WHERE id = $1`, own.Ticket.ID)
	if n := h.count(`SELECT count(*) FROM request_vectors`); n != 0 {
		t.Errorf("%d vectors outlive their ticket", n)
	}
	if err := g.Embed(t.Context(), "nonsense"); !problem.Is(err, problem.NotFound) {
		t.Errorf("no ticket: %v", err)
	}
}

// TestGuardSuggestsCategories: from labels alone at first, then from what past requests turned out to
// be.
func TestGuardSuggestsCategories(t *testing.T) {
	t.Parallel()
	h := setup(t)
	labels := []handoff.Spoken{{Category: "order", Lang: kb.French, Text: "Une commande : où est mon colis"},
		{Category: "account", Lang: kb.French, Text: "Mon compte, mon mot de passe"}, {Category: "other"}}
	g := h.guard(func(c *handoff.GuardConfig) {
		c.Labels = func(context.Context) ([]handoff.Spoken, error) { return labels, nil }
	})
	nobody := handoff.Holder{}
	suggest := func(text string) string {
		t.Helper()
		advice, err := g.Similar(t.Context(), nobody, handoff.Draft{Text: text, Lang: kb.French})
		if err != nil {
			t.Fatal(err)
		}
		if len(advice.Categories) == 0 {
			return ""
		}
		return advice.Categories[0].Category
	}
	if got := suggest(lost); got != "" {
		t.Errorf("before anything is learnt: %q", got)
	}
	learn := func() {
		t.Helper()
		for _, err := range []error{g.Embed(t.Context(), ""), g.Learn(t.Context())} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	learn()
	if got := suggest("Où est mon colis ?"); got != "order" {
		t.Errorf("from labels: %q", got)
	}
	if got := suggest("Le chat dort sur le canapé depuis ce matin."); got != "" {
		t.Errorf("out of scope: %q", got)
	}
	const invoice = "Pouvez-vous m'envoyer une facture au nom de mon entreprise ?"
	if got := suggest(invoice); got == "other" {
		t.Errorf("nothing says so yet: %q", got)
	}
	for i, text := range []string{"Il me faut une facture pour ma société.", "Une facture avec TVA, s'il vous plaît.", "Envoyez-moi la facture au nom de l'entreprise."} {
		past := h.ask("past"+string(rune('a'+i))+"@example.org", text, "other", true)
		if i == 0 {
			gone := h.ask("gone@example.org", text, "sale", true) // of a category that is not on offer
			h.exec(`UPDATE tickets SET status = 'closed' WHERE id = $1`, gone.Ticket.ID)
		}
		h.exec(`UPDATE tickets SET status = 'solved', solved_at = now() WHERE id = $1`, past.Ticket.ID)
	}
	learn()
	if got := suggest(invoice); got != "other" {
		t.Errorf("from past requests: %q", got)
	}
	if got := suggest("Où est mon colis ?"); got != "order" {
		t.Errorf("labels still count: %q", got)
	}
}

// exec changes rows behind the house's back.
func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Pool().Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}
