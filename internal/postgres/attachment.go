package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/attach"
	"guichet/internal/problem"
	"guichet/internal/support"
)

const attachmentColumns = `f.id, f.conversation_id, COALESCE(f.entry_seq, 0), f.author, f.name, f.type, f.size, f.state, f.scan,
	COALESCE(f.blob_id::text, ''), f.created_at`

func attachmentFields(a *support.Attachment) []any {
	return []any{&a.ID, &a.Conversation, &a.Entry, &a.Author, &a.Name, &a.Type, &a.Size, &a.State, &a.Scan, &a.Blob, &a.CreatedAt}
}

func scanAttachment(row pgx.CollectableRow) (a support.Attachment, err error) {
	return a, row.Scan(attachmentFields(&a)...)
}

var attachmentByClientID = query("attachment_by_client_id", `
	SELECT `+attachmentColumns+` FROM attachments f
	WHERE f.conversation_id = @conversation AND f.author = @author AND f.client_id = @client_id`)

// What is gone counts for nothing; what is only coming counts in full.
var attachmentBudget = query("attachment_budget", `
	SELECT count(*)::int, COALESCE(sum(size), 0)::bigint, count(*) FILTER (WHERE state = 'receiving')::int
	FROM attachments
	WHERE conversation_id = @conversation AND state IN ('receiving','scanning','ready') AND id <> @but`)

var attachmentOwned = query("attachment_owned", `
	SELECT COALESCE(sum(size), 0)::bigint FROM attachments
	WHERE owner = @owner AND state IN ('receiving','scanning','ready') AND id <> @but`)

// Nobody waits for this sum: conversations that begin at once may go past it by what they begin.
var attachmentUnsent = query("attachment_unsent", `
	SELECT COALESCE(sum(size), 0)::bigint FROM attachments WHERE entry_seq IS NULL`)

// Of two conversations of one member that count at once, one waits for the other.
var lockOwner = query("lock_attachment_owner", `SELECT pg_advisory_xact_lock(hashtextextended('attachments ' || @owner::text, 0))`)

var createAttachment = query("create_attachment", `
	INSERT INTO attachments (id, conversation_id, author, owner, client_id, name, type, size, state, scan, blob_id, created_at)
	VALUES (@id, @conversation, @author, @owner, @client_id, @name, @type, @size, @state, @scan, @blob, @created_at)`)

var restartAttachment = query("restart_attachment", `
	UPDATE attachments SET name = @name, type = @type, size = @size, blob_id = @blob, created_at = @created_at WHERE id = @id`)

var createBlob = query("create_blob", `INSERT INTO blobs (id) VALUES (@id)`)

var deleteBlob = query("delete_blob", `DELETE FROM blobs WHERE id = @id`)

// Begin lets a file in; see attach.Store.
func (db *DB) Begin(ctx context.Context, u attach.Upload, a support.Attachment, budget attach.Budget) (place attach.Place, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		place = attach.Place{}
		if _, err := lockConversation(ctx, tx, u.Conversation); err != nil {
			return err
		}
		mine := a
		there, err := one(ctx, tx, attachmentByClientID, args{"conversation": u.Conversation, "author": u.Author, "client_id": u.ClientID}, scanAttachment)
		switch {
		case err == nil && there.State != support.AttachmentReceiving:
			place.Attachment = there
			return nil
		case err == nil:
			mine.ID = there.ID
		case !problem.Is(err, problem.NotFound):
			return err
		}
		again := err == nil
		if err := hasRoom(ctx, tx, u, mine, budget, true); err != nil {
			return err
		}
		if _, err := createBlob.exec(ctx, tx, args{"id": mine.Blob}); err != nil {
			return err
		}
		place = attach.Place{Attachment: mine, New: true}
		if again {
			if _, err := restartAttachment.exec(ctx, tx, args{"id": mine.ID, "name": mine.Name, "type": mine.Type, "size": mine.Size,
				"blob": mine.Blob, "created_at": mine.CreatedAt}); err != nil {
				return err
			}
			_, err := deleteBlob.exec(ctx, tx, args{"id": there.Blob}) // whoever still writes into it finds it gone
			return err
		}
		_, err = createAttachment.exec(ctx, tx, args{"id": mine.ID, "conversation": mine.Conversation, "author": mine.Author, "owner": u.Owner,
			"client_id": u.ClientID, "name": mine.Name, "type": mine.Type, "size": mine.Size, "state": mine.State, "scan": mine.Scan,
			"blob": mine.Blob, "created_at": mine.CreatedAt})
		return err
	})
	return place, err
}

// hasRoom looks whether the budgets hold a beside what is there, under the conversation's lock.
func hasRoom(ctx context.Context, r runner, u attach.Upload, a support.Attachment, b attach.Budget, begins bool) error {
	type used struct {
		files, coming int
		bytes         int64
	}
	have, err := one(ctx, r, attachmentBudget, args{"conversation": u.Conversation, "but": a.ID}, func(row pgx.CollectableRow) (v used, err error) {
		return v, row.Scan(&v.files, &v.bytes, &v.coming)
	})
	switch {
	case err != nil:
		return err
	case have.files >= b.ConversationFiles || have.bytes+a.Size > b.ConversationBytes:
		return support.FileProblem(problem.Conflict, "problem.file_budget", u.Name).With("max", int(b.ConversationBytes/support.MB)).With("n", b.ConversationFiles)
	case begins && have.coming >= b.ConversationUploads:
		p := support.FileProblem(problem.TooMany, "problem.file_busy", u.Name)
		p.RetryAfter = 5 * time.Second
		return p
	}
	if u.Owner != "" {
		if _, err := lockOwner.exec(ctx, r, args{"owner": u.Owner}); err != nil {
			return err
		}
		owned, err := one(ctx, r, attachmentOwned, args{"owner": u.Owner, "but": a.ID}, value[int64])
		if err != nil {
			return err
		}
		if owned+a.Size > b.OwnerBytes {
			return support.FileProblem(problem.Conflict, "problem.file_owner_budget", u.Name).With("max", int(b.OwnerBytes/support.MB))
		}
	}
	if !begins {
		return nil
	}
	unsent, err := one(ctx, r, attachmentUnsent, nil, value[int64])
	if err == nil && unsent+a.Size > b.AllUnsent {
		p := support.FileProblem(problem.Unavailable, "problem.file_no_room", u.Name)
		p.RetryAfter = time.Hour
		return p
	}
	return err
}

// attachTx is one transaction on files.
type attachTx struct{ deskTx }

// InAttach runs do in one transaction; see attach.Store.
func (db *DB) InAttach(ctx context.Context, do func(context.Context, attach.Tx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return do(ctx, attachTx{deskTx{db, tx}}) })
}

var receivingAttachment = query("receiving_attachment", `
	SELECT f.owner FROM attachments f WHERE f.id = @id AND f.blob_id = @from AND f.state = 'receiving' FOR UPDATE`)

var finishAttachment = query("finish_attachment", `
	UPDATE attachments SET name = @name, type = @type, size = @size, state = @state, scan = @scan, blob_id = @blob WHERE id = @id`)

func (d attachTx) Finish(ctx context.Context, a support.Attachment, from support.BlobID, budget attach.Budget) error {
	if _, err := lockConversation(ctx, d.tx, a.Conversation); err != nil {
		return err
	}
	owner, err := one(ctx, d.tx, receivingAttachment, args{"id": a.ID, "from": from}, value[string])
	if err != nil {
		return err
	}
	// A picture that was made anew may be larger than the one that was let in.
	if err := hasRoom(ctx, d.tx, attach.Upload{Conversation: a.Conversation, Owner: owner, Name: a.Name}, a, budget, false); err != nil {
		return err
	}
	if _, err := finishAttachment.exec(ctx, d.tx, args{"id": a.ID, "name": a.Name, "type": a.Type, "size": a.Size, "state": a.State,
		"scan": a.Scan, "blob": a.Blob}); err != nil || a.Blob == from {
		return err
	}
	_, err = deleteBlob.exec(ctx, d.tx, args{"id": from})
	return err
}

var abandonAttachment = query("abandon_attachment", `
	DELETE FROM attachments WHERE id = @id AND blob_id = @into AND state = 'receiving'`)

var deleteUnusedBlob = query("delete_unused_blob", `
	DELETE FROM blobs b WHERE b.id = @id AND NOT EXISTS (SELECT FROM attachments f WHERE f.blob_id = b.id)`)

// Abandon forgets a file that was cut short; see attach.Store.
func (db *DB) Abandon(ctx context.Context, id support.AttachmentID, into support.BlobID) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := abandonAttachment.exec(ctx, tx, args{"id": id, "into": into}); err != nil {
			return err
		}
		_, err := deleteUnusedBlob.exec(ctx, tx, args{"id": into})
		return err
	})
}

// The ticket is that of find_conversation_ticket.
var findAttachment = query("find_attachment", `
	SELECT `+attachmentColumns+`, e.pub_seq IS NOT NULL, COALESCE(t.held_at IS NOT NULL, false), COALESCE(t.id::text, '')
	FROM attachments f
	LEFT JOIN entries e ON e.conversation_id = f.conversation_id AND e.seq = f.entry_seq
	LEFT JOIN LATERAL (SELECT id, held_at FROM tickets WHERE conversation_id = f.conversation_id
		ORDER BY status IN ('closed','spam','merged'), created_at DESC, id DESC LIMIT 1) t ON true
	WHERE f.id = @id`)

// FindAttachment reads a file with what decides who sees it; see attach.Store.
func (db *DB) FindAttachment(ctx context.Context, id support.AttachmentID) (attach.Found, error) {
	if err := checkID(id); err != nil {
		return attach.Found{}, err
	}
	f, err := one(ctx, db.pool, findAttachment, args{"id": id}, func(row pgx.CollectableRow) (f attach.Found, err error) {
		return f, row.Scan(append(attachmentFields(&f.Attachment), &f.Public, &f.Held, &f.Ticket)...)
	})
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.NotFound, "problem.file_unknown", err)
	}
	return f, err
}

var unsentAttachments = query("unsent_attachments", `
	SELECT `+attachmentColumns+` FROM attachments f
	WHERE f.id = ANY(@ids::uuid[]) AND f.conversation_id = @conversation AND f.author = @author AND f.entry_seq IS NULL
		AND f.state IN ('scanning','ready')
	ORDER BY array_position(@ids::uuid[], f.id)`)

// Unsent returns the files that can still be sent; see attach.Store.
func (db *DB) Unsent(ctx context.Context, c support.ConversationID, by support.Author, ids []support.AttachmentID) ([]support.Attachment, error) {
	if err := checkID(c); err != nil {
		return nil, err
	}
	return list(ctx, db.pool, unsentAttachments, args{"conversation": c, "author": by, "ids": ids}, scanAttachment)
}

// The conditions are those of a file that can be sent.
var moveAttachments = query("move_attachments", `
	UPDATE attachments SET conversation_id = @to
	WHERE id = ANY(@ids::uuid[]) AND conversation_id = @from AND author = 'member' AND entry_seq IS NULL
		AND state IN ('scanning','ready')`)

// MoveFiles gives a member's unsent files to another conversation; see handoff.Tx.
func (d deskTx) MoveFiles(ctx context.Context, from, to support.ConversationID, files []support.AttachmentID) error {
	for _, id := range files {
		if err := checkID(id); err != nil {
			return err
		}
	}
	_, err := moveAttachments.exec(ctx, d.tx, args{"ids": files, "from": from, "to": to})
	return err
}

var discardAttachment = query("discard_attachment", `
	DELETE FROM attachments WHERE id = @id AND conversation_id = @conversation AND author = @author AND entry_seq IS NULL
	RETURNING COALESCE(blob_id::text, '')`)

// DeleteUnsent forgets a file that no message has taken; see attach.Store.
func (db *DB) DeleteUnsent(ctx context.Context, c support.ConversationID, by support.Author, id support.AttachmentID) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		blob, err := one(ctx, tx, discardAttachment, args{"id": id, "conversation": c, "author": by}, value[support.BlobID])
		if problem.Is(err, problem.NotFound) {
			if f, e := db.FindAttachment(ctx, id); e == nil && f.Conversation == c && f.Author == by {
				return problem.From(problem.Conflict, "problem.file_sent", err)
			}
			return problem.From(problem.NotFound, "problem.file_unknown", err)
		}
		if err != nil || blob == "" {
			return err
		}
		_, err = deleteBlob.exec(ctx, tx, args{"id": blob})
		return err
	})
}

var setScanned = query("set_scanned", `
	UPDATE attachments SET scan = @scan, state = CASE WHEN @scan = 'infected' THEN 'refused' ELSE 'ready' END
	WHERE id = @id AND state = 'scanning'
	RETURNING COALESCE(blob_id::text, '')`)

// SetScanned notes what a scan said; see attach.Store.
func (db *DB) SetScanned(ctx context.Context, id support.AttachmentID, s support.ScanState) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		blob, err := one(ctx, tx, setScanned, args{"id": id, "scan": s}, value[support.BlobID])
		if problem.Is(err, problem.NotFound) {
			return nil
		}
		if err != nil || s != support.ScanInfected || blob == "" {
			return err
		}
		_, err = deleteBlob.exec(ctx, tx, args{"id": blob})
		return err
	})
}

// What was refused stays so: why a content is gone is worth knowing.
var emptyAttachment = query("empty_attachment", `
	WITH gone AS (
		UPDATE attachments SET state = CASE WHEN state = 'refused' THEN state ELSE 'deleted' END WHERE id = @id RETURNING blob_id
	)
	DELETE FROM blobs WHERE id IN (SELECT blob_id FROM gone)`)

// DeleteContent removes the content of a file; see attach.Store.
func (db *DB) DeleteContent(ctx context.Context, id support.AttachmentID) error {
	_, err := emptyAttachment.exec(ctx, db.pool, args{"id": id})
	return err
}

var purgeUnsent = query("purge_unsent_attachments", `
	DELETE FROM attachments WHERE entry_seq IS NULL AND created_at < @before`)

// Of a conversation whose tickets are all spam that nobody has proven.
var purgeSpam = query("purge_spam_attachments", `
	UPDATE attachments f SET state = 'deleted', blob_id = NULL
	WHERE f.state IN ('scanning','ready')
		AND EXISTS (SELECT FROM tickets t WHERE t.conversation_id = f.conversation_id)
		AND NOT EXISTS (SELECT FROM tickets t WHERE t.conversation_id = f.conversation_id
			AND NOT (t.status = 'spam' AND t.held_at IS NOT NULL AND t.updated_at < @before))`)

// A blob comes into the world before its attachment names it, so the young ones are left.
var purgeBlobs = query("purge_blobs", `
	DELETE FROM blobs b WHERE b.created_at < @before AND NOT EXISTS (SELECT FROM attachments f WHERE f.blob_id = b.id)`)

// Purge forgets what nobody sent, and what spam brought; see attach.Store.
func (db *DB) Purge(ctx context.Context, unsent, spam time.Time) (n int, err error) {
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n = 0
		for _, step := range []struct {
			s      *statement
			before time.Time
		}{{purgeUnsent, unsent}, {purgeSpam, spam}, {purgeBlobs, unsent}} {
			k, err := step.s.exec(ctx, tx, args{"before": step.before})
			if err != nil {
				return err
			}
			n += k
		}
		return nil
	})
	return n, err
}

// CreateBlob, WriteChunk, ReadChunk and DeleteBlob are attach.Blobs.
func (db *DB) CreateBlob(ctx context.Context, id support.BlobID) error {
	_, err := createBlob.exec(ctx, db.pool, args{"id": id})
	return err
}

var writeChunk = query("write_chunk", `INSERT INTO blob_chunks (blob_id, n, data) VALUES (@id, @n, @data)`)

func (db *DB) WriteChunk(ctx context.Context, id support.BlobID, n int, data []byte) error {
	_, err := writeChunk.exec(ctx, db.pool, args{"id": id, "n": n, "data": data})
	if breaks(err, "blob_chunks_blob_id_fkey") {
		return problem.From(problem.NotFound, "problem.file_unknown", err)
	}
	return err
}

var readChunk = query("read_chunk", `SELECT data FROM blob_chunks WHERE blob_id = @id AND n = @n`)

func (db *DB) ReadChunk(ctx context.Context, id support.BlobID, n int) ([]byte, error) {
	return one(ctx, db.pool, readChunk, args{"id": id, "n": n}, value[[]byte])
}

func (db *DB) DeleteBlob(ctx context.Context, id support.BlobID) error {
	_, err := deleteBlob.exec(ctx, db.pool, args{"id": id})
	return err
}

// A file that was sent with this entry before may be named again with it.
var attachTo = query("attach_to", `
	UPDATE attachments SET entry_seq = @seq, position = array_position(@ids::uuid[], id)
	WHERE id = ANY(@ids::uuid[]) AND conversation_id = @conversation AND author = @author
		AND (entry_seq = @seq OR entry_seq IS NULL AND state IN ('scanning','ready'))`)

var countAttached = query("count_attached", `
	SELECT count(*)::int FROM attachments WHERE conversation_id = @conversation AND entry_seq = @seq`)

// Attach sends files with an entry that has just been appended; see desk.Tx.
func (d deskTx) Attach(ctx context.Context, c support.ConversationID, e support.Entry, ids []support.AttachmentID) error {
	if len(ids) == 0 {
		return nil
	}
	if err := support.CheckFiles(ids); err != nil {
		return err
	}
	n, err := attachTo.exec(ctx, d.tx, args{"conversation": c, "seq": e.Seq, "author": e.Author, "ids": ids})
	if err != nil {
		return err
	}
	if n != len(ids) {
		return problem.InvalidField("attachments", "problem.file_unknown")
	}
	all, err := one(ctx, d.tx, countAttached, args{"conversation": c, "seq": e.Seq}, value[int])
	if err == nil && all != n { // it was sent before, with others
		err = problem.From(problem.Conflict, "problem.client_id_taken", errors.New("the entry has other files"))
	}
	return err
}

var listAttachments = query("list_attachments", `
	SELECT `+attachmentColumns+` FROM attachments f
	WHERE f.conversation_id = @conversation AND f.entry_seq IS NOT NULL
	ORDER BY f.entry_seq, f.position, f.id`)

// withFiles gives entries of a conversation the files that were sent with them.
func (db *DB) withFiles(ctx context.Context, c support.ConversationID, entries []support.Entry) error {
	files, err := list(ctx, db.pool, listAttachments, args{"conversation": c}, scanAttachment)
	if err != nil || len(files) == 0 {
		return err
	}
	at := map[int64]int{}
	for i, e := range entries {
		at[e.Seq] = i
	}
	for _, f := range files {
		if i, ok := at[f.Entry]; ok {
			entries[i].Files = append(entries[i].Files, f)
		}
	}
	return nil
}
