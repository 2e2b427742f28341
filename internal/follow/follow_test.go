package follow_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"guichet/internal/follow"
)

// saved is a database that holds one text, under a version.
type saved struct {
	mu      sync.Mutex
	text    text
	err     error
	asked   int
	read    int
	running bool // a read is under way
	twice   bool // two were, at once
}

type text struct {
	version int
	words   string
}

func (s *saved) save(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = text{s.text.version + 1, words}
}

func (s *saved) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *saved) newest(_ context.Context, old *text) (*text, error) {
	s.mu.Lock()
	s.asked++
	s.twice = s.twice || s.running
	s.running = true
	s.mu.Unlock()
	runtime.Gosched() // the others' turn
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	if s.err != nil || s.text.version == old.version {
		return old, s.err
	}
	s.read++
	n := s.text
	return &n, nil
}

func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, log := &saved{}, &bytes.Buffer{}
		c := follow.New("texts", slog.New(slog.NewTextHandler(log, nil)), &text{words: "first"}, s.newest)
		if got := c.Now().words; got != "first" {
			t.Errorf("before anything is read: %q", got)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Follow(ctx) }()

		s.save("one")
		time.Sleep(1500 * time.Millisecond)
		if got := c.Now().words; got != "one" {
			t.Errorf("saved elsewhere, a second and a half later: %q", got)
		}
		s.save("two")
		if err := c.Refresh(ctx); err != nil || c.Now().words != "two" {
			t.Errorf("refreshed: %q, %v", c.Now().words, err)
		}
		before := c.Now()
		time.Sleep(10 * time.Second)
		if s.read != 2 || c.Now() != before {
			t.Errorf("what has not changed is read again: %d times", s.read)
		}
		if s.asked < 10 {
			t.Errorf("asked %d times in eleven seconds", s.asked)
		}

		// What fails is said once, and once more after it had gone well again; what was known stays.
		for range 2 {
			s.fail(errors.New("no database"))
			time.Sleep(3 * time.Second)
			if err := c.Refresh(ctx); err == nil || c.Now().words != "two" {
				t.Errorf("a database that does not answer: %q, %v", c.Now().words, err)
			}
			s.fail(nil)
			time.Sleep(3 * time.Second)
		}
		if n := strings.Count(log.String(), "texts: cannot follow"); n != 2 {
			t.Errorf("two failures are said %d times:\n%s", n, log)
		}

		stop()
		if err := <-done; err != nil {
			t.Errorf("the end is a failure: %v", err)
		}
	})
}

// TestOneReadAtATime: who refreshes while another does waits, and then knows what the other has read.
func TestOneReadAtATime(t *testing.T) {
	t.Parallel()
	s := &saved{}
	c := follow.New("texts", slog.New(slog.DiscardHandler), &text{}, s.newest)
	s.save("one")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := c.Refresh(t.Context()); err != nil || c.Now().words != "one" {
				t.Errorf("%q, %v", c.Now().words, err)
			}
		})
	}
	all.Wait()
	if s.twice || s.read != 1 {
		t.Errorf("two reads at once: %v; %d reads of one version", s.twice, s.read)
	}
}

// TestEndsInTheMidstOfARead: a read that ends with its context is no failure to be told of.
func TestEndsInTheMidstOfARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		c := follow.New("texts", slog.New(slog.NewTextHandler(log, nil)), &text{}, func(ctx context.Context, old *text) (*text, error) {
			<-ctx.Done()
			return old, ctx.Err()
		})
		ctx, stop := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer stop()
		if err := c.Follow(ctx); err != nil || log.Len() > 0 {
			t.Errorf("%v\n%s", err, log)
		}
	})
}
