package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/locale"
	"guichet/internal/problem"
	"guichet/kb"
)

// pages holds the parsed templates, by the name of their file: "home", "desk/tickets".
type pages struct {
	set map[string]*template.Template
}

// loadPages parses every page of the templates folder together with the files that all of them
// share. A broken one is an error at the start, not at the first reader.
func loadPages(c Config, asset func(name string) string) (*pages, error) {
	templates, err := fs.Sub(c.Web, "templates")
	if err != nil {
		return nil, err
	}
	shared := []string{"layout.html", "desk-layout.html", "desk-parts.html", "parts.html", "thread.html", "files.html", "icons.html", "desk/dossier.html", "desk/fields.html"}
	base, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"asset": asset, "typeset": typeset, "cells": cells, "dict": dict, "langName": langName,
	}).ParseFS(templates, shared...)
	if err != nil {
		return nil, err
	}
	p := &pages{set: map[string]*template.Template{}}
	for _, pattern := range []string{"*.html", "desk/*.html"} {
		names, err := fs.Glob(templates, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			t, err := base.Clone()
			if err != nil {
				return nil, err
			}
			if t, err = t.ParseFS(templates, name); err != nil {
				return nil, err
			}
			p.set[strings.TrimSuffix(name, ".html")] = t
		}
	}
	return p, nil
}

// cells puts dashes between the cells of a table's row, which stand with bars between them in a
// passage's text.
func cells(s string) string { return strings.ReplaceAll(s, " | ", " – ") }

// dict makes one value of several, for a template that takes more than one.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// langName is a language's name in itself, so that whoever speaks it finds it.
func langName(l kb.Lang) string {
	switch l {
	case kb.English:
		return "English"
	case kb.Spanish:
		return "Español"
	case kb.Italian:
		return "Italiano"
	case kb.French:
		return "Français"
	case kb.Dutch:
		return "Nederlands"
	case kb.German:
		return "Deutsch"
	case kb.Chinese:
		return "中文"
	case kb.Portuguese:
		return "Português"
	case kb.Polish:
		return "Polski"
	}
	return string(l)
}

// render responds with a page. It is whole before its first byte leaves, so that a template that
// fails is an error page and not half a page.
func (s *Server) render(c *gin.Context, status int, name string, data any) error {
	t, ok := s.pages.set[name]
	if !ok {
		return fmt.Errorf("httpapi: no page %q", name)
	}
	layout := "layout"
	if path.Dir(name) == "desk" {
		layout = "desk-layout"
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, layout, data); err != nil {
		return fmt.Errorf("httpapi: page %s: %w", name, err)
	}
	const kind = "text/html; charset=utf-8"
	body := bytes.ReplaceAll(b.Bytes(), []byte(s.nonce), []byte(c.GetString(keyNonce)))
	if c.Writer.Header().Get("Cache-Control") == "" {
		c.Header("Cache-Control", "no-cache")
		if mine(c) != nil { // what one member is shown is nobody else's
			c.Header("Cache-Control", "private, no-cache")
		}
		if status == http.StatusOK && c.Request.Method != http.MethodPost {
			sendTagged(c, kind, body, bytes.ReplaceAll(b.Bytes(), []byte(s.nonce), nil))
			return nil
		}
	}
	c.Data(status, kind, body)
	return nil
}

// link is one language of a page.
type link struct {
	Lang kb.Lang
	URL  string
}

// view is what every page needs; its methods are the words of the templates.
type view struct {
	Lang        kb.Lang
	SiteName    string
	Title       string // of the page, in front of the site's name
	Description string
	Canonical   string
	NoIndex     bool
	Alternates  []link // the same page in other languages, for search engines
	XDefault    string // and for readers of none of them
	OpenGraph   string // type of the page, where it is one to be shared: "website", "article"
	Linked      any    // JSON-LD; nil for none
	Box         bool   // the page has a question box of its own
	Feed        string // of new articles; "" for none
	Switch      []link // where the language switcher leads
	LegalURL    string
	PrivacyURL  string
	TermsURL    string
	Theme       string // stylesheet of the chosen colour; "" for none
	Logo        logoView
	Nonce       string    // of the page's scripts and styles; render puts the answer's own in its place
	PromiseNow  time.Time // first answer by, for a request made now
	mine        *mineView // of a member who is signed in; nil for others
	zone        *time.Location
	words       *locale.Printer
}

// ForStaff says that a page is not the desk's.
func (view) ForStaff() bool { return false }

// T says a text; args are names and values in turn.
func (v view) T(key string, args ...any) string { return v.words.T(key, pairs(args)) }

// N says a text in the plural form of n.
func (v view) N(key string, n int, args ...any) string { return v.words.N(key, n, pairs(args)) }

// Tag is the language as HTML names it.
func (v view) Tag() string { return v.Lang.Tag() }

// OpenSearch is the description of the search.
func (v view) OpenSearch() string { return openSearchPath(v.Lang) }

// Locale is the language with a territory, as Open Graph wants it.
func (v view) Locale() string {
	switch v.Lang {
	case kb.English:
		return "en_GB"
	case kb.Chinese:
		return "zh_CN"
	}
	return string(v.Lang) + "_" + strings.ToUpper(string(v.Lang))
}

// Date is a day.
func (v view) Date(t time.Time) string { return v.words.Date(t, v.zone) }

// DateTime is a moment near now, with its zone.
func (v view) DateTime(t time.Time) string { return v.words.DateTime(t, v.zone) }

// Moment is a moment of any year.
func (v view) Moment(t time.Time) string { return v.words.Moment(t, v.zone) }

// ISO is a moment for machines.
func (v view) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Readings are the lines said while an answer is made of one, two or three articles, as JSON: the
// script that says them has no plural rules of its own.
func (v view) Readings() string {
	var lines []string
	for n := 1; n <= 3; n++ {
		lines = append(lines, v.N("answer.reading", n))
	}
	b, err := json.Marshal(lines)
	if err != nil {
		return "[]"
	}
	return string(b)
}

// maxFound is how many articles are shown while one types.
const maxFound = 6

// Found are the lines said when so many articles are found while one types, from none to maxFound.
func (v view) Found() string {
	var lines []string
	for n := range maxFound + 1 {
		lines = append(lines, v.N("search.found", n))
	}
	b, err := json.Marshal(lines)
	if err != nil {
		return "[]"
	}
	return string(b)
}

func pairs(args []any) map[string]any {
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		m[fmt.Sprint(args[i])] = args[i+1]
	}
	return m
}

// reader prepares a page of the help center; NotFound if the address begins with none of the nine.
func (s *Server) reader(c *gin.Context, titleKey string) (view, error) {
	if string(lang(c)) != c.Param("lang") {
		return view{}, problem.New(problem.NotFound, "")
	}
	return s.view(c, titleKey), nil
}

// view prepares a page in the reader's language; titleKey "" leaves the title to the handler.
func (s *Server) view(c *gin.Context, titleKey string) view {
	l := lang(c)
	site := decided(c)
	v := view{Lang: l, SiteName: site.Name, LegalURL: site.LegalURL, PrivacyURL: site.PrivacyURL, TermsURL: site.TermsURL,
		Theme: themeURL(site), Logo: newLogoView(site.Logo), Nonce: s.nonce, words: s.Catalogs.For(l), zone: s.Handoff.Zone(), mine: s.mineView(c)}
	if v.SiteName == "" {
		v.SiteName = v.T("site.name")
	}
	if titleKey != "" {
		v.Title = v.T(titleKey)
	}
	v.PromiseNow = s.Handoff.Promise()
	v.Switch = s.switchTo(c, func(to kb.Lang) string { return "" })
	return v
}

// switchTo builds the language switcher: where other says "", it is the same address in the other
// language.
func (s *Server) switchTo(c *gin.Context, other func(kb.Lang) string) []link {
	rest, query := "", ""
	if from := c.Param("lang"); from != "" && c.Request.Method != http.MethodPost {
		rest = strings.TrimPrefix(c.Request.URL.EscapedPath(), "/"+from)
		if c.Request.URL.RawQuery != "" {
			query = "?" + c.Request.URL.RawQuery
		}
	}
	var out []link
	for _, l := range decided(c).Langs {
		to := other(l)
		if to == "" {
			to = "/" + string(l) + rest + query
		}
		out = append(out, link{l, to})
	}
	return out
}

// errorPage answers with a page that says what happened and what to do next.
func (s *Server) errorPage(c *gin.Context, status int, p *problem.Error) {
	if first, _, _ := strings.Cut(strings.TrimPrefix(c.Request.URL.Path, "/"), "/"); c.Param("lang") == "" {
		for _, l := range kb.Langs {
			if string(l) == first && decided(c).Offers(l) { // no route: the address itself says the language
				c.Set(keyLang, l)
			}
		}
	}
	if c.FullPath() == "" && !decided(c).Offers(lang(c)) {
		c.Set(keyLang, decided(c).Default)
	}
	if status < 400 || status == statusClientGone { // nobody is there to read it
		c.Status(status)
		return
	}
	name := "error"
	data := struct {
		deskView
		Status        int
		Heading, Text string
		Enter         string // where a guest of the desk signs in
	}{Status: status, Enter: "/desk/sign-in"}
	if c.Request.URL.Path == "/desk" || strings.HasPrefix(c.Request.URL.Path, "/desk/") {
		name = "desk/error"
		data.deskView = s.deskView(c, "", "")
		if next := localDesk(c.Request.URL.RequestURI()); c.Request.Method == http.MethodGet && next != deskHome {
			data.Enter += "?next=" + url.QueryEscape(next)
		}
	} else {
		data.view = s.view(c, "")
	}
	data.NoIndex = true
	data.Heading = data.T("error." + string(p.Kind))
	data.Title, data.Text = data.Heading, s.say(c, p)
	if err := s.render(c, status, name, data); err != nil {
		s.Log.Error("http: the error page failed", "err", err)
		c.String(status, "%s\n", data.Text)
	}
}
