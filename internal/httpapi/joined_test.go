package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guichet/internal/app/apptest"
	"guichet/internal/config"
)

// slowModel is a chat server that keeps each call until its client leaves or it is let go on; then it
// says nothing that stands. Calls says what each was asked, gone when a client has left.
type slowModel struct {
	calls, gone chan string
	on          chan struct{}
}

func newSlowModel(t *testing.T) (*slowModel, func(*config.Settings)) {
	m := &slowModel{calls: make(chan string, 9), gone: make(chan string, 9), on: make(chan struct{}, 9)}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return m, func(c *config.Settings) {
		c.LLMURL, c.LLMModel, c.LLMDeadline = s.URL+"/v1", "m", 10*time.Second
		c.LLMDaily, c.LLMSite, c.LLMHourly, c.LLMMember, c.LLMTokens = 1000, 1000, 1000, 1000, 1_000_000
	}
}

func (m *slowModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Messages []struct{ Content string } }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Messages) != 2 {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	m.calls <- asked.Messages[1].Content
	select {
	case <-m.on:
		fmt.Fprint(w, "data: [DONE]\n\n")
	case <-r.Context().Done():
		m.gone <- asked.Messages[1].Content
	}
}

// TestReaderLeaves: the call of a model ends when the reader's connection goes.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	model, settings := newSlowModel(t)
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: settings})
	m := converse(t, h, "fr")
	for _, path := range []string{"/api/v1/ask", m.path + "/questions"} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+path, strings.NewReader(`{"client_id":"`+accept+`","text":"Combien de temps prend un remboursement ?","lang":"fr"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", accept)
			req.Header.Set("Authorization", m.bearer["Authorization"])
			answer := make(chan error, 1)
			go func() {
				r, err := http.DefaultClient.Do(req)
				if err == nil {
					for lines := bufio.NewScanner(r.Body); lines.Scan(); {
					}
					r.Body.Close()
				}
				answer <- err
			}()
			<-model.calls
			leave()
			<-answer
			if asked := <-model.gone; !strings.Contains(asked, "remboursement") {
				t.Errorf("%s, %s: the call that ended asked %q", path, accept, asked)
			}
		}
	}
}

// TestJoinedStream: a message that comes while the one before is answered ends the work on that, whose
// stream says so and ends with the same answer; the thread has both and one answer, which names them.
func TestJoinedStream(t *testing.T) {
	t.Parallel()
	model, settings := newSlowModel(t)
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: settings})
	m := converse(t, h, "fr")
	type result struct{ events, id string }
	stream := func(clientID, text string) chan result {
		done := make(chan result, 1)
		go func() {
			var out result
			defer func() { done <- out }()
			body := fmt.Sprintf(`{"client_id":%q,"text":%q}`, clientID, text)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+m.path+"/questions", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Accept", "text/event-stream")
			req.Header.Set("Authorization", m.bearer["Authorization"])
			r, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			name := ""
			for lines := bufio.NewScanner(r.Body); lines.Scan(); {
				if after, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
					name = after
					out.events += name + " "
				}
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && (name == "answer" || name == "joined") {
					var d struct {
						ID       string
						ClientID string `json:"client_id"`
					}
					if err := json.Unmarshal([]byte(data), &d); err != nil {
						t.Error(err)
					}
					out.id = d.ID + d.ClientID
				}
			}
		}()
		return done
	}
	first := stream("q1", "Combien de temps prend un remboursement ?")
	<-model.calls
	second := stream("q2", "Combien de temps après un retour ?")
	<-model.gone // the first call
	<-model.calls
	model.on <- struct{}{}
	a, b := <-first, <-second
	if a.id != b.id || a.id == "" || !strings.HasPrefix(a.events, "sources ") || !strings.HasSuffix(a.events, "joined answer ") || strings.Contains(b.events, "joined") {
		t.Errorf("%+v\n%+v", a, b)
	}
	got := m.thread("")
	if len(got.Entries) != 3 || got.Entries[2].Answer == nil || got.Entries[2].ClientID != "q2" || got.Entries[2].Answer.ID != a.id {
		t.Fatalf("%+v", got.Entries)
	}
	if joined := got.Entries[2].Answer.Joined; len(joined) != 1 || joined[0] != "q1" {
		t.Errorf("joined %v", joined)
	}
	var again answer
	read(t, m.post("/questions", `{"client_id":"q1","text":"Combien de temps prend un remboursement ?"}`, 200), &again)
	if again.ID != a.id || !again.Machine {
		t.Errorf("again: %+v", again)
	}
}
