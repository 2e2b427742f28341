package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// myTicketJSON is a request as its member sees it.
type myTicketJSON struct {
	Ref          string                 `json:"ref"`
	Subject      string                 `json:"subject"`
	Status       string                 `json:"status"`
	Category     string                 `json:"category"`
	Channel      support.Channel        `json:"channel"`
	Lang         kb.Lang                `json:"lang"`
	Conversation support.ConversationID `json:"conversation"`
	Unread       int                    `json:"unread"`
	Held         bool                   `json:"held"`
	PromisedAt   *time.Time             `json:"promised_at"`
	CreatedAt    time.Time              `json:"created_at"`
	MovedAt      time.Time              `json:"moved_at"`
	URL          string                 `json:"url"` // of its page, for a member who signed up here; "" for others
}

func (s *Server) myTicketJSON(c *gin.Context, i desk.Item) myTicketJSON {
	t := i.Ticket
	out := myTicketJSON{t.Ref, t.Subject, t.Status.Public(), t.Category, t.Channel, t.Lang, t.Conversation, i.Unread, t.Held(),
		orNil(t.PromisedAt), t.CreatedAt.UTC(), i.MovedAt.UTC(), ""}
	if m := mine(c); m != nil && m.Site == "" {
		out.URL = s.absolute(myPath(lang(c), t.Ref))
	}
	return out
}

// apiTickets serves GET /api/v1/tickets, for a member: their own requests, the newest movement first.
func (s *Server) apiTickets(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	f := desk.SpaceFilter{Status: c.Query("status"), Channel: support.Channel(c.Query("channel")), Query: c.Query("q"), After: c.Query("after")}
	if given := c.Query("limit"); given != "" {
		if f.Limit, err = limitParam(given); err != nil {
			return err
		}
	}
	switch f.Channel {
	case "", support.ChannelEmail, support.ChannelChat, support.ChannelCallback:
	default:
		return problem.InvalidField("channel", "problem.type").With("want", "email, chat, callback")
	}
	items, next, err := p.List(c.Request.Context(), f)
	if err != nil {
		return err
	}
	unread, err := p.Unread(c.Request.Context())
	if err != nil {
		return err
	}
	out := []myTicketJSON{}
	for _, i := range items {
		out = append(out, s.myTicketJSON(c, i))
	}
	var after *string
	if next != "" {
		after = &next
	}
	c.JSON(http.StatusOK, gin.H{"tickets": out, "next": after, "unread": unread})
	return nil
}

// apiTicket serves GET /api/v1/tickets/:ref, for its member. It marks nothing as read.
func (s *Server) apiTicket(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	return s.ticketAnswer(c, p, http.StatusOK, c.Param("ref"))
}

// ticketAnswer responds with a request and its thread.
func (s *Server) ticketAnswer(c *gin.Context, p desk.Space, status int, ref string) error {
	ctx := c.Request.Context()
	t, err := p.Thread(ctx, ref)
	if err != nil {
		return err
	}
	turns, err := s.Assistant.Thread(ctx, support.Conversation{ID: t.Ticket.Conversation, Lang: t.Ticket.Lang}, 0, actor(c).Audience())
	if err != nil {
		return err
	}
	item := desk.Item{Ticket: t.Ticket, Unread: t.Unread, MovedAt: t.Ticket.CreatedAt}
	v := threadView{view: s.view(c, ""), held: t.Ticket.Held()}
	entries := []entryJSON{}
	for _, turn := range turns {
		item.MovedAt = turn.CreatedAt
		e, err := s.entryJSON(v, turn)
		if err != nil {
			return err
		}
		if e.Answer != nil && v.held { // nobody has shown yet that it is theirs
			e.Answer.About = nil
		}
		if !v.held {
			for _, a := range turn.Files {
				e.Files = append(e.Files, s.myAttachmentJSON(t.Ticket.Ref)(c, a))
			}
		}
		entries = append(entries, e)
	}
	by := t.FollowedBy
	if by == nil {
		by = []string{}
	}
	c.JSON(status, gin.H{"ticket": s.myTicketJSON(c, item), "entries": entries, "follows": t.Follows, "followed_by": by,
		"can_reopen": t.Ticket.Reopens(p.Now()), "over": t.Ticket.Over(p.Now())})
	return nil
}

// myAttachmentJSON shows a file whose content its member reads by the request's own address.
func (s *Server) myAttachmentJSON(ref string) func(*gin.Context, support.Attachment) attachmentJSON {
	return func(c *gin.Context, a support.Attachment) attachmentJSON {
		out := s.attachmentJSON(c, a)
		if out.URL != "" {
			out.URL = s.absolute("/api/v1/tickets/" + ref + "/attachments/" + string(a.ID) + "/content")
		}
		return out
	}
}

// apiTicketMessage serves POST /api/v1/tickets/:ref/messages, for its member.
func (s *Server) apiTicketMessage(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	var in messageInput
	if err := decode(c, &in); err != nil {
		return err
	}
	if in.ClientID == "" {
		return problem.InvalidField("client_id", "problem.client_id")
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	e, err := p.Reply(c.Request.Context(), c.Param("ref"), in.ClientID, in.Text, in.Files...)
	return s.heard(c, e, err)
}

// changed does something to a request, for its member, and responds with it.
func (s *Server) changed(c *gin.Context, do func(p desk.Space, ref string) error) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	if err := do(p, c.Param("ref")); err != nil {
		return err
	}
	return s.ticketAnswer(c, p, http.StatusOK, c.Param("ref"))
}

// apiTicketSolved serves POST /api/v1/tickets/:ref/solved, for its member.
func (s *Server) apiTicketSolved(c *gin.Context) error {
	return s.changed(c, func(p desk.Space, ref string) error { return p.Solve(c.Request.Context(), ref) })
}

// apiTicketReopen serves POST /api/v1/tickets/:ref/reopen, for its member: within 14 days of its
// solution the request is worked on again; later the text makes one that follows it, 201.
func (s *Server) apiTicketReopen(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	var in struct {
		ClientID string `json:"client_id"`
		Text     string `json:"text"`
	}
	if c.Request.ContentLength != 0 {
		if err := decode(c, &in); err != nil {
			return err
		}
	}
	err = s.limiter.act(actor(c))
	if err == nil {
		err = p.Reopen(c.Request.Context(), c.Param("ref"))
	}
	if err == nil {
		return s.ticketAnswer(c, p, http.StatusOK, c.Param("ref"))
	}
	if !problem.Is(err, problem.Conflict) || in.Text == "" {
		return err
	}
	if _, over := p.Ended(c.Request.Context(), c.Param("ref")); over != nil { // it is closed for good
		return err
	}
	started, err := s.follow(c, p, c.Param("ref"), in.ClientID, in.Text)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if started.New {
		status = http.StatusCreated
	}
	return s.ticketAnswer(c, p, status, started.Ticket.Ref)
}

// apiTicketRead serves POST /api/v1/tickets/:ref/read, for its member: the thread was read up to an
// entry.
func (s *Server) apiTicketRead(c *gin.Context) error {
	p, err := s.space(c)
	if err != nil {
		return err
	}
	var in struct {
		Seq int64 `json:"seq"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if in.Seq < 1 {
		return problem.InvalidField("seq", "problem.type").With("want", "int > 0")
	}
	if err := p.Read(c.Request.Context(), c.Param("ref"), in.Seq); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiTicketUpload serves POST /api/v1/tickets/:ref/attachments, for its member; see apiUpload.
func (s *Server) apiTicketUpload(c *gin.Context) error {
	_, t, err := s.ownThread(c)
	if err != nil {
		return err
	}
	return s.upload(c, t.Ticket.Conversation, s.myAttachmentJSON(t.Ticket.Ref))
}
