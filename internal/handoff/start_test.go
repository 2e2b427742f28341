package handoff_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// line is an entry as a test says it.
type line struct {
	Seq, PubSeq  int64
	Kind, Author string
	Body         string
	Reason       string // of a status
}

func (h *house) thread(id support.TicketID, staff bool) []line {
	h.t.Helper()
	thread, err := h.db.Thread(h.t.Context(), id, staff)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []line
	for _, e := range thread.Entries {
		var status support.StatusData
		if e.Kind == support.EntryStatus {
			if err := json.Unmarshal(e.Data, &status); err != nil {
				h.t.Fatal(err)
			}
		}
		out = append(out, line{e.Seq, e.PubSeq, string(e.Kind), string(e.Author), e.Body, status.Reason})
	}
	return out
}

func TestStart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	started := h.start(request())
	if !started.New {
		t.Error("the ticket is said to be an old one")
	}
	got := h.ticket(started.Ticket.ID)
	if diff := cmp.Diff(started.Ticket, got); diff != "" {
		t.Errorf("stored (-returned +stored):\n%s", diff)
	}
	want := support.Ticket{ID: got.ID, Ref: got.Ref, Conversation: got.Conversation, Status: support.StatusNew, Category: "order",
		Channel: support.ChannelEmail, Lang: kb.French, Subject: "Mon colis Zanzibar n’est pas arrivé.", Email: "camille@example.org",
		HeldAt: got.HeldAt, HeldReason: support.HeldUnproven, CreatedAt: got.CreatedAt, UpdatedAt: got.CreatedAt,
		Team: "support", Priority: support.PriorityNormal, Fields: map[string]string{}}
	if diff := cmp.Diff(want, got); diff != "" || got.HeldAt.IsZero() {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]line{
		{1, 1, "message", "member", text, ""},
		{2, 2, "status", "system", "", "held"},
	}, h.thread(got.ID, true)); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	if n := h.count(`SELECT epoch FROM conversations WHERE id = $1 AND owner = 'queue'`, got.Conversation); n != 1 {
		t.Errorf("the conversation's epoch is %d, want 1", n)
	}
	if n := h.count(`SELECT count(*) FROM river_job j JOIN mails m ON j.args->>'mail' = m.id::text
		WHERE j.kind = 'send_confirmation' AND m.state = 'queued' AND m.ticket_id = $1 AND m.message_id = m.id || '@example.com'`, got.ID); n != 1 {
		t.Errorf("%d jobs for promised mails, want 1", n)
	}
	if id, err := h.db.FindLinkedTicket(t.Context(), started.Link, h.now()); err != nil || id != got.ID {
		t.Errorf("the link opens %q, %v", id, err)
	}
	if _, err := h.db.FindLinkedTicket(t.Context(), started.Link, h.now().Add(support.TicketLinkTTL)); !problem.Is(err, problem.Gone) {
		t.Errorf("after its time the link is %v, want Gone", err)
	}
}

func TestStartAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	first := h.start(r)
	again := h.start(r)
	if again.New || again.Ticket.ID != first.Ticket.ID || again.Link == first.Link {
		t.Errorf("again: %+v", again)
	}
	for _, link := range []support.Token{first.Link, again.Link} {
		if id, err := h.db.FindLinkedTicket(t.Context(), link, h.now()); err != nil || id != first.Ticket.ID {
			t.Errorf("a link opens %q, %v", id, err)
		}
	}
	// A client id is no secret: it opens nothing to who comes with other words or another address.
	for name, change := range map[string]func(*handoff.Request){
		"OtherText":    func(r *handoff.Request) { r.Text = "Autre chose." },
		"OtherAddress": func(r *handoff.Request) { r.Email = "eve@example.org" },
	} {
		other := r
		change(&other)
		if out, err := h.Start(t.Context(), other); !problem.Is(err, problem.Conflict) || out.Link != "" {
			t.Errorf("%s: %+v, %v; want a Conflict and nothing else", name, out, err)
		}
	}
	if n := h.count(`SELECT count(*) FROM tickets`); n != 1 {
		t.Errorf("%d tickets", n)
	}
	if n := h.count(`SELECT count(*) FROM river_job`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if n := h.count(`SELECT count(*) FROM entries`); n != 2 {
		t.Errorf("%d entries", n)
	}
}

// TestStartTogether presses the button twenty times at once.
func TestStartTogether(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := request()
	var presses sync.WaitGroup
	var mu sync.Mutex
	tickets := map[support.TicketID]int{}
	fresh := 0
	for range 20 {
		presses.Go(func() {
			out, err := h.Start(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			tickets[out.Ticket.ID]++
			if out.New {
				fresh++
			}
		})
	}
	presses.Wait()
	if len(tickets) != 1 || fresh != 1 {
		t.Errorf("tickets %v, %d said to be new", tickets, fresh)
	}
	for sql, want := range map[string]int{
		`SELECT count(*) FROM tickets`:       1,
		`SELECT count(*) FROM conversations`: 1,
		`SELECT count(*) FROM mails`:         1,
		`SELECT count(*) FROM river_job`:     1,
		`SELECT count(*) FROM entries`:       2,
	} {
		if n := h.count(sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}

// TestStartInConversation: what comes into a conversation that has its ticket is added to it,
// whoever comes first.
func TestStartInConversation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: kb.French, Owner: support.OwnerAssistant, CreatedAt: h.now()}
	if err := h.db.OpenConversation(t.Context(), c, support.NewToken()); err != nil {
		t.Fatal(err)
	}
	var presses sync.WaitGroup
	for i := range 12 {
		presses.Go(func() {
			r := request()
			r.Conversation, r.Text = c.ID, fmt.Sprint("Demande ", i)
			if _, err := h.Start(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	presses.Wait()
	if n := h.count(`SELECT count(*) FROM tickets`); n != 1 {
		t.Errorf("%d tickets, want 1", n)
	}
	if n := h.count(`SELECT count(*) FROM mails`); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	if n := h.count(`SELECT count(*) FROM entries WHERE kind = 'message'`); n != 12 {
		t.Errorf("%d messages, want 12", n)
	}
	if n := h.count(`SELECT count(*) FROM conversations WHERE seq = 13 AND pub_seq = 13 AND epoch = 1`); n != 1 {
		t.Error("the numbers have gaps, or the owner changed more than once")
	}
	r := request()
	r.Conversation = support.NewID[support.ConversationID]()
	if _, err := h.Start(t.Context(), r); !problem.Is(err, problem.NotFound) {
		t.Errorf("a conversation that is none: %v, want NotFound", err)
	}
}

// TestStartReopens: a request in the conversation of a ticket that waits or was solved is heard.
func TestStartReopens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status support.Status
		later  time.Duration
		want   support.Status // of the first ticket
		new    bool           // another one is made
	}{
		{"New", support.StatusNew, 0, support.StatusNew, false},
		{"Waiting", support.StatusWaitingMember, 30 * 24 * time.Hour, support.StatusOpen, false},
		{"Solved", support.StatusSolved, support.ReopenWithin, support.StatusOpen, false},
		{"SolvedLongAgo", support.StatusSolved, support.ReopenWithin + time.Hour, support.StatusClosed, true},
		{"Spam", support.StatusSpam, 0, support.StatusSpam, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			first := h.start(request()).Ticket
			h.count(`WITH moved AS (UPDATE tickets SET status = $1, solved_at = CASE WHEN $1 = 'solved' THEN $2::timestamptz END RETURNING 1)
				SELECT count(*) FROM moved`, test.status, h.now())
			h.forward(test.later - time.Minute)
			r := request()
			r.Conversation, r.Text = first.Conversation, "Et maintenant ?"
			out := h.start(r)
			if out.New != test.new || (out.Ticket.ID == first.ID) == test.new {
				t.Errorf("started: %+v, want new %v", out, test.new)
			}
			got := h.ticket(first.ID)
			if got.Status != test.want {
				t.Errorf("the first ticket is %s, want %s", got.Status, test.want)
			}
			if !test.new && !got.UpdatedAt.After(first.UpdatedAt) && test.later > 0 {
				t.Error("the ticket has not moved")
			}
			if n := h.count(`SELECT count(*) FROM entries WHERE body = 'Et maintenant ?' AND conversation_id = $1`, first.Conversation); n != 1 {
				t.Errorf("%d entries carry the text", n)
			}
		})
	}
}

// TestStartFromAnswer: the thread begins with the question and the answer that the member saw.
func TestStartFromAnswer(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := assistant.Answer{ID: support.NewSecretID[support.AnswerID](), Question: "Où est mon colis ?", Outcome: assistant.Answered,
		Lang: kb.French, Sentences: []assistant.Sentence{{Text: "Attendez sept jours.", Citations: []int{1}}}, CreatedAt: h.now().Add(-time.Minute),
		Citations: []assistant.Citation{{N: 1, Article: assistant.ArticleRef{ID: "parcel", Lang: kb.French, Slug: "colis", Title: "Colis"}, Quote: "Attendez sept jours."}}}
	if err := h.db.SaveAnswer(t.Context(), a, assistant.Trace{}); err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Answer = a.ID
	started := h.start(r)
	if diff := cmp.Diff([]line{
		{1, 1, "message", "member", "Où est mon colis ?", ""},
		{2, 2, "answer", "assistant", "Attendez sept jours.", ""},
		{3, 3, "message", "member", text, ""},
		{4, 4, "status", "system", "", "held"},
	}, h.thread(started.Ticket.ID, true)); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	e, err := h.db.FindEntry(t.Context(), started.Ticket.Conversation, 2)
	if err != nil || !strings.Contains(string(e.Data), `"parcel"`) {
		t.Errorf("the answer's citations are %s, %v", e.Data, err)
	}
	for _, id := range []support.AnswerID{support.NewSecretID[support.AnswerID](), "nonsense"} {
		r := request()
		r.Answer = id
		if n := len(h.thread(h.start(r).Ticket.ID, true)); n != 2 {
			t.Errorf("from the answer %q that is gone: %d entries, want 2", id, n)
		}
	}
}

func TestStartNamesWrongFields(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, test := range []struct {
		name   string
		change func(*handoff.Request)
		kind   problem.Kind
		fields []string
	}{
		{"Email", func(r *handoff.Request) { r.Email = "camille" }, problem.Invalid, []string{"email"}},
		{"Category", func(r *handoff.Request) { r.Category = "x" }, problem.Invalid, []string{"category"}},
		{"Text", func(r *handoff.Request) { r.Text = " \n " }, problem.Invalid, []string{"text"}},
		{"LongText", func(r *handoff.Request) { r.Text = strings.Repeat("é", support.MaxRequest+1) }, problem.Invalid, []string{"text"}},
		{"ClientID", func(r *handoff.Request) { r.ClientID = "1234567" }, problem.Invalid, []string{"client_id"}},
		{"All", func(r *handoff.Request) { *r = handoff.Request{} }, problem.Invalid, []string{"email", "category", "text", "client_id"}},
		{"Chat", func(r *handoff.Request) { r.Channel = support.ChannelChat }, problem.Conflict, nil},
	} {
		r := request()
		test.change(&r)
		_, err := h.Start(t.Context(), r)
		var got []string
		if p := asProblem(err); p != nil {
			for _, f := range p.Fields {
				got = append(got, f.Name)
			}
		}
		if diff := cmp.Diff(test.fields, got); problem.KindOf(err) != test.kind || diff != "" {
			t.Errorf("%s: %v; fields (-want +got):\n%s", test.name, err, diff)
		}
	}
	if n := h.count(`SELECT count(*) FROM conversations`); n != 0 {
		t.Errorf("%d conversations were left behind", n)
	}
	r := request()
	r.Text = strings.Repeat("é", support.MaxRequest)
	if s := h.start(r).Ticket.Subject; len([]rune(s)) != 120 {
		t.Errorf("the subject has %d characters", len([]rune(s)))
	}
}

// TestAddressBudget: three confirmations an address and hour, however they come.
func TestAddressBudget(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var presses sync.WaitGroup
	for i := range 8 {
		presses.Go(func() {
			r := request()
			if i%2 == 1 {
				r.Email = "CAMILLE@EXAMPLE.ORG"
			}
			if _, err := h.Start(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	presses.Wait()
	if n := h.count(`SELECT count(*) FROM tickets`); n != 8 {
		t.Errorf("%d tickets, want 8: a withheld mail costs no ticket", n)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE state = 'queued'`); n != support.MaxConfirm {
		t.Errorf("%d mails are promised, want %d", n, support.MaxConfirm)
	}
	if n := h.count(`SELECT count(*) FROM river_job`); n != support.MaxConfirm {
		t.Errorf("%d jobs, want %d", n, support.MaxConfirm)
	}
	withheld := h.start(request()).Ticket
	if thread, err := h.db.Thread(t.Context(), withheld.ID, false); err != nil || !thread.Withheld {
		t.Errorf("the page does not say that the mail was withheld: %v", err)
	}
	other := request()
	other.Email = "dominique@example.org"
	if thread, err := h.db.Thread(t.Context(), h.start(other).Ticket.ID, false); err != nil || thread.Withheld {
		t.Errorf("another address: withheld %v, %v", thread.Withheld, err)
	}
	h.forward(time.Hour + time.Minute)
	if thread, err := h.db.Thread(t.Context(), h.start(request()).Ticket.ID, false); err != nil || thread.Withheld {
		t.Errorf("an hour later: withheld %v, %v", thread.Withheld, err)
	}
}

func TestSiteBudget(t *testing.T) {
	t.Parallel()
	h := setup(t, siteBudget(5))
	for i := range 8 {
		r := request()
		r.Email = fmt.Sprintf("member%d@example.org", i)
		h.start(r)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE state = 'queued'`); n != 5 {
		t.Errorf("%d mails are promised, want 5", n)
	}
	if n := h.count(`SELECT count(*) FROM mails WHERE state = 'withheld'`); n != 3 {
		t.Errorf("%d mails are withheld, want 3", n)
	}
}
