package httpapi_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"guichet/internal/app/apptest"
	"guichet/internal/attach"
	"guichet/internal/config"
	"guichet/internal/handoff"
	"guichet/internal/support"
	"guichet/kb"
)

// What stands in the member's ticket, and nobody else may read.
const (
	roleText   = "Le globe de Venise est arrivé en miettes."
	roleReply  = "Un second globe part demain matin."
	roleFile   = "globe-en-miettes.pdf"
	roleEmail  = "camille@example.org"
	roleNumber = "LX-4471-FR" // a fact of the order
)

// world is what everybody wants something of.
type world struct {
	vouched
	people   [6]person
	member   support.Member // as the shop knows them
	space    support.Member // as the help center's own pages do
	agent    support.Agent
	names    map[string]string // that every door shares
	standing map[string]string // a ticket that nobody changes
	desk     *browser          // of an admin
	local    support.Token     // of commands on this machine
	counted  atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.Sites = []string{shopSite} }})
	w := &world{vouched: vouch(t, h), names: map[string]string{}, desk: newBrowser(t, h)}
	if err := h.Guard.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.desk.signIn(t, h, "boss@example.com", support.RoleAdmin)
	w.people[guest] = person{bearer: w.open(t, "guests", nil)}
	w.people[otherMember], w.people[theMember] = w.memberOf(t, "paul"), w.memberOf(t, "camille")
	execute(t, h, `INSERT INTO teams (id, name) VALUES ('money', 'Compta')`)
	execute(t, h, `INSERT INTO team_channels (team_id, channel, calendar_id) VALUES ('money', 'email', 'default')`)
	for role, team := range map[int]string{otherAgent: "money", theAgent: "support", theAdmin: "money"} {
		email := fmt.Sprintf("role-%d@example.com", role)
		w.people[role] = w.staff(t, role, email)
		execute(t, h, `INSERT INTO agent_skills (agent_id, teams, capacity) SELECT id, ARRAY[$1], '{"email":0}' FROM agents WHERE email = $2`, team, email)
	}
	execute(t, h, `UPDATE routing_clock SET version = version + 1`)
	if err := h.Routing.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.member, err = h.Identities.Member(t.Context(), w.people[theMember].bearer)
	must(err)
	w.space, err = h.Members.Session(t.Context(), support.Token(strings.TrimPrefix(w.people[theMember].cookie, "guichet_member=")))
	must(err)
	w.agent, err = h.Auth.Session(t.Context(), support.Token(strings.TrimPrefix(w.people[theAgent].cookie, "guichet_desk=")))
	must(err)
	other, err := h.Identities.Member(t.Context(), w.people[otherMember].bearer)
	must(err)
	w.open(t, "others", &other)
	started, err := h.Handoff.Start(t.Context(), handoff.Request{ClientID: "of-the-other-member", Channel: support.ChannelEmail, Category: "refund",
		Text: "Rien reçu.", Lang: kb.French, Conversation: support.ConversationID(w.names["others"]), Actor: support.Actor{Member: &other}})
	must(err)
	w.names["others-ref"], w.names["agent"] = started.Ticket.Ref, string(w.agent.ID)
	w.names["answer"] = answerID(t, w.client, "Combien de temps prend un remboursement ?")
	w.standing = w.ticketOf(t, "")
	w.ticketOf(t, "held") // of the list of those
	if len(posted(t, h, roleEmail, "/fr/requests/")) == 0 {
		t.Fatal("no letter waits in the mailbox")
	}
	return w
}

// open opens a conversation of somebody's.
func (w *world) open(t *testing.T, name string, m *support.Member) support.Token {
	t.Helper()
	id, token, err := w.h.Assistant.OpenFor(t.Context(), support.Actor{Member: m}, kb.French, "", support.Subject{})
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		w.names[name] = string(id)
	}
	return token
}

func (w *world) memberOf(t *testing.T, sub string) person {
	t.Helper()
	space, err := w.h.Members.Enter(t.Context(), sub+"@example.org", kb.French)
	if err != nil {
		t.Fatal(err)
	}
	return person{w.signIn(sub), "guichet_member=" + string(space)}
}

func (w *world) staff(t *testing.T, role int, email string) person {
	t.Helper()
	of := support.RoleAgent
	if role == theAdmin {
		of = support.RoleAdmin
	}
	if err := w.h.Auth.AddAgent(t.Context(), email, "", of); err != nil {
		t.Fatal(err)
	}
	token, err := w.h.Auth.SignInToken(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	session, err := w.h.Auth.SignIn(t.Context(), support.Actor{}, token)
	if err != nil {
		t.Fatal(err)
	}
	return person{cookie: "guichet_desk=" + string(session)}
}

// somebody is a person of the role; for a door that ends sessions one whom nobody else knows.
func (w *world) somebody(t *testing.T, d door, role int) person {
	t.Helper()
	if !d.fresh {
		return w.people[role]
	}
	name := fmt.Sprintf("new-%d", w.counted.Add(1))
	switch role {
	case guest:
		return person{bearer: w.open(t, "", nil)}
	case otherMember, theMember:
		return w.memberOf(t, name)
	}
	return w.staff(t, role, name+"@example.com")
}

// ticketOf makes a ticket of the member's about their order, with a file that was sent and one that was
// not; it returns what names it.
func (w *world) ticketOf(t *testing.T, kind string) map[string]string {
	t.Helper()
	ctx, h := t.Context(), w.h
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	by := support.Actor{Member: &w.member}
	var about support.Subject
	if kind == "held" { // a guest's, who writes the member's address
		by.Member = nil
	} else {
		about = support.Subject{Type: support.SubjectOrder, ID: "o-1"}
	}
	c, _, err := h.Assistant.OpenFor(ctx, by, kb.French, "", about)
	must(err)
	n := map[string]string{"conversation": string(c)}
	for _, name := range []string{"file", "unsent"} {
		place, err := h.Attach.Receive(ctx, attach.Upload{Conversation: c, Author: support.AuthorMember, ClientID: name + "-0001", Name: roleFile, Size: -1},
			strings.NewReader("%PDF-1.7\n1 0 obj\n<</T("+roleText+")>>\nendobj\ntrailer\n<<>>\n%%EOF\n"))
		must(err)
		n[name] = string(place.ID)
	}
	started, err := h.Handoff.Start(ctx, handoff.Request{ClientID: "of-the-member-" + string(c), Channel: support.ChannelEmail, Category: "order", Email: roleEmail,
		Text: roleText, Lang: kb.French, Conversation: c, Actor: by, Files: []support.AttachmentID{support.AttachmentID(n["file"])}})
	must(err)
	id := started.Ticket.ID
	n["ticket"], n["ref"], n["link"] = string(id), started.Ticket.Ref, string(started.Link)
	if kind == "held" {
		proof := support.NewToken()
		must(h.Database().SaveToken(ctx, support.PurposeAddressProof, proof, string(id), roleEmail, time.Now().Add(time.Hour)))
		n["proof"] = string(proof)
		return n
	}
	agent := support.Actor{Agent: &w.agent}
	must(h.Desk.Reply(ctx, agent, id, "reply-0001", roleReply, "", false))
	if kind != "" {
		must(h.Desk.SetStatus(ctx, agent, id, support.StatusSolved))
	}
	if kind == "over" {
		execute(t, h, `UPDATE tickets SET solved_at = now() - interval '15 days' WHERE id = $1`, id)
	}
	space, err := h.Desk.Space(&w.space)
	must(err)
	openers, err := space.Open(ctx, n["ref"])
	must(err)
	n["opener"] = openers[0].ID
	return n
}

// nowhere is a ticket that never was.
func nowhere() map[string]string {
	n := map[string]string{"ref": "G-ZZZZZ", "link": string(support.NewToken()), "opener": "0123456789abcdef", "proof": string(support.NewToken())}
	for _, name := range []string{"conversation", "ticket", "file", "unsent"} {
		n[name] = uuid.NewString()
	}
	return n
}

var placeName = regexp.MustCompile(`\{[a-z-]+\}`)

// name fills the names of a text in, with those of a ticket where it needs one, and makes what is made
// for each request; used are the values that were put in.
func (w *world) name(t *testing.T, text string, ticket map[string]string, used map[string]string) string {
	t.Helper()
	return placeName.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		for _, m := range []map[string]string{used, ticket, w.names} {
			if v, ok := m[name]; ok {
				used[name] = v
				return v
			}
		}
		used[name] = w.made(t, name)
		return used[name]
	})
}

func (w *world) made(t *testing.T, name string) string {
	t.Helper()
	ctx, h := t.Context(), w.h
	n := fmt.Sprintf("new-%d", w.counted.Add(1))
	must := func(v string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	colleague := func() string {
		must("", h.Auth.AddAgent(ctx, n+"@example.com", "", support.RoleAgent))
		var id string
		err := h.Database().Pool().QueryRow(ctx, `SELECT id FROM agents WHERE email = $1`, n+"@example.com").Scan(&id)
		return must(id, err)
	}
	switch name {
	case "n":
		return n
	case "now":
		return url.QueryEscape(time.Now().UTC().Format(time.RFC3339Nano))
	case "uuid":
		return uuid.NewString()
	case "jwt":
		return w.jwt(n)
	case "talk": // of the member's, about their order, without a request yet
		id, _, err := h.Assistant.OpenFor(ctx, support.Actor{Member: &w.member}, kb.French, "", support.Subject{Type: support.SubjectOrder, ID: "o-1"})
		return must(string(id), err)
	case "colleague":
		return colleague()
	case "invitation":
		token, err := h.Auth.InviteLink(ctx, n+"@example.com", "", support.RoleAgent)
		return must(string(token), err)
	case "reset":
		token := support.NewToken()
		return must(string(token), h.Database().SaveToken(ctx, support.PurposeReset, token, colleague(), "", time.Now().Add(time.Hour)))
	case "sign-in":
		colleague()
		token, err := h.Auth.SignInToken(ctx, n+"@example.com")
		return must(string(token), err)
	case "space-link":
		token := support.NewToken()
		return must(string(token), h.Database().SaveToken(ctx, support.PurposeMemberSignIn, token, n+"@example.org", "fr", time.Now().Add(time.Hour)))
	}
	t.Fatalf("nothing is called {%s}", name)
	return ""
}

// state is all that a conversation is, with its ticket and files, as the tables have it.
func (w *world) state(t *testing.T, conversation string) (out string) {
	t.Helper()
	err := w.h.Database().Pool().QueryRow(t.Context(), `SELECT row_to_json(c)::text || (SELECT COALESCE(json_agg(x)::text, '') FROM tickets x WHERE conversation_id = c.id)
		|| (SELECT COALESCE(json_agg(x ORDER BY id)::text, '') FROM attachments x WHERE conversation_id = c.id)
		|| (SELECT COALESCE(json_agg(x)::text, '') FROM ticket_reads x JOIN tickets t ON t.id = x.ticket_id WHERE t.conversation_id = c.id)
		|| (SELECT count(*)::text FROM tokens x JOIN tickets t ON x.subject = t.id::text WHERE t.conversation_id = c.id AND x.revoked_at IS NULL AND x.used_at IS NULL)
		FROM conversations c WHERE id = $1`, conversation).Scan(&out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// secrets are what a text shows of the ticket.
func (w *world) secrets(text string, ticket map[string]string) (out []string) {
	for _, s := range []string{roleText, roleReply, roleFile, roleEmail, roleNumber, w.standing["ref"], ticket["ref"], ticket["link"]} {
		if s != "" && strings.Contains(text, s) {
			out = append(out, s)
		}
	}
	return out
}
