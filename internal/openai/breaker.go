package openai

import (
	"errors"
	"sync"
	"time"
)

// How a server that fails is spared.
const (
	breakAfter = 5                // failures in a row
	breakFor   = 30 * time.Second // until it is tried again
)

var errResting = errors.New("the model failed several times and is left alone for a while")

// breaker stops calls to a server that fails: after several failures in a row none is made for a
// while, then one, which decides.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	until    time.Time // with breakAfter failures: when one call may be made
	trying   bool
}

// enter asks to make a call; whoever may must leave.
func (b *breaker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakAfter {
		return nil
	}
	if b.trying || b.now().Before(b.until) {
		return errResting
	}
	b.trying = true
	return nil
}

// leave says how a call went. One that its caller gave up says nothing of the server.
func (b *breaker) leave(err error, gaveUp bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch {
	case gaveUp:
	case err == nil:
		b.failures = 0
	default:
		if b.failures++; b.failures >= breakAfter {
			b.until = b.now().Add(breakFor)
		}
	}
}

// open reports whether calls are stopped.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakAfter && b.now().Before(b.until)
}
