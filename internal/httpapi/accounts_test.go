package httpapi_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"guichet/internal/app/apptest"
	"guichet/internal/desk"
	"guichet/internal/support"
)

const password = "quatre mots à la suite"

// member of staff with a password, and a browser of theirs that is not signed in.
func (b *browser) hire(t *testing.T, h *apptest.House, email string, role support.Role) {
	t.Helper()
	link, err := h.Auth.InviteLink(t.Context(), email, "", role)
	if err != nil {
		t.Fatal(err)
	}
	path := "/desk/invitation/" + string(link)
	for range 2 { // opening it spends nothing: mail scanners open links too
		if status, page, _ := b.get(t, path); status != http.StatusOK || !strings.Contains(page, `autocomplete="new-password"`) || !strings.Contains(page, email) {
			t.Fatalf("the invitation of %s: %d %s", email, status, page)
		}
	}
	status, _, at := b.send(t, path, "name", strings.Split(email, "@")[0], "password", password)
	if status != http.StatusOK || at.Path != "/desk" {
		t.Fatalf("taking the invitation of %s: %d at %s", email, status, at)
	}
	if status, _, _ := b.send(t, path, "name", "Eve", "password", password); status != http.StatusGone {
		t.Errorf("the invitation works twice: %d", status)
	}
}

// mailed sends what is promised to an address, as the jobs would, and returns the path in the newest
// letter that begins so.
func mailed(t *testing.T, h *apptest.House, to, begins string) string {
	t.Helper()
	rows, err := h.Database().Pool().Query(t.Context(), `SELECT id FROM mails WHERE state = 'queued' AND agent_id IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[support.MailID])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := h.Auth.Deliver(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := h.Database().Mailbox(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		raw := strings.ReplaceAll(strings.ReplaceAll(string(m.Raw), "=\r\n", ""), "=3D", "=")
		if i := strings.Index(raw, h.URL+begins); m.Recipient == to && i >= 0 {
			link, _, _ := strings.Cut(raw[i+len(h.URL):], "\r\n")
			return link
		}
	}
	t.Fatalf("no letter to %s leads to %s", to, begins)
	return ""
}

// TestAccountsRoles opens every page of accounts, and does what they do, as each role.
func TestAccountsRoles(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	people := map[string]*browser{}
	for _, who := range []string{"guest", "disabled", "agent", "editor", "admin"} {
		people[who] = newBrowser(t, h)
	}
	people["disabled"].hire(t, h, "disabled@example.org", support.RoleAdmin)
	people["agent"].hire(t, h, "agent@example.org", support.RoleAgent)
	people["editor"].hire(t, h, "editor@example.org", support.RoleEditor)
	people["admin"].hire(t, h, "admin@example.org", support.RoleAdmin)
	id := func(email string) string {
		var id string
		if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM agents WHERE email = $1`, email).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	if _, page, _ := people["admin"].send(t, "/desk/accounts/"+id("disabled@example.org")+"/disable"); !strings.Contains(page, "signed out everywhere") {
		t.Errorf("disabling: %s", page)
	}
	people["guest"].request(t, "fr", "claire@example.org", "Bonjour, où est mon remboursement ?")
	tickets, _, err := h.Desk.Tickets(t.Context(), support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}, desk.Filter{View: "held"})
	if err != nil || len(tickets) != 1 {
		t.Fatalf("held tickets: %v %v", tickets, err)
	}
	ticket := "/desk/tickets/" + string(tickets[0].ID)
	nobody := "/desk/accounts/0190f5a0-0000-7000-8000-000000000000"
	for _, c := range []struct {
		path, method                          string
		guest, disabled, agent, editor, admin int
	}{
		{"/desk/sign-in", "GET", 200, 200, 200, 200, 200},
		{"/desk/lost-password", "GET", 200, 200, 200, 200, 200},
		{"/desk/sign-in", "POST", 400, 400, 400, 400, 400},       // nothing typed
		{"/desk/lost-password", "POST", 400, 400, 400, 400, 400}, // nothing typed
		{"/desk/invitation/nothing", "GET", 404, 404, 404, 404, 404},
		{"/desk/invitation/nothing", "POST", 404, 404, 404, 404, 404},
		{"/desk/password/nothing", "GET", 404, 404, 404, 404, 404},
		{"/desk/password/nothing", "POST", 404, 404, 404, 404, 404},
		{"/desk/account", "GET", 401, 401, 200, 200, 200},
		{"/desk/account/password", "POST", 401, 401, 400, 400, 400}, // nothing typed
		{"/desk/account/lang", "POST", 401, 401, 400, 400, 400},
		{"/desk/account/elsewhere", "POST", 401, 401, 200, 200, 200},
		{"/desk/accounts", "GET", 401, 401, 403, 403, 200},
		{"/desk/accounts/invite", "POST", 401, 401, 403, 403, 400},
		{nobody + "/role", "POST", 401, 401, 403, 403, 404},
		{nobody + "/disable", "POST", 401, 401, 403, 403, 404},
		{nobody + "/enable", "POST", 401, 401, 403, 403, 404},
		{"/desk/accounts/nothing/role", "POST", 401, 401, 403, 403, 404},
		{"/desk?view=mine", "GET", 401, 401, 200, 200, 200},
		{"/desk?view=unassigned", "GET", 401, 401, 200, 200, 200},
		{ticket + "/assign", "POST", 401, 401, 409, 409, 409}, // held
	} {
		for name, want := range map[string]int{"guest": c.guest, "disabled": c.disabled, "agent": c.agent, "editor": c.editor, "admin": c.admin} {
			var status int
			if c.method == "GET" {
				status, _, _ = people[name].get(t, c.path)
			} else {
				status, _, _ = people[name].send(t, c.path)
			}
			if status != want {
				t.Errorf("%s %s as %s: %d, want %d", c.method, c.path, name, status, want)
			}
		}
	}
	// GET acts nowhere.
	for _, path := range []string{"/desk/account/elsewhere", "/desk/accounts/" + id("agent@example.org") + "/disable", ticket + "/assign"} {
		if status, _, _ := people["admin"].get(t, path); status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	// What an admin does to somebody holds from the next request on.
	if _, page, _ := people["admin"].send(t, "/desk/accounts/"+id("agent@example.org")+"/role", "role", "admin"); !strings.Contains(page, "The role is changed") {
		t.Error("changing a role")
	}
	if status, _, _ := people["agent"].get(t, "/desk/accounts"); status != http.StatusOK {
		t.Errorf("a new admin: %d", status)
	}
	if status, page, _ := people["agent"].send(t, "/desk/accounts/"+id("agent@example.org")+"/role", "role", "agent"); status != http.StatusConflict || !strings.Contains(page, "your own role") {
		t.Errorf("one's own role: %d", status)
	}
	people["admin"].send(t, "/desk/accounts/"+id("editor@example.org")+"/disable")
	if status, _, _ := people["editor"].get(t, "/desk"); status != http.StatusUnauthorized {
		t.Errorf("disabled a moment ago: %d", status)
	}
}

// TestSignInByPassword signs in, is led where it wanted to go and nowhere else, and out again.
func TestSignInByPassword(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	newBrowser(t, h).hire(t, h, "ines@example.org", support.RoleAgent)
	b := newBrowser(t, h)
	_, page, _ := b.get(t, "/desk/gaps?days=30")
	if !strings.Contains(page, `href="/desk/sign-in?next=%2Fdesk%2Fgaps%3Fdays%3D30"`) {
		t.Errorf("the page for guests leads nowhere: %s", page)
	}
	_, page, _ = b.get(t, "/desk/sign-in?next=%2Fdesk%2Fgaps%3Fdays%3D30")
	if !strings.Contains(page, `name="next" value="/desk/gaps?days=30"`) || !strings.Contains(page, `autocomplete="current-password"`) || !strings.Contains(page, `type="password"`) {
		t.Errorf("the form: %s", page)
	}
	if _, page, _ := b.get(t, "/desk/sign-in?show=1"); strings.Contains(page, `type="password"`) {
		t.Error("without scripts the password cannot be shown")
	}
	var answers []string
	for _, email := range []string{"ines@example.org", "nobody@example.org"} {
		status, page, _ := b.send(t, "/desk/sign-in", "email", email, "password", "wrong and secret", "next", "/desk")
		if status != http.StatusBadRequest || !strings.Contains(page, `value="`+email+`"`) || strings.Contains(page, "wrong and secret") {
			t.Errorf("%s: %d %s", email, status, page)
		}
		answers = append(answers, strings.ReplaceAll(page, email, ""))
	}
	nonce := regexp.MustCompile(`nonce="[^"]*"`)
	if nonce.ReplaceAllString(answers[0], "") != nonce.ReplaceAllString(answers[1], "") {
		t.Error("the page tells whether somebody has the address")
	}
	for next, want := range map[string]string{"/desk/gaps?days=30": "/desk/gaps", "https://evil.example/desk": "/desk", "//evil.example/desk": "/desk", `/\evil.example`: "/desk",
		"/desk/../fr": "/desk", "/fr": "/desk", "javascript:alert(1)": "/desk", "/desk//evil": "/desk", "": "/desk", "/deskevil": "/desk"} {
		b := newBrowser(t, h)
		status, _, at := b.send(t, "/desk/sign-in", "email", "Ines@example.org", "password", password, "next", next)
		if status != http.StatusOK || at.Path != want || at.Host != mustParse(t, h.URL).Host {
			t.Errorf("next %q: %d at %s", next, status, at)
		}
	}
	b.send(t, "/desk/sign-in", "email", "ines@example.org", "password", password)
	for _, c := range b.Jar.Cookies(mustParse(t, h.URL)) {
		if c.Name == "guichet_desk" && len(c.Value) != 43 {
			t.Errorf("the session is %q", c.Value)
		}
	}
	if status, _, at := b.get(t, "/desk/sign-in"); status != http.StatusOK || at.Path != "/desk" {
		t.Errorf("who is signed in already: %d at %s", status, at)
	}
	b.send(t, "/desk/sign-out")
	if status, _, _ := b.get(t, "/desk"); status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", status)
	}
	for i := range 6 { // the budget's own counting is held in package auth
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/desk/sign-in", strings.NewReader(url.Values{"email": {"ines@example.org"}, "password": {"x"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if i == 5 && (answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "1") {
			t.Errorf("the sixth try: %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
		}
	}
}

// TestInvitationAndLostPassword walks both ways through the letters.
func TestInvitationAndLostPassword(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	admin, marc := newBrowser(t, h), newBrowser(t, h)
	admin.hire(t, h, "admin@example.org", support.RoleAdmin)
	status, page, _ := admin.send(t, "/desk/accounts/invite", "email", "marc", "name", "Marc", "role", "editor")
	if status != http.StatusBadRequest || !strings.Contains(page, `id="email-error"`) || !strings.Contains(page, `value="Marc"`) || !strings.Contains(page, `value="editor" selected`) {
		t.Errorf("a wrong address: %d, and what was typed must not be lost", status)
	}
	if status, page, _ := admin.send(t, "/desk/accounts/invite", "email", "marc@example.org", "name", "Marc", "role", "editor"); status != http.StatusOK || !strings.Contains(page, "Invited") {
		t.Errorf("inviting: %d %s", status, page)
	}
	path := mailed(t, h, "marc@example.org", "/desk/invitation/")
	status, page, _ = marc.send(t, path, "name", "Marc Petit", "password", "password1234")
	if status != http.StatusBadRequest || !strings.Contains(page, "guessed first") || !strings.Contains(page, `value="Marc Petit"`) || strings.Contains(page, "password1234") {
		t.Errorf("a common password: %d %s", status, page)
	}
	if status, page, at := marc.send(t, path, "name", "Marc Petit", "password", password); status != http.StatusOK || at.Path != "/desk" || !strings.Contains(page, "Marc Petit") {
		t.Errorf("taking it: %d at %s", status, at)
	}
	if _, page, _ := marc.get(t, "/desk/account"); !strings.Contains(page, "Here") {
		t.Errorf("the account: %s", page)
	}

	guest := newBrowser(t, h)
	said := map[string]bool{}
	for _, email := range []string{"nobody@example.org", "marc@example.org"} {
		status, page, _ := guest.send(t, "/desk/lost-password", "email", email)
		said[regexp.MustCompile(`nonce="[^"]*"`).ReplaceAllString(page, "")] = true
		if status != http.StatusOK {
			t.Errorf("asking for %s: %d", email, status)
		}
	}
	if len(said) != 1 {
		t.Error("the page tells whether somebody has the address")
	}
	path = mailed(t, h, "marc@example.org", "/desk/password/")
	if status, _, _ := guest.get(t, path); status != http.StatusOK {
		t.Errorf("the page of the reset: %d", status)
	}
	if status, _, at := guest.send(t, path, "password", "un tout autre mot"); status != http.StatusOK || at.Path != "/desk" {
		t.Errorf("the reset: %d at %s", status, at)
	}
	if status, _, _ := marc.get(t, "/desk"); status != http.StatusUnauthorized {
		t.Errorf("the session of before: %d", status)
	}
	if status, _, _ := guest.get(t, path); status != http.StatusGone {
		t.Errorf("the reset again: %d", status)
	}
}

// TestTeamMail: where admins have set an address, a released ticket is announced there.
func TestTeamMail(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, admin := newBrowser(t, h), newAdmin(t, h)
	f := admin.settings(t)
	f.Set("team_mail", "equipe")
	if status, page, _ := admin.press(t, f, "save"); status != http.StatusBadRequest || !strings.Contains(page, `href="#team_mail"`) {
		t.Errorf("what is no address: %d", status)
	}
	release := func() (n int) {
		t.Helper()
		guest.request(t, "fr", "claire@example.org", "Bonjour, où est mon remboursement ?")
		tickets, _, err := h.Desk.Tickets(t.Context(), support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}, desk.Filter{View: "held"})
		if err != nil || len(tickets) != 1 {
			t.Fatalf("held tickets: %v %v", tickets, err)
		}
		admin.send(t, "/desk/tickets/"+string(tickets[0].ID)+"/release")
		if err := h.Database().Pool().QueryRow(t.Context(), `SELECT count(*) FROM mails WHERE ticket_id = $1 AND kind = 'team' AND recipient = 'equipe@example.org' AND lang = 'fr'`, tickets[0].ID).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := release(); n != 0 {
		t.Errorf("%d mails to nobody", n)
	}
	admin.change(t, "team_mail", "equipe@example.org", "default", "fr")
	if n := release(); n != 1 {
		t.Errorf("%d mails to the team, want 1", n)
	}
}

// TestDossier: what was asked, said, cited and rejected stands beside the ticket, and assigning works.
func TestDossier(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent := newBrowser(t, h), newBrowser(t, h)
	agent.hire(t, h, "ines@example.org", support.RoleAgent)
	_, _, at := guest.get(t, "/en/ask?q=How+long+does+a+refund+take%3F")
	answer := at.Path[strings.LastIndexByte(at.Path, '/')+1:]
	if status, _, _ := guest.send(t, "/en/answers/"+answer+"/feedback", "helpful", "no", "reasons", "incomplete", "comment", "Which <days>?"); status != http.StatusOK {
		t.Fatalf("rating: %d at %s", status, at)
	}
	_, form, _ := guest.get(t, "/en/requests/new?answer="+answer)
	id := clientID.FindStringSubmatch(form)
	if status, _, _ := guest.send(t, "/en/requests/new", "client_id", id[1], "email", "claire@example.org", "category", "refund", "text", "Where is it?", "answer", answer); status != http.StatusOK {
		t.Fatalf("asking for a person: %d", status)
	}
	var ticket string
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM tickets`).Scan(&ticket); err != nil {
		t.Fatal(err)
	}
	path := "/desk/tickets/" + ticket
	agent.send(t, path+"/release")
	_, page, _ := agent.get(t, path)
	i := strings.Index(page, `id="dossier"`)
	if i < 0 {
		t.Fatalf("no dossier: %s", page)
	}
	for _, want := range []string{"How long does a refund take?", "7 to 14 days", `href="/en/articles/`, "Did not help", "Which &lt;days&gt;?", "/desk/answers/" + answer} {
		if !strings.Contains(page[i:], want) {
			t.Errorf("the dossier lacks %q: %s", want, page[i:])
		}
	}
	was := regexp.MustCompile(`name="was" value="([^"]*)"`)
	me := regexp.MustCompile(`name="assignee" value="([^"]+)"`).FindStringSubmatch(page)
	if me == nil || was.FindStringSubmatch(page)[1] != "" {
		t.Fatalf("nobody can take it: %s", page)
	}
	if _, page, _ := agent.send(t, path+"/assign", "was", "", "assignee", me[1]); !strings.Contains(page, "ines has taken the ticket") || was.FindStringSubmatch(page)[1] != me[1] {
		t.Errorf("taking it: %s", page)
	}
	if status, page, _ := agent.send(t, path+"/assign", "was", "", "assignee", ""); status != http.StatusConflict || !strings.Contains(page, "ines has taken the ticket meanwhile") {
		t.Errorf("by a page of before: %d", status)
	}
	if _, page, _ := agent.get(t, "/desk?view=mine"); !strings.Contains(page, ticket) || !strings.Contains(page, "<bdi>ines</bdi>") {
		t.Errorf("mine: %s", page)
	}
	if _, page, _ := agent.get(t, "/desk?view=unassigned"); strings.Contains(page, ticket) {
		t.Error("it is among those of nobody")
	}
}
