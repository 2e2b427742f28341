package attach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"guichet/internal/attach"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// TestLargeFileInLittleMemory: a file that never ends is refused at its limit, and no more of it than
// a few pieces is ever in memory. It runs alone: others would be measured with it.
func TestLargeFileInLittleMemory(t *testing.T) {
	h := setup(t)
	live := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most, looked := live(), int64(0), int64(0)
	file := &endless{head: pdf(4096), each: func(taken int64) {
		if taken-looked > 5*support.MB {
			looked = taken
			most = max(most, live()-before)
		}
	}}
	if _, err := h.Receive(t.Context(), h.upload("f", "enregistrement.pdf"), file); wrong(err) != "problem.file_large" || !problem.Is(err, problem.TooLarge) {
		t.Errorf("a file without an end: %v", err)
	}
	if file.taken > support.MaxFile+attach.ChunkSize || looked == 0 {
		t.Errorf("%d bytes were read before it was refused", file.taken)
	}
	if most > 4*support.MB {
		t.Errorf("%d kB of it were in memory", most/1000)
	}
	t.Logf("at most %d kB more in memory", most/1000)
	if n := h.count(`SELECT (SELECT count(*) FROM attachments) + (SELECT count(*) FROM blobs) + (SELECT count(*) FROM blob_chunks)`); n != 0 {
		t.Errorf("%d rows are left of it", n)
	}
	// Where the size is known beforehand nothing is read.
	said := h.upload("g", "enregistrement.mp4")
	said.Size = 51 * support.MB
	if _, err := h.Receive(t.Context(), said, iotest.ErrReader(errors.New("read"))); wrong(err) != "problem.file_large" {
		t.Errorf("51 MB: %v", err)
	}
	// And one of exactly as much as there may be is taken.
	a, err := h.Receive(t.Context(), h.upload("h", "enregistrement.pdf"), io.LimitReader(&endless{head: pdf(4096)}, support.MaxFile))
	if err != nil || a.Size != support.MaxFile {
		t.Errorf("50 MB: %v", err)
	}
}

func TestWhatMayBeAttached(t *testing.T) {
	t.Parallel()
	h := setup(t)
	zip := []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00" + strings.Repeat("a", 200))
	svg := []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	html := []byte("<!DOCTYPE html><html><script>alert(1)</script></html>")
	mp4 := []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + strings.Repeat("\x00", 64))
	mov := []byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + strings.Repeat("\x00", 64))
	webm := []byte("\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + strings.Repeat("\x00", 64))
	heic := []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + strings.Repeat("\x00", 64))
	for i, test := range []struct {
		name    string
		content []byte
		want    string // type, or what is wrong
	}{
		{"capture.png", encoded(t, "png", picture(8, 8)), "image/png"},
		{"CAPTURE.PNG", encoded(t, "png", picture(8, 8)), "image/png"},
		{"photo.jpeg", encoded(t, "jpg", picture(8, 8)), "image/jpeg"},
		{"anim.gif", encoded(t, "gif", picture(8, 8)), "image/gif"},
		{"photo.heic", heic, "image/heic"},
		{"facture.pdf", pdf(500), "application/pdf"},
		{"notes.txt", []byte("Bonjour, é."), "text/plain"},
		{"journal.txt", []byte(`{"a":1}`), "text/plain"},
		{"table.csv", []byte("a;b\n1;2\n"), "text/csv"},
		{"film.mp4", mp4, "video/mp4"}, {"film.mov", mov, "video/quicktime"}, {"film.webm", webm, "video/webm"},
		{"../../x/capture.png", encoded(t, "png", picture(8, 8)), "image/png"},

		{"capture.png", zip, "problem.file_content"},
		{"capture.png", svg, "problem.file_content"},
		{"capture.png", html, "problem.file_content"},
		{"capture.png", encoded(t, "jpg", picture(8, 8)), "problem.file_content"},
		{"notes.txt", html, "problem.file_content"},
		{"notes.txt", svg, "problem.file_content"},
		{"table.csv", zip, "problem.file_content"},
		{"facture.pdf", []byte("MZ\x90\x00" + strings.Repeat("\x00", 100)), "problem.file_content"},
		{"film.mp4", webm, "problem.file_content"},
		{"logo.svg", svg, "problem.file_type"}, {"page.html", html, "problem.file_type"}, {"a.zip", zip, "problem.file_type"},
		{"sans", pdf(50), "problem.file_type"}, {"capture.png.exe", pdf(50), "problem.file_type"},
		{"", pdf(50), "problem.file_name"}, {"\u202e\u200b", pdf(50), "problem.file_name"},
		{"vide.txt", nil, "problem.file_empty"},
		{"cassée.png", encoded(t, "png", picture(80, 80))[:60], "problem.file_picture"},
		{"cassée.jpg", encoded(t, "jpg", picture(80, 80))[:700], "problem.file_picture"},
		{"grosse.png", append(encoded(t, "png", picture(8, 8)), make([]byte, support.MaxPicture)...), "problem.file_large"},
	} {
		a, err := h.Receive(t.Context(), h.upload(fmt.Sprint("f", i), test.name), bytes.NewReader(test.content))
		got := wrong(err)
		if err == nil {
			got = a.Type
		}
		if got != test.want {
			t.Errorf("%s: %s (%v), want %s", test.name, got, err, test.want)
		}
		if err == nil && (a.State != support.AttachmentReady || a.Scan != support.ScanNotScanned || strings.Contains(a.Name, "/")) {
			t.Errorf("%s is %+v", test.name, a)
		}
		if p, ok := errors.AsType[*problem.Error](err); ok && test.want == "problem.file_content" && bytes.Equal(test.content, zip) && fmt.Sprint(p.Args["real"]) != "ZIP" {
			t.Errorf("a zip is called %v", p.Args["real"])
		}
	}
	if n := h.count(`SELECT count(*) FROM blobs b WHERE NOT EXISTS (SELECT FROM attachments WHERE blob_id = b.id)`); n != 0 {
		t.Errorf("%d contents belong to nobody", n)
	}
	if n := h.count(`SELECT count(*) FROM attachments WHERE state = 'receiving'`); n != 0 {
		t.Errorf("%d files are still being received", n)
	}
}

// TestContent: what comes back is what was sent, around the borders of the pieces and from anywhere.
func TestContent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, n := range []int{10, attach.ChunkSize - 1, attach.ChunkSize, attach.ChunkSize + 1, 3*attach.ChunkSize + 5} {
		sent := pdf(n)
		for i := range sent[9:] {
			sent[9+i] = byte(i / 7)
		}
		a := h.take(fmt.Sprint(n), "a.pdf", sent)
		if got := h.content(a); !bytes.Equal(got, sent) || a.Size != int64(n) {
			t.Errorf("of %d bytes %d came back", n, len(got))
		}
		h.send(a.ID)
		_, c, err := h.Open(t.Context(), staff, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(struct{ io.ReadSeeker }{c}, sent); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestSentTwice: the same file again is the same file; one that was cut short is taken anew.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	h := setup(t)
	first := h.take("one", "a.pdf", pdf(1000))
	again, err := h.Receive(t.Context(), h.upload("one", "a.pdf"), iotest.ErrReader(errors.New("read")))
	if err != nil || again.New || again.ID != first.ID || again.Size != 1000 {
		t.Errorf("again: %+v, %v", again, err)
	}
	cut := h.upload("two", "a.pdf")
	if _, err := h.Receive(t.Context(), cut, io.MultiReader(bytes.NewReader(pdf(attach.ChunkSize+7)), iotest.ErrReader(errors.New("gone")))); wrong(err) != "invalid problem.file_broken" {
		t.Errorf("cut short: %v", err)
	}
	cut.Size = 600_000
	if _, err := h.Receive(t.Context(), cut, bytes.NewReader(pdf(500_000))); wrong(err) != "problem.file_broken" {
		t.Errorf("less than was announced: %v", err)
	}
	if _, err := h.Receive(t.Context(), cut, bytes.NewReader(pdf(700_000))); wrong(err) != "problem.file_broken" {
		t.Errorf("more than was announced: %v", err)
	}
	// A process that was killed leaves a file that receives: the next try takes it over.
	h.exec(`INSERT INTO blobs (id) VALUES ('11111111-1111-4111-8111-111111111111')`)
	h.exec(`INSERT INTO blob_chunks VALUES ('11111111-1111-4111-8111-111111111111', 0, 'half')`)
	h.exec(`INSERT INTO attachments (id, conversation_id, author, client_id, name, type, size, state, scan, blob_id)
		VALUES ('22222222-2222-4222-8222-222222222222', $1, 'member', 'three', 'a.pdf', 'application/pdf', 5, 'receiving', 'pending', '11111111-1111-4111-8111-111111111111')`, h.c)
	if a := h.take("three", "a.pdf", pdf(700_000)); a.ID != "22222222-2222-4222-8222-222222222222" || a.Size != 700_000 {
		t.Errorf("taken over: %+v", a)
	}
	if n := h.count(`SELECT count(*) FROM blobs`); n != 2 {
		t.Errorf("%d contents, want 2", n)
	}
	if err := h.db.WriteChunk(t.Context(), "11111111-1111-4111-8111-111111111111", 1, []byte("more")); !problem.Is(err, problem.NotFound) {
		t.Errorf("whoever still writes hears %v", err)
	}
	// The same one from many hands at once is there once, whoever of them wins.
	var all sync.WaitGroup
	var taken atomic.Int64
	for range 12 {
		all.Go(func() {
			if _, err := h.Receive(t.Context(), h.upload("four", "a.pdf"), bytes.NewReader(pdf(600_000))); err == nil {
				taken.Add(1)
			} else if !problem.Is(err, problem.NotFound) {
				t.Errorf("at once: %v", err)
			}
		})
	}
	all.Wait()
	if n := h.count(`SELECT count(*) FROM attachments WHERE client_id = 'four' AND state = 'ready' AND size = 600000`); n != 1 || taken.Load() == 0 {
		t.Errorf("%d files from many hands, %d of which were told so", n, taken.Load())
	}
	if n := h.count(`SELECT count(*) FROM blobs b WHERE NOT EXISTS (SELECT FROM attachments WHERE blob_id = b.id)`); n != 0 {
		t.Errorf("%d contents belong to nobody", n)
	}
}

// TestBudgetsHold: of 50 files at once as many are taken as there is room for, to the byte.
func TestBudgetsHold(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *attach.Config) {
		c.Budget = attach.Budget{ConversationBytes: 100_000, ConversationFiles: 30, OwnerBytes: 70_000, ConversationUploads: 100}
	})
	many := func(where func(i int) attach.Upload) (taken int, refused map[string]int) {
		var all sync.WaitGroup
		var mu sync.Mutex
		refused = map[string]int{}
		for i := range 50 {
			all.Go(func() {
				u := where(i)
				u.Size = 10_000
				_, err := h.Receive(context.WithoutCancel(t.Context()), u, bytes.NewReader(pdf(10_000)))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else {
					refused[wrong(err)]++
				}
			})
		}
		all.Wait()
		return taken, refused
	}
	if n, why := many(func(i int) attach.Upload { return h.upload(fmt.Sprint(i), "a.pdf") }); n != 10 || why["problem.file_budget"] != 40 {
		t.Errorf("a conversation of 100 kB took %d files of 10 kB, %v", n, why)
	}
	if got := h.count(`SELECT sum(size) FROM attachments`); got != 100_000 {
		t.Errorf("it holds %d bytes", got)
	}
	places := make([]support.ConversationID, 50)
	for i := range places {
		places[i] = h.conversation()
	}
	if n, why := many(func(i int) attach.Upload {
		return attach.Upload{Conversation: places[i], Author: support.AuthorMember, Owner: "member", ClientID: "x", Name: "a.pdf"}
	}); n != 7 || why["problem.file_owner_budget"] != 43 {
		t.Errorf("a member of 70 kB sent %d files of 10 kB, %v", n, why)
	}
	// What is removed makes room again.
	h.exec(`UPDATE attachments SET state = 'deleted' WHERE conversation_id = $1`, h.c)
	again := h.upload("again", "a.pdf")
	again.Size = 90_000
	if _, err := h.Receive(t.Context(), again, bytes.NewReader(pdf(90_000))); err != nil {
		t.Error(err)
	}
}

func TestBudgetOfAll(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *attach.Config) { c.Budget = attach.Budget{AllUnsent: 5000, ConversationUploads: 1} })
	u := h.upload("a", "a.pdf")
	u.Size = 4000
	if _, err := h.Receive(t.Context(), u, bytes.NewReader(pdf(4000))); err != nil {
		t.Fatal(err)
	}
	u.ClientID = "b"
	if _, err := h.Receive(t.Context(), u, bytes.NewReader(pdf(4000))); !problem.Is(err, problem.Unavailable) {
		t.Errorf("no room in all: %v", err)
	}
	h.exec(`UPDATE attachments SET state = 'receiving', size = 0`)
	u.Size = 100
	if _, err := h.Receive(t.Context(), u, bytes.NewReader(pdf(100))); !problem.Is(err, problem.TooMany) {
		t.Errorf("two at once, where one may come: %v", err)
	}
}

// TestPurge: what nobody sent goes after a day, what spam brought after two weeks, all else stays.
func TestPurge(t *testing.T) {
	t.Parallel()
	h := setup(t)
	old, young, sent := h.take("old", "a.pdf", pdf(100)), h.take("young", "a.pdf", pdf(100)), h.take("sent", "a.pdf", pdf(100))
	h.send(sent.ID)
	h.exec(`UPDATE attachments SET created_at = now() - interval '25 hours' WHERE id IN ($1, $2)`, old.ID, sent.ID)
	lost := support.NewSecretID[support.BlobID]()
	if err := h.db.CreateBlob(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE blobs SET created_at = now() - interval '25 hours' WHERE id NOT IN (SELECT blob_id FROM attachments WHERE id = $1)`, young.ID)
	mine := h.c
	h.c = h.conversation()
	spam := h.take("spam", "a.pdf", pdf(100))
	h.send(spam.ID)
	h.ticket(h.c, "spam", time.Now().Add(-15*24*time.Hour))
	h.exec(`UPDATE blobs SET created_at = now() - interval '25 hours' WHERE id = $1`, spam.Blob)
	h.c = h.conversation()
	fresh := h.take("fresh", "a.pdf", pdf(100))
	h.send(fresh.ID)
	h.ticket(h.c, "spam", time.Now().Add(-13*24*time.Hour))
	h.c = mine
	for range 2 {
		if _, err := h.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[support.AttachmentID]string{old.ID: "none", young.ID: "ready", sent.ID: "ready", spam.ID: "deleted", fresh.ID: "ready"} {
		got := "none"
		if f, err := h.db.FindAttachment(t.Context(), id); err == nil {
			got = string(f.State)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if n := h.count(`SELECT count(*) FROM blobs`); n != 3 {
		t.Errorf("%d contents are left, want 3", n)
	}
	if n := h.count(`SELECT count(*) FROM blob_chunks`); n != 3 {
		t.Errorf("%d pieces are left, want 3", n)
	}
}
