package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// MemberEntries reads what the member may see of a conversation; see assistant.Threads.
func (db *DB) MemberEntries(ctx context.Context, id support.ConversationID, after int64) ([]support.Entry, error) {
	return db.entriesOf(ctx, id, after, false)
}

// AppendQuestion adds a member's question to a conversation that the assistant owns; see
// assistant.Threads.
func (db *DB) AppendQuestion(ctx context.Context, id support.ConversationID, clientID, text string) (epoch int, given support.Entry, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err != nil {
			return err
		}
		epoch = c.Epoch
		if given, err = findByClientID(ctx, tx, id, support.AuthorAssistant, clientID); err != nil {
			return err
		}
		if c.Owner != support.OwnerAssistant && given.Seq == 0 {
			return takenBy(c)
		}
		_, err = appendTo(ctx, tx, id, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember,
			Channel: support.ChannelWeb, ClientID: clientID, Body: text})
		return err
	})
	return epoch, given, err
}

// AppendAnswer adds an answer to a conversation that is still at epoch; see assistant.Threads.
func (db *DB) AppendAnswer(ctx context.Context, id support.ConversationID, epoch int, e support.Entry) (given support.Entry, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err != nil {
			return err
		}
		if given, err = findByClientID(ctx, tx, id, support.AuthorAssistant, e.ClientID); err != nil || given.Seq > 0 {
			return err
		}
		if c.Epoch != epoch || c.Owner != support.OwnerAssistant {
			return takenBy(c)
		}
		given, err = appendTo(ctx, tx, id, e)
		return err
	})
	return given, err
}

// takenBy is the answer to a question in a conversation that is not the assistant's.
func takenBy(c support.Conversation) error {
	return problem.From(problem.Conflict, "problem.conversation_taken", errors.New("it belongs to "+string(c.Owner)))
}

// AnswerEntry returns a stored answer as an entry, with its question; see handoff.Tx.
func (d deskTx) AnswerEntry(ctx context.Context, id support.AnswerID) (question string, e support.Entry, err error) {
	if err := checkID(id); err != nil {
		return "", e, err
	}
	a, err := one(ctx, d.tx, findAnswer, args{"id": id}, value[assistant.Answer])
	if err != nil {
		return "", e, err
	}
	e, err = a.Entry()
	return a.Question, e, err
}
