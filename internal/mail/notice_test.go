package mail_test

import (
	"strings"
	"testing"

	"guichet/internal/locale"
	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/web"
)

// TestStatusInNineLanguages: the first line says that nobody reads what is sent back; then number and
// status, in the words that the member's pages have.
func TestStatusInNineLanguages(t *testing.T) {
	t.Parallel()
	words, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	server := mailtest.New(t)
	m := mailer(t, mail.Config{URL: server.URL(), Words: words})
	for _, lang := range kb.Langs {
		for _, status := range []support.Status{support.StatusOpen, support.StatusWaitingMember, support.StatusSolved, support.StatusClosed} {
			l := support.Letter{Kind: support.MailStatus, MessageID: string(lang) + "-" + string(status) + "@example.com", To: "camille@example.org",
				Lang: lang, Ref: "G-4F7K2", Link: "https://help.example/x/requests/abc", Zone: paris, Status: status.Public()}
			if err := m.Send(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			all := server.Messages()
			p := parse(t, all[len(all)-1].Raw)
			word := words.T(lang, "status."+status.Public(), nil)
			subject, err := p.Header.Subject()
			if err != nil || !strings.HasPrefix(subject, "[G-4F7K2] ") || !strings.HasSuffix(subject, word) {
				t.Errorf("%s: the subject is %q, %v", lang, subject, err)
			}
			first, rest, _ := strings.Cut(p.Text, "\n")
			if want := words.T(lang, "mail.one_way", nil); strings.TrimSpace(first) != want || !strings.Contains(p.HTML, want) {
				t.Errorf("%s: the first line is %q, want %q", lang, first, want)
			}
			if !strings.Contains(rest, "G-4F7K2") || !strings.Contains(rest, word) || !strings.Contains(rest, "\n"+l.Link+"\n") {
				t.Errorf("%s: %s", lang, p.Text)
			}
			if left := leftover.FindString(p.Text + subject); left != "" {
				t.Errorf("%s: %q is left in %s", lang, left, p.Text)
			}
			if auto := p.Header.Get("Auto-Submitted"); auto != "auto-generated" || p.Header.Get("X-Auto-Response-Suppress") != "All" {
				t.Errorf("%s: Auto-Submitted is %q", lang, auto)
			}
		}
	}
}

// TestSignInInNineLanguages: the letter says what its link opens, for how long, and to whom it is of no use.
func TestSignInInNineLanguages(t *testing.T) {
	t.Parallel()
	words, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	server := mailtest.New(t)
	m := mailer(t, mail.Config{URL: server.URL(), Words: words})
	for _, lang := range kb.Langs {
		l := support.Letter{Kind: support.MailSignIn, MessageID: string(lang) + "@example.com", To: "camille@example.org", Lang: lang,
			Link: "https://help.example/x/my/sign-in/abc"}
		if err := m.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		all := server.Messages()
		p := parse(t, all[len(all)-1].Raw)
		if subject, err := p.Header.Subject(); err != nil || subject != words.T(lang, "mail.sign_in.subject", nil) {
			t.Errorf("%s: the subject is %q, %v", lang, subject, err)
		}
		text := strings.Join(strings.Fields(p.Text), " ")
		for _, key := range []string{"greeting", "text", "button", "until", "not_you"} {
			if want := strings.Join(strings.Fields(words.T(lang, "mail.sign_in."+key, nil)), " "); !strings.Contains(text, want) {
				t.Errorf("%s: the letter lacks %q:\n%s", lang, want, p.Text)
			}
		}
		if !strings.Contains(p.Text, "\n"+l.Link+"\n") || leftover.MatchString(p.Text) {
			t.Errorf("%s:\n%s", lang, p.Text)
		}
	}
}

// TestLettersToStaff are written in the languages of the desk.
func TestLettersToStaff(t *testing.T) {
	t.Parallel()
	words, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	server := mailtest.New(t)
	m := mailer(t, mail.Config{URL: server.URL(), Words: words})
	for _, c := range []struct {
		letter  support.Letter
		subject string
		says    []string
	}{
		{support.Letter{Kind: support.MailTeam, Lang: kb.French, Ref: "G-4F7K2", Category: "refund", TicketLang: kb.Polish, PromisedAt: proven.PromisedAt, Zone: paris},
			"[G-4F7K2] Une nouvelle demande", []string{"G-4F7K2", words.T(kb.French, "category.refund", nil), "polonais", "24 novembre"}},
		{support.Letter{Kind: support.MailTeam, Lang: kb.English, Ref: "G-4F7K2", Category: "refund", TicketLang: kb.Chinese},
			"[G-4F7K2] A new request", []string{words.T(kb.English, "category.refund", nil), "Chinese"}},
		{support.Letter{Kind: support.MailInvitation, Lang: kb.French}, "Votre invitation au bureau", []string{"dans la semaine"}},
		{support.Letter{Kind: support.MailInvitation, Lang: kb.English}, "Your invitation to the desk", []string{"within a week"}},
		{support.Letter{Kind: support.MailReset, Lang: kb.French}, "Choisir un nouveau mot de passe", []string{"dans l’heure"}},
		{support.Letter{Kind: support.MailReset, Lang: kb.English}, "Choose another password", []string{"within the hour"}},
	} {
		l := c.letter
		l.MessageID, l.To, l.Link = string(l.Kind)+string(l.Lang)+"@example.com", "ines@example.com", "https://help.example/desk/x/abc"
		if err := m.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		all := server.Messages()
		p := parse(t, all[len(all)-1].Raw)
		subject, err := p.Header.Subject()
		if err != nil || subject != c.subject {
			t.Errorf("%s, %s: the subject is %q, %v; want %q", l.Kind, l.Lang, subject, err, c.subject)
		}
		for _, want := range append(c.says, "\n"+l.Link+"\n") {
			if !strings.Contains(p.Text, want) {
				t.Errorf("%s, %s: %q is not in:\n%s", l.Kind, l.Lang, want, p.Text)
			}
		}
		if left := leftover.FindString(p.Text + subject); left != "" || strings.Contains(p.Text+subject, "desk.mail") {
			t.Errorf("%s, %s: %q is left in:\n%s", l.Kind, l.Lang, left, p.Text)
		}
	}
}
