package assistant

import (
	"cmp"
	"sync"
	"time"
)

// WriteLimits bound what models are asked. Zero fields take the defaults named. A call is one answer
// written, one question rewritten or one answer translated.
type WriteLimits struct {
	Deadline     time.Duration // of an answer; zero means 8 s
	Daily        int           // calls a day (UTC), for all; zero means 2000
	SiteDaily    int           // calls a day for one embedding site; zero means 2000
	Hourly       int           // calls an hour for one network; zero means 60
	MemberHourly int           // calls an hour for one member or, of whoever is not identified, one conversation; zero means 30
	Tokens       int           // a day, for all, sent and received; zero means 5,000,000
}

func (l WriteLimits) withDefaults() WriteLimits {
	return WriteLimits{cmp.Or(l.Deadline, 8*time.Second), cmp.Or(l.Daily, 2000), cmp.Or(l.SiteDaily, 2000),
		cmp.Or(l.Hourly, 60), cmp.Or(l.MemberHourly, 30), cmp.Or(l.Tokens, 5_000_000)}
}

// Bounds of what is remembered in an hour, or a day.
const (
	maxNetworks = 10_000
	maxMembers  = 50_000
	maxSites    = 1_000
)

// payer is for whom a model is asked.
type payer struct {
	network string // "" for this machine
	member  string // what identifies the member, else the conversation; "" for neither
	site    string // "" for the help center's own pages
}

// payer is whose budget the question's calls of models are counted in. Without a member's id the
// conversation stands for the member: opening another one costs from the network's.
func (q Question) payer() *payer {
	p := payer{network: q.Actor.Network, site: q.Site}
	switch {
	case q.Actor.Member != nil:
		p.member = "member/" + string(q.Actor.Member.ID)
	case q.conversation != "":
		p.member = "conversation/" + string(q.conversation)
	}
	return &p
}

// budget counts what models are asked. It is this process's own.
type budget struct {
	limits WriteLimits
	now    func() time.Time

	mu                sync.Mutex
	day, hour         int64
	today, tokens     int
	sites             map[string]int // today
	networks, members map[string]int // in this hour
}

// take counts a call that is expected to cost so many tokens; false where there is nothing left for
// it. Of networks, members and sites that are more than can be remembered, those not yet seen have
// nothing until the hour, or the day, is over.
func (b *budget) take(p payer, tokens int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	if b.today >= b.limits.Daily || b.tokens+tokens > b.limits.Tokens ||
		full(b.sites, p.site, b.limits.SiteDaily, maxSites) ||
		full(b.networks, p.network, b.limits.Hourly, maxNetworks) ||
		full(b.members, p.member, b.limits.MemberHourly, maxMembers) {
		return false
	}
	b.today++
	b.tokens += tokens
	count(b.sites, p.site)
	count(b.networks, p.network)
	count(b.members, p.member)
	return true
}

// settle puts what a call cost in the place of what it was expected to.
func (b *budget) settle(expected, tokens int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	b.tokens = max(0, b.tokens+tokens-expected)
}

// turn begins another day or hour where one has begun.
func (b *budget) turn() {
	now := b.now().Unix()
	if day := now / 86400; day != b.day || b.sites == nil {
		b.day, b.today, b.tokens, b.sites = day, 0, 0, map[string]int{}
	}
	if hour := now / 3600; hour != b.hour || b.networks == nil {
		b.hour, b.networks, b.members = hour, map[string]int{}, map[string]int{}
	}
}

// full reports whether nothing is left for a key; "" is nobody's.
func full(m map[string]int, key string, limit, most int) bool {
	n, known := m[key]
	return key != "" && (n >= limit || !known && len(m) >= most)
}

func count(m map[string]int, key string) {
	if key != "" {
		m[key]++
	}
}

// Call is what a model was asked and what that took.
type Call struct {
	Prompt string // hash of what it was asked; the same for the same
	Tokens int    // sent and received, as the server counts them or else as they are estimated
}

// EstimateTokens is about how many tokens so many bytes of text are, rather too many than too few.
func EstimateTokens(bytes int) int { return (bytes + 2) / 3 }

// Expected beside the texts of a call: the rules, and all that a model may answer.
const callTokens = 1000

// afford counts a call with texts in it. Where it returns nil there is nothing left; else it is to be
// told what the call took.
func (s *Service) afford(by *payer, texts ...string) func(Call) {
	expected := callTokens
	for _, t := range texts {
		expected += EstimateTokens(len(t))
	}
	if !s.writing.take(*by, expected) {
		return nil
	}
	return func(c Call) { s.writing.settle(expected, c.Tokens) }
}
