package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed openapi.json
var openapi []byte

// healthz says that the process runs.
func (s *Server) healthz(c *gin.Context) error {
	c.String(http.StatusOK, "ok\n")
	return nil
}

// readyz says whether the process can serve, and what is missing.
func (s *Server) readyz(c *gin.Context) error {
	r := s.Ready(c.Request.Context())
	status := http.StatusOK
	if !r.Ready {
		status = http.StatusServiceUnavailable
	}
	if r.Degraded == nil {
		r.Degraded = []string{}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, r)
	return nil
}

func (s *Server) openAPI(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=3600")
	c.Data(http.StatusOK, "application/json", openapi)
	return nil
}

// robots lets the articles be found and keeps requests, answers and the desk out of indexes.
func (s *Server) robots(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=3600")
	c.String(http.StatusOK, "User-agent: *\nDisallow: /desk\nDisallow: /api/\nDisallow: /*/requests/\nDisallow: /*/ask\nDisallow: /*/answers/\nDisallow: /*/search\n\n"+
		"Sitemap: %s\n", s.absolute("/sitemap.xml"))
	return nil
}
