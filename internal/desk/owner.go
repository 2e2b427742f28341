package desk

import (
	"context"
	"encoding/json"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// teams are those whose tickets an actor sees; none means all, which admins do.
func (s *Service) teams(actor support.Actor) []support.TeamID {
	if actor.IsAdmin() {
		return nil
	}
	return s.c.Routing.Skills(actor.Agent.ID).Teams
}

// sees returns NotFound where a ticket is another team's: whether there is one is not for who does not
// work on it.
func (s *Service) sees(actor support.Actor, t support.Ticket) error {
	if actor.IsAdmin() || t.Assignee != "" && t.Assignee == actor.Agent.ID || s.c.Routing.Skills(actor.Agent.ID).In(t.Team) {
		return nil
	}
	return problem.New(problem.NotFound, "")
}

// Sees returns NotFound where an actor who works here does not see a ticket: it is another team's.
func (s *Service) Sees(ctx context.Context, actor support.Actor, id support.TicketID) error {
	_, err := s.Thread(ctx, actor, id)
	return err
}

// lock locks a ticket that an actor sees.
func (s *Service) lock(ctx context.Context, tx Tx, actor support.Actor, id support.TicketID) (support.Ticket, error) {
	t, err := tx.LockTicket(ctx, id)
	if err == nil {
		err = s.sees(actor, t)
	}
	return t, err
}

// hours are those in which a ticket's promises are counted.
func (s *Service) hours(t support.Ticket) support.Calendar {
	return s.c.Routing.Hours(t.Team, support.ChannelEmail)
}

// append writes a status entry into a thread; one that names an owner gives the conversation to them.
func (s *Service) append(ctx context.Context, tx Tx, c support.ConversationID, d support.StatusData, e support.Entry) (_ support.Entry, err error) {
	e.Kind, e.Author, e.Channel = support.EntryStatus, support.AuthorSystem, support.ChannelWeb
	if e.Data, err = json.Marshal(d); err != nil {
		return e, err
	}
	if d.Owner == "" {
		return tx.Append(ctx, c, e)
	}
	return tx.MoveConversation(ctx, c, d.Owner, e)
}

// taken gives the conversation of a locked ticket to an agent, and says so to the member; nothing where
// an agent has it already.
func (s *Service) taken(ctx context.Context, tx Tx, by support.AgentID, t support.Ticket, now time.Time) error {
	_, err := s.append(ctx, tx, t.Conversation, support.StatusData{Owner: support.OwnerHuman, Reason: support.ReasonTaken},
		support.Entry{Agent: by, CreatedAt: now})
	return err
}

// HandBack gives the conversation of a ticket back to the assistant and solves the ticket, which the
// member is told by mail. agreed is what was agreed with them, "" for nothing: it stands in the
// thread. Errors: Conflict where no agent has the conversation, or the ticket may not be solved.
func (s *Service) HandBack(ctx context.Context, actor support.Actor, id support.TicketID, agreed string) (err error) {
	defer problem.Wrap(&err, "desk.HandBack(%s)", id)
	if !actor.IsStaff() {
		return problem.New(problem.Forbidden, "")
	}
	if agreed != "" {
		if agreed, err = support.CheckText("agreed", agreed, support.MaxRequest); err != nil {
			return err
		}
	}
	return s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.lock(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		c, err := tx.LockConversation(ctx, t.Conversation)
		if err != nil {
			return err
		}
		if c.Owner == support.OwnerAssistant {
			return nil // pressed twice
		}
		if c.Owner != support.OwnerHuman {
			return problem.New(problem.Conflict, "desk.hand_back.nobody")
		}
		now := s.c.Now()
		if _, err := s.append(ctx, tx, t.Conversation, support.StatusData{Owner: support.OwnerAssistant, Reason: support.ReasonHandedBack},
			support.Entry{Agent: actor.Agent.ID, Body: agreed, CreatedAt: now}); err != nil {
			return err
		}
		e, err := s.change(ctx, tx, t, support.StatusSolved)
		if err != nil || !tells(t, support.StatusSolved) {
			return err
		}
		return s.promiseStatus(ctx, tx, t, e)
	})
}
