package handoff_test

import (
	gocmp "cmp"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// member is somebody whose site vouches for them.
func (h *house) member(email string, verified bool) *support.Member {
	h.t.Helper()
	m := support.Member{ID: support.NewID[support.MemberID](), Site: "https://shop.example", External: email, Email: email, EmailVerified: verified}
	h.exec(`INSERT INTO members (id, site, external, email, email_verified) VALUES ($1, $2, $3, $4, $5)`, m.ID, m.Site, m.External, m.Email, m.EmailVerified)
	return &m
}

func requestOf(m *support.Member) handoff.Request {
	r := request()
	r.Email, r.Actor.Member = "", m
	return r
}

// TestMemberIsNotHeld: a member whose address is verified need not type it, and waits for no proof; with
// another address, or a merely claimed one, they do.
func TestMemberIsNotHeld(t *testing.T) {
	t.Parallel()
	h := setup(t)
	camille := h.member("camille@example.org", true)
	claims := h.member("claims@example.org", false)
	r := requestOf(camille)
	r.About = support.Subject{Type: support.SubjectOrder, ID: "o-1"}
	r.Fields = map[string]string{"order": " 2041 ", "gone": "x"}
	started := h.start(r)
	got := h.ticket(started.Ticket.ID)
	if diff := cmp.Diff(started.Ticket, got); diff != "" {
		t.Errorf("stored (-returned +stored):\n%s", diff)
	}
	if got.Held() || got.EmailProvenAt.IsZero() || got.Member != camille.ID || got.Email != "camille@example.org" || got.About != r.About ||
		got.Team != "support" || got.Priority != support.PriorityNormal {
		t.Errorf("the ticket is %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"order": "2041"}, got.Fields); diff != "" || len(started.Missing) != 0 {
		t.Errorf("fields (-want +got):\n%s, missing %v", diff, started.Missing)
	}
	due, _ := h.routing.Hours("support", support.ChannelEmail).Add(got.CreatedAt, 18*time.Hour)
	if !got.PromisedAt.Equal(due) || !got.SLA.StartedAt.Equal(got.CreatedAt) || !got.SLA.Due().Equal(due) {
		t.Errorf("promised by %s and due %s, want %s", got.PromisedAt, got.SLA.Due(), due)
	}
	if n := h.count(`SELECT count(*) FROM tickets WHERE due_at = promised_at`); n != 1 {
		t.Error("the list does not know when it is due")
	}
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'embed_request'`); n != 1 {
		t.Errorf("%d jobs to embed it", n)
	}
	last := h.thread(got.ID, false)
	if diff := cmp.Diff(line{2, 2, "status", "system", "", "sent"}, last[len(last)-1]); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
	h.deliver()
	if l := h.letters(); len(l) != 1 || l[0].proof != "" || l[0].to != "camille@example.org" {
		t.Errorf("letters: %+v", l)
	}
	// The same press again is the same ticket; somebody else's is a Conflict.
	if again, err := h.Start(t.Context(), r); err != nil || again.New || again.Ticket.ID != got.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
	guest := r
	guest.Actor.Member, guest.Email = nil, "camille@example.org"
	if _, err := h.Start(t.Context(), guest); !problem.Is(err, problem.Conflict) {
		t.Errorf("a guest with the client id and the address: %v, want Conflict", err)
	}

	other := requestOf(camille)
	other.Email = "elsewhere@example.org"
	if got := h.start(other).Ticket; !got.Held() || got.Member != camille.ID || !got.SLA.StartedAt.IsZero() {
		t.Errorf("another address: %+v", got)
	}
	same := requestOf(camille)
	same.Email = "Camille@Example.org"
	if got := h.start(same).Ticket; got.Held() {
		t.Error("the own address, typed, is held")
	}
	if _, err := h.Start(t.Context(), requestOf(claims)); !problem.Is(err, problem.Invalid) {
		t.Errorf("a claimed address stands in for a typed one: %v", err)
	}
	typed := requestOf(claims)
	typed.Email = "claims@example.org"
	if got := h.start(typed).Ticket; !got.Held() {
		t.Error("a claimed address is proven")
	}
	stranger := request()
	stranger.About = support.Subject{Type: support.SubjectOrder, ID: "o-1"}
	if got := h.start(stranger).Ticket; got.About != (support.Subject{}) || got.Member != "" {
		t.Errorf("a guest's ticket is about %+v", got.About)
	}
}

// TestFields: what a category asks for is read, what is missing keeps nobody from asking, and can be
// said later.
func TestFields(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	r.Category, r.Fields = "refund", map[string]string{"amount": "lots", "transaction_date": "2199-01-01"}
	_, err := h.Start(t.Context(), r)
	var named []string
	if p := (*problem.Error)(nil); errors.As(err, &p) {
		for _, f := range p.Fields {
			named = append(named, f.Name)
		}
	}
	if diff := cmp.Diff([]string{"fields.transaction_date", "fields.amount"}, named); diff != "" {
		t.Errorf("wrong fields (-want +got):\n%s in %v", diff, err)
	}
	r.Fields = map[string]string{"amount": "49,90 €"}
	started := h.start(r)
	if diff := cmp.Diff([]string{"transaction_date"}, started.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	c := started.Ticket.Conversation
	if _, _, err := h.Fill(t.Context(), c, map[string]string{"transaction_date": "yesterday"}); !problem.Is(err, problem.Invalid) {
		t.Errorf("a date that is none: %v", err)
	}
	got, missing, err := h.Fill(t.Context(), c, map[string]string{"transaction_date": "2026-11-20", "amount": " ", "unknown": "x"})
	if err != nil || len(missing) != 0 {
		t.Fatalf("missing %v, %v", missing, err)
	}
	want := map[string]string{"transaction_date": "2026-11-20", "amount": "49.90 EUR"}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, h.ticket(got.ID).Fields); diff != "" {
		t.Errorf("stored fields (-want +got):\n%s", diff)
	}
	if _, _, err := h.Fill(t.Context(), support.NewID[support.ConversationID](), want); !problem.Is(err, problem.Conflict) {
		t.Errorf("without a request: %v, want Conflict", err)
	}
	for key, want := range map[string]string{"gone": "problem.category_gone", "never": "problem.category"} {
		for i := range h.routing.Categories {
			if h.routing.Categories[i].Value.Key == "sale" {
				h.routing.Categories[i].Value.Disabled = true
			}
		}
		r := request()
		if r.Category = "sale"; key == "never" {
			r.Category = key
		}
		_, err := h.Start(t.Context(), r)
		if p := (*problem.Error)(nil); !errors.As(err, &p) || len(p.Fields) != 1 || p.Fields[0].Name != "category" || p.Fields[0].Key != want {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestRouted: the category's team takes what it speaks, the default one the rest; and its calendar counts.
func TestRouted(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.exec(`INSERT INTO calendars (id, name, zone, weekly) SELECT 'always', 'Always', 'Europe/Warsaw', jsonb_agg('[{"From":0,"To":1440}]'::jsonb) FROM generate_series(1,7)`)
	h.exec(`INSERT INTO teams (id, name) VALUES ('money', 'Compta')`)
	h.exec(`INSERT INTO team_channels (team_id, channel, calendar_id, langs) VALUES ('money', 'email', 'always', '{fr}')`)
	h.exec(`UPDATE categories SET team_id = 'money', priority = 'high', first_answer = 120 WHERE key = 'billing'`)
	routes, err := h.db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	*h.routing = routes
	camille := h.member("camille@example.org", true)
	for lang, want := range map[kb.Lang]string{kb.French: "money", kb.Polish: "support"} {
		r := requestOf(camille)
		r.Category, r.Lang = "billing", lang
		got := h.start(r).Ticket
		if string(got.Team) != want || got.Priority != support.PriorityHigh {
			t.Errorf("%s: team %s, priority %s", lang, got.Team, got.Priority)
		}
		if wait := got.PromisedAt.Sub(got.CreatedAt); lang == kb.French && wait != 2*time.Hour {
			t.Errorf("%s: promised within %s", lang, wait)
		}
	}
}

// TestAddTo: a member adds to their own open ticket, from wherever they are; nobody else does.
func TestAddTo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	camille, eve := h.member("camille@example.org", true), h.member("eve@example.org", true)
	own := h.start(requestOf(camille)).Ticket
	more := requestOf(camille)
	more.Text, more.AddTo, more.Category = "Toujours rien.", own.Ref, ""
	for range 2 { // pressed twice
		got := h.start(more)
		if got.New || got.Ticket.ID != own.ID {
			t.Fatalf("%+v", got)
		}
	}
	thread := h.thread(own.ID, false)
	if n := len(thread); n != 3 || thread[2].Body != "Toujours rien." {
		t.Errorf("the thread: %+v", thread)
	}
	if n := h.count(`SELECT count(*) FROM tickets`); n != 1 {
		t.Errorf("%d tickets", n)
	}
	for name, r := range map[string]func() handoff.Request{
		"Stranger":  func() handoff.Request { r := requestOf(eve); return r },
		"Guest":     func() handoff.Request { r := request(); r.Email = "camille@example.org"; return r },
		"Claimed":   func() handoff.Request { return requestOf(h.member("camille+x@example.org", false)) },
		"NoSuchRef": func() handoff.Request { return requestOf(camille) },
	} {
		x := r()
		x.Text, x.AddTo, x.Email = "Encore", own.Ref, gocmp.Or(x.Email, "x@example.org")
		if name == "NoSuchRef" {
			x.AddTo = "G-00000"
		}
		if _, err := h.Start(t.Context(), x); !problem.Is(err, problem.NotFound) {
			t.Errorf("%s: %v, want NotFound", name, err)
		}
	}
	h.exec(`UPDATE tickets SET status = 'closed' WHERE id = $1`, own.ID)
	more.ClientID, more.Text = "another-press", "Encore"
	if _, err := h.Start(t.Context(), more); !problem.Is(err, problem.Conflict) {
		t.Errorf("a closed one: %v, want Conflict", err)
	}
}

// TestManyClicks: two hundred presses of one button at once make one ticket.
func TestManyClicks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := requestOf(h.member("camille@example.org", true))
	r.Conversation = support.NewID[support.ConversationID]()
	h.exec(`INSERT INTO conversations (id, lang) VALUES ($1, 'fr')`, string(r.Conversation))
	var all sync.WaitGroup
	refs := make([]string, 200)
	for i := range refs {
		all.Go(func() {
			out, err := h.Start(t.Context(), r)
			if err != nil {
				t.Error(err)
			}
			refs[i] = out.Ticket.Ref
		})
	}
	all.Wait()
	for _, ref := range refs {
		if ref != refs[0] {
			t.Fatalf("tickets %s and %s", refs[0], ref)
		}
	}
	for sql, want := range map[string]int{
		`SELECT count(*) FROM tickets`:                                1,
		`SELECT count(*) FROM entries`:                                2,
		`SELECT count(*) FROM mails WHERE kind = 'confirmation'`:      1,
		`SELECT epoch FROM conversations WHERE owner = 'queue'`:       1,
		`SELECT count(*) FROM river_job WHERE kind = 'embed_request'`: 1,
	} {
		if n := h.count(sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}

// TestLateAnswer: what the assistant had begun to say before a person was asked for is thrown away, and
// nothing is asked of it meanwhile.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := support.NewID[support.ConversationID]()
	h.exec(`INSERT INTO conversations (id, lang) VALUES ($1, 'fr')`, string(c))
	asked, err := h.db.AppendQuestion(t.Context(), c, "q-1", "Où est mon colis ?", time.Now(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	r := requestOf(h.member("camille@example.org", true))
	r.Conversation = c
	started := h.start(r)
	answer := support.Entry{Kind: support.EntryAnswer, Author: support.AuthorAssistant, Channel: support.ChannelWeb, ClientID: "q-1", Body: "Trop tard", Data: []byte(`{}`)}
	if _, err := h.db.AppendAnswer(t.Context(), c, asked, answer); !problem.Is(err, problem.Conflict) {
		t.Errorf("a late answer: %v, want Conflict", err)
	}
	if _, err := h.db.AppendQuestion(t.Context(), c, "q-2", "Et maintenant ?", time.Now(), time.Time{}); !problem.Is(err, problem.Conflict) {
		t.Errorf("a question while the team has it: %v, want Conflict", err)
	}
	for _, l := range h.thread(started.Ticket.ID, true) {
		if l.Body == "Trop tard" {
			t.Error("the late answer stands in the thread")
		}
	}
}

// TestOptions: the ways to a person are those of the category's team; a default house has e-mail alone.
func TestOptions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	said := func(w handoff.Want) string {
		t.Helper()
		out, err := h.Options(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		for _, o := range out {
			text += fmt.Sprintf("%s %s %s %s;", o.Channel, o.State, o.Reason, o.Need)
		}
		return text
	}
	for _, c := range []support.CategoryKey{"", "order", "suggestion"} {
		if got := said(handoff.Want{Lang: kb.Polish, Category: c}); got != "email open  email;" {
			t.Errorf("%q: %s", c, got)
		}
	}
	camille := h.member("camille@example.org", true)
	if got := said(handoff.Want{Lang: kb.French}.From(camille)); got != "email open  ;" {
		t.Errorf("of a member: %s", got)
	}
	if _, err := h.Options(t.Context(), handoff.Want{Lang: kb.French, Category: "weather"}); !problem.Is(err, problem.Invalid) {
		t.Errorf("no such category: %v", err)
	}
	h.exec(`INSERT INTO team_channels (team_id, channel, calendar_id) VALUES ('support', 'chat', 'default'), ('support', 'callback', 'default')`)
	routes, err := h.db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	*h.routing = routes
	got := said(handoff.Want{Lang: kb.Polish, Category: "order"})
	want := "email open  email;chat closed hours ;callback not_offered language ;"
	if h.routing.Hours("support", support.ChannelChat).Open(h.now()) {
		want = "email open  email;chat closed nobody ;callback not_offered language ;"
	}
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func BenchmarkSituate(b *testing.B) {
	routes := &routing.State{
		Teams: []routing.Saved[support.Team]{{Value: support.Team{ID: routing.DefaultTeam, Channels: []support.TeamChannel{{Channel: support.ChannelEmail, Calendar: "default"},
			{Channel: support.ChannelChat, Calendar: "default"}, {Channel: support.ChannelCallback, Calendar: "default"}}}}},
		Calendars:  []routing.Saved[support.Calendar]{{Value: support.DefaultCalendar("")}},
		Categories: []routing.Saved[support.Category]{{Value: support.Category{Key: "order", Team: routing.DefaultTeam}}},
	}
	for b.Loop() {
		s, _, err := handoff.Situate(b.Context(), routes, handoff.Absent{}, handoff.Absent{}, handoff.Want{Now: time.Now(), Lang: kb.French, Category: "order"})
		if err != nil {
			b.Fatal(err)
		}
		handoff.Choose(s)
	}
}
