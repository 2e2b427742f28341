package httpapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/desk"
	"guichet/internal/support"
)

// from sends requests as a proxy does for somebody of an address.
type from string

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// behindProxy is a house that believes its proxy; least is the least time of a form.
func behindProxy(t *testing.T, least time.Duration) *apptest.House {
	t.Helper()
	return apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) {
		s.Proxies, s.FormTime = []string{"127.0.0.1/32"}, least
	}})
}

func guestOf(t *testing.T, h *apptest.House, address string) *browser {
	b := newBrowser(t, h)
	b.Transport = from(address)
	return b
}

// work solves a challenge as the description says, and returns the proof.
func (b *browser) work(t *testing.T, purpose string) string {
	t.Helper()
	status, body, _ := b.get(t, "/api/v1/challenge?purpose="+purpose)
	var c struct {
		Algorithm string `json:"algorithm"`
		Challenge string `json:"challenge"`
		MaxNumber int    `json:"maxNumber"`
		Salt      string `json:"salt"`
		Signature string `json:"signature"`
	}
	if err := json.Unmarshal([]byte(body), &c); err != nil || status != http.StatusOK {
		t.Fatalf("a challenge: %d %s", status, body)
	}
	for n := range c.MaxNumber + 1 {
		if sum := sha256.Sum256([]byte(c.Salt + strconv.Itoa(n))); hex.EncodeToString(sum[:]) == c.Challenge {
			p, err := json.Marshal(map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "salt": c.Salt, "signature": c.Signature, "number": n})
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(p)
		}
	}
	t.Fatalf("no number up to %d solves it", c.MaxNumber)
	return ""
}

// fillRequest opens the form and returns what a browser would send of it, filled in.
func (b *browser) fillRequest(t *testing.T, email string, more ...string) []string {
	t.Helper()
	_, page, _ := b.get(t, "/fr/requests/new")
	f := readForm(page)
	f.Set("email", email)
	f.Set("category", "refund")
	f.Set("text", "Bonjour, où est mon remboursement ?")
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	var out []string
	for k := range f.Values {
		out = append(out, k, f.Get(k))
	}
	return out
}

// heldAs is why the ticket of an address is held, and how many mails were promised for it.
func heldAs(t *testing.T, h *apptest.House, email string) (reason string, mails int) {
	t.Helper()
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT coalesce(min(held_reason), ''), (SELECT count(*) FROM mails WHERE recipient = $1)
		FROM tickets WHERE email = $1`, email).Scan(&reason, &mails); err != nil {
		t.Fatal(err)
	}
	return reason, mails
}

var secrets = regexp.MustCompile(`/requests/[\w-]{43}|G-[0-9A-Z]{5}|name="(client_id|upload|stamp)" value="[^"]*"|nonce="[^"]*"|nonce-[A-Z0-9]+|[a-z]+@example\.org|<time [^>]*>[^<]*</time>`)

// TestGuestsRequest sends the form as people and as programs do: what is held says why, and the answer
// is the same page to all of them.
func TestGuestsRequest(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, 0)
	pages := map[string]string{}
	for i, c := range []struct {
		name, held string
		mails      int
		more       func(b *browser) []string
	}{
		{"proof", support.HeldUnproven, 1, func(b *browser) []string { return []string{"proof", b.work(t, "request")} }},
		{"scriptless", support.HeldNoProof, 1, func(*browser) []string { return nil }},
		{"trapped", support.HeldBot, 0, func(b *browser) []string {
			return []string{"proof", b.work(t, "request"), "homepage", "https://example.org"}
		}},
	} {
		b := guestOf(t, h, fmt.Sprintf("192.0.%d.7", i))
		email := c.name + "@example.org"
		status, page, at := b.send(t, "/fr/requests/new", b.fillRequest(t, email, c.more(b)...)...)
		if status != http.StatusOK || strings.HasSuffix(at.Path, "/new") {
			t.Errorf("%s: %d at %s", c.name, status, at.Path)
		}
		if held, mails := heldAs(t, h, email); held != c.held || mails != c.mails {
			t.Errorf("%s is held as %q with %d mails, want %q with %d", c.name, held, mails, c.held, c.mails)
		}
		pages[c.name] = secrets.ReplaceAllString(page, "…")
	}
	if !strings.Contains(pages["proof"], `id="held"`) {
		t.Fatal("the page does not say what to do next")
	}
	for name, page := range pages {
		if page != pages["proof"] {
			t.Errorf("the page of %s tells it apart", name)
		}
	}
}

// TestTooFast: what comes back sooner than people type is held, from page and panel, and is told nothing
// of it. A form that came back with a mistake keeps the moment it began.
func TestTooFast(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, time.Hour)
	b := guestOf(t, h, "192.0.2.7")
	fields := b.fillRequest(t, "fast@example.org", "proof", b.work(t, "request"))
	if status, page, _ := b.send(t, "/fr/requests/new", fields...); status != http.StatusOK || !strings.Contains(page, `id="held"`) {
		t.Errorf("too fast: %d", status)
	}
	if held, mails := heldAs(t, h, "fast@example.org"); held != support.HeldBot || mails != 0 {
		t.Errorf("it is held as %q with %d mails", held, mails)
	}
	m := converse(t, h, "fr")
	body := func(email, proof string) string {
		return fmt.Sprintf(`{"client_id":"form-%s","channel":"email","category":"refund","email":%q,"text":"Bonjour à tous","proof":%q}`, email, email, proof)
	}
	m.bearer["X-Forwarded-For"] = "192.0.2.8"
	m.post("/handoff", body("panel@example.org", b.work(t, "request")), 201, `"held":true`)
	if held, mails := heldAs(t, h, "panel@example.org"); held != support.HeldBot || mails != 0 {
		t.Errorf("the panel's is held as %q with %d mails", held, mails)
	}
	_, page, _ := b.get(t, "/fr/requests/new")
	stamp := readForm(page).Get("stamp")
	_, page, _ = b.send(t, "/fr/requests/new", "client_id", "form-00001", "stamp", stamp, "email", "claire")
	if got := readForm(page).Get("stamp"); stamp == "" || got != stamp {
		t.Errorf("the form began at %q, and came back with %q", stamp, got)
	}
	_, page, _ = b.send(t, "/fr/requests/new", "client_id", "form-00001", "stamp", "abc.def.ghi", "email", "claire")
	if got := readForm(page).Get("stamp"); got == "" || got == "abc.def.ghi" {
		t.Errorf("a stamp of somebody's own stays: %q", got)
	}
}

// TestRefusedProof: a proof that is not good, was made for something else or was spent is named, and
// costs nothing that was typed; with a fresh one the same request is taken.
func TestRefusedProof(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, 0)
	b := guestOf(t, h, "192.0.2.7")
	good, other := b.work(t, "request"), b.work(t, "sign_up")
	if status, _, at := b.send(t, "/fr/requests/new", b.fillRequest(t, "first@example.org", "proof", good)...); status != http.StatusOK || strings.HasSuffix(at.Path, "/new") {
		t.Fatalf("the first: %d", status)
	}
	for name, proof := range map[string]string{"Spent": good, "OtherPurpose": other, "Forged": good[:len(good)-8] + "AAAAAAAA", "Nonsense": "x"} {
		status, page, _ := b.send(t, "/fr/requests/new", b.fillRequest(t, "again@example.org", "proof", proof, "text", "Mon texte précieux")...)
		f := readForm(page)
		if status != http.StatusBadRequest || !strings.Contains(page, `href="#send"`) || !strings.Contains(page, "plus valable") ||
			f.Get("text") != "Mon texte précieux" || f.Get("email") != "again@example.org" || f.Get("proof") != "" {
			t.Errorf("%s: %d, typed %v", name, status, f.Values)
		}
	}
	if held, _ := heldAs(t, h, "again@example.org"); held != "" {
		t.Errorf("a request with a bad proof was taken: %s", held)
	}
	m := converse(t, h, "fr")
	m.bearer["X-Forwarded-For"] = "192.0.2.9"
	body := `{"client_id":"form-00001","channel":"email","category":"refund","email":"panel@example.org","text":"Bonjour à tous","proof":%q}`
	m.post("/handoff", fmt.Sprintf(body, good), 400, `"field":"proof"`)
	m.post("/handoff", fmt.Sprintf(body, other), 400, `"field":"proof"`)
	m.post("/handoff", fmt.Sprintf(body, b.work(t, "request")), 201)
	m.post("/handoff", fmt.Sprintf(body, b.work(t, "request")), 200) // the same request again
	if held, mails := heldAs(t, h, "panel@example.org"); held != support.HeldUnproven || mails != 1 {
		t.Errorf("the panel's is held as %q with %d mails", held, mails)
	}
}

// TestBudgetIsSaid: a request beyond a budget gets a sentence that leads on, when to come back, and its
// form with all that was typed. A proof of work opens the larger budget.
func TestBudgetIsSaid(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, 0)
	b := guestOf(t, h, "192.0.2.7")
	for i := range 5 {
		if status, _, _ := b.send(t, "/fr/requests/new", b.fillRequest(t, fmt.Sprintf("a%d@example.org", i))...); status != http.StatusOK {
			t.Fatalf("request %d: %d", i, status)
		}
	}
	r, err := b.PostForm(b.url+"/fr/requests/new", map[string][]string{"client_id": {"form-00001"}, "email": {"last@example.org"},
		"category": {"refund"}, "text": {"Mon texte précieux"}})
	if err != nil {
		t.Fatal(err)
	}
	status, page, _ := b.read(t, r)
	after, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if status != http.StatusTooManyRequests || err != nil || after < 1 || after > 3600 ||
		!strings.Contains(page, "activez JavaScript") || readForm(page).Get("text") != "Mon texte précieux" || readForm(page).Get("category") != "refund" {
		t.Errorf("beyond the budget: %d, Retry-After %d: %.300s", status, after, page)
	}
	m := converse(t, h, "fr")
	m.bearer["X-Forwarded-For"] = "192.0.2.200" // the same network
	m.post("/handoff", `{"client_id":"form-00002","channel":"email","category":"refund","email":"last@example.org","text":"Bonjour à tous"}`, 429, "JavaScript", `"kind":"too_many"`)
	if status, _, at := b.send(t, "/fr/requests/new", b.fillRequest(t, "last@example.org", "proof", b.work(t, "request"))...); status != http.StatusOK || strings.HasSuffix(at.Path, "/new") {
		t.Errorf("with a proof: %d", status)
	}
}

// TestChallenge holds the answer to its description, for each role.
func TestChallenge(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, 0)
	_, router := spec(t)
	c := client{h.URL, router}
	for _, purpose := range []string{"", "?purpose=request", "?purpose=sign_up"} {
		answer, _ := c.run(t, scenario{path: "/api/v1/challenge" + purpose, status: 200, want: []string{`"algorithm":"SHA-256"`}})
		if answer.Header.Get("Cache-Control") != "no-store" {
			t.Error("a challenge may be kept")
		}
	}
	c.run(t, scenario{path: "/api/v1/challenge?purpose=free_money", status: 400, want: []string{`"field":"purpose"`}})
	agent := newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	if status, _, _ := agent.get(t, "/api/v1/challenge"); status != http.StatusOK {
		t.Errorf("an agent gets %d", status)
	}
}

// TestHeldList: agents see why each request is held, in their words, and decide about several at once;
// nobody else does.
func TestHeldList(t *testing.T) {
	t.Parallel()
	h := behindProxy(t, 0)
	for i, more := range [][]string{{"homepage", "x"}, nil, nil} {
		b := guestOf(t, h, fmt.Sprintf("192.0.%d.7", i))
		if i == 2 {
			more = []string{"proof", b.work(t, "request")}
		}
		if status, _, _ := b.send(t, "/fr/requests/new", b.fillRequest(t, fmt.Sprintf("a%d@example.org", i), more...)...); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	admin := support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}
	tickets, _, err := h.Desk.Tickets(t.Context(), admin, desk.Filter{View: "held"})
	if err != nil || len(tickets) != 3 {
		t.Fatalf("%d held %v", len(tickets), err)
	}
	id := func(email string) string {
		for _, x := range tickets {
			if x.Email == email {
				return string(x.ID)
			}
		}
		t.Fatalf("no ticket of %s", email)
		return ""
	}
	send := func(b *browser, fields ...string) (int, string, string) {
		form := map[string][]string{}
		for i := 0; i < len(fields); i += 2 {
			form[fields[i]] = append(form[fields[i]], fields[i+1])
		}
		r, err := b.PostForm(b.url+"/desk/held", form)
		if err != nil {
			t.Fatal(err)
		}
		status, page, at := b.read(t, r)
		return status, page, at.RawQuery
	}
	roles := map[string]*browser{"guest": newBrowser(t, h)}
	for _, role := range []support.Role{support.RoleAgent, support.RoleEditor, support.RoleAdmin} {
		b := newBrowser(t, h)
		b.signIn(t, h, string(role)+"@example.com", role)
		roles[string(role)] = b
	}
	for name, b := range roles {
		want, none := http.StatusOK, http.StatusBadRequest
		if name == "guest" {
			want, none = http.StatusUnauthorized, http.StatusUnauthorized
		}
		if status, _, _ := b.get(t, "/desk?view=held"); status != want {
			t.Errorf("%s sees the list: %d", name, status)
		}
		if status, _, _ := send(b, "do", "released"); status != none {
			t.Errorf("%s releases nothing: %d, want %d", name, status, none)
		}
		if status, _, _ := send(b, "do", "burn", "ticket", id("a0@example.org")); status != none {
			t.Errorf("%s does what there is not: %d, want %d", name, status, none)
		}
	}
	if status, _, _ := send(roles["guest"], "do", "released", "ticket", id("a0@example.org")); status != http.StatusUnauthorized {
		t.Errorf("a guest releases: %d", status)
	}
	agent := roles["agent"]
	for lang, words := range map[string][]string{
		"fr": {"Programme probable", "Sans preuve de travail", "Adresse non prouvée"},
		"en": {"Probably a program", "No proof of work", "Address not proven"},
	} {
		_, page, _ := agent.get(t, "/desk?view=held&lang="+lang)
		for _, w := range words {
			if !strings.Contains(page, w) {
				t.Errorf("%s: the list lacks %q", lang, w)
			}
		}
		if strings.Contains(page, " checked") {
			t.Error("something is chosen before anybody chose")
		}
	}
	if _, page, _ := agent.get(t, "/desk?view=held&choose=all"); strings.Count(page, " checked") != 3 {
		t.Error("the link does not choose all")
	}
	if _, page, _ := agent.get(t, "/desk/tickets/"+id("a0@example.org")); !strings.Contains(page, `id="spam"`) || !strings.Contains(page, `id="release"`) {
		t.Error("a single ticket cannot be decided about")
	}
	if status, page, at := send(agent, "do", "released", "ticket", id("a1@example.org"), "ticket", id("a2@example.org")); status != http.StatusOK ||
		at != "released=2&view=held" || !strings.Contains(page, `id="notice"`) {
		t.Errorf("two at once: %d at %s", status, at)
	}
	if status, _, at := send(agent, "do", "spam", "ticket", id("a0@example.org"), "ticket", id("a1@example.org")); status != http.StatusOK || at != "spam=1&view=held" {
		t.Errorf("one of two: %d at %s", status, at)
	}
	if _, page, _ := agent.get(t, "/desk?view=held"); strings.Contains(page, "a0@example.org") || !strings.Contains(page, `class="empty"`) {
		t.Error("the list is not empty")
	}
	if status, _, _ := send(agent, "do", "spam", "ticket", "nothing"); status != http.StatusNotFound {
		t.Errorf("a ticket that is none: %d", status)
	}
}
