package httpapi

import (
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/kb"
)

const settingsPath = "/desk/settings"

// settingsPage is what admins decide, as one form: whichever button is pressed, all that was typed
// comes back.
type settingsPage struct {
	deskView
	Form       site.Form
	Errors     formErrors
	Notice     string
	Theirs     map[string]string // by field: what another admin saved meanwhile
	Accent     *site.Theme       // of the colour that was typed; nil for none, or a wrong one
	Sent       string            // a logo that is not saved yet, in base64
	SentURL    template.URL      // the same, to be looked at
	Remove     bool              // the logo
	Kept       string            // a password that was typed, sealed
	TestTo     string
	TestDone   string // to whom a test mail went
	TestFailed string // why it did not
	TestSaid   string // what the server said of it
}

// By names the variable that fixes a field, or "".
func (p settingsPage) By(field string) string { return p.Form.Fixed.By(field) }

// Offered are all languages, and whether the form offers them.
func (p settingsPage) Offered() (out []struct {
	kb.Lang
	On bool
}) {
	chosen := strings.Fields(p.Form.Langs)
	for _, l := range kb.Langs {
		out = append(out, struct {
			kb.Lang
			On bool
		}{l, slices.Contains(chosen, string(l))})
	}
	return out
}

// ServerHost is the mail server that the operator fixed, without its password.
func (p settingsPage) ServerHost() string {
	if u, err := url.Parse(p.Form.Fixed.SMTPURL); err == nil {
		return u.Host
	}
	return ""
}

// pageSettings shows what admins decide about the help center, to them.
func (s *Server) pageSettings(c *gin.Context) error {
	return s.settingsPage(c, http.StatusOK, func(p *settingsPage) {
		if c.Query("saved") != "" {
			p.Notice = p.T("desk.settings.saved")
		}
	})
}

func (s *Server) settingsPage(c *gin.Context, status int, with func(*settingsPage)) error {
	v, err := s.staff(c, "settings", "desk.settings")
	if err != nil {
		return err
	}
	p := settingsPage{deskView: v}
	if p.Form, err = s.Settings.Form(c.Request.Context(), actor(c)); err != nil {
		return err
	}
	if a := actor(c).Agent; strings.Contains(a.Email, "@") {
		p.TestTo = a.Email
	}
	with(&p)
	// What the operator fixed is shown in the place of what was saved.
	for field, fixed := range map[*string]string{&p.Form.Name: p.Form.Fixed.Name, &p.Form.Legal: p.Form.Fixed.LegalURL,
		&p.Form.Default: string(p.Form.Fixed.Default), &p.Form.From: p.Form.Fixed.MailFrom, &p.Form.Sites: strings.Join(p.Form.Fixed.Sites, "\n")} {
		if fixed != "" {
			*field = fixed
		}
	}
	if t, err := site.NewTheme(p.Form.Accent); err == nil {
		p.Accent = &t
	}
	return s.render(c, status, "desk/settings", p)
}

// pageSettingsSend saves the form, for admins; or, by its other buttons, tries its mail server or shows
// its colour, and saves nothing.
func (s *Server) pageSettingsSend(c *gin.Context) error {
	if _, err := s.staff(c, "settings", "desk.settings"); err != nil {
		return err
	}
	if !actor(c).IsAdmin() { // before the form is read, which may be long
		return problem.New(problem.Forbidden, "")
	}
	fields, err := form(c)
	if m := c.Request.MultipartForm; m != nil {
		defer m.RemoveAll()
	}
	if err != nil {
		return err
	}
	in, err := settingsInput(c, fields)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	typed := func(p *settingsPage) {
		p.Form.Input, p.Kept, p.TestTo, p.Remove = in, s.Settings.KeepPassword(in), fields.Get("test_to"), in.RemoveLogo
		p.Form.Password = ""
		if p.Kept != "" || p.Form.Saved.Password != "" {
			p.Form.Password = "kept"
		}
		if _, png, err := site.ReadLogo(in.NewLogo); err == nil {
			p.Sent = base64.StdEncoding.EncodeToString(png)
			p.SentURL = template.URL("data:image/png;base64," + p.Sent)
		}
	}
	switch fields.Get("do") {
	case "show":
		return s.settingsPage(c, http.StatusOK, func(p *settingsPage) {
			typed(p)
			if _, err := site.ParseColour(strings.ToLower(strings.TrimSpace(in.Accent))); err != nil && in.Accent != "" {
				p.Errors = formErrors{p.N("form.errors", 1), []fieldLink{{"accent", p.T("desk.settings.wrong_accent")}}}
			}
		})
	case "test":
		err = s.Settings.TestMail(ctx, actor(c), in, fields.Get("test_to"), lang(c))
		var failed *site.MailFailure
		if err == nil || errors.As(err, &failed) {
			return s.settingsPage(c, http.StatusOK, func(p *settingsPage) {
				typed(p)
				if failed == nil {
					p.TestDone = p.TestTo
					return
				}
				p.TestFailed, p.TestSaid = p.T(mailCauses[failed.Cause]), failed.Said
			})
		}
	default:
		err = s.Settings.Save(ctx, actor(c), in)
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, settingsPath+"?saved=1")
		return nil
	}
	problems, status, again := s.formProblem(c, err, nil)
	if !again {
		return err
	}
	return s.settingsPage(c, status, func(p *settingsPage) {
		typed(p)
		p.Errors = problems
		var clash *site.Clash
		if errors.As(err, &clash) {
			p.Form.Input, p.Theirs = clash.Merged, clash.Theirs
			for name, text := range clash.Theirs {
				switch {
				case text == "":
					p.Theirs[name] = p.T("desk.settings.nothing")
				case name == "langs", name == "default":
					p.Theirs[name] = langNames(text)
				case name == "smtp_security":
					p.Theirs[name] = p.T("desk.settings" + ".security_" + text)
				}
			}
		}
	})
}

// langNames are the names of languages by their codes.
func langNames(codes string) string {
	var names []string
	for _, code := range strings.Fields(codes) {
		names = append(names, langName(kb.Lang(code)))
	}
	return strings.Join(names, ", ")
}

// mailCauses are the sentences for what kept a test mail from leaving.
var mailCauses = map[string]string{
	site.MailRefused:     "desk.settings.test_refused",
	site.MailNoHost:      "desk.settings.test_no_host",
	site.MailSilent:      "desk.settings.test_silent",
	site.MailCertificate: "desk.settings.test_certificate",
	site.MailNoTLS:       "desk.settings.test_no_tls",
	site.MailPassword:    "desk.settings.test_password",
	site.MailSender:      "desk.settings.test_sender",
	site.MailRecipient:   "desk.settings.test_recipient",
	site.MailOther:       "desk.settings.test_other",
}

// settingsInput reads the form. A file that was chosen wins over one that was sent before and is still
// waiting to be saved.
func settingsInput(c *gin.Context, f url.Values) (in site.Input, err error) {
	version, _ := strconv.ParseInt(f.Get("version"), 10, 64) // what is no number is not the newest, and says so
	in = site.Input{Version: version, Name: f.Get("name"), Legal: f.Get("legal"), Privacy: f.Get("privacy"), Terms: f.Get("terms"),
		Default: f.Get("default"), Langs: strings.Join(f["langs"], " "), Sites: strings.ReplaceAll(f.Get("sites"), "\r\n", "\n"),
		Accent: f.Get("accent"), Host: f.Get("smtp_host"), Port: f.Get("smtp_port"), Security: f.Get("smtp_security"),
		User: f.Get("smtp_user"), From: f.Get("mail_from"), Team: f.Get("team_mail"), Password: f.Get("smtp_password"), KeptPassword: f.Get("smtp_kept"),
		RemoveLogo: f.Get("logo_remove") != ""}
	if m := c.Request.MultipartForm; m != nil && len(m.File["logo"]) > 0 && m.File["logo"][0].Size > 0 {
		file, err := m.File["logo"][0].Open()
		if err != nil {
			return in, err
		}
		defer file.Close()
		in.NewLogo, err = io.ReadAll(io.LimitReader(file, site.MaxLogoBytes+1))
		return in, err
	}
	if kept := f.Get("logo_sent"); kept != "" && !in.RemoveLogo {
		in.NewLogo, err = base64.StdEncoding.DecodeString(kept)
		if err != nil {
			return in, problem.From(problem.Invalid, "problem.form", err)
		}
	}
	return in, nil
}
