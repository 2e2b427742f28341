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
	Bare           float64 // tickets an hour and network that came without a proof of work; zero means 10
	BareBurst      int     // zero means 5
	AddressBurst   int     // tickets of one e-mail address at once, and an hour over time; zero means 10
	SiteBurst      int     // tickets of everybody at once, and in ten minutes over time; zero means 120
	SiteBareBurst  int     // those of them that came without a proof of work; zero means 20
	Searches       float64 // a minute and network, over time, those while typing counted; zero means 300
	SearchBurst    int     // zero means 60
	Uploads        float64 // files an hour and network, over time; zero means 120
	UploadBurst    int     // zero means 30
	UploadsAtOnce  int     // files that come from one network at the same time, or forms with some; zero means 6
	UploadsInAll   int     // from all of them; zero means 64
	AnswersAtOnce  int     // questions worked on at the same time, and as many searches; zero means 16
	AnswersWaiting int     // questions that may wait for that, and as many searches; zero means 256
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
	def(&l.Bare, 10)
	defInt(&l.BareBurst, 5)
	defInt(&l.AddressBurst, 10)
	defInt(&l.SiteBurst, 120)
	defInt(&l.SiteBareBurst, 20)
	def(&l.Searches, 300)
	defInt(&l.SearchBurst, 60)
	def(&l.Uploads, 120)
	defInt(&l.UploadBurst, 30)
	defInt(&l.UploadsAtOnce, 6)
	defInt(&l.UploadsInAll, 64)
	defInt(&l.AnswersAtOnce, 16)
	defInt(&l.AnswersWaiting, 256)
	return l
}

// maxNetworks bounds how many networks are remembered; past it the idle ones are forgotten.
const maxNetworks = 10_000

// typingAtOnce is how many searches by words alone are worked on at the same time: they wait for
// nobody but this machine.
const typingAtOnce = 4

// limiter keeps a token bucket per network for each kind of request, and the waiting lines. What may
// wait for the embedder and what never does stand in lines of their own, so that typing finds
// articles while every question waits.
type limiter struct {
	limits                   Limits
	now                      func() time.Time
	answers, finding, typing lane
	mu                       sync.Mutex
	questions, requests      map[string]*rate.Limiter
	bare, addresses, site    map[string]*rate.Limiter // of requests; see budget.go
	searches, small, hosts   map[string]*rate.Limiter
	uploads                  map[string]*rate.Limiter
	uploading                map[string]int // files that come now, by network
	uploadingAll             int
}

func newLimiter(l Limits) *limiter {
	l = l.withDefaults()
	return &limiter{
		limits: l, now: time.Now,
		answers: newLane(l.AnswersAtOnce, l.AnswersWaiting), finding: newLane(l.AnswersAtOnce, l.AnswersWaiting),
		typing:    newLane(typingAtOnce, l.AnswersWaiting),
		questions: map[string]*rate.Limiter{}, requests: map[string]*rate.Limiter{},
		bare: map[string]*rate.Limiter{}, addresses: map[string]*rate.Limiter{}, site: map[string]*rate.Limiter{},
		searches: map[string]*rate.Limiter{}, small: map[string]*rate.Limiter{}, hosts: map[string]*rate.Limiter{},
		uploads: map[string]*rate.Limiter{}, uploading: map[string]int{},
	}
}

// lane is a waiting line.
type lane struct {
	working chan struct{} // a place for each that is worked on
	waiting chan struct{} // a place for each that is here at all
}

func newLane(atOnce, waiting int) lane {
	return lane{make(chan struct{}, atOnce), make(chan struct{}, atOnce+waiting)}
}

// enter waits for a place; done gives it back. TooMany where the line is full.
func (l lane) enter(ctx context.Context) (done func(), err error) {
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

// question takes a place for one question; done gives it back. TooMany where the network has asked
// too often or the line is full.
func (l *limiter) question(ctx context.Context, a support.Actor) (done func(), err error) {
	if err := l.asks(a); err != nil {
		return nil, err
	}
	return l.answers.enter(ctx)
}

// asks counts one question. TooMany where the network has asked too often.
func (l *limiter) asks(a support.Actor) error {
	return l.take(l.questions, a, l.limits.Questions/60, l.limits.QuestionBurst)
}

// search is question for a search; typing says that it is one by words alone.
func (l *limiter) search(ctx context.Context, a support.Actor, typing bool) (done func(), err error) {
	if err := l.take(l.searches, a, l.limits.Searches/60, l.limits.SearchBurst); err != nil {
		return nil, err
	}
	if typing {
		return l.typing.enter(ctx)
	}
	return l.finding.enter(ctx)
}

// request counts one handoff. TooMany where the network has made too many.
func (l *limiter) request(a support.Actor) error {
	return l.take(l.requests, a, l.limits.Requests/3600, l.limits.RequestBurst)
}

// act counts one small thing that somebody does, a vote or a reply: as many as questions, in no line.
func (l *limiter) act(a support.Actor) error {
	return l.take(l.small, a, l.limits.Questions/60, l.limits.QuestionBurst)
}

// upload takes a place for files that come; done gives it back. TooMany where the network has sent too
// many, or sends as many as it may at once.
func (l *limiter) upload(a support.Actor) (done func(), err error) {
	l.mu.Lock()
	busy := l.uploadingAll >= l.limits.UploadsInAll || !free(a) && l.uploading[a.Network] >= l.limits.UploadsAtOnce
	if !busy {
		l.uploading[a.Network]++
		l.uploadingAll++
	}
	l.mu.Unlock()
	if busy {
		return nil, retryAfter(5 * time.Second)
	}
	done = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.uploadingAll--
		if l.uploading[a.Network]--; l.uploading[a.Network] == 0 {
			delete(l.uploading, a.Network)
		}
	}
	if err := l.take(l.uploads, a, l.limits.Uploads/3600, l.limits.UploadBurst); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// host counts one call of a site's server, by its key: ten a second over time, six hundred at once.
func (l *limiter) host(key string) error {
	return l.take(l.hosts, support.Actor{Network: key}, 10, 600)
}

// free reports whether no budget is kept for the actor: staff, and whoever works on this machine. The
// waiting lines hold for them too.
func free(a support.Actor) bool { return a.IsStaff() || a.Network == "" }

// take counts one of the actor's network, at so many a second over time and burst at once.
func (l *limiter) take(m map[string]*rate.Limiter, a support.Actor, every float64, burst int) error {
	if free(a) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	r := bucket(m, a.Network, every, burst, now).ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return retryAfter(d)
	}
	return nil
}

// bucket is the one of a network, or of another key, in m; the caller holds the lock.
func bucket(m map[string]*rate.Limiter, key string, every float64, burst int, now time.Time) *rate.Limiter {
	b := m[key]
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
		b = rate.NewLimiter(rate.Limit(every), burst)
		m[key] = b
	}
	return b
}
