package handoff

import (
	"context"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// add adds the request to the ticket that it names, in that one's conversation.
func (s *Service) add(ctx context.Context, tx Tx, r Request, now time.Time) (out Started, err error) {
	t, err := tx.FindTicketByRef(ctx, support.NormalRef(r.AddTo))
	if problem.Is(err, problem.NotFound) || err == nil && !r.may(t) { // neither is told from the other
		return out, problem.New(problem.NotFound, "problem.add_to")
	}
	if err != nil {
		return out, err
	}
	if t.Status.Public() == "closed" {
		return out, problem.New(problem.Conflict, "problem.ticket_closed")
	}
	if r.Conversation != "" && r.Conversation != t.Conversation && len(r.Files) > 0 {
		if err := tx.MoveFiles(ctx, r.Conversation, t.Conversation, r.Files); err != nil {
			return out, err
		}
	}
	t, added, err := s.more(ctx, tx, t, r, now)
	if err == nil && !added {
		err = problem.New(problem.Conflict, "problem.ticket_closed")
	}
	if err != nil {
		return out, err
	}
	return s.again(ctx, tx, t, now)
}

// may reports whether who asks may add to a ticket: it is theirs by their session or by their proven
// address, or stands on the conversation that they hold.
func (r Request) may(t support.Ticket) bool {
	m := r.Actor.Member
	switch {
	case t.Conversation == r.Conversation:
		return true
	case m == nil:
		return false
	}
	return t.Member == m.ID || m.EmailVerified && m.Email != "" && strings.EqualFold(m.Email, t.Email) && !t.EmailProvenAt.IsZero()
}

// repeated answers a request whose client id has its ticket. A client id is no secret, so that whoever
// comes with it and other words, or another address, gets a Conflict and not the ticket.
func (s *Service) repeated(ctx context.Context, tx Tx, t support.Ticket, r Request, now time.Time) (Started, error) {
	if t.Email != r.Email || t.Member != "" && t.Member != r.member() {
		return Started{}, problem.New(problem.Conflict, "problem.client_id_taken")
	}
	if err := s.tell(ctx, tx, t.Conversation, r); err != nil {
		return Started{}, err
	}
	return s.again(ctx, tx, t, now)
}

// more adds the request to the ticket that its conversation has: one that waited for the member, or
// was solved, is open again. A ticket that was solved too long ago for that is closed, and ok is
// false: the request gets a ticket of its own.
func (s *Service) more(ctx context.Context, tx Tx, t support.Ticket, r Request, now time.Time) (_ support.Ticket, ok bool, err error) {
	if t, err = tx.LockTicket(ctx, t.ID); err != nil {
		return t, false, err
	}
	from := t.Status
	if from == support.StatusSolved && now.Sub(t.SolvedAt) > support.ReopenWithin {
		if t, err = t.Change(support.StatusClosed, now, s.hours(t)); err != nil {
			return t, false, err
		}
		return t, false, tx.UpdateTicket(ctx, t)
	}
	if err := s.tell(ctx, tx, t.Conversation, r); err != nil {
		return t, false, err
	}
	t.UpdatedAt = now
	if from == support.StatusWaitingMember || from == support.StatusSolved {
		if t, err = t.Change(support.StatusOpen, now, s.hours(t)); err != nil {
			return t, false, err
		}
		d := support.StatusData{From: from, To: t.Status, Reason: support.ReasonReopened}
		if c, err := tx.LockConversation(ctx, t.Conversation); err != nil {
			return t, false, err
		} else if c.Owner != support.OwnerHuman { // handed back, or closed
			d.Owner = support.OwnerQueue
		}
		if err := s.reopen(ctx, tx, t, d, now); err != nil {
			return t, false, err
		}
	}
	return t, true, tx.UpdateTicket(ctx, t)
}

// reopen writes a change of status, and of the owner where d names one.
func (s *Service) reopen(ctx context.Context, tx Tx, t support.Ticket, d support.StatusData, now time.Time) error {
	if d.Owner != "" {
		return s.own(ctx, tx, t, d, now)
	}
	_, err := tx.Append(ctx, t.Conversation, statusEntry(d, now))
	return err
}
