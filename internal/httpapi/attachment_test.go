package httpapi_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"guichet/internal/app/apptest"
	"guichet/internal/clamav/clamtest"
	"guichet/internal/config"
	"guichet/internal/support"
)

func shot(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type fileJSON struct {
	ID, Name, Type, State, Scan, Text, URL string
	Size                                   int64
}

// attach sends a file and returns what the answer says of it.
func (m member) attach(id, name string, content []byte, status int, want ...string) (f fileJSON) {
	m.t.Helper()
	header := map[string]string{"Content-Disposition": "attachment; filename*=UTF-8''" + url.PathEscape(name), "Idempotency-Key": id}
	for k, v := range m.bearer {
		header[k] = v
	}
	_, body := m.run(m.t, scenario{method: "POST", path: m.path + "/attachments", header: header, body: string(content), status: status, want: want})
	var out struct{ Attachment fileJSON }
	if status < 300 {
		read(m.t, body, &out)
	}
	return out.Attachment
}

const asked = `{"client_id":"form-0001","channel":"email","category":"refund","email":"claire@example.org","text":"Voici une capture.","attachments":["%s"]}`

// TestAttachments is a file's way over the API: sent, named by a request, hidden until the address is
// proven, then read by its member and by staff, in whole and in part.
func TestAttachments(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	m := converse(t, h, "fr")
	m.run(t, scenario{path: "/api/v1/attachments/limits?lang=fr", status: 200, want: []string{`"max_files":5`, `"max_bytes":50000000`, "10\u00a0Mo", "PNG"}})
	pdf := []byte("%PDF-1.7\n" + strings.Repeat("0123456789", 70_000))
	a, again := m.attach("k-1", "é à.png", shot(t), 201), m.attach("k-1", "é à.png", shot(t), 200)
	if a != again || a.Name != "é à.png" || a.Type != "image/png" || a.State != "ready" || a.Scan != "not_scanned" || a.URL != "" {
		t.Errorf("%+v, %+v", a, again)
	}
	b := m.attach("k-2", "facture.pdf", pdf, 201)
	for name, test := range map[string]struct {
		name    string
		content []byte
		status  int
		want    string
	}{
		"ZipNamedPNG": {"capture.png", []byte("PK\x03\x04" + strings.Repeat("a", 100)), 400, "ZIP"},
		"SVG":         {"dessin.svg", []byte("<svg/>"), 400, "dessin.svg"},
		"HTML":        {"page.html", []byte("<html>"), 400, "page.html"},
		"Nothing":     {"vide.txt", nil, 400, `"field":"file"`},
		"FiftyOneMB":  {"film.mp4", make([]byte, 51*support.MB), 413, "50"},
		"HundredTwo":  {"film.mp4", make([]byte, 102*support.MB), 413, "50"},
		"LargeImage":  {"capture.png", make([]byte, 11*support.MB), 413, "10"},
		"NoName":      {"", []byte("x"), 400, `"field":"file"`},
	} {
		if name == "HundredTwo" && testing.Short() {
			continue
		}
		m.attach("bad-"+name, test.name, test.content, test.status, test.want)
	}
	m.attach("", "a.txt", []byte("x"), 400, `"field":"client_id"`)
	file := m.path + "/attachments/" + a.ID
	m.run(t, scenario{path: file, header: m.bearer, status: 200, want: []string{`"state":"ready"`}})
	m.run(t, scenario{path: file + "/content", header: m.bearer, status: 409})

	m.post("/handoff", fmt.Sprintf(asked, "0190f5a0-0000-7000-8000-000000000000"), 400, `"field":"attachments"`)
	m.post("/handoff", fmt.Sprintf(asked, a.ID), 201)
	m.post("/handoff", fmt.Sprintf(asked, a.ID), 200)
	m.post("/messages", `{"client_id":"m-1","text":"Et la facture.","attachments":["`+b.ID+`"]}`, 201)
	m.run(t, scenario{method: "DELETE", path: file, header: m.bearer, status: 409})

	// Held: neither the conversation nor the page behind the link shows a file.
	held := m.thread("")
	link := strings.TrimPrefix(held.Ticket.URL, h.URL)
	m.run(t, scenario{path: file + "/content", header: m.bearer, status: 404})
	m.run(t, scenario{path: file, header: m.bearer, status: 404})
	m.run(t, scenario{path: link + "/files/" + a.ID, status: 404})
	m.run(t, scenario{path: link, status: 200, want: []string{"1\u00a0fichier, montré"}, without: []string{a.ID, "é à.png"}})
	_, body := m.run(t, scenario{path: m.path, header: m.bearer, status: 200, without: []string{a.ID}})
	if !held.Ticket.Held {
		t.Fatalf("the ticket is not held: %s", body)
	}
	agent := support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}
	var ticket support.TicketID
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM tickets`).Scan(&ticket); err != nil {
		t.Fatal(err)
	}
	if err := h.Handoff.Release(t.Context(), agent, ticket); err != nil {
		t.Fatal(err)
	}
	m.run(t, scenario{path: m.path, header: m.bearer, status: 200, want: []string{a.ID, b.ID, "/attachments/" + a.ID + "/content", "non analysé"}})
	m.run(t, scenario{path: link, status: 200, want: []string{link + "/files/" + a.ID, "é à.png", "non analysé", "<img src="}})

	for _, at := range []struct {
		path   string
		header map[string]string
	}{{file + "/content", m.bearer}, {link + "/files/" + a.ID, nil}} {
		answer, body := m.run(t, scenario{path: at.path, header: at.header, status: 200})
		if !strings.HasPrefix(body, "\x89PNG") {
			t.Errorf("%s is not the picture", at.path)
		}
		for name, want := range map[string]string{"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
			"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Disposition": "inline; filename*=utf-8''%C3%A9%20%C3%A0.png"} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", at.path, name, got, want)
			}
		}
	}
	of := link + "/files/" + b.ID
	whole, _ := m.run(t, scenario{path: of, status: 200})
	if got := whole.Header.Get("Content-Disposition"); got != "attachment; filename=facture.pdf" {
		t.Errorf("a document is %q", got)
	}
	part, body := m.run(t, scenario{path: of, header: map[string]string{"Range": "bytes=262140-262150", "If-Range": whole.Header.Get("ETag"), "Accept-Encoding": "gzip"}, status: 206})
	if body != string(pdf[262140:262151]) || part.Header.Get("Content-Range") != fmt.Sprintf("bytes 262140-262150/%d", len(pdf)) {
		t.Errorf("a part is %q, %s", body, part.Header.Get("Content-Range"))
	}
	m.run(t, scenario{path: of, header: map[string]string{"Range": "bytes=9000000-"}, status: 416})
	m.run(t, scenario{method: "HEAD", path: of, status: 200})
}

// TestAttachmentRights tries every door as everybody.
func TestAttachmentRights(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	m, other := converse(t, h, "fr"), converse(t, h, "fr")
	sent, kept, theirs := m.attach("k-1", "a.png", shot(t), 201), m.attach("k-2", "b.png", shot(t), 201), other.attach("k-1", "c.png", shot(t), 201)
	m.post("/handoff", fmt.Sprintf(asked, sent.ID), 201)
	other.post("/handoff", strings.Replace(fmt.Sprintf(asked, theirs.ID), "form-0001", "form-0002", 1), 201)
	other.post("/messages", `{"client_id":"m-9","text":"Une autre.","attachments":["`+kept.ID+`"]}`, 400, `"field":"attachments"`)
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tickets SET held_at = NULL, held_reason = NULL`); err != nil {
		t.Fatal(err)
	}
	link, otherLink := strings.TrimPrefix(m.thread("").Ticket.URL, h.URL), strings.TrimPrefix(other.thread("").Ticket.URL, h.URL)
	// An agent's note and a file with it.
	var ticket support.TicketID
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM tickets WHERE conversation_id = $1`, strings.TrimPrefix(m.path, "/api/v1/conversations/")).Scan(&ticket); err != nil {
		t.Fatal(err)
	}
	agent, admin, guest := newBrowser(t, h), newBrowser(t, h), newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	admin.signIn(t, h, "chef@example.org", support.RoleAdmin)
	desk := "/desk/tickets/" + string(ticket) + "/reply"
	note := agent.sendFiles(t, desk, 200, []string{"client_id", "note-0001", "note", "1", "text", "Pièce interne."}, part{"interne.txt", []byte("secret")})
	if !strings.Contains(note, "interne.txt") {
		t.Fatal("the note has no file")
	}
	var noted string
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM attachments WHERE name = 'interne.txt'`).Scan(&noted); err != nil {
		t.Fatal(err)
	}
	api := func(m member, id string) string { return m.path + "/attachments/" + id }
	for _, s := range []scenario{
		{name: "GuestUploads", method: "POST", path: m.path + "/attachments", body: "x", status: 401},
		{name: "OtherUploads", method: "POST", path: m.path + "/attachments", body: "x", header: other.bearer, status: 401},
		{name: "GuestReads", path: api(m, sent.ID), status: 401},
		{name: "GuestReadsContent", path: api(m, sent.ID) + "/content", status: 401},
		{name: "OtherReads", path: api(m, sent.ID), header: other.bearer, status: 401},
		{name: "OtherReadsByOwnConversation", path: api(other, sent.ID), header: other.bearer, status: 404},
		{name: "OtherReadsContentByOwnConversation", path: api(other, sent.ID) + "/content", header: other.bearer, status: 404},
		{name: "OtherDiscards", method: "DELETE", path: api(other, kept.ID), header: other.bearer, status: 404},
		{name: "GuestDiscards", method: "DELETE", path: api(m, kept.ID), status: 401},
		{name: "MemberReads", path: api(m, sent.ID), header: m.bearer, status: 200},
		{name: "MemberReadsContent", path: api(m, sent.ID) + "/content", header: m.bearer, status: 200},
		{name: "MemberReadsUnsent", path: api(m, kept.ID), header: m.bearer, status: 200},
		{name: "MemberReadsNote", path: api(m, noted), header: m.bearer, status: 404},
		{name: "MemberReadsNoteContent", path: api(m, noted) + "/content", header: m.bearer, status: 404},
		{name: "LinkReads", path: link + "/files/" + sent.ID, status: 200},
		{name: "LinkReadsUnsent", path: link + "/files/" + kept.ID, status: 404},
		{name: "LinkReadsNote", path: link + "/files/" + noted, status: 404},
		{name: "OtherLinkReads", path: otherLink + "/files/" + sent.ID, status: 404},
		{name: "NoLinkReads", path: "/fr/requests/" + string(support.NewToken()) + "/files/" + sent.ID, status: 404},
		{name: "NoID", path: link + "/files/nothing", status: 404},
		{name: "GuestAtTheDesk", path: "/desk/files/" + sent.ID, status: 401},
		{name: "GuestRemoves", method: "POST", path: "/desk/files/" + sent.ID + "/delete", status: 401},
		{name: "MemberDiscardsSent", method: "DELETE", path: api(m, sent.ID), header: m.bearer, status: 409},
		{name: "MemberDiscards", method: "DELETE", path: api(m, kept.ID), header: m.bearer, status: 204},
		{name: "MemberDiscardsAgain", method: "DELETE", path: api(m, kept.ID), header: m.bearer, status: 404},
	} {
		t.Run(s.name, func(t *testing.T) { m.run(t, s) })
	}
	for _, b := range []*browser{agent, admin} {
		for _, id := range []string{sent.ID, noted} {
			if status, _, _ := b.get(t, "/desk/files/"+id); status != 200 {
				t.Errorf("staff reads %s: %d", id, status)
			}
		}
	}
	if status, _, _ := guest.send(t, "/desk/files/"+sent.ID+"/delete"); status != 401 {
		t.Errorf("a guest removes a file: %d", status)
	}
	if status, page, _ := agent.send(t, "/desk/files/"+sent.ID+"/delete"); status != 200 || !strings.Contains(page, "content has been deleted") {
		t.Errorf("an agent removes a file: %d", status)
	}
	m.run(t, scenario{path: link + "/files/" + sent.ID, status: 410})
	m.run(t, scenario{path: link, status: 200, want: []string{"a.png", "supprimé"}, without: []string{"/files/" + sent.ID}})
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tokens SET revoked_at = now() WHERE purpose = 'ticket_link'`); err != nil {
		t.Fatal(err)
	}
	m.run(t, scenario{path: link + "/files/" + sent.ID, status: 410})
}

// part is a file of a form.
type part struct {
	name    string
	content []byte
}

// sendFiles posts a form with files, as a browser without scripts does.
func (b *browser) sendFiles(t *testing.T, path string, status int, fields []string, files ...part) string {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		files = []part{{}} // a browser sends an empty one
	}
	for _, f := range files {
		p, err := w.CreateFormFile("files", f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got, page, _ := b.read(t, answer)
	if got != status {
		t.Errorf("%s: status %d, want %d: %.300s", path, got, status, page)
	}
	return page
}

func value(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no field %s", name)
	}
	return m[1]
}

// TestFilesWithoutScript: a form with files loses nothing when one of them, or a field, is wrong, and
// sent twice it makes one request with each file once.
func TestFilesWithoutScript(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	b := newBrowser(t, h)
	_, page, _ := b.get(t, "/fr/requests/new")
	for _, want := range []string{`enctype="multipart/form-data"`, `type="file" multiple accept=".png,`, "jusqu’à 10\u00a0Mo"} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	form := func(page, email, text string) []string {
		out := []string{"client_id", value(t, page, "client_id"), "upload", value(t, page, "upload"), "answer", "", "email", email, "category", "refund", "text", text}
		for _, m := range regexp.MustCompile(`name="attachment" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			out = append(out, "attachment", m[1])
		}
		return out
	}
	zip := part{"capture.png", []byte("PK\x03\x04" + strings.Repeat("a", 100))}
	large := part{"film.mp4", append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 51*support.MB)...)}
	page = b.sendFiles(t, "/fr/requests/new", 413, form(page, "claire", "Mon texte précieux"), part{"bonne.png", shot(t)}, large, zip)
	for _, want := range []string{"Mon texte précieux", `value="claire"`, "film.mp4", "50\u00a0Mo au plus", "ZIP", "bonne.png", `href="#files"`, `id="files-error"`, "adresse e-mail"} {
		if !strings.Contains(page, want) {
			t.Errorf("after a mistake the form lacks %q", want)
		}
	}
	page = b.sendFiles(t, "/fr/requests/new", 400, form(page, "claire@example.org", ""), part{"seconde.png", shot(t)})
	if n := strings.Count(page, `name="attachment"`); n != 2 {
		t.Fatalf("%d files are kept, want 2", n)
	}
	last := form(page, "claire@example.org", "Mon texte précieux")
	var at [2]string
	for i := range at {
		at[i] = b.sendFiles(t, "/fr/requests/new", 200, last, part{"troisième.pdf", []byte("%PDF-1.4 abc")})
		if !strings.Contains(at[i], "3\u00a0fichiers, montrés") {
			t.Errorf("try %d: the request has no three files: %s", i, at[i])
		}
	}
	count := func(what string) (n int) {
		if err := h.Database().Pool().QueryRow(t.Context(), what).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n, f := count(`SELECT count(*) FROM tickets`), count(`SELECT count(*) FROM attachments WHERE entry_seq IS NOT NULL`); n != 1 || f != 3 || count(`SELECT count(*) FROM attachments`) != 3 {
		t.Errorf("%d tickets with %d files", n, f)
	}

	// On the ticket's page, and at the desk.
	link := regexp.MustCompile(`/fr/requests/[^/"]+/reply`).FindString(at[1])
	reply := []string{"client_id", value(t, at[1], "client_id"), "text", ""}
	page = b.sendFiles(t, link, 400, reply, part{"quatrième.png", shot(t)}, zip)
	if !strings.Contains(page, "quatrième.png") || !strings.Contains(page, "ZIP") || strings.Count(page, `name="attachment"`) != 1 {
		t.Error("the reply has lost its file, or does not say what was wrong")
	}
	reply = []string{"client_id", value(t, page, "client_id"), "text", "La suite.", "attachment", value(t, page, "attachment")}
	b.sendFiles(t, link, 200, reply)
	agent := newBrowser(t, h)
	agent.signIn(t, h, "agent@example.org", support.RoleAgent)
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tickets SET held_at = NULL, held_reason = NULL`); err != nil {
		t.Fatal(err)
	}
	var ticket string
	if err := h.Database().Pool().QueryRow(t.Context(), `SELECT id FROM tickets`).Scan(&ticket); err != nil {
		t.Fatal(err)
	}
	_, page, _ = agent.get(t, "/desk/tickets/"+ticket)
	for _, want := range []string{"bonne.png", "troisième.pdf", "quatrième.png", "/desk/files/", "not scanned"} {
		if !strings.Contains(page, want) {
			t.Errorf("the desk lacks %q", want)
		}
	}
	page = agent.sendFiles(t, "/desk/tickets/"+ticket+"/reply", 200, []string{"client_id", "reply-0001", "text", "Voici.", "status", "waiting_member"}, part{"réponse.pdf", []byte("%PDF-1.4 x")})
	if !strings.Contains(page, "réponse.pdf") {
		t.Error("the agent's file is not in the thread")
	}
	if page := newBrowser(t, h).sendFiles(t, "/desk/tickets/"+ticket+"/reply", 401, []string{"text", "x"}, part{"a.png", shot(t)}); strings.Contains(page, "réponse") {
		t.Error("a guest reads the desk")
	}
	_, page, _ = b.get(t, strings.TrimSuffix(link, "/reply"))
	if !strings.Contains(page, "réponse.pdf") || !strings.Contains(page, "bonne.png") {
		t.Error("the member does not see the files")
	}
	six := make([]part, 6)
	for i := range six {
		six[i] = part{fmt.Sprint(i, ".txt"), []byte("x")}
	}
	if page := b.sendFiles(t, link, 400, []string{"client_id", "six-00001", "text", "Six"}, six...); !strings.Contains(page, "5\u00a0fichiers au plus") || !strings.Contains(page, "Six") {
		t.Error("six files are not refused")
	}
}

// TestScannedFiles: until a file has been looked at it is not given to anybody; what came of it is
// said.
func TestScannedFiles(t *testing.T) {
	t.Parallel()
	d := clamtest.New(t)
	h := apptest.New(t, apptest.Options{NoVector: true, Settings: func(s *config.Settings) { s.ClamAV = d.Addr }})
	m := converse(t, h, "fr")
	bad, good := m.attach("k-1", "virus.txt", []byte(clamtest.EICAR), 201, "virus scan…"), m.attach("k-2", "lettre.txt", []byte("Bonjour"), 201)
	m.post("/handoff", strings.Replace(fmt.Sprintf(asked, bad.ID), `"]`, `","`+good.ID+`"]`, 1), 201)
	if _, err := h.Database().Pool().Exec(t.Context(), `UPDATE tickets SET held_at = NULL, held_reason = NULL`); err != nil {
		t.Fatal(err)
	}
	link := strings.TrimPrefix(m.thread("").Ticket.URL, h.URL)
	m.run(t, scenario{path: link + "/files/" + bad.ID, status: 409})
	for _, f := range []fileJSON{bad, good} {
		if err := h.Attach.Scan(t.Context(), support.AttachmentID(f.ID)); err != nil {
			t.Fatal(err)
		}
	}
	m.run(t, scenario{path: link + "/files/" + bad.ID, status: 410})
	answer, body := m.run(t, scenario{path: link + "/files/" + good.ID, status: 200})
	if body != "Bonjour" || answer.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%q, %s", body, answer.Header.Get("Content-Type"))
	}
	m.run(t, scenario{path: link, status: 200, want: []string{"un virus y a été trouvé", "aucun virus trouvé"}})
}

// TestUploadsAtOnce: what one network sends at the same time is bounded, and said so.
func TestUploadsAtOnce(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, apptest.Options{NoVector: true})
	m := converse(t, h, "fr")
	// Whoever works on this machine has no budget: say that a proxy speaks for somebody else.
	m.bearer["X-Forwarded-For"] = "203.0.113.9"
	var waiting []*io.PipeWriter
	var all sync.WaitGroup
	for i := range 6 {
		each := converse(t, h, "fr") // one conversation has bounds of its own
		r, w := io.Pipe()
		waiting = append(waiting, w)
		all.Go(func() {
			q, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+each.path+"/attachments", r)
			q.Header.Set("Authorization", each.bearer["Authorization"])
			q.Header.Set("X-Forwarded-For", "203.0.113.9")
			q.Header.Set("Content-Disposition", `attachment; filename="a.txt"`)
			q.Header.Set("Idempotency-Key", fmt.Sprint(i))
			answer, err := http.DefaultTransport.RoundTrip(q)
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusCreated {
				t.Errorf("one of six at once: %d", answer.StatusCode)
			}
		})
		if _, err := w.Write([]byte("a")); err != nil { // it is there, and waits for more
			t.Fatal(err)
		}
	}
	for coming := 0; coming < 6; { // what was written may still be on its way to the server
		if err := h.Database().Pool().QueryRow(t.Context(), `SELECT count(*) FROM attachments WHERE state = 'receiving'`).Scan(&coming); err != nil {
			t.Fatal(err)
		}
	}
	m.attach("seventh", "a.txt", []byte("x"), 429, `"kind":"too_many"`)
	for _, w := range waiting {
		w.Close()
	}
	all.Wait()
	m.attach("eighth", "a.txt", []byte("x"), 201)
}
