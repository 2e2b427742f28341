package httpapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/kb"
)

// offered leads readers from a language that admins no longer offer to the same page in the default
// one. A form that was open when they decided so is still taken: what a member wrote is not lost. An
// article that no offered language has stays readable where it is, since answers cite it.
func (s *Server) offered(c *gin.Context) {
	from, err := kb.ParseLang(c.Param("lang"))
	site := decided(c)
	if err != nil || c.FullPath() == "" || string(from) != c.Param("lang") || site.Offers(from) || wantsJSON(c) ||
		c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		return
	}
	to := "/" + string(site.Default) + strings.TrimPrefix(c.Request.URL.EscapedPath(), "/"+string(from))
	if c.FullPath() == "/:lang/articles/:slug" {
		page, err := s.Reading.Page(c.Request.Context(), from, c.Param("slug"), actor(c).Audience())
		if err != nil && !problem.Is(err, problem.NotFound) {
			c.Abort()
			s.fail(c, err)
			return
		}
		var in []link
		for _, t := range page.Translations {
			if site.Offers(t.Lang) {
				in = append(in, link{t.Lang, articlePath(t.Lang, t.Slug)})
			}
		}
		if to = defaultOf(in, site.Default); to == "" {
			return // not found, or nowhere else
		}
	}
	if c.Request.URL.RawQuery != "" {
		to += "?" + c.Request.URL.RawQuery
	}
	c.Header("Cache-Control", "no-cache")
	c.Redirect(http.StatusFound, to)
	c.Abort()
}
