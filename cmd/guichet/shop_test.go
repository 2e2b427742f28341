package main_test

import (
	"io"
	"net/http"
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
	s.stop(t)
	if r, err := http.Get(shop); err == nil {
		r.Body.Close()
		t.Error("the shop outlives the help center")
	}
}
