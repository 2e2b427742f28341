package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/assistant"
	"guichet/internal/config"
	"guichet/internal/support"
)

// answerID asks over the API and returns the answer's id.
func answerID(t *testing.T, c client, text string) string {
	t.Helper()
	_, body := c.run(t, scenario{path: "/api/v1/ask", body: `{"text":` + quoted(text) + `}`, status: 200})
	var a struct{ ID string }
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var admin = support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}

func TestAnswerFeedbackAPI(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.Sites = []string{"https://shop.example"} }})
	_, router := spec(t)
	c := client{h.URL, router}
	path := "/api/v1/answers/" + answerID(t, c, "Combien de temps prend un remboursement ?") + "/feedback"
	const visitor = `"visitor":"visitor-secret_0123456789"`
	for _, s := range []scenario{
		{name: "Yes", body: `{"helpful":true,` + visitor + `}`, status: 200, want: []string{`"helpful":true`, `"reasons":[]`, `"comment":""`}},
		{name: "YesHasNoReasons", body: `{"helpful":true,"reasons":["wrong"],` + visitor + `}`, status: 200, want: []string{`"reasons":[]`}},
		{name: "No", body: `{"helpful":false,"reasons":["off_topic","wrong","wrong"],"comment":" <b>Non</b>\r\n","visitor":"visitor-secret_0123456789"}`, status: 200,
			want: []string{`"reasons":["wrong","off_topic"]`, `"comment":"\u003cb\u003eNon\u003c/b\u003e"`}},
		{name: "NULAlone", body: `{"helpful":false,"comment":"\u0000",` + visitor + `}`, status: 200, want: []string{`"comment":""`}},
		{name: "FromASite", body: `{"helpful":false,"reasons":["incomplete"],"visitor":"another-visitor-of-the-shop"}`, status: 200,
			header: map[string]string{"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}},
		{name: "FromElsewhere", body: `{"helpful":true,` + visitor + `}`, status: 403, header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
		{name: "NeitherYesNorNo", body: `{` + visitor + `}`, status: 400, want: []string{`"field":"helpful"`}},
		{name: "HelpfulIsAWord", body: `{"helpful":"yes",` + visitor + `}`, status: 400, want: []string{`"field":"helpful"`}},
		{name: "NoVisitor", body: `{"helpful":true}`, status: 400, want: []string{`"field":"visitor"`}},
		{name: "ShortVisitor", body: `{"helpful":true,"visitor":"me"}`, status: 400, want: []string{`"field":"visitor"`}},
		{name: "StrangeVisitor", body: `{"helpful":true,"visitor":"` + strings.Repeat("é", 30) + `"}`, status: 400, want: []string{`"field":"visitor"`}},
		{name: "StrangeReason", body: `{"helpful":false,"reasons":["ugly"],` + visitor + `}`, status: 400, want: []string{`"field":"reasons"`}},
		{name: "LongComment", body: `{"helpful":false,"comment":"` + strings.Repeat("é", 2001) + `",` + visitor + `}`, status: 400, want: []string{`"field":"comment"`}},
		{name: "NoJSON", body: `helpful`, status: 400},
		{name: "NoAnswer", path: "/api/v1/answers/0190f5a0-0000-7000-8000-000000000000/feedback", body: `{"helpful":true,` + visitor + `}`, status: 404},
		{name: "NoID", path: "/api/v1/answers/x/feedback", body: `{"helpful":true,` + visitor + `}`, status: 404},
		{name: "Read", path: path, method: http.MethodGet, status: 405},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.path == "" {
				s.path = path
			}
			c.run(t, s)
		})
	}
	got, err := h.Assistant.Ratings(t.Context(), admin, assistant.RatingFilter{Limit: 10})
	if err != nil || len(got) != 2 {
		t.Errorf("ratings %+v, %v; want one a visitor", got, err)
	}
	if _, err := h.Assistant.Ratings(t.Context(), support.Actor{}, assistant.RatingFilter{Limit: 10}); err == nil {
		t.Error("a guest reads what others said")
	}
	// An answer given in a conversation is an answer like any other.
	_, body := c.run(t, scenario{path: "/api/v1/conversations", body: `{"lang":"fr"}`, status: 201})
	var opened struct{ ID, Token string }
	if err := json.Unmarshal([]byte(body), &opened); err != nil {
		t.Fatal(err)
	}
	_, body = c.run(t, scenario{path: "/api/v1/conversations/" + opened.ID + "/questions", body: `{"text":"Combien de temps prend un remboursement ?","client_id":"question-1"}`,
		header: map[string]string{"Authorization": "Bearer " + opened.Token}, status: 200})
	var a struct{ ID string }
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	c.run(t, scenario{path: "/api/v1/answers/" + a.ID + "/feedback", body: `{"helpful":true,` + visitor + `}`, status: 200})
}

// TestAnswerFeedbackPage votes on an answer without scripts: once a visitor, changeable, and nothing
// that was said before is lost on the way.
func TestAnswerFeedbackPage(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b, other := newBrowser(t, h), newBrowser(t, h)
	_, page, at := b.get(t, "/fr/ask?q="+url.QueryEscape("Combien de temps prend un remboursement ?"))
	path := at.Path
	if !strings.Contains(page, `id="feedback-yes"`) {
		t.Fatalf("the answer asks for no feedback: %s", page)
	}
	_, page, at = b.send(t, path+"/feedback", "helpful", "no")
	if at.Path != path || at.Fragment != "feedback" || !strings.Contains(page, `name="reason" value="off_topic"`) {
		t.Errorf("after a no, at %s: no reasons to choose", at)
	}
	long := strings.Repeat("é", assistant.MaxComment+1)
	status, page, _ := b.send(t, path+"/feedback", "helpful", "no", "reason", "incomplete", "comment", long)
	if status != http.StatusBadRequest || !strings.Contains(page, long) || !strings.Contains(page, `value="incomplete" checked`) {
		t.Errorf("a comment that is too long: %d, and what was typed and chosen must not be lost", status)
	}
	_, page, _ = b.send(t, path+"/feedback", "helpful", "no", "reason", "incomplete", "comment", "Il manque <les> délais.")
	if !strings.Contains(page, `id="feedback-change"`) {
		t.Error("what was said cannot be changed")
	}
	if _, page, _ = b.get(t, path); !strings.Contains(page, `id="feedback-change"`) {
		t.Error("a reload forgets what was said")
	}
	if _, page, _ = b.get(t, path+"?feedback=change"); !strings.Contains(page, `id="feedback-yes"`) {
		t.Error("there is no way to change")
	}
	if _, page, _ = b.send(t, path+"/feedback", "helpful", "no"); !strings.Contains(page, "Il manque &lt;les&gt; délais.") || !strings.Contains(page, `value="incomplete" checked`) {
		t.Error("a second no forgets what was added to the first")
	}
	other.send(t, path+"/feedback", "helpful", "yes")
	for _, wrong := range []struct {
		name, path string
		fields     []string
		status     int
	}{
		{"NoVote", path, []string{"helpful", "maybe"}, 400},
		{"NoReason", path, []string{"helpful", "no", "reason", "ugly", "comment", ""}, 400},
		{"NoAnswer", "/fr/answers/0190f5a0-0000-7000-8000-000000000000", []string{"helpful", "yes"}, 404},
		{"NoID", "/fr/answers/nothing", []string{"helpful", "yes"}, 404},
		{"NoLanguage", strings.Replace(path, "/fr/", "/xx/", 1), []string{"helpful", "yes"}, 404},
	} {
		if status, _, _ := b.send(t, wrong.path+"/feedback", wrong.fields...); status != wrong.status {
			t.Errorf("%s: %d, want %d", wrong.name, status, wrong.status)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+path+"/feedback", strings.NewReader("helpful=yes"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("a vote from another site: %d", answer.StatusCode)
	}

	ratings, err := h.Assistant.Ratings(t.Context(), admin, assistant.RatingFilter{Limit: 10})
	if err != nil || len(ratings) != 2 {
		t.Fatalf("ratings %+v, %v; want two", ratings, err)
	}
	agent := newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	article := "/fr/articles/demander-un-remboursement"
	for range 2 {
		b.send(t, article+"/feedback", "helpful", "no", "comment", "Trop <long>.")
	}
	for _, list := range []struct {
		query   string
		want    []string
		without []string
	}{
		{"", []string{"Il manque &lt;les&gt; délais.", "/en" + path[3:], "demander-un-remboursement"}, []string{"Trop &lt;long&gt;."}},
		{"?said=yes", []string{"/en" + path[3:]}, []string{"Il manque"}},
		{"?said=no", []string{"Il manque"}, nil},
		{"?of=articles", []string{"Trop &lt;long&gt;.", article}, []string{"Il manque"}},
		{"?of=articles&said=yes", []string{`class="empty"`}, []string{"Trop"}},
		{"?after=" + ratings[0].ID, []string{"/en" + path[3:]}, nil},
		{"?after=nothing", []string{"Il manque"}, nil},
	} {
		status, page, _ := agent.get(t, "/desk/feedback"+list.query)
		if status != http.StatusOK || strings.Contains(page, "desk.feedback") || strings.Contains(page, "feedback.reason") {
			t.Errorf("the list%s: %d, or a text is missing", list.query, status)
		}
		for _, w := range list.want {
			if !strings.Contains(page, w) {
				t.Errorf("the list%s lacks %q", list.query, w)
			}
		}
		for _, w := range list.without {
			if strings.Contains(page, w) {
				t.Errorf("the list%s holds %q", list.query, w)
			}
		}
	}
}
