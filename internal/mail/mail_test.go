package mail_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	messagemail "github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

func mailer(t *testing.T, c mail.Config) *mail.Mailer {
	t.Helper()
	if c.From == "" {
		c.From = `"Centre d’aide" <aide@example.com>`
	}
	if c.Words == nil {
		c.Words = mailtest.Words{}
	}
	m, err := mail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	paris, _ = time.LoadLocation("Europe/Paris")

	held = support.Letter{Kind: support.MailConfirmation, MessageID: "0199-a@example.com", To: "camille@example.org",
		Lang: kb.French, Ref: "G-4F7K2", Link: "https://help.example/fr/requests/abc?proof=def&x=1", Held: true, Zone: paris}
	proven = support.Letter{Kind: support.MailConfirmation, MessageID: "0199-b@example.com", To: "camille@example.org",
		Lang: kb.Chinese, Ref: "G-4F7K2", Link: "https://help.example/zh/requests/abc", Zone: paris,
		PromisedAt: time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)}
	reply = support.Letter{Kind: support.MailReply, MessageID: "0199-c@example.com", To: "camille@example.org",
		Lang: kb.Portuguese, Ref: "G-4F7K2", Link: "https://help.example/pt/requests/abc", Zone: paris, AgentName: "Inès",
		Reply: "Bonjour,\n\n<b>2 < 3</b> & « voilà »\n.\n" + strings.Repeat("très long ", 300) + "\nhttps://x.example/" + strings.Repeat("a", 1200)}
)

// parsed is an arrived mail, taken apart.
type parsed struct {
	Header      messagemail.Header
	Type        string
	Text, HTML  string
	LongestLine int
}

func parse(t *testing.T, raw []byte) parsed {
	t.Helper()
	e, err := gomessage.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("the mail cannot be read: %v", err)
	}
	p := parsed{Header: messagemail.Header{Header: e.Header}}
	p.Type, _, _ = e.Header.ContentType()
	for line := range bytes.Lines(raw) {
		p.LongestLine = max(p.LongestLine, len(line))
		if !bytes.HasSuffix(line, []byte("\r\n")) {
			t.Fatalf("a line ends without CRLF: %q", line)
		}
	}
	parts := e.MultipartReader()
	if parts == nil {
		t.Fatalf("the mail is %s, not multipart", p.Type)
	}
	var order []string
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, _ := part.Header.ContentType()
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.EqualFold(params["charset"], "utf-8") {
			t.Errorf("%s is in %q, want UTF-8", kind, params["charset"])
		}
		order = append(order, kind)
		s := strings.ReplaceAll(string(body), "\r\n", "\n")
		if kind == "text/plain" {
			p.Text = s
		} else {
			p.HTML = s
		}
	}
	if diff := cmp.Diff([]string{"text/plain", "text/html"}, order); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	return p
}

// TestSend sends each kind of letter over SMTP and reads what arrived.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		letter  support.Letter
		headers map[string]string
		text    string
	}{
		{"Held", held, map[string]string{
			"Message-Id": "<0199-a@example.com>", "Subject": "[G-4F7K2] [mail.confirmation.subject]",
			"Auto-Submitted": "auto-replied", "Content-Language": "fr",
		}, `[mail.confirmation.greeting]

[mail.confirmation.received ref=G-4F7K2]

[mail.confirmation.held]

[mail.confirmation.button_prove]
https://help.example/fr/requests/abc?proof=def&x=1

[mail.confirmation.next]

[mail.confirmation.spam_hint]

[mail.confirmation.not_you]
`},
		{"Proven", proven, map[string]string{
			"Message-Id": "<0199-b@example.com>", "Subject": "[G-4F7K2] [mail.confirmation.subject]",
			"Auto-Submitted": "auto-replied", "Content-Language": "zh-Hans",
		}, `[mail.confirmation.greeting]

[mail.confirmation.received ref=G-4F7K2]

[mail.confirmation.promise date=2026-11-24 14:00 CET]

[mail.confirmation.button_open]
https://help.example/zh/requests/abc

[mail.confirmation.next]

[mail.confirmation.spam_hint]
`},
		{"Reply", reply, map[string]string{
			"Message-Id": "<0199-c@example.com>", "Subject": "[G-4F7K2] [mail.reply.subject]",
			"Auto-Submitted": "auto-generated", "Content-Language": "pt-PT",
		}, "[mail.one_way]\n\n[mail.reply.greeting]\n\n[mail.reply.intro name=Inès ref=G-4F7K2]\n\n" + reply.Reply +
			"\n\n[mail.reply.button]\nhttps://help.example/pt/requests/abc\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.New(t)
			m := mailer(t, mail.Config{URL: server.URL(), ReplyTo: "reponses@example.com"})
			if err := m.Send(t.Context(), test.letter); err != nil {
				t.Fatal(err)
			}
			arrived := server.Messages()
			if len(arrived) != 1 {
				t.Fatalf("%d mails arrived, want 1", len(arrived))
			}
			if diff := cmp.Diff([]string{test.letter.To}, arrived[0].To); diff != "" || arrived[0].From != "aide@example.com" {
				t.Errorf("envelope from %q, to %s", arrived[0].From, diff)
			}
			p := parse(t, arrived[0].Raw)
			if p.Type != "multipart/alternative" {
				t.Errorf("the mail is %s", p.Type)
			}
			if p.LongestLine > 998+2 {
				t.Errorf("a line has %d bytes; RFC 5322 allows 998", p.LongestLine-2)
			}
			test.headers["X-Auto-Response-Suppress"] = "All"
			for name, want := range test.headers {
				if got, err := p.Header.Text(name); err != nil || got != want {
					t.Errorf("%s: %q, %v; want %q", name, got, err, want)
				}
			}
			for name, want := range map[string]string{"From": "aide@example.com", "To": test.letter.To, "Reply-To": "reponses@example.com"} {
				got, err := p.Header.AddressList(name)
				if err != nil || len(got) != 1 || got[0].Address != want {
					t.Errorf("%s: %v, %v; want %s", name, got, err, want)
				}
			}
			if d, err := p.Header.Date(); err != nil || time.Since(d).Abs() > time.Hour {
				t.Errorf("Date: %v, %v", d, err)
			}
			if diff := cmp.Diff(test.text, p.Text); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			for _, want := range []string{`<html lang="` + test.headers["Content-Language"] + `">`, strings.ReplaceAll(test.letter.Link, "&", "&amp;")} {
				if !strings.Contains(p.HTML, want) {
					t.Errorf("the HTML lacks %s:\n%s", want, p.HTML)
				}
			}
		})
	}
}

// TestReplyIsEscaped: an agent's words are words in HTML too, and keep their lines.
func TestReplyIsEscaped(t *testing.T) {
	t.Parallel()
	server := mailtest.New(t)
	if err := mailer(t, mail.Config{URL: server.URL()}).Send(t.Context(), reply); err != nil {
		t.Fatal(err)
	}
	html := parse(t, server.Messages()[0].Raw).HTML
	if want := "Bonjour,<br>\n<br>\n&lt;b&gt;2 &lt; 3&lt;/b&gt; &amp; « voilà »<br>\n.<br>\n"; !strings.Contains(html, want) {
		t.Errorf("the HTML lacks %q:\n%s", want, html[:min(len(html), 2500)])
	}
	if strings.Contains(html, "<b>") {
		t.Error("the reply's markup is live")
	}
}

// chinese says everything in a script that no header carries as it is.
type chinese struct{ mailtest.Words }

func (chinese) T(kb.Lang, string, map[string]any) string {
	return strings.Repeat("我们已收到您的请求，", 12)
}

func TestForeignScripts(t *testing.T) {
	t.Parallel()
	server := mailtest.New(t)
	m := mailer(t, mail.Config{URL: server.URL(), From: "aide@example.com", Name: "帮助中心", Words: chinese{}})
	if err := m.Send(t.Context(), proven); err != nil {
		t.Fatal(err)
	}
	raw := server.Messages()[0].Raw
	for i, b := range raw {
		if b >= 0x80 {
			t.Fatalf("byte %d is %#x: not every server takes eight bits", i, b)
		}
	}
	p := parse(t, raw)
	said := strings.Repeat("我们已收到您的请求，", 12)
	if got, err := p.Header.Subject(); err != nil || got != "[G-4F7K2] "+said {
		t.Errorf("Subject: %q, %v", got, err)
	}
	if from, err := p.Header.AddressList("From"); err != nil || from[0].Name != "帮助中心" {
		t.Errorf("From: %v, %v", from, err)
	}
	if !strings.Contains(p.Text, said) || !strings.Contains(p.HTML, said) {
		t.Error("the text is not what was said")
	}
}

// TestNoInjection: nothing in a letter becomes a header, a command or a second recipient.
func TestNoInjection(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"a@example.org\r\nBcc: b@example.org",
		"a@example.org, b@example.org",
		"<a@example.org>",
		"A <a@example.org>",
		"a@example.org>\r\nRCPT TO:<b@example.org",
		"\"a\r\nBcc: b@example.org\"@example.org",
		"", "a", "a@",
	} {
		server := mailtest.New(t)
		letter := held
		letter.To = to
		err := mailer(t, mail.Config{URL: server.URL()}).Send(t.Context(), letter)
		if !problem.Is(err, problem.Invalid) {
			t.Errorf("to %q: %v, want Invalid", to, err)
		}
		if n := len(server.Messages()); n != 0 {
			t.Errorf("to %q: %d mails were sent", to, n)
		}
	}
	server := mailtest.New(t)
	letter := reply
	letter.AgentName, letter.Ref, letter.Reply = "Eve\r\nBcc: b@example.org", "G-1\r\nBcc: c@example.org", "x\r\n.\r\nMAIL FROM:<d@example.org>\r\n"
	if err := mailer(t, mail.Config{URL: server.URL()}).Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	arrived := server.Messages()
	if len(arrived) != 1 || len(arrived[0].To) != 1 {
		t.Fatalf("arrived: %d mails", len(arrived))
	}
	if p := parse(t, arrived[0].Raw); p.Header.Has("Bcc") {
		t.Error("a Bcc header came in")
	}
}

// TestManners: which failures are final, which may pass, and which are none.
func TestManners(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		manner  mailtest.Manner
		want    problem.Kind
		arrived int
	}{
		{"Accept", mailtest.Accept, "", 1},
		{"RefuseRecipient", mailtest.RefuseRecipient, problem.Invalid, 0},
		{"DeferRecipient", mailtest.DeferRecipient, problem.Unavailable, 0},
		{"RefuseSender", mailtest.RefuseSender, problem.Unavailable, 0},
		{"RefuseMessage", mailtest.RefuseMessage, problem.Unavailable, 0},
		{"Hang", mailtest.Hang, problem.Unavailable, 0},
		{"DropBeforeAnswer", mailtest.DropBeforeAnswer, problem.Unavailable, 1},
		{"DropAfterAnswer", mailtest.DropAfterAnswer, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.New(t)
			server.Behave(test.manner)
			timeout := 10 * time.Second
			if test.manner == mailtest.Hang {
				timeout = 300 * time.Millisecond
			}
			err := mailer(t, mail.Config{URL: server.URL(), Timeout: timeout}).Send(t.Context(), held)
			if got := problem.KindOf(err); got != test.want {
				t.Errorf("Send: %v, want kind %q", err, test.want)
			}
			if n := len(server.Messages()); n != test.arrived {
				t.Errorf("%d mails arrived, want %d", n, test.arrived)
			}
			if err != nil && strings.Contains(err.Error(), held.Link) {
				t.Error("the error holds the link")
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	m := mailer(t, mail.Config{URL: "smtp://127.0.0.1:1?tls=none"})
	if err := m.Send(t.Context(), held); !problem.Is(err, problem.Unavailable) {
		t.Errorf("Send: %v, want Unavailable", err)
	}
}

// TestTLSAndPassword: what is said in SMTP_URL about encryption is what happens.
func TestTLSAndPassword(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate, which nobody has signed
	t.Cleanup(web.Close)
	plain := mailtest.Config{}
	secure := mailtest.Config{TLS: web.TLS}
	guarded := mailtest.Config{User: "aide", Password: "p@ss"}
	for _, test := range []struct {
		name   string
		server mailtest.Config
		user   string
		query  string
		sent   bool
	}{
		{"OfferedToAnUnknownCertificate", secure, "", "?tls=starttls", true},
		{"OfferedByDefault", secure, "", "", true},
		{"NotOffered", plain, "", "?tls=starttls", true},
		{"RequiredOfAnUnknownCertificate", secure, "", "?tls=required", false},
		{"RequiredAndNotOffered", plain, "", "?tls=required", false},
		{"Password", guarded, "aide:p%40ss@", "?tls=none", true},
		{"WrongPassword", guarded, "aide:no@", "?tls=none", false},
		{"NoPassword", guarded, "", "?tls=none", false},
		{"PasswordInTheClear", guarded, "aide:p%40ss@", "?tls=starttls", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, test.server)
			err := mailer(t, mail.Config{URL: "smtp://" + test.user + server.Address() + test.query}).Send(t.Context(), held)
			if test.sent && err != nil || !test.sent && !problem.Is(err, problem.Unavailable) {
				t.Errorf("Send: %v", err)
			}
			if n := len(server.Messages()); (n == 1) != test.sent {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

// shelf is a mailbox in memory.
type shelf struct{ kept []support.LocalMail }

func (s *shelf) KeepMail(_ context.Context, m support.LocalMail) error {
	s.kept = append(s.kept, m)
	return nil
}

func TestWithoutServer(t *testing.T) {
	t.Parallel()
	var box shelf
	if err := mailer(t, mail.Config{Mailbox: &box}).Send(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	got := box.kept[0]
	if p := parse(t, got.Raw); !strings.Contains(p.Text, held.Link) {
		t.Errorf("the kept mail says:\n%s", p.Text)
	}
	got.Raw = nil
	want := support.LocalMail{MessageID: held.MessageID, Recipient: held.To, Subject: "[G-4F7K2] [mail.confirmation.subject]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, from, want string }{
		{"", "aide@example.com", ""},
		{"smtp://mail.example.com", "aide@example.com", ""},
		{"smtps://u:p%40ss@mail.example.com", "Aide <aide@example.com>", ""},
		{"smtp://u:secret@mail.example.com:25?tls=none", "aide@example.com", "tls=none"},
		{"smtp://u:secret@127.0.0.1:25?tls=none", "aide@example.com", ""},
		{"smtp://u:secret@mail.example.com?tls=perhaps", "aide@example.com", "perhaps"},
		{"smtp://u:secret@mail.example.com:99999", "aide@example.com", "port"},
		{"http://u:secret@mail.example.com", "aide@example.com", "must look like"},
		{"mail.example.com:25", "aide@example.com", "must look like"},
		{"smtp://u:sec%ret@mail.example.com", "aide@example.com", "must look like"},
		{"", "nobody", "not an address"},
		{"", "", "not an address"},
	} {
		_, err := mail.New(mail.Config{URL: test.url, From: test.from, Words: mailtest.Words{}})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("New(%q, %q): %v, want %q", test.url, test.from, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}
