package httpapi

import (
	"github.com/gin-gonic/gin"
)

// pageSimulator shows what a member would be offered, for admins.
func (s *Server) pageSimulator(c *gin.Context) error { return s.routingList(c, "simulator") }
