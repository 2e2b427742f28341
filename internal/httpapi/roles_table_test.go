package httpapi_test

import "slices"

// doors are all routes of the house, and who may do what there: the statuses are those of guest, other
// member, member, other team's agent, agent and admin. A route stands more than once where it matters
// what is asked of it.
var doors = slices.Concat(machineDoors, readingDoors, conversationDoors, memberDoors, hostDoors, linkDoors, spaceDoors, enterDoors, deskDoors, adminDoors)

// Machines ask these: they are for anybody.
var machineDoors = []door{
	{route: "GET /healthz", want: all(200)},
	{route: "GET /readyz", want: all(200)},
	{route: "GET /robots.txt", want: all(200)},
	{route: "GET /sitemap.xml", want: all(200)},
	{route: "GET /favicon.ico", want: all(200)},
	{route: "GET /assets/*file", at: "page.css", want: all(200)},
	{route: "GET /widget.js", want: all(200)},
	{route: "GET /widget.d.ts", want: all(200)},
	{route: "GET /api/v1/openapi.json", want: all(200)},
}

// What anybody reads and asks; whose order a question is about decides who hears of it.
var readingDoors = []door{
	{route: "GET /api/v1/search", at: "?q=remboursement", want: all(200)},
	{route: "POST /api/v1/search", body: `{"q":"remboursement"}`, want: all(200)},
	{route: "POST /api/v1/ask", body: `{"text":"Combien de temps prend un remboursement ?"}`, want: all(200)},
	{route: "POST /api/v1/ask", body: `{"text":"Où en est ma commande ?","lang":"fr",` + aboutOrder + `}`, want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/answers/:id/feedback", at: "{answer}", body: `{"helpful":true,"visitor":"visitor-of-the-table-{n}"}`, want: all(200)},
	{route: "GET /api/v1/attachments/limits", want: all(200)},
	{route: "GET /api/v1/contact-options", at: "?category=order", want: all(200)},
	{route: "GET /api/v1/challenge", want: all(200)},
	{route: "GET /api/v1/articles", want: all(200)},
	{route: "GET /api/v1/articles/:lang/:slug", at: "fr demander-un-remboursement", want: all(200)},
	{route: "POST /api/v1/articles/:lang/:slug/feedback", at: "fr demander-un-remboursement", body: `{"helpful":true,"visitor":"visitor-of-the-table-{n}"}`, want: all(200)},

	{route: "GET /", want: all(302)},
	{route: "GET /chat", want: all(303)},
	{route: "GET /:lang", at: "fr", want: all(200)},
	{route: "GET /:lang", at: "xx", want: all(404)},
	{route: "GET /:lang/panel", at: "fr", want: all(200)},
	{route: "GET /:lang/chat", at: "fr", want: all(200)},
	{route: "GET /:lang/feed.atom", at: "fr", want: all(200)},
	{route: "GET /:lang/opensearch.xml", at: "fr", want: all(200)},
	{route: "GET /:lang/search", at: "fr ?q=remboursement", want: all(200)},
	{route: "GET /:lang/ask", at: "fr", want: all(200)},
	{route: "GET /:lang/ask", at: "fr ?q=remboursement", want: all(303), head: 200}, // a head asks nothing
	{route: "GET /:lang/answers/:id", at: "fr {answer}", want: all(200)},
	{route: "GET /:lang/answers/:id", at: "fr {uuid}", want: all(404)},
	{route: "POST /:lang/answers/:id/feedback", at: "fr {answer}", body: "helpful=yes", want: all(303)},
	{route: "GET /:lang/collections/:key", at: "fr refunds", want: all(200)},
	{route: "GET /:lang/articles/:slug", at: "fr demander-un-remboursement", want: all(200)},
	{route: "POST /:lang/articles/:slug/feedback", at: "fr demander-un-remboursement", body: "helpful=yes", want: all(303)},
	{route: "GET /:lang/requests/new", at: "fr ?answer={answer}", want: all(200), shows: "member"},
	{route: "POST /:lang/requests/new", at: "fr", body: "client_id=form-of-{n}&email={n}@example.org&category=refund&text=Bonjour", want: all(303)},
}

// A conversation belongs to who holds its token, or to its member by their session: to all others, who
// work here among them, its id opens nothing.
var conversationDoors = []door{
	{route: "POST /api/v1/conversations", body: `{"lang":"fr"}`, want: all(201)},
	{route: "POST /api/v1/conversations", body: `{"lang":"fr",` + aboutOrder + `}`, want: six{401, 404, 201, 401, 401, 401}},
	{route: "GET /api/v1/conversations/:id", at: "{conversation}", want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /api/v1/conversations/:id", at: "{conversation}", want: all(401), cookie: true}, // nor does a cookie
	{route: "GET /api/v1/conversations/:id", at: "{guests}", want: six{200, 401, 401, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/questions", at: "{talk}", body: `{"client_id":"q-{n}","text":"Où en est ma commande ?"}`, want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/conversations/:id/messages", at: "{conversation}", body: `{"client_id":"m-{n}","text":"Merci."}`, want: six{401, 401, 201, 401, 401, 401}},
	{route: "GET /api/v1/conversations/:id/contact-options", at: "{conversation} ?category=order", want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/conversations/:id/similar", at: "{conversation}", body: `{"text":"Mon globe de Venise est en miettes.","category":"order"}`, want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/conversations/:id/similar", at: "{guests}", body: `{"text":"Mon globe de Venise est en miettes.","category":"order"}`, want: six{200, 401, 401, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/similar", at: "{others}", body: `{"text":"Mon globe de Venise est en miettes.","category":"order"}`, want: six{401, 200, 401, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/handoff", at: "{talk}", body: `{"client_id":"form-of-{n}","channel":"email","category":"order","email":"{n}@example.org","text":"Bonjour"}`, want: six{401, 401, 201, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/handoff", at: "{guests}", body: `{"client_id":"form-of-{n}","channel":"email","text":"Bonjour","add_to":"{ref}"}`, want: six{404, 401, 401, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/handoff", at: "{others}", body: `{"client_id":"form-of-{n}","channel":"email","text":"Bonjour","add_to":"{ref}"}`, want: six{401, 404, 401, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/handoff", at: "{talk}", body: `{"client_id":"form-of-{n}","channel":"email","text":"Bonjour","add_to":"{ref}"}`, want: six{401, 401, 200, 401, 401, 401}},
	{route: "POST /api/v1/conversations/:id/fields", at: "{conversation}", body: `{"fields":{"order":"2041"}}`, want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/conversations/:id/attachments", at: "{conversation}", body: "%PDF-1.7\n%%EOF\n", file: true, want: six{401, 401, 201, 401, 401, 401}},
	{route: "GET /api/v1/conversations/:id/attachments/:file", at: "{conversation} {unsent}", want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /api/v1/conversations/:id/attachments/:file", at: "{guests} {unsent}", want: six{404, 401, 401, 401, 401, 401}},
	{route: "DELETE /api/v1/conversations/:id/attachments/:file", at: "{conversation} {unsent}", want: six{401, 401, 204, 401, 401, 401}},
	{route: "DELETE /api/v1/conversations/:id/attachments/:file", at: "{others} {unsent}", want: six{401, 404, 401, 401, 401, 401}},
	{route: "GET /api/v1/conversations/:id/attachments/:file/content", at: "{conversation} {file}", want: six{401, 401, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /api/v1/conversations/:id/attachments/:file/content", at: "{guests} {file}", want: six{404, 401, 401, 401, 401, 401}},
}

// Members, and their own requests: by the session of their shop, or by the cookie of our own pages.
var memberDoors = []door{
	{route: "POST /api/v1/identity", body: `{"token":"{jwt}"}`, want: all(200)},
	{route: "POST /api/v1/identity", body: `{"token":"{jwt}","conversation":{"id":"{talk}","token":"nothing"}}`, want: all(401)},
	{route: "DELETE /api/v1/identity", want: six{401, 204, 204, 401, 401, 401}, fresh: true},
	{route: "DELETE /api/v1/identity", want: all(401), cookie: true}, // it would end nothing
	{route: "GET /api/v1/me", want: six{401, 200, 200, 401, 401, 401}, shows: "member"},
	{route: "GET /api/v1/me", want: six{401, 200, 200, 401, 401, 401}, shows: "member", cookie: true},
	{route: "GET /api/v1/me/orders", want: six{401, 200, 200, 401, 401, 401}},
	{route: "GET /api/v1/me/objects", want: six{401, 200, 200, 401, 401, 401}},
	{route: "GET /api/v1/tickets", want: six{401, 200, 200, 401, 401, 401}, shows: "member"},
	{route: "GET /api/v1/tickets", want: six{401, 200, 200, 401, 401, 401}, shows: "member", cookie: true},
	{route: "GET /api/v1/tickets/:ref", at: "{ref}", want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /api/v1/tickets/:ref", at: "{ref}", want: six{401, 404, 200, 401, 401, 401}, shows: "ok", cookie: true},
	{route: "POST /api/v1/tickets/:ref/messages", at: "{ref}", body: `{"client_id":"m-{n}","text":"Merci."}`, want: six{401, 404, 201, 401, 401, 401}},
	{route: "POST /api/v1/tickets/:ref/messages", at: "{ref}", body: `{"client_id":"m-{n}","text":"Merci."}`, want: six{401, 404, 201, 401, 401, 401}, cookie: true},
	{route: "POST /api/v1/tickets/:ref/solved", at: "{ref}", want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/tickets/:ref/reopen", at: "{ref}", ticket: "solved", want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "POST /api/v1/tickets/:ref/reopen", at: "{ref}", ticket: "over", body: `{"client_id":"follow-{n}","text":"Encore."}`, want: six{401, 404, 201, 401, 401, 401}, shows: "member"},
	{route: "POST /api/v1/tickets/:ref/read", at: "{ref}", body: `{"seq":1}`, want: six{401, 404, 204, 401, 401, 401}},
	{route: "POST /api/v1/tickets/:ref/attachments", at: "{ref}", body: "%PDF-1.7\n%%EOF\n", file: true, want: six{401, 404, 201, 401, 401, 401}},
	{route: "GET /api/v1/tickets/:ref/attachments/:file/content", at: "{ref} {file}", want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /api/v1/tickets/:ref/attachments/:file/content", at: "{others-ref} {file}", want: six{401, 404, 404, 401, 401, 401}},
}

// The server of a shop comes with its key, and with nothing else; what another shop told it does not see.
var hostDoors = []door{
	{route: "PUT /api/v1/host/members", body: `{"members":[{"id":"{n}"}]}`, want: all(401), site: 200, alien: 200},
	{route: "PUT /api/v1/host/members/:id", at: "{n}", body: `{"name":"Camille"}`, want: all(401), site: 200, alien: 200},
	{route: "GET /api/v1/host/members/:id", at: "camille", want: all(401), site: 200, alien: 404},
	{route: "DELETE /api/v1/host/members/:id", at: "{n}", want: all(401), site: 204, alien: 204},
	{route: "POST /api/v1/host/members/:id/recently-viewed", at: "camille", body: `{"objects":[{"id":"lamp"}]}`, want: all(401), site: 204, alien: 204},
	{route: "PUT /api/v1/host/orders", body: `{"orders":[{"id":"{n}","buyer":"x","title":"x","placed_at":"2026-11-20T10:00:00Z"}]}`, want: all(401), site: 200, alien: 200},
	{route: "PUT /api/v1/host/orders/:id", at: "{n}", body: `{"buyer":"x","title":"x","placed_at":"2026-11-20T10:00:00Z"}`, want: all(401), site: 200, alien: 200},
	{route: "GET /api/v1/host/orders/:id", at: "o-1", want: all(401), site: 200, alien: 404},
	{route: "DELETE /api/v1/host/orders/:id", at: "{n}", want: all(401), site: 204, alien: 204},
	{route: "PUT /api/v1/host/objects", body: `{"objects":[{"id":"{n}","title":"x"}]}`, want: all(401), site: 200, alien: 200},
	{route: "PUT /api/v1/host/objects/:id", at: "{n}", body: `{"title":"x"}`, want: all(401), site: 200, alien: 200},
	{route: "GET /api/v1/host/objects/:id", at: "lamp", want: all(401), site: 200, alien: 404},
	{route: "DELETE /api/v1/host/objects/:id", at: "{n}", want: all(401), site: 204, alien: 204},
}

// Whoever holds the link of a ticket's page has what it opens, and that ticket alone.
var linkDoors = []door{
	{route: "GET /:lang/requests/:link", at: "fr {link}", want: all(200), shows: "ok"},
	{route: "GET /:lang/requests/:link", at: "fr {ref}", want: all(404)},
	{route: "GET /:lang/requests/:link/files/:file", at: "fr {link} {file}", want: all(200), shows: "ok"},
	{route: "GET /:lang/requests/:link/files/:file", at: "fr {link} {file}", ticket: "held", want: all(404)}, // nobody has proven the address
	{route: "GET /:lang/requests/:link/files/:file", at: "fr {link} {unsent}", want: all(404)},
	{route: "POST /:lang/requests/:link/reply", at: "fr {link}", body: "client_id=r-{n}&text=Merci", want: all(303)},
	{route: "POST /:lang/requests/:link/reply", at: "fr {ref}", body: "client_id=r-{n}&text=Merci", want: all(404)},
	{route: "POST /:lang/requests/:link/fields", at: "fr {link}", body: "fields.order=2041", want: all(303)},
	{route: "POST /:lang/requests/:link/fields", at: "fr {ref}", body: "fields.order=2041", want: all(404)},
	{route: "POST /:lang/requests/:link/solved", at: "fr {link}", want: all(303)},
	{route: "POST /:lang/requests/:link/solved", at: "fr {ref}", want: all(404)},
	{route: "POST /:lang/requests/:link/address", at: "fr {link}", ticket: "held", body: "email={n}@example.org", want: all(303)},
	{route: "POST /:lang/requests/:link/address", at: "fr {ref}", ticket: "held", body: "email={n}@example.org", want: all(404)},
	{route: "POST /:lang/requests/:link/prove", at: "fr {link}", ticket: "held", body: "proof={proof}", want: all(303)},
	{route: "POST /:lang/requests/:link/prove", at: "fr {ref}", ticket: "held", body: "proof=nothing", want: all(404)},
}

// « My requests » asks whoever is not signed in for an address; a request's own page leads there, and
// says the same of one that is not there.
var spaceDoors = []door{
	{route: "GET /:lang/requests", at: "fr", want: all(200), shows: "member"},
	{route: "POST /:lang/my/link", at: "fr", body: "email={n}@example.org", want: all(200)},
	{route: "GET /:lang/my/sign-in/:token", at: "fr {space-link}", want: all(200)},
	{route: "GET /:lang/my/sign-in/:token", at: "fr nothing", want: all(404)},
	{route: "POST /:lang/my/sign-in/:token", at: "fr {space-link}", want: all(303), fresh: true},
	{route: "POST /:lang/my/sign-in/:token", at: "fr nothing", want: all(404)},
	{route: "POST /:lang/my/sign-out", at: "fr", want: all(303), fresh: true},
	{route: "POST /:lang/my/sign-out", at: "fr", body: "everywhere=1", want: all(303), fresh: true},
	{route: "GET /:lang/my/requests/:ref", at: "fr {ref}", want: six{303, 404, 200, 303, 303, 303}, shows: "member", still: "guest, other team's agent, agent, admin"},
	{route: "GET /:lang/my/requests/:ref/files/:file", at: "fr {ref} {file}", want: six{401, 404, 200, 401, 401, 401}, shows: "ok"},
	{route: "GET /:lang/my/requests/:ref/files/:file", at: "fr {others-ref} {file}", want: six{401, 404, 404, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/reply", at: "fr {ref}", body: "client_id=r-{n}&text=Merci", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/fields", at: "fr {ref}", body: "fields.order=2041", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/fields", at: "fr {others-ref}", body: "fields.order=2041", want: six{401, 303, 404, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/solved", at: "fr {ref}", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/reopen", at: "fr {ref}", ticket: "solved", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/follow", at: "fr {ref}", ticket: "over", body: "client_id=follow-{n}&text=Encore", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/follow", at: "fr {ref}", body: "client_id=follow-{n}&text=Encore", want: six{401, 404, 409, 401, 401, 401}, shows: "member"}, // it is worked on
	{route: "POST /:lang/my/requests/:ref/read", at: "fr {ref}", body: "seen=1", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/links", at: "fr {ref}", body: "link={opener}", want: six{401, 404, 303, 401, 401, 401}},
	{route: "POST /:lang/my/requests/:ref/links", at: "fr {ref}", body: "link=0123456789abcdef", want: six{401, 404, 404, 401, 401, 401}},
}

// The ways into the desk are for who is not in yet; a token is let in whoever brings it.
var enterDoors = []door{
	{route: "GET /desk/sign-in", want: six{200, 200, 200, 303, 303, 303}},
	{route: "POST /desk/sign-in", body: "email={n}@example.com&password=wrong", want: all(400)},
	{route: "GET /desk/lost-password", want: all(200)},
	{route: "POST /desk/lost-password", body: "email={n}@example.com", want: all(200)},
	{route: "GET /desk/invitation/:token", at: "{invitation}", want: all(200)},
	{route: "GET /desk/invitation/:token", at: "{reset}", want: all(404)},
	{route: "POST /desk/invitation/:token", at: "{invitation}", body: "name=Marc&password=quatre+mots+à+la+suite", want: all(303), fresh: true},
	{route: "POST /desk/invitation/:token", at: "nothing", body: "name=Marc&password=quatre+mots+à+la+suite", want: all(404)},
	{route: "GET /desk/password/:token", at: "{reset}", want: all(200)},
	{route: "GET /desk/password/:token", at: "{invitation}", want: all(404)},
	{route: "POST /desk/password/:token", at: "{reset}", body: "password=quatre+mots+à+la+suite", want: all(303), fresh: true},
	{route: "POST /desk/password/:token", at: "nothing", body: "password=quatre+mots+à+la+suite", want: all(404)},
	{route: "GET /desk/sign-in/:token", at: "{sign-in}", want: all(200)},
	{route: "POST /desk/sign-in/:token", at: "{sign-in}", want: all(303), fresh: true},
	{route: "POST /desk/sign-in/:token", at: "nothing", want: all(404)},
	{route: "POST /desk/sign-out", want: all(303), fresh: true},
}

// Who works here sees the tickets of their teams, and admins all; another team's are not there.
var deskDoors = []door{
	{route: "GET /desk", want: six{401, 401, 401, 200, 200, 200}, shows: "agent, admin"},
	{route: "GET /desk", at: "?view=all", want: six{401, 401, 401, 200, 200, 200}, shows: "agent, admin"},
	{route: "GET /desk", at: "?view=held", want: six{401, 401, 401, 200, 200, 200}, shows: "agent, admin"},
	{route: "POST /desk/held", body: "do=released&ticket={ticket}", ticket: "held", want: six{401, 401, 401, 303, 303, 303}, still: "other team's agent"},
	{route: "POST /desk/held", body: "do=spam&ticket={ticket}", ticket: "held", want: six{401, 401, 401, 303, 303, 303}, still: "other team's agent"},
	{route: "GET /desk/tickets/:id", at: "{ticket}", want: six{401, 401, 401, 404, 200, 200}, shows: "ok"},
	{route: "GET /desk/tickets/:id", at: "{ticket}", ticket: "held", want: six{401, 401, 401, 404, 200, 200}, shows: "ok"},
	{route: "POST /desk/tickets/:id/reply", at: "{ticket}", body: "client_id=r-{n}&text=Bonjour&status=open", want: six{401, 401, 401, 404, 303, 303}},
	{route: "POST /desk/tickets/:id/reply", at: "{ticket}", body: "client_id=n-{n}&text=Note&note=1", want: six{401, 401, 401, 404, 303, 303}},
	{route: "POST /desk/tickets/:id/status", at: "{ticket}", body: "status=waiting_third_party", want: six{401, 401, 401, 404, 303, 303}},
	{route: "POST /desk/tickets/:id/assign", at: "{ticket}", body: "was=&assignee={agent}", want: six{401, 401, 401, 404, 303, 303}},
	{route: "POST /desk/tickets/:id/release", at: "{ticket}", ticket: "held", want: six{401, 401, 401, 404, 303, 303}},
	{route: "POST /desk/tickets/:id/hand-back", at: "{ticket}", body: "agreed=Mardi", want: six{401, 401, 401, 404, 303, 303}},
	{route: "GET /desk/files/:file", at: "{file}", want: six{401, 401, 401, 404, 200, 200}, shows: "ok"},
	{route: "POST /desk/files/:file/delete", at: "{file}", want: six{401, 401, 401, 404, 303, 303}},
	{route: "GET /desk/feedback", want: six{401, 401, 401, 200, 200, 200}},
	{route: "GET /desk/answers/:id", at: "{answer}", want: six{401, 401, 401, 200, 200, 200}},
	{route: "GET /desk/gaps", want: six{401, 401, 401, 200, 200, 200}},
	{route: "POST /desk/gaps/done", body: "gap={uuid}&days=7&until={now}", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/account", want: six{401, 401, 401, 200, 200, 200}, local: 403},
	{route: "POST /desk/account/password", body: "password=quatre+mots+à+la+suite", want: six{401, 401, 401, 303, 303, 303}, fresh: true, local: 403},
	{route: "POST /desk/account/lang", body: "lang=fr", want: six{401, 401, 401, 303, 303, 303}, local: 403},
	{route: "POST /desk/account/elsewhere", want: six{401, 401, 401, 303, 303, 303}, fresh: true, local: 403},
}

// What admins decide is for them alone.
var adminDoors = []door{
	{route: "GET /desk/mailbox", want: six{401, 401, 401, 403, 403, 200}, shows: "admin"}, // its links act for members
	{route: "GET /desk/accounts", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/accounts/invite", body: "email={n}@example.com&name=Marc&role=agent", want: six{401, 401, 401, 403, 403, 303}},
	{route: "POST /desk/accounts/:id/role", at: "{colleague}", body: "role=editor", want: six{401, 401, 401, 403, 403, 303}},
	{route: "POST /desk/accounts/:id/disable", at: "{colleague}", want: six{401, 401, 401, 403, 403, 303}},
	{route: "POST /desk/accounts/:id/enable", at: "{colleague}", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/settings", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/settings", form: "/desk/settings", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/teams", want: six{401, 401, 401, 403, 403, 200}},
	{route: "GET /desk/teams/:id", at: "support", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/teams/:id", at: "support", form: "/desk/teams/support", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/calendars", want: six{401, 401, 401, 403, 403, 200}},
	{route: "GET /desk/calendars/:id", at: "default", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/calendars/:id", at: "default", form: "/desk/calendars/default", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/categories", want: six{401, 401, 401, 403, 403, 200}},
	{route: "GET /desk/categories/:id", at: "refund", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/categories/:id", at: "refund", form: "/desk/categories/refund", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/agents", want: six{401, 401, 401, 403, 403, 200}},
	{route: "GET /desk/agents/:id", at: "{agent}", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/agents/:id", at: "{colleague}", form: "/desk/agents/{colleague}", want: six{401, 401, 401, 403, 403, 303}},
	{route: "GET /desk/simulator", want: six{401, 401, 401, 403, 403, 200}},
	{route: "GET /desk/identity", want: six{401, 401, 401, 403, 403, 200}},
	{route: "POST /desk/identity", body: "do=add_api&site=https%3A%2F%2Fshop.example&name={n}", want: six{401, 401, 401, 403, 403, 200}},
}
