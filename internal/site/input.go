package site

import (
	"errors"
	"maps"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Bounds of what admins type.
const (
	MaxName  = 80
	maxURL   = 500
	maxSites = 50
	maxField = 300
)

// Input is the settings page as it was typed. Each text is a field of the form; errors name them so.
type Input struct {
	Version                    int64 // of the choices that the page showed
	Name, Legal, Privacy       string
	Terms, Default             string
	Langs                      string // codes with spaces between them
	Sites                      string // a line each
	Accent                     string
	Host, Port, Security, User string
	From, Team                 string
	Password                   string // typed; "" keeps the one that is there
	KeptPassword               string // typed before, sealed, on a page that came back
	NewLogo                    []byte // a file, as it was sent; nil for none
	RemoveLogo                 bool
}

// texts are the fields that two admins may both have changed, by name.
func (in *Input) texts() map[string]*string {
	return map[string]*string{"name": &in.Name, "legal": &in.Legal, "privacy": &in.Privacy, "terms": &in.Terms,
		"default": &in.Default, "langs": &in.Langs, "sites": &in.Sites, "accent": &in.Accent, "smtp_host": &in.Host,
		"smtp_port": &in.Port, "smtp_security": &in.Security, "smtp_user": &in.User, "mail_from": &in.From,
		"team_mail": &in.Team}
}

// input is how choices stand in the form.
func (v Saved) input() Input {
	c := v.Choices
	in := Input{Version: v.Version, Name: c.Name, Legal: c.Legal, Privacy: c.Privacy, Terms: c.Terms, Default: string(c.Default),
		Sites: strings.Join(c.Sites, "\n"), Accent: c.Accent,
		Host: c.Mail.Host, Security: string(c.Mail.Security), User: c.Mail.User, From: c.Mail.From, Team: c.Team}
	langs := c.Langs
	if len(langs) == 0 {
		langs = kb.Langs[:]
	}
	in.Langs = joinLangs(langs)
	if in.Default == "" {
		in.Default = string(kb.English)
	}
	if in.Security == "" {
		in.Security = string(StartTLS)
	}
	if c.Mail.Port > 0 {
		in.Port = strconv.Itoa(c.Mail.Port)
	}
	return in
}

func joinLangs(ls []kb.Lang) string {
	words := make([]string, len(ls))
	for i, l := range ls {
		words[i] = string(l)
	}
	return strings.Join(words, " ")
}

// reading checks an input and collects what is wrong.
type reading struct {
	fixed  Fixed
	before Choices // a field that the operator fixed keeps what was saved
	fields []problem.Field
}

func (r *reading) wrong(field, key string, args map[string]any) {
	r.fields = append(r.fields, problem.Field{Name: field, Key: key, Args: args})
}

// err is everything that is wrong, as one problem; nil for nothing.
func (r *reading) err() error {
	if len(r.fields) == 0 {
		return nil
	}
	return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: r.fields}
}

// choices reads all but the mail server and the logo.
func (r *reading) choices(in Input) Choices {
	out := r.before
	if r.fixed.Name == "" {
		out.Name = r.name(in.Name)
	}
	if r.fixed.LegalURL == "" {
		out.Legal = r.url("legal", in.Legal)
	}
	out.Privacy, out.Terms = r.url("privacy", in.Privacy), r.url("terms", in.Terms)
	if r.fixed.Default == "" {
		l, err := kb.ParseLang(in.Default)
		if err != nil {
			r.wrong("default", "desk.settings.wrong_default", nil)
		}
		out.Default = l
	}
	r.langs(in.Langs, &out)
	if out.Team = strings.TrimSpace(in.Team); out.Team != "" {
		a, err := support.CheckEmail(out.Team)
		if out.Team = a; err != nil {
			r.wrong("team_mail", "problem.email", nil)
		}
	}
	if len(r.fixed.Sites) == 0 {
		out.Sites = r.sites(in.Sites)
	}
	out.Accent = strings.ToLower(strings.TrimSpace(in.Accent))
	if _, err := ParseColour(out.Accent); err != nil && out.Accent != "" {
		r.wrong("accent", "desk.settings.wrong_accent", nil)
	}
	return out
}

func (r *reading) name(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if n := utf8.RuneCountInString(s); n > MaxName {
		r.wrong("name", "problem.too_long", map[string]any{"max": MaxName, "n": n})
	}
	if strings.ContainsFunc(s, isControl) {
		r.wrong("name", "desk.settings.wrong_name", nil)
	}
	return s
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError }

// url reads an http address or a path of this help center; "" for none.
func (r *reading) url(field, s string) string {
	s = strings.TrimSpace(s)
	if s != "" && !isLink(s) {
		r.wrong(field, "desk.settings.wrong_url", nil)
	}
	return s
}

func isLink(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || strings.ContainsFunc(s, func(c rune) bool { return c == ' ' || c == '\\' || isControl(c) }) {
		return false
	}
	if strings.HasPrefix(s, "/") {
		return u.Host == "" && !strings.HasPrefix(s, "//")
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func (r *reading) langs(s string, out *Choices) {
	var ls []kb.Lang
	for _, word := range strings.Fields(s) {
		l, err := kb.ParseLang(word)
		if err != nil {
			r.wrong("langs", "desk.settings.wrong_langs", nil)
			return
		}
		ls = append(ls, l)
	}
	out.Langs = ordered(ls)
	by := r.fixed.Default
	if by == "" {
		by = out.Default
	}
	switch {
	case len(ls) == 0:
		r.wrong("langs", "desk.settings.wrong_langs", nil)
	case by != "" && !slices.Contains(ls, by):
		r.wrong("langs", "desk.settings.wrong_langs_default", nil)
	case len(out.Langs) == len(kb.Langs):
		out.Langs = nil // all of them
	}
}

func (r *reading) sites(s string) (out []string) {
	for i, line := range strings.Split(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		origin, secure, err := ParseOrigin(line)
		args := map[string]any{"line": i + 1, "text": clip(line, 80)}
		switch {
		case err != nil:
			r.wrong("sites", "desk.settings.wrong_site", args)
		case !secure:
			r.wrong("sites", "desk.settings.wrong_site_http", args)
		case !slices.Contains(out, origin):
			out = append(out, origin)
		}
	}
	if len(out) > maxSites {
		r.wrong("sites", "desk.settings.wrong_sites", map[string]any{"max": maxSites})
	}
	return out
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}

// ParseOrigin reads a site's origin and writes it as browsers do: scheme, host in ASCII lower case,
// and the port where it is not the scheme's own. secure is false for http to another machine.
func ParseOrigin(s string) (origin string, secure bool, err error) {
	wrong := errors.New("want an origin such as https://shop.example, without a path")
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", false, wrong
	}
	host, ok := asciiHost(u.Hostname())
	if !ok {
		return "", false, wrong
	}
	port := u.Port()
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) || strings.HasSuffix(u.Host, ":") {
		return "", false, wrong
	}
	secure = u.Scheme == "https" || Loopback(host)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && !(u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80") {
		host += ":" + port
	}
	return u.Scheme + "://" + host, secure, nil
}

// asciiHost is a host's name as machines write it; ok is false for what is none.
func asciiHost(s string) (host string, ok bool) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return ip.String(), true
	}
	host, err := idna.Lookup.ToASCII(s)
	return host, err == nil && host != "" && len(host) <= 253
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
}

// mail reads the mail server, but for its password.
func (r *reading) mail(in Input) Mail {
	out := r.before.Mail
	if r.fixed.MailFrom == "" {
		out.From = strings.TrimSpace(in.From)
		if a, err := netmail.ParseAddress(out.From); out.From != "" && (err != nil || len(out.From) > maxField || !strings.Contains(a.Address, "@")) {
			r.wrong("mail_from", "desk.settings.wrong_from", nil)
		}
	}
	if r.fixed.SMTPURL != "" {
		return out
	}
	out = Mail{From: out.From}
	typed := strings.TrimSpace(in.Host)
	if typed == "" { // none: whatever else stands there goes with it
		if strings.TrimSpace(in.User)+in.Password != "" {
			r.wrong("smtp_host", "desk.settings.wrong_host_missing", nil)
		}
		return out
	}
	var ok bool
	if out.Host, ok = asciiHost(typed); !ok {
		r.wrong("smtp_host", "desk.settings.wrong_host", nil)
	}
	out.Security = Security(in.Security)
	ports := map[Security]int{StartTLS: 587, TLS: 465, Plain: 25}
	if out.Port, ok = ports[out.Security]; !ok {
		r.wrong("smtp_security", "desk.settings.wrong_security", nil)
	}
	if p := strings.TrimSpace(in.Port); p != "" {
		n, err := strconv.Atoi(p)
		if out.Port = n; err != nil || n < 1 || n > 65535 {
			r.wrong("smtp_port", "desk.settings.wrong_port", nil)
		}
	}
	out.User = strings.TrimSpace(in.User)
	if len(out.User) > maxField || strings.ContainsFunc(out.User, isControl) {
		r.wrong("smtp_user", "desk.settings.wrong_user", nil)
	}
	if out.User == "" && in.Password != "" {
		r.wrong("smtp_user", "desk.settings.wrong_user_missing", nil)
	}
	if len(in.Password) > maxField || strings.ContainsFunc(in.Password, isControl) {
		r.wrong("smtp_password", "desk.settings.wrong_password", nil)
	}
	if out.User != "" && out.Security == Plain && !Loopback(out.Host) {
		r.wrong("smtp_security", "desk.settings.wrong_plain", nil)
	}
	return out
}

// Clash is what a save met that somebody else had been faster than. It is the private cause of a
// Conflict.
type Clash struct {
	Merged Input             // what was typed, on top of what is saved now
	Theirs map[string]string // by field: what is saved now, where both changed the same
	Saved  Saved             // the newest, with who and when
}

// Error names the fields.
func (c *Clash) Error() string {
	return "changed meanwhile: " + strings.Join(slices.Sorted(maps.Keys(c.Theirs)), ", ")
}

// merge puts what was typed on top of theirs; base is what the page had shown.
func merge(mine, base, theirs Input) (merged Input, both map[string]string) {
	both = map[string]string{}
	merged = mine
	merged.Version = theirs.Version
	was, is := base.texts(), theirs.texts()
	for name, text := range merged.texts() {
		switch {
		case *text == *was[name]:
			*text = *is[name]
		case *is[name] != *was[name] && *is[name] != *text:
			both[name] = *is[name]
		}
	}
	return merged, both
}
