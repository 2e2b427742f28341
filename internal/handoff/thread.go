package handoff

import (
	"context"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// conversation locks the one that the request belongs to, or opens one that begins with the answer
// the member came from.
func (s *Service) conversation(ctx context.Context, tx Tx, r Request, now time.Time) (support.Conversation, error) {
	if r.Conversation != "" {
		c, err := tx.LockConversation(ctx, r.Conversation)
		if err == nil && r.Answer != "" { // a form whose files came first
			err = s.carry(ctx, tx, c.ID, r.Answer)
		}
		return c, err
	}
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: r.Lang, Owner: support.OwnerAssistant, CreatedAt: now,
		Member: r.member(), Subject: r.About}
	if err := tx.CreateConversation(ctx, c); err != nil {
		return c, err
	}
	if r.Answer == "" {
		return c, nil
	}
	return c, s.carry(ctx, tx, c.ID, r.Answer)
}

// carry brings the answer that the member came from into the thread, once.
func (s *Service) carry(ctx context.Context, tx Tx, c support.ConversationID, a support.AnswerID) error {
	question, answer, err := tx.AnswerEntry(ctx, a)
	if problem.Is(err, problem.NotFound) { // past its keeping: the request stands by itself
		return nil
	}
	if err != nil {
		return err
	}
	answer.ClientID = "answer " + string(a)
	asked := support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember, Channel: support.ChannelWeb,
		ClientID: answer.ClientID, Body: question, CreatedAt: answer.CreatedAt}
	if _, err := tx.Append(ctx, c, asked); err != nil {
		return err
	}
	_, err = tx.Append(ctx, c, answer)
	return err
}

// tell adds the member's request to the thread.
func (s *Service) tell(ctx context.Context, tx Tx, c support.ConversationID, r Request) error {
	e, err := tx.Append(ctx, c, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember,
		Channel: support.ChannelWeb, ClientID: r.ClientID, Body: r.Text, CreatedAt: s.c.Now()})
	if err != nil {
		return err
	}
	return tx.Attach(ctx, c, e, r.Files)
}
