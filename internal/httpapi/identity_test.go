package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/support"
)

const shopSite = "https://shop.example"

// vouched is a help center with a site that vouches for its members and has told of an order.
type vouched struct {
	client
	h           *apptest.House
	t           *testing.T
	kid, secret string
	api         support.Token // of the site
	other       support.Token // of another site
}

const theOrder = `{"number":"2041","buyer":"camille","seller":"vasseur","title":"Lampe d’architecte","titles":{"pl":"Lampa kreślarska"},
	"status":"shipped","statuses":{"fr":"Expédiée","en":"Shipped","pl":"Wysłane"},"total":{"minor":18000,"currency":"EUR"},"placed_at":"2026-11-20T10:00:00Z",
	"url":"https://shop.example/orders/2041",
	"facts":[{"key":"tracking","labels":{"fr":"Numéro de suivi","en":"Tracking number","pl":"Numer przesyłki"},"value":"LX-4471-FR","prompt":true},
		{"key":"delivery_date","labels":{"fr":"Livraison prévue","en":"Expected delivery"},"values":{"fr":"entre le 27 et le 30 novembre","en":"27 to 30 November"},"value":"2026-11-30"},
		{"key":"gift","labels":{"fr":"Emballage cadeau","en":"Gift wrapping"},"value":"Papier kraft"}]}`

func newVouched(t *testing.T, with ...func(*config.Settings)) vouched {
	t.Helper()
	return vouch(t, apptest.New(t, apptest.Options{Settings: func(s *config.Settings) {
		s.Sites = []string{shopSite}
		for _, f := range with {
			f(s)
		}
	}}))
}

// vouch gives a house that trusts the site what newVouched has.
func vouch(t *testing.T, h *apptest.House) vouched {
	t.Helper()
	_, router := spec(t)
	v := vouched{client: client{h.URL, router}, h: h, t: t}
	k, secret, err := h.Identities.AddKey(t.Context(), shopSite, support.HS256, "")
	if err != nil {
		t.Fatal(err)
	}
	v.kid, v.secret = k.KID, secret
	for site, to := range map[string]*support.Token{shopSite: &v.api, "https://other.example": &v.other} {
		if *to, err = h.Identities.AddAPIKey(t.Context(), site, "test"); err != nil {
			t.Fatal(err)
		}
	}
	v.run(t, scenario{method: "PUT", path: "/api/v1/host/orders/o-1", header: as(v.api), status: 200, body: theOrder})
	v.run(t, scenario{method: "PUT", path: "/api/v1/host/objects/lamp", header: as(v.api), status: 200,
		body: `{"title":"Lampe d’architecte","seller":"vasseur","price":{"minor":18000,"currency":"EUR"},"facts":[{"key":"state","labels":{"fr":"État"},"value":"Un éclat"}]}`})
	v.run(t, scenario{path: "/api/v1/host/members/camille/recently-viewed", header: as(v.api), status: 204, body: `{"objects":[{"id":"lamp"}]}`})
	v.run(t, scenario{method: "PUT", path: "/api/v1/host/members/vasseur", header: as(v.api), status: 200, body: `{"name":"Atelier Vasseur"}`})
	return v
}

func as(t support.Token) map[string]string {
	return map[string]string{"Authorization": "Bearer " + string(t)}
}

// jwt is what the site's server signs for a member.
func (v vouched) jwt(sub string) string {
	v.t.Helper()
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"aud": v.url, "sub": sub, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"email": sub + "@example.org", "email_verified": true, "name": strings.ToUpper(sub[:1]) + sub[1:]})
	token.Header["kid"] = v.kid
	s, err := token.SignedString([]byte(v.secret))
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// signIn is a session of a member's.
func (v vouched) signIn(sub string) support.Token {
	v.t.Helper()
	var out struct{ Session support.Token }
	_, body := v.run(v.t, scenario{path: "/api/v1/identity", status: 200, body: fmt.Sprintf(`{"token":%q}`, v.jwt(sub)), want: []string{`"id":"` + sub + `"`}})
	read(v.t, body, &out)
	return out.Session
}

const aboutOrder = `"subject":{"type":"order","id":"o-1"}`

// TestWhoMayWhat is a table of everybody and every door that belongs to members and sites.
func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	buyer, seller, stranger := v.signIn("camille"), v.signIn("vasseur"), v.signIn("nobody")
	over := v.signIn("camille")
	v.run(t, scenario{method: "DELETE", path: "/api/v1/identity", header: as(over), status: 204})
	staff := func(email string, role support.Role) map[string]string {
		b := newBrowser(t, v.h)
		b.signIn(t, v.h, email, role)
		return map[string]string{"Cookie": b.cookie(t)}
	}
	conversation := converse(t, v.h, "fr")
	guest := map[string]string{}
	agent, editor, admin := staff("agent@example.org", support.RoleAgent), staff("editor@example.org", support.RoleEditor), staff("admin@example.org", support.RoleAdmin)
	everybody := []struct {
		name   string
		header map[string]string
	}{
		{"guest", guest}, {"a guest with a conversation", conversation.bearer}, {"buyer", as(buyer)}, {"seller", as(seller)}, {"other member", as(stranger)},
		{"signed out", as(over)}, {"agent", agent}, {"editor", editor}, {"admin", admin}, {"site", as(v.api)}, {"other site", as(v.other)},
	}
	no, put := 401, func(s string) string { return "PUT " + s }
	for _, door := range []struct {
		path, body string
		status     [11]int // in the order of everybody
	}{
		{"GET /api/v1/me", "", [11]int{no, no, 200, 200, 200, no, no, no, no, no, no}},
		{"GET /api/v1/me/orders", "", [11]int{no, no, 200, 200, 200, no, no, no, no, no, no}},
		{"GET /api/v1/me/objects", "", [11]int{no, no, 200, 200, 200, no, no, no, no, no, no}},
		{"POST /api/v1/ask", `{"text":"où en est ma commande ?",` + aboutOrder + `}`, [11]int{no, no, 200, 200, 404, no, no, no, no, no, no}},
		{"POST /api/v1/ask", `{"text":"où est-il ?","subject":{"type":"object","id":"lamp"}}`, [11]int{no, no, 200, 200, 404, no, no, no, no, no, no}},
		{"POST /api/v1/ask", `{"text":"où est-il ?","subject":{"type":"order","id":"no such order"}}`, [11]int{no, no, 404, 404, 404, no, no, no, no, no, no}},
		{"POST /api/v1/conversations", `{"lang":"fr",` + aboutOrder + `}`, [11]int{no, no, 201, 201, 404, no, no, no, no, no, no}},
		{"DELETE /api/v1/identity", "", [11]int{no, no, 0, 0, 0, no, no, no, no, no, no}},
		{put("/api/v1/host/orders/o-2"), theOrder, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{put("/api/v1/host/orders"), `{"orders":[{"id":"o-3","buyer":"camille","title":"x","placed_at":"2026-11-20T10:00:00Z"}]}`, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{put("/api/v1/host/members/camille"), `{"name":"Camille"}`, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{put("/api/v1/host/members"), `{"members":[{"id":"m"}]}`, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{put("/api/v1/host/objects/globe"), `{"title":"Globe"}`, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{put("/api/v1/host/objects"), `{"objects":[{"id":"g","title":"Globe"}]}`, [11]int{no, no, no, no, no, no, no, no, no, 200, 200}},
		{"GET /api/v1/host/orders/o-1", "", [11]int{no, no, no, no, no, no, no, no, no, 200, 404}},
		{"GET /api/v1/host/objects/lamp", "", [11]int{no, no, no, no, no, no, no, no, no, 200, 404}},
		{"GET /api/v1/host/members/vasseur", "", [11]int{no, no, no, no, no, no, no, no, no, 200, 404}},
		{"POST /api/v1/host/members/camille/recently-viewed", `{"objects":[{"id":"globe"}]}`, [11]int{no, no, no, no, no, no, no, no, no, 204, 204}},
		{"DELETE /api/v1/host/orders/o-2", "", [11]int{no, no, no, no, no, no, no, no, no, 204, 204}},
		{"DELETE /api/v1/host/objects/globe", "", [11]int{no, no, no, no, no, no, no, no, no, 204, 204}},
		{"DELETE /api/v1/host/members/m", "", [11]int{no, no, no, no, no, no, no, no, no, 204, 204}},
		{"GET /desk/identity", "", [11]int{no, no, no, no, no, no, 403, 403, 200, no, no}},
		{"POST /desk/identity", "do=nothing", [11]int{no, no, no, no, no, no, 403, 403, 400, no, no}},
	} {
		method, path, _ := strings.Cut(door.path, " ")
		for i, who := range everybody {
			if door.status[i] == 0 {
				continue
			}
			t.Run(strings.ReplaceAll(door.path, "/", "_")+" by "+who.name, func(t *testing.T) {
				header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
				for k, x := range who.header {
					header[k] = x
				}
				var without []string
				if door.status[i] >= 400 {
					without = []string{"LX-4471", "Lampe", "Vasseur"}
				}
				v.run(t, scenario{method: method, path: path, body: door.body, header: header, status: door.status[i], without: without})
			})
		}
	}
	// What another site told of a member of the same name changed nothing here.
	v.run(t, scenario{path: "/api/v1/me", header: as(buyer), status: 200, want: []string{`"site":"` + shopSite + `"`, `"name":"Camille"`}})
	v.run(t, scenario{path: "/api/v1/me/orders", header: as(buyer), status: 200, want: []string{`"id":"o-1"`}})
	// What is not theirs and what is not there sound alike.
	_, theirs := v.run(t, scenario{path: "/api/v1/ask", header: as(stranger), status: 404, body: `{"text":"?",` + aboutOrder + `}`})
	_, none := v.run(t, scenario{path: "/api/v1/ask", header: as(stranger), status: 404, body: `{"text":"?","subject":{"type":"order","id":"none"}}`})
	if theirs != none {
		t.Errorf("an order of somebody else says\n%s\nno order says\n%s", theirs, none)
	}
}

// cookie is the session of whoever has signed in, for a request of one's own.
func (b *browser) cookie(t *testing.T) string {
	t.Helper()
	for _, c := range b.Jar.Cookies(mustParse(t, b.url)) {
		if c.Name == "guichet_desk" {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatal("nobody has signed in")
	return ""
}

func TestBadIdentity(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	good := v.jwt("camille")
	for _, s := range []scenario{
		{name: "Nothing", body: `{}`, status: 400, want: []string{`"field":"token"`}},
		{name: "NoJSON", body: `token`, status: 400},
		{name: "Malformed", body: `{"token":"x.y.z"}`, status: 401, want: []string{"cannot be read"}},
		{name: "AlgNone", body: `{"token":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJib3NzIn0."}`, status: 401},
		{name: "Large", body: fmt.Sprintf(`{"token":%q}`, strings.Repeat("a", 70_000)), status: 413},
		{name: "OtherSite", body: fmt.Sprintf(`{"token":%q}`, good), status: 403, header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
		{name: "WrongConversation", body: fmt.Sprintf(`{"token":%q,"conversation":{"id":"x","token":"y"}}`, good), status: 401, want: []string{"conversation"}},
		{name: "InFrench", body: `{"token":"x.y.z"}`, status: 401, header: map[string]string{"Accept-Language": "fr"}, want: []string{"jeton"}},
	} {
		s.path = "/api/v1/identity"
		t.Run(s.name, func(t *testing.T) { v.run(t, s) })
	}
}

// TestMerge: a visitor's conversation becomes the member's who signs in with its token, and no other.
func TestMerge(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	mine, elsewhere := converse(t, v.h, "fr"), converse(t, v.h, "fr")
	mine.post("/questions", refund, 200)
	id := strings.TrimPrefix(mine.path, "/api/v1/conversations/")
	token := strings.TrimPrefix(mine.bearer["Authorization"], "Bearer ")
	merge := func(sub, token string, status int, want ...string) string {
		_, body := v.run(t, scenario{path: "/api/v1/identity", status: status, want: want,
			body: fmt.Sprintf(`{"token":%q,"conversation":{"id":%q,"token":%q}}`, v.jwt(sub), id, token)})
		return body
	}
	merge("camille", strings.TrimPrefix(elsewhere.bearer["Authorization"], "Bearer "), 401)
	var in struct{ Session support.Token }
	read(t, merge("camille", token, 200, `"merged":true`), &in)
	session := as(in.Session)
	v.run(t, scenario{path: mine.path, header: session, status: 200, want: []string{"Combien de temps"}})
	v.run(t, scenario{path: mine.path + "/contact-options", header: session, status: 200})
	v.run(t, scenario{path: mine.path + "/questions", header: session, status: 200, body: `{"client_id":"q-2","text":"Comment annuler ma commande ?"}`})
	v.run(t, scenario{path: elsewhere.path, header: session, status: 401})
	// Whoever comes after with the same token does not get it away, nor reads it by their own session.
	merge("nobody", token, 200, `"merged":false`)
	v.run(t, scenario{path: mine.path, header: as(v.signIn("nobody")), status: 401})
	// The browser that began it still opens it, until the site enforces identity.
	v.run(t, scenario{path: mine.path, header: mine.bearer, status: 200})
	if err := v.h.Identities.Enforce(t.Context(), shopSite, true); err != nil {
		t.Fatal(err)
	}
	v.run(t, scenario{path: mine.path, header: mine.bearer, status: 401, without: []string{"Combien"}})
	v.run(t, scenario{path: elsewhere.path, header: elsewhere.bearer, status: 200})
	v.run(t, scenario{path: mine.path, header: session, status: 200})
	v.run(t, scenario{path: "/api/v1/ask", status: 200, body: `{"text":"Combien de temps prend un remboursement ?"}`})
	// A member who is taken back is nobody any more.
	v.run(t, scenario{method: "DELETE", path: "/api/v1/host/members/camille", header: as(v.api), status: 204})
	v.run(t, scenario{path: mine.path, header: session, status: 401})
}

// told is what an answer says of an order.
type told struct {
	Outcome, Text string
	About         *struct {
		Type, ID, Number, Title string
		Summary                 bool
		Facts                   []struct{ Key, Label, Value string }
	}
}

func (a told) keys() string {
	var out []string
	for _, f := range a.About.Facts {
		out = append(out, f.Key)
	}
	return strings.Join(out, " ")
}

func TestOrderFacts(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	buyer := as(v.signIn("camille"))
	for _, x := range []struct{ lang, text, facts, outcome string }{
		{"fr", "Où en est ma commande ?", "order.status tracking delivery_date", "answered"},
		{"fr", "Quel est le numéro de suivi ?", "tracking", "answered"},
		{"fr", "Quand sera-t-elle livrée ?", "order.placed_at delivery_date", "answered"},
		{"fr", "Combien ai-je payé ?", "order.total", "answered"},
		{"fr", "Y a-t-il un emballage cadeau ?", "gift", "answered"},
		{"fr", "Combien de temps prend un remboursement ?", "order.total", "answered"},
		{"en", "Where is my order?", "order.status tracking delivery_date", "answered"},
		{"pl", "Gdzie jest moje zamówienie?", "order.status tracking delivery_date", "answered"},
		{"zh", "我的订单到哪了？", "order.status tracking delivery_date", "answered"},
		{"fr", "Quelle est la capitale du Pérou ?", "", "unknown"},
	} {
		var a told
		_, body := v.run(t, scenario{path: "/api/v1/ask", header: buyer, status: 200, body: fmt.Sprintf(`{"text":%q,"lang":%q,%s}`, x.text, x.lang, aboutOrder)})
		read(t, body, &a)
		if a.About == nil || a.Outcome != x.outcome || a.About.ID != "o-1" || a.About.Number != "2041" {
			t.Errorf("%s: %s", x.text, body)
			continue
		}
		if x.facts == "" {
			if !a.About.Summary || !strings.HasPrefix(a.keys(), "order.status order.placed_at order.total") {
				t.Errorf("%s: not the summary: %s", x.text, a.keys())
			}
			continue
		}
		if a.keys() != x.facts || a.About.Summary {
			t.Errorf("%s: tells %q, want %q", x.text, a.keys(), x.facts)
		}
	}
	// In the reader's language: labels, values and amounts.
	_, body := v.run(t, scenario{path: "/api/v1/ask", header: buyer, status: 200, body: `{"text":"Où en est ma commande ? Quel est le prix ?","lang":"fr",` + aboutOrder + `}`})
	for _, want := range []string{`"label":"Statut","value":"Expédiée"`, "180,00\u00a0€", `"label":"Livraison prévue","value":"entre le 27 et le 30 novembre"`} {
		if !strings.Contains(body, want) {
			t.Errorf("lacks %s: %s", want, body)
		}
	}
	// A stream tells the order first.
	_, stream := v.run(t, scenario{path: "/api/v1/ask", status: 200, body: `{"text":"Combien de temps prend un remboursement ?","lang":"fr",` + aboutOrder + `}`,
		header: map[string]string{"Authorization": buyer["Authorization"], "Accept": "text/event-stream"}})
	if about, sources := strings.Index(stream, "event: about"), strings.Index(stream, "event: sources"); about < 0 || about > sources {
		t.Errorf("the order does not come first: %s", stream)
	}
	// Nothing of it stands with the answers that are kept.
	var kept struct{ ID string }
	read(t, body, &kept)
	v.run(t, scenario{path: "/fr/answers/" + kept.ID, status: 200, without: []string{"Expédiée", "LX-4471", "180,00"}})
}

// TestOrderInConversation: what a conversation is about holds for its later questions, for its member
// alone, and its thread says again what was told.
func TestOrderInConversation(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	buyer := as(v.signIn("camille"))
	var opened struct{ ID, Token string }
	_, body := v.run(t, scenario{path: "/api/v1/conversations", header: buyer, status: 201, body: `{"lang":"fr",` + aboutOrder + `}`})
	read(t, body, &opened)
	base := "/api/v1/conversations/" + opened.ID
	const where = `{"client_id":"q-1","text":"Où en est ma commande ?"}`
	_, first := v.run(t, scenario{path: base + "/questions", header: buyer, status: 200, body: where, want: []string{"LX-4471-FR", "Expédiée"}})
	v.run(t, scenario{path: base, header: buyer, status: 200, want: []string{`"subject":{"type":"order","id":"o-1"}`, "LX-4471-FR"}})
	var a, again told
	_, second := v.run(t, scenario{path: base + "/questions", header: buyer, status: 200, body: where})
	read(t, first, &a)
	read(t, second, &again)
	if a.keys() != again.keys() || again.Outcome != "answered" {
		t.Errorf("asked again it says %s", second)
	}
	// Its token alone asks, but learns nothing of the order.
	v.run(t, scenario{path: base + "/questions", header: as(support.Token(opened.Token)), status: 200, without: []string{"LX-4471"},
		body: `{"client_id":"q-2","text":"Où en est ma commande ?"}`})
	v.run(t, scenario{path: base + "/questions", header: as(support.Token(opened.Token)), status: 401, body: `{"client_id":"q-3","text":"?",` + aboutOrder + `}`})
	v.run(t, scenario{path: base + "/questions", header: as(v.signIn("vasseur")), status: 401, body: `{"client_id":"q-4","text":"?"}`})
	// Another subject takes its place; one that is somebody else's does not.
	v.run(t, scenario{path: base + "/questions", header: buyer, status: 200, body: `{"client_id":"q-5","text":"Quel est son état ?","subject":{"type":"object","id":"lamp"}}`, want: []string{"Un éclat"}})
	v.run(t, scenario{path: base, header: buyer, status: 200, want: []string{`"subject":{"type":"object","id":"lamp"}`}})
	v.run(t, scenario{path: base + "/questions", header: buyer, status: 404, body: `{"client_id":"q-6","text":"?","subject":{"type":"order","id":"o-9"}}`})
	// An order that is taken back is told of no more.
	v.run(t, scenario{path: base + "/questions", header: buyer, status: 200, body: `{"client_id":"q-7","text":"Où en est ma commande ?",` + aboutOrder + `}`})
	v.run(t, scenario{method: "DELETE", path: "/api/v1/host/orders/o-1", header: as(v.api), status: 204})
	v.run(t, scenario{path: base + "/questions", header: buyer, status: 200, without: []string{"LX-4471"}, body: `{"client_id":"q-8","text":"Où en est ma commande ?"}`})
	// A request that waits for proof of its address shows nothing of the order on its page.
	_, made := v.run(t, scenario{path: base + "/handoff", header: buyer, status: 201,
		body: `{"client_id":"form-0001","channel":"email","category":"order","email":"else@example.org","text":"Bonjour"}`})
	var out struct{ Ticket struct{ URL string } }
	read(t, made, &out)
	v.run(t, scenario{path: strings.TrimPrefix(out.Ticket.URL, v.url), status: 200, without: []string{"LX-4471", "Expédiée"}})
}

func TestHostAPI(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	h := as(v.api)
	long := strings.Repeat("x", 201)
	orders := func(n int) string {
		return `{"orders":[` + strings.TrimSuffix(strings.Repeat(`{"id":"b","buyer":"camille","title":"x","placed_at":"2026-11-20T10:00:00Z"},`, n), ",") + `]}`
	}
	for _, s := range []scenario{
		{name: "Again", method: "PUT", path: "/api/v1/host/orders/o-1", body: theOrder, status: 200, want: []string{`"id":"o-1"`, `"prompt":true`}},
		{name: "Get", path: "/api/v1/host/orders/o-1", status: 200, want: []string{`"titles":{"pl":"Lampa kreślarska"}`, `"minor":18000`}},
		{name: "OtherID", method: "PUT", path: "/api/v1/host/orders/o-1", body: `{"id":"o-2","buyer":"b","title":"x","placed_at":"2026-11-20T10:00:00Z"}`, status: 400, want: []string{`"field":"id"`}},
		{name: "All", method: "PUT", path: "/api/v1/host/orders/o-4", status: 400,
			body: `{"title":"` + long + `","buyer":" ","total":{"minor":1,"currency":"euro"},"placed_at":"yesterday","url":"javascript:alert(1)","image":"//x","titles":{"sv":"x"},"facts":[{"key":"a b","value":""}]}`,
			want: []string{`"field":"title"`, `"field":"buyer"`, `"field":"total.currency"`, `"field":"placed_at"`, `"field":"url"`, `"field":"image"`, `"field":"titles"`, `"field":"facts[0].key"`, `"field":"facts[0].value"`}},
		{name: "WrongType", method: "PUT", path: "/api/v1/host/orders/o-4", body: `{"total":{"minor":1.5}}`, status: 400, want: []string{`"field":"total.minor"`}},
		{name: "Nothing", method: "PUT", path: "/api/v1/host/orders", body: `{"orders":[]}`, status: 400, want: []string{`"field":"orders"`}},
		{name: "Hundred", method: "PUT", path: "/api/v1/host/orders", body: orders(100), status: 200, want: []string{`"kept":100`}},
		{name: "TooMany", method: "PUT", path: "/api/v1/host/orders", body: orders(101), status: 400, want: []string{`"field":"orders"`}},
		{name: "OneIsWrong", method: "PUT", path: "/api/v1/host/orders", status: 400, want: []string{`"field":"orders[1].placed_at"`},
			body: `{"orders":[{"id":"none","buyer":"camille","title":"x","placed_at":"2026-11-20T10:00:00Z"},{"id":"o-6","buyer":"camille","title":"x"}]}`},
		{name: "NoneOfThem", path: "/api/v1/host/orders/none", status: 404},
		{name: "Member", method: "PUT", path: "/api/v1/host/members/x", body: `{"email":"nobody","lang":"sv","phone":"0123","zoneinfo":"Mars/Olympus"}`, status: 400,
			want: []string{`"field":"email"`, `"field":"lang"`, `"field":"phone"`, `"field":"zoneinfo"`}},
		{name: "LongID", method: "PUT", path: "/api/v1/host/members/" + long, body: `{}`, status: 400, want: []string{`"field":"id"`}},
		{name: "Large", method: "PUT", path: "/api/v1/host/members", body: `{"members":[{"id":"` + strings.Repeat("x", 1<<20) + `"}]}`, status: 413},
		{name: "Viewed", path: "/api/v1/host/members/camille/recently-viewed", body: `{"objects":[{"id":""}]}`, status: 400, want: []string{`"field":"objects[0].id"`}},
		{name: "ViewedWhen", path: "/api/v1/host/members/camille/recently-viewed", body: `{"objects":[{"id":"lamp","viewed_at":"today"}]}`, status: 400, want: []string{`"field":"objects[0].viewed_at"`}},
		{name: "DeleteTwice", method: "DELETE", path: "/api/v1/host/objects/none", status: 204},
	} {
		s.header = h
		t.Run(s.name, func(t *testing.T) { v.run(t, s) })
	}
}

func TestMyOrders(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	buyer, seller := as(v.signIn("camille")), as(v.signIn("vasseur"))
	v.run(t, scenario{method: "PUT", path: "/api/v1/host/orders/o-0", header: as(v.api), status: 200,
		body: `{"number":"1988","buyer":"vasseur","seller":"camille","title":"Lanterne","status":"returned","placed_at":"2026-10-01T10:00:00Z"}`})
	for _, s := range []scenario{
		{name: "Both", path: "/api/v1/me/orders?lang=fr", header: buyer, status: 200,
			want: []string{`"number":"2041"`, `"status":"Expédiée"`, `"role":"buyer"`, `"other":{"party":"seller","name":"Vasseur"}`, `"number":"1988"`, `"role":"seller"`, "180,00\u00a0€"}},
		{name: "Seller", path: "/api/v1/me/orders?lang=pl", header: seller, status: 200, want: []string{`"title":"Lampa kreślarska"`, `"role":"seller"`, `"party":"buyer","name":"Camille"`}},
		{name: "Limit", path: "/api/v1/me/orders?limit=1", header: buyer, status: 200, want: []string{"2041"}, without: []string{"1988"}},
		{name: "ByNumber", path: "/api/v1/me/orders?q=198", header: buyer, status: 200, want: []string{"1988"}, without: []string{"2041"}},
		{name: "ByWord", path: "/api/v1/me/orders?q=EXPEDIEE", header: buyer, status: 200, want: []string{"2041"}, without: []string{"1988"}},
		{name: "ByNothing", path: "/api/v1/me/orders?q=100%25_", header: buyer, status: 200, want: []string{`"orders":[]`}},
		{name: "WrongLimit", path: "/api/v1/me/orders?limit=0", header: buyer, status: 400, want: []string{`"field":"limit"`}},
		{name: "LongQuery", path: "/api/v1/me/orders?q=" + strings.Repeat("a", 201), header: buyer, status: 400, want: []string{`"field":"q"`}},
		{name: "Objects", path: "/api/v1/me/objects?lang=en", header: buyer, status: 200, want: []string{`"id":"lamp"`, "€180.00"}},
		{name: "NoObjects", path: "/api/v1/me/objects", header: seller, status: 200, want: []string{`"objects":[]`}},
	} {
		t.Run(s.name, func(t *testing.T) { v.run(t, s) })
	}
	// Fifty views are kept, the latest.
	var many []string
	for i := range 60 {
		v.run(t, scenario{method: "PUT", path: fmt.Sprintf("/api/v1/host/objects/x-%02d", i), header: as(v.api), status: 200, body: `{"title":"x"}`})
		many = append(many, fmt.Sprintf(`{"id":"x-%02d","viewed_at":"2026-11-20T10:00:%02dZ"}`, i, i))
	}
	v.run(t, scenario{path: "/api/v1/host/members/vasseur/recently-viewed", header: as(v.api), status: 204, body: `{"objects":[` + strings.Join(many, ",") + `]}`})
	_, body := v.run(t, scenario{path: "/api/v1/me/objects?limit=100", header: seller, status: 200, want: []string{"x-59", "x-10"}, without: []string{"x-09"}})
	if n := strings.Count(body, `"title"`); n != 50 {
		t.Errorf("%d views are kept", n)
	}
}

// TestIdentityPage: an admin makes, uses and revokes a key; its secret is shown once.
func TestIdentityPage(t *testing.T) {
	t.Parallel()
	v := newVouched(t)
	b := newBrowser(t, v.h)
	b.signIn(t, v.h, "admin@example.org", support.RoleAdmin)
	status, page, _ := b.send(t, "/desk/identity", "do", "add", "site", shopSite, "alg", "HS256")
	made := between(page, `id="made-value" dir="ltr">`, "<")
	if status != http.StatusOK || len(made) < 40 || !strings.Contains(page, v.url) {
		t.Fatalf("%d, the secret %q: %s", status, made, page)
	}
	if _, again, _ := b.get(t, "/desk/identity"); strings.Contains(again, made) || !strings.Contains(again, v.kid) {
		t.Error("the secret is shown again, or the key is not")
	}
	status, page, _ = b.send(t, "/desk/identity", "do", "add", "site", shopSite, "alg", "EdDSA", "public_key", "not a key")
	if status != http.StatusBadRequest || !strings.Contains(page, ">not a key</textarea>") || !strings.Contains(page, `href="#public_key"`) {
		t.Errorf("a wrong key: %d %s", status, page)
	}
	if status, _, _ = b.send(t, "/desk/identity", "do", "add", "site", "https://evil.example", "alg", "HS256"); status != http.StatusBadRequest {
		t.Errorf("a site that is not allowed: %d", status)
	}
	session := as(v.signIn("camille"))
	if status, page, _ = b.send(t, "/desk/identity", "do", "revoke", "kid", v.kid); status != http.StatusOK || !strings.Contains(page, `id="notice"`) {
		t.Errorf("revoke: %d", status)
	}
	v.run(t, scenario{path: "/api/v1/me", header: session, status: 401})
	v.run(t, scenario{path: "/api/v1/identity", status: 401, body: fmt.Sprintf(`{"token":%q}`, v.jwt("camille"))})
	_, page, _ = b.send(t, "/desk/identity", "do", "add_api", "site", shopSite, "name", "orders")
	key := support.Token(between(page, `id="made-value" dir="ltr">`, "<"))
	v.run(t, scenario{path: "/api/v1/host/orders/o-1", header: as(key), status: 200})
	_, page, _ = b.get(t, "/desk/identity")
	id := between(page[:strings.Index(page, "<bdi>orders</bdi>")], `data-api-key="`, `"`)
	b.send(t, "/desk/identity", "do", "revoke_api", "id", id)
	v.run(t, scenario{path: "/api/v1/host/orders/o-1", header: as(key), status: 401})
	if _, page, _ = b.send(t, "/desk/identity", "do", "enforce", "site", shopSite); !strings.Contains(page, `value="relax"`) {
		t.Error("identity is not enforced")
	}
	if sites, err := v.h.Identities.Enforced(t.Context()); err != nil || len(sites) != 1 {
		t.Errorf("enforced on %v, %v", sites, err)
	}
	b.send(t, "/desk/identity", "do", "relax", "site", shopSite)
	if sites, err := v.h.Identities.Enforced(t.Context()); err != nil || len(sites) != 0 {
		t.Errorf("enforced on %v, %v", sites, err)
	}
	checkPage(t, "/desk/identity", page, "en")
}

// between is what stands after the last of one mark and before the next of another.
func between(s, after, before string) string {
	i := strings.LastIndex(s, after)
	if i < 0 {
		return ""
	}
	out, _, _ := strings.Cut(s[i+len(after):], before)
	return out
}

// TestModelsAreToldWhatIsMarked: of all that a site tells, a language model gets the facts alone that
// the site marked for it. A server in the model's place keeps what it is sent.
func TestModelsAreToldWhatIsMarked(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent []string
	spy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if sent = append(sent, string(b)); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"NONE\"}}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(spy.Close)
	v := newVouched(t, func(s *config.Settings) {
		s.LLMURL, s.LLMModel, s.LLMDeadline = spy.URL+"/v1", "spy", 8*time.Second
		s.LLMDaily, s.LLMSite, s.LLMHourly, s.LLMMember, s.LLMTokens = 100, 100, 100, 100, 1_000_000
	})
	buyer := as(v.signIn("camille"))
	const question = `{"text":"Combien de temps prend un remboursement ?","lang":"fr"`
	v.run(t, scenario{path: "/api/v1/ask", header: buyer, status: 200, body: question + `}`})
	v.run(t, scenario{path: "/api/v1/ask", header: buyer, status: 200, body: question + `,` + aboutOrder + `}`, want: []string{`"about"`}})
	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 2 {
		t.Fatalf("the model was asked %d times", len(sent))
	}
	if strings.Contains(sent[0], "LX-4471") || !strings.Contains(sent[1], "Numéro de suivi: LX-4471-FR") {
		t.Errorf("without the order: %s\nwith it: %s", sent[0], sent[1])
	}
	for _, secret := range []string{"kraft", "Papier", "Exp\u00e9di", "Expédi", "2041", "180,00", "18000", "27 et le 30", "Lampe", "camille", "vasseur", "Vasseur", "shop.example"} {
		if strings.Contains(sent[1], secret) {
			t.Errorf("the model was told %q", secret)
		}
	}
}
