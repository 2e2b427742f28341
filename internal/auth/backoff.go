package auth

import (
	"sync"
	"time"

	"guichet/internal/problem"
)

// How many tries in vain cost nothing, and what comes then: a wait that doubles, up to longestWait.
// A network's own tries at an address are few; those of all networks together are more, so that
// somebody far away cannot keep an agent out, and guessing from everywhere is still slow.
const (
	freeHere    = 5  // at one address from one network
	freeAddress = 20 // at one address from anywhere
	freeNetwork = 30 // from one network at any address
	freeAsks    = 10 // letters to lost passwords, asked for from one network

	firstWait   = time.Second
	longestWait = 15 * time.Minute
	forgiven    = 20 * time.Minute // after which one try in vain counts no more
	maxTried    = 10_000
)

// budget is one thing that tries are counted by.
type budget struct {
	key  string
	free int
}

// backoff counts tries in vain, in the memory of one process.
type backoff struct {
	mu    sync.Mutex
	tried map[string]*tried
}

type tried struct {
	n     int
	until time.Time // nothing is tried before
	last  time.Time
}

func newBackoff() *backoff { return &backoff{tried: map[string]*tried{}} }

// take counts a try before it is made, so that many at once are counted too. TooMany says when the
// next may be made; it is not counted then.
func (b *backoff) take(now time.Time, budgets ...budget) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var wait time.Duration
	for _, x := range budgets {
		if t := b.tried[x.key]; t != nil {
			wait = max(wait, t.until.Sub(now))
		}
	}
	if wait > 0 {
		return &problem.Error{Kind: problem.TooMany, Key: "desk.sign_in.too_many", RetryAfter: wait}
	}
	for _, x := range budgets {
		t := b.tried[x.key]
		if t == nil {
			b.makeRoom(now)
			t = &tried{last: now}
			b.tried[x.key] = t
		}
		t.n, t.last = max(0, t.n-int(now.Sub(t.last)/forgiven))+1, now
		if over := t.n - x.free; over >= 0 {
			t.until = now.Add(min(firstWait<<min(over, 20), longestWait))
		}
	}
	return nil
}

// makeRoom forgets what was tried once and long ago first: an invented address or network.
func (b *backoff) makeRoom(now time.Time) {
	for least := 1; len(b.tried) >= maxTried; least *= 4 {
		for k, t := range b.tried {
			if t.n-int(now.Sub(t.last)/forgiven) <= least {
				delete(b.tried, k)
			}
		}
	}
}

// good forgets the tries at the address of somebody who got in, and takes back the one that was
// counted for their network. Its others stay: an account of one's own buys no tries at others'.
func (b *backoff) good(network string, address ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range address {
		delete(b.tried, k)
	}
	if t := b.tried[network]; t != nil {
		t.n--
		t.until = time.Time{}
	}
}
