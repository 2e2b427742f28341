package httpapi

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// ticketPage is the page of a ticket for whoever holds its link.
type ticketPage struct {
	view
	desk.Thread // Ticket, Withheld
	Entries     []entryView
	Base        string     // of the page's forms
	Own         *ownTicket // what its member can do who is signed in; nil for who came by a link
	Proof       string     // of the address, to be spent by the button; "" for none
	Promised    bool       // a first answer is promised and has not come
	Closed      bool
	CanSolve    bool
	Notice      string // what has just been done
	Errors      formErrors
	ClientID    string // of the reply
	Text, Email string // typed
	Files       pick
	Missing     []askedJSON       // what the category still asks for
	Given       map[string]string // typed there, by key
	Crumbs      []crumb
}

// notices are what a page says after something was done, by the name in its address.
var notices = []string{"proven", "sent", "solved", "corrected", "reopened", "followed", "revoked", "read", "filled"}

// pageTicket shows a ticket to whoever holds its link.
func (s *Server) pageTicket(c *gin.Context) error {
	return s.ticketPage(c, http.StatusOK, func(p *ticketPage) {
		if p.Ticket.EmailProvenAt.IsZero() {
			p.Proof = c.Query("proof")
		}
		for _, n := range notices {
			if c.Query(n) != "" {
				p.Notice = p.T("ticket.notice."+n, "email", p.Ticket.Email)
			}
		}
	})
}

// ticketPage reads the ticket anew and shows it; with changes what differs.
func (s *Server) ticketPage(c *gin.Context, status int, with func(*ticketPage), sent ...filesForm) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	p := ticketPage{view: v, ClientID: rand.Text()}
	if c.Param("ref") != "" {
		err = s.ownTicket(c, &p)
	} else {
		link := support.Token(c.Param("link"))
		p.Base = ticketPath(v.Lang, link)
		p.Thread, err = s.Desk.MemberThread(c.Request.Context(), link)
	}
	if err != nil {
		return err
	}
	t := p.Ticket
	words := threadView{view: v, held: t.Held(), files: p.Base + "/files/"}
	if t.Held() { // whoever holds the link has not shown that the address is theirs
		words.files = ""
	}
	p.Entries = words.entries(p.Thread.Entries)
	if p.Files, err = s.pick(c, v, t.Conversation, support.AuthorMember, first(sent)); err != nil {
		return err
	}
	p.Email = t.Email
	p.NoIndex = true
	p.Title = v.T("ticket.title", "ref", t.Ref)
	p.Closed = t.Status.Public() == "closed"
	p.CanSolve = !t.Held() && !p.Closed && t.Status != support.StatusSolved
	p.Promised = !t.Held() && t.Status == support.StatusNew && !t.PromisedAt.IsZero()
	if !p.Closed {
		p.Missing = s.asked(v.Lang, t)
	}
	with(&p)
	p.Files = p.Files.with(p.Errors)
	if p.Errors.Any() {
		p.Title = v.T("form.error_title", "title", p.Title)
	}
	c.Header("Cache-Control", "no-store")
	return s.render(c, status, "ticket", p)
}

// ticketFailed shows the ticket again with what went wrong and what was typed.
func (s *Server) ticketFailed(c *gin.Context, err error, with func(*ticketPage), sent ...filesForm) error {
	ids := maps.Clone(fileFields)
	for _, f := range asProblem(err).Fields {
		if key, ok := strings.CutPrefix(f.Name, "fields."); ok {
			ids[f.Name] = "field-" + key
		}
	}
	problems, status, again := s.formProblem(c, err, ids)
	if !again {
		return err
	}
	return s.ticketPage(c, status, func(p *ticketPage) {
		p.Errors = problems
		with(p)
	}, sent...)
}

// done sends the member back to the ticket's page, which says what was done.
func done(c *gin.Context, link support.Token, notice string) error {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, ticketPath(lang(c), link)+"?"+notice+"=1")
	return nil
}

// ticketDoor is how somebody has come to a ticket's page, and what they do there.
type ticketDoor struct {
	desk.Thread
	reply func(clientID, text string, files ...support.AttachmentID) error
	seen  func(fields url.Values) error // notes what the page had shown
	back  func(notice string) error     // to the page, which says what was done
}

// ticketDoor reads the ticket of the address: for its member who has signed in, or for whoever holds its
// link.
func (s *Server) ticketDoor(c *gin.Context) (ticketDoor, error) {
	ctx := c.Request.Context()
	if c.Param("ref") != "" {
		p, t, err := s.ownThread(c)
		ref := t.Ticket.Ref
		return ticketDoor{
			Thread: t.Thread,
			reply: func(clientID, text string, files ...support.AttachmentID) error {
				_, err := p.Reply(ctx, ref, clientID, text, files...)
				return err
			},
			seen: func(fields url.Values) error { return seen(c, p, ref, fields) },
			back: func(notice string) error { return backTo(c, ref, notice) },
		}, err
	}
	link := support.Token(c.Param("link"))
	t, err := s.Desk.MemberThread(ctx, link)
	return ticketDoor{
		Thread: t,
		reply: func(clientID, text string, files ...support.AttachmentID) error {
			return s.Desk.MemberReply(ctx, link, clientID, text, files...)
		},
		seen: func(url.Values) error { return nil }, // it is not known who has
		back: func(notice string) error { return done(c, link, notice) },
	}, err
}

// pageTicketReply adds what a member wrote, for whoever holds the ticket's link, and for its member.
func (s *Server) pageTicketReply(c *gin.Context) error {
	door, err := s.ticketDoor(c)
	if err != nil { // before anything is read
		return err
	}
	fields, err := s.readFilesForm(c, func(fields url.Values, n int, name string, r io.Reader) (support.Attachment, error) {
		return s.received(c, door.Ticket.Conversation, support.AuthorMember, fields, n, name, r)
	})
	if err == nil {
		err = s.limiter.act(actor(c))
	}
	if err == nil {
		_, err = support.CheckText("text", fields.Get("text"), support.MaxRequest)
		err = fields.with(err)
	}
	if err == nil {
		err = door.reply(fields.Get("client_id"), fields.Get("text"), fields.Files...)
	}
	if err == nil {
		err = door.seen(fields.Values)
	}
	if err != nil {
		return s.ticketFailed(c, err, func(p *ticketPage) {
			p.Text = fields.Get("text")
			if id := fields.Get("client_id"); id != "" {
				p.ClientID = id
			}
		}, fields)
	}
	return door.back("sent")
}

// pageTicketFields adds what the category still asks for, for whoever holds the ticket's link, and for
// its member.
func (s *Server) pageTicketFields(c *gin.Context) error {
	door, err := s.ticketDoor(c)
	if err != nil {
		return err
	}
	fields, err := form(c)
	if err == nil {
		err = s.limiter.act(actor(c))
	}
	given := givenFields(fields)
	if err == nil {
		_, _, err = s.Handoff.Fill(c.Request.Context(), door.Ticket.Conversation, given)
	}
	if err == nil {
		err = door.seen(fields)
	}
	if err != nil {
		return s.ticketFailed(c, err, func(p *ticketPage) { p.Given = given })
	}
	return door.back("filled")
}

// maxGiven bounds how many fields of a form are looked at.
const maxGiven = 50

// givenFields are a form's fields "fields.<key>", by key.
func givenFields(form url.Values) map[string]string {
	given := map[string]string{}
	for name, v := range form {
		if key, ok := strings.CutPrefix(name, "fields."); ok && len(given) < maxGiven {
			given[key] = v[0]
		}
	}
	return given
}

// asked is what a ticket's category asks for and the ticket lacks.
func (s *Server) asked(l kb.Lang, t support.Ticket) (out []askedJSON) {
	category, ok := s.Routing.Find(support.CategoryKey(t.Category))
	if !ok {
		return nil
	}
	missing := handoff.Missing(category, t.Fields)
	for _, f := range categoryIn(s.Routing, category, l).Fields {
		if slices.Contains(missing, f.Key) {
			out = append(out, f)
		}
	}
	return out
}

// pageTicketSolved marks the request as solved, for whoever holds the ticket's link.
func (s *Server) pageTicketSolved(c *gin.Context) error {
	link := support.Token(c.Param("link"))
	if err := s.Desk.MemberSolved(c.Request.Context(), link); err != nil {
		return s.ticketFailed(c, err, func(*ticketPage) {})
	}
	return done(c, link, "solved")
}

// pageTicketAddress corrects the address of a held ticket, for whoever holds its link.
func (s *Server) pageTicketAddress(c *gin.Context) error {
	link := support.Token(c.Param("link"))
	fields, err := form(c)
	if err == nil {
		err = s.limiter.request(actor(c))
	}
	if err == nil {
		var t desk.Thread
		if t, err = s.Desk.MemberThread(c.Request.Context(), link); err == nil {
			err = s.Handoff.CorrectAddress(c.Request.Context(), t.Ticket.ID, fields.Get("email"))
		}
	}
	if err != nil {
		return s.ticketFailed(c, err, func(p *ticketPage) { p.Email = fields.Get("email") })
	}
	return done(c, link, "corrected")
}

// pageTicketProve spends the proof of the address, for whoever holds the ticket's link, and goes on
// with a fresh one. A proof that is used or too old leaves the ticket as it is, and says so there.
func (s *Server) pageTicketProve(c *gin.Context) error {
	fields, err := form(c)
	if err != nil {
		return err
	}
	open := fields.Get("open") != ""
	started, err := s.Handoff.Prove(c.Request.Context(), support.Token(fields.Get("proof")))
	if problem.Is(err, problem.Gone) || problem.Is(err, problem.NotFound) {
		said := s.say(c, asProblem(err))
		return s.ticketPage(c, statuses[problem.KindOf(err)], func(p *ticketPage) {
			if p.Ticket.EmailProvenAt.IsZero() {
				p.Errors.Title = said
			} else { // pressed twice
				p.Notice = p.T("ticket.notice.proven")
			}
		})
	}
	if err != nil {
		return err
	}
	if open {
		return s.enterSpace(c, "proven", func() (support.Token, error) {
			return s.Members.Enter(c.Request.Context(), started.Ticket.Email, lang(c))
		})
	}
	return done(c, started.Link, "proven")
}
