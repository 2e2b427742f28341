package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/support"
)

func TestQuestionsAreCountedByNetwork(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	l := newLimiter(Limits{Questions: 60, QuestionBurst: 2})
	l.now = func() time.Time { return now }
	ask := func(network string) error {
		done, err := l.question(t.Context(), support.Actor{Network: network})
		if err == nil {
			done()
		}
		return err
	}
	for i := range 2 {
		if err := ask("192.0.2.0/24"); err != nil {
			t.Fatalf("question %d of the burst: %v", i, err)
		}
	}
	err := ask("192.0.2.0/24")
	var p *problem.Error
	if !errors.As(err, &p) || p.Kind != problem.TooMany || p.RetryAfter <= 0 || p.RetryAfter > time.Second {
		t.Fatalf("the question after the burst: %v, want too_many within a second", err)
	}
	if err := ask("198.51.100.0/24"); err != nil {
		t.Errorf("another network pays for the first one: %v", err)
	}
	now = now.Add(time.Second)
	if err := ask("192.0.2.0/24"); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestLineOfQuestionsIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{AnswersAtOnce: 1, AnswersWaiting: 1, QuestionBurst: 100})
	first, err := l.question(t.Context(), support.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		_, err := l.question(ctx, support.Actor{})
		second <- err
	}()
	for len(l.answers.waiting) < 2 { // the second stands in line
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
	}
	if _, err := l.question(t.Context(), support.Actor{}); !problem.Is(err, problem.TooMany) {
		t.Errorf("a third question: %v, want too_many", err)
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up waiting got %v", err)
	}
	first()
	again, err := l.question(t.Context(), support.Actor{})
	if err != nil {
		t.Fatalf("after all have left: %v", err)
	}
	again()
}

// TestSearchHasItsOwnLine holds that nobody who types waits behind those who wait for the embedder.
func TestSearchHasItsOwnLine(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{AnswersAtOnce: 1, AnswersWaiting: 1, QuestionBurst: 1, SearchBurst: 3})
	a := support.Actor{Network: "192.0.2.0/24"}
	if _, err := l.question(t.Context(), a); err != nil { // works for as long as the test
		t.Fatal(err)
	}
	if _, err := l.search(t.Context(), a, false); err != nil {
		t.Fatalf("a search behind a question: %v", err)
	}
	for range 2 {
		done, err := l.search(t.Context(), a, true)
		if err != nil {
			t.Fatalf("typing behind a question and a search: %v", err)
		}
		done()
	}
	if _, err := l.search(t.Context(), a, true); !problem.Is(err, problem.TooMany) {
		t.Errorf("a search beyond the burst: %v, want too_many", err)
	}
	if err := l.act(a); err != nil {
		t.Errorf("a vote after all that: %v", err)
	}
	if err := l.act(a); !problem.Is(err, problem.TooMany) {
		t.Errorf("a vote beyond the burst: %v, want too_many", err)
	}
}

func TestNetworksAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{})
	for i := range maxNetworks + 10 {
		if err := l.request(support.Actor{Network: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.requests) > maxNetworks {
		t.Errorf("%d networks are remembered", len(l.requests))
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.77":        "192.0.2.0/24",
		"::ffff:192.0.2.77": "192.0.2.0/24",
		"2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"":                  "",
	} {
		if got := network(ip); got != want {
			t.Errorf("network(%q) = %q, want %q", ip, got, want)
		}
	}
}

func TestOnlyThisMachineIsFree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote, forwarded string
		want                    bool
	}{
		{"Operator", "127.0.0.1:1234", "", true},
		{"OperatorIPv6", "[::1]:1234", "", true},
		{"LocalProxy", "127.0.0.1:1234", "192.0.2.1", false},
		{"Member", "192.0.2.1:1234", "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		g, _ := gin.CreateTestContext(httptest.NewRecorder())
		g.Request = r
		if got := here(g); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
