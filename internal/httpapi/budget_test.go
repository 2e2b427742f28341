package httpapi

import (
	"errors"
	"testing"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// TestBudgetsOfRequests empties each budget in turn: it is named, says when to come back, holds nobody
// else up, and what was refused costs nothing.
func TestBudgetsOfRequests(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	fresh := func() *limiter {
		l := newLimiter(Limits{Requests: 3600, RequestBurst: 5, Bare: 3600, BareBurst: 2, AddressBurst: 3, SiteBurst: 8, SiteBareBurst: 4})
		l.now = func() time.Time { return now }
		return l
	}
	type try struct {
		network, email string
		bare           bool
		want           string // the budget that refuses; "" for none
	}
	a, b, c, d := "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/64"
	for name, tries := range map[string][]try{
		"Address": {{a, "x", false, ""}, {b, "X", false, ""}, {c, "x", false, ""}, {d, "x", false, "address"}, {d, "y", false, ""}},
		"Network": {{a, "1", false, ""}, {a, "2", false, ""}, {a, "3", false, ""}, {a, "4", false, ""}, {a, "5", false, ""}, {a, "6", false, "network"}, {b, "6", false, ""}},
		"Site": {{a, "1", false, ""}, {a, "2", false, ""}, {a, "3", false, ""}, {a, "4", false, ""}, {b, "1", false, ""}, {b, "2", false, ""}, {b, "3", false, ""},
			{b, "4", false, ""}, {c, "5", false, "site"}},
		"NetworkWithoutProof": {{a, "1", true, ""}, {a, "2", true, ""}, {a, "3", true, "bare"}, {a, "3", false, ""}, {b, "3", true, ""}},
		"SiteWithoutProof":    {{a, "1", true, ""}, {a, "2", true, ""}, {b, "3", true, ""}, {b, "4", true, ""}, {c, "5", true, "bare"}, {c, "5", false, ""}},
	} {
		l := fresh()
		for i, x := range tries {
			err := l.handoff(support.Actor{Network: x.network}, x.email, x.bare)
			var p *problem.Error
			switch errors.As(err, &p); {
			case x.want == "" && err != nil:
				t.Errorf("%s, %d: %v", name, i, err)
			case x.want != "" && (p == nil || p.Kind != problem.TooMany || p.Key != "problem.requests_"+x.want || p.RetryAfter <= 0 || p.RetryAfter > 20*time.Minute):
				t.Errorf("%s, %d: %+v, want the budget %s", name, i, p, x.want)
			}
		}
	}
	l := fresh()
	for range 100 { // what its address is refused takes nothing from its network
		_ = l.handoff(support.Actor{Network: a}, "x", false)
	}
	if err := l.handoff(support.Actor{Network: a}, "y", false); err != nil {
		t.Errorf("after 97 refusals: %v", err)
	}
	now = now.Add(time.Hour)
	if err := l.handoff(support.Actor{Network: a}, "x", false); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	for range 100 {
		if l.handoff(support.Actor{}, "x", true) != nil || l.handoff(support.Actor{Network: a, Agent: &support.Agent{}}, "x", true) != nil {
			t.Fatal("this machine and staff have a budget")
		}
	}
}
