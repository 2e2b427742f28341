package desk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// member signs somebody up with an address that they have proven.
func (h *house) member(email string) *support.Member {
	h.t.Helper()
	m := support.Member{ID: support.NewID[support.MemberID](), Email: email, EmailVerified: true}
	h.exec(`INSERT INTO members (id, email, email_verified) VALUES ($1, $2, true)`, m.ID, email)
	return &m
}

func (h *house) space(m *support.Member) desk.Space {
	h.t.Helper()
	p, err := h.Space(m)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// owned makes a proven ticket and the space of whose it is.
func (h *house) owned() (support.Ticket, desk.Space) {
	h.t.Helper()
	id, _ := h.ticket()
	t := h.read(id).Ticket
	return t, h.space(h.member(t.Email))
}

func refs(items []desk.Item) (out []string) {
	for _, i := range items {
		out = append(out, i.Ref)
	}
	return out
}

// mine lists what a filter selects, all pages of it.
func mine(t *testing.T, p desk.Space, f desk.SpaceFilter) (out []string) {
	t.Helper()
	for {
		items, next, err := p.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, refs(items)...)
		if f.After = next; next == "" {
			return out
		}
	}
}

// TestSpaceIsOnesOwn: a proven address has what was proven under it, and nothing else; what is asked
// in a member's name is theirs whatever its address.
func TestSpaceIsOnesOwn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	proven, own := h.owned()
	held, _ := h.heldTicket()
	claimed := h.read(held).Ticket
	claimant := h.space(h.member(claimed.Email))

	site := &support.Member{ID: support.NewID[support.MemberID](), Site: "https://shop.example", External: "camille", Email: proven.Email, EmailVerified: true}
	h.exec(`INSERT INTO members (id, site, external, email, email_verified) VALUES ($1, $2, $3, $4, true)`, site.ID, site.Site, site.External, site.Email)
	upper := h.space(h.member(strings.ToUpper(proven.Email[:1]) + "X" + proven.Email[1:]))

	if got := mine(t, own, desk.SpaceFilter{}); !slices.Equal(got, []string{proven.Ref}) {
		t.Errorf("whoever has proven the address has %v", got)
	}
	for name, p := range map[string]desk.Space{"a claimed address": claimant, "an address that a site tells of": h.space(site), "another mailbox": upper} {
		if got := mine(t, p, desk.SpaceFilter{}); len(got) > 0 {
			t.Errorf("%s opens %v", name, got)
		}
		for _, ref := range []string{proven.Ref, claimed.Ref} {
			if _, err := p.Thread(t.Context(), ref); !problem.Is(err, problem.NotFound) {
				t.Errorf("%s opens %s: %v", name, ref, err)
			}
		}
	}
	// Two mailboxes may differ by the case of a letter.
	shouted := strings.Replace(proven.Email, "-", "-A", 1)
	h.exec(`UPDATE tickets SET email = $2 WHERE id = $1`, proven.ID, shouted)
	if got := mine(t, h.space(h.member(strings.ToLower(shouted))), desk.SpaceFilter{}); len(got) > 0 {
		t.Errorf("an address in other letters opens %v", got)
	}
	h.exec(`UPDATE tickets SET email = $2 WHERE id = $1`, proven.ID, proven.Email)

	h.exec(`UPDATE tickets SET member_id = $2 WHERE id = $1`, claimed.ID, site.ID)
	if got := mine(t, h.space(site), desk.SpaceFilter{}); !slices.Equal(got, []string{claimed.Ref}) {
		t.Errorf("what was asked in the member's name: %v", got)
	}
	if got := mine(t, claimant, desk.SpaceFilter{}); len(got) > 0 {
		t.Errorf("the claimed address opens %v", got)
	}
	if _, err := h.Space(nil); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("nobody's space: %v", err)
	}
	// References are read as people type them.
	if got, err := own.Thread(t.Context(), " "+strings.ToLower(proven.Ref)); err != nil || got.Ticket.ID != proven.ID {
		t.Errorf("typed in small letters: %v, %v", got.Ticket.Ref, err)
	}
	for _, ref := range []string{"", "G-", "G-\x00", "%", strings.Repeat("G", 5000), "G-\xff"} {
		if _, err := own.Thread(t.Context(), ref); !problem.Is(err, problem.NotFound) {
			t.Errorf("%.20q: %v", ref, err)
		}
	}
}

// TestSpaceUnread: what the team writes is new until the member says that it was read.
func TestSpaceUnread(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, p := h.owned()
	unread := func() [2]int {
		t.Helper()
		items, _, err := p.List(t.Context(), desk.SpaceFilter{})
		if err != nil || len(items) != 1 {
			t.Fatal(items, err)
		}
		n, err := p.Unread(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return [2]int{items[0].Unread, n}
	}
	want := func(what string, in, of int) {
		t.Helper()
		if got := unread(); got != [2]int{in, of} {
			t.Errorf("%s: unread %v, want %d in %d", what, got, in, of)
		}
	}
	want("before an answer", 0, 0)
	for n, note := range []bool{false, true, false} {
		if err := h.Reply(t.Context(), h.agent, ticket.ID, fmt.Sprintf("reply-%d", n), "Nous cherchons.", "", note); err != nil {
			t.Fatal(err)
		}
	}
	want("two replies and a note", 2, 1)
	thread, err := p.Thread(t.Context(), ticket.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if thread.Unread != 2 || thread.Seen != thread.Entries[len(thread.Entries)-1].PubSeq {
		t.Errorf("the thread says %d unread, up to %d", thread.Unread, thread.Seen)
	}
	want("after the thread was read by a GET", 2, 1)
	if _, err := p.Reply(t.Context(), ticket.Ref, "client-1", "Merci."); err != nil {
		t.Fatal(err)
	}
	want("a reply that had not seen them", 2, 1)
	for _, step := range []struct {
		seq    int64
		unread int
	}{{thread.Seen - 1, 1}, {1, 1}, {0, 1}, {-5, 1}, {1 << 60, 0}} { // never back, never beyond what is there
		if err := p.Read(t.Context(), ticket.Ref, step.seq); err != nil {
			t.Fatal(err)
		}
		want(fmt.Sprintf("read up to %d", step.seq), step.unread, step.unread)
	}
	if err := h.Reply(t.Context(), h.agent, ticket.ID, "reply-9", "Voilà.", "", false); err != nil {
		t.Fatal(err)
	}
	want("a reply after all was read", 1, 1)
}

// TestSpaceReopen: until the fourteenth day is over a request is worked on again, later it is not.
func TestSpaceReopen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		later time.Duration
		ok    bool
	}{
		"At":     {0, true},
		"Before": {support.ReopenWithin - time.Second, true},
		"After":  {support.ReopenWithin + time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			ticket, p := h.owned()
			ctx := t.Context()
			if err := p.Reopen(ctx, ticket.Ref); err != nil {
				t.Errorf("one that is worked on: %v", err)
			}
			if _, err := p.Ended(ctx, ticket.Ref); !problem.Is(err, problem.Conflict) {
				t.Errorf("one that is worked on is over: %v", err)
			}
			for range 2 { // twice is once
				if err := p.Solve(ctx, ticket.Ref); err != nil {
					t.Fatal(err)
				}
			}
			h.forward(test.later)
			_, ended := p.Ended(ctx, ticket.Ref)
			reopened := p.Reopen(ctx, ticket.Ref)
			status := h.read(ticket.ID).Ticket.Status
			if test.ok {
				if reopened != nil || status != support.StatusOpen || !problem.Is(ended, problem.Conflict) {
					t.Errorf("reopened: %v, %s; over: %v", reopened, status, ended)
				}
				return
			}
			if !problem.Is(reopened, problem.Conflict) || status != support.StatusSolved || ended != nil {
				t.Errorf("reopened: %v, %s; over: %v", reopened, status, ended)
			}
			if _, err := p.Reply(ctx, ticket.Ref, "client-1", "Encore là ?"); !problem.Is(err, problem.Conflict) {
				t.Errorf("a reply: %v", err)
			}
			if _, err := h.CloseSolved(ctx); err != nil {
				t.Fatal(err)
			}
			if err := p.Reopen(ctx, ticket.Ref); !problem.Is(err, problem.Conflict) {
				t.Errorf("a closed one: %v", err)
			}
			if _, err := p.Ended(ctx, ticket.Ref); err != nil {
				t.Errorf("a closed one is not over: %v", err)
			}
		})
	}
}

// TestSpaceSpamIsNotTakenUp: what an agent has thrown out is closed to its member, for good.
func TestSpaceSpamIsNotTakenUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ticket, p := h.owned()
	h.put(ticket.ID, support.StatusSpam)
	if err := p.Reopen(t.Context(), ticket.Ref); !problem.Is(err, problem.Conflict) {
		t.Errorf("reopened: %v", err)
	}
	if _, err := p.Ended(t.Context(), ticket.Ref); !problem.Is(err, problem.Conflict) {
		t.Errorf("taken up: %v", err)
	}
}

// many gives a member so many requests, whose subjects say text.
func (h *house) many(m *support.Member, subjects ...string) (out []string) {
	h.t.Helper()
	for i, s := range subjects {
		id, _ := h.ticket()
		h.exec(`UPDATE tickets SET email = $2, subject = $3, updated_at = $4 WHERE id = $1`, id, m.Email, s, h.now().Add(time.Duration(i)*time.Second))
		out = append(out, h.read(id).Ticket.Ref)
	}
	return out
}

// TestSpaceSearch: what is looked for is looked for as it was typed, in subject, reference and thread,
// and among one's own alone.
func TestSpaceSearch(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.member("camille@example.org")
	r := h.many(m, "Remise de 100 %", "Remise de 100 euros", "fichier_2", "fichier-2", `chemin C:\temp`)
	h.many(h.member("paul@example.org"), "Remise de 100 %")
	other, _ := h.ticket()
	p := h.space(m)
	if err := h.Reply(t.Context(), h.agent, h.read(idOf(h, r[1])).Ticket.ID, "note-1", "À surveiller : fraude", "", true); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Reply(t.Context(), r[2], "client-1", "Il y a aussi un Würfel dans le colis."); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"100 %":                       {r[0]},
		"100":                         {r[1], r[0]},
		"fichier_2":                   {r[2]},
		"%":                           {r[0]},
		"_":                           {r[2]},
		`\`:                           {r[4]},
		"%%":                          nil,
		"REMISE   de":                 {r[1], r[0]},
		"würfel":                      {r[2]},
		"WÜRFEL":                      {r[2]},
		"fraude":                      nil, // stands in a note
		strings.ToLower(r[3]):         {r[3]},
		r[3][2:]:                      {r[3]},
		h.read(other).Ticket.Ref:      nil,
		"Zanzibar":                    {r[4], r[3], r[2], r[1], r[0]},
		"' OR 1=1 --":                 nil,
		"\x00Würfel":                  {r[2]},
		"Würfel\xff":                  {r[2]},
		strings.Repeat("a", 200):      nil,
		" \t\n ":                      {r[4], r[3], r[2], r[1], r[0]},
		"x' UNION SELECT 1; --\n%_\\": nil,
	} {
		got := mine(t, p, desk.SpaceFilter{Query: query, Limit: 2})
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.30q (-want +got):\n%s", query, diff)
		}
	}
	if _, _, err := p.List(t.Context(), desk.SpaceFilter{Query: strings.Repeat("é", 201)}); !problem.Is(err, problem.Invalid) {
		t.Errorf("a query that is too long: %v", err)
	}
}

func idOf(h *house, ref string) (id support.TicketID) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), `SELECT id FROM tickets WHERE ref = $1`, ref).Scan(&id); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// TestSpaceFilter: a member filters by the words that they see.
func TestSpaceFilter(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.member("camille@example.org")
	all := []support.Status{support.StatusNew, support.StatusOpen, support.StatusWaitingMember, support.StatusWaitingThirdParty,
		support.StatusSolved, support.StatusClosed, support.StatusSpam}
	r := h.many(m, "a", "b", "c", "d", "e", "f", "g")
	for i, s := range all {
		h.put(idOf(h, r[i]), s)
	}
	for word, want := range map[string][]int{"": {6, 5, 4, 3, 2, 1, 0}, "received": {0}, "in_progress": {3, 1}, "waiting": {2}, "solved": {4}, "closed": {6, 5}, "open": {3, 2, 1, 0}} {
		var refs []string
		for _, i := range want {
			refs = append(refs, r[i])
		}
		if diff := cmp.Diff(refs, mine(t, h.space(m), desk.SpaceFilter{Status: word, Limit: 2})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", word, diff)
		}
	}
	for _, f := range []desk.SpaceFilter{{Status: "spam"}, {Status: "new"}, {After: "x"}, {After: "AAAA"}, {After: desk.Place{ID: "x"}.String()},
		{After: desk.Place{At: time.Unix(1<<40, 0), ID: support.NewID[support.TicketID]()}.String()}} {
		if _, _, err := h.space(m).List(t.Context(), f); !problem.Is(err, problem.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if got := mine(t, h.space(m), desk.SpaceFilter{Channel: support.ChannelChat}); len(got) > 0 {
		t.Errorf("by chat: %v", got)
	}
}

// TestSpacePages: whatever moves while somebody turns the pages, what does not move is shown once.
func TestSpacePages(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.member("camille@example.org")
	r := h.many(m, make([]string, 12)...)
	h.exec(`UPDATE tickets SET updated_at = date_trunc('minute', updated_at)`) // several of one moment
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(rt, "size")
		seen, moved := map[string]int{}, map[string]bool{}
		f := desk.SpaceFilter{Limit: size}
		for {
			items, next, err := h.space(m).List(context.Background(), f)
			if err != nil {
				rt.Fatal(err)
			}
			for _, i := range items {
				seen[i.Ref]++
			}
			if f.After = next; next == "" {
				break
			}
			mover := rapid.SampledFrom(r).Draw(rt, "moves")
			moved[mover] = true
			h.exec(`UPDATE tickets SET updated_at = now() + interval '1 hour' WHERE ref = $1`, mover)
		}
		for _, ref := range r {
			if !moved[ref] && seen[ref] != 1 || seen[ref] > 2 {
				rt.Errorf("%s was shown %d times", ref, seen[ref])
			}
		}
		h.exec(`UPDATE tickets SET updated_at = created_at`)
	})
}

// TestSpaceRevoke: a member sees what opens a request without signing in, and ends it.
func TestSpaceRevoke(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, link := h.ticket()
	ticket := h.read(id).Ticket
	p := h.space(h.member(ticket.Email))
	browser := support.NewToken()
	ctx := t.Context()
	for purpose, token := range map[support.Purpose]support.Token{support.PurposeConversation: browser, support.PurposeTicketLink: support.NewToken()} {
		subject := string(id)
		if purpose == support.PurposeConversation {
			subject = string(ticket.Conversation)
		}
		if err := h.db.SaveToken(ctx, purpose, token, subject, "", h.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	open, err := p.Open(ctx, ticket.Ref)
	if err != nil || len(open) != 3 || !slices.ContainsFunc(open, func(o desk.Opener) bool { return o.Browser }) {
		t.Fatalf("open: %+v, %v", open, err)
	}
	for _, wrong := range []string{"nothing", open[0].ID[:8], "%", "\x00\xff"} {
		if err := p.Revoke(ctx, ticket.Ref, wrong); !problem.Is(err, problem.NotFound) {
			t.Errorf("revoking %q: %v", wrong, err)
		}
	}
	other, others := h.owned()
	if err := others.Revoke(ctx, other.Ref, open[0].ID); !problem.Is(err, problem.NotFound) {
		t.Errorf("revoked by the member of another request: %v", err)
	}
	if err := others.Revoke(ctx, ticket.Ref, ""); !problem.Is(err, problem.NotFound) {
		t.Errorf("revoked by another member: %v", err)
	}
	if _, err := h.MemberThread(ctx, link); err != nil {
		t.Fatal(err)
	}
	for _, o := range open {
		if !o.Browser {
			if err := p.Revoke(ctx, ticket.Ref, o.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := h.MemberThread(ctx, link); !problem.Is(err, problem.Gone) {
		t.Errorf("the link still opens it: %v", err)
	}
	if _, err := h.db.FindConversationByToken(ctx, ticket.Conversation, browser); err != nil {
		t.Errorf("the browser was not revoked: %v", err)
	}
	if err := p.Revoke(ctx, ticket.Ref, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.FindConversationByToken(ctx, ticket.Conversation, browser); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("the browser still opens it: %v", err)
	}
	if open, err := p.Open(ctx, ticket.Ref); err != nil || len(open) > 0 {
		t.Errorf("open: %+v, %v", open, err)
	}
}
