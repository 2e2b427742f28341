package desk

import (
	"context"
	"encoding/json"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// Colleagues lists who may be given a ticket, for staff.
func (s *Service) Colleagues(ctx context.Context, actor support.Actor) (as []support.Agent, err error) {
	defer problem.Wrap(&err, "desk.Colleagues")
	if !actor.IsStaff() {
		return nil, problem.New(problem.Forbidden, "")
	}
	return s.c.Store.Colleagues(ctx)
}

// Assign gives a ticket to an agent, or with "" to nobody, and writes a note of it that staff alone
// see. was is who had it when the actor decided: of two who take a ticket at once, the second is told.
// Errors: Conflict where somebody else has it meanwhile, or the ticket is held; Invalid for somebody
// who does not work here.
func (s *Service) Assign(ctx context.Context, actor support.Actor, id support.TicketID, was, to support.AgentID) (err error) {
	defer problem.Wrap(&err, "desk.Assign(%s)", id)
	if !actor.IsStaff() {
		return problem.New(problem.Forbidden, "")
	}
	return s.c.Store.InDesk(ctx, func(ctx context.Context, tx Tx) error {
		t, err := s.lock(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if t.Held() {
			return problem.New(problem.Conflict, "problem.held")
		}
		if t.Assignee == to {
			return nil
		}
		from, err := name(ctx, tx, t.Assignee)
		if err != nil {
			return err
		}
		if t.Assignee != was {
			if t.Assignee == "" {
				return problem.New(problem.Conflict, "desk.assign.nobody_now")
			}
			return problem.New(problem.Conflict, "desk.assign.meanwhile").With("name", from.Name)
		}
		next, err := name(ctx, tx, to)
		if problem.Is(err, problem.NotFound) || err == nil && next.Disabled {
			return problem.InvalidField("assignee", "desk.assign.unknown")
		}
		if err != nil {
			return err
		}
		data, err := json.Marshal(support.AssignData{From: t.Assignee, To: to, FromName: from.Name, ToName: next.Name})
		if err != nil {
			return err
		}
		now := s.c.Now()
		if _, err := tx.Append(ctx, t.Conversation, support.Entry{Kind: support.EntryNote, Author: support.AuthorAgent,
			Agent: actor.Agent.ID, Channel: support.ChannelWeb, Data: data, CreatedAt: now}); err != nil {
			return err
		}
		t.Assignee, t.UpdatedAt = to, now
		if err := tx.UpdateTicket(ctx, t); err != nil || to == "" {
			return err
		}
		c, err := tx.LockConversation(ctx, t.Conversation)
		if err != nil || c.Owner != support.OwnerQueue {
			return err
		}
		return s.taken(ctx, tx, to, t, now)
	})
}

// name reads an agent, called by the address where nobody gave a name; the zero Agent for nobody.
func name(ctx context.Context, tx Tx, id support.AgentID) (support.Agent, error) {
	if id == "" {
		return support.Agent{}, nil
	}
	a, err := tx.FindAgent(ctx, id)
	if a.Name == "" {
		a.Name = a.Email
	}
	return a, err
}
