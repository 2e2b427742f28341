package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// AppendQuestion adds a member's question to a conversation that the assistant owns; see
// assistant.Threads.
func (db *DB) AppendQuestion(ctx context.Context, id support.ConversationID, clientID, text string) (epoch int, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, id)
		if err != nil {
			return err
		}
		if c.Owner != support.OwnerAssistant {
			return problem.From(problem.Conflict, "problem.conversation_taken", errors.New("it belongs to "+string(c.Owner)))
		}
		epoch = c.Epoch
		_, err = appendTo(ctx, tx, id, support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember,
			Channel: support.ChannelWeb, ClientID: clientID, Body: text})
		return err
	})
	return epoch, err
}

// AppendAnswer adds an answer to a conversation that is still at epoch; see assistant.Threads.
func (db *DB) AppendAnswer(ctx context.Context, id support.ConversationID, epoch int, a assistant.Answer) (kept bool, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		kept = false
		c, err := lockConversation(ctx, tx, id)
		if err != nil || c.Epoch != epoch || c.Owner != support.OwnerAssistant {
			return err
		}
		e, err := entryOf(a)
		if err != nil {
			return err
		}
		kept = true
		_, err = appendTo(ctx, tx, id, e)
		return err
	})
	return kept && err == nil, err
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
	e, err = entryOf(a)
	return a.Question, e, err
}

// entryOf is an answer as it stands in a thread: its text, and what was cited, so that an agent sees
// what the member was told and from where.
func entryOf(a assistant.Answer) (support.Entry, error) {
	data := support.AnswerData{Answer: a.ID, Outcome: string(a.Outcome)}
	for _, c := range a.Citations {
		data.Citations = append(data.Citations, support.CitedRef{N: c.N, Article: c.Article.ID, Title: c.Article.Title,
			Heading: c.Heading, Quote: c.Quote, Path: citedPath(c)})
	}
	raw, err := json.Marshal(data)
	return support.Entry{Kind: support.EntryAnswer, Author: support.AuthorAssistant, Channel: support.ChannelWeb,
		Body: a.Text(), Data: raw, CreatedAt: a.CreatedAt}, err
}

// citedPath is the page of a citation: its article at the passage, with the quote marked.
func citedPath(c assistant.Citation) string {
	p := "/" + string(c.Article.Lang) + "/articles/" + url.PathEscape(c.Article.Slug) +
		"?cite=" + string(c.Passage) + "." + kb.HashText(c.Quote).String()
	if c.Anchor != "" {
		p += "#" + url.PathEscape(c.Anchor)
	}
	return p
}
