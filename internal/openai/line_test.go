package openai_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/internal/openai"
	"guichet/internal/problem"
	"guichet/kb"
)

// eventually waits until ok says yes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s did not come about", what)
		}
	}
}

func ask(l *openai.Line, ctx context.Context, text string) error {
	_, err := l.Embed(ctx, kb.AsQuestion, []string{text})
	return err
}

// occupy takes the line's four calls, one by one: two questions at once would share one.
func occupy(t *testing.T, l *openai.Line, f *fakeServer, all *sync.WaitGroup) {
	t.Helper()
	for i := range 4 {
		all.Go(func() { _ = ask(l, t.Context(), fmt.Sprint("early ", i)) })
		eventually(t, "a call", func() bool { return len(f.all()) == i+1 })
	}
}

func TestLineJoinsQuestions(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := f.hold(t)
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Timeout: time.Minute}})
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if err := ask(l, t.Context(), fmt.Sprint("question ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "100 waiting texts", func() bool { return l.Waiting() == 100 && len(f.all()) == 4 })
	release()
	all.Wait()
	most := 0
	for _, r := range f.all() {
		most = max(most, len(r.Input))
	}
	if n := len(f.all()); n > 4+(100+15)/16 || most != 16 || f.most > 4 {
		t.Errorf("%d calls, the largest of %d texts, %d at once; want about 10, of 16, 4", n, most, f.most)
	}
}

func TestLineAsksOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := f.hold(t)
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m"}})
	var all sync.WaitGroup
	var got [50][][]float32
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = l.Embed(t.Context(), kb.AsQuestion, []string{"the same"}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "a call", func() bool { return len(f.all()) == 1 })
	release()
	all.Wait()
	got[0][0][0] = 99 // a caller's vector is its own
	if err := ask(l, t.Context(), " the same\x00"); err != nil {
		t.Error(err)
	}
	if v, _ := l.Embed(t.Context(), kb.AsQuestion, []string{"the same"}); v[0][0] == 99 {
		t.Error("a caller changed what the line remembers")
	}
	if n := len(f.all()); n != 1 {
		t.Errorf("the same text was sent %d times", n)
	}
	if _, err := l.Embed(t.Context(), kb.AsPassage, []string{"the same"}); err != nil || len(f.all()) != 2 {
		t.Errorf("as a passage: %v after %d calls; it is another text to the model", err, len(f.all()))
	}
}

func TestLineCallerGivesUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := f.hold(t)
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Timeout: time.Minute}})
	var all sync.WaitGroup
	occupy(t, l, f, &all)
	ctx, giveUp := context.WithCancel(t.Context())
	gone := make(chan error, 2)
	stays := make(chan error, 1)
	go func() { gone <- ask(l, ctx, "shared") }()
	go func() { stays <- ask(l, t.Context(), "shared") }()
	go func() { gone <- ask(l, ctx, "wanted by nobody else") }()
	eventually(t, "two texts in the line", func() bool { return l.Queued() == 2 })
	giveUp()
	for range 2 {
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
	}
	release()
	if err := <-stays; err != nil {
		t.Errorf("who stayed got %v", err)
	}
	eventually(t, "an empty line", func() bool { return l.Waiting() == 0 })
	all.Wait()
	for _, r := range f.all() {
		for _, text := range r.Input {
			if text == "wanted by nobody else" {
				t.Error("a text was embedded that nobody waited for any more")
			}
		}
	}
}

func TestLineIsFull(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := f.hold(t)
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Timeout: time.Minute}})
	var all sync.WaitGroup
	occupy(t, l, f, &all)
	for i := range openai.MaxQueue {
		all.Go(func() {
			if err := ask(l, t.Context(), fmt.Sprint("waits ", i)); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "a full line", func() bool { return l.Queued() == openai.MaxQueue })
	if err := ask(l, t.Context(), "one too many"); !problem.Is(err, problem.TooMany) {
		t.Errorf("%v, want TooMany", err)
	}
	release()
	all.Wait()
	if err := ask(l, t.Context(), "one too many"); err != nil {
		t.Error(err)
	}
}

func TestLineLeavesADeadServerAlone(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var now atomic.Int64
	l := newLine(t, openai.LineConfig{
		Config: openai.Config{BaseURL: f.URL, Model: "m"},
		Now:    func() time.Time { return time.Unix(now.Load(), 0) },
	})
	if err := ask(l, t.Context(), "known"); err != nil {
		t.Fatal(err)
	}
	f.answerWith(func(w http.ResponseWriter, _ request) bool {
		http.Error(w, "down", http.StatusBadGateway)
		return true
	})
	if err := ask(l, t.Context(), "first"); !problem.Is(err, problem.Unavailable) {
		t.Fatalf("%v, want Unavailable", err)
	}
	calls := len(f.all())
	for range 20 {
		if err := ask(l, t.Context(), "next"); !problem.Is(err, problem.Unavailable) {
			t.Fatalf("%v, want Unavailable", err)
		}
	}
	if n := len(f.all()); n != calls {
		t.Errorf("%d calls while the server should rest", n-calls)
	}
	if err := ask(l, t.Context(), "known"); err != nil {
		t.Errorf("what the line remembers needs no server: %v", err)
	}

	now.Add(2)
	if err := ask(l, t.Context(), "next"); !problem.Is(err, problem.Unavailable) {
		t.Errorf("%v: the trial call is nobody's to wait for", err)
	}
	eventually(t, "a trial", func() bool { return len(f.all()) == calls+1 })

	f.answerWith(nil)
	eventually(t, "a recovery", func() bool {
		now.Add(2)
		return ask(l, t.Context(), "next") == nil
	})
}

func TestLineDeadlineOfACall(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.hold(t)
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Timeout: 50 * time.Millisecond}})
	start := time.Now()
	if err := ask(l, t.Context(), "a"); !problem.Is(err, problem.Unavailable) {
		t.Errorf("%v, want Unavailable", err)
	}
	if err := ask(l, t.Context(), "b"); !problem.Is(err, problem.Unavailable) {
		t.Errorf("%v, want Unavailable", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestLineRefusedTextHurtsNobodyElse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	release := f.hold(t)
	f.answerWith(func(w http.ResponseWriter, r request) bool {
		if strings.Contains(strings.Join(r.Input, "|"), "poison") {
			http.Error(w, `{"error":{"message":"too many tokens"}}`, http.StatusBadRequest)
			return true
		}
		return false
	})
	l := newLine(t, openai.LineConfig{Config: openai.Config{BaseURL: f.URL, Model: "m", Timeout: time.Minute}})
	var all sync.WaitGroup
	occupy(t, l, f, &all)
	for i := range 12 {
		all.Go(func() {
			text := fmt.Sprint("text ", i)
			if i == 5 {
				text = "poison"
			}
			if err := ask(l, t.Context(), text); (err != nil) != (i == 5) {
				t.Errorf("%s: %v", text, err)
			}
		})
	}
	eventually(t, "a line", func() bool { return l.Queued() == 12 })
	release()
	all.Wait()
	if err := ask(l, t.Context(), "afterwards"); err != nil {
		t.Errorf("one refused text put the server to rest: %v", err)
	}
}

// A connection that the server has dropped in the meantime costs nobody an answer.
func TestRestartedServer(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var n atomic.Int64
	f.answerWith(func(w http.ResponseWriter, _ request) bool {
		if n.Add(1)%2 == 1 {
			return false
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	})
	e := newEmbedder(t, openai.Config{BaseURL: f.URL, Model: "m"})
	for i := range 5 {
		if _, err := e.Embed(t.Context(), kb.AsQuestion, []string{fmt.Sprint(i)}); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}
