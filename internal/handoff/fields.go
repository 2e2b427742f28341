package handoff

import (
	"context"
	"maps"
	"strings"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// missing are the keys of fields that a ticket's category asks for and the ticket lacks.
func (s *Service) missing(t support.Ticket) (out []string) {
	c, _ := s.c.Routing.Find(support.CategoryKey(t.Category))
	return Missing(c, t.Fields)
}

// Missing are the keys of fields that a category asks for and that are not among the given.
func Missing(c support.Category, given map[string]string) (out []string) {
	for _, f := range c.Fields {
		if f.Required && given[f.Key] == "" {
			out = append(out, f.Key)
		}
	}
	return out
}

// Fill adds to the fields of the ticket that stands on a conversation, for who holds it: what is still
// missing is asked for while the member waits. A field that is given again is replaced, an empty one
// stays as it was. Errors: Invalid names every wrong field as fields.<key>; Conflict where no request
// has been made, or it is closed.
func (s *Service) Fill(ctx context.Context, c support.ConversationID, values map[string]string) (t support.Ticket, missing []string, err error) {
	defer problem.Wrap(&err, "handoff.Fill(%s)", c)
	err = s.c.Store.InHandoff(ctx, func(ctx context.Context, tx Tx) error {
		if t, err = tx.FindOpenTicket(ctx, c); problem.Is(err, problem.NotFound) {
			return problem.From(problem.Conflict, "problem.no_request", err)
		}
		if err == nil {
			t, err = tx.LockTicket(ctx, t.ID)
		}
		if err != nil {
			return err
		}
		category, _ := s.c.Routing.Find(support.CategoryKey(t.Category))
		given := map[string]string{}
		for key, v := range values {
			if strings.TrimSpace(v) != "" {
				given[key] = v
			}
		}
		now := s.c.Now()
		clean, _, err := s.c.Routing.Read(category, t.Lang, given, now)
		if err != nil {
			return err
		}
		fields := maps.Clone(t.Fields)
		if fields == nil {
			fields = map[string]string{}
		}
		maps.Copy(fields, clean)
		if maps.Equal(fields, t.Fields) {
			return nil
		}
		t.Fields, t.UpdatedAt = fields, now
		return tx.UpdateTicket(ctx, t)
	})
	return t, s.missing(t), err
}
