package openai_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeServer is an embedding server with the habits of the embedded one: it works at one request
// at a time, resets connections beyond a handful, and reads a text up to its first NUL byte.
type fakeServer struct {
	URL string

	work   sync.Mutex    // held while it embeds
	gate   chan struct{} // where not nil, each request waits for a receive or the channel's close
	answer func(w http.ResponseWriter, r request) bool

	mu       sync.Mutex
	requests []request
	active   int
	most     int // requests at the same time
	resets   int
}

type request struct {
	Model     string   `json:"model"`
	Input     []string `json:"input"`
	InputType *string  `json:"input_type"`
}

const (
	fakeDims    = 48
	fakeBacklog = 6
)

func newFake(t *testing.T) *fakeServer {
	f := &fakeServer{}
	s := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(s.Close)
	f.URL = s.URL + "/v1"
	return f
}

func (f *fakeServer) serve(w http.ResponseWriter, hr *http.Request) {
	var r request
	if err := json.NewDecoder(hr.Body).Decode(&r); err != nil || hr.URL.Path != "/v1/embeddings" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	if f.active >= fakeBacklog {
		f.resets++
		f.mu.Unlock()
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
		return
	}
	f.active++
	f.most = max(f.most, f.active)
	f.requests = append(f.requests, r)
	gate, answer := f.gate, f.answer
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.active--
		f.mu.Unlock()
	}()
	if gate != nil {
		select {
		case <-gate:
		case <-hr.Context().Done():
			return
		}
	}
	f.work.Lock()
	defer f.work.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	type embedding struct {
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	}
	var out struct {
		Data []embedding `json:"data"`
	}
	for i := range r.Input { // the other way round: the index counts, not the order
		i = len(r.Input) - 1 - i
		out.Data = append(out.Data, embedding{i, fakeVector(r.Input[i], r.InputType)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// fakeVector counts words into dimensions by their hashes.
func fakeVector(text string, side *string) []float64 {
	text, _, _ = strings.Cut(text, "\x00")
	v := make([]float64, fakeDims)
	v[0] = 0.5
	words := strings.Fields(strings.ToLower(text))
	if side != nil {
		words = append(words, "side:"+*side)
	}
	for _, w := range words {
		h := fnv.New32a()
		fmt.Fprint(h, w)
		n := h.Sum32()
		v[1+n%(fakeDims-1)] += 1 + math.Mod(float64(n>>8), 7)/10
	}
	return v
}

// all returns the requests so far.
func (f *fakeServer) all() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

// hold makes requests wait until the function returned is called, or the test ends.
func (f *fakeServer) hold(t *testing.T) (release func()) {
	gate := make(chan struct{})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gate = gate
	release = sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.gate = nil
		close(gate)
	})
	t.Cleanup(release)
	return release
}

// answerWith makes answer decide; false leaves the request to the fake. nil ends it.
func (f *fakeServer) answerWith(answer func(http.ResponseWriter, request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}
