package httpapi_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/internal/support"
)

// browser keeps cookies, follows redirects and sends what a browser sends with a form of our own.
type browser struct {
	http.Client
	url string
}

func newBrowser(t *testing.T, h *apptest.House) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{http.Client{Jar: jar}, h.URL}
}

// get opens a page and returns its status and text.
func (b *browser) get(t *testing.T, path string) (int, string, *url.URL) {
	t.Helper()
	r, err := b.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	return b.read(t, r)
}

// send posts a form.
func (b *browser) send(t *testing.T, path string, fields ...string) (int, string, *url.URL) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return b.read(t, answer)
}

func (b *browser) read(t *testing.T, r *http.Response) (int, string, *url.URL) {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body), r.Request.URL
}

// signIn makes an agent of a role and signs the browser in by the one-time link.
func (b *browser) signIn(t *testing.T, h *apptest.House, email string, role support.Role) {
	t.Helper()
	if err := h.Auth.AddAgent(t.Context(), email, "", role); err != nil {
		t.Fatal(err)
	}
	token, err := h.Auth.SignInToken(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	path := "/desk/sign-in/" + string(token)
	if status, _, _ := b.get(t, path); status != http.StatusOK {
		t.Fatalf("the sign-in page: %d", status)
	}
	if status, _, at := b.send(t, path); status != http.StatusOK || at.Path != "/desk" {
		t.Fatalf("signing in as %s: %d at %s", role, status, at)
	}
	if status, _, _ := newBrowser(t, h).send(t, path); status != http.StatusGone {
		t.Errorf("the sign-in link works twice: %d", status)
	}
}

var clientID = regexp.MustCompile(`name="client_id" value="([^"]+)"`)

// request makes a ticket by the form and returns the path of its page.
func (b *browser) request(t *testing.T, lang, email, text string) string {
	t.Helper()
	_, page, _ := b.get(t, "/"+lang+"/requests/new")
	id := clientID.FindStringSubmatch(page)
	if id == nil {
		t.Fatalf("the form has no client_id: %s", page)
	}
	status, page, at := b.send(t, "/"+lang+"/requests/new", "client_id", id[1], "email", email, "category", "refund", "text", text)
	if status != http.StatusOK || !strings.HasPrefix(at.Path, "/"+lang+"/requests/") || strings.HasSuffix(at.Path, "/new") {
		t.Fatalf("sending the form: %d at %s: %s", status, at.Path, page)
	}
	return at.Path
}

// TestDeskIsForStaff opens every page of the desk as each role.
func TestDeskIsForStaff(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	guest, agent, editor, admin := newBrowser(t, h), newBrowser(t, h), newBrowser(t, h), newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	editor.signIn(t, h, "editor@example.org", support.RoleEditor)
	admin.signIn(t, h, "admin@example.org", support.RoleAdmin)
	guest.request(t, "fr", "claire@example.org", "Bonjour, où est mon remboursement ?")
	tickets, _, err := h.Desk.Tickets(t.Context(), support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}, desk.Filter{View: "held"})
	if err != nil || len(tickets) != 1 {
		t.Fatalf("held tickets: %v %v", tickets, err)
	}
	ticket := "/desk/tickets/" + string(tickets[0].ID)
	for _, c := range []struct {
		path, method                string
		guest, agent, editor, admin int
	}{
		{"/desk", "GET", 401, 200, 200, 200},
		{"/desk?view=held", "GET", 401, 200, 200, 200},
		{ticket, "GET", 401, 200, 200, 200},
		{"/desk/tickets/nothing", "GET", 401, 404, 404, 404},
		{"/desk/tickets/0190f5a0-0000-7000-8000-000000000000", "GET", 401, 404, 404, 404},
		{"/desk/mailbox", "GET", 401, 403, 403, 200},
		{"/desk/feedback", "GET", 401, 200, 200, 200},
		{"/desk/gaps", "GET", 401, 200, 200, 200},
		{"/desk/gaps/done", "POST", 401, 403, 400, 400}, // no gap named
		{"/desk/answers/0190f5a0-0000-7000-8000-000000000000", "GET", 401, 404, 404, 404},
		{ticket + "/reply", "POST", 401, 400, 400, 400}, // nothing written
		{ticket + "/status", "POST", 401, 409, 409, 409},
		{"/desk/sign-in/nothing", "POST", 404, 404, 404, 404},
	} {
		for _, who := range []struct {
			name string
			b    *browser
			want int
		}{{"guest", guest, c.guest}, {"agent", agent, c.agent}, {"editor", editor, c.editor}, {"admin", admin, c.admin}} {
			var status int
			if c.method == "GET" {
				status, _, _ = who.b.get(t, c.path)
			} else {
				status, _, _ = who.b.send(t, c.path)
			}
			if status != who.want {
				t.Errorf("%s %s as %s: %d, want %d", c.method, c.path, who.name, status, who.want)
			}
		}
	}
	if status, _, _ := guest.send(t, ticket+"/release"); status != http.StatusUnauthorized {
		t.Errorf("a guest releases a ticket: %d", status)
	}
	if status, _, _ := agent.send(t, ticket+"/release"); status != http.StatusOK {
		t.Errorf("an agent releases a ticket: %d", status)
	}
	if _, page, _ := agent.get(t, "/desk"); !strings.Contains(page, tickets[0].Ref) {
		t.Error("the released ticket is not in the list")
	}
	agent.send(t, "/desk/sign-out")
	if status, _, _ := agent.get(t, "/desk"); status != http.StatusUnauthorized {
		t.Errorf("after signing out the desk opens: %d", status)
	}
}

// TestTicketLink holds what a ticket's link opens, and what nothing else does.
func TestTicketLink(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	claire, stranger := newBrowser(t, h), newBrowser(t, h)
	path := claire.request(t, "fr", "claire@example.org", "Je <b>voudrais</b> un remboursement.")
	_, page, _ := claire.get(t, path)
	if !strings.Contains(page, "Je &lt;b&gt;voudrais&lt;/b&gt; un remboursement.") {
		t.Error("the request is not on its page, escaped")
	}
	ref := regexp.MustCompile(`G-[0-9A-Z]{5}`).FindString(page)
	for _, p := range []string{"/fr/requests/" + ref, "/fr/requests/" + strings.Repeat("A", 43), "/xx/requests/abc"} {
		if status, _, _ := stranger.get(t, p); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", p, status)
		}
	}
	if status, page, _ := claire.send(t, path+"/reply", "client_id", "reply-0001", "text", ""); status != http.StatusBadRequest || !strings.Contains(page, `aria-invalid="true"`) {
		t.Errorf("an empty reply: %d", status)
	}
	long := strings.Repeat("mot ", 6000)
	if status, page, _ := claire.send(t, path+"/reply", "client_id", "reply-0001", "text", long); status != http.StatusBadRequest || !strings.Contains(page, long[:1000]) {
		t.Errorf("a reply that is too long: %d, and the text must not be lost", status)
	}
	for range 2 { // a double click
		if status, _, _ := claire.send(t, path+"/reply", "client_id", "reply-0002", "text", "Avez-vous des nouvelles ?"); status != http.StatusOK {
			t.Errorf("a reply: %d", status)
		}
	}
	if _, page, _ := claire.get(t, path); strings.Count(page, "Avez-vous des nouvelles ?") != 1 {
		t.Error("the reply is not there once")
	}
	if status, _, _ := claire.send(t, path+"/address", "email", "nobody"); status != http.StatusBadRequest {
		t.Errorf("a wrong address: %d", status)
	}
	if status, page, _ := claire.send(t, path+"/address", "email", "claire@example.net"); status != http.StatusOK || !strings.Contains(page, "claire@example.net") {
		t.Errorf("a corrected address: %d", status)
	}
	if status, _, _ := claire.send(t, path+"/prove", "proof", "nothing"); status != http.StatusNotFound {
		t.Errorf("a proof that never was: %d", status)
	}
}

// TestFormLosesNothing holds the promise that bad input is named at its field and nothing typed is lost.
func TestFormLosesNothing(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	for _, c := range []struct {
		name   string
		fields []string
		status int
		want   []string
	}{
		{"Empty", []string{"client_id", "form-00001"}, 400, []string{`id="email-error"`, `id="category-error"`, `id="text-error"`}},
		{"WrongAddress", []string{"client_id", "form-00002", "email", "claire at example", "category", "refund", "text", "Bonjour à tous"}, 400,
			[]string{`value="claire at example"`, "Bonjour à tous", `value="refund" selected`}},
		{"FarTooLong", []string{"client_id", "form-00003", "email", "claire@example.org", "category", "refund", "text", strings.Repeat("é", 100_000)}, 400,
			[]string{strings.Repeat("é", 100_000), `value="claire@example.org"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, page, _ := b.send(t, "/fr/requests/new", c.fields...)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, w := range append(c.want, "error-summary") {
				if !strings.Contains(page, w) {
					t.Errorf("the page lacks %.80q", w)
				}
			}
			if strings.Contains(page, "problem.") {
				t.Errorf("a message has no words: %.200s", page[strings.Index(page, "problem."):])
			}
		})
	}
	if status, page, _ := b.get(t, "/fr/ask?q="+strings.Repeat("a", 2001)); status != 400 || !strings.Contains(page, strings.Repeat("a", 2001)) {
		t.Errorf("a question that is too long: %d, and must not be lost", status)
	}
}

// TestCitationIsMarked opens an answer's citation: the sentence is marked; after an edit that takes
// it away the page says so, and after unpublishing nothing is cited.
func TestCitationIsMarked(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	_, page, at := b.get(t, "/fr/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?"))
	if !strings.HasPrefix(at.Path, "/fr/answers/") || !strings.Contains(page, "7 à 14 jours") {
		t.Fatalf("the answer at %s: %s", at.Path, page)
	}
	cite := regexp.MustCompile(`href="(/fr/articles/demander-un-remboursement\?cite=[^"#]+)`).FindStringSubmatch(page)
	if cite == nil {
		t.Fatal("no citation of the refund article")
	}
	_, article, _ := b.get(t, cite[1])
	if !regexp.MustCompile(`<mark[^>]*>[^<]*7 à 14 jours`).MatchString(article) {
		t.Error("the sentence is not marked")
	}
	a, _, err := h.Database().Version(t.Context(), "refund-request.fr", 0)
	if err != nil {
		t.Fatal(err)
	}
	a.Body = strings.ReplaceAll(a.Body, "7 à 14 jours", "10 à 12 jours")
	h.PublishWithoutVectors(t, a)
	_, article, _ = b.get(t, cite[1])
	if strings.Contains(article, "<mark") || !strings.Contains(article, `id="changed"`) {
		t.Error("a changed sentence must not be marked, and the page must say so")
	}
	if _, page, _ := b.get(t, "/fr/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?")); !strings.Contains(page, "10 à 12 jours") {
		t.Error("the edit is not answered")
	}
	if err := h.App.Publish.Unpublish(t.Context(), "refund-request.fr"); err != nil {
		t.Fatal(err)
	}
	if _, page, _ := b.get(t, "/fr/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?")); strings.Contains(page, "10 à 12 jours") {
		t.Error("an unpublished article is cited")
	}
	if status, _, _ := b.get(t, "/fr/articles/demander-un-remboursement"); status != http.StatusGone {
		t.Errorf("an unpublished article's page: %d", status)
	}
}

// TestFeedback votes once a visitor, changeable, without scripts.
func TestFeedback(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	path := "/fr/articles/demander-un-remboursement"
	if status, _, _ := b.get(t, path); status != http.StatusOK {
		t.Fatal(status)
	}
	for _, vote := range [][]string{{"helpful", "yes"}, {"helpful", "no"}, {"helpful", "no", "comment", "Il manque <les> délais."}} {
		if status, _, _ := b.send(t, path+"/feedback", vote...); status != http.StatusOK {
			t.Errorf("%v: %d", vote, status)
		}
	}
	votes, err := h.Database().Feedback(t.Context(), publish.VoteFilter{Limit: 10})
	if err != nil || len(votes) != 1 || votes[0].Helpful || votes[0].Comment != "Il manque <les> délais." {
		t.Errorf("votes %+v, %v; want one changed vote", votes, err)
	}
	if status, _, _ := b.send(t, path+"/feedback", "helpful", "maybe"); status != http.StatusBadRequest {
		t.Errorf("a vote that is none: %d", status)
	}
	if status, _, _ := b.send(t, "/fr/articles/nothing/feedback", "helpful", "yes"); status != http.StatusNotFound {
		t.Errorf("a vote on no article: %d", status)
	}
}

// TestOtherSitesCannotPost refuses forms that another site makes a browser send.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/fr/requests/new", strings.NewReader("email=a@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", answer.StatusCode)
	}
	if _, err := h.Auth.Session(t.Context(), "nothing"); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("a session that is none: %v", err)
	}
}
