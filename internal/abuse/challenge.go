package abuse

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// ChallengeTTL is how long a solution is taken. Who writes for longer is given another challenge by
// the page's script, before the form leaves.
const ChallengeTTL = time.Hour

// maxProof bounds what is looked at as a solution, in bytes.
const maxProof = 1200

// Challenge is what a browser solves: find the number, from 0 to MaxNumber, for which the SHA-256 of
// salt and number is the challenge. It is ALTCHA's first format; the salt's parameters are bound by it.
type Challenge struct {
	altcha.Challenge
	ExpiresAt time.Time
}

// Challenge makes a challenge that is the harder the more its network and the site have asked for of
// late.
func (s *Service) Challenge(ctx context.Context, a support.Actor, p Purpose) (out Challenge, err error) {
	defer problem.Wrap(&err, "abuse.Challenge")
	now := s.c.Now()
	network, site := s.pace.count(a.Network, now)
	return s.challenge(ctx, p, now, altcha.ChallengeOptions{MaxNumber: Difficulty(network, site)})
}

// challenge makes one of given number and salt, where they are set.
func (s *Service) challenge(ctx context.Context, p Purpose, now time.Time, o altcha.ChallengeOptions) (out Challenge, err error) {
	id, key, err := s.c.Ring.Newest(ctx, challengeUse(p))
	if err != nil {
		return out, err
	}
	out.ExpiresAt = now.Add(ChallengeTTL)
	o.Algorithm, o.HMACKey, o.Expires = altcha.SHA256, string(key), &out.ExpiresAt
	o.Params = url.Values{"at": {strconv.FormatInt(now.UnixMilli(), 10)}, "key": {id}, "for": {string(p)}}
	out.Challenge, err = altcha.CreateChallenge(o)
	return out, err
}

// challengeUse is what the key of a purpose's challenges is derived for: one purpose's solution does not
// even verify under another's key.
func challengeUse(p Purpose) string { return "challenge " + string(p) }

// check returns a solution's proof. Whether it was spent before says the transaction that spends it.
func (s *Service) check(ctx context.Context, p Purpose, given string) (out support.Proof, err error) {
	refuse := func(why string) (support.Proof, error) {
		return support.Proof{}, Refused(fmt.Errorf("proof of work: %s", why))
	}
	raw, err := base64.StdEncoding.DecodeString(given)
	var sent altcha.Payload
	if err != nil || len(given) > maxProof || json.Unmarshal(raw, &sent) != nil || sent.Algorithm != string(altcha.SHA256) {
		return refuse("not one of ours")
	}
	params := altcha.ExtractParams(sent)
	key, ok, err := s.c.Ring.Key(ctx, params.Get("key"), challengeUse(p))
	if err != nil {
		return out, err
	}
	if !ok {
		return refuse("signed by no key of ours")
	}
	// The expiry is looked at below, by the service's own clock.
	if good, err := altcha.VerifySolutionSafe(sent, string(key), false); err != nil || !good {
		return refuse("forged, or made for something else")
	}
	at, err := strconv.ParseInt(params.Get("at"), 10, 64)
	expires, err2 := strconv.ParseInt(params.Get("expires"), 10, 64)
	if err != nil || err2 != nil {
		return refuse("without its times")
	}
	out.MadeAt, out.ExpiresAt = time.UnixMilli(at), time.Unix(expires, 0)
	if !s.c.Now().Before(out.ExpiresAt) {
		return refuse("expired")
	}
	out.ID, err = hex.DecodeString(sent.Challenge)
	return out, err
}

// Refused is the problem of a proof that is not good, or was spent before: with another one the same
// request is taken.
func Refused(cause error) error {
	e := problem.InvalidField("proof", "problem.proof")
	e.Err = cause
	return e
}
