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

// shares reports whether a confirmation may be promised for the ticket: its address, and the site, have
// not had their share of the last hour. What came without a proof of work gets one mail an address, and
// leaves half of the site's to those who worked for theirs. A bot gets none at all, wherever it says
// that it is at home.
func (s *Service) shares(ctx context.Context, tx Tx, t support.Ticket, now time.Time) (address, site bool, err error) {
	ofAddress, ofSite := support.MaxConfirm, s.c.SiteBudget
	switch t.HeldReason {
	case support.HeldBot:
		return false, false, nil
	case support.HeldNoProof:
		ofAddress, ofSite = support.MaxConfirmNo, s.c.SiteBudget/2
	}
	to, all, err := tx.CountMails(ctx, support.MailConfirmation, t.Email, now.Add(-time.Hour))
	return to < ofAddress, all < ofSite, err
}

// promiseConfirmation promises the confirmation of a ticket, if it may: else the mail is withheld, the
// ticket stands all the same, and its page says how to go on. To a bot that page says what it says to
// everybody, so it has no mail that would be withheld.
func (s *Service) promiseConfirmation(ctx context.Context, tx Tx, t support.Ticket, may bool) error {
	if t.HeldReason == support.HeldBot {
		return nil
	}
	id := support.NewID[support.MailID]()
	m := support.Mail{ID: id, MessageID: string(id) + "@" + s.c.MailDomain, Kind: support.MailConfirmation,
		Ticket: t.ID, Recipient: t.Email, Lang: t.Lang, State: "queued"}
	if !may {
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
		if out, err = s.again(ctx, tx, t, now); err != nil {
			return err
		}
		failpoint.At(failpoint.ProveBeforeCommit)
		return nil
	})
	if err == nil {
		failpoint.At(failpoint.ProveCommitted)
	}
	return out, err
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
		t.Email, t.UpdatedAt = email, now
		if t.HeldReason == support.HeldBudget { // another address has a share of its own
			t.HeldReason = support.HeldUnproven
		}
		address, site, err := s.shares(ctx, tx, t, now)
		if err != nil {
			return err
		}
		if bot := t.HeldReason == support.HeldBot; !address && !bot {
			return &problem.Error{Kind: problem.TooMany, Key: "problem.too_many_mails", RetryAfter: time.Hour}
		} else if !site && !bot {
			t.HeldReason = support.HeldBudget
		}
		if err := tx.UpdateTicket(ctx, t); err != nil {
			return err
		}
		return s.promiseConfirmation(ctx, tx, t, address && site)
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
			return s.toSpam(ctx, tx, t)
		})
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
