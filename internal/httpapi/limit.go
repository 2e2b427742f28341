package httpapi

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"guichet/internal/support"
)

// Limits bound what one network may ask. Zero fields take the defaults named.
type Limits struct {
	Questions      float64 // a minute and network, over time; zero means 60
	QuestionBurst  int     // at once; zero means 30
	Requests       float64 // tickets an hour and network, over time; zero means 20
	RequestBurst   int     // zero means 10
	AnswersAtOnce  int     // questions worked on at the same time; zero means 16
	AnswersWaiting int     // questions that may wait for that; zero means 256
}

func (l Limits) withDefaults() Limits {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.Questions, 60)
	defInt(&l.QuestionBurst, 30)
	def(&l.Requests, 20)
	defInt(&l.RequestBurst, 10)
	defInt(&l.AnswersAtOnce, 16)
	defInt(&l.AnswersWaiting, 256)
	return l
}

// maxNetworks bounds how many networks are remembered; past it the idle ones are forgotten.
const maxNetworks = 10_000

// limiter keeps a token bucket per network for each kind of request, and the one waiting line of
// questions.
type limiter struct {
	limits  Limits
	now     func() time.Time
	working chan struct{} // a place for each question worked on
	waiting chan struct{} // a place for each that is here at all

	mu        sync.Mutex
	questions map[string]*rate.Limiter
	requests  map[string]*rate.Limiter
}

func newLimiter(l Limits) *limiter {
	l = l.withDefaults()
	return &limiter{
		limits: l, now: time.Now,
		working:   make(chan struct{}, l.AnswersAtOnce),
		waiting:   make(chan struct{}, l.AnswersAtOnce+l.AnswersWaiting),
		questions: map[string]*rate.Limiter{}, requests: map[string]*rate.Limiter{},
	}
}

// question takes a place for one question; done gives it back. TooMany where the network has asked
// too often or the line is full.
func (l *limiter) question(ctx context.Context, a support.Actor) (done func(), err error) {
	if !free(a) {
		if err := l.take(l.questions, a.Network, rate.Limit(l.limits.Questions/60), l.limits.QuestionBurst); err != nil {
			return nil, err
		}
	}
	select {
	case l.waiting <- struct{}{}:
	default:
		return nil, retryAfter(5 * time.Second)
	}
	select {
	case l.working <- struct{}{}:
		return func() { <-l.working; <-l.waiting }, nil
	case <-ctx.Done():
		<-l.waiting
		return nil, ctx.Err()
	}
}

// free reports whether no budget is kept for the actor: staff, and whoever works on this machine. The
// waiting line holds for them too.
func free(a support.Actor) bool { return a.IsStaff() || a.Network == "" }

// request counts one handoff. TooMany where the network has made too many.
func (l *limiter) request(a support.Actor) error {
	if free(a) {
		return nil
	}
	return l.take(l.requests, a.Network, rate.Limit(l.limits.Requests/3600), l.limits.RequestBurst)
}

func (l *limiter) take(m map[string]*rate.Limiter, network string, every rate.Limit, burst int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := m[network]
	if b == nil {
		if len(m) >= maxNetworks {
			for k, old := range m {
				if old.TokensAt(now) >= float64(burst) { // full again: as if never seen
					delete(m, k)
				}
			}
			if len(m) >= maxNetworks { // an attack from everywhere: forget all rather than grow
				clear(m)
			}
		}
		b = rate.NewLimiter(every, burst)
		m[network] = b
	}
	r := b.ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return retryAfter(d)
	}
	return nil
}
