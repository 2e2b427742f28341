package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
)

// posted delivers what is promised to members, as the jobs would, and returns the paths in the letters
// to an address that begin so, the newest first.
func posted(t *testing.T, h *apptest.House, to, begins string) (paths []string) {
	t.Helper()
	for kind, deliver := range map[string]func(support.MailID) error{
		"member_sign_in": func(id support.MailID) error { return h.Members.Deliver(t.Context(), id) },
		"confirmation":   func(id support.MailID) error { return h.Handoff.Deliver(t.Context(), id) },
	} {
		rows, err := h.Database().Pool().Query(t.Context(), `SELECT id FROM mails WHERE state = 'queued' AND kind = $1 ORDER BY id`, kind)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[support.MailID])
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if err := deliver(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	mails, err := h.Database().Mailbox(t.Context(), 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		raw := strings.ReplaceAll(strings.ReplaceAll(string(m.Raw), "=\r\n", ""), "=3D", "=")
		if i := strings.Index(raw, h.URL+begins); m.Recipient == to && i >= 0 {
			link, _, _ := strings.Cut(raw[i+len(h.URL):], "\r\n")
			paths = append(paths, link)
		}
	}
	return paths
}

// join signs the browser in with a link that is mailed to the address.
func (b *browser) join(t *testing.T, h *apptest.House, email string) {
	t.Helper()
	if status, page, _ := b.send(t, "/fr/my/link", "email", email); status != http.StatusOK || !strings.Contains(page, email) {
		t.Fatalf("asking for a link: %d", status)
	}
	link := posted(t, h, email, "/fr/my/sign-in/")
	if len(link) == 0 {
		t.Fatalf("no link for %s", email)
	}
	if status, page, at := b.send(t, link[0]); status != http.StatusOK || at.Path != "/fr/requests" || !strings.Contains(page, email) {
		t.Fatalf("signing in as %s: %d at %s", email, status, at)
	}
}

var refIn = regexp.MustCompile(`G-[0-9A-HJKMNP-TV-Z]{5}`)

// proven makes a request by the form and proves its address; it returns its reference and its link.
func (b *browser) proven(t *testing.T, h *apptest.House, email, text string) (ref, link string) {
	t.Helper()
	link = b.request(t, "fr", email, text)
	_, page, _ := b.get(t, link)
	ref = refIn.FindString(page)
	for _, p := range posted(t, h, email, "/fr/requests/") {
		u, err := url.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		if proof := u.Query().Get("proof"); proof != "" {
			if status, _, _ := b.send(t, u.Path+"/prove", "proof", proof); status == http.StatusOK {
				return ref, link
			}
		}
	}
	t.Fatalf("no proof for %s", email)
	return "", ""
}

// tell has the team answer a request.
func tell(t *testing.T, h *apptest.House, ref, text string) {
	t.Helper()
	agent := support.Agent{ID: support.NewID[support.AgentID](), Email: "ines@example.org", Name: "Inès", Role: support.RoleAgent}
	id, err := h.Database().SaveAgent(t.Context(), agent)
	if err != nil {
		t.Fatal(err)
	}
	agent.ID = id
	if err := h.Desk.Reply(t.Context(), support.Actor{Agent: &agent}, ticketOf(t, h, ref), string(support.NewToken()), text, "", false); err != nil {
		t.Fatal(err)
	}
}

func ticketOf(t *testing.T, h *apptest.House, ref string) (id support.TicketID) {
	t.Helper()
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM tickets WHERE ref = $1`, ref).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func execute(t *testing.T, h *apptest.House, sql string, args ...any) {
	t.Helper()
	if _, err := h.Database().Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// space is the cookie's header of a browser that is signed in as a member.
func (b *browser) space(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "guichet_member" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// TestMissingOnThePage: what a category still asks for is asked for on the request's page too, by its link
// and in « Mes demandes »; a mistake loses nothing, and what is there is asked for no longer.
func TestMissingOnThePage(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	ref, link := b.proven(t, h, "camille@example.org", "Remboursez-moi le tableau acheté hier.")
	for _, base := range []string{link, "/fr/my/requests/" + ref} {
		if base != link {
			execute(t, h, `UPDATE tickets SET fields = '{}' WHERE ref = $1`, ref)
			b.join(t, h, "camille@example.org")
		}
		if _, page, _ := b.get(t, base); !strings.Contains(page, `id="field-amount"`) || !strings.Contains(page, `id="field-transaction_date"`) {
			t.Fatalf("%s asks for nothing", base)
		}
		status, page, _ := b.send(t, base+"/fields", "fields.amount", "beaucoup", "fields.transaction_date", "2026-11-20")
		f := readForm(page)
		if status != http.StatusBadRequest || !strings.Contains(page, `href="#field-amount"`) || f.Get("fields.amount") != "beaucoup" || f.Get("fields.transaction_date") != "2026-11-20" {
			t.Errorf("%s: %d, typed %v", base, status, f.Values)
		}
		status, page, _ = b.send(t, base+"/fields", "fields.amount", "49,90 €", "fields.transaction_date", "2026-11-20")
		if status != http.StatusOK || !strings.Contains(page, "Vos précisions sont ajoutées") || strings.Contains(page, `id="missing"`) {
			t.Errorf("%s: %d, still asking: %t", base, status, strings.Contains(page, `id="missing"`))
		}
		var amount string
		if err := h.Database().Pool().QueryRow(t.Context(), `SELECT fields->>'amount' FROM tickets WHERE ref = $1`, ref).Scan(&amount); err != nil || amount == "" {
			t.Errorf("%s: the ticket has the amount %q, %v", base, amount, err)
		}
	}
	execute(t, h, `UPDATE tickets SET status = 'closed', fields = '{}' WHERE ref = $1`, ref)
	if status, page, _ := b.send(t, link+"/fields", "fields.amount", "1"); status != http.StatusConflict || strings.Contains(page, `id="missing"`) {
		t.Errorf("a closed request takes details: %d", status)
	}
	stranger := newBrowser(t, h)
	for path, want := range map[string]int{"/fr/my/requests/" + ref + "/fields": http.StatusUnauthorized, "/fr/requests/" + string(support.NewToken()) + "/fields": http.StatusNotFound} {
		if status, page, _ := stranger.send(t, path, "fields.amount", "1"); status != want || strings.Contains(page, "tableau") {
			t.Errorf("%s to a stranger: %d, want %d", path, status, want)
		}
	}
}

// TestSpacePages walks through « Mes demandes » as a member does, without scripts.
func TestSpacePages(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	const email = "camille@example.org"
	ref, _ := b.proven(t, h, email, "Mon vase est cassé.\nIl avait 100 % de chances.")
	heldPath := b.request(t, "fr", email, "Une autre demande, que personne n’a confirmée.")
	_, held, _ := b.get(t, heldPath)
	if _, page, _ := b.get(t, "/fr/requests"); strings.Contains(page, ref) || !strings.Contains(page, `id="ask-link"`) {
		t.Error("a guest is shown requests, or no form")
	}
	b.join(t, h, email)
	_, page, _ := b.get(t, "/fr/requests")
	if !strings.Contains(page, ref) || strings.Contains(page, refIn.FindString(held)) || !strings.Contains(page, "Reçue") {
		t.Errorf("the list: %s", page)
	}
	tell(t, h, ref, "Nous vous en envoyons un autre.")
	for range 2 { // reading changes nothing
		b.get(t, "/fr/my/requests/"+ref)
		_, page, _ := b.get(t, "/fr")
		if !strings.Contains(page, `<span class="badge" aria-hidden="true">1</span>`) {
			t.Error("no page says that something is unread")
		}
	}
	_, page, _ = b.get(t, "/fr/my/requests/"+ref)
	seen := regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(page)
	if seen == nil || !strings.Contains(page, "1 nouveau message") {
		t.Fatalf("the page does not say what is new: %s", page)
	}
	if _, page, at := b.send(t, "/fr/my/requests/"+ref+"/read", "seen", seen[1]); at.RawQuery != "read=1" || strings.Contains(page, "1 nouveau message") {
		t.Error("it cannot be marked as read")
	}
	if _, page, _ := b.get(t, "/fr"); strings.Contains(page, `class="badge"`) {
		t.Error("it is unread still")
	}
	id := clientID.FindStringSubmatch(page)
	if status, page, at := b.send(t, "/fr/my/requests/"+ref+"/reply", "client_id", id[1], "text", "Merci beaucoup <b>!"); status != 200 || at.Path != "/fr/my/requests/"+ref || !strings.Contains(page, "Merci beaucoup &lt;b&gt;!") {
		t.Errorf("a reply: %d at %s", status, at)
	}
	if status, page, _ := b.send(t, "/fr/my/requests/"+ref+"/reply", "client_id", "x", "text", " "); status != 400 || !strings.Contains(page, `id="text-error"`) {
		t.Errorf("an empty reply: %d", status)
	}
	if _, page, _ := b.send(t, "/fr/my/requests/"+ref+"/solved"); !strings.Contains(page, "Résolue") || !strings.Contains(page, `id="reopen"`) {
		t.Error("it is not solved, or cannot be reopened")
	}
	if _, page, _ := b.send(t, "/fr/my/requests/"+ref+"/reopen"); !strings.Contains(page, "En cours") || strings.Contains(page, `id="reopen"`) {
		t.Error("it is not reopened")
	}
	for query, want := range map[string]bool{"?q=100+%25": true, "?q=100+_": false, "?q=vase": true, "?status=solved": false, "?status=open": true} {
		if _, page, _ := b.get(t, "/fr/requests"+query); strings.Contains(page, `/fr/my/requests/`+ref) != want {
			t.Errorf("%s: found is %t", query, !want)
		}
	}
	for query, want := range map[string]int{"?status=weather": 400, "?after=nothing": 400, "?q=" + strings.Repeat("a", 300): 400} {
		if status, _, _ := b.get(t, "/fr/requests"+query); status != want {
			t.Errorf("%.20s: %d, want %d", query, status, want)
		}
	}
	for n := range 21 {
		execute(t, h, `INSERT INTO tickets (id, ref, conversation_id, client_id, status, category, lang, subject, email, email_proven_at, updated_at)
			SELECT gen_random_uuid(), $1, conversation_id, $1, 'closed', category, lang, 'Une demande de ' || $1, email, now(), now() - interval '1 day' FROM tickets WHERE ref = $2`,
			fmt.Sprintf("G-%05d", n), ref)
	}
	_, page, _ = b.get(t, "/fr/requests?status=closed")
	next := regexp.MustCompile(`id="next" href="([^"]+)"`).FindStringSubmatch(page)
	if next == nil {
		t.Fatal("there is no second page")
	}
	_, second, _ := b.get(t, strings.ReplaceAll(next[1], "&amp;", "&"))
	if n := strings.Count(page, `class="request`) - 1; n != 20 || strings.Count(second, `<li class="request`) != 1 { // the list's own class too
		t.Errorf("%d and %d requests on two pages", n, strings.Count(second, `<li class="request`))
	}
	if _, page, at := b.send(t, "/fr/my/sign-out"); at.Path != "/fr/requests" || !strings.Contains(page, "La session est terminée") || b.space(t) != "" {
		t.Error("signing out")
	}
	if _, _, at := b.get(t, "/fr/my/requests/"+ref); at.Path != "/fr/requests" {
		t.Errorf("a guest is led to %s", at)
	}
}

var nonces = regexp.MustCompile(`nonce="[^"]*"`)

// TestSpaceAPI is a member's way through the API, held against its description.
func TestSpaceAPI(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	h := v.h
	b := newBrowser(t, h)
	ref, _ := b.proven(t, h, "camille@example.org", "Mon vase est cassé.")
	b.join(t, h, "camille@example.org")
	cookie := map[string]string{"Cookie": b.space(t), "Sec-Fetch-Site": "same-origin"}
	at := "/api/v1/tickets/" + ref
	tell(t, h, ref, "Nous cherchons.")
	for _, s := range []scenario{
		{path: "/api/v1/tickets", header: cookie, status: 200, want: []string{ref, `"unread":1`, `"next":null`, `"status":"waiting"`, h.URL + "/en/my/requests/" + ref}},
		{path: "/api/v1/tickets?status=solved", header: cookie, status: 200, want: []string{`"tickets":[]`}},
		{path: "/api/v1/tickets?q=vase&status=open&channel=email&limit=1", header: cookie, status: 200, want: []string{ref}},
		{path: "/api/v1/tickets?q=%25", header: cookie, status: 200, want: []string{`"tickets":[]`}},
		{path: "/api/v1/tickets?status=x", header: cookie, status: 400, want: []string{`"field":"status"`}},
		{path: "/api/v1/tickets?channel=x", header: cookie, status: 400, want: []string{`"field":"channel"`}},
		{path: "/api/v1/tickets?after=x", header: cookie, status: 400, want: []string{`"field":"after"`}},
		{path: "/api/v1/tickets?limit=0", header: cookie, status: 400, want: []string{`"field":"limit"`}},
		{path: "/api/v1/tickets", status: 401, want: []string{`"kind":"unauthorized"`}},
		{path: at, header: cookie, status: 200, want: []string{"Nous cherchons.", `"can_reopen":false`, `"over":false`, `"unread":1`}},
		{path: "/api/v1/tickets/" + strings.ToLower(ref), header: cookie, status: 200, want: []string{ref}},
		{path: "/api/v1/tickets/G-ZZZZZ", header: cookie, status: 404},
		{path: at + "/read", body: `{"seq":0}`, header: cookie, status: 400, want: []string{`"field":"seq"`}},
		{path: at + "/read", body: `{"seq":"x"}`, header: cookie, status: 400, want: []string{`"field":"seq"`}},
		{path: at + "/read", body: `{"seq":99}`, header: cookie, status: 204},
		{path: at, header: cookie, status: 200, want: []string{`"unread":0`}},
		{path: at + "/messages", body: `{"client_id":"m-1","text":""}`, header: cookie, status: 400, want: []string{`"field":"text"`}},
		{path: at + "/messages", body: `{"text":"Bonjour"}`, header: cookie, status: 400, want: []string{`"field":"client_id"`}},
		{path: at + "/messages", body: `{"client_id":"m-1","text":"Merci."}`, header: cookie, status: 201, want: []string{"Merci."}},
		{path: at + "/messages", body: `{"client_id":"m-1","text":"Merci."}`, header: cookie, status: 201},
		{path: at + "/messages", body: `{"client_id":"m-1","text":"Non."}`, header: cookie, status: 409},
		{path: at + "/solved", method: "POST", header: cookie, status: 200, want: []string{`"status":"solved"`, `"can_reopen":true`}},
		{path: at + "/reopen", method: "POST", header: cookie, status: 200, want: []string{`"status":"in_progress"`}},
		{path: at + "/solved", method: "POST", header: cookie, status: 200},
	} {
		v.run(t, s)
	}
	execute(t, h, `UPDATE tickets SET solved_at = now() - interval '14 days 1 minute' WHERE ref = $1`, ref)
	v.run(t, scenario{path: at, header: cookie, status: 200, want: []string{`"can_reopen":false`, `"over":true`}})
	v.run(t, scenario{path: at + "/reopen", method: "POST", header: cookie, status: 409})
	v.run(t, scenario{path: at + "/messages", body: `{"client_id":"m-2","text":"Encore."}`, header: cookie, status: 409})
	follow := `{"client_id":"follow-0001","text":"Le second vase est cassé aussi."}`
	var first, second struct {
		Ticket  struct{ Ref string }
		Follows string
	}
	for i, into := range []any{&first, &second} { // pressed twice, it is one
		_, body := v.run(t, scenario{path: at + "/reopen", header: cookie, status: 201 - i, body: follow, want: []string{"Le second vase"}})
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatal(err)
		}
	}
	if first.Ticket.Ref == ref || first != second || first.Follows != ref {
		t.Errorf("followed by %+v and %+v", first, second)
	}
	v.run(t, scenario{path: at, header: cookie, status: 200, want: []string{`"followed_by":["` + first.Ticket.Ref + `"]`}})
	if _, page, _ := b.get(t, "/fr/my/requests/"+ref); !strings.Contains(page, `id="follow"`) || !strings.Contains(page, first.Ticket.Ref) {
		t.Error("the page of the first does not lead on")
	}
	if _, page, _ := b.get(t, "/fr/my/requests/"+first.Ticket.Ref); !strings.Contains(page, `href="/fr/my/requests/`+ref+`"`) {
		t.Error("the page of the second does not lead back")
	}
}

// TestSpaceOfASite: a member of a site has what was asked in their name, and by their session alone;
// what a guest asked becomes theirs with its conversation.
func TestSpaceOfASite(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	h := v.h
	guest := converse(t, h, "fr")
	_, body := v.run(t, scenario{path: guest.path + "/handoff", header: guest.bearer, status: 201,
		body: `{"client_id":"form-0001","channel":"email","category":"refund","email":"somebody@example.org","text":"Rien reçu."}`})
	ref := refIn.FindString(body)
	camille, paul := v.signIn("camille"), v.signIn("paul")
	// The same address, proven here, and another way of being somebody.
	b := newBrowser(t, h)
	b.join(t, h, "camille@example.org")
	cookie := map[string]string{"Cookie": b.space(t)}
	for name, header := range map[string]map[string]string{"camille": as(camille), "paul": as(paul), "her address": cookie} {
		if _, body := v.run(t, scenario{path: "/api/v1/tickets", header: header, status: 200}); strings.Contains(body, ref) {
			t.Errorf("%s has a guest's request", name)
		}
		v.run(t, scenario{path: "/api/v1/tickets/" + ref, header: header, status: 404})
	}
	_, body = v.run(t, scenario{path: "/api/v1/identity", status: 200, want: []string{`"merged":true`},
		body: fmt.Sprintf(`{"token":%q,"conversation":{"id":%q,"token":%q}}`, v.jwt("camille"), strings.TrimPrefix(guest.path, "/api/v1/conversations/"), strings.TrimPrefix(guest.bearer["Authorization"], "Bearer "))})
	v.run(t, scenario{path: "/api/v1/tickets", header: as(camille), status: 200, want: []string{ref, `"held":true`, `"url":""`}})
	v.run(t, scenario{path: "/api/v1/tickets/" + ref, header: as(camille), status: 200, want: []string{"Rien reçu."}})
	v.run(t, scenario{path: "/api/v1/tickets/" + ref + "/messages", header: as(camille), status: 201, body: `{"client_id":"m-1","text":"Toujours rien."}`})
	for _, header := range []map[string]string{as(paul), cookie} {
		v.run(t, scenario{path: "/api/v1/tickets/" + ref, header: header, status: 404})
	}
	v.run(t, scenario{method: "DELETE", path: "/api/v1/identity", header: as(camille), status: 204})
	v.run(t, scenario{path: "/api/v1/tickets", header: as(camille), status: 401})
}

// TestSpaceFiles: a member attaches to their request and reads what is attached to it; nobody else does.
func TestSpaceFiles(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	h := v.h
	b, other := newBrowser(t, h), newBrowser(t, h)
	ref, _ := b.proven(t, h, "camille@example.org", "Mon vase est cassé.")
	otherRef, _ := other.proven(t, h, "paul@example.org", "Mon colis manque.")
	b.join(t, h, "camille@example.org")
	other.join(t, h, "paul@example.org")
	header := func(b *browser, more ...string) map[string]string {
		out := map[string]string{"Cookie": b.space(t), "Sec-Fetch-Site": "same-origin"}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	at := "/api/v1/tickets/" + ref
	sending := []string{"Content-Disposition", `attachment; filename="piece.pdf"`, "Idempotency-Key", "file-0001", "Content-Type", "application/octet-stream"}
	pdf := "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
	v.run(t, scenario{path: at + "/attachments", header: header(other, sending...), status: 404, body: pdf})
	_, body := v.run(t, scenario{path: at + "/attachments", header: header(b, sending...), status: 201, body: pdf, want: []string{"piece.pdf"}})
	var sent struct{ Attachment struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	content := at + "/attachments/" + sent.Attachment.ID + "/content"
	v.run(t, scenario{path: content, header: header(b), status: 409}) // no message has it yet
	v.run(t, scenario{path: at + "/messages", header: header(b), status: 201, body: fmt.Sprintf(`{"client_id":"m-1","text":"La facture.","attachments":[%q]}`, sent.Attachment.ID)})
	v.run(t, scenario{path: at, header: header(b), status: 200, want: []string{h.URL + content}})
	for name, s := range map[string]struct {
		path, cookie string
		status       int
	}{
		"the member":           {content, b.space(t), 200},
		"another member":       {content, other.space(t), 404},
		"by another's request": {"/api/v1/tickets/" + otherRef + "/attachments/" + sent.Attachment.ID + "/content", other.space(t), 404},
		"nobody":               {content, "", 401},
		"the page":             {"/fr/my/requests/" + ref + "/files/" + sent.Attachment.ID, b.space(t), 200},
		"another's page":       {"/fr/my/requests/" + otherRef + "/files/" + sent.Attachment.ID, other.space(t), 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+s.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", s.cookie)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != s.status {
			t.Errorf("%s: %d, want %d", name, answer.StatusCode, s.status)
		}
		if s.status == 200 && answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the type may be guessed", name)
		}
	}
}
