package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"guichet/kb"
)

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	h, err := New(Config{Origin: "http://" + s.Listener.Addr().String(), Help: "https://help.example"})
	if err != nil {
		t.Fatal(err)
	}
	s.Config.Handler = h
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, s *httptest.Server, path, host, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if host != "" {
		r.Host = host
	}
	r.Header.Set("Accept-Language", accept)
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, r)
	return w
}

// TestTexts: every text is there in every language.
func TestTexts(t *testing.T) {
	t.Parallel()
	raw, err := files.ReadFile("texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]map[kb.Lang]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{\w+\}`)
	for key, in := range texts {
		if len(in) != len(kb.Langs) {
			t.Errorf("%s is said in %d languages", key, len(in))
		}
		for _, l := range kb.Langs {
			if in[l] == "" || placeholder.FindString(in[l]) != placeholder.FindString(in[kb.English]) {
				t.Errorf("%s in %s: %q", key, l, in[l])
			}
		}
	}
}

// TestPages: each page in each language embeds the help center, and its policy lets it.
func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	empty := regexp.MustCompile(`<(h1|strong|p|a|span)( [^>]*)?></`)
	for _, l := range kb.Langs {
		for _, path := range []string{"/", "/orders", "/products/desk", "/products/globe", "/products/lantern"} {
			w := get(t, s, path+"?lang="+string(l), "", "")
			page, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
			if w.Code != http.StatusOK || !strings.Contains(page, `<html lang="`+l.Tag()+`"`) {
				t.Errorf("%s in %s: %d", path, l, w.Code)
			}
			if !strings.Contains(page, `<script src="https://help.example/widget.js" async></script>`) ||
				!strings.Contains(page, `guichet("boot", { lang: "`+string(l)+`", site: "Brocante Lumière" })`) {
				t.Errorf("%s in %s lacks the two lines that embed the help center", path, l)
			}
			nonce := regexp.MustCompile(`<script nonce="(\w+)"`).FindStringSubmatch(page)
			if nonce == nil || !strings.Contains(policy, "'nonce-"+nonce[1]+"'") || strings.Contains(policy, "unsafe") ||
				!strings.Contains(policy, "frame-src https://help.example;") {
				t.Errorf("%s: the policy %q", path, policy)
			}
			if m := empty.FindString(page); m != "" {
				t.Errorf("%s in %s says nothing at %s", path, l, m)
			}
			if strings.Contains(page, " style=") || strings.Contains(page, "<style") {
				t.Errorf("%s has styles that its policy refuses", path)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if w := get(t, s, "/products/unicorn", "", ""); w.Code != http.StatusNotFound {
		t.Errorf("no such product: %d", w.Code)
	}
	if w := get(t, s, "/", "", "sv, pl;q=0.8"); !strings.Contains(w.Body.String(), `lang="pl"`) {
		t.Error("the browser's language is not heard")
	}
	if w := get(t, s, "/orders?lang=fr", "localhost:1", ""); w.Code != http.StatusTemporaryRedirect || w.Header().Get("Location") != s.URL+"/orders?lang=fr" {
		t.Errorf("by another name: %d to %q", w.Code, w.Header().Get("Location"))
	}
	for path, kind := range map[string]string{"/shop.css": "text/css", "/shop.js": "text/javascript"} {
		if w := get(t, s, path, "", ""); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
}
