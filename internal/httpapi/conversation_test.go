package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/desk"
	"guichet/internal/support"
	"guichet/kb"
)

// thread is a conversation as the API shows it.
type thread struct {
	ID, Lang, Owner string
	Entries         []turn
	Ticket          *struct {
		Ref, Status, URL string
		Held             bool
	}
}

type turn struct {
	Seq                      int64
	Kind, Author, Name, Text string
	ClientID                 string `json:"client_id"`
	Answer                   *answer
	Status                   *struct{ From, To, Reason string }
}

type answer struct {
	ID, Outcome, Lang, Text string
	TextLang                kb.Lang `json:"text_lang"`
	Machine                 bool
	Joined                  []string
	Sentences               []struct {
		Text      string
		Citations []int
	}
	Citations []struct {
		N       int
		Article struct{ ID, URL string }
		Passage string `json:"passage_id"`
		Quote   string
		URL     string
	}
	Related []struct{ ID string }
}

// member holds one conversation.
type member struct {
	client
	t      *testing.T
	path   string
	bearer map[string]string
}

func converse(t *testing.T, h *apptest.House, lang string) member {
	t.Helper()
	_, router := spec(t)
	c := client{h.URL, router}
	var opened struct{ ID, Token string }
	_, body := c.run(t, scenario{path: "/api/v1/conversations", body: `{"lang":"` + lang + `"}`, status: 201})
	read(t, body, &opened)
	return member{c, t, "/api/v1/conversations/" + opened.ID, map[string]string{"Authorization": "Bearer " + opened.Token}}
}

func read(t *testing.T, body string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
}

func (m member) thread(query string) (out thread) {
	m.t.Helper()
	_, body := m.run(m.t, scenario{path: m.path + query, header: m.bearer, status: 200})
	read(m.t, body, &out)
	return out
}

func (m member) post(to, body string, status int, want ...string) string {
	m.t.Helper()
	_, got := m.run(m.t, scenario{path: m.path + to, header: m.bearer, body: body, status: status, want: want})
	return got
}

const refund = `{"client_id":"q-1","text":"Combien de temps prend un remboursement ?"}`

// TestThread is a conversation from its first question to an agent's reply, as its member reads it.
func TestThread(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	if got := m.thread(""); len(got.Entries) != 0 || got.Ticket != nil || got.Owner != "assistant" || got.Lang != "fr" {
		t.Errorf("a new conversation: %+v", got)
	}
	var first, again answer
	read(t, m.post("/questions", refund, 200, "7 à 14 jours"), &first)
	read(t, m.post("/questions", refund, 200), &again)
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("asked again, the answer is\n%+v, was\n%+v", again, first)
	}
	m.post("/questions", `{"client_id":"q-1","text":"Autre chose ?"}`, 409)
	m.post("/questions", `{"client_id":"`+strings.Repeat("q", 101)+`","text":"Autre chose ?"}`, 400, `"field":"client_id"`)
	_, stream := m.run(t, scenario{path: m.path + "/questions", body: refund, status: 200,
		header: map[string]string{"Authorization": m.bearer["Authorization"], "Accept": "text/event-stream"}})
	if !strings.HasPrefix(stream, "event: answer\n") || !strings.Contains(stream, first.ID) {
		t.Errorf("asked again as a stream: %s", stream)
	}
	got := m.thread("")
	if len(got.Entries) != 2 || got.Entries[1].Answer == nil || fmt.Sprint(*got.Entries[1].Answer) != fmt.Sprint(first) || got.Entries[1].ClientID != "q-1" {
		t.Fatalf("the thread has %+v, the answer was %+v", got.Entries, first)
	}

	m.post("/messages", `{"client_id":"m-1","text":"Bonjour"}`, 409)
	m.post("/handoff", `{"client_id":"form-0001","channel":"email","category":"refund","email":"claire@example.org","text":"Je n'ai rien reçu."}`, 201)
	var said struct{ Entry struct{ Seq int64 } }
	read(t, m.post("/messages", `{"client_id":"m-1","text":"Voici mon numéro."}`, 201, `"author":"member"`), &said)
	m.post("/messages", `{"client_id":"m-1","text":"Voici mon numéro."}`, 201, fmt.Sprintf(`"seq":%d`, said.Entry.Seq))
	m.post("/messages", `{"client_id":"m-1","text":"Un autre."}`, 409)
	m.post("/messages", `{"client_id":"m-2","text":"  "}`, 400, `"field":"text"`)
	m.post("/messages", `{"text":"Sans numéro"}`, 400, `"field":"client_id"`)
	m.post("/questions", `{"client_id":"q-2","text":"Et maintenant ?"}`, 409)
	m.post("/questions", refund, 200, first.ID) // what was answered before stays answered

	agent := support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}
	if err := h.Auth.AddAgent(t.Context(), "ines@example.org", "Inès", support.RoleAgent); err != nil {
		t.Fatal(err)
	}
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM agents WHERE email = 'ines@example.org'`).Scan(&agent.Agent.ID); err != nil {
		t.Fatal(err)
	}
	held, _, err := h.Desk.Tickets(t.Context(), agent, desk.Filter{View: "held"})
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	if err := h.Desk.Reply(t.Context(), agent, held[0].ID, "n-1", "Client difficile ?", "", true); err != nil {
		t.Fatal(err)
	}
	if err := h.Handoff.Release(t.Context(), agent, held[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Desk.Reply(t.Context(), agent, held[0].ID, "r-1", "Je m'en occupe.", "", false); err != nil {
		t.Fatal(err)
	}
	got = m.thread("")
	for i, e := range got.Entries {
		if e.Seq != int64(i+1) || strings.Contains(e.Text, "difficile") || e.Kind == "note" {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	reply := slices.IndexFunc(got.Entries, func(e turn) bool { return e.Author == "agent" })
	if reply < 0 || got.Entries[reply].Name != "Inès" || got.Entries[reply].Text != "Je m'en occupe." {
		t.Fatalf("the agent's reply is not in %+v", got.Entries)
	}
	last := got.Entries[len(got.Entries)-1]
	if last.Status == nil || last.Status.To != "waiting" || last.Status.From != "received" || !strings.Contains(last.Text, "Nous attendons votre réponse") {
		t.Errorf("the last change: %+v", last)
	}
	if got.Owner != "human" || got.Ticket == nil || got.Ticket.Status != "waiting" || got.Ticket.Held || got.Ticket.Ref != held[0].Ref {
		t.Errorf("owner %s, ticket %+v", got.Owner, got.Ticket)
	}
	if after := m.thread(fmt.Sprintf("?after=%d&lang=de", last.Seq-1)); len(after.Entries) != 1 || after.Entries[0].Seq != last.Seq || after.Entries[0].Text == last.Text {
		t.Errorf("after %d, in German: %+v", last.Seq-1, after.Entries)
	}
	if again := m.thread(""); again.Ticket.URL != got.Ticket.URL {
		t.Errorf("each look makes another link: %s, %s", got.Ticket.URL, again.Ticket.URL)
	}
	m.run(t, scenario{path: strings.TrimPrefix(got.Ticket.URL, h.URL), status: 200, want: []string{got.Ticket.Ref, "Je m&#39;en occupe."}})

	m.post("/messages", `{"client_id":"m-3","text":"Merci."}`, 201)
	if got := m.thread(""); got.Ticket.Status != "in_progress" {
		t.Errorf("after the member's message the ticket is %s", got.Ticket.Status)
	}
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tickets SET status = 'closed'`); err != nil {
		t.Fatal(err)
	}
	m.post("/messages", `{"client_id":"m-4","text":"Encore moi."}`, 409)
	if got := m.thread(""); got.Ticket == nil || got.Ticket.Status != "closed" {
		t.Errorf("a closed ticket is %+v", got.Ticket)
	}
}

// TestAskedTwiceAtOnce: one question sent by many hands has one answer.
func TestAskedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			var a answer
			read(t, m.post("/questions", refund, 200), &a)
			ids[i] = a.ID
		})
	}
	all.Wait()
	if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
		t.Errorf("the answers have the ids %v", ids)
	}
	if got := m.thread(""); len(got.Entries) != 2 {
		t.Errorf("the thread has %d entries, want a question and an answer", len(got.Entries))
	}
}

// TestThreadWithoutItsArticles: what was said stays, what it stood on is cited only while it may be
// read; an entry of before its sentences were kept reads well too.
func TestThreadWithoutItsArticles(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	m := converse(t, h, "fr")
	var first answer
	read(t, m.post("/questions", refund, 200), &first)
	if _, err := h.Database().Pool().Exec(t.Context(), `DELETE FROM answers`); err != nil {
		t.Fatal(err)
	}
	if got := m.thread("").Entries[1].Answer; fmt.Sprint(*got) != fmt.Sprint(first) {
		t.Errorf("past the answer's keeping: %+v, want %+v", got, first)
	}
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE entries SET data = data - ARRAY['sentences','lang','confidence','related'] WHERE kind = 'answer'`); err != nil {
		t.Fatal(err)
	}
	old := m.thread("").Entries[1].Answer
	if old.Text != first.Text || old.Lang != "fr" || len(old.Sentences) != 1 || len(old.Sentences[0].Citations) != len(first.Citations) ||
		old.Citations[0].URL != first.Citations[0].URL || old.Citations[0].Passage != first.Citations[0].Passage {
		t.Errorf("an old entry: %+v", old)
	}
	gone := first.Citations[0].Article.ID
	if err := h.App.Publish.Unpublish(t.Context(), kb.ArticleID(gone)); err != nil {
		t.Fatal(err)
	}
	var replayed answer
	read(t, m.post("/questions", refund, 200), &replayed)
	for _, a := range []answer{*m.thread("").Entries[1].Answer, replayed} {
		if a.Text != first.Text {
			t.Errorf("the words have changed: %q", a.Text)
		}
		for _, c := range a.Citations {
			if c.Article.ID == gone {
				t.Errorf("an article that is not public is cited: %+v", c)
			}
		}
		for _, s := range a.Sentences {
			if slices.Contains(s.Citations, first.Citations[0].N) {
				t.Errorf("a sentence cites what is gone: %+v", s)
			}
		}
	}
}

// TestConversationDoors: the conversation's own token opens it, and nothing else.
func TestConversationDoors(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }})
	m, other := converse(t, h, "fr"), converse(t, h, "fr")
	staff := newBrowser(t, h)
	staff.signIn(t, h, "agent@example.org", support.RoleAgent)
	var cookie string
	for _, c := range staff.Jar.Cookies(mustParse(t, h.URL)) {
		cookie += c.Name + "=" + c.Value + ";"
	}
	late := converse(t, h, "fr")
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tokens SET expires_at = now() WHERE hash = $1`,
		support.Token(strings.TrimPrefix(late.bearer["Authorization"], "Bearer ")).Hash()); err != nil {
		t.Fatal(err)
	}
	for _, route := range []struct{ method, path, body string }{
		{"GET", "", ""}, {"GET", "?after=1", ""}, {"GET", "/contact-options", ""},
		{"POST", "/questions", `{"text":"Bonjour ?"}`}, {"POST", "/messages", `{"client_id":"m-1","text":"Bonjour"}`}, {"POST", "/handoff", `{}`}, {"POST", "/similar", `{"text":"Bonjour ?"}`},
	} {
		for _, who := range []struct {
			name, path string
			header     map[string]string
		}{
			{"Guest", m.path, nil},
			{"WrongToken", m.path, map[string]string{"Authorization": "Bearer nothing"}},
			{"OtherConversation", m.path, other.bearer},
			{"Staff", m.path, map[string]string{"Cookie": cookie}},
			{"Expired", late.path, late.bearer},
			{"NoSuchID", "/api/v1/conversations/x", m.bearer},
		} {
			t.Run(route.method+route.path+who.name, func(t *testing.T) {
				m.run(t, scenario{method: route.method, path: who.path + route.path, body: route.body, header: who.header, status: 401, want: []string{`"kind":"unauthorized"`}})
			})
		}
	}
	with := func(h map[string]string, more ...string) map[string]string {
		out := map[string]string{}
		for k, v := range h {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	m.run(t, scenario{path: m.path + "?after=-1", header: m.bearer, status: 400, want: []string{`"field":"after"`}})
	m.run(t, scenario{path: m.path + "?after=x", header: m.bearer, status: 400, want: []string{`"field":"after"`}})
	m.run(t, scenario{path: m.path + "?lang=sv", header: m.bearer, status: 400, want: []string{`"field":"lang"`}})
	for origin, allowed := range map[string]bool{"https://shop.example": true, "https://evil.example": false} {
		cross := with(m.bearer, "Origin", origin, "Sec-Fetch-Site", "cross-site")
		answer, _ := m.run(t, scenario{path: m.path, header: cross, status: 200})
		if got := answer.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed || !allowed && got != "" {
			t.Errorf("%s may read: %q", origin, got)
		}
		want := http.StatusForbidden
		if allowed {
			want = http.StatusConflict // there is no ticket
		}
		m.run(t, scenario{path: m.path + "/messages", header: cross, body: `{"client_id":"m-1","text":"Bonjour"}`, status: want})
		preflight, _ := m.run(t, scenario{method: "OPTIONS", path: m.path, status: map[bool]int{true: 204, false: 405}[allowed],
			header: map[string]string{"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}})
		if got := preflight.Header.Get("Access-Control-Allow-Headers"); strings.Contains(got, "Authorization") != allowed {
			t.Errorf("preflight of %s: %q", origin, got)
		}
	}
}
