package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guichet/internal/support"
)

// talking is a conversation of a member's.
func (v vouched) talking(t *testing.T, session support.Token, about string) member {
	t.Helper()
	var opened struct{ ID string }
	body := `{"lang":"fr"}`
	if about != "" {
		body = `{"lang":"fr",` + about + `}`
	}
	_, got := v.run(t, scenario{path: "/api/v1/conversations", header: as(session), body: body, status: 201})
	read(t, got, &opened)
	return member{v.client, t, "/api/v1/conversations/" + opened.ID, as(session)}
}

// TestMemberHandoff: a buyer asks about an order: written to the seller first, held by nobody, told what is
// missing, and led to the open request when the same is asked again; nobody else is.
func TestMemberHandoff(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	if err := v.h.App.Guard.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	buyer, stranger := v.signIn("camille"), v.signIn("nobody")
	m := v.talking(t, buyer, aboutOrder)
	m.run(t, scenario{path: m.path + "/contact-options?category=order&tz=Asia/Shanghai&objects=1", header: m.bearer, status: 200,
		want: []string{`"contact_first":{"party":"seller","name":"Atelier Vasseur","url":"https://shop.example/orders/2041"}`, `"channel":"email"`, "+08:00",
			`"name":"E-mail"`, "Toujours disponible", `"existing":[]`}, without: []string{`"chat"`, `"callback"`, `"need"`}})
	m.run(t, scenario{path: m.path + "/contact-options?category=refund&lang=pl", header: m.bearer, status: 200, want: []string{`"contact_first":null`, "Zawsze"}})
	const press = `{"client_id":"press-of-one","channel":"email","category":"order","text":"Mon colis n’est pas arrivé, où se trouve-t-il ?"}`
	var got struct {
		Ticket struct {
			Ref, Status, URL string
			PromisedAt       string `json:"promised_at"`
			Held             bool
			Missing          []string
		}
	}
	read(t, m.post("/handoff", press, 201), &got)
	if got.Ticket.Held || got.Ticket.PromisedAt == "" || len(got.Ticket.Missing) != 0 {
		t.Errorf("%+v", got.Ticket)
	}
	m.post("/handoff", press, 200, got.Ticket.Ref)
	m.run(t, scenario{path: m.path, header: m.bearer, status: 200, want: []string{`"owner":"queue"`, "transmise à l’équipe"}})
	var n int
	if err := v.h.Database().Pool().QueryRow(t.Context(), `SELECT count(*) FROM tickets t JOIN members m ON m.id = t.member_id
		WHERE ref = $1 AND m.external = 'camille' AND subject_id = 'o-1' AND fields = '{"order":"2041"}' AND sla_started_at IS NOT NULL`, got.Ticket.Ref).Scan(&n); err != nil || n != 1 {
		t.Errorf("the ticket is not the member's, about the order: %v", err)
	}

	// The same again, elsewhere.
	again := v.talking(t, buyer, aboutOrder)
	similar := `{"text":"Où se trouve mon colis ? Il n’est pas arrivé.","category":"order","subject":{"type":"order","id":"o-1"}}`
	var advice struct {
		Existing []struct {
			Ref, URL, Promise, Subject string
			Probability                float64
		}
	}
	read(t, again.post("/similar", similar, 200), &advice)
	if len(advice.Existing) != 1 || advice.Existing[0].Ref != got.Ticket.Ref || advice.Existing[0].Probability < 0.7 ||
		!strings.Contains(advice.Existing[0].Promise, "réponse attendue avant") {
		t.Fatalf("led to %+v", advice.Existing)
	}
	v.run(t, scenario{path: strings.TrimPrefix(advice.Existing[0].URL, v.url), status: 200, want: []string{got.Ticket.Ref}})
	add := fmt.Sprintf(`{"client_id":"add-to-that","channel":"email","text":"Toujours rien reçu.","add_to":%q}`, strings.ToLower(got.Ticket.Ref))
	again.post("/handoff", add, 200, got.Ticket.Ref)
	m.run(t, scenario{path: m.path, header: m.bearer, status: 200, want: []string{"Toujours rien reçu."}})
	other := v.talking(t, stranger, "")
	other.post("/similar", `{"text":"Où se trouve mon colis ? Il n’est pas arrivé.","category":"order"}`, 200, `"existing":[]`)
	theirs := other.post("/handoff", add, 404)
	guest := converse(t, v.h, "fr")
	if none := guest.post("/handoff", strings.Replace(add, strings.ToLower(got.Ticket.Ref), "G-00000", 1), 404); none != theirs {
		t.Errorf("a request of somebody else says\n%s\nnone says\n%s", theirs, none)
	}
	guest.post("/handoff", add, 404)

	// What is missing is asked for, and read as it is written.
	refund := v.talking(t, buyer, "")
	refund.post("/handoff", `{"client_id":"press-of-two","channel":"email","category":"refund","text":"Remboursez-moi le tableau acheté hier.","fields":{"amount":"beaucoup"}}`, 400, `"field":"fields.amount"`)
	refund.post("/handoff", `{"client_id":"press-of-two","channel":"email","category":"refund","text":"Remboursez-moi le tableau acheté hier."}`, 201, `"missing":["transaction_date","amount"]`)
	refund.post("/fields", `{"fields":{"amount":"x"}}`, 400, `"field":"fields.amount"`)
	refund.post("/fields", `{"fields":{"amount":"49,90 €","transaction_date":"2026-11-20"}}`, 200, `"missing":[]`)
	refund.post("/handoff", `{"client_id":"press-of-two","channel":"chat","category":"refund","text":"x"}`, 409, `"options":[{"channel":"email","state":"open"`, "Réponse")
}

// TestHandoffRefusals: bad input is answered clearly, and who may not is not let in.
func TestHandoffRefusals(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	buyer, stranger := v.signIn("camille"), v.signIn("nobody")
	m := v.talking(t, buyer, aboutOrder)
	for name, tt := range map[string]struct {
		query  string
		status int
		want   string
	}{
		"NoLang":     {"?lang=sv", 400, `"field":"lang"`},
		"NoCategory": {"?category=weather", 400, `"field":"category"`},
		"NoNumber":   {"?objects=many", 400, `"field":"objects"`},
		"Negative":   {"?objects=-1", 400, `"field":"objects"`},
		"NoZone":     {"?tz=Mars/Olympus", 400, `"field":"tz"`},
		"Machine":    {"?tz=Local", 400, `"field":"tz"`},
		"Path":       {"?tz=../../etc/passwd", 400, `"field":"tz"`},
	} {
		t.Run(name, func(t *testing.T) {
			m.run(t, scenario{path: m.path + "/contact-options" + tt.query, header: m.bearer, status: tt.status, want: []string{tt.want}})
			m.run(t, scenario{path: "/api/v1/contact-options" + tt.query, status: tt.status, want: []string{tt.want}})
		})
	}
	press := `{"client_id":"press-of-one","channel":"email","category":"order","text":"Bonjour à tous"}`
	for name, tt := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"OtherOrder": {strings.Replace(press, `"text"`, `"subject":{"type":"order","id":"o-2"},"text"`, 1), 404, ""},
		"WrongType":  {strings.Replace(press, `"text"`, `"fields":{"order":7},"text"`, 1), 400, `"field":"fields`},
		"Category":   {strings.Replace(press, "order", "weather", 1), 400, `"field":"category"`},
		"BadMail":    {strings.Replace(press, `"text"`, `"email":"camille","text"`, 1), 400, `"field":"email"`},
	} {
		t.Run(name, func(t *testing.T) { m.post("/handoff", tt.body, tt.status, tt.want) })
	}
	for _, sql := range []string{`UPDATE categories SET disabled = true WHERE key = 'sale'`, `UPDATE routing_clock SET version = version + 1`} {
		if _, err := v.h.Database().Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.h.Routing.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.post("/handoff", strings.Replace(press, "order", "sale", 1), 400, `"field":"category"`) // removed since the form was shown
	m.post("/fields", `{"fields":{"order":"1"}}`, 409)                                        // nothing was asked yet
	m.post("/handoff", press, 201)
	guest := converse(t, v.h, "fr")
	for _, to := range []struct{ path, body string }{{"/handoff", press}, {"/fields", `{"fields":{"order":"1"}}`}, {"/similar", `{"text":"Bonjour à tous"}`}, {"/contact-options", ""}} {
		for who, header := range map[string]map[string]string{"nobody": {}, "a guest": guest.bearer, "another member": as(stranger), "a site": as(v.api)} {
			t.Run(strings.Trim(to.path, "/")+" by "+who, func(t *testing.T) {
				m.run(t, scenario{path: m.path + to.path, body: to.body, header: header, status: 401, without: []string{"LX-4471", "G-"}})
			})
		}
		m.run(t, scenario{path: m.path + to.path, body: to.body, header: m.bearer, status: 200})
	}
}

// TestTeamsAtTheDesk is a table of who of staff may do what to a ticket of the support team.
func TestTeamsAtTheDesk(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	m := v.talking(t, v.signIn("camille"), aboutOrder)
	var got struct{ Ticket struct{ Ref string } }
	read(t, m.post("/handoff", `{"client_id":"press-of-one","channel":"email","category":"order","text":"Où est mon colis ?"}`, 201), &got)
	pool := v.h.Database().Pool()
	for _, sql := range []string{`INSERT INTO teams (id, name) VALUES ('money', 'Compta')`, `INSERT INTO team_channels (team_id, channel, calendar_id) VALUES ('money', 'email', 'default')`} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*browser{}
	for name, team := range map[string]string{"own": "support", "other": "money", "any": "", "admin": "money"} {
		b := newBrowser(t, v.h)
		role := support.RoleAgent
		if name == "admin" {
			role = support.RoleAdmin
		}
		b.signIn(t, v.h, name+"@example.com", role)
		if team != "" {
			if _, err := pool.Exec(t.Context(), `INSERT INTO agent_skills (agent_id, teams, capacity) SELECT id, ARRAY[$1], '{"email":0}' FROM agents WHERE email = $2`, team, name+"@example.com"); err != nil {
				t.Fatal(err)
			}
		}
		people[name] = b
	}
	if _, err := pool.Exec(t.Context(), `UPDATE routing_clock SET version = version + 1`); err != nil {
		t.Fatal(err)
	}
	if err := v.h.Routing.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	var id, file string
	if err := pool.QueryRow(t.Context(), `SELECT id FROM tickets WHERE ref = $1`, got.Ticket.Ref).Scan(&id); err != nil {
		t.Fatal(err)
	}
	file = string(support.NewID[support.AttachmentID]())
	page := "/desk/tickets/" + id
	for _, door := range []struct {
		path   string
		fields []string
		status map[string]int
	}{
		{page, nil, map[string]int{"own": 200, "any": 200, "admin": 200, "other": 404}},
		{page + "/reply", []string{"client_id", "n", "note", "1", "text", "Note"}, map[string]int{"own": 200, "any": 200, "admin": 200, "other": 404}},
		{page + "/reply", []string{"client_id", "r", "text", "Bonjour", "status", "open"}, map[string]int{"own": 200, "any": 200, "admin": 200, "other": 404}},
		{page + "/status", []string{"status", "waiting_third_party"}, map[string]int{"own": 200, "other": 404}},
		{page + "/assign", []string{"was", "", "assignee", ""}, map[string]int{"own": 200, "other": 404}},
		{page + "/release", []string{"x", "1"}, map[string]int{"own": 200, "other": 404}},
		{page + "/hand-back", []string{"agreed", "Mardi"}, map[string]int{"other": 404, "own": 200}},
		{"/desk/files/" + file, nil, map[string]int{"own": 404, "other": 404}},
	} {
		for who, want := range door.status {
			t.Run(strings.ReplaceAll(door.path, "/", "_")+" by "+who, func(t *testing.T) {
				var status int
				var text string
				var at *url.URL
				if door.fields == nil {
					status, text, at = people[who].get(t, door.path)
				} else {
					status, text, at = people[who].send(t, door.path, door.fields...)
				}
				if status != want {
					t.Errorf("%d at %s, want %d", status, at, want)
				}
				if want == http.StatusNotFound && strings.Contains(text, "Où est mon colis") {
					t.Error("a refusal shows the ticket")
				}
			})
		}
	}
	if _, list, _ := people["other"].get(t, "/desk?view=all"); strings.Contains(list, got.Ticket.Ref) {
		t.Error("another team's list has it")
	}
	_, shown, _ := people["own"].get(t, page)
	for _, want := range []string{"LX-4471-FR", "2041", `id="dossier-fields"`, "The member is the buyer."} {
		if !strings.Contains(shown, want) {
			t.Errorf("the dossier lacks %q", want)
		}
	}
}
