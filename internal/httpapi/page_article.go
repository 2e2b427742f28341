package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
	"guichet/kb/markdown"
)

// crumb is a step of the way to a page.
type crumb struct {
	URL  string
	Text string
}

// articlePage is an article as readers see it.
type articlePage struct {
	view
	publish.Page  // Article, UpdatedAt, Translations, Related
	Crumbs        []crumb
	Contents      []markdown.Heading // empty where there is too little to find one's way in
	Body          template.HTML
	Cite          string // of ?cite=: "marked", "changed" since, "" for none
	Feedback      string // what the reader has said: "", "yes", "no" (and may add a comment), "thanks"
	FeedbackError string
	Comment       string // typed
}

// pageArticle shows an article, for anybody who may read it. An old slug leads on to the new one.
func (s *Server) pageArticle(c *gin.Context) error {
	return s.articlePage(c, http.StatusOK, func(p *articlePage) {
		switch f := c.Query("feedback"); f {
		case "yes", "no", "thanks":
			p.Feedback = f
		}
	})
}

func (s *Server) articlePage(c *gin.Context, status int, with func(*articlePage)) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	ctx, audience := c.Request.Context(), actor(c).Audience()
	p := articlePage{view: v}
	if p.Page, err = s.Reading.Page(ctx, v.Lang, c.Param("slug"), audience); err != nil {
		return err
	}
	a := p.Article
	if a.Slug != c.Param("slug") {
		to := articlePath(a.Lang, a.Slug)
		if c.Request.URL.RawQuery != "" {
			to += "?" + c.Request.URL.RawQuery
		}
		c.Redirect(http.StatusMovedPermanently, to)
		return nil
	}
	if err := s.body(ctx, c, &p, audience); err != nil {
		return err
	}
	p.Title = a.Title
	if p.Collection.Key != "" {
		p.Crumbs = []crumb{{collectionPath(v.Lang, p.Collection.Key), p.Collection.Title(v.Lang)}}
	}
	s.languages(c, &p)
	p.OpenGraph, p.Linked = "article", s.linked(&p)
	with(&p)
	return s.render(c, status, "article", p)
}

// languages leads the switcher to the article's translations, and search engines too; a language
// that lacks it leads to its collection there.
func (s *Server) languages(c *gin.Context, p *articlePage) {
	in := map[kb.Lang]string{}
	var translated []link
	for _, t := range p.Translations {
		in[t.Lang] = articlePath(t.Lang, t.Slug)
		translated = append(translated, link{t.Lang, in[t.Lang]})
	}
	s.describe(c, &p.view, translated)
	p.Switch = s.switchTo(c, func(l kb.Lang) string {
		switch {
		case in[l] != "":
			return in[l]
		case p.Collection.Key != "":
			return collectionPath(l, p.Collection.Key)
		}
		return homePath(l)
	})
}

var articleLink = regexp.MustCompile(`article:([A-Za-z0-9._/-]+)`)

// body renders the article's text, with the passage marked that ?cite= names.
func (s *Server) body(ctx context.Context, c *gin.Context, p *articlePage, audience kb.Audience) error {
	a := p.Article
	var groups []kb.GroupID
	for _, m := range articleLink.FindAllStringSubmatch(a.Body, -1) {
		groups = append(groups, kb.GroupID(m[1]))
	}
	var slugs map[kb.GroupID]string
	if len(groups) > 0 {
		var err error
		if slugs, err = s.Reading.Slugs(ctx, a.Lang, groups, audience); err != nil {
			return err
		}
	}
	html, err := markdown.Render(a.Body, markdown.Options{
		Article: func(group string) (string, bool) {
			slug, ok := slugs[kb.GroupID(group)]
			return articlePath(a.Lang, slug), ok
		},
		CalloutLabels: map[string]string{"note": p.T("article.note"), "tip": p.T("article.tip"), "warning": p.T("article.warning")},
		SectionEnd: `<p class="to-top"><a href="#top"><span aria-hidden="true">↑</span> ` +
			template.HTMLEscapeString(p.T("article.back_to_top")) + `</a></p>`,
	})
	if err != nil {
		return err
	}
	// A table may be wider than a phone: its box scrolls, so the keyboard has to reach it.
	html.Body = strings.ReplaceAll(html.Body, `<div class="table">`,
		`<div class="table" role="group" tabindex="0" aria-label="`+template.HTMLEscapeString(p.T("article.table"))+`">`)
	if cite := c.Query("cite"); cite != "" {
		p.Cite = "changed"
		if quote, anchor, ok := cited(a, p.Version, cite); ok {
			if marked, found := markdown.Mark(html.Body, quote, anchor); found {
				html.Body, p.Cite = marked, "marked"
			}
		}
	}
	if len(html.TOC) > 1 {
		for _, h := range html.TOC {
			if h.Level <= 3 {
				p.Contents = append(p.Contents, h)
			}
		}
	}
	if doc, err := markdown.Read(a.Body); err == nil && len(doc.Sections) > 0 && len(doc.Sections[0].Blocks) > 0 {
		p.Description = clip(doc.Sections[0].Blocks[0].Text, 155)
	}
	p.Body = template.HTML(typeset(p.Lang, html.Body)) // Render has let through what is safe alone
	return nil
}

// cited finds the words that a citation's address stands for, as citationPath wrote it: the hash of
// a run of sentences of a passage. Where the passage is gone or reads otherwise by now, there is none.
func cited(a kb.Article, version int, cite string) (quote, anchor string, ok bool) {
	id, hash, _ := strings.Cut(cite, ".")
	doc, err := markdown.Read(a.Body)
	if err != nil {
		return "", "", false
	}
	for _, p := range kb.Split(a, version, doc) {
		if string(p.ID) != id {
			continue
		}
		for i, first := range p.Sentences {
			for _, last := range p.Sentences[i:] {
				if q := p.Text[first.Start:last.End]; kb.HashText(q).String() == hash {
					return q, p.Anchor, true
				}
			}
		}
	}
	return "", "", false
}

// visitorCookie tells one reader's votes from another's, and nothing else.
const visitorCookie = "guichet_visitor"

// visitor returns the hash by which a reader's vote is kept, and sets the cookie where there is none.
func (s *Server) visitor(c *gin.Context) []byte {
	id, err := c.Cookie(visitorCookie)
	if err != nil || len(id) < 20 || len(id) > 64 {
		id = rand.Text()
		http.SetCookie(c.Writer, &http.Cookie{Name: visitorCookie, Value: id, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: s.BaseURL.Scheme == "https", SameSite: http.SameSiteLaxMode})
	}
	sum := sha256.Sum256([]byte(visitorCookie + id))
	return sum[:]
}

// pageFeedback keeps a reader's vote on an article, for anybody who may read it. A « no » is kept at
// once; the comment that may follow replaces it.
func (s *Server) pageFeedback(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	fields, err := form(c)
	if err == nil {
		err = s.take(c)
	}
	comment := strings.TrimSpace(strings.ReplaceAll(fields.Get("comment"), "\r\n", "\n"))
	if n := utf8.RuneCountInString(comment); err == nil && n > publish.MaxComment {
		err = problem.InvalidField("comment", "problem.too_long").With("max", publish.MaxComment).With("n", n)
	}
	said := fields.Get("helpful")
	if err == nil && said != "yes" && said != "no" {
		err = problem.New(problem.Invalid, "problem.form")
	}
	ctx := c.Request.Context()
	var page publish.Page
	if err == nil {
		page, err = s.Reading.Page(ctx, v.Lang, c.Param("slug"), actor(c).Audience())
	}
	if err == nil {
		err = s.Reading.SaveFeedback(ctx, publish.Feedback{Article: page.Article.ID, Version: page.Version,
			Visitor: s.visitor(c), Helpful: said == "yes", Comment: comment, CreatedAt: s.Now()})
	}
	if err != nil {
		problems, status, again := s.formProblem(c, err, map[string]string{"comment": "feedback-comment"})
		if !again || said != "no" {
			return err
		}
		return s.articlePage(c, status, func(p *articlePage) {
			p.Feedback, p.Comment = "no", comment
			if p.FeedbackError = problems.For("feedback-comment"); p.FeedbackError == "" {
				p.FeedbackError = problems.Title
			}
		})
	}
	if comment != "" {
		said = "thanks"
	}
	c.Redirect(http.StatusSeeOther, articlePath(v.Lang, page.Article.Slug)+"?feedback="+said+"#feedback")
	return nil
}
