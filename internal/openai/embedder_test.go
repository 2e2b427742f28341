package openai_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/openai"
	"guichet/internal/openai/e5test"
	"guichet/internal/problem"
	"guichet/kb"
	"guichet/kb/kbtest"
)

func newEmbedder(t *testing.T, c openai.Config) *openai.Embedder {
	t.Helper()
	e, err := openai.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newLine(t *testing.T, c openai.LineConfig) *openai.Line {
	t.Helper()
	l, err := openai.NewLine(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T, url string) kb.Embedder{
		"Embedder": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url, Model: "fake"})
		},
		"ClientPrefix": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url, Model: "fake", Prefix: openai.Client})
		},
		"FourAtATime": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url, Model: "fake", Connections: 4})
		},
		"Line": func(t *testing.T, url string) kb.Embedder {
			return newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: url, Model: "fake"}})
		},
		"Cache": func(t *testing.T, url string) kb.Embedder {
			return newCache(t, t.TempDir(), newEmbedder(t, openai.Config{BaseURL: url, Model: "fake"}))
		},
		"DimensionsSet": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url, Model: "fake", Dimensions: fakeDims})
		},
		"TrailingSlash": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url + "/", Model: "fake"})
		},
		"OneTextInACall": func(t *testing.T, url string) kb.Embedder {
			return newEmbedder(t, openai.Config{BaseURL: url, Model: "fake", Batch: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			kbtest.Embedder(t, open(t, f.URL))
			if f.resets > 0 || f.most > 4 {
				t.Errorf("%d connections at once, %d of them reset", f.most, f.resets)
			}
		})
	}
}

// The embedder that an installation has, both ways that it is used.
func TestConformanceReal(t *testing.T) {
	t.Parallel()
	base := e5test.Server(t)
	t.Run("Embedder", func(t *testing.T) {
		t.Parallel()
		kbtest.Embedder(t, newEmbedder(t, e5test.Config(base)))
	})
	t.Run("Line", func(t *testing.T) {
		t.Parallel()
		// 200 callers at once on a busy machine: the line's own deadline is for one call.
		c := e5test.Config(base)
		c.Timeout = time.Minute
		kbtest.Embedder(t, newLine(t, openai.LineConfig{Config: c}))
	})
}

func TestRealEmbedderUnderstands(t *testing.T) {
	t.Parallel()
	e := e5test.Embedder(t)
	q, err := e.Embed(t.Context(), kb.AsQuestion, []string{"Wann bekomme ich mein Geld zurück?"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Embed(t.Context(), kb.AsPassage, []string{"A refund takes one to two weeks.", "The museum shows old maps of the river."})
	if err != nil {
		t.Fatal(err)
	}
	if dot(q[0], p[0]) < dot(q[0], p[1])+0.03 {
		t.Errorf("cosine with the answer %.3f, with something else %.3f", dot(q[0], p[0]), dot(q[0], p[1]))
	}
}

func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	query, passage := "query", "passage"
	for _, tc := range []struct {
		prefix openai.Prefix
		want   []request
	}{
		{openai.Server, []request{{"m", []string{"hello"}, &query}, {"m", []string{"hello"}, &passage}}},
		{"", []request{{"m", []string{"hello"}, &query}, {"m", []string{"hello"}, &passage}}},
		{openai.Client, []request{{"m", []string{"query: hello"}, nil}, {"m", []string{"passage: hello"}, nil}}},
		{openai.None, []request{{"m", []string{"hello"}, nil}, {"m", []string{"hello"}, nil}}},
	} {
		f := newFake(t)
		e := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "m", Prefix: tc.prefix})
		for _, task := range []kb.Task{kb.AsQuestion, kb.AsPassage} {
			if _, err := e.Embed(t.Context(), task, []string{"hello"}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(tc.want, f.all()); diff != "" {
			t.Errorf("prefix %q (-want +got)\n%s", tc.prefix, diff)
		}
	}
	if _, err := openai.New(openai.Config{Prefix: "both"}); err == nil || !strings.Contains(err.Error(), `"both"`) {
		t.Errorf("prefix both: %v", err)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	e := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "m"})
	texts := []string{"", "\x00", " a\x00b\xffc\td ", strings.Repeat("é", 5000)}
	for _, task := range []kb.Task{kb.AsQuestion, kb.AsPassage} {
		if _, err := e.Embed(t.Context(), task, texts); err != nil {
			t.Fatal(err)
		}
	}
	for i, limit := range []int{openai.MaxQuestion, openai.MaxPassage} {
		got := f.all()[i].Input
		if diff := cmp.Diff([]string{" ", " ", "a b c\td"}, got[:3]); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if n := utf8.RuneCountInString(got[3]); n != limit {
			t.Errorf("a long text was cut to %d characters, want %d", n, limit)
		}
	}
}

func TestCallsAreSmallAndOneByOne(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	e := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "m"})
	var texts []string
	for i := range 10 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	done := make(chan error)
	for range 3 {
		go func() {
			_, err := e.Embed(context.Background(), kb.AsPassage, texts)
			done <- err
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	sizes := map[int]int{}
	for _, r := range f.all() {
		sizes[len(r.Input)]++
	}
	if diff := cmp.Diff(map[int]int{4: 6, 2: 3}, sizes); diff != "" || f.most != 1 {
		t.Errorf("%d calls at once; sizes of calls (-want +got)\n%s", f.most, diff)
	}
}

func TestUselessAnswers(t *testing.T) {
	t.Parallel()
	vector := func(first string) string { return "[" + first + strings.Repeat(",0.1", fakeDims-1) + "]" }
	data := func(items ...string) string { return `{"data":[` + strings.Join(items, ",") + `]}` }
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"TooFew":          {200, data(`{"index":0,"embedding":` + vector("1") + `}`)},
		"TooMany":         {200, data(`{"index":0,"embedding":`+vector("1")+`}`, `{"index":1,"embedding":`+vector("1")+`}`, `{"index":2,"embedding":`+vector("1")+`}`)},
		"SameIndexTwice":  {200, data(`{"index":0,"embedding":`+vector("1")+`}`, `{"index":0,"embedding":`+vector("1")+`}`)},
		"IndexOutOfRange": {200, data(`{"index":1,"embedding":`+vector("1")+`}`, `{"index":2,"embedding":`+vector("1")+`}`)},
		"OtherDimensions": {200, data(`{"index":0,"embedding":`+vector("1")+`}`, `{"index":1,"embedding":[1,2]}`)},
		"NoDimensions":    {200, data(`{"index":0,"embedding":[]}`, `{"index":1,"embedding":[]}`)},
		"Zero":            {200, data(`{"index":0,"embedding":`+vector("1")+`}`, `{"index":1,"embedding":[0`+strings.Repeat(",0", fakeDims-1)+`]}`)},
		"NotANumber":      {200, data(`{"index":0,"embedding":`+vector("NaN")+`}`, `{"index":1,"embedding":`+vector("1")+`}`)},
		"BeyondFloat32":   {200, data(`{"index":0,"embedding":`+vector("1e300")+`}`, `{"index":1,"embedding":`+vector("1")+`}`)},
		"HTML":            {200, "<html>gateway</html>"},
		"Empty":           {200, ""},
		"ServerError":     {500, `{"error":{"message":"inference failed","type":"server_error","code":null}}`},
		"Refused":         {401, `{"error":"no key"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answerWith(func(w http.ResponseWriter, _ request) bool {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
				return true
			})
			for _, e := range []kb.Embedder{
				newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "m", Dimensions: fakeDims}),
				newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Dimensions: fakeDims}}),
			} {
				if _, err := e.Embed(t.Context(), kb.AsQuestion, []string{"a", "b"}); !problem.Is(err, problem.Unavailable) {
					t.Errorf("%T: %v, want Unavailable", e, err)
				}
			}
		})
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	if got := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "sent", Name: "stored", Dimensions: 7}).Model(); got != "stored/7" || len(f.all()) != 0 {
		t.Errorf("Model() = %q after %d calls, want stored/7 and none", got, len(f.all()))
	}
	if got := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "sent"}).Model(); got != fmt.Sprintf("sent/%d", fakeDims) {
		t.Errorf("Model() = %q, want the dimensions that the server has", got)
	}
	if got := newEmbedder(t, openai.Config{BaseURL: "http://127.0.0.1:1/v1", Model: "sent"}).Model(); got != "" {
		t.Errorf("Model() = %q while the server is away, want none", got)
	}
}

func newCache(t *testing.T, dir string, e kb.Embedder) *openai.Cache {
	t.Helper()
	c, err := openai.NewCache(dir, fmt.Sprintf("fake/%d", fakeDims), e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCacheNeedsNoServerForWhatItKnows(t *testing.T) {
	t.Parallel()
	f, dir := newFake(t), t.TempDir()
	first := newCache(t, dir, newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "fake"}))
	want, err := first.Embed(t.Context(), kb.AsPassage, []string{"one", "two", "one"})
	if err != nil {
		t.Fatal(err)
	}
	away := newCache(t, dir, newEmbedder(t, openai.Config{BaseURL: "http://127.0.0.1:1/v1", Model: "fake"}))
	got, err := away.Embed(t.Context(), kb.AsPassage, []string{"one", "two", "one"})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if _, err := away.Embed(t.Context(), kb.AsQuestion, []string{"one"}); err == nil {
		t.Error("a passage's vector was taken for a question's")
	}
	for _, model := range []string{"", "fake", "fake/x", "../fake/3", "a/b/3"} {
		if _, err := openai.NewCache(dir, model, first); err == nil {
			t.Errorf("model %q was accepted", model)
		}
	}
}
