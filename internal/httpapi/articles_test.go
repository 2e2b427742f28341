package httpapi_test

import (
	"net/url"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/support"
	"guichet/kb"
)

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestArticlesAPI reads articles as the widget does.
func TestArticlesAPI(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{Settings: func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }})
	_, router := spec(t)
	c := client{h.URL, router}
	staff := newBrowser(t, h)
	staff.signIn(t, h, "agent@example.org", support.RoleAgent)
	var cookie string
	for _, k := range staff.Jar.Cookies(mustParse(t, h.URL)) {
		cookie += k.Name + "=" + k.Value + ";"
	}
	h.PublishWithoutVectors(t, kb.Article{ID: "inner", Group: "inner", Lang: kb.French, Slug: "interne", Title: "Interne", Body: "Pour nous.", Audience: kb.Staff, Collection: "payments"},
		kb.Article{ID: "old", Group: "old", Lang: kb.French, Slug: "ancien", Title: "Ancien", Body: "Ancien."},
		kb.Article{ID: "gone", Group: "gone", Lang: kb.French, Slug: "parti", Title: "Parti", Body: "Parti."})
	h.PublishWithoutVectors(t, kb.Article{ID: "old", Group: "old", Lang: kb.French, Slug: "nouveau", Title: "Nouveau",
		Body: "Voir [le délai](article:refund-request).\n\n## Tableau\n\n| a | b |\n|---|---|\n| c | d |\n\n<script>alert(1)</script>"})
	if err := h.App.Publish.Unpublish(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}

	var first answer
	_, body := c.run(t, scenario{path: "/api/v1/ask", body: `{"text":"Combien de temps prend un remboursement ?"}`, status: 200})
	read(t, body, &first)
	cited := "/api/v1" + strings.TrimPrefix(first.Citations[0].URL, h.URL)
	cited = strings.Replace(cited, "/api/v1/fr/articles/", "/api/v1/articles/fr/", 1)
	cited, _, _ = strings.Cut(cited, "#")

	vote := func(fields string) string { return `{"visitor":"abcdefghij0123456789",` + fields + `}` }
	const page = "/api/v1/articles/fr/nouveau"
	for _, s := range []scenario{
		{name: "Popular", path: "/api/v1/articles?lang=fr", status: 200, want: []string{`"group":"refund-request"`, `"key":"`, `"articles":[{"id"`}, without: []string{"Interne"}},
		{name: "PopularInAnotherLanguage", path: "/api/v1/articles", header: map[string]string{"Accept-Language": "de"}, status: 200, want: []string{`"lang":"de"`}},
		{name: "Collection", path: "/api/v1/articles?lang=fr&collection=payments", status: 200, want: []string{`"collections":[{`}, without: []string{"Interne"}},
		{name: "CollectionForStaff", path: "/api/v1/articles?lang=fr&collection=payments", header: map[string]string{"Cookie": cookie}, status: 200, want: []string{"Interne"}},
		{name: "NoSuchCollection", path: "/api/v1/articles?lang=fr&collection=weather", status: 404},
		{name: "ListInNoLanguage", path: "/api/v1/articles?lang=sv", status: 400, want: []string{`"field":"lang"`}},

		{name: "Article", path: page, status: 200, want: []string{`"id":"old"`, `"version":2`, "/fr/articles/demander-un-remboursement", `role=\"group\"`, `"cited":""`, h.URL + "/fr/articles/nouveau"},
			without: []string{"script", "#top", "Retour"}},
		{name: "OldSlug", path: "/api/v1/articles/fr/ancien", status: 200, want: []string{h.URL + "/fr/articles/nouveau"}},
		{name: "Translations", path: "/api/v1/articles/fr/demander-un-remboursement", status: 200, want: []string{`"lang":"pl"`, `"related":[{`}},
		{name: "Cited", path: cited, status: 200, want: []string{`"cited":"marked"`, `id=\"cited\"`}},
		{name: "CitedBefore", path: page + "?cite=0.0", status: 200, want: []string{`"cited":"changed"`}, without: []string{`id=\"cited\"`}},
		{name: "NoSuchArticle", path: "/api/v1/articles/fr/rien", status: 404, want: []string{`"kind":"not_found"`}},
		{name: "NoSuchLanguage", path: "/api/v1/articles/sv/nouveau", status: 404, want: []string{`"kind":"not_found"`}},
		{name: "Withdrawn", path: "/api/v1/articles/fr/parti", status: 410, want: []string{`"kind":"gone"`}},
		{name: "StaffsArticle", path: "/api/v1/articles/fr/interne", status: 404},
		{name: "StaffsArticleForStaff", path: "/api/v1/articles/fr/interne", header: map[string]string{"Cookie": cookie}, status: 200, want: []string{"Pour nous"}},
		{name: "StaffsArticleFromAnotherSite", path: "/api/v1/articles/fr/interne", header: map[string]string{"Cookie": cookie, "Origin": "https://shop.example"}, status: 404},

		{name: "Vote", path: page + "/feedback", body: vote(`"helpful":true`), status: 200, want: []string{`"helpful":true`, `"comment":""`}},
		{name: "VoteChanged", path: page + "/feedback", body: vote(`"helpful":false,"comment":" Trop court. "`), status: 200, want: []string{`"helpful":false`, `"comment":"Trop court."`}},
		{name: "VoteFromAllowedSite", path: page + "/feedback", body: `{"visitor":"zyxwvutsrq9876543210","helpful":true}`, header: map[string]string{"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}, status: 200},
		{name: "VoteFromAnotherSite", path: page + "/feedback", body: vote(`"helpful":true`), header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, status: 403},
		{name: "VoteOfNobody", path: page + "/feedback", body: `{"helpful":true}`, status: 400, want: []string{`"field":"visitor"`}},
		{name: "VoteOfNothing", path: page + "/feedback", body: vote(`"comment":"x"`), status: 400, want: []string{`"field":"helpful"`}},
		{name: "VoteTooLong", path: page + "/feedback", body: vote(`"helpful":false,"comment":"` + strings.Repeat("a", 2001) + `"`), status: 400, want: []string{`"field":"comment"`}},
		{name: "VoteOnNothing", path: "/api/v1/articles/fr/rien/feedback", body: vote(`"helpful":true`), status: 404},
		{name: "VoteOnWithdrawn", path: "/api/v1/articles/fr/parti/feedback", body: vote(`"helpful":true`), status: 410},
		{name: "VoteOnStaffsArticle", path: "/api/v1/articles/fr/interne/feedback", body: vote(`"helpful":true`), status: 404},
	} {
		t.Run(s.name, func(t *testing.T) { c.run(t, s) })
	}
	var votes, yes int
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE helpful) FROM article_feedback WHERE article_id = 'old'`).Scan(&votes, &yes); err != nil || votes != 2 || yes != 1 {
		t.Errorf("%d votes, %d of them yes, want 2 and 1 (%v)", votes, yes, err)
	}
}
