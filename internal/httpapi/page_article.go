package httpapi

import (
	"context"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

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
	publish.Page // Article, UpdatedAt, Translations, Related
	rendered     // Contents, Body, Cite
	Crumbs       []crumb
	Feedback     feedbackView
}

// pageArticle shows an article, for anybody who may read it. An old slug leads on to the new one.
func (s *Server) pageArticle(c *gin.Context) error {
	return s.articlePage(c, http.StatusOK, func(*articlePage) {})
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
	if p.rendered, err = s.renderArticle(ctx, v, p.Page, c.Query("cite"), audience, `<p class="to-top"><a href="#top"><span aria-hidden="true">↑</span> `+
		template.HTMLEscapeString(v.T("article.back_to_top"))+`</a></p>`); err != nil {
		return err
	}
	p.Description = p.Lead
	p.Title = a.Title
	if p.Collection.Key != "" {
		p.Crumbs = []crumb{{collectionPath(v.Lang, p.Collection.Key), p.Collection.Title(v.Lang)}}
	}
	s.languages(c, &p)
	p.OpenGraph, p.Linked = "article", s.linked(&p)
	if err := s.articleFeedback(c, &p); err != nil {
		return err
	}
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

// rendered is an article's text, ready to be shown.
type rendered struct {
	Body     template.HTML
	Contents []markdown.Heading // empty where there is too little to find one's way in
	Cite     string             // of ?cite=: "marked", "changed" since, "" for none
	Lead     string             // its first words, for search engines
}

// renderArticle renders an article's text in the words of v, with the passage marked that cite names;
// sectionEnd is HTML to stand after each section.
func (s *Server) renderArticle(ctx context.Context, v view, page publish.Page, cite string, audience kb.Audience, sectionEnd string) (out rendered, err error) {
	a := page.Article
	var groups []kb.GroupID
	for _, m := range articleLink.FindAllStringSubmatch(a.Body, -1) {
		groups = append(groups, kb.GroupID(m[1]))
	}
	var slugs map[kb.GroupID]string
	if len(groups) > 0 {
		if slugs, err = s.Reading.Slugs(ctx, a.Lang, groups, audience); err != nil {
			return out, err
		}
	}
	html, err := markdown.Render(a.Body, markdown.Options{
		Article: func(group string) (string, bool) {
			slug, ok := slugs[kb.GroupID(group)]
			return articlePath(a.Lang, slug), ok
		},
		CalloutLabels: map[string]string{"note": v.T("article.note"), "tip": v.T("article.tip"), "warning": v.T("article.warning")},
		SectionEnd:    sectionEnd,
	})
	if err != nil {
		return out, err
	}
	// A table may be wider than a phone: its box scrolls, so the keyboard has to reach it.
	html.Body = strings.ReplaceAll(html.Body, `<div class="table">`,
		`<div class="table" role="group" tabindex="0" aria-label="`+template.HTMLEscapeString(v.T("article.table"))+`">`)
	if cite != "" {
		out.Cite = "changed"
		if quote, anchor, ok := cited(a, page.Version, cite); ok {
			if marked, found := markdown.Mark(html.Body, quote, anchor); found {
				html.Body, out.Cite = marked, "marked"
			}
		}
	}
	if len(html.TOC) > 1 {
		for _, h := range html.TOC {
			if h.Level <= 3 {
				out.Contents = append(out.Contents, h)
			}
		}
	}
	if doc, err := markdown.Read(a.Body); err == nil && len(doc.Sections) > 0 && len(doc.Sections[0].Blocks) > 0 {
		out.Lead = clip(doc.Sections[0].Blocks[0].Text, 155)
	}
	out.Body = template.HTML(typeset(v.Lang, html.Body)) // Render has let through what is safe alone
	return out, nil
}

// cited finds the words that a citation's address stands for, as assistant.Citation wrote it: the hash of
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
