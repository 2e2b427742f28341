package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/auth"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// identifyMember finds the member whose session the Authorization header carries. It may as well be a
// conversation's token, or a key: whoever looks after those says what is wrong with it.
func (s *Server) identifyMember(c *gin.Context, a *support.Actor) error {
	t := bearer(c)
	if t == "" || s.Identities == nil || a.Agent != nil || !wantsJSON(c) || isHost(c) {
		return nil
	}
	m, err := s.Identities.Member(c.Request.Context(), t)
	switch {
	case err == nil:
		a.Member = &m
	case !problem.Is(err, problem.Unauthorized):
		return err
	}
	return nil
}

// member is who asks, where a member's session was sent; Unauthorized for anybody else.
func (s *Server) member(c *gin.Context) (support.Member, error) {
	c.Header("Cache-Control", "no-store")
	if m := actor(c).Member; m != nil {
		return *m, nil
	}
	return support.Member{}, problem.New(problem.Unauthorized, "problem.member_session")
}

type memberJSON struct {
	ID            string  `json:"id"` // the site's own; "" for who signed up here
	Site          string  `json:"site"`
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"email_verified"`
	Lang          kb.Lang `json:"lang"`
	Zone          string  `json:"zoneinfo"`
	Phone         string  `json:"phone"`
}

func memberOut(m support.Member) memberJSON {
	return memberJSON{m.External, m.Site, m.Name, m.Email, m.EmailVerified, m.Lang, m.Zone, m.Phone}
}

// apiIdentify serves POST /api/v1/identity, for who has a token of their site's: it is exchanged for a
// session of ours. A visitor's conversation, where its own token is sent along, becomes the member's.
func (s *Server) apiIdentify(c *gin.Context) error {
	var in struct {
		Token        string `json:"token"`
		Conversation *struct {
			ID    string `json:"id"`
			Token string `json:"token"`
		} `json:"conversation"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	var guest auth.GuestConversation
	if in.Conversation != nil {
		guest = auth.GuestConversation{ID: support.ConversationID(in.Conversation.ID), Token: support.Token(in.Conversation.Token)}
	}
	session, err := s.Identities.Exchange(c.Request.Context(), in.Token, guest)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"session": session.Token, "expires_at": session.Expires.UTC().Truncate(time.Second),
		"member": memberOut(session.Member), "merged": session.Merged})
	return nil
}

// apiSignOut serves DELETE /api/v1/identity, for who has a session of their site's; it ends. Whoever has
// only the cookie of our own pages is told that this ends nothing: pageSpaceLeave does.
func (s *Server) apiSignOut(c *gin.Context) error {
	if _, err := s.member(c); err != nil {
		return err
	}
	session := bearer(c)
	if session == "" {
		return problem.New(problem.Unauthorized, "problem.member_session")
	}
	if err := s.Identities.SignOut(c.Request.Context(), session); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
