package openai

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"guichet/internal/problem"
	"guichet/kb"

	openai "github.com/sashabaranov/go-openai"
)

// The line's measures.
const (
	joined    = 16              // texts in one call
	lineCalls = 4               // calls at the same time
	maxQueue  = 256             // texts that may wait
	cacheSize = 4096            // texts remembered
	restFor   = 2 * time.Second // how long a server that failed is left alone
)

// LineConfig of a Line.
type LineConfig struct {
	Config                  // Batch and Connections are the line's own; Timeout zero means 3 s
	Now    func() time.Time // nil means time.Now
}

// Line embeds for people who wait. Texts asked for at the same moment share a call; the same text
// is asked for once and remembered; a caller that gives up leaves the call to the others. A server
// that failed is left alone for two seconds: meanwhile callers hear so at once instead of
// losing their deadline to it, and afterwards one trial call, which nobody waits for, decides.
type Line struct {
	e   *Embedder
	now func() time.Time

	mu      sync.Mutex
	cache   *lru
	waiting map[lineKey]*lineItem // queued or being asked
	queue   []*lineItem
	calls   int
	failed  error     // why the server rests; nil while it works
	retryAt time.Time // with failed
	trying  bool      // a trial call is under way
}

type lineKey struct {
	task kb.Task
	text string
}

type lineItem struct {
	lineKey
	callers int // who still wants it
	done    chan struct{}
	vector  []float32
	err     error
}

// NewLine returns a Line. It calls nobody yet.
func NewLine(c LineConfig) (*Line, error) {
	c.Batch, c.Connections = joined, lineCalls
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	e, err := New(c.Config)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Line{e: e, now: c.Now, cache: newLRU(cacheSize), waiting: map[lineKey]*lineItem{}}, nil
}

// Model is Embedder.Model.
func (l *Line) Model() string { return l.e.Model() }

// Embed is Embedder.Embed with the line before it. TooMany says that the line is full.
func (l *Line) Embed(ctx context.Context, task kb.Task, texts []string) (_ [][]float32, err error) {
	defer problem.Wrap(&err, "openai.Line.Embed(%d texts)", len(texts))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	items, err := l.enter(task, texts, vectors)
	if err != nil {
		return nil, err
	}
	for i, it := range items {
		if it == nil {
			continue
		}
		select {
		case <-it.done:
		case <-ctx.Done():
			l.leave(items[i:])
			return nil, ctx.Err()
		}
		if it.err != nil {
			l.leave(items[i+1:])
			return nil, problem.From(problem.Unavailable, "problem.embedder", it.err)
		}
		vectors[i] = slices.Clone(it.vector)
	}
	return vectors, nil
}

// enter fills vectors from the cache and returns an item for each of the others.
func (l *Line) enter(task kb.Task, texts []string, vectors [][]float32) ([]*lineItem, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	items := make([]*lineItem, len(texts))
	for i, text := range texts {
		key := lineKey{task, l.e.input(task, text)}
		if v, ok := l.cache.get(key); ok {
			vectors[i] = slices.Clone(v)
			continue
		}
		if err := l.resting(); err != nil {
			l.leaveLocked(items)
			return nil, err
		}
		if it := l.waiting[key]; it != nil {
			it.callers++
			items[i] = it
			continue
		}
		// One call may bring more than the line holds; it is the callers behind it that are refused.
		if i == 0 && len(l.queue) >= maxQueue {
			return nil, problem.New(problem.TooMany, "")
		}
		it := &lineItem{lineKey: key, callers: 1, done: make(chan struct{})}
		items[i] = it
		l.waiting[key] = it
		l.queue = append(l.queue, it)
		if l.calls < lineCalls {
			l.calls++
			go l.work()
		}
	}
	return items, nil
}

// resting returns an error while the server is left alone, and sees to it that it is tried again.
func (l *Line) resting() error {
	if l.failed == nil {
		return nil
	}
	if !l.trying && !l.now().Before(l.retryAt) {
		l.trying = true
		go l.try()
	}
	return problem.From(problem.Unavailable, "problem.embedder", l.failed)
}

func (l *Line) try() {
	_, err := l.e.call(context.Background(), kb.AsQuestion, []string{""})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trying = false
	l.answered(err)
}

// answered notes how a call went.
func (l *Line) answered(err error) {
	if l.failed = err; err != nil {
		l.retryAt = l.now().Add(restFor)
	}
}

// leave takes back the wish for items.
func (l *Line) leave(items []*lineItem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaveLocked(items)
}

func (l *Line) leaveLocked(items []*lineItem) {
	for _, it := range items {
		if it != nil {
			it.callers--
		}
	}
}

// work makes calls until nobody waits.
func (l *Line) work() {
	for {
		l.mu.Lock()
		batch := l.next()
		if len(batch) == 0 {
			l.calls--
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		err := l.ask(batch)
		l.mu.Lock()
		l.answered(err)
		for _, it := range batch {
			delete(l.waiting, it.lineKey)
			if it.err == nil {
				l.cache.put(it.lineKey, it.vector)
			}
			close(it.done)
		}
		l.mu.Unlock()
	}
}

// next takes from the queue what one call can carry: texts of one task that somebody still wants.
// While the server rests, nothing is asked of it: those who wait hear why.
func (l *Line) next() []*lineItem {
	var batch, rest []*lineItem
	for _, it := range l.queue {
		switch {
		case it.callers <= 0:
			delete(l.waiting, it.lineKey)
			it.err = context.Canceled
			close(it.done)
		case l.failed != nil:
			delete(l.waiting, it.lineKey)
			it.err = l.failed
			close(it.done)
		case len(batch) < joined && (len(batch) == 0 || batch[0].task == it.task):
			batch = append(batch, it)
		default:
			rest = append(rest, it)
		}
	}
	l.queue = rest
	return batch
}

// ask fills a batch's items and returns what that says about the server. A text that the server
// refuses must not take its neighbours down: after a refusal each is asked for alone.
func (l *Line) ask(batch []*lineItem) error {
	task, texts := batch[0].task, make([]string, len(batch))
	for i, it := range batch {
		texts[i] = it.text
	}
	vectors, err := l.e.callInputs(context.Background(), task, texts)
	if err != nil && refusal(err) && len(batch) > 1 {
		for i := range batch {
			if one := l.ask(batch[i : i+1]); one != nil {
				for _, it := range batch[i+1:] {
					it.err = one
				}
				return one
			}
		}
		return nil
	}
	for i, it := range batch {
		if it.err = err; err == nil {
			it.vector = vectors[i]
		}
	}
	if refusal(err) {
		return nil // the text's fault, not the server's
	}
	return err
}

// refusal reports whether the server answered that it does not take the input.
func refusal(err error) bool {
	code := statusOf(err)
	return code == 400 || code == 413 || code == 422
}

// statusOf is the HTTP status that a server answered a call with that failed; 0 for none.
func statusOf(err error) int {
	var api *openai.APIError
	var req *openai.RequestError
	switch {
	case errors.As(err, &api):
		return api.HTTPStatusCode
	case errors.As(err, &req):
		return req.HTTPStatusCode
	}
	return 0
}

// Down reports whether the server failed the last time it was asked.
func (l *Line) Down() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed != nil
}
