package handoff

import (
	"context"

	"guichet/internal/support"
	"guichet/kb"
)

// AnnounceTicket is the job that tells a team of a new ticket.
type AnnounceTicket struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (AnnounceTicket) Kind() string { return "announce_ticket" }

// announce promises the ticket's team a mail of it, where the team wants one: in the transaction that
// brings the ticket to the team, so once. A ticket that is held reaches nobody, and is not announced.
func (s *Service) announce(ctx context.Context, tx Tx, t support.Ticket) error {
	if s.c.Teams == nil || t.Held() || t.Status.Public() == "solved" || t.Status.Public() == "closed" {
		return nil
	}
	address, notify, err := s.c.Teams.TeamAddress(ctx, t)
	if err != nil || !notify || address == "" {
		return err
	}
	lang := kb.English
	if s.c.DeskLang != nil {
		lang = s.c.DeskLang()
	}
	id := support.NewID[support.MailID]()
	if err := tx.CreateMail(ctx, support.Mail{ID: id, MessageID: string(id) + "@" + s.c.MailDomain, Kind: support.MailTeam,
		Ticket: t.ID, Recipient: address, Lang: lang, State: "queued"}); err != nil {
		return err
	}
	return tx.Enqueue(ctx, AnnounceTicket{Mail: id})
}
