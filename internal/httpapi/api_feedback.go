package httpapi

import (
	"crypto/sha256"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// visitorSecret is what a client may tell its visitors apart by.
var visitorSecret = regexp.MustCompile(`^[A-Za-z0-9_-]{20,64}$`)

// visitorHash is what is kept of a visitor's secret, so that the rows open nothing.
func visitorHash(secret string) []byte {
	sum := sha256.Sum256([]byte(visitorCookie + secret))
	return sum[:]
}

type feedbackJSON struct {
	Helpful bool               `json:"helpful"`
	Reasons []assistant.Reason `json:"reasons"`
	Comment string             `json:"comment"`
}

// checkVote returns a problem that names the field of a vote that is missing or is none of ours.
func checkVote(helpful *bool, visitor string) error {
	if helpful == nil {
		return problem.InvalidField("helpful", "problem.helpful")
	}
	if !visitorSecret.MatchString(visitor) {
		return problem.InvalidField("visitor", "problem.visitor")
	}
	return nil
}

// apiRate serves POST /api/v1/answers/:id/feedback, for whoever knows the answer's id.
func (s *Server) apiRate(c *gin.Context) error {
	var in struct {
		Helpful *bool              `json:"helpful"`
		Reasons []assistant.Reason `json:"reasons"`
		Comment string             `json:"comment"`
		Visitor string             `json:"visitor"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := checkVote(in.Helpful, in.Visitor); err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	f, err := s.Assistant.Rate(c.Request.Context(), assistant.Feedback{Answer: support.AnswerID(c.Param("id")),
		Visitor: visitorHash(in.Visitor), Helpful: *in.Helpful, Reasons: in.Reasons, Comment: in.Comment})
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, feedbackJSON{f.Helpful, f.Reasons, f.Comment})
	return nil
}
