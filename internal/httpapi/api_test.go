package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
	"guichet/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// spec is the API's description, as the router that finds a request's operation in it.
func spec(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	b, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// scenario is one request and what must come of it.
type scenario struct {
	name    string
	method  string // "" means POST with a body, GET without
	path    string
	body    string
	header  map[string]string
	status  int
	want    []string // in the body
	without []string
}

type client struct {
	url    string
	router routers.Router
}

// run does the request, checks status and body, and holds the answer against the description.
func (c client) run(t *testing.T, s scenario) (*http.Response, string) {
	t.Helper()
	if s.method == "" {
		s.method = http.MethodGet
		if s.body != "" {
			s.method = http.MethodPost
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), s.method, c.url+s.path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range s.header {
		r.Header.Set(k, v)
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
	if answer.StatusCode != s.status {
		t.Errorf("%s %s: status %d, want %d: %s", s.method, s.path, answer.StatusCode, s.status, body)
	}
	for _, w := range s.want {
		if !strings.Contains(string(body), w) {
			t.Errorf("%s %s: lacks %q: %.600s", s.method, s.path, w, body)
		}
	}
	for _, w := range s.without {
		if strings.Contains(string(body), w) {
			t.Errorf("%s %s: holds %q", s.method, s.path, w)
		}
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if strings.HasPrefix(s.path, "/api/") && s.method != http.MethodOptions && s.status != http.StatusNotFound && s.status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is not described: %v", s.method, s.path, err)
		}
		return answer, string(body)
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		t.Errorf("%s %s: the answer is not as described: %v", s.method, s.path, err)
	}
	return answer, string(body)
}

func init() {
	openapi3filter.RegisterBodyDecoder("application/problem+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
}

func TestAPI(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{Settings: func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }})
	_, router := spec(t)
	c := client{h.URL, router}
	long := strings.Repeat("a ", 1001)
	for _, s := range []scenario{
		{name: "Ask", path: "/api/v1/ask", body: `{"text":"Combien de temps prend un remboursement ?"}`, status: 200,
			want: []string{`"outcome":"answered"`, "7 à 14 jours", `"lang":"fr"`, h.URL + "/fr/articles/demander-un-remboursement?cite="}},
		{name: "AskAnyContentType", path: "/api/v1/ask", body: `{"text":"Wie lange dauert eine Rückerstattung?"}`,
			header: map[string]string{"Content-Type": "text/plain"}, status: 200, want: []string{"7 bis 14 Tage"}},
		{name: "AskOutOfScope", path: "/api/v1/ask", body: `{"text":"Quelle est la capitale du Pérou ?"}`, status: 200,
			want: []string{`"outcome":"unknown"`, `"text":""`, `"citations":[]`}},
		{name: "AskEmpty", path: "/api/v1/ask", body: `{"text":"  "}`, status: 400, want: []string{`"field":"text"`}},
		{name: "AskNothing", path: "/api/v1/ask", method: "POST", status: 400, want: []string{`"kind":"invalid"`}},
		{name: "AskBrokenJSON", path: "/api/v1/ask", body: `{"text":`, status: 400, want: []string{"JSON"}},
		{name: "AskWrongType", path: "/api/v1/ask", body: `{"text":7}`, status: 400, want: []string{`"field":"text"`}},
		{name: "AskTooLong", path: "/api/v1/ask", body: fmt.Sprintf(`{"text":%q}`, long), status: 400, want: []string{`"field":"text"`, "2"}},
		{name: "AskFarTooLong", path: "/api/v1/ask", body: fmt.Sprintf(`{"text":%q}`, strings.Repeat("a", 100_000)), status: 413, want: []string{`"kind":"too_large"`}},
		{name: "AskWrongLanguage", path: "/api/v1/ask", body: `{"text":"hej","lang":"sv"}`, status: 400, want: []string{`"field":"lang"`, "sv"}},
		{name: "AskAboutAnOrder", path: "/api/v1/ask", body: `{"text":"où est-elle ?","subject":{"type":"order","id":"1"}}`, status: 401, want: []string{`"kind":"unauthorized"`}},
		{name: "AskInFrenchErrors", path: "/api/v1/ask", body: `{"text":""}`, header: map[string]string{"Accept-Language": "fr"}, status: 400, without: []string{"problem."}},
		{name: "Search", path: "/api/v1/search?q=remboursement&lang=fr&limit=3", status: 200, want: []string{`"group":"refund-request"`}},
		{name: "SearchByPost", path: "/api/v1/search", body: `{"q":"refund","lang":"en","limit":2}`, status: 200, want: []string{`"lang":"en"`}},
		{name: "SearchCollection", path: "/api/v1/search?q=remboursement&lang=fr&collection=tickets", status: 200, without: []string{`"group":"refund-request"`}},
		{name: "SearchNothing", path: "/api/v1/search?q=", status: 400, want: []string{`"field":"q"`}},
		{name: "SearchLimit", path: "/api/v1/search?q=a&limit=101", status: 400, want: []string{`"field":"limit"`}},
		{name: "SearchLimitWord", path: "/api/v1/search?q=a&limit=many", status: 400, want: []string{`"field":"limit"`}},
		{name: "Options", path: "/api/v1/contact-options?lang=fr&category=refund", status: 200, want: []string{`"channel":"email"`, `"state":"open"`, `"promised_at"`}},
		{name: "OptionsWrongCategory", path: "/api/v1/contact-options?category=weather", status: 400, want: []string{`"field":"category"`}},
		{name: "ConversationWithoutToken", path: "/api/v1/conversations/0190f5a0-0000-7000-8000-000000000000/questions", body: `{"text":"hello"}`, status: 401},
		{name: "ConversationWrongToken", path: "/api/v1/conversations/0190f5a0-0000-7000-8000-000000000000/contact-options",
			header: map[string]string{"Authorization": "Bearer nothing"}, status: 401},
		{name: "ConversationNoID", path: "/api/v1/conversations/x/handoff", body: `{}`, header: map[string]string{"Authorization": "Bearer nothing"}, status: 401},
		{name: "NoSuchPath", path: "/api/v1/nothing", status: 404, want: []string{`"kind":"not_found"`}},
		{name: "WrongMethod", method: "DELETE", path: "/api/v1/ask", status: 405, want: []string{`"kind":"method_not_allowed"`}},
		{name: "Description", path: "/api/v1/openapi.json", status: 200, want: []string{`"openapi": "3.1.0"`}},
		{name: "Health", path: "/healthz", status: 200, want: []string{"ok"}},
		{name: "Ready", path: "/readyz", status: 200, want: []string{`"embeddings_pending":0`, `"index_lag":0`}},
		{name: "OtherSite", path: "/api/v1/ask", body: `{"text":"refund?"}`, header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
			status: 403, want: []string{`"kind":"forbidden"`}},
		{name: "KnownSite", path: "/api/v1/ask", body: `{"text":"How long does a refund take?"}`, header: map[string]string{"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"},
			status: 200, want: []string{"7"}},
	} {
		t.Run(s.name, func(t *testing.T) { c.run(t, s) })
	}
}

// TestEveryRouteIsDescribed holds the routes of the API against its description, both ways.
func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := spec(t)
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[strings.ToLower(method)+" "+path] = false
		}
	}
	for _, line := range strings.Split(string(source), "\n") {
		var method, path string
		line = strings.TrimSpace(line)
		for _, m := range []string{"get", "post", "put", "delete"} {
			if rest, ok := strings.CutPrefix(line, "s."+m+"(api+\""); ok {
				method, path = m, "/api/v1"+rest[:strings.IndexByte(rest, '"')]
			}
		}
		if method == "" {
			continue
		}
		path = regexp.MustCompile(`:(\w+)`).ReplaceAllString(path, "{$1}")
		if _, ok := described[method+" "+path]; !ok {
			t.Errorf("%s %s is not in openapi.json", method, path)
		}
		described[method+" "+path] = true
	}
	for operation, routed := range described {
		if !routed && strings.Contains(operation, "/api/") {
			t.Errorf("%s is described and has no route", operation)
		}
	}
}

// TestStream reads the event stream as a client that we did not write would: line by line.
func TestStream(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	_, router := spec(t)
	answer, body := client{h.URL, router}.run(t, scenario{path: "/api/v1/ask", status: 200,
		body: `{"text":"Ile trwa zwrot pieniędzy?"}`, header: map[string]string{"Accept": "text/event-stream"}})
	if got := answer.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("Content-Type %q", got)
	}
	var names []string
	var said strings.Builder
	var whole struct{ Text, Outcome string }
	for _, block := range strings.Split(strings.TrimSpace(body), "\n\n") {
		event, data, ok := strings.Cut(block, "\n")
		name, isEvent := strings.CutPrefix(event, "event: ")
		data, isData := strings.CutPrefix(data, "data: ")
		if !ok || !isEvent || !isData {
			t.Fatalf("not an event: %q", block)
		}
		names = append(names, name)
		switch name {
		case "delta":
			var d struct {
				Text      string
				Citations []int
			}
			if err := json.Unmarshal([]byte(data), &d); err != nil || len(d.Citations) == 0 {
				t.Errorf("delta without a citation: %s", data)
			}
			said.WriteString(d.Text + " ")
		case "answer":
			if err := json.Unmarshal([]byte(data), &whole); err != nil {
				t.Error(err)
			}
		}
	}
	if len(names) < 3 || names[0] != "sources" || names[len(names)-1] != "answer" {
		t.Errorf("events %v, want sources, delta…, answer", names)
	}
	if whole.Outcome != "answered" || strings.TrimSpace(said.String()) != whole.Text || !strings.Contains(whole.Text, "7 do 14 dni") {
		t.Errorf("the sentences streamed %q, the answer says %+v", said.String(), whole)
	}
	// Before the first event an error is an ordinary problem.
	client{h.URL, router}.run(t, scenario{path: "/api/v1/ask", status: 400, body: `{"text":""}`,
		header: map[string]string{"Accept": "text/event-stream"}, want: []string{`"kind":"invalid"`}})
}

// TestConversation is the API's whole path: open, ask, options, handoff, again.
func TestConversation(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{})
	_, router := spec(t)
	c := client{h.URL, router}
	var opened struct{ ID, Token string }
	_, body := c.run(t, scenario{path: "/api/v1/conversations", body: `{"lang":"fr"}`, status: 201})
	if err := json.Unmarshal([]byte(body), &opened); err != nil {
		t.Fatal(err)
	}
	base, bearer := "/api/v1/conversations/"+opened.ID, map[string]string{"Authorization": "Bearer " + opened.Token}
	c.run(t, scenario{path: base + "/questions", header: bearer, status: 200, body: `{"client_id":"q-1","text":"Combien de temps prend un remboursement ?"}`, want: []string{"7 à 14 jours"}})
	c.run(t, scenario{path: base + "/contact-options", header: bearer, status: 200, want: []string{`"channel":"email"`}})

	bad := `{"client_id":"form-0001","channel":"email","category":"weather","email":"claire","text":""}`
	c.run(t, scenario{path: base + "/handoff", header: bearer, status: 400, body: bad,
		want: []string{`"field":"category"`, `"field":"email"`, `"field":"text"`}})
	c.run(t, scenario{path: base + "/handoff", header: bearer, status: 409,
		body: `{"client_id":"form-0001","channel":"chat","category":"refund","email":"claire@example.org","text":"Bonjour"}`})
	good := `{"client_id":"form-0001","channel":"email","category":"refund","email":"claire@example.org","text":"Bonjour, je n'ai rien reçu."}`
	var first, second struct {
		Ticket struct {
			Ref, Status, URL string
			Held             bool
		}
	}
	_, body = c.run(t, scenario{path: base + "/handoff", header: bearer, status: 201, body: good})
	if err := json.Unmarshal([]byte(body), &first); err != nil {
		t.Fatal(err)
	}
	_, body = c.run(t, scenario{path: base + "/handoff", header: bearer, status: 200, body: good})
	if err := json.Unmarshal([]byte(body), &second); err != nil {
		t.Fatal(err)
	}
	if first.Ticket.Ref != second.Ticket.Ref || !first.Ticket.Held || first.Ticket.Status != "received" {
		t.Errorf("twice the same request made %+v and %+v", first, second)
	}
	c.run(t, scenario{path: base + "/questions", header: bearer, status: 409, body: `{"client_id":"q-2","text":"Et maintenant ?"}`})
	c.run(t, scenario{path: strings.TrimPrefix(first.Ticket.URL, h.URL), status: 200, want: []string{first.Ticket.Ref, "je n&#39;ai rien reçu", "7 à 14 jours"}})
	c.run(t, scenario{path: "/fr/requests/" + opened.Token, status: 404})
	c.run(t, scenario{path: base + "/questions", status: 401, body: `{"text":"hello"}`})
}
