package httpapi

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"guichet/internal/attach"
	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// myTicket is the page of a request for its member who is signed in.
const myTicket = "/:lang/my/requests/:ref"

func myPath(l kb.Lang, ref string) string {
	return "/" + string(l) + "/my/requests/" + url.PathEscape(ref)
}

// ownTicket is what a ticket's page has for its member alone.
type ownTicket struct {
	desk.SpaceThread
	CanReopen  bool
	Over       bool // it is taken up again in another request
	Tokens     []desk.Opener
	FollowID   string // client id of the form that does that
	FollowText string // typed
}

// ownTicket reads the ticket of the address for its member.
func (s *Server) ownTicket(c *gin.Context, p *ticketPage) error {
	space, err := s.space(c)
	if err != nil {
		return err
	}
	ref := support.NormalRef(c.Param("ref"))
	own := ownTicket{FollowID: rand.Text()}
	if own.SpaceThread, err = space.Thread(c.Request.Context(), ref); err != nil {
		return err
	}
	if own.Tokens, err = space.Open(c.Request.Context(), ref); err != nil {
		return err
	}
	t := own.Ticket
	own.CanReopen, own.Over = t.Reopens(space.Now()), t.Over(space.Now())
	p.Own, p.Thread, p.Base = &own, own.SpaceThread.Thread, myPath(p.Lang, t.Ref)
	p.Crumbs = []crumb{{spacePath(p.Lang), p.T("space.title")}}
	return nil
}

// pageMine shows a request to its member. It marks nothing as read: that is a form of its own.
func (s *Server) pageMine(c *gin.Context) error {
	if mine(c) == nil { // whether there is such a request is nobody's business
		if _, err := s.reader(c, ""); err != nil {
			return err
		}
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusSeeOther, spacePath(lang(c)))
		return nil
	}
	return s.pageTicket(c)
}

// onMine does something to the request of the address, for its member, and shows it again.
func (s *Server) onMine(c *gin.Context, notice string, do func(p desk.Space, ref string, fields url.Values) error) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	fields, err := form(c)
	if err == nil {
		err = s.limiter.act(actor(c))
	}
	if err == nil {
		err = do(p, c.Param("ref"), fields)
	}
	if err != nil {
		return s.ticketFailed(c, err, func(*ticketPage) {})
	}
	return backTo(c, c.Param("ref"), notice)
}

// backTo sends the member back to a request of theirs.
func backTo(c *gin.Context, ref, notice string) error {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, myPath(lang(c), support.NormalRef(ref))+"?"+notice+"=1")
	return nil
}

// seen notes what the page before had shown.
func seen(c *gin.Context, p desk.Space, ref string, fields url.Values) error {
	n, err := strconv.ParseInt(fields.Get("seen"), 10, 64)
	if err != nil {
		return nil // a form without it says nothing of it
	}
	return p.Read(c.Request.Context(), ref, n)
}

// pageMySolved marks the request as solved.
func (s *Server) pageMySolved(c *gin.Context) error {
	return s.onMine(c, "solved", func(p desk.Space, ref string, fields url.Values) error {
		if err := p.Solve(c.Request.Context(), ref); err != nil {
			return err
		}
		return seen(c, p, ref, fields)
	})
}

// pageMyReopen has a solved request worked on again.
func (s *Server) pageMyReopen(c *gin.Context) error {
	return s.onMine(c, "reopened", func(p desk.Space, ref string, fields url.Values) error {
		if err := p.Reopen(c.Request.Context(), ref); err != nil {
			return err
		}
		return seen(c, p, ref, fields)
	})
}

// pageMyRead notes what the member has read.
func (s *Server) pageMyRead(c *gin.Context) error {
	return s.onMine(c, "read", func(p desk.Space, ref string, fields url.Values) error { return seen(c, p, ref, fields) })
}

// pageMyLinks ends a link that opens the request, or all of them.
func (s *Server) pageMyLinks(c *gin.Context) error {
	return s.onMine(c, "revoked", func(p desk.Space, ref string, fields url.Values) error {
		token := fields.Get("link")
		if token == "" && fields.Get("all") == "" {
			return problem.New(problem.NotFound, "")
		}
		return p.Revoke(c.Request.Context(), ref, token)
	})
}

// pageMyFollow takes up a request that is over in another one.
func (s *Server) pageMyFollow(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	fields, err := form(c)
	var started handoff.Started
	if err == nil {
		started, err = s.follow(c, p, c.Param("ref"), fields.Get("client_id"), fields.Get("text"))
	}
	if err != nil {
		return s.ticketFailed(c, err, func(p *ticketPage) {
			p.Own.FollowText = fields.Get("text")
			if id := fields.Get("client_id"); id != "" && !problem.Is(err, problem.Conflict) {
				p.Own.FollowID = id
			}
		})
	}
	if _, err := p.Thread(c.Request.Context(), started.Ticket.Ref); problem.Is(err, problem.NotFound) { // its address is still to be proven
		return done(c, started.Link, "sent")
	}
	return backTo(c, started.Ticket.Ref, "followed")
}

// follow makes the request that takes up another one again, on a conversation of its own.
func (s *Server) follow(c *gin.Context, p desk.Space, ref, clientID, text string) (out handoff.Started, err error) {
	old, err := p.Ended(c.Request.Context(), ref)
	if err != nil {
		return out, err
	}
	by := actor(c)
	by.Agent, by.Member = nil, mine(c)
	r := handoff.Request{ClientID: clientID, Channel: support.ChannelEmail, Category: old.Category, Email: old.Email,
		Text: text, Lang: lang(c), Actor: by, Follows: old.ID, Fields: old.Fields, About: old.About}
	if _, err := s.Handoff.Check(r); err != nil { // a mistake costs nothing of the budget
		return out, err
	}
	if err := s.limiter.request(actor(c)); err != nil {
		return out, err
	}
	return s.Handoff.Start(c.Request.Context(), r)
}

// ownThread is the request of the address with its thread, for its member.
func (s *Server) ownThread(c *gin.Context) (p desk.Space, t desk.SpaceThread, err error) {
	if p, err = s.space(c); err == nil {
		t, err = p.Thread(c.Request.Context(), c.Param("ref"))
	}
	return p, t, err
}

// myFile serves a file of a request to its member, on the request's page and by the API.
func (s *Server) myFile(c *gin.Context) error {
	_, t, err := s.ownThread(c)
	if err != nil {
		return err
	}
	return s.serveFile(c, attach.Right{Conversation: t.Ticket.Conversation}, c.Param("file"))
}
