package mail_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"guichet/internal/locale"
	"guichet/internal/mail"
	"guichet/internal/mail/mailtest"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/web"
)

var leftover = regexp.MustCompile(`\{\w+\}|\bmail\.[a-z_.]+`)

// TestNineLanguages sends every kind of letter in every language: each has its subject with the
// number, its greeting and its link, and says nothing in English that is not English.
func TestNineLanguages(t *testing.T) {
	t.Parallel()
	words, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	server := mailtest.New(t)
	m := mailer(t, mail.Config{URL: server.URL(), Words: words})
	said := func(l support.Letter) parsed {
		if err := m.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		all := server.Messages()
		return parse(t, all[len(all)-1].Raw)
	}
	unnamed := reply
	unnamed.AgentName = ""
	for name, letter := range map[string]support.Letter{"held": held, "proven": proven, "reply": reply, "reply of the team": unnamed} {
		letter.PromisedAt = proven.PromisedAt
		letter.Reply = strings.ReplaceAll(letter.Reply, "\n\n", "\n") // one block, the agent's
		english := letter
		english.Lang = kb.English
		blocks := strings.Split(said(english).Text, "\n\n")
		for _, lang := range kb.Langs {
			letter.Lang = lang
			p := said(letter)
			subject, err := p.Header.Subject()
			key := "mail." + string(letter.Kind)
			if want := "[G-4F7K2] " + words.T(lang, key+".subject", nil); err != nil || subject != want {
				t.Errorf("%s, %s: the subject is %q, %v; want %q", name, lang, subject, err, want)
			}
			want := words.T(lang, key+".greeting", nil)
			first := want
			if letter.Kind == support.MailReply { // nobody reads what is sent back
				first = words.T(lang, "mail.one_way", nil) + "\n\n" + want
			}
			if !strings.HasPrefix(strings.ReplaceAll(p.Text, "\r\n", "\n"), first+"\n") || !strings.Contains(p.HTML, want) {
				t.Errorf("%s, %s: no greeting %q:\n%s", name, lang, want, p.Text)
			}
			if !strings.Contains(p.Text, "\n"+letter.Link+"\n") || !strings.Contains(p.HTML, `href="`+strings.ReplaceAll(letter.Link, "&", "&amp;")+`"`) {
				t.Errorf("%s, %s: no link:\n%s", name, lang, p.Text)
			}
			if left := leftover.FindString(p.Text + subject); left != "" {
				t.Errorf("%s, %s: %q is left in:\n%s", name, lang, left, p.Text)
			}
			for _, b := range strings.Split(p.Text, "\n\n") {
				if lang != kb.English && !(letter.Reply != "" && strings.Contains(b, letter.Reply)) && slices.Contains(blocks, b) {
					t.Errorf("%s, %s: it says in English: %q", name, lang, b)
				}
			}
		}
	}
}
