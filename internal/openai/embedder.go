// Package openai speaks to OpenAI-compatible servers: it turns texts into vectors.
//
// Embedder calls the server as it is told, a few texts at a time: that is what indexing wants. Line
// stands before it where members wait: it joins simultaneous questions into one call, remembers
// answers, and stops asking a server that is down. Cached keeps vectors in files, for tests and
// evaluations. All three are a kb.Embedder.
package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	openai "github.com/sashabaranov/go-openai"
	"golang.org/x/sync/semaphore"

	"guichet/internal/problem"
	"guichet/kb"
)

// Prefix says who tells the model whether a text is a question or a passage. Exactly one side
// must: prefixed twice or not at all, e5 vectors are worth less and nothing shows it.
type Prefix string

// The sides.
const (
	Server Prefix = "server" // the server, told by input_type: "query" or "passage"
	Client Prefix = "client" // we do, by "query: " and "passage: "; input_type is not sent
	None   Prefix = "none"   // nobody: the model makes no difference
)

// Bounds of what is embedded, in characters. What is longer is cut: a server may work through a
// text of any length window by window, and everybody else waits meanwhile.
const (
	MaxQuestion = 1000
	MaxPassage  = 1600
)

// Config of an Embedder.
type Config struct {
	BaseURL     string        // up to and without "/embeddings": "http://127.0.0.1:8000/v1"
	Base        func() string // instead of BaseURL, asked at each call: a server of ours may move to another port
	APIKey      string        // "" sends none
	Model       string        // as the server knows it
	Name        string        // as it is stored beside vectors; "" means Model
	Dimensions  int           // zero takes them from the server's first answer
	Prefix      Prefix        // "" means Server
	Batch       int           // texts in one call; zero means 4
	Connections int           // calls at the same time; zero means 1
	Timeout     time.Duration // of one call; zero means 1 min
}

// Embedder embeds by calling a server.
type Embedder struct {
	c      Config
	client *openai.Client
	calls  *semaphore.Weighted
	dims   atomic.Int64 // 0 while unknown

	probing sync.Mutex
	probed  time.Time // when the server was last asked for its dimensions in vain
}

// New returns an Embedder. It calls nobody yet.
func New(c Config) (*Embedder, error) {
	switch c.Prefix {
	case "":
		c.Prefix = Server
	case Server, Client, None:
	default:
		return nil, fmt.Errorf("embeddings prefix %q is not server, client or none", c.Prefix)
	}
	if c.Name == "" {
		c.Name = c.Model
	}
	if c.Batch == 0 {
		c.Batch = 4
	}
	if c.Connections == 0 {
		c.Connections = 1
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	conf := openai.DefaultConfig(c.APIKey)
	conf.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	if c.Base != nil {
		conf.BaseURL = "http://embedder" // moved gives each call its true address
	}
	conf.HTTPClient = &http.Client{Transport: moved{c.Base, &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConnsPerHost: c.Connections,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second,
		ForceAttemptHTTP2:   true,
	}}}
	e := &Embedder{c: c, client: openai.NewClientWithConfig(conf), calls: semaphore.NewWeighted(int64(c.Connections))}
	e.dims.Store(int64(c.Dimensions))
	return e, nil
}

// moved sends each request to where base says the server is now.
type moved struct {
	base func() string // nil: to where it is addressed
	http.RoundTripper
}

func (m moved) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.base == nil {
		return m.RoundTripper.RoundTrip(r)
	}
	to, err := url.Parse(m.base())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.URL.Path, r.Host = to.Scheme, to.Host, to.Path+r.URL.Path, to.Host
	return m.RoundTripper.RoundTrip(r)
}

// Model names the model and its dimensions. Where the dimensions are not set and the server has not
// answered yet, it is asked, every two seconds at most; while it does not answer, the name is "":
// no vector can be stored or compared under it.
func (e *Embedder) Model() string {
	if e.dims.Load() == 0 {
		e.probe()
	}
	if dims := e.dims.Load(); dims > 0 {
		return fmt.Sprintf("%s/%d", e.c.Name, dims)
	}
	return ""
}

func (e *Embedder) probe() {
	e.probing.Lock()
	defer e.probing.Unlock()
	if e.dims.Load() > 0 || time.Since(e.probed) < restFor {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := e.call(ctx, kb.AsQuestion, []string{""}); err != nil {
		e.probed = time.Now()
	}
}

// Embed returns one vector of unit length per text. Errors are Unavailable: the server is away, or
// what it answers is no use.
func (e *Embedder) Embed(ctx context.Context, task kb.Task, texts []string) (_ [][]float32, err error) {
	defer problem.Wrap(&err, "openai.Embed(%d texts)", len(texts))
	vectors := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		n := min(e.c.Batch, len(texts))
		batch, err := e.call(ctx, task, texts[:n])
		if err != nil {
			return nil, problem.From(problem.Unavailable, "problem.embedder", err)
		}
		vectors = append(vectors, batch...)
		texts = texts[n:]
	}
	return vectors, nil
}

// call embeds texts in one call.
func (e *Embedder) call(ctx context.Context, task kb.Task, texts []string) ([][]float32, error) {
	inputs := make([]string, len(texts))
	for i, t := range texts {
		inputs[i] = e.input(task, t)
	}
	return e.callInputs(ctx, task, inputs)
}

// callInputs embeds texts that input has made ready. It asks once more where the connection broke
// under it: a server that restarted leaves dead connections behind, and one with a small backlog
// resets the latest comers.
func (e *Embedder) callInputs(ctx context.Context, task kb.Task, inputs []string) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, e.c.Timeout)
	defer cancel()
	if err := e.calls.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer e.calls.Release(1)
	r := openai.EmbeddingRequest{Model: openai.EmbeddingModel(e.c.Model), Input: inputs}
	if e.c.Prefix == Server {
		r.ExtraBody = map[string]any{"input_type": map[kb.Task]string{kb.AsQuestion: "query", kb.AsPassage: "passage"}[task]}
	}
	answer, err := e.client.CreateEmbeddings(ctx, r)
	if err != nil && broken(err) && ctx.Err() == nil {
		answer, err = e.client.CreateEmbeddings(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return e.vectors(answer.Data, len(inputs))
}

// broken reports whether err says that a connection ended, rather than that nobody listens or
// that the server refused.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// vectors checks and normalises what the server answered to n texts.
func (e *Embedder) vectors(data []openai.Embedding, n int) ([][]float32, error) {
	if len(data) != n {
		return nil, fmt.Errorf("%d vectors for %d texts", len(data), n)
	}
	vectors := make([][]float32, n)
	for _, d := range data {
		if d.Index < 0 || d.Index >= n || vectors[d.Index] != nil {
			return nil, fmt.Errorf("vectors are not numbered from 0 to %d", n-1)
		}
		e.dims.CompareAndSwap(0, int64(len(d.Embedding)))
		if want := int(e.dims.Load()); len(d.Embedding) != want || want == 0 {
			return nil, fmt.Errorf("a vector of %d dimensions where %d were expected", len(d.Embedding), want)
		}
		if !normalise(d.Embedding) {
			return nil, errors.New("a vector without a direction")
		}
		vectors[d.Index] = d.Embedding
	}
	return vectors, nil
}

// normalise scales v to unit length; false if it cannot be.
func normalise(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * scale)
	}
	return true
}

// input is what is sent for text.
func (e *Embedder) input(task kb.Task, text string) string {
	prefix, limit := "query: ", MaxQuestion
	if task == kb.AsPassage {
		prefix, limit = "passage: ", MaxPassage
	}
	text = clean(text, limit)
	if e.c.Prefix == Client {
		text = prefix + text
	}
	return text
}

// clean frees text of what stops a model's reader (NUL and other control characters, invalid
// UTF-8), cuts it to limit characters, and leaves something to embed where nothing remains.
func clean(text string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == limit {
			break
		}
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	if text = strings.TrimSpace(b.String()); text == "" {
		return " "
	}
	return text
}
