package attach_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"guichet/internal/attach"
	"guichet/internal/clamav"
	"guichet/internal/clamav/clamtest"
	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
)

var staff = attach.Right{Actor: support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}}

// send makes files part of a message of the conversation's member.
func (h *house) send(ids ...support.AttachmentID) support.Entry {
	h.t.Helper()
	e, err := h.trySend("message "+string(ids[0]), support.EntryMessage, support.AuthorMember, ids...)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *house) trySend(clientID string, kind support.EntryKind, by support.Author, ids ...support.AttachmentID) (e support.Entry, err error) {
	err = h.db.InDesk(h.t.Context(), func(ctx context.Context, tx desk.Tx) error {
		if e, err = tx.Append(ctx, h.c, support.Entry{Kind: kind, Author: by, Channel: support.ChannelWeb, ClientID: clientID, Body: "Voici."}); err != nil {
			return err
		}
		return tx.Attach(ctx, h.c, e, ids)
	})
	return e, err
}

// ticket puts one on a conversation; a spam one is held.
func (h *house) ticket(c support.ConversationID, status string, at time.Time) support.TicketID {
	h.t.Helper()
	id := support.NewID[support.TicketID]()
	h.exec(`INSERT INTO tickets (id, ref, conversation_id, client_id, status, category, lang, subject, email, updated_at, held_at, held_reason)
		VALUES ($1, $2, $3, $1::uuid::text, $4::text, 'other', 'fr', 'x', 'a@example.org', $5, CASE WHEN $4::text = 'spam' THEN now() END, CASE WHEN $4::text = 'spam' THEN 'address_unproven' END)`,
		id, support.NewRef(), c, status, at)
	return id
}

func TestSending(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a, b, c := h.take("a", "a.pdf", pdf(50)), h.take("b", "b.pdf", pdf(50)), h.take("c", "c.pdf", pdf(50))
	e := h.send(b.ID, a.ID)
	if _, err := h.trySend(e.ClientID, support.EntryMessage, support.AuthorMember, b.ID, a.ID); err != nil {
		t.Errorf("the same message again: %v", err)
	}
	if _, err := h.trySend(e.ClientID, support.EntryMessage, support.AuthorMember, c.ID); !problem.Is(err, problem.Conflict) {
		t.Errorf("the same message with another file: %v", err)
	}
	if _, err := h.trySend("other", support.EntryMessage, support.AuthorMember, a.ID); !problem.Is(err, problem.Invalid) {
		t.Errorf("a file that was sent before: %v", err)
	}
	if _, err := h.trySend("agent", support.EntryMessage, support.AuthorAgent, c.ID); !problem.Is(err, problem.Invalid) {
		t.Errorf("an agent sends a member's file: %v", err)
	}
	mine := h.c
	h.c = h.conversation()
	if _, err := h.trySend("elsewhere", support.EntryMessage, support.AuthorMember, c.ID); !problem.Is(err, problem.Invalid) {
		t.Errorf("a file of another conversation: %v", err)
	}
	h.c = mine
	if n := h.count(`SELECT count(*) FROM entries`); n != 1 {
		t.Errorf("%d entries: what was refused has left something behind", n)
	}
	entries, err := h.db.MemberEntries(t.Context(), h.c, 0)
	if err != nil || len(entries) != 1 || len(entries[0].Files) != 2 || entries[0].Files[0].ID != b.ID || entries[0].Files[1].ID != a.ID {
		t.Errorf("the thread has %+v, %v", entries, err)
	}
	if err := h.Discard(t.Context(), h.c, a.ID); !problem.Is(err, problem.Conflict) {
		t.Errorf("a file that was sent is taken back: %v", err)
	}
	if err := h.Discard(t.Context(), h.conversation(), c.ID); !problem.Is(err, problem.NotFound) {
		t.Errorf("somebody else's file is removed: %v", err)
	}
	if err := h.Discard(t.Context(), h.c, c.ID); err != nil {
		t.Error(err)
	}
	if n := h.count(`SELECT count(*) FROM blobs`); n != 2 {
		t.Errorf("%d contents, want 2", n)
	}
	// Removed by staff, it is named still.
	if _, err := h.Delete(t.Context(), support.Actor{}, a.ID); !problem.Is(err, problem.Forbidden) {
		t.Errorf("a guest removes a content: %v", err)
	}
	if _, err := h.Delete(t.Context(), staff.Actor, a.ID); err != nil {
		t.Error(err)
	}
	if _, _, err := h.Open(t.Context(), staff, a.ID); !problem.Is(err, problem.Gone) {
		t.Errorf("a removed content: %v", err)
	}
	if entries, _ := h.db.MemberEntries(t.Context(), h.c, 0); entries[0].Files[1].State != support.AttachmentDeleted {
		t.Errorf("the thread says %+v", entries[0].Files[1])
	}
}

// TestScan: a file is read only after the scanner has seen it; a virus is removed and named. The job
// is promised with the file.
func TestScan(t *testing.T) {
	t.Parallel()
	d := clamtest.New(t)
	h := setup(t, func(c *attach.Config) { c.Scanner = clamav.New(d.Addr) })
	virus := append(pdf(attach.ChunkSize-30), clamtest.EICAR...) // over the border of two pieces
	bad, good, large, late := h.take("bad", "bad.pdf", virus), h.take("good", "good.pdf", pdf(100)), h.take("large", "large.pdf", pdf(30<<20)), h.take("late", "late.pdf", pdf(100))
	h.send(bad.ID, good.ID, large.ID)
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'scan_attachment' AND args->>'attachment' IN (SELECT id::text FROM attachments)`); n != 4 {
		t.Errorf("%d jobs, want one a file", n)
	}
	if _, _, err := h.Open(t.Context(), staff, bad.ID); !problem.Is(err, problem.Conflict) || bad.State != support.AttachmentScanning {
		t.Errorf("read before it was scanned: %v", err)
	}
	for range 2 { // a job may run twice
		for _, a := range []support.Attachment{bad, good, large} {
			if err := h.Scan(t.Context(), a.ID); err != nil {
				t.Errorf("%s: %v", a.Name, err)
			}
		}
	}
	if d.Calls.Load() != 3 {
		t.Errorf("%d files were looked at, want 3", d.Calls.Load())
	}
	for a, want := range map[support.Attachment][2]string{bad: {"refused", "infected"}, good: {"ready", "clean"}, large: {"ready", "not_scanned"}, late: {"scanning", "pending"}} {
		f, err := h.db.FindAttachment(t.Context(), a.ID)
		if err != nil || string(f.State) != want[0] || string(f.Scan) != want[1] {
			t.Errorf("%s is %s, %s", a.Name, f.State, f.Scan)
		}
	}
	if _, _, err := h.Open(t.Context(), staff, bad.ID); !problem.Is(err, problem.Gone) {
		t.Errorf("a virus is read: %v", err)
	}
	if n := h.count(`SELECT count(*) FROM blob_chunks WHERE data LIKE '%EICAR%'`); n != 0 {
		t.Error("the virus is kept")
	}
	d.Stop()
	if err := h.Scan(t.Context(), late.ID); !problem.Is(err, problem.Unavailable) {
		t.Errorf("the scanner is away: %v", err)
	}
	if err := h.GiveUp(t.Context(), late.ID, problem.New(problem.Unavailable, "")); err != nil {
		t.Error(err)
	}
	if f, _ := h.db.FindAttachment(t.Context(), late.ID); f.State != support.AttachmentReady || f.Scan != support.ScanNotScanned {
		t.Errorf("after the last try: %+v", f)
	}
	if err := h.Scan(t.Context(), support.NewSecretID[support.AttachmentID]()); err != nil {
		t.Errorf("a file that was removed meanwhile: %v", err)
	}
}

// TestForm: a form's files wait in one conversation, however often it is sent.
func TestForm(t *testing.T) {
	t.Parallel()
	h := setup(t)
	form := support.NewToken()
	first, err := h.Form(t.Context(), form, "fr")
	again, err2 := h.Form(t.Context(), form, "fr")
	if err != nil || err2 != nil || first != again || first != attach.FormConversation(form) {
		t.Errorf("%s, %s, %v, %v", first, again, err, err2)
	}
	if other, err := h.Form(t.Context(), support.NewToken(), "fr"); err != nil || other == first {
		t.Errorf("another form: %s, %v", other, err)
	}
	if _, err := h.Form(t.Context(), "x", "fr"); !problem.Is(err, problem.Invalid) {
		t.Errorf("no token: %v", err)
	}
	// The token of a conversation that somebody opened in another way opens no form.
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: "fr", Owner: support.OwnerAssistant, CreatedAt: time.Now()}
	held := support.NewToken()
	if err := h.db.OpenConversation(t.Context(), c, held); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Form(t.Context(), held, "fr"); err == nil {
		t.Errorf("it opened %s", got)
	}
	h.c = first
	if a := h.take("a", "a.pdf", pdf(10)); a.Conversation != first {
		t.Errorf("%+v", a)
	}
}

// FuzzSniff: whatever begins like anything, what is taken under a type is what a browser could not
// mistake for a page or a drawing.
func FuzzSniff(f *testing.F) {
	for _, s := range []string{"\x89PNG\r\n\x1a\n", "GIF89a", "%PDF-", "<html>", "<svg", "PK\x03\x04", "plain", "\x00\x00\x00\x18ftypheic"} {
		f.Add([]byte(s), "a.png")
	}
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		name = support.CleanFileName(name)
		kind, ok := support.FileTypeOf(name)
		if !ok {
			return
		}
		got, err := attach.Sniff(head, name, kind)
		if err != nil {
			if !problem.Is(err, problem.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if got != kind.Type {
			t.Fatalf("%s is %s", name, got)
		}
		low := bytes.ToLower(bytes.TrimLeft(head, "\t\n\f\r \ufeff"))
		for _, page := range []string{"<!doctype html", "<html", "<script", "<svg"} {
			if bytes.HasPrefix(low, []byte(page+">")) {
				t.Fatalf("%q was taken for %s", head, got)
			}
		}
	})
}
