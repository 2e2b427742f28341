package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// doorPage is a page for people who are not signed in yet: signing in, a lost password, an invitation.
type doorPage struct {
	deskView
	Errors      formErrors
	Action      string // where the form goes
	Next        string // where it leads afterwards
	Email, Name string
	Invited     bool   // setting a password, for the first time
	Show        bool   // passwords can be read while they are typed
	ShowURL     string // the same page, the other way; what is typed is lost without scripts
	Done        bool
}

// door prepares such a page. Passwords that were typed are never written back.
func (s *Server) door(c *gin.Context, titleKey string) doorPage {
	c.Header("Cache-Control", "no-store")
	p := doorPage{deskView: s.deskView(c, "", titleKey), Action: c.Request.URL.Path, Next: localDesk(c.Query("next")), Show: c.Query("show") != ""}
	query := url.Values{}
	if !p.Show {
		query.Set("show", "1")
	}
	if p.Next != deskHome {
		query.Set("next", p.Next)
	}
	p.ShowURL = p.Action
	if len(query) > 0 {
		p.ShowURL += "?" + query.Encode()
	}
	return p
}

const deskHome = "/desk"

// localDesk is an address of the desk as it was asked for, or the desk's first page: a link must not
// lead whoever signs in to another site.
func localDesk(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r <= ' ' || r == 0x7f }) {
		return deskHome
	}
	if u.Path != deskHome && !strings.HasPrefix(u.Path, deskHome+"/") || strings.Contains(u.Path, "..") || strings.Contains(u.Path, "//") {
		return deskHome
	}
	return u.RequestURI()
}

// enter gives the browser its session, and ends the one that it had.
func (s *Server) enter(c *gin.Context, session support.Token, next string) error {
	if old, err := c.Cookie(deskCookie); err == nil {
		if err := s.Auth.SignOut(c.Request.Context(), support.Token(old)); err != nil {
			return err
		}
	}
	s.setDeskCookie(c, string(session), int(support.SessionTTL.Seconds()))
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// pageEnter shows the form of address and password; who is signed in already goes on.
func (s *Server) pageEnter(c *gin.Context) error {
	p := s.door(c, "desk.enter")
	if actor(c).IsStaff() {
		c.Redirect(http.StatusSeeOther, p.Next)
		return nil
	}
	return s.render(c, http.StatusOK, "desk/enter", p)
}

// pageEnterSend signs in by address and password.
func (s *Server) pageEnterSend(c *gin.Context) error {
	p := s.door(c, "desk.enter")
	fields, err := form(c)
	if err != nil {
		return err
	}
	if next := fields.Get("next"); next != "" {
		p.Next = localDesk(next)
	}
	p.Email = clip(fields.Get("email"), support.MaxEmail)
	session, err := s.Auth.SignInByPassword(c.Request.Context(), actor(c), fields.Get("email"), fields.Get("password"))
	if err == nil {
		return s.enter(c, session, p.Next)
	}
	return s.doorAgain(c, "desk/enter", p, err)
}

// doorAgain shows a form with what is wrong with it.
func (s *Server) doorAgain(c *gin.Context, page string, p doorPage, err error) error {
	problems, status, again := s.formProblem(c, err, nil)
	if !again {
		return err
	}
	p.Errors = problems
	return s.render(c, status, page, p)
}

// pageLost asks for the address of a lost password.
func (s *Server) pageLost(c *gin.Context) error {
	return s.render(c, http.StatusOK, "desk/lost", s.door(c, "desk.lost"))
}

// pageLostSend promises the letter, and says the same whether somebody has the address.
func (s *Server) pageLostSend(c *gin.Context) error {
	p := s.door(c, "desk.lost")
	fields, err := form(c)
	if err != nil {
		return err
	}
	p.Email = clip(fields.Get("email"), support.MaxEmail)
	if err := s.Auth.AskReset(c.Request.Context(), actor(c), fields.Get("email")); err != nil {
		return s.doorAgain(c, "desk/lost", p, err)
	}
	p.Done = true
	return s.render(c, http.StatusOK, "desk/lost", p)
}

// keyPage prepares the page behind an invitation or a reset. Opening it spends nothing.
func (s *Server) keyPage(c *gin.Context) (doorPage, support.Purpose, error) {
	purpose, title := support.PurposeReset, "desk.password.set"
	if strings.HasPrefix(c.FullPath(), "/desk/invitation/") {
		purpose, title = support.PurposeInvitation, "desk.invitation"
	}
	p := s.door(c, title)
	a, err := s.Auth.Holder(c.Request.Context(), purpose, support.Token(c.Param("token")))
	p.Email, p.Name, p.Invited = a.Email, a.Name, purpose == support.PurposeInvitation
	return p, purpose, err
}

// pageKey shows the form in which somebody who is invited, or has lost a password, chooses one.
func (s *Server) pageKey(c *gin.Context) error {
	p, _, err := s.keyPage(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "desk/password", p)
}

// pageKeySend sets the password and signs in.
func (s *Server) pageKeySend(c *gin.Context) error {
	p, purpose, err := s.keyPage(c)
	if err != nil {
		return err
	}
	fields, err := form(c)
	if err != nil {
		return err
	}
	token, password := support.Token(c.Param("token")), fields.Get("password")
	var session support.Token
	if purpose == support.PurposeInvitation {
		p.Name = fields.Get("name")
		session, err = s.Auth.AcceptInvitation(c.Request.Context(), actor(c), token, p.Name, password, lang(c))
	} else {
		session, err = s.Auth.ResetPassword(c.Request.Context(), actor(c), token, password)
	}
	if err != nil {
		return s.doorAgain(c, "desk/password", p, err)
	}
	return s.enter(c, session, deskHome)
}

// ownSession is the session of the browser that asks; "" for a command of this machine.
func ownSession(c *gin.Context) support.Token {
	cookie, err := c.Cookie(deskCookie)
	if err != nil {
		return ""
	}
	return support.Token(cookie)
}

// admin prepares a page for admins; Unauthorized for guests, Forbidden for others.
func (s *Server) admin(c *gin.Context, tab, titleKey string) (deskView, error) {
	v, err := s.staff(c, tab, titleKey)
	if err == nil && !v.Admin {
		err = problem.New(problem.Forbidden, "")
	}
	return v, err
}
