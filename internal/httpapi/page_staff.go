package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// pageSignIn shows the button that signs in, to whoever holds a sign-in link. Opening the link spends
// nothing: mail scanners open links too.
func (s *Server) pageSignIn(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	data := struct {
		deskView
		Token string
	}{s.deskView(c, "", "desk.sign_in"), c.Param("token")}
	return s.render(c, http.StatusOK, "desk/sign-in", data)
}

// pageSignInSend spends the sign-in link and opens a session.
func (s *Server) pageSignInSend(c *gin.Context) error {
	s.deskView(c, "", "") // errors too are said in a language of the desk
	session, err := s.Auth.SignIn(c.Request.Context(), actor(c), support.Token(c.Param("token")))
	if err != nil {
		return err
	}
	return s.enter(c, session, deskHome)
}

// pageSignOut ends the session of whoever asks.
func (s *Server) pageSignOut(c *gin.Context) error {
	if cookie, err := c.Cookie(deskCookie); err == nil {
		err := s.Auth.SignOut(c.Request.Context(), support.Token(cookie))
		if err != nil && !problem.Is(err, problem.NotFound) && !problem.Is(err, problem.Unauthorized) {
			return err
		}
	}
	s.setDeskCookie(c, "", -1)
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, "/desk")
	return nil
}

func (s *Server) setDeskCookie(c *gin.Context, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{Name: deskCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.BaseURL.Scheme == "https", SameSite: http.SameSiteLaxMode})
}

// mailView is one mail of the local mailbox.
type mailView struct {
	support.LocalMail
	Text []piece
}

// pageMailbox shows the mails that no SMTP server took, for admins: their links act for members.
func (s *Server) pageMailbox(c *gin.Context) error {
	v, err := s.staff(c, "mailbox", "desk.mailbox")
	if err != nil {
		return err
	}
	if !v.Admin {
		return problem.New(problem.Forbidden, "")
	}
	data := struct {
		deskView
		Local bool
		Mails []mailView
	}{deskView: v, Local: !decided(c).SendsMail}
	if data.Local {
		mails, err := s.Mailbox.Mailbox(c.Request.Context(), pageSize)
		if err != nil {
			return err
		}
		for _, m := range mails {
			data.Mails = append(data.Mails, mailView{m, linkify(plainText(m.Raw))})
		}
	}
	return s.render(c, http.StatusOK, "desk/mailbox", data)
}
