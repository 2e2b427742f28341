package abuse

import (
	"math"
	"sync"
	"time"
)

// What a challenge costs, as the largest number to be tried; half of that on average. docs/abuse.md has
// what phones and computers need for it.
const (
	LeastWork = 20_000
	MostWork  = 120_000
)

const (
	paceTime    = 10 * time.Minute // in which what was counted falls to a third
	calmNetwork = 5                // challenges of the last minutes that double the work: of a network,
	calmSite    = 100              // and of all
	maxPaces    = 10_000           // networks that are remembered
)

// Difficulty is the work of the next challenge, after so many of late from the network and in all.
func Difficulty(network, site float64) int64 {
	n := LeastWork * (1 + max(network/calmNetwork, site/calmSite))
	return int64(min(n, MostWork))
}

// recent is a count that fades.
type recent struct {
	n  float64
	at time.Time
}

func (r recent) value(now time.Time) float64 {
	return r.n * math.Exp(-max(0, now.Sub(r.at).Seconds())/paceTime.Seconds())
}

// pace counts challenges by network and in all, in this process.
type pace struct {
	mu       sync.Mutex
	networks map[string]recent
	site     recent
}

func newPace() *pace { return &pace{networks: map[string]recent{}} }

// count counts one and returns how many there were before it.
func (p *pace) count(network string, now time.Time) (ofNetwork, ofSite float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ofNetwork, ofSite = p.networks[network].value(now), p.site.value(now)
	p.site = recent{ofSite + 1, now}
	if _, known := p.networks[network]; !known && len(p.networks) >= maxPaces {
		for k, r := range p.networks {
			if r.value(now) < 1 {
				delete(p.networks, k)
			}
		}
		if len(p.networks) >= maxPaces { // an attack from everywhere: the site's count says so
			clear(p.networks)
		}
	}
	p.networks[network] = recent{ofNetwork + 1, now}
	return ofNetwork, ofSite
}
