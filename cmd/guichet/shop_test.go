package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestShop: the sample shop runs where it is asked for, on an origin that may embed the help center,
// and ends with it.
func TestShop(t *testing.T) {
	t.Parallel()
	shop := "http://" + freeAddr(t)
	s := start(t, filepath.Join(t.TempDir(), "data"), "EMBEDDINGS_URL=off", "GUICHET_STARTER=none",
		"GUICHET_DEMO_ADDR="+strings.TrimPrefix(shop, "http://"))
	get := func(url string) (string, http.Header) {
		t.Helper()
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", url, r.StatusCode, err)
		}
		return string(b), r.Header
	}
	if page, _ := get(shop + "/orders?lang=fr"); !strings.Contains(page, `<script src="`+s.url+`/widget.js" async>`) {
		t.Errorf("the shop does not embed the help center: %s", page)
	}
	page, header := get(s.url + "/fr/panel")
	if !strings.HasSuffix(header.Get("Content-Security-Policy"), "frame-ancestors 'self' "+shop) || !strings.Contains(page, `"sites":["`+shop+`"]`) {
		t.Errorf("the panel does not trust the shop: %v", header)
	}
	// Who is signed in there is known here, and what is theirs.
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	signed, err := browser.PostForm(shop+"/sign-in", url.Values{"as": {"vasseur"}})
	if err != nil {
		t.Fatal(err)
	}
	signed.Body.Close()
	r, err := browser.Get(shop + "/token")
	if err != nil {
		t.Fatal(err)
	}
	token, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.Post(s.url+"/api/v1/identity", "application/json", strings.NewReader(`{"token":"`+string(token)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	var session struct{ Session string }
	err = json.NewDecoder(r.Body).Decode(&session)
	r.Body.Close()
	if err != nil || session.Session == "" {
		t.Fatalf("the shop's token is not exchanged: %d, %v", r.StatusCode, err)
	}
	mine, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/me/orders?lang=de", nil)
	if err != nil {
		t.Fatal(err)
	}
	mine.Header.Set("Authorization", "Bearer "+session.Session)
	if r, err = http.DefaultClient.Do(mine); err != nil {
		t.Fatal(err)
	}
	orders, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || !strings.Contains(string(orders), `"number":"2041","title":"Schreibtischlampe, 1962","status":"Versandt"`) || !strings.Contains(string(orders), "Camille Roux") {
		t.Errorf("the seller's orders: %s, %v", orders, err)
	}
	s.stop(t)
	if r, err := http.Get(shop); err == nil {
		r.Body.Close()
		t.Error("the shop outlives the help center")
	}
}
