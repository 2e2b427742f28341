package desk

import (
	"context"
	"time"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// SendStatus is the job that tells a member of a change of status.
type SendStatus struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (SendStatus) Kind() string { return "send_status" }

// SetStatus moves a ticket to another status and promises the member a mail of it, in one
// transaction; see tells for which.
func (s *Service) SetStatus(ctx context.Context, actor support.Actor, id support.TicketID, to support.Status) (err error) {
	defer problem.Wrap(&err, "desk.SetStatus(%s, %s)", id, to)
	if !actor.IsStaff() {
		return problem.New(problem.Forbidden, "")
	}
	err = s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.lock(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		e, err := s.change(ctx, tx, t, to)
		if err != nil || !tells(t, to) {
			return err
		}
		return s.promiseStatus(ctx, tx, t, e)
	})
	if err == nil {
		failpoint.At(failpoint.StatusCommitted)
	}
	return err
}

// promiseStatus promises the member a mail of a change of status, which e says.
func (s *Service) promiseStatus(ctx context.Context, tx Tx, t support.Ticket, e support.Entry) error {
	mail := support.NewID[support.MailID]()
	created, err := tx.CreateReplyMail(ctx, support.Mail{ID: mail, MessageID: string(mail) + "@" + s.c.MailDomain,
		Kind: support.MailStatus, Ticket: t.ID, EntrySeq: e.Seq, Recipient: t.Email, Lang: t.Lang, State: "queued"})
	if err != nil || !created {
		return err
	}
	if err := tx.Enqueue(ctx, SendStatus{Mail: mail}); err != nil {
		return err
	}
	failpoint.At(failpoint.StatusBeforeCommit)
	return nil
}

// tells reports whether a member hears by mail that an agent moved the ticket: when the word that they
// see is another one, and never of spam, of a merged ticket or of one whose address is still to be
// proven.
func tells(t support.Ticket, to support.Status) bool {
	switch {
	case t.Held(), to == support.StatusSpam, to == support.StatusMerged, t.Status == support.StatusSpam, t.Status == support.StatusMerged:
		return false
	}
	return t.Status.Public() != to.Public()
}

// change moves a locked ticket and writes it into the thread; it returns the entry. To the same status
// it does nothing. A ticket that nobody works on any more closes its conversation; one that is opened
// again brings it back to who had it.
func (s *Service) change(ctx context.Context, tx Tx, t support.Ticket, to support.Status) (e support.Entry, err error) {
	if t.Status == to {
		return e, nil
	}
	now := s.c.Now()
	moved, err := t.Change(to, now, s.hours(t))
	if err != nil {
		return e, err
	}
	c, err := tx.LockConversation(ctx, t.Conversation)
	if err != nil {
		return e, err
	}
	d := support.StatusData{From: t.Status, To: to, Owner: ownerAfter(c.Owner, t, to)}
	if d.Owner == c.Owner {
		d.Owner = ""
	}
	if e, err = s.append(ctx, tx, t.Conversation, d, support.Entry{CreatedAt: now}); err != nil {
		return e, err
	}
	return e, tx.UpdateTicket(ctx, moved)
}

// ownerAfter is whose a conversation is after its ticket was given a status.
func ownerAfter(is support.Owner, t support.Ticket, to support.Status) support.Owner {
	switch {
	case to.Public() == "closed":
		return support.OwnerClosed
	case to == support.StatusSolved, is == support.OwnerQueue, is == support.OwnerHuman:
		return is
	case t.Assignee != "":
		return support.OwnerHuman
	}
	return support.OwnerQueue
}

// closeAtOnce is how many tickets CloseSolved reads at a time.
const closeAtOnce = 500

// CloseSolved closes the tickets that were solved 14 days ago, each in a transaction of its own, and
// returns how many. It tells nobody: the member was told that the ticket was solved.
func (s *Service) CloseSolved(ctx context.Context) (n int, err error) {
	defer problem.Wrap(&err, "desk.CloseSolved")
	before := s.c.Now().Add(-support.ReopenWithin)
	for {
		ids, err := s.c.Store.SolvedTooLong(ctx, before, closeAtOnce)
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			closed, err := s.closeSolved(ctx, id, before)
			if err != nil {
				return n, err
			}
			n += closed
		}
		if len(ids) < closeAtOnce {
			return n, nil
		}
	}
}

// closeSolved closes one ticket, unless it was reopened since it was read.
func (s *Service) closeSolved(ctx context.Context, id support.TicketID, before time.Time) (n int, err error) {
	err = s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		n = 0
		t, err := tx.LockTicket(ctx, id)
		if err != nil || t.Status != support.StatusSolved || t.SolvedAt.After(before) {
			return err
		}
		n = 1
		_, err = s.change(ctx, tx, t, support.StatusClosed)
		return err
	})
	return n, err
}
