package httpapi

import (
	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/site"
)

// logoView is the logo as pages show it.
type logoView struct {
	site.Logo
	URL string // "" for none
}

func newLogoView(l site.Logo) (v logoView) {
	if l.Hash != "" {
		v = logoView{l, "/assets/" + logoFile + "?v=" + l.Hash}
	}
	return v
}

// logo serves the logo, to anybody.
func (s *Server) logo(c *gin.Context) error {
	l, png := s.Settings.Logo()
	if png == nil {
		return problem.New(problem.NotFound, "")
	}
	sendChosen(c, asset{kind: "image/png", version: l.Hash, plain: png})
	return nil
}
