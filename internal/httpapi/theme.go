package httpapi

import (
	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/site"
)

// What admins have chosen of the looks is served beside the built files.
const (
	themeFile = "theme.css"
	logoFile  = "logo.png"
)

// themeURL is the address of the stylesheet that puts the chosen colour over the product's own; "" where
// none is chosen.
func themeURL(s site.Settings) string {
	if s.Accent == nil {
		return ""
	}
	return "/assets/" + themeFile + "?v=" + s.Accent.Version
}

// theme serves that stylesheet, to anybody.
func (s *Server) theme(c *gin.Context) error {
	t := decided(c).Accent
	if t == nil {
		return problem.New(problem.NotFound, "")
	}
	sendChosen(c, asset{kind: kinds[".css"], version: t.Version, plain: []byte(t.CSS())})
	return nil
}

// sendChosen responds with a file that admins may change at any time: kept for ever under the address
// that names this version of it, asked about again under any other.
func sendChosen(c *gin.Context, a asset) {
	c.Header("Cache-Control", "no-cache")
	if c.Query("v") == a.version {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	sendBuilt(c, a)
}
