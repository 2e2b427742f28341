package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/abuse"
	"guichet/internal/handoff"
)

// challengeJSON is what a browser solves, in the names of ALTCHA's first format.
type challengeJSON struct {
	Algorithm string    `json:"algorithm"`
	Challenge string    `json:"challenge"`
	MaxNumber int64     `json:"maxNumber"`
	Salt      string    `json:"salt"`
	Signature string    `json:"signature"`
	ExpiresAt time.Time `json:"expires_at"`
}

// apiChallenge serves GET /api/v1/challenge, for anybody.
func (s *Server) apiChallenge(c *gin.Context) error {
	purpose, err := abuse.ParsePurpose(c.Query("purpose"))
	if err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	ch, err := s.Abuse.Challenge(c.Request.Context(), actor(c), purpose)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, challengeJSON{ch.Algorithm, ch.Challenge.Challenge, ch.MaxNumber, ch.Salt, ch.Signature, ch.ExpiresAt.UTC()})
	return nil
}

// admit judges a request and counts it; it returns the request as it is to be made. Errors: Invalid
// names the field "proof"; TooMany.
func (s *Server) admit(c *gin.Context, r handoff.Request, signs abuse.Signs) (handoff.Request, error) {
	signs.Actor = actor(c)
	var err error
	if r.Held, r.Proof, err = s.Abuse.Judge(c.Request.Context(), abuse.ForRequest, signs); err != nil {
		return r, err
	}
	return r, s.limiter.handoff(actor(c), r.Email, r.Proof.None() && signs.Actor.Member == nil)
}
