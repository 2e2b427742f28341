package handoff

import (
	"context"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// MaxSorted is how many held tickets an agent decides about at once.
const MaxSorted = 200

// Release lets an agent release a held ticket without proof. Whoever was taken for a bot, or whose mail
// was withheld, is written to then: an agent has looked at it.
func (s *Service) Release(ctx context.Context, actor support.Actor, id support.TicketID) (err error) {
	defer problem.Wrap(&err, "handoff.Release(%s)", id)
	if !actor.IsStaff() {
		return problem.New(problem.Forbidden, "")
	}
	return s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.LockTicket(ctx, id)
		if err != nil {
			return err
		}
		return s.letGo(ctx, tx, t)
	})
}

// letGo releases a locked ticket without proof.
func (s *Service) letGo(ctx context.Context, tx Tx, t support.Ticket) error {
	unwritten := t.HeldReason == support.HeldBot || t.HeldReason == support.HeldBudget
	t, err := s.release(ctx, tx, t, "released")
	if err != nil || !unwritten {
		return err
	}
	address, site, err := s.shares(ctx, tx, t, s.c.Now())
	if err != nil || !address || !site {
		return err
	}
	return s.promiseConfirmation(ctx, tx, t, true)
}

// Sort lets an agent release held tickets, or make spam of them, each in a transaction of its own. It
// returns how many: those that are not held any more, or are spam already, are passed over. Nobody is
// told of spam. Errors: Invalid names the field "ticket" where there are none or more than MaxSorted.
func (s *Service) Sort(ctx context.Context, actor support.Actor, ids []support.TicketID, spam bool) (n int, err error) {
	defer problem.Wrap(&err, "handoff.Sort(%d)", len(ids))
	if !actor.IsStaff() {
		return 0, problem.New(problem.Forbidden, "")
	}
	if len(ids) == 0 {
		return 0, problem.InvalidField("ticket", "desk.held_missing")
	}
	if len(ids) > MaxSorted {
		return 0, problem.InvalidField("ticket", "desk.held_many").With("max", MaxSorted)
	}
	for _, id := range ids {
		done := false
		err := s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
			t, err := tx.LockTicket(ctx, id)
			if err != nil || !t.Held() || t.Status.Public() == "closed" {
				return err
			}
			done = true
			if !spam {
				return s.letGo(ctx, tx, t)
			}
			return s.toSpam(ctx, tx, t)
		})
		switch {
		case problem.Is(err, problem.NotFound), problem.Is(err, problem.Conflict): // solved by its member, say
			continue
		case err != nil:
			return n, err
		}
		if done {
			n++
		}
	}
	return n, nil
}

// toSpam makes spam of a locked ticket. Its thread says nothing of it: whoever holds the link is as
// likely a bot.
func (s *Service) toSpam(ctx context.Context, tx Tx, t support.Ticket) error {
	now := s.c.Now()
	d := support.StatusData{From: t.Status, To: support.StatusSpam, Owner: support.OwnerClosed}
	t, err := t.Change(support.StatusSpam, now, s.hours(t))
	if err != nil {
		return err
	}
	if err := s.own(ctx, tx, t, d, now); err != nil {
		return err
	}
	return tx.UpdateTicket(ctx, t)
}
