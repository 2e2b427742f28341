package httpapi_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/internal/httpapi"
	"guichet/internal/support"
)

// The roles, in the order of a door's statuses. Both members come from the shop and have signed in on
// the help center's own pages too; both agents work in a team, the ticket in that of the second.
const (
	guest = iota
	otherMember
	theMember
	otherAgent
	theAgent
	theAdmin
)

var roleNames = [...]string{"guest", "other member", "member", "other team's agent", "agent", "admin"}

// six are the statuses that the roles get.
type six [6]int

func all(status int) six { return six{status, status, status, status, status, status} }

// door is one request that everybody makes, and what must come of it.
type door struct {
	route string // as the router has it
	// at is what stands in the place of the route's parameters, in turn, and then a query. {names} are
	// those of world.name; each has what is its own, so that no door depends on another.
	at   string
	body string
	want six
	// shows are the roles whose answers must show something of the ticket: all others' must not.
	// "ok" are all that are let in.
	shows string
	// still are roles that are answered like others, and for whom nothing of the ticket may change.
	still string

	ticket string // "": its member has an answer; "held", "solved", "over": solved too long ago to reopen
	form   string // the page whose form is sent, as an admin sees it
	head   int    // what HEAD says where GET does something; 0: the same
	cookie bool   // members come to the API from the help center's own pages, not by a session of their shop's
	fresh  bool   // sessions end here: everybody comes with one that nobody else uses
	file   bool   // the body is a file
	site   int    // what the shop's server gets with its key; 0: nobody asks
	alien  int    // what the server of another site gets
	local  int    // what a command on this machine gets with its token; 0: what an admin gets
}

// person is somebody at the door.
type person struct {
	bearer support.Token // to the API
	cookie string
}

// call is a request that is ready to be sent, and what the asker has said in it.
type call struct {
	scenario
	used map[string]string
}

// call fills a door in for somebody.
func (w *world) call(t *testing.T, d door, by person, ticket map[string]string) call {
	t.Helper()
	used := map[string]string{}
	method, pattern, _ := strings.Cut(d.route, " ")
	values := strings.Fields(w.name(t, d.at, ticket, used))
	var path []string
	for _, part := range strings.Split(pattern, "/") {
		if strings.HasPrefix(part, ":") || strings.HasPrefix(part, "*") {
			if len(values) == 0 {
				t.Fatalf("%s has more parameters than %q", d.route, d.at)
			}
			part, values = values[0], values[1:]
		}
		path = append(path, part)
	}
	if query := strings.Join(values, ""); query != "" && !strings.HasPrefix(query, "?") {
		t.Fatalf("%s has fewer parameters than %q", d.route, d.at)
	}
	s := scenario{method: method, path: strings.Join(path, "/") + strings.Join(values, ""), body: w.name(t, d.body, ticket, used), header: map[string]string{"Sec-Fetch-Site": "same-origin"}}
	if d.form != "" {
		f := w.desk.fill(t, w.name(t, d.form, ticket, used))
		f.Set("do", "save")
		s.body = f.Encode()
	}
	api := strings.HasPrefix(pattern, "/api/")
	switch {
	case d.file:
		s.header["Content-Type"], s.header["Content-Disposition"], s.header["Idempotency-Key"] = "application/octet-stream", `attachment; filename="piece.pdf"`, "piece-"+w.made(t, "n")
	case api:
		s.header["Content-Type"] = "application/json"
	default:
		s.header["Content-Type"] = "application/x-www-form-urlencoded"
	}
	if api && !d.cookie && by.bearer != "" {
		s.header["Authorization"] = "Bearer " + string(by.bearer)
	} else if by.cookie != "" {
		s.header["Cookie"] = by.cookie
	}
	return call{s, used}
}

var badges = regexp.MustCompile(`<span class="badge".*`)

// without is a text without what the asker had said, which tells them nothing, and how many of their own
// requests have something unread, which other doors change.
func (c call) without(text string) string {
	text = badges.ReplaceAllString(nonces.ReplaceAllString(text, ""), "")
	for _, v := range c.used {
		text = strings.ReplaceAll(text, v, "…")
	}
	return text
}

// TestRoles opens every door of the house as everybody, and fails for a route that nobody has decided about.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	handler, err := w.h.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := handler.(*httpapi.Server)
	w.local = server.LocalToken
	routed := map[string]bool{}
	for _, r := range server.Routes() {
		routed[r.Method+" "+r.Path] = true
	}
	tried := map[string]bool{}
	for _, d := range doors {
		tried[d.route] = true
		if path, ok := strings.CutPrefix(d.route, "GET "); ok {
			tried["HEAD "+path] = true
		}
	}
	for _, route := range slices.Sorted(maps.Keys(routed)) {
		if !tried[route] {
			t.Errorf("%s: nobody says who may do what here", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(tried)) {
		if !routed[route] {
			t.Errorf("%s: there is no such route", route)
		}
	}
	for i, d := range doors {
		t.Run(fmt.Sprintf("%d %s", i, strings.ReplaceAll(d.route, "/", "_")), func(t *testing.T) {
			t.Parallel()
			w.try(t, d)
		})
	}
}

// ofTicket reports whether a door is that of a ticket, and not of whoever holds its link.
func (d door) ofTicket() bool {
	for _, name := range placeName.FindAllString(d.at+d.body, -1) {
		switch name {
		case "{conversation}", "{talk}", "{ticket}", "{ref}", "{file}", "{unsent}":
			return true
		}
	}
	return false
}

// in reports whether a role is among names.
func in(names string, role int) bool {
	return slices.Contains(strings.Split(names, ", "), roleNames[role])
}

// try has everybody come to a door.
func (w *world) try(t *testing.T, d door) {
	for _, name := range strings.Split(d.shows+", "+d.still, ", ") { // a name that is none would hold nobody to anything
		if name != "" && name != "ok" && !slices.Contains(roleNames[:], name) {
			t.Fatalf("nobody is called %q", name)
		}
	}
	get := strings.HasPrefix(d.route, "GET ")
	needs := d.ticket != "" || strings.Contains(d.at+d.body, "{link}") || d.ofTicket()
	var kept map[string]string // of those who are refused: they change nothing
	for role, want := range d.want {
		t.Run(roleNames[role], func(t *testing.T) {
			ticket := map[string]string{}
			refused := want >= 400 || in(d.still, role)
			switch {
			case !needs, get && d.ticket == "":
				ticket = w.standing
			case get || refused:
				if kept == nil {
					kept = w.ticketOf(t, d.ticket)
				}
				ticket = kept
			default:
				ticket = w.ticketOf(t, d.ticket)
			}
			w.tryAs(t, d, role, refused, ticket)
		})
	}
	for name, machine := range map[string]struct {
		key  support.Token
		want int
	}{"shop": {w.api, d.site}, "another shop": {w.other, d.alien}, "command": {w.local, cmp.Or(d.local, d.want[theAdmin])}} {
		if machine.want == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ticket := w.standing
			if needs && (!get || d.ticket != "") {
				ticket = w.ticketOf(t, d.ticket)
			}
			c := w.call(t, d, person{bearer: machine.key}, ticket)
			c.status = machine.want
			if name == "command" { // it speaks for an admin to pages too
				c.header["Authorization"] = "Bearer " + string(machine.key)
			}
			_, body := w.run(t, c.scenario)
			if secrets := w.secrets(c.without(body), ticket); machine.want >= 400 && len(secrets) > 0 {
				t.Errorf("shows %q", secrets)
			}
		})
	}
}

// tryAs has somebody of a role come to a door.
func (w *world) tryAs(t *testing.T, d door, role int, refused bool, ticket map[string]string) {
	t.Helper()
	by := w.somebody(t, d, role)
	c := w.call(t, d, by, ticket)
	c.status = d.want[role]
	conversation := ticket["conversation"]
	if talk := c.used["talk"]; talk != "" {
		conversation = talk
	}
	before := w.state(t, conversation)
	answer, body := w.run(t, c.scenario)
	told := c.without(answer.Header.Get("Location") + "\n" + body)
	switch shows := d.shows == "ok" && c.status < 300 || in(d.shows, role); {
	case shows && len(w.secrets(body, ticket)) == 0:
		t.Errorf("shows nothing of the ticket: %.600s", body)
	case !shows && len(w.secrets(told, ticket)) > 0:
		t.Errorf("shows %q", w.secrets(told, ticket))
	}
	if role < theAgent && role != otherMember && strings.Contains(told, w.names["others-ref"]) {
		t.Error("shows a request of the other member's")
	}
	if refused && w.state(t, conversation) != before {
		t.Error("changes the ticket")
	}
	if strings.HasPrefix(d.route, "GET ") {
		w.tryHead(t, d, c)
	}
	// A page refuses before it reads a form, however long or broken that is.
	if page := !strings.Contains(d.route, " /api/"); page && !strings.HasPrefix(d.route, "GET ") && (c.status == 401 || c.status == 403) {
		broken := c.scenario
		broken.header = maps.Clone(c.header)
		broken.header["Content-Type"], broken.body = "multipart/form-data; boundary=x", "--broken"
		w.run(t, broken)
	}
	if refused && d.ofTicket() && c.status != http.StatusConflict { // nobody learns whether there is such a ticket
		void := nowhere()
		void["talk"] = void["conversation"]
		c := w.call(t, d, by, void)
		c.status = d.want[role]
		again, none := w.run(t, c.scenario)
		a, b := strings.Split(told, "\n"), strings.Split(c.without(again.Header.Get("Location")+"\n"+none), "\n")
		for i := range max(len(a), len(b)) {
			if i >= len(a) || i >= len(b) || a[i] != b[i] {
				t.Errorf("a ticket can be told from none: %q and %q", a[i:min(i+1, len(a))], b[i:min(i+1, len(b))])
				break
			}
		}
	}
}

// tryHead asks for nothing but the head of what was read.
func (w *world) tryHead(t *testing.T, d door, c call) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, w.url+c.path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	want := c.status
	if d.head != 0 {
		want = d.head
	}
	if err != nil || answer.StatusCode != want || len(bytes.TrimSpace(body)) > 0 {
		t.Errorf("HEAD %s: %d, want %d, and %d bytes, %v", c.path, answer.StatusCode, want, len(body), err)
	}
}
