package httpapi

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// spaceCookie holds the session of a member on the help center's own pages.
const spaceCookie = "guichet_member"

// identifySpace finds the member whose session the cookie holds. It speaks for requests of our own
// pages alone: what another site sends comes without, and what comes with a token says by that who asks.
func (s *Server) identifySpace(c *gin.Context, a *support.Actor) error {
	cookie, err := c.Cookie(spaceCookie)
	if err != nil || cookie == "" || s.Members == nil || bearer(c) != "" || isHost(c) ||
		c.FullPath() == "/assets/*file" || c.Writer.Header().Get("Access-Control-Allow-Origin") != "" {
		return nil
	}
	m, err := s.Members.Session(c.Request.Context(), support.Token(cookie))
	switch {
	case problem.Is(err, problem.Unauthorized):
		return nil
	case err != nil:
		return err
	}
	c.Set(keyMine, &m)
	if a.Agent == nil { // who works here stays who they are, and has requests all the same
		a.Member = &m
	}
	return nil
}

// mine is the member who is signed in: by the cookie, or to the API by a session of their site's.
func mine(c *gin.Context) *support.Member {
	if v, ok := c.Get(keyMine); ok {
		return v.(*support.Member)
	}
	return actor(c).Member
}

// space is the member's own; Unauthorized for anybody else.
func (s *Server) space(c *gin.Context) (desk.Space, error) {
	c.Header("Cache-Control", "no-store")
	return s.Desk.Space(mine(c))
}

// mineView is what every page says of the member's requests.
type mineView struct{ unread func() int }

func (s *Server) mineView(c *gin.Context) *mineView {
	p, err := s.Desk.Space(mine(c))
	if err != nil {
		return nil
	}
	return &mineView{func() int {
		n, err := p.Unread(c.Request.Context())
		if err != nil { // the page is about something else
			s.Log.WarnContext(c.Request.Context(), "http: unread requests", "err", err)
		}
		return n
	}}
}

// Unread is how many of the member's requests have something unread; 0 for guests.
func (v view) Unread() int {
	if v.mine == nil {
		return 0
	}
	return v.mine.unread()
}

func spacePath(l kb.Lang) string { return "/" + string(l) + "/requests" }

// spaceDoor is the page for who is not signed in: it asks for an address, or shows the button behind a
// link that was mailed.
type spaceDoor struct {
	view
	Email  string // typed, or that the link was sent to
	Sent   bool
	Open   string // the button's address; "" where there is no link
	Notice string
	Errors formErrors
}

// spaceChip is a filter of the list.
type spaceChip struct {
	Name, Label, URL string
	Current          bool
}

// spaceItem is a request in the list.
type spaceItem struct {
	desk.Item
	URL      string
	Promised bool
}

// spacePage is a member's list.
type spacePage struct {
	view
	Email    string
	Status   string
	Query    string
	Chips    []spaceChip
	Items    []spaceItem
	Next     string // "" on the last page
	Filtered bool
	Notice   string
	Errors   formErrors
}

// pageSpace lists the member's requests; to whoever is not signed in it shows the form that asks for a
// link.
func (s *Server) pageSpace(c *gin.Context) error {
	notice := func(v view) string {
		for _, n := range []string{"in", "proven", "out"} {
			if c.Query(n) != "" {
				return v.T("space.notice." + n)
			}
		}
		return ""
	}
	if mine(c) == nil {
		return s.spaceDoor(c, http.StatusOK, func(d *spaceDoor) {
			if d.Notice = notice(d.view); c.Query("out") == "" {
				d.Notice = ""
			}
		})
	}
	p, err := s.space(c)
	if err != nil {
		return err
	}
	v, err := s.reader(c, "space.title")
	if err != nil {
		return err
	}
	v.NoIndex = true
	page := spacePage{view: v, Email: mine(c).Email, Status: c.Query("status"), Query: c.Query("q"), Notice: notice(v)}
	page.Filtered = page.Status != "" || page.Query != ""
	status := http.StatusOK
	items, next, err := p.List(c.Request.Context(), desk.SpaceFilter{Status: page.Status, Query: page.Query, After: c.Query("after")})
	if err != nil {
		var again bool
		if page.Errors, status, again = s.formProblem(c, err, nil); !again {
			return err
		}
	}
	for _, i := range items {
		page.Items = append(page.Items, spaceItem{i, myPath(v.Lang, i.Ref), !i.Held() && i.Status == support.StatusNew && !i.PromisedAt.IsZero()})
	}
	at := func(word, after string) string {
		q := url.Values{}
		for name, value := range map[string]string{"status": word, "q": page.Query, "after": after} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if len(q) == 0 {
			return spacePath(v.Lang)
		}
		return spacePath(v.Lang) + "?" + q.Encode()
	}
	for _, name := range []string{"all", "open", "waiting", "solved", "closed"} {
		word := name
		if name == "all" {
			word = ""
		}
		page.Chips = append(page.Chips, spaceChip{name, v.T("space.filter." + name), at(word, ""), word == page.Status})
	}
	if next != "" {
		page.Next = at(page.Status, next)
	}
	return s.render(c, status, "space", page)
}

func (s *Server) spaceDoor(c *gin.Context, status int, with func(*spaceDoor)) error {
	v, err := s.reader(c, "space.title")
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	d := spaceDoor{view: v}
	d.NoIndex = true
	with(&d)
	if d.Errors.Any() {
		d.Title = v.T("form.error_title", "title", v.Title)
	}
	return s.render(c, status, "space-door", d)
}

// pageSpaceAsk promises a letter with a link, and says the same whoever has the address.
func (s *Server) pageSpaceAsk(c *gin.Context) error {
	fields, err := form(c)
	if err != nil {
		return err
	}
	email, err := support.CheckEmail(fields.Get("email"))
	if err == nil { // a mistake costs nothing of the budget
		if err = s.limiter.request(actor(c)); err == nil {
			err = s.Members.Ask(c.Request.Context(), email, lang(c))
		}
	}
	if err != nil {
		problems, status, again := s.formProblem(c, err, nil)
		if !again {
			return err
		}
		return s.spaceDoor(c, status, func(d *spaceDoor) {
			d.Email, d.Errors = clip(fields.Get("email"), support.MaxEmail), problems
		})
	}
	return s.spaceDoor(c, http.StatusOK, func(d *spaceDoor) { d.Email, d.Sent = email, true })
}

// pageSpaceOpen shows the button behind a link that was mailed. Opening the link spends nothing: mail
// scanners open links too.
func (s *Server) pageSpaceOpen(c *gin.Context) error {
	email, err := s.Members.Holder(c.Request.Context(), support.Token(c.Param("token")))
	if err != nil {
		return s.linkGone(c, err)
	}
	return s.spaceDoor(c, http.StatusOK, func(d *spaceDoor) { d.Email, d.Open = email, c.Request.URL.Path })
}

// linkGone says what is wrong with a link, above the form that asks for another.
func (s *Server) linkGone(c *gin.Context, err error) error {
	if !problem.Is(err, problem.Gone) && !problem.Is(err, problem.NotFound) {
		return err
	}
	return s.spaceDoor(c, statuses[problem.KindOf(err)], func(d *spaceDoor) { d.Errors.Title = d.T("problem.token_gone") })
}

// pageSpaceEnter spends the link and signs the member in.
func (s *Server) pageSpaceEnter(c *gin.Context) error {
	err := s.enterSpace(c, "in", func() (support.Token, error) {
		return s.Members.SignIn(c.Request.Context(), support.Token(c.Param("token")))
	})
	if err != nil {
		return s.linkGone(c, err)
	}
	return nil
}

// enterSpace gives the browser the session that open makes, and ends the one that it had: a session
// that somebody else put there opens nothing.
func (s *Server) enterSpace(c *gin.Context, notice string, open func() (support.Token, error)) error {
	session, err := open()
	if err != nil {
		return err
	}
	if old, err := c.Cookie(spaceCookie); err == nil {
		if err := s.Members.SignOut(c.Request.Context(), support.Token(old)); err != nil {
			return err
		}
	}
	s.setSpaceCookie(c, string(session), int(support.SpaceTTL.Seconds()))
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, spacePath(lang(c))+"?"+notice+"=1")
	return nil
}

func (s *Server) setSpaceCookie(c *gin.Context, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{Name: spaceCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.BaseURL.Scheme == "https", SameSite: http.SameSiteLaxMode})
}

// pageSpaceLeave ends the session of whoever asks, or with "everywhere" each of theirs.
func (s *Server) pageSpaceLeave(c *gin.Context) error {
	fields, err := form(c)
	if err != nil {
		return err
	}
	if m := mine(c); m != nil && fields.Get("everywhere") != "" {
		if err := s.Members.SignOutEverywhere(c.Request.Context(), *m); err != nil {
			return err
		}
	} else if cookie, err := c.Cookie(spaceCookie); err == nil {
		if err := s.Members.SignOut(c.Request.Context(), support.Token(cookie)); err != nil {
			return err
		}
	}
	s.setSpaceCookie(c, "", -1)
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, spacePath(lang(c))+"?out=1")
	return nil
}
