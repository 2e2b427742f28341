package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// helpDesk takes the place of the help center and keeps what it is told, by path.
func helpDesk(t *testing.T) (*httptest.Server, func() map[string]string) {
	t.Helper()
	var mu sync.Mutex
	told := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer api" {
			t.Errorf("%s: %v, %v", r.URL, r.Header, err)
		}
		mu.Lock()
		defer mu.Unlock()
		told[r.Method+" "+r.URL.Path] = string(b)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s, func() map[string]string {
		mu.Lock()
		defer mu.Unlock()
		out := map[string]string{}
		for k, v := range told {
			out[k] = v
		}
		return out
	}
}

// TestPeople: the switch signs in as buyer and as seller, each with their own orders and a token that
// vouches for them; signed out there is none.
func TestPeople(t *testing.T) {
	t.Parallel()
	help, told := helpDesk(t)
	s := httptest.NewUnstartedServer(nil)
	shop, err := New(Config{Origin: "http://" + s.Listener.Addr().String(), Help: help.URL, KID: "k-1", Secret: "secret", APIKey: "api"})
	if err != nil {
		t.Fatal(err)
	}
	s.Config.Handler = shop
	s.Start()
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	read := func(r *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	as := func(who string) string {
		status, page := read(browser.PostForm(s.URL+"/sign-in?lang=fr", url.Values{"as": {who}, "to": {"/orders"}}))
		if status != http.StatusOK {
			t.Fatalf("as %s: %d", who, status)
		}
		return page
	}
	if status, _ := read(browser.Get(s.URL + "/token")); status != http.StatusUnauthorized {
		t.Errorf("a token for nobody: %d", status)
	}
	if status, _ := read(browser.PostForm(s.URL+"/sign-in", url.Values{"as": {"jonas"}})); status != http.StatusBadRequest {
		t.Errorf("as somebody else: %d", status)
	}
	number := regexp.MustCompile(`data-order="(\d+)"`)
	for who, want := range map[string]string{"camille": "2041 2017 1988", "vasseur": "1990 2041 2035"} {
		page := as(who)
		var got []string
		for _, m := range number.FindAllStringSubmatch(page, -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s sees the orders %v, want %s", who, got, want)
		}
		if !strings.Contains(page, `guichet("identify", { token: "`) || !strings.Contains(page, `id="sign-out"`) {
			t.Errorf("the page does not say that it is %s: %s", who, page)
		}
		_, token := read(browser.Get(s.URL + "/token"))
		var c jwt.MapClaims
		if _, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return []byte("secret"), nil }, jwt.WithAudience(help.URL)); err != nil || c["sub"] != who {
			t.Errorf("the token says %v, %v", c, err)
		}
	}
	as("vasseur")
	read(browser.Get(s.URL + "/products/globe"))
	if got := told()["POST /api/v1/host/members/vasseur/recently-viewed"]; !strings.Contains(got, `"globe"`) {
		t.Errorf("what was looked at: %q", got)
	}
	if page := as(""); !strings.Contains(page, `guichet("logout")`) || strings.Contains(page, "identify") {
		t.Errorf("signed out: %s", page)
	}
	if err := shop.Stock(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stock struct {
		Orders []struct {
			Number string
			Titles map[string]string
		}
	}
	if err := json.Unmarshal([]byte(told()["PUT /api/v1/host/orders"]), &stock); err != nil || len(stock.Orders) != len(orders) || stock.Orders[0].Titles["pl"] == "" {
		t.Errorf("the orders told: %+v, %v", stock, err)
	}
}
