package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// MemberEntries reads what the member may see of a conversation; see assistant.Threads.
func (db *DB) MemberEntries(ctx context.Context, id support.ConversationID, after int64) ([]support.Entry, error) {
	return db.entriesOf(ctx, id, after, false)
}

var (
	// An answer is found by each of the messages that it answers.
	answerToClientID = query("answer_to_client_id", `
		SELECT `+entryColumns+` FROM entries e LEFT JOIN agents a ON a.id = e.agent_id
		WHERE e.conversation_id = @conversation AND e.author = 'assistant'
			AND (e.client_id = @client_id OR e.data->'joined' @> to_jsonb(@client_id::text))
		ORDER BY e.seq LIMIT 1`)

	// The messages at the thread's end, after the last thing that members see and did not write. The
	// question's own is among them however old it is: its sender has just sent it again.
	waitingMessages = query("waiting_messages", `
		SELECT `+entryColumns+` FROM entries e LEFT JOIN agents a ON a.id = e.agent_id
		WHERE e.conversation_id = @conversation AND e.author = 'member' AND e.kind = 'message'
			AND (e.client_id = @client_id OR e.client_id IS NOT NULL AND e.created_at > @since AND e.data->'left' IS NULL)
			AND e.seq > COALESCE((SELECT max(x.seq) FROM entries x WHERE x.conversation_id = @conversation
				AND x.pub_seq IS NOT NULL AND (x.author <> 'member' OR x.kind <> 'message')), 0)
		ORDER BY e.seq`)

	leaveQuestion = query("leave_question", `
		UPDATE entries SET data = '{"left": true}'
		WHERE conversation_id = @conversation AND author = 'member' AND kind = 'message' AND client_id = @client_id AND data IS NULL
			AND seq = (SELECT max(x.seq) FROM entries x WHERE x.conversation_id = @conversation AND x.pub_seq IS NOT NULL)`)

	comeBack = query("come_back", `
		UPDATE entries SET data = NULL
		WHERE conversation_id = @conversation AND author = 'member' AND kind = 'message' AND client_id = @client_id AND data->'left' IS NOT NULL`)
)

// AppendQuestion adds a member's question to a conversation that the assistant owns; see
// assistant.Threads.
func (db *DB) AppendQuestion(ctx context.Context, id support.ConversationID, clientID, text string, now, since time.Time) (a assistant.Asked, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err != nil {
			return err
		}
		if a.Given, err = findAnswerTo(ctx, tx, id, clientID); err != nil {
			return err
		}
		if c.Owner != support.OwnerAssistant && a.Given.Seq == 0 {
			return takenBy(c)
		}
		if _, err = appendTo(ctx, tx, id, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember,
			Channel: support.ChannelWeb, ClientID: clientID, Body: text, CreatedAt: now}); err != nil || a.Given.Seq > 0 || clientID == "" {
			a.Epoch = c.Epoch
			return err
		}
		if _, err := comeBack.exec(ctx, tx, args{"conversation": id, "client_id": clientID}); err != nil {
			return err
		}
		a, err = askedOf(ctx, tx, c, clientID, since)
		return err
	})
	return a, err
}

// Asked reads how a question stands; see assistant.Threads.
func (db *DB) Asked(ctx context.Context, id support.ConversationID, clientID string, since time.Time) (a assistant.Asked, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err == nil {
			a, err = askedOf(ctx, tx, c, clientID, since)
		}
		return err
	})
	return a, err
}

// askedOf reads how a question stands in a conversation that is locked.
func askedOf(ctx context.Context, r runner, c support.Conversation, clientID string, since time.Time) (a assistant.Asked, err error) {
	a.Epoch, a.Since = c.Epoch, since
	if a.Given, err = findAnswerTo(ctx, r, c.ID, clientID); err != nil || a.Given.Seq > 0 {
		return a, err
	}
	if c.Owner != support.OwnerAssistant {
		return a, takenBy(c)
	}
	if clientID == "" {
		return a, nil
	}
	a.Waiting, err = list(ctx, r, waitingMessages, args{"conversation": c.ID, "client_id": clientID, "since": since}, scanEntry)
	if !slices.ContainsFunc(a.Waiting, func(e support.Entry) bool { return e.ClientID == clientID }) {
		a.Waiting = nil // something came after it: it is answered by itself
	}
	return a, err
}

// findAnswerTo reads the answer to the message with the client id; its Seq is zero if there is none.
func findAnswerTo(ctx context.Context, r runner, id support.ConversationID, clientID string) (support.Entry, error) {
	if clientID == "" {
		return support.Entry{}, nil
	}
	e, err := one(ctx, r, answerToClientID, args{"conversation": id, "client_id": clientID}, scanEntry)
	if problem.Is(err, problem.NotFound) {
		return support.Entry{}, nil
	}
	return e, err
}

// AppendAnswer adds an answer to a conversation that is still as it was asked; see assistant.Threads.
func (db *DB) AppendAnswer(ctx context.Context, id support.ConversationID, asked assistant.Asked, e support.Entry) (given support.Entry, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err != nil {
			return err
		}
		if given, err = findAnswerTo(ctx, tx, id, e.ClientID); err != nil || given.Seq > 0 {
			return err
		}
		if c.Epoch != asked.Epoch || c.Owner != support.OwnerAssistant {
			return takenBy(c)
		}
		now, err := askedOf(ctx, tx, c, e.ClientID, asked.Since)
		if err != nil {
			return err
		}
		if was := asked.Waiting; len(was) > 0 && (len(now.Waiting) == 0 || now.Waiting[len(now.Waiting)-1].Seq > was[len(was)-1].Seq) {
			return nil // another message is to be answered with them
		}
		given, err = appendTo(ctx, tx, id, e)
		return err
	})
	return given, err
}

// LeaveQuestion notes that nobody waits for an answer; see assistant.Threads.
func (db *DB) LeaveQuestion(ctx context.Context, id support.ConversationID, clientID string) error {
	if err := checkID(id); err != nil || clientID == "" {
		return err
	}
	_, err := leaveQuestion.exec(ctx, db.pool, args{"conversation": id, "client_id": clientID})
	return err
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
