package httpapi_test

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/openai"
)

// TestSearchWhileTyping finds articles by the beginning of their words.
func TestSearchWhileTyping(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	_, router := spec(t)
	c := client{h.URL, router}
	typing := func(lang, q string) string {
		return "/api/v1/search?typing=1&limit=6&lang=" + lang + "&q=" + url.QueryEscape(q)
	}
	for _, s := range []scenario{
		{name: "Begun", path: typing("fr", "rembours"), status: 200, want: []string{`"group":"refund-request"`, `"degraded":[]`}},
		{name: "SecondWord", path: typing("fr", "demander un rembo"), status: 200, want: []string{`"group":"refund-request"`}},
		{name: "Accents", path: typing("fr", "délai de rembours"), status: 200, want: []string{`"group":"refund-request"`}},
		{name: "WholeWord", path: typing("de", "Rückerstattung"), status: 200, want: []string{`"group":"refund-request"`}},
		{name: "Chinese", path: typing("zh", "退"), status: 200, want: []string{`"group":"refund-request"`}},
		{name: "Typo", path: typing("fr", "remboursemant"), status: 200, want: []string{`"group":"refund-request"`}},
		{name: "Nothing", path: typing("fr", "zzxq"), status: 200, want: []string{`"hits":[]`}},
		{name: "Empty", path: typing("fr", " "), status: 400, want: []string{`"field":"q"`}},
		{name: "ByPost", path: "/api/v1/search", body: `{"q":"rembours","lang":"fr","typing":true}`, status: 200, want: []string{`"group":"refund-request"`}},
		{name: "NotTyping", path: "/api/v1/search?q=rembo&lang=fr", status: 200, want: []string{`"hits":[]`}},
	} {
		t.Run(s.name, func(t *testing.T) { c.run(t, s) })
	}
}

// heldEmbedder is an embedding server that, once hold is called, keeps whatever it is asked until the
// test ends. arrived gets the texts of each call that it keeps.
func heldEmbedder(t *testing.T) (url string, hold func(), arrived chan []string) {
	t.Helper()
	arrived = make(chan []string, 64)
	release := make(chan struct{})
	var held atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Input []string `json:"input"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if held.Load() {
			arrived <- in.Input
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		type row struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		}
		var out struct {
			Data []row `json:"data"`
		}
		for i, text := range in.Input {
			sum := fnv.New64a()
			io.WriteString(sum, text)
			dice := rand.New(rand.NewPCG(sum.Sum64(), 1))
			v := make([]float64, 16)
			for k := range v {
				v[k] = dice.NormFloat64()
			}
			out.Data = append(out.Data, row{i, v})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	return s.URL + "/v1", func() { held.Store(true) }, arrived
}

// TestTypingWaitsForNoEmbedder types while the embedder keeps every question: words find all the same.
func TestTypingWaitsForNoEmbedder(t *testing.T) {
	t.Parallel()
	url, hold, arrived := heldEmbedder(t)
	line, err := openai.NewLine(openai.LineConfig{Config: openai.Config{BaseURL: url, Model: "held", Dimensions: 16}})
	if err != nil {
		t.Fatal(err)
	}
	h := apptest.New(t, apptest.Options{Embedder: line})
	_, router := spec(t)
	c := client{h.URL, router}
	hold()

	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	for i := range 32 {
		asking.Go(func() {
			body := `{"text":"Combien de temps prend le remboursement numéro ` + string(rune('A'+i)) + ` ?"}`
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/api/v1/ask", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			if answer, err := http.DefaultClient.Do(r); err == nil {
				answer.Body.Close()
			}
		})
	}
	for range 4 { // all the calls that the line makes at a time
		<-arrived
	}
	for range 20 {
		c.run(t, scenario{path: "/api/v1/search?typing=1&lang=fr&q=rembours", status: 200, want: []string{`"group":"refund-request"`, `"degraded":[]`}})
	}
	for {
		select {
		case texts := <-arrived:
			for _, text := range texts {
				if strings.Contains(text, "rembours") && !strings.Contains(text, "numéro") {
					t.Errorf("the embedder is asked for what is typed: %q", text)
				}
			}
			continue
		default:
		}
		break
	}
}
