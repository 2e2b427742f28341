package handoff

import (
	"context"
	"encoding/json"
	"time"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
)

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of strings: cannot fail
	}
	return b
}

// promiseConfirmation promises the confirmation of a ticket, unless its address or the site has had
// its share of the last hour: then the mail is withheld, the ticket stands all the same, and its
// page says how to go on.
func (s *Service) promiseConfirmation(ctx context.Context, tx Tx, t support.Ticket, now time.Time) error {
	to, all, err := tx.CountMails(ctx, support.MailConfirmation, t.Email, now.Add(-time.Hour))
	if err != nil {
		return err
	}
	id := support.NewID[support.MailID]()
	m := support.Mail{ID: id, MessageID: string(id) + "@" + s.c.MailDomain, Kind: support.MailConfirmation,
		Ticket: t.ID, Recipient: t.Email, Lang: t.Lang, State: "queued"}
	if to >= support.MaxConfirm || all >= s.c.SiteBudget {
		m.State = "withheld"
		return tx.CreateMail(ctx, m)
	}
	if err := tx.CreateMail(ctx, m); err != nil {
		return err
	}
	return tx.Enqueue(ctx, SendConfirmation{Mail: id})
}

// Deliver sends a promised confirmation. The job that runs it may run twice when the process dies
// between sending and noting it; the Message-ID is the same both times.
func (s *Service) Deliver(ctx context.Context, id support.MailID) (err error) {
	defer problem.Wrap(&err, "handoff.Deliver(%s)", id)
	m, t, err := s.c.Store.FindMail(ctx, id)
	if err != nil || m.State != "queued" {
		return err
	}
	if m.Kind == support.MailTeam {
		return s.send(ctx, support.Letter{Kind: m.Kind, MessageID: m.MessageID, To: m.Recipient, Lang: m.Lang, Ref: t.Ref,
			Link: s.c.DeskLink(t.ID), PromisedAt: t.PromisedAt, Zone: s.c.Zone, Category: t.Category, TicketLang: t.Lang}, id)
	}
	if m.Recipient != t.Email { // corrected in the meantime: another mail is on its way
		return s.c.Store.MarkMail(ctx, id, "withheld", "address corrected")
	}
	link, proof := support.NewToken(), support.Token("")
	err = s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
		now := s.c.Now()
		if t.EmailProvenAt.IsZero() {
			proof = support.NewToken()
			if err := tx.SaveToken(ctx, support.PurposeAddressProof, proof, string(t.ID), t.Email, now.Add(support.AddressProofTTL)); err != nil {
				return err
			}
		}
		return tx.SaveToken(ctx, support.PurposeTicketLink, link, string(t.ID), "", now.Add(support.TicketLinkTTL))
	})
	if err != nil {
		return err
	}
	return s.send(ctx, support.Letter{Kind: m.Kind, MessageID: m.MessageID, To: m.Recipient, Lang: m.Lang,
		Ref: t.Ref, Link: s.c.Links.Ticket(t.Lang, link, proof), Held: t.Held(), PromisedAt: t.PromisedAt, Zone: s.c.Zone}, id)
}

// send sends the letter of a promised mail and notes what became of it.
func (s *Service) send(ctx context.Context, l support.Letter, id support.MailID) error {
	failpoint.At(failpoint.MailBeforeSend)
	err := s.c.Mailer.Send(ctx, l)
	if problem.Is(err, problem.Invalid) {
		return s.c.Store.MarkMail(ctx, id, "failed", err.Error())
	}
	if err != nil {
		return err
	}
	failpoint.At(failpoint.MailSent)
	return s.c.Store.MarkMail(ctx, id, "sent", "")
}

// GiveUp notes that a promised mail could not be sent, after the last try.
func (s *Service) GiveUp(ctx context.Context, id support.MailID, cause error) error {
	return s.c.Store.MarkMail(ctx, id, "failed", cause.Error())
}

// Prove spends the token of an address proof: the address is the member's, and a held ticket is
// released to its team; from then on the promise runs. It returns the ticket and a link to it.
// Errors: NotFound, or Gone for a token that is used or expired.
func (s *Service) Prove(ctx context.Context, proof support.Token) (out Started, err error) {
	defer problem.Wrap(&err, "handoff.Prove")
	err = s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
		now := s.c.Now()
		subject, address, err := tx.SpendToken(ctx, support.PurposeAddressProof, proof, now)
		if err != nil {
			return err
		}
		t, err := tx.LockTicket(ctx, support.TicketID(subject))
		if err != nil {
			return err
		}
		if t.Email != address {
			return problem.New(problem.Gone, "problem.proof_other_address")
		}
		if t.EmailProvenAt.IsZero() {
			t.EmailProvenAt = now
		}
		if t, err = s.release(ctx, tx, t, support.ReasonProven); err != nil {
			return err
		}
		out, err = s.again(ctx, tx, t, now)
		return err
	})
	return out, err
}

// Release lets an agent release a held ticket without proof.
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
		_, err = s.release(ctx, tx, t, support.ReasonReleased)
		return err
	})
}

func (s *Service) release(ctx context.Context, tx Tx, t support.Ticket, reason string) (support.Ticket, error) {
	now := s.c.Now()
	if t.Held() {
		t.HeldAt, t.HeldReason = time.Time{}, ""
		t.UpdatedAt = now
		if t.Status == support.StatusSpam { // proven after all
			var err error
			if t, err = t.Change(support.StatusNew, now, s.hours(t)); err != nil {
				return t, err
			}
		}
		t = s.begin(t, now)
		d := support.StatusData{To: t.Status, Owner: support.OwnerQueue, Reason: reason}
		if team, _, err := s.c.Routing.Route(support.CategoryKey(t.Category), t.Lang); err == nil && team.ID == t.Team {
			d.Team = team.Name
		}
		if err := s.own(ctx, tx, t, d, now); err != nil {
			return t, err
		}
		if err := s.bring(ctx, tx, t); err != nil {
			return t, err
		}
	}
	return t, tx.UpdateTicket(ctx, t)
}

// CorrectAddress changes the address of a held ticket and promises a confirmation to the new one.
// Earlier proofs open nothing any more. Conflict if the ticket is not held.
func (s *Service) CorrectAddress(ctx context.Context, id support.TicketID, email string) (err error) {
	defer problem.Wrap(&err, "handoff.CorrectAddress(%s)", id)
	if email, err = support.CheckEmail(email); err != nil {
		return err
	}
	return s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.LockTicket(ctx, id)
		if err != nil {
			return err
		}
		if !t.Held() {
			return problem.New(problem.Conflict, "problem.address_proven")
		}
		now := s.c.Now()
		to, _, err := tx.CountMails(ctx, support.MailConfirmation, email, now.Add(-time.Hour))
		if err != nil {
			return err
		}
		if to >= support.MaxConfirm {
			return &problem.Error{Kind: problem.TooMany, Key: "problem.too_many_mails", RetryAfter: time.Hour}
		}
		t.Email, t.UpdatedAt = email, now
		if err := tx.UpdateTicket(ctx, t); err != nil {
			return err
		}
		return s.promiseConfirmation(ctx, tx, t, now)
	})
}

// ExpireHeld makes spam of tickets that were held for 48 hours. It returns how many.
func (s *Service) ExpireHeld(ctx context.Context) (n int, err error) {
	defer problem.Wrap(&err, "handoff.ExpireHeld")
	now := s.c.Now()
	ids, err := s.c.Store.HeldTooLong(ctx, now.Add(-support.HeldUntilSpam))
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		err := s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
			t, err := tx.LockTicket(ctx, id)
			if err != nil || !t.Held() || t.Status == support.StatusSpam {
				return err
			}
			d := support.StatusData{From: t.Status, To: support.StatusSpam, Owner: support.OwnerClosed}
			if t, err = t.Change(support.StatusSpam, now, s.hours(t)); err != nil {
				return err
			}
			if err := s.own(ctx, tx, t, d, now); err != nil {
				return err
			}
			return tx.UpdateTicket(ctx, t)
		})
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
