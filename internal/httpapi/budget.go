package httpapi

import (
	"strings"

	"golang.org/x/time/rate"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// handoff counts a request that makes a ticket: in the budgets of its e-mail address, of its network
// and of the site, all of them or none. bare says that it came without a proof of work: then there is
// less for its network, and for all of that kind together, so that they never use up what the others
// have. These budgets are this process's own: so many nodes, so many times the budget. Those that guard
// mails are rows, and hold for all nodes (handoff.Config.SiteBudget, support.MaxConfirm).
//
// TooMany says which budget it was, and how to go on.
func (l *limiter) handoff(a support.Actor, email string, bare bool) error {
	if free(a) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, hour := l.now(), 3600.0
	at := l.limits.AddressBurst
	type budget struct {
		key string // of the sentence
		of  *rate.Limiter
	}
	budgets := []budget{
		{"problem.requests_address", bucket(l.addresses, strings.ToLower(email), float64(at)/hour, at, now)},
		{"problem.requests_network", bucket(l.requests, a.Network, l.limits.Requests/hour, l.limits.RequestBurst, now)},
		{"problem.requests_site", bucket(l.site, "", float64(l.limits.SiteBurst)/600, l.limits.SiteBurst, now)},
	}
	if bare {
		budgets = append(budgets,
			budget{"problem.requests_bare", bucket(l.bare, a.Network, l.limits.Bare/hour, l.limits.BareBurst, now)},
			budget{"problem.requests_bare", bucket(l.site, "bare", float64(l.limits.SiteBareBurst)/600, l.limits.SiteBareBurst, now)})
	}
	var taken []*rate.Reservation
	for _, b := range budgets {
		r := b.of.ReserveN(now, 1)
		taken = append(taken, r)
		d := r.DelayFrom(now)
		if d <= 0 {
			continue
		}
		for _, r := range taken { // what is refused costs nothing
			r.CancelAt(now)
		}
		return &problem.Error{Kind: problem.TooMany, Key: b.key, RetryAfter: d}
	}
	return nil
}
