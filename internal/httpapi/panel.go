package httpapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/support"
	"guichet/kb"
)

// panelTexts are the keys, and the beginnings of keys, of what the panel says. Each is sent with every
// panel, so what it does not say is not here.
var panelTexts = []string{
	"widget.", "subject.", "contact_first.", "existing.", "status.", "handoff.", "courtesy.",
	"action.copied", "action.copy",
	"answer.assistant", "answer.clarify", "answer.in_lang", "answer.made_from", "answer.nearest", "answer.original", "answer.reading", "answer.searching",
	"answer.source_n", "answer.sources", "answer.talk", "answer.translated", "answer.unknown", "answer.unknown_next", "answer.why",
	"article.changed_since", "article.cited", "article.related", "article.updated",
	"ask.failed", "ask.hint", "ask.label", "ask.placeholder",
	"channel.email_start", "channel.recommended",
	"feedback.comment", "feedback.hint", "feedback.improve", "feedback.no", "feedback.question", "feedback.send",
	"feedback.thanks", "feedback.yes",
	"home.articles", "home.collections", "home.popular", "home.title",
	"problem.text_missing", "problem.too_long",
	"request.category", "request.category_choose", "request.email", "request.email_hint", "request.email_known", "request.help_us",
	"request.missing", "request.missing_send", "request.missing_text", "request.next", "request.next_known", "request.no", "request.send",
	"request.suggested", "request.yes",
	"request.text", "request.text_hint", "request.title",
	"search.ask_instead", "search.found", "search.label", "search.none",
	"space.new", "space.next", "space.none", "space.none_found", "space.search",
	"thread.team", "thread.you",
	"ticket.held_text", "ticket.held_title", "ticket.promised", "ticket.reopen", "ticket.solved", "ticket.spam_hint", "ticket.title",
}

// panelConfig is what the panel's script starts from.
type panelConfig struct {
	Lang        kb.Lang        `json:"lang"`
	Tag         string         `json:"tag"`
	Site        string         `json:"site"`
	Langs       []panelLang    `json:"langs"`
	Sites       []string       `json:"sites"` // origins of the pages that may hold the panel
	Categories  []categoryJSON `json:"categories"`
	Promise     string         `json:"promise"` // first answer by, for a request made now
	Zone        string         `json:"zone"`
	MaxQuestion int            `json:"maxQuestion"`
	MaxRequest  int            `json:"maxRequest"`
	Attach      string         `json:"attach"` // script that comes with a form: it takes files, and works for a guest's request
	Texts       map[string]any `json:"texts"`
}

type panelLang struct {
	Lang kb.Lang `json:"lang"`
	Tag  string  `json:"tag,omitempty"` // where it is not the same
	Name string  `json:"name"`
}

// pagePanel is the widget's panel, for the frame that the loader makes in a page of an allowed site.
func (s *Server) pagePanel(c *gin.Context) error {
	setPolicy(c, strings.Join(append([]string{"'self'"}, decided(c).Sites...), " "))
	// A page that isolates itself lets in only frames that allow it.
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Writer.Header().Del("Cross-Origin-Opener-Policy")
	return s.panel(c, "frame")
}

// pageChat is the same panel as a page of its own, for anybody.
func (s *Server) pageChat(c *gin.Context) error { return s.panel(c, "page") }

// chatRoot sends a reader to the chat in the first of the browser's languages that is offered.
func (s *Server) chatRoot(c *gin.Context) error {
	to := "/" + string(lang(c)) + "/chat"
	if c.Request.URL.RawQuery != "" {
		to += "?" + c.Request.URL.RawQuery
	}
	c.Header("Vary", "Accept-Language")
	c.Header("Cache-Control", "no-cache")
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

func (s *Server) panel(c *gin.Context, mode string) error {
	v, err := s.reader(c, "ask.title")
	if err != nil {
		return err
	}
	v.NoIndex = true
	data := struct {
		view
		Mode   string
		Config panelConfig
	}{view: v, Mode: mode, Config: panelConfig{
		Lang: v.Lang, Tag: v.Tag(), Site: v.SiteName, Sites: []string{}, Langs: []panelLang{},
		Categories: s.categories(v.Lang), Promise: v.T("channel.answer_by", "date", v.DateTime(v.PromiseNow)),
		Zone: v.zone.String(), MaxQuestion: kb.MaxQuestion, MaxRequest: support.MaxRequest, Attach: s.assets.url("attach.js"), Texts: v.words.Texts(panelTexts...),
	}}
	data.Config.Sites = append(data.Config.Sites, decided(c).Sites...)
	for _, l := range decided(c).Langs {
		other := panelLang{Lang: l, Name: langName(l)}
		if l.Tag() != string(l) {
			other.Tag = l.Tag()
		}
		data.Config.Langs = append(data.Config.Langs, other)
	}
	return s.render(c, http.StatusOK, "panel", data)
}
