// Package abuse tells people from programs without asking either anything: proof of work instead of a
// puzzle, a field that nobody sees, the time between a form and its sending. What it doubts is held
// for an agent to look at; it refuses nobody who merely lacks something.
package abuse

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
)

// Purpose is what a challenge is solved for; its solution is good for nothing else.
type Purpose string

// The purposes.
const (
	ForRequest Purpose = "request" // a guest's request, by form or handoff
	ForSignUp  Purpose = "sign_up" // a link by mail to a member's space
)

// ParsePurpose reads a purpose; "" is ForRequest. Errors: Invalid names the field.
func ParsePurpose(s string) (Purpose, error) {
	switch p := Purpose(s); p {
	case "":
		return ForRequest, nil
	case ForRequest, ForSignUp:
		return p, nil
	}
	return "", problem.InvalidField("purpose", "problem.purpose")
}

// Store keeps which proofs were spent. They are spent in the transaction of what they were made for.
type Store interface {
	DeleteSpentProofs(ctx context.Context, before time.Time) (int, error)
}

// Config of a Service.
type Config struct {
	Ring  *seal.Ring
	Store Store
	Least time.Duration // between a form and its sending; zero asks for none
	Log   *slog.Logger
	Now   func() time.Time // nil means time.Now
}

// Service makes challenges and judges what comes.
type Service struct {
	c    Config
	pace *pace
}

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c: c, pace: newPace()}
}

// Signs are what a request brings along.
type Signs struct {
	Actor support.Actor
	Proof string // a solution as the browser sends it; "" for none
	Form  bool   // it came by a page's form, which carries a stamp and the field that nobody sees
	Stamp string // of the form
	Trap  string // what stands in that field
}

// Free reports whether nothing is asked of the actor: staff, members whom somebody has vouched for, and
// whoever works on this machine.
func Free(a support.Actor) bool { return a.IsStaff() || a.Member != nil || a.Network == "" }

// Judge says why a request is to be held (a support.Held reason) and which proof it spends. A bot gets
// no error: nothing in the answer tells it from anybody else. Errors: Invalid names the field "proof"
// where there is one that is not good, expired, or was made for something else.
func (s *Service) Judge(ctx context.Context, p Purpose, in Signs) (held string, proof support.Proof, err error) {
	defer problem.Wrap(&err, "abuse.Judge")
	if Free(in.Actor) {
		return support.HeldUnproven, proof, nil
	}
	if in.Proof != "" {
		if proof, err = s.check(ctx, p, in.Proof); err != nil {
			return "", proof, err
		}
	}
	bot, err := s.bot(ctx, in, proof)
	switch {
	case err != nil:
		return "", proof, err
	case bot:
		return support.HeldBot, proof, nil
	case proof.None():
		return support.HeldNoProof, proof, nil
	}
	return support.HeldUnproven, proof, nil
}

func (s *Service) bot(ctx context.Context, in Signs, proof support.Proof) (bool, error) {
	if in.Trap != "" {
		return true, nil
	}
	if !in.Form { // the panel asks for its challenge when its form opens
		return !proof.None() && s.c.Now().Sub(proof.MadeAt) < s.c.Least, nil
	}
	age, ok, err := s.age(ctx, in.Stamp)
	return err == nil && s.c.Least > 0 && (!ok || age < s.c.Least), err
}

// stampUse is what stamps are signed for.
const stampUse = "form time"

// Stamp is the moment of a form, signed: it comes back with what was typed.
func (s *Service) Stamp(ctx context.Context) (string, error) {
	return s.c.Ring.Sign(ctx, stampUse, strconv.FormatInt(s.c.Now().UnixMilli(), 36))
}

// Good reports whether a stamp is ours, so that a form that is shown again keeps its first moment.
func (s *Service) Good(ctx context.Context, stamp string) bool {
	_, ok, err := s.age(ctx, stamp)
	return ok && err == nil
}

// maxStamp bounds what is looked at as a stamp.
const maxStamp = 200

func (s *Service) age(ctx context.Context, stamp string) (age time.Duration, ok bool, err error) {
	if len(stamp) > maxStamp {
		return 0, false, nil
	}
	text, ok, err := s.c.Ring.Verify(ctx, stampUse, stamp)
	if err != nil || !ok {
		return 0, false, err
	}
	ms, err := strconv.ParseInt(text, 36, 64)
	if err != nil {
		return 0, false, nil
	}
	return s.c.Now().Sub(time.UnixMilli(ms)), true, nil
}

// Prune forgets the spent proofs that would not be taken any more.
func (s *Service) Prune(ctx context.Context) (int, error) {
	return s.c.Store.DeleteSpentProofs(ctx, s.c.Now().Add(-time.Minute))
}
