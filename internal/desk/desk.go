// Package desk is what agents and members do to tickets once they exist: read the thread, reply,
// change the status.
package desk

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Thread is a ticket with what its reader may see of the conversation, oldest first.
type Thread struct {
	Ticket  support.Ticket
	Entries []support.Entry
	// Withheld says that the confirmation could not be sent: the address has had its share.
	Withheld bool
	Ratings  []Rating      // of the assistant's answers in it; for staff
	Owner    support.Owner // of the conversation
}

// Rating is what somebody said of an answer in a thread.
type Rating struct {
	Answer  support.AnswerID
	Helpful bool
	Reasons []string
	Comment string
}

// Filter selects tickets for the list.
type Filter struct {
	View  string           // one of Views; "" for the first
	Agent support.AgentID  // whose "mine" are
	Teams []support.TeamID // whose tickets; none means all
	Limit int              // zero means 50, at most 200
	After support.TicketID // the last one of the page before; "" for the first page
}

// Views are the lists that agents can look at.
var Views = []string{"open", "mine", "unassigned", "held", "solved", "all"}

// MaxCount is how far the tickets of a view are counted: it stands for that many and more. Nobody works
// through ten thousand, and to count a hundred thousand takes longer than to list them.
const MaxCount = 10_000

// Tx is what one reply or status change does to the tables.
type Tx interface {
	LockTicket(ctx context.Context, id support.TicketID) (support.Ticket, error)
	FindConversationTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error)
	UpdateTicket(ctx context.Context, t support.Ticket) error
	LockConversation(ctx context.Context, c support.ConversationID) (support.Conversation, error)
	// MoveConversation is handoff.Tx.MoveConversation: locked, with a higher epoch, and seen by the member.
	MoveConversation(ctx context.Context, c support.ConversationID, to support.Owner, e support.Entry) (support.Entry, error)
	// Said reports whether an author has sent an entry under the client id.
	Said(ctx context.Context, c support.ConversationID, by support.Author, clientID string) (bool, error)
	// Append is handoff.Tx.Append: numbered under the lock, once a client id.
	Append(ctx context.Context, c support.ConversationID, e support.Entry) (support.Entry, error)
	// FindAgent reads a person who works here; NotFound.
	FindAgent(ctx context.Context, id support.AgentID) (support.Agent, error)
	// Attach is handoff.Tx.Attach: files go with the entry.
	Attach(ctx context.Context, c support.ConversationID, e support.Entry, files []support.AttachmentID) error
	// CreateReplyMail keeps a promised mail. A reply or a status that announces an entry is promised
	// once: created is false for the second time.
	CreateReplyMail(ctx context.Context, m support.Mail) (created bool, err error)
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	Enqueue(ctx context.Context, job interface{ Kind() string }) error
}

// Store reads threads and runs transactions.
type Store interface {
	InDesk(ctx context.Context, do func(context.Context, Tx) error) error
	// Tickets lists tickets: what is to be done by when it is owed, the rest newest movement first.
	// Held ones are only in the view "held".
	Tickets(ctx context.Context, f Filter) ([]support.Ticket, error)
	// CountTickets returns how many tickets of the teams each view holds, up to MaxCount; "mine" are the
	// agent's.
	CountTickets(ctx context.Context, agent support.AgentID, teams []support.TeamID) (map[string]int, error)
	// Colleagues lists the agents who are not disabled, by name.
	Colleagues(ctx context.Context) ([]support.Agent, error)
	// SolvedTooLong returns at most so many tickets that were solved before, the longest first.
	SolvedTooLong(ctx context.Context, before time.Time, limit int) ([]support.TicketID, error)
	// Thread reads a ticket and its entries; staff sees all, others those with a PubSeq.
	Thread(ctx context.Context, id support.TicketID, staff bool) (Thread, error)
	// FindLinkedTicket returns the ticket that a link token opens. NotFound; Gone if expired.
	FindLinkedTicket(ctx context.Context, link support.Token, now time.Time) (support.TicketID, error)
	// FindConversationTicket returns the ticket that stands on a conversation: the open one, or else
	// the last. NotFound if it never had one.
	FindConversationTicket(ctx context.Context, c support.ConversationID) (support.Ticket, error)
	// SaveToken keeps a token's hash; one that is kept already stays as it is.
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	FindMail(ctx context.Context, id support.MailID) (support.Mail, support.Ticket, error)
	// FindEntry reads one entry of a conversation.
	FindEntry(ctx context.Context, c support.ConversationID, seq int64) (support.Entry, error)
	MarkMail(ctx context.Context, id support.MailID, state, cause string) error
	SpaceStore
}

// Mailer and Links are as in handoff.
type (
	Mailer interface {
		Send(ctx context.Context, l support.Letter) error
	}
	Links interface {
		Ticket(lang kb.Lang, link, proof support.Token) string
	}
)

// SendReply is the job that tells a member of an agent's reply.
type SendReply struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (SendReply) Kind() string { return "send_reply" }

// Routing says which hours promises are counted in, and which teams an agent works in.
type Routing interface {
	Hours(t support.TeamID, c support.Channel) support.Calendar
	Skills(id support.AgentID) support.Skills
}

// Config of a Service.
type Config struct {
	Store      Store
	Mailer     Mailer
	Links      Links
	MailDomain string
	Zone       *time.Location
	Routing    Routing
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
}

// Service is the desk.
type Service struct{ c Config }

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c}
}

// Tickets lists tickets for staff, with the count of each view, up to MaxCount.
func (s *Service) Tickets(ctx context.Context, actor support.Actor, f Filter) (ts []support.Ticket, counts map[string]int, err error) {
	defer problem.Wrap(&err, "desk.Tickets(%s)", f.View)
	if !actor.IsStaff() {
		return nil, nil, problem.New(problem.Forbidden, "")
	}
	if f.View == "" {
		f.View = "open"
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	f.Agent, f.Teams = actor.Agent.ID, s.teams(actor)
	if ts, err = s.c.Store.Tickets(ctx, f); err != nil {
		return nil, nil, err
	}
	counts, err = s.c.Store.CountTickets(ctx, f.Agent, f.Teams)
	return ts, counts, err
}

// Thread reads a ticket for staff.
func (s *Service) Thread(ctx context.Context, actor support.Actor, id support.TicketID) (t Thread, err error) {
	defer problem.Wrap(&err, "desk.Thread(%s)", id)
	if !actor.IsStaff() {
		return t, problem.New(problem.Forbidden, "")
	}
	if t, err = s.c.Store.Thread(ctx, id, true); err == nil {
		err = s.sees(actor, t.Ticket)
	}
	if err != nil {
		return Thread{}, err
	}
	return t, nil
}

// MemberThread reads the ticket that a link opens, as its member sees it.
func (s *Service) MemberThread(ctx context.Context, link support.Token) (t Thread, err error) {
	defer problem.Wrap(&err, "desk.MemberThread")
	id, err := s.c.Store.FindLinkedTicket(ctx, link, s.c.Now())
	if err != nil {
		return t, err
	}
	return s.c.Store.Thread(ctx, id, false)
}

// Reply adds an agent's public reply, moves the ticket to the status to ("" means waiting_member)
// and promises the member a mail of it, all in one transaction. The same client id again changes
// nothing; with another text it is a Conflict. A note (internal) tells nobody and moves nothing.
func (s *Service) Reply(ctx context.Context, actor support.Actor, id support.TicketID, clientID, text string, to support.Status, note bool, files ...support.AttachmentID) (err error) {
	defer problem.Wrap(&err, "desk.Reply(%s)", id)
	if !actor.IsStaff() {
		return problem.New(problem.Forbidden, "")
	}
	if text, err = support.CheckText("text", text, support.MaxRequest); err != nil {
		return err
	}
	if to == "" {
		to = support.StatusWaitingMember
	}
	err = s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.lock(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if t.Held() && !note {
			return problem.New(problem.Conflict, "problem.held")
		}
		now := s.c.Now()
		e := support.Entry{Kind: support.EntryMessage, Author: support.AuthorAgent, Agent: actor.Agent.ID,
			Channel: support.ChannelEmail, ClientID: clientID, Body: text, CreatedAt: now}
		if note {
			e.Kind, e.Channel = support.EntryNote, support.ChannelWeb
		} else if said, err := tx.Said(ctx, t.Conversation, e.Author, clientID); err != nil {
			return err
		} else if !said {
			if err := s.taken(ctx, tx, actor.Agent.ID, t, now); err != nil {
				return err
			}
		}
		if e, err = tx.Append(ctx, t.Conversation, e); err != nil {
			return err
		}
		if err := tx.Attach(ctx, t.Conversation, e, files); err != nil || note {
			return err
		}
		mail := support.NewID[support.MailID]()
		created, err := tx.CreateReplyMail(ctx, support.Mail{ID: mail, MessageID: string(mail) + "@" + s.c.MailDomain,
			Kind: support.MailReply, Ticket: t.ID, EntrySeq: e.Seq, Recipient: t.Email, Lang: t.Lang, State: "queued"})
		if err != nil || !created { // the same reply again: it was promised the first time
			return err
		}
		t = t.On(t.SLA.Answered(now, s.hours(t)))
		if err := tx.UpdateTicket(ctx, t); err != nil {
			return err
		}
		if _, err := s.change(ctx, tx, t, to); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, SendReply{Mail: mail}); err != nil {
			return err
		}
		failpoint.At(failpoint.ReplyBeforeCommit)
		return nil
	})
	if err == nil {
		failpoint.At(failpoint.ReplyCommitted)
	}
	return err
}

// MemberReply adds what a member wrote on the ticket's page. A ticket that waited for it, or was
// solved within 14 days, is open again; a closed one takes no reply (Conflict). files are those of the
// conversation that go with it.
func (s *Service) MemberReply(ctx context.Context, link support.Token, clientID, text string, files ...support.AttachmentID) (err error) {
	defer problem.Wrap(&err, "desk.MemberReply")
	if text, err = support.CheckText("text", text, support.MaxRequest); err != nil {
		return err
	}
	id, err := s.c.Store.FindLinkedTicket(ctx, link, s.c.Now())
	if err != nil {
		return err
	}
	return s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.LockTicket(ctx, id)
		if err != nil {
			return err
		}
		_, err = s.hear(ctx, tx, t, clientID, text, files)
		return err
	})
}

// MemberMessage is MemberReply for who holds the conversation, to the ticket that stands on it; it
// returns the entry. Conflict where there is none yet.
func (s *Service) MemberMessage(ctx context.Context, c support.ConversationID, clientID, text string, files ...support.AttachmentID) (e support.Entry, err error) {
	defer problem.Wrap(&err, "desk.MemberMessage(%s)", c)
	if text, err = support.CheckText("text", text, support.MaxRequest); err != nil {
		return e, err
	}
	if clientID == "" {
		return e, problem.InvalidField("client_id", "problem.client_id")
	}
	err = s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.FindConversationTicket(ctx, c)
		if problem.Is(err, problem.NotFound) {
			return problem.From(problem.Conflict, "problem.no_request", err)
		}
		if err == nil {
			t, err = tx.LockTicket(ctx, t.ID)
		}
		if err == nil {
			e, err = s.hear(ctx, tx, t, clientID, text, files)
		}
		return err
	})
	return e, err
}

// hear adds what a member wrote to a locked ticket. What was heard before moves nothing again.
func (s *Service) hear(ctx context.Context, tx Tx, t support.Ticket, clientID, text string, files []support.AttachmentID) (support.Entry, error) {
	if err := support.CheckClientID(clientID); err != nil {
		return support.Entry{}, err
	}
	if t.Status.Public() == "closed" {
		return support.Entry{}, problem.New(problem.Conflict, "problem.ticket_closed")
	}
	now := s.c.Now().Truncate(time.Microsecond) // as it is kept
	e, err := tx.Append(ctx, t.Conversation, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember,
		Channel: support.ChannelWeb, ClientID: clientID, Body: text, CreatedAt: now})
	if err == nil {
		err = tx.Attach(ctx, t.Conversation, e, files)
	}
	if err != nil || !e.CreatedAt.Equal(now) {
		return e, err
	}
	switch t.Status {
	case support.StatusWaitingMember, support.StatusSolved:
		_, err := s.change(ctx, tx, t, support.StatusOpen)
		return e, err
	}
	t.UpdatedAt = now
	return e, tx.UpdateTicket(ctx, t)
}

// ConversationTicket returns the ticket that stands on a conversation, for who holds the
// conversation's token, and the token of its page's link: the same each time, so that looking often
// leaves no trail of links. NotFound if there is no ticket yet.
func (s *Service) ConversationTicket(ctx context.Context, c support.ConversationID, holder support.Token) (t support.Ticket, link support.Token, err error) {
	defer problem.Wrap(&err, "desk.ConversationTicket(%s)", c)
	if t, err = s.c.Store.FindConversationTicket(ctx, c); err != nil {
		return t, "", err
	}
	link, err = s.LinkFor(ctx, t.ID, holder)
	return t, link, err
}

// LinkFor is the token of a ticket's page, for the holder of a token who may see it: the same each time.
// For who has none it is a random one.
func (s *Service) LinkFor(ctx context.Context, id support.TicketID, holder support.Token) (support.Token, error) {
	if holder == "" {
		holder = support.NewToken() // what is derived from nothing everybody could derive
	}
	link := holder.Derive(string(support.PurposeTicketLink) + " " + string(id))
	return link, s.c.Store.SaveToken(ctx, support.PurposeTicketLink, link, string(id), "", s.c.Now().Add(support.TicketLinkTTL))
}

// MemberSolved lets a member mark the request as solved.
func (s *Service) MemberSolved(ctx context.Context, link support.Token) (err error) {
	defer problem.Wrap(&err, "desk.MemberSolved")
	id, err := s.c.Store.FindLinkedTicket(ctx, link, s.c.Now())
	if err != nil {
		return err
	}
	return s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := tx.LockTicket(ctx, id)
		if err != nil {
			return err
		}
		_, err = s.change(ctx, tx, t, support.StatusSolved)
		return err
	})
}

// Deliver sends the mail that a reply or a change of status promised; see handoff.Deliver on running
// twice.
func (s *Service) Deliver(ctx context.Context, id support.MailID) (err error) {
	defer problem.Wrap(&err, "desk.Deliver(%s)", id)
	m, t, err := s.c.Store.FindMail(ctx, id)
	if err != nil || m.State != "queued" {
		return err
	}
	e, err := s.c.Store.FindEntry(ctx, t.Conversation, m.EntrySeq)
	if err != nil {
		return err
	}
	link := support.NewToken()
	if err := s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		return tx.SaveToken(ctx, support.PurposeTicketLink, link, string(t.ID), "", s.c.Now().Add(support.TicketLinkTTL))
	}); err != nil {
		return err
	}
	failpoint.At(failpoint.MailBeforeSend)
	letter := support.Letter{Kind: m.Kind, MessageID: m.MessageID, To: m.Recipient, Lang: m.Lang,
		Ref: t.Ref, Link: s.c.Links.Ticket(t.Lang, link, ""), Zone: s.c.Zone, Reply: e.Body, AgentName: e.AgentName}
	if m.Kind == support.MailStatus {
		var d support.StatusData
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return err
		}
		letter.Status = d.To.Public()
	}
	err = s.c.Mailer.Send(ctx, letter)
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
