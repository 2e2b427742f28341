package httpapi_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/kb"
)

// fetch reads an address as a browser does that takes gzip, and returns the bytes as they came.
func fetch(t *testing.T, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, b
}

var (
	panelConfig = regexp.MustCompile(`(?s)<script type="application/json" id="panel-config">(.*?)</script>`)
	panelAsset  = regexp.MustCompile(`(?:href|src)="(/assets/(?:panel|chunk)\.[a-z]+\?v=[^"]+)"`)
)

func TestPanel(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.Sites, s.SiteName = []string{"https://shop.example"}, "Aide <b>" }})
	for _, c := range []struct {
		path, mode, ancestors, opener string
	}{
		{"/fr/panel", "frame", "frame-ancestors 'self' https://shop.example", ""},
		{"/fr/chat", "page", "frame-ancestors 'none'", "same-origin"},
		{"/zh/panel", "frame", "frame-ancestors 'self' https://shop.example", ""},
	} {
		answer, body := fetch(t, h.URL+c.path, "Accept-Encoding", "identity")
		page, policy := string(body), answer.Header.Get("Content-Security-Policy")
		if answer.StatusCode != http.StatusOK || !strings.HasSuffix(policy, c.ancestors) || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d, %s", c.path, answer.StatusCode, policy)
		}
		if answer.Header.Get("Cross-Origin-Opener-Policy") != c.opener || answer.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", c.path, answer.Header)
		}
		for _, want := range []string{`data-mode="` + c.mode + `"`, `<meta name="robots" content="noindex">`, `dir="ltr"`, "/ask"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %s", c.path, want)
			}
		}
		nonce := regexp.MustCompile(`<script type="module" nonce="(\w+)"`).FindStringSubmatch(page)
		if nonce == nil || !strings.Contains(policy, "'nonce-"+nonce[1]+"'") {
			t.Errorf("%s: no script with the policy's nonce", c.path)
		}
		raw := panelConfig.FindStringSubmatch(page)
		if raw == nil {
			t.Fatalf("%s has no settings: %s", c.path, page)
		}
		var got struct {
			Lang, Tag, Dir, Site, Promise, Zone string
			Langs                               []struct{ Lang, Tag, Name string }
			Sites                               []string
			Categories                          []struct {
				Key, Label, Hint string
				Fields           []struct{ Key, Label, Type string }
			}
			MaxQuestion, MaxRequest int
			Texts                   map[string]any
		}
		if err := json.Unmarshal([]byte(raw[1]), &got); err != nil {
			t.Fatal(err)
		}
		if got.Lang != c.path[1:3] || got.Site != "Aide <b>" || got.Promise == "" || got.Zone != "Europe/Paris" || len(got.Langs) != 9 ||
			len(got.Sites) != 1 || len(got.Categories) == 0 || got.Categories[0].Label == "" || got.Categories[0].Fields[0].Label == "" || got.MaxQuestion != 2000 || got.MaxRequest != 20000 {
			t.Errorf("%s: %+v", c.path, got)
		}
		for _, key := range []string{"answer.talk", "status.received", "problem.too_long"} {
			if s, ok := got.Texts[key].(string); !ok || s == "" {
				t.Errorf("%s: the text %s is %v", c.path, key, got.Texts[key])
			}
		}
		if forms, ok := got.Texts["answer.reading"].(map[string]any); !ok || forms["other"] == nil {
			t.Errorf("%s: the plural forms are %v", c.path, got.Texts["answer.reading"])
		}
		if answer, _ := fetch(t, h.URL+c.path, "Accept-Encoding", "identity", "If-None-Match", answer.Header.Get("ETag")); answer.StatusCode != http.StatusNotModified {
			t.Errorf("%s asked again: %d", c.path, answer.StatusCode)
		}
	}
	if answer, _ := fetch(t, h.URL+"/sv/panel"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a panel in a language that is none: %d", answer.StatusCode)
	}
	answer, _ := fetch(t, h.URL+"/chat?q=a%20b&x=%26", "Accept-Language", "sv, pl;q=0.5")
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/pl/chat?q=a%20b&x=%26" || !strings.Contains(answer.Header.Get("Vary"), "Accept-Language") {
		t.Errorf("/chat: %d to %s, %v", answer.StatusCode, answer.Header.Get("Location"), answer.Header)
	}
}

func TestWidgetScript(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	answer, body := fetch(t, h.URL+"/widget.js", "Accept-Encoding", "identity", "Origin", "https://shop.example")
	script := string(body)
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/javascript") ||
		answer.Header.Get("Cache-Control") != "public, max-age=300" || answer.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("%d, %v", answer.StatusCode, answer.Header)
	}
	if strings.Contains(script, "__GUICHET_CONFIG__") || !strings.Contains(script, `"default":"en"`) || !strings.Contains(script, `"fr":"Aide"`) {
		t.Errorf("the settings are not in the script: %s", script)
	}
	tag := answer.Header.Get("ETag")
	if again, rest := fetch(t, h.URL+"/widget.js", "If-None-Match", tag); again.StatusCode != http.StatusNotModified || len(rest) > 0 {
		t.Errorf("asked again: %d, %d bytes", again.StatusCode, len(rest))
	}
	answer, types := fetch(t, h.URL+"/widget.d.ts", "Accept-Encoding", "identity")
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") || !strings.Contains(string(types), "guichet") {
		t.Errorf("the types: %d, %v", answer.StatusCode, answer.Header)
	}
}

// TestPanelHasItsTexts: every text that the panel's source names comes with it.
func TestPanelHasItsTexts(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	_, page := fetch(t, h.URL+"/fr/panel", "Accept-Encoding", "identity")
	var got struct{ Texts map[string]any }
	if err := json.Unmarshal(panelConfig.FindSubmatch(page)[1], &got); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../web/src/widget/panel/*.ts*")
	if err != nil || len(files) == 0 {
		t.Fatalf("the panel's source: %v, %v", files, err)
	}
	named := regexp.MustCompile(`\bt\("([a-z_]+(?:\.[a-z_]+)+)"`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(source, -1) {
			if _, sent := got.Texts[string(m[1])]; !sent {
				t.Errorf("%s says %s, which is not sent", file, m[1])
			}
		}
	}
}

// TestWeights holds what a site's page and the panel load first, as it really goes over the wire.
func TestWeights(t *testing.T) {
	t.Parallel()
	const maxLoader, maxPanel = 3 << 10, 30 << 10
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }})
	weigh := func(path string) int {
		t.Helper()
		answer, b := fetch(t, h.URL+path, "Accept-Encoding", "gzip")
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %d, encoded as %q", path, answer.StatusCode, answer.Header.Get("Content-Encoding"))
		}
		return len(b)
	}
	if n := weigh("/widget.js"); n > maxLoader {
		t.Errorf("/widget.js weighs %d bytes, %d at most", n, maxLoader)
	}
	for _, l := range kb.Langs {
		page := "/" + string(l) + "/panel"
		_, plain := fetch(t, h.URL+page, "Accept-Encoding", "identity")
		found := panelAsset.FindAllSubmatch(plain, -1)
		if len(found) != 3 {
			t.Fatalf("%s loads %d files", page, len(found))
		}
		total := weigh(page)
		for _, f := range found {
			total += weigh(html.UnescapeString(string(f[1])))
		}
		t.Logf("%s: %d bytes", page, total)
		if total > maxPanel {
			t.Errorf("%s and what it loads weigh %d bytes, %d at most", page, total, maxPanel)
		}
	}
}
