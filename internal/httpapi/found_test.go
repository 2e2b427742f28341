package httpapi_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"guichet/internal/app/apptest"
	"guichet/kb"
)

// ask gets an address as a client that sets every header itself: nothing is decompressed for it.
func ask(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// head are a page's links and meta elements: "rel hreflang type" or a property to its value.
func head(t *testing.T, page string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, n := range elements(t, page) {
		switch n.Data {
		case "link":
			out[strings.Join(strings.Fields(attr(n, "rel")+" "+attr(n, "hreflang")+" "+attr(n, "type")), " ")] = attr(n, "href")
		case "meta":
			out[attr(n, "property")+attr(n, "name")] = attr(n, "content")
		}
	}
	return out
}

func secret() kb.Article {
	return kb.Article{ID: "secret.en", Group: "secret", Lang: kb.English, Slug: "for-staff-alone", Collection: "refunds",
		Title: "For staff alone", Body: "Nobody else reads this.", Audience: kb.Staff}
}

// TestSitemap holds the sitemap against the pages that it names.
func TestSitemap(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	h.PublishWithoutVectors(t, secret())
	answer, body := ask(t, h.URL+"/sitemap.xml")
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/xml") {
		t.Fatalf("%d, %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	var set struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
			Links   []struct {
				Lang string `xml:"hreflang,attr"`
				Href string `xml:"href,attr"`
			} `xml:"http://www.w3.org/1999/xhtml link"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	listed := map[string]map[string]string{}
	for _, u := range set.URLs {
		if listed[u.Loc] != nil {
			t.Errorf("%s stands twice", u.Loc)
		}
		listed[u.Loc] = map[string]string{}
		for _, l := range u.Links {
			listed[u.Loc][l.Lang] = l.Href
		}
		if _, err := time.Parse(time.RFC3339, u.LastMod); err != nil {
			t.Errorf("%s: %v", u.Loc, err)
		}
	}
	for _, path := range []string{"/fr", "/zh", "/nl/collections/refunds", "/fr/articles/demander-un-remboursement"} {
		links := listed[h.URL+path]
		status, page, _ := newBrowser(t, h).get(t, path)
		if links == nil || status != http.StatusOK {
			t.Errorf("%s: listed %v, status %d", path, links, status)
			continue
		}
		in := head(t, page)
		if in["canonical"] != h.URL+path {
			t.Errorf("%s: canonical %q", path, in["canonical"])
		}
		if links["x-default"] == "" || len(links) < 3 {
			t.Errorf("%s: alternates %v", path, links)
		}
		for lang, href := range links { // the page says the same, and every language leads back
			if got := in["alternate "+lang]; got != href {
				t.Errorf("%s: the page's alternate %s is %q, the sitemap's %q", path, lang, got, href)
			}
			if back := listed[href]; lang != "x-default" && !slices.Contains([]string{back["fr"], back["zh-Hans"], back["nl"]}, h.URL+path) {
				t.Errorf("%s does not lead back to %s", href, path)
			}
		}
	}
	if strings.Contains(body, "for-staff-alone") {
		t.Error("an article for staff is listed")
	}
	if answer, _ := ask(t, h.URL+"/sitemap.xml?part=2"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a part that is none: %d", answer.StatusCode)
	}
	if _, robots := ask(t, h.URL+"/robots.txt"); !strings.Contains(robots, "\nSitemap: "+h.URL+"/sitemap.xml\n") {
		t.Errorf("robots.txt: %s", robots)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	h.PublishWithoutVectors(t, secret())
	h.PublishWithoutVectors(t, kb.Article{ID: "newest.en", Group: "newest", Lang: kb.English, Slug: "newest", Collection: "refunds",
		Title: "Fees & <costs>", Body: "There are none."})
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	var feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Lang    string   `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Author  string   `xml:"author>name"`
		Updated string   `xml:"updated"`
		Links   []link   `xml:"link"`
		Entries []struct {
			ID      string    `xml:"id"`
			Title   string    `xml:"title"`
			Updated time.Time `xml:"updated"`
			Link    link      `xml:"link"`
		} `xml:"entry"`
	}
	_, page, _ := newBrowser(t, h).get(t, "/en/collections/refunds")
	_, home, _ := newBrowser(t, h).get(t, "/en")
	path := head(t, page)["alternate application/atom+xml"]
	if path == "" || head(t, home)["alternate application/atom+xml"] != path {
		t.Fatalf("the pages link the feed %q", path)
	}
	answer, body := ask(t, h.URL+path)
	if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(got, "application/atom+xml") {
		t.Fatalf("%d, %s", answer.StatusCode, got)
	}
	if err := xml.Unmarshal([]byte(body), &feed); err != nil {
		t.Fatal(err)
	}
	if feed.Lang != "en" || feed.ID == "" || feed.Title == "" || feed.Author == "" || len(feed.Links) != 2 || feed.Links[0].Href != h.URL+path {
		t.Errorf("feed %+v", feed)
	}
	if len(feed.Entries) < 2 || len(feed.Entries) > 30 {
		t.Fatalf("%d entries", len(feed.Entries))
	}
	first := feed.Entries[0]
	if first.Title != "Fees & <costs>" || first.Link.Href != h.URL+"/en/articles/newest" || !strings.HasSuffix(first.ID, "#newest.en") || first.Updated.Format(time.RFC3339) != feed.Updated {
		t.Errorf("first entry %+v of %s", first, feed.Updated)
	}
	ids := map[string]bool{}
	for i, e := range feed.Entries {
		if ids[e.ID] || e.Link.Rel != "alternate" || !strings.HasPrefix(e.Link.Href, h.URL+"/en/articles/") || i > 0 && e.Updated.After(feed.Entries[i-1].Updated) {
			t.Errorf("entry %+v", e)
		}
		ids[e.ID] = true
	}
	if strings.Contains(body, "for-staff-alone") {
		t.Error("an article for staff is in the feed")
	}
	if answer, _ := ask(t, h.URL+"/xx/feed.atom"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a feed in no language: %d", answer.StatusCode)
	}
	if answer, body := ask(t, h.URL+path, "If-None-Match", answer.Header.Get("ETag")); answer.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("asked again: %d", answer.StatusCode)
	}
}

func TestOpenSearch(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	_, page, _ := newBrowser(t, h).get(t, "/fr")
	answer, body := ask(t, h.URL+head(t, page)["search application/opensearchdescription+xml"])
	var d struct {
		XMLName     xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName   string
		Description string
		URL         struct {
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		} `xml:"Url"`
	}
	if err := xml.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	if got := answer.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/opensearchdescription+xml") {
		t.Error(got)
	}
	if d.ShortName == "" || len([]rune(d.ShortName)) > 16 || d.Description == "" || d.URL.Type != "text/html" || d.URL.Template != h.URL+"/fr/search?q={searchTerms}" {
		t.Errorf("%+v", d)
	}
	if status, page, _ := newBrowser(t, h).get(t, strings.TrimPrefix(strings.ReplaceAll(d.URL.Template, "{searchTerms}", "remboursement"), h.URL)); status != 200 || !strings.Contains(page, "/articles/") {
		t.Errorf("the search that it names: %d", status)
	}
}

// TestLinkedData reads what an article's page says of itself, whatever its title holds.
func TestLinkedData(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	title := `Refunds </script><script>alert("1")</script> & "more"`
	h.PublishWithoutVectors(t, kb.Article{ID: "hostile.en", Group: "hostile", Lang: kb.English, Slug: "hostile", Collection: "refunds",
		Title: title, Body: "A first sentence."})
	_, page, _ := newBrowser(t, h).get(t, "/en/articles/hostile")
	var scripts []*html.Node
	for _, n := range elements(t, page) {
		if n.Data == "script" && attr(n, "src") == "" {
			scripts = append(scripts, n)
		}
	}
	if len(scripts) != 1 || attr(scripts[0], "type") != "application/ld+json" {
		t.Fatalf("%d inline scripts", len(scripts))
	}
	var data struct {
		Context string `json:"@context"`
		Graph   []struct {
			Type         string `json:"@type"`
			Headline     string
			URL          string
			Description  string
			InLanguage   string
			DateModified time.Time
			Steps        []struct {
				Position   int
				Name, Item string
			} `json:"itemListElement"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal([]byte(scripts[0].FirstChild.Data), &data); err != nil {
		t.Fatal(err)
	}
	if data.Context != "https://schema.org" || len(data.Graph) != 2 {
		t.Fatalf("%+v", data)
	}
	at := h.URL + "/en/articles/hostile"
	if a := data.Graph[0]; a.Type != "Article" || a.Headline != title || a.URL != at || a.Description != "A first sentence." || a.InLanguage != "en" || a.DateModified.IsZero() {
		t.Errorf("article %+v", a)
	}
	var way []string
	for i, step := range data.Graph[1].Steps {
		if step.Position != i+1 || step.Name == "" {
			t.Errorf("step %+v", step)
		}
		way = append(way, step.Item)
	}
	if want := []string{h.URL + "/en", h.URL + "/en/collections/refunds", at}; data.Graph[1].Type != "BreadcrumbList" || !slices.Equal(way, want) {
		t.Errorf("way %v, want %v", way, want)
	}
	in := head(t, page)
	for property, want := range map[string]string{"og:type": "article", "og:title": title, "og:description": "A first sentence.",
		"og:url": at, "og:locale": "en_GB", "alternate x-default": at} {
		if in[property] != want {
			t.Errorf("%s: %q, want %q", property, in[property], want)
		}
	}
	_, page, _ = newBrowser(t, h).get(t, "/zh")
	if in := head(t, page); in["og:type"] != "website" || in["og:locale"] != "zh_CN" || in["og:title"] == "" || in["alternate x-default"] != h.URL+"/" {
		t.Errorf("the home's head: %v", in)
	}
	_, page, _ = newBrowser(t, h).get(t, "/fr/requests/new")
	if in := head(t, page); in["og:url"] != "" {
		t.Errorf("a form is there to be shared: %v", in)
	}
}

// TestUnchangedPagesAreNotSentAgain asks for pages again with their tags. A page names the hour by
// which a request made now is answered, so a new minute may make it another one: then it is asked
// for once more.
func TestUnchangedPagesAreNotSentAgain(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	const article = "/fr/articles/demander-un-remboursement"
	tags := map[string]bool{}
	for _, path := range []string{"/fr", "/fr/collections/refunds", article} {
		answer, body := ask(t, h.URL+path)
		for try := 0; ; try++ {
			tag := answer.Header.Get("ETag")
			if !strings.HasPrefix(tag, `W/"`) || body == "" {
				t.Fatalf("%s: tag %q", path, tag)
			}
			tags[tag] = true
			if answer, body = ask(t, h.URL+path, "If-None-Match", `"other", `+tag, "Accept-Encoding", "gzip"); answer.StatusCode == http.StatusNotModified {
				break
			}
			if try == 2 {
				t.Fatalf("%s: %d with its own tag", path, answer.StatusCode)
			}
		}
		if body != "" || answer.Header.Get("Content-Encoding") != "" || !slices.Contains(answer.Header.Values("Vary"), "Accept-Encoding") {
			t.Errorf("%s: not modified: %v, %d bytes", path, answer.Header, len(body))
		}
	}
	if len(tags) < 3 {
		t.Errorf("different pages have one tag: %v", tags)
	}
	before, _ := ask(t, h.URL+article)
	a, _, err := h.Database().Version(t.Context(), "refund-request.fr", 0)
	if err != nil {
		t.Fatal(err)
	}
	a.Title = "Un autre titre"
	h.PublishWithoutVectors(t, a)
	if answer, body := ask(t, h.URL+article, "If-None-Match", before.Header.Get("ETag")); answer.StatusCode != http.StatusOK || !strings.Contains(body, a.Title) {
		t.Errorf("after an edit: %d", answer.StatusCode)
	}
	if answer, _ := ask(t, h.URL+"/fr/nothing", "If-None-Match", "*"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", answer.StatusCode)
	}
}

// TestCompressedAnswers asks for each kind of answer with and without gzip.
func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	_, page := ask(t, h.URL+"/fr")
	asset := page[strings.Index(page, "/assets/page.css"):]
	asset = asset[:strings.Index(asset, `"`)]
	for _, path := range []string{"/fr", "/sitemap.xml", "/fr/feed.atom", "/api/v1/openapi.json", "/api/v1/search?q=remboursement", asset} {
		plain, long := ask(t, h.URL+path)
		small, short := ask(t, h.URL+path, "Accept-Encoding", "gzip")
		if plain.Header.Get("Content-Encoding") != "" || small.Header.Get("Content-Encoding") != "gzip" || len(short) >= len(long) {
			t.Errorf("%s: %d bytes plain, %d as %q", path, len(long), len(short), small.Header.Get("Content-Encoding"))
		}
		for _, answer := range []*http.Response{plain, small} {
			if got := answer.Header.Values("Vary"); !slices.Equal(got, []string{"Accept-Encoding"}) {
				t.Errorf("%s: Vary %v", path, got)
			}
		}
		r, err := http.Get(h.URL + path) // which decompresses once
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || path != "/fr" && string(body) != long {
			t.Errorf("%s: decompressed it is another: %v, %d bytes, want %d", path, err, len(body), len(long))
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/v1/ask", strings.NewReader(`{"text":"Combien de temps prend un remboursement ?"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(string(body), "event: ") {
		t.Errorf("a stream: %v, %v, %.80q", err, answer.Header, body)
	}
}
