package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/support"
)

var createConversation = query("create_conversation", `
	INSERT INTO conversations (id, lang, site, owner, epoch, created_at, member_id, subject_type, subject_id)
	VALUES (@id, @lang, @site, @owner, @epoch, @created_at, NULLIF(@member::text, '')::uuid, @subject_type, @subject_id)`)

func insertConversation(ctx context.Context, r runner, c support.Conversation) error {
	_, err := createConversation.exec(ctx, r, args{"id": c.ID, "lang": c.Lang, "site": c.Site, "owner": c.Owner,
		"epoch": c.Epoch, "created_at": c.CreatedAt, "member": string(c.Member), "subject_type": c.Subject.Type, "subject_id": c.Subject.ID})
	return err
}

func (d deskTx) CreateConversation(ctx context.Context, c support.Conversation) error {
	return insertConversation(ctx, d.tx, c)
}

const conversationColumns = `c.id, c.lang, c.site, c.owner, c.epoch, c.created_at, COALESCE(c.member_id::text, ''), c.subject_type, c.subject_id`

var lockConversationRow = query("lock_conversation", `
	SELECT `+conversationColumns+` FROM conversations c WHERE c.id = @id FOR UPDATE`)

func lockConversation(ctx context.Context, r runner, id support.ConversationID) (support.Conversation, error) {
	if err := checkID(id); err != nil {
		return support.Conversation{}, err
	}
	return one(ctx, r, lockConversationRow, args{"id": id}, scanConversation)
}

func scanConversation(row pgx.CollectableRow) (c support.Conversation, err error) {
	return c, row.Scan(&c.ID, &c.Lang, &c.Site, &c.Owner, &c.Epoch, &c.CreatedAt, &c.Member, &c.Subject.Type, &c.Subject.ID)
}

func (d deskTx) LockConversation(ctx context.Context, id support.ConversationID) (support.Conversation, error) {
	return lockConversation(ctx, d.tx, id)
}

// A second reply of the same agent changes nobody's turn.
var moveConversation = query("move_conversation", `
	UPDATE conversations SET owner = @owner, epoch = epoch + 1 WHERE id = @id AND owner <> @owner`)

// MoveConversation is the one place where a conversation changes its owner; see handoff.Tx.
func (d deskTx) MoveConversation(ctx context.Context, id support.ConversationID, to support.Owner, e support.Entry) (support.Entry, error) {
	e.Seq = 0
	if _, err := lockConversation(ctx, d.tx, id); err != nil {
		return e, err
	}
	n, err := moveConversation.exec(ctx, d.tx, args{"id": id, "owner": to})
	if err != nil || n == 0 {
		return e, err
	}
	return appendTo(ctx, d.tx, id, e)
}

// Said reports whether an author has sent an entry under the client id; see desk.Tx.
func (d deskTx) Said(ctx context.Context, id support.ConversationID, by support.Author, clientID string) (bool, error) {
	e, err := findByClientID(ctx, d.tx, id, by, clientID)
	return e.Seq > 0, err
}

// The numbers are taken and the entry is written in one statement; the row lock that the UPDATE
// takes is held until the transaction ends, so numbers become visible in their order.
var appendEntry = query("append_entry", `
	WITH next AS (
		UPDATE conversations SET seq = seq + 1, pub_seq = pub_seq + (@public::boolean)::int
		WHERE id = @conversation
		RETURNING id, seq, CASE WHEN @public::boolean THEN pub_seq END AS pub_seq
	)
	INSERT INTO entries (conversation_id, seq, pub_seq, kind, author, agent_id, channel, client_id, body, data, created_at)
	SELECT id, seq, pub_seq, @kind, @author, NULLIF(@agent, '')::uuid, @channel, NULLIF(@client_id, ''), @body, @data::jsonb,
		COALESCE(@created_at, now())
	FROM next
	RETURNING seq, COALESCE(pub_seq, 0), created_at`)

const entryColumns = `e.seq, COALESCE(e.pub_seq, 0), e.kind, e.author, COALESCE(e.agent_id::text, ''), COALESCE(a.name, ''),
	e.channel, COALESCE(e.client_id, ''), e.body, e.data, e.created_at`

func scanEntry(row pgx.CollectableRow) (e support.Entry, err error) {
	return e, row.Scan(&e.Seq, &e.PubSeq, &e.Kind, &e.Author, &e.Agent, &e.AgentName,
		&e.Channel, &e.ClientID, &e.Body, &e.Data, &e.CreatedAt)
}

var entryByClientID = query("entry_by_client_id", `
	SELECT `+entryColumns+` FROM entries e LEFT JOIN agents a ON a.id = e.agent_id
	WHERE e.conversation_id = @conversation AND e.author = @author AND e.client_id = @client_id`)

// findByClientID reads the entry that an author sent under the client id; its Seq is zero if there is
// none.
func findByClientID(ctx context.Context, r runner, c support.ConversationID, author support.Author, clientID string) (support.Entry, error) {
	if clientID == "" {
		return support.Entry{}, nil
	}
	e, err := one(ctx, r, entryByClientID, args{"conversation": c, "author": author, "client_id": clientID}, scanEntry)
	if problem.Is(err, problem.NotFound) {
		return support.Entry{}, nil
	}
	return e, err
}

// appendTo adds an entry under the conversation's lock; see handoff.Tx.Append. Another kind is
// another entry too: the text of a note that came back as a reply would be shown to the member.
func appendTo(ctx context.Context, r runner, c support.ConversationID, e support.Entry) (support.Entry, error) {
	if err := checkID(c); err != nil {
		return e, err
	}
	if e.ClientID != "" {
		if _, err := lockConversation(ctx, r, c); err != nil {
			return e, err
		}
		there, err := findByClientID(ctx, r, c, e.Author, e.ClientID)
		switch {
		case err != nil:
			return e, err
		case there.Seq > 0 && there.Body == e.Body && there.Kind == e.Kind:
			return there, nil
		case there.Seq > 0:
			return e, problem.From(problem.Conflict, "problem.client_id_taken", fmt.Errorf("entry %d of conversation %s has the client id", there.Seq, c))
		}
	}
	numbered, err := one(ctx, r, appendEntry, args{"conversation": c, "public": e.Kind != support.EntryNote,
		"kind": e.Kind, "author": e.Author, "agent": e.Agent, "channel": e.Channel, "client_id": e.ClientID,
		"body": e.Body, "data": e.Data, "created_at": orNull(e.CreatedAt)},
		func(row pgx.CollectableRow) (support.Entry, error) {
			out := e
			return out, row.Scan(&out.Seq, &out.PubSeq, &out.CreatedAt)
		})
	return numbered, err
}

func (d deskTx) Append(ctx context.Context, c support.ConversationID, e support.Entry) (support.Entry, error) {
	return appendTo(ctx, d.tx, c, e)
}

var findEntry = query("find_entry", `
	SELECT `+entryColumns+` FROM entries e LEFT JOIN agents a ON a.id = e.agent_id
	WHERE e.conversation_id = @conversation AND e.seq = @seq`)

// FindEntry reads one entry; NotFound if there is none.
func (db *DB) FindEntry(ctx context.Context, c support.ConversationID, seq int64) (support.Entry, error) {
	if err := checkID(c); err != nil {
		return support.Entry{}, err
	}
	return one(ctx, db.pool, findEntry, args{"conversation": c, "seq": seq}, scanEntry)
}

var listEntries = query("list_entries", `
	SELECT `+entryColumns+` FROM entries e LEFT JOIN agents a ON a.id = e.agent_id
	WHERE e.conversation_id = @conversation
		AND CASE WHEN @staff THEN e.seq > @after ELSE e.pub_seq IS NOT NULL AND e.pub_seq > @after END
	ORDER BY e.seq`)

// entriesOf reads a thread from the entry after the one with the reader's number. To members an entry is numbered by what they see: a gap would tell them
// of a note.
func (db *DB) entriesOf(ctx context.Context, c support.ConversationID, after int64, staff bool) ([]support.Entry, error) {
	entries, err := list(ctx, db.pool, listEntries, args{"conversation": c, "after": after, "staff": staff}, scanEntry)
	if err == nil {
		err = db.withFiles(ctx, c, entries)
	}
	if !staff {
		for i := range entries {
			entries[i].Seq = entries[i].PubSeq
		}
	}
	return entries, err
}

var conversationByToken = query("conversation_by_token", `
	SELECT `+conversationColumns+`
	FROM tokens t JOIN conversations c ON c.id::text = t.subject
	WHERE t.hash = @hash AND t.purpose = 'conversation' AND c.id = @id AND t.revoked_at IS NULL AND t.expires_at > @now
		AND NOT EXISTS (SELECT FROM members m JOIN identity_enforced e ON e.site = m.site WHERE m.id = c.member_id)`)

// FindConversationByToken returns the conversation that a token opens; see assistant.Threads.
func (db *DB) FindConversationByToken(ctx context.Context, id support.ConversationID, t support.Token) (c support.Conversation, err error) {
	if err = checkID(id); err == nil {
		c, err = one(ctx, db.pool, conversationByToken, args{"hash": t.Hash(), "id": id, "now": time.Now()}, scanConversation)
	}
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "problem.conversation_token", err)
	}
	return c, err
}

// OpenConversation stores a new conversation and the token that opens it.
func (db *DB) OpenConversation(ctx context.Context, c support.Conversation, t support.Token) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := insertConversation(ctx, tx, c); err != nil {
			return err
		}
		return insertToken(ctx, tx, support.PurposeConversation, t, string(c.ID), "", c.CreatedAt.Add(support.ConversationTTL))
	})
}

var memberConversation = query("member_conversation", `SELECT `+conversationColumns+` FROM conversations c WHERE c.id = @id AND c.member_id = @member`)

// FindMemberConversation returns a conversation of a member's; see assistant.Threads.
func (db *DB) FindMemberConversation(ctx context.Context, id support.ConversationID, m support.MemberID) (c support.Conversation, err error) {
	if err = checkID(id); err == nil {
		c, err = one(ctx, db.pool, memberConversation, args{"id": id, "member": m}, scanConversation)
	}
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "problem.conversation_token", err)
	}
	return c, err
}

var aboutSubject = query("about_subject", `UPDATE conversations SET subject_type = @type, subject_id = @id WHERE id = @conversation`)

// SetSubject notes what a conversation is about; see assistant.Threads.
func (db *DB) SetSubject(ctx context.Context, id support.ConversationID, s support.Subject) error {
	if err := checkID(id); err != nil {
		return err
	}
	_, err := aboutSubject.exec(ctx, db.pool, args{"conversation": id, "type": s.Type, "id": s.ID})
	return err
}
