package httpapi

import "github.com/gin-gonic/gin"

// Routes is every address of the house, as the router has it.
func (s *Server) Routes() gin.RoutesInfo { return s.engine.Routes() }
