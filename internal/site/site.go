// Package site is what the admins of a help center decide about it: its name and looks, the
// languages it speaks, the sites that embed it, and where its mail goes. What the operator fixed when
// starting guichet wins over what admins have saved; both win over the defaults.
package site

import (
	"slices"

	"guichet/kb"
)

// Settings are those decisions, as they are at one moment; a request sees one state of them only.
// What they hold is shared: nobody changes it.
type Settings struct {
	Name       string    // "" takes the catalog's own
	LegalURL   string    // links in every page's footer; "" for none
	PrivacyURL string    //
	TermsURL   string    //
	Default    kb.Lang   // where a browser asks for none of ours
	Langs      []kb.Lang // offered, in the order of kb.Langs; never empty
	Sites      []string  // origins that may embed the help center and call its API from a browser
	Accent     *Theme    // nil for the product's own colour
	Logo       Logo      // the zero Logo for none
	SendsMail  bool      // a mail server is set; else mail stays in the local mailbox
	TeamMail   string    // where new tickets are announced; "" for nowhere
}

// Offers reports whether the help center speaks l.
func (s Settings) Offers(l kb.Lang) bool { return slices.Contains(s.Langs, l) }

// Trusts reports whether a page of this origin may embed the help center.
func (s Settings) Trusts(origin string) bool { return slices.Contains(s.Sites, origin) }

// Fixed is what the operator decided when starting guichet; a zero field leaves it to the admins.
type Fixed struct {
	Name     string
	LegalURL string
	Default  kb.Lang
	Sites    []string
	SMTPURL  string
	MailFrom string
}

// By names what fixed a field of the settings page: an environment variable, or "".
func (f Fixed) By(field string) string {
	is := func(fixed bool, variable string) string {
		if fixed {
			return variable
		}
		return ""
	}
	switch field {
	case "name":
		return is(f.Name != "", "GUICHET_SITE_NAME")
	case "legal":
		return is(f.LegalURL != "", "GUICHET_LEGAL_URL")
	case "default":
		return is(f.Default != "", "GUICHET_DEFAULT_LANG")
	case "sites":
		return is(len(f.Sites) > 0, "GUICHET_SITES")
	case "smtp":
		return is(f.SMTPURL != "", "SMTP_URL")
	case "mail_from":
		return is(f.MailFrom != "", "GUICHET_MAIL_FROM")
	}
	return ""
}

// Choices are what admins have saved. Zero values stand for the defaults.
type Choices struct {
	Name    string    `json:"name,omitempty"`
	Legal   string    `json:"legal,omitempty"`
	Privacy string    `json:"privacy,omitempty"`
	Terms   string    `json:"terms,omitempty"`
	Default kb.Lang   `json:"default,omitempty"`
	Langs   []kb.Lang `json:"langs,omitempty"`
	Sites   []string  `json:"sites,omitempty"`
	Accent  string    `json:"accent,omitempty"` // #rrggbb, as chosen
	Logo    Logo      `json:"logo,omitzero"`
	Mail    Mail      `json:"mail,omitzero"`
	Team    string    `json:"team,omitempty"` // address where new tickets are announced
}

// settings are the decisions that hold.
func (c Choices) settings(f Fixed) Settings {
	s := Settings{Name: or(f.Name, c.Name), LegalURL: or(f.LegalURL, c.Legal), PrivacyURL: c.Privacy, TermsURL: c.Terms,
		Default: f.Default, Langs: c.Langs, Sites: f.Sites, Logo: c.Logo, SendsMail: f.SMTPURL != "" || c.Mail.Host != "", TeamMail: c.Team}
	if s.Default == "" {
		s.Default = c.Default
	}
	if s.Default == "" {
		s.Default = kb.English
	}
	if len(s.Langs) == 0 {
		s.Langs = kb.Langs[:]
	}
	if !s.Offers(s.Default) { // fixed anew since the languages were chosen
		s.Langs = ordered(append(slices.Clone(s.Langs), s.Default))
	}
	if len(s.Sites) == 0 {
		s.Sites = c.Sites
	}
	if c.Accent != "" {
		if t, err := NewTheme(c.Accent); err == nil { // it was checked when it was saved
			s.Accent = &t
		}
	}
	return s
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// ordered are the languages of ls, each once, in the product's order.
func ordered(ls []kb.Lang) (out []kb.Lang) {
	for _, l := range kb.Langs {
		if slices.Contains(ls, l) {
			out = append(out, l)
		}
	}
	return out
}
