package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guichet/internal/app/apptest"
	"guichet/internal/support"
)

// TestSpaceLink: a link is mailed to whoever has an address, known or not; it works once, for an hour,
// and opening it spends nothing.
func TestSpaceLink(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	b.proven(t, h, "camille@example.org", "Mon vase est cassé.")
	same := map[string]string{}
	for _, email := range []string{"camille@example.org", "nobody@example.org"} {
		for n := range 5 {
			status, page, _ := b.send(t, "/fr/my/link", "email", email)
			page = strings.ReplaceAll(nonces.ReplaceAllString(page, ""), email, "…")
			if first, ok := same["page"]; status != http.StatusOK || ok && first != page {
				t.Errorf("the %d. time for %s: %d, another page:\n%s", n+1, email, status, page)
			}
			same["page"] = page
		}
		if n := len(posted(t, h, email, "/fr/my/sign-in/")); n != support.MaxSignIn {
			t.Errorf("%s got %d links, want %d", email, n, support.MaxSignIn)
		}
	}
	for _, wrong := range []string{"", "camille", "a@b", "camille@example.org\r\nBcc: x@example.org", strings.Repeat("a", 300) + "@example.org"} {
		if status, page, _ := b.send(t, "/fr/my/link", "email", wrong); status != http.StatusBadRequest || !strings.Contains(page, `aria-invalid="true"`) {
			t.Errorf("%.30q: %d", wrong, status)
		}
	}
	links := posted(t, h, "camille@example.org", "/fr/my/sign-in/")
	for range 3 {
		if status, page, _ := b.get(t, links[0]); status != http.StatusOK || !strings.Contains(page, `id="open"`) || !strings.Contains(page, "camille@example.org") {
			t.Errorf("opening the link: %d", status)
		}
	}
	if b.space(t) != "" {
		t.Error("opening a link signs in")
	}
	if status, _, at := b.send(t, links[0]); status != http.StatusOK || at.Path != "/fr/requests" || b.space(t) == "" {
		t.Errorf("pressing the button: %d at %s", status, at)
	}
	for name, path := range map[string]string{"used": links[0], "never was": "/fr/my/sign-in/" + string(support.NewToken())} {
		other := newBrowser(t, h)
		getStatus, page, _ := other.get(t, path)
		postStatus, _, _ := other.send(t, path)
		if getStatus < 404 || postStatus < 404 || other.space(t) != "" || !strings.Contains(page, `id="ask-link"`) {
			t.Errorf("a link that %s: %d, %d", name, getStatus, postStatus)
		}
	}
	execute(t, h, `UPDATE tokens SET expires_at = now() - interval '1 second' WHERE purpose = 'member_sign_in' AND used_at IS NULL`)
	if status, _, _ := newBrowser(t, h).send(t, links[1]); status != http.StatusGone {
		t.Errorf("after an hour: %d", status)
	}
	// The site's own budget.
	execute(t, h, `INSERT INTO mails (id, message_id, kind, recipient, lang, state) SELECT gen_random_uuid(), 'many-' || n, 'member_sign_in', n || '@example.org', 'fr', 'sent' FROM generate_series(1, 300) n`)
	if status, page, _ := b.send(t, "/fr/my/link", "email", "late@example.org"); status != http.StatusOK || !strings.Contains(page, "late@example.org") {
		t.Errorf("past the site's budget: %d", status)
	}
	if n := len(posted(t, h, "late@example.org", "/fr/my/sign-in/")); n != 0 {
		t.Errorf("%d links past the site's budget", n)
	}
}

// TestSpaceSession: a session is made anew by each sign-in, ends with it, and none that somebody put
// into the browser opens anything; nor does one that is sent from elsewhere.
func TestSpaceSession(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	ref, _ := b.proven(t, h, "camille@example.org", "Mon vase est cassé.")
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	planted := string(support.NewToken())
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "guichet_member", Value: planted, Path: "/"}})
	b.join(t, h, "camille@example.org")
	if strings.Contains(b.space(t), planted) {
		t.Fatal("the session is the one that was planted")
	}
	thief := newBrowser(t, h)
	thief.Jar.SetCookies(u, []*http.Cookie{{Name: "guichet_member", Value: planted, Path: "/"}})
	if _, _, at := thief.get(t, "/fr/my/requests/"+ref); at.Path != "/fr/requests" {
		t.Errorf("the planted session opens %s", at)
	}
	first := b.space(t)
	b.join(t, h, "camille@example.org")
	second := b.space(t)
	opens := func(cookie string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/api/v1/tickets", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", cookie)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if opens(first) != 401 || opens(second) != 200 {
		t.Errorf("the session before opens with %d, the new one with %d", opens(first), opens(second))
	}
	// Neither is it a Bearer token, nor a session of the desk; and with somebody's token it says nothing.
	value := strings.TrimPrefix(second, "guichet_member=")
	for name, header := range map[string]http.Header{
		"as a bearer":             {"Authorization": {"Bearer " + value}},
		"beside another token":    {"Authorization": {"Bearer nothing"}, "Cookie": {second}},
		"in the desk's cookie":    {"Cookie": {"guichet_desk=" + value}},
		"with a desk cookie none": {"Cookie": {"guichet_member="}},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/api/v1/tickets", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
	// A form of another site.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/v1/tickets/"+ref+"/solved", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Cookie": {second}, "Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", answer.StatusCode)
	}
	// Out here, and out everywhere.
	elsewhere := newBrowser(t, h)
	elsewhere.join(t, h, "camille@example.org")
	elsewhere.send(t, "/fr/my/sign-out")
	if opens(second) != 200 {
		t.Error("signing out in one browser ends the session of another")
	}
	execute(t, h, `UPDATE mails SET created_at = now() - interval '2 hours'`)
	elsewhere.join(t, h, "camille@example.org")
	third := elsewhere.space(t)
	elsewhere.send(t, "/fr/my/link", "email", "camille@example.org")
	pending := posted(t, h, "camille@example.org", "/fr/my/sign-in/")[0]
	b.send(t, "/fr/my/sign-out", "everywhere", "1")
	if opens(second) != 401 || opens(third) != 401 {
		t.Errorf("out everywhere, and sessions open with %d and %d", opens(second), opens(third))
	}
	if status, _, _ := newBrowser(t, h).send(t, pending); status != http.StatusGone {
		t.Errorf("a link that was on its way: %d", status)
	}
	// The cookie itself.
	fresh := newBrowser(t, h)
	execute(t, h, `UPDATE mails SET created_at = now() - interval '2 hours'`)
	fresh.send(t, "/fr/my/link", "email", "camille@example.org")
	fresh.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+posted(t, h, "camille@example.org", "/fr/my/sign-in/")[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if answer, err = fresh.Do(r); err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/", fmt.Sprintf("Max-Age=%d", int(30*24*time.Hour/time.Second))} {
		if got := answer.Header.Get("Set-Cookie"); !strings.Contains(got, want) {
			t.Errorf("the cookie %q lacks %s", got, want)
		}
	}
	// Staff have requests too, and stay staff.
	b.signIn(t, h, "ines@example.org", support.RoleAgent)
	b.join(t, h, "camille@example.org")
	if status, _, _ := b.get(t, "/desk"); status != http.StatusOK {
		t.Errorf("an agent who is a member: the desk says %d", status)
	}
	if _, page, _ := b.get(t, "/fr/requests"); !strings.Contains(page, ref) {
		t.Error("an agent who is a member has no requests")
	}
}

// TestSpaceProve: the button that proves an address opens the list too, for who wants it.
func TestSpaceProve(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	link := b.request(t, "pl", "camille@example.org", "Moja waza jest rozbita.")
	_, page, _ := b.get(t, link)
	ref := refIn.FindString(page)
	u, err := url.Parse(posted(t, h, "camille@example.org", "/pl/requests/")[0])
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ = b.get(t, u.String())
	if !strings.Contains(page, `name="open" value="1"`) {
		t.Error("the page does not offer the list")
	}
	proof := u.Query().Get("proof")
	_, page, at := b.send(t, u.Path+"/prove", "proof", proof, "open", "1")
	if at.Path != "/pl/requests" || !strings.Contains(page, ref) || b.space(t) == "" {
		t.Errorf("led to %s", at)
	}
	thief := newBrowser(t, h)
	if thief.send(t, u.Path+"/prove", "proof", proof, "open", "1"); thief.space(t) != "" {
		t.Error("a proof signs in twice")
	}
}
