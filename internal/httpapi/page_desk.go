package httpapi

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/desk"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// deskView is what every page of the desk needs.
type deskView struct {
	view
	Staff string // who is signed in; "" for nobody
	Admin bool
	Tab   string
}

// deskView prepares a page of the desk, which speaks French and English.
func (s *Server) deskView(c *gin.Context, tab, titleKey string) deskView {
	if lang(c) != kb.French {
		c.Set(keyLang, kb.English)
	}
	v := deskView{view: s.view(c, titleKey), Tab: tab}
	v.NoIndex = true
	if a := actor(c); a.IsStaff() {
		v.Staff, v.Admin = a.Agent.Email, a.IsAdmin()
		if a.Agent.Name != "" {
			v.Staff = a.Agent.Name
		}
	}
	return v
}

// ForStaff and, of other pages, its opposite, tell the templates that both kinds of pages share.
func (deskView) ForStaff() bool { return true }

// staff prepares a page for people who work here; Unauthorized for anybody else.
func (s *Server) staff(c *gin.Context, tab, titleKey string) (deskView, error) {
	c.Header("Cache-Control", "no-store")
	v := s.deskView(c, tab, titleKey)
	if !actor(c).IsStaff() {
		return v, problem.New(problem.Unauthorized, "")
	}
	return v, nil
}

// pageSize is how many tickets a page of the list shows.
const pageSize = 50

// pageDesk lists tickets, for staff.
func (s *Server) pageDesk(c *gin.Context) error {
	return s.deskPage(c, http.StatusOK, c.Query("view"), formErrors{})
}

// deskPage is the list of a view; of one that is none, of the first.
func (s *Server) deskPage(c *gin.Context, status int, view string, errs formErrors) error {
	v, err := s.staff(c, "tickets", "desk.tickets")
	if err != nil {
		return err
	}
	type counted struct {
		Name, Count string
	}
	data := struct {
		deskView
		View    string
		Views   []counted
		Tickets []support.Ticket
		Next    string // address of the next page; "" on the last
		Names   map[support.AgentID]string
		Held    heldList
		Due     map[support.TicketID]dossierClock // what is owed first
		Labels  map[string]string                 // of categories
	}{deskView: v, View: desk.Views[0]}
	for _, name := range desk.Views {
		if name == view {
			data.View = name
		}
	}
	after := c.Query("after")
	if uuid.Validate(after) != nil {
		after = ""
	}
	tickets, counts, err := s.Desk.Tickets(c.Request.Context(), actor(c), desk.Filter{View: data.View, Limit: pageSize, After: support.TicketID(after)})
	if err != nil {
		return err
	}
	data.Tickets, data.Due, data.Labels = tickets, map[support.TicketID]dossierClock{}, map[string]string{}
	for _, t := range tickets {
		for _, k := range s.dossierClocks(v, t, s.Now()) {
			if _, first := data.Due[t.ID]; !first {
				data.Due[t.ID] = k
			}
		}
		data.Labels[t.Category] = s.categoryLabel(v.Lang, t.Category)
	}
	colleagues, err := s.Desk.Colleagues(c.Request.Context(), actor(c))
	if err != nil {
		return err
	}
	data.Names = agentNames(colleagues)
	for _, name := range desk.Views {
		count := strconv.Itoa(counts[name])
		if counts[name] >= desk.MaxCount {
			count = strconv.Itoa(desk.MaxCount-1) + "+"
		}
		data.Views = append(data.Views, counted{name, count})
	}
	if len(tickets) == pageSize {
		data.Next = "/desk?view=" + url.QueryEscape(data.View) + "&after=" + string(tickets[pageSize-1].ID)
	}
	data.Held = s.heldList(c, v, tickets)
	data.Held.Errors = errs
	return s.render(c, status, "desk/tickets", data)
}

// deskTicketPage is a ticket as staff work on it.
type deskTicketPage struct {
	deskView
	desk.Thread
	Entries          []entryView
	Then             []support.Status // what a reply may leave the ticket in; empty: it takes none
	To               support.Status   // the one chosen
	Dossier          dossierView
	Me               support.AgentID
	Colleagues       []support.Agent
	AssigneeName     string
	Statuses         []support.Status // what it may become without a reply
	Notice           string
	Errors           formErrors
	ClientID, NoteID string
	Text, Note       string // typed
	Agreed           string // typed
	CanHandBack      bool
	Subject          *dossierSubject // the order or object; nil for nothing in particular
	Asked            []dossierFact   // the category's fields
	Clocks           []dossierClock
	TeamName         string
	CategoryLabel    string
	Files            pick
}

// pageDeskTicket shows a ticket with its thread, for staff.
func (s *Server) pageDeskTicket(c *gin.Context) error {
	return s.deskTicketPage(c, http.StatusOK, func(p *deskTicketPage) {
		for _, n := range []string{"sent", "noted", "moved", "released", "assigned", "removed", "handed_back"} {
			if c.Query(n) != "" {
				p.Notice = p.T("desk.notice." + n)
			}
		}
	})
}

func (s *Server) deskTicketPage(c *gin.Context, status int, with func(*deskTicketPage), sent ...filesForm) error {
	v, err := s.staff(c, "tickets", "")
	if err != nil {
		return err
	}
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	p := deskTicketPage{deskView: v, ClientID: rand.Text(), NoteID: rand.Text(), To: support.StatusWaitingMember}
	if p.Thread, err = s.Desk.Thread(c.Request.Context(), actor(c), id); err != nil {
		return err
	}
	t := p.Ticket
	p.Title = t.Ref + " · " + clip(t.Subject, 60)
	thread := threadView{view: v.view, staff: true, files: "/desk/files/"}
	p.Entries, p.Dossier = thread.entries(p.Thread.Entries), thread.dossier(p.Thread)
	p.Me = actor(c).Agent.ID
	if p.Subject, err = s.dossierSubject(c.Request.Context(), v, t); err != nil {
		return err
	}
	p.Asked, p.Clocks = s.dossierFields(v, t), s.dossierClocks(v, t, s.Now())
	p.CategoryLabel = s.categoryLabel(v.Lang, t.Category)
	team, _ := s.Routing.Current().Team(t.Team)
	p.TeamName, p.CanHandBack = team.Value.Name, p.Thread.Owner == support.OwnerHuman
	if p.Colleagues, err = s.Desk.Colleagues(c.Request.Context(), actor(c)); err != nil {
		return err
	}
	if t.Assignee != "" {
		if p.AssigneeName = agentNames(p.Colleagues)[t.Assignee]; p.AssigneeName == "" { // works here no more
			p.AssigneeName = p.T("desk.assign.gone")
		}
	}
	if p.Files, err = s.pick(c, v.view, t.Conversation, support.AuthorAgent, first(sent)); err != nil {
		return err
	}
	for _, to := range []support.Status{support.StatusWaitingMember, support.StatusOpen, support.StatusWaitingThirdParty,
		support.StatusSolved, support.StatusClosed, support.StatusSpam} {
		can := t.CanBecome(to, s.Now())
		if can {
			p.Statuses = append(p.Statuses, to)
		}
		if !t.Held() && to != support.StatusClosed && to != support.StatusSpam && (can || to == t.Status) {
			p.Then = append(p.Then, to)
		}
	}
	with(&p)
	p.Files = p.Files.with(p.Errors)
	return s.render(c, status, "desk/ticket", p)
}

// agentNames are the names of agents by their ids; the address where somebody has none.
func agentNames(as []support.Agent) map[support.AgentID]string {
	out := map[support.AgentID]string{}
	for _, a := range as {
		if out[a.ID] = a.Name; a.Name == "" {
			out[a.ID] = a.Email
		}
	}
	return out
}

// ticketID reads the ticket of the address; what is no id is NotFound.
func ticketID(c *gin.Context) (support.TicketID, error) {
	id := c.Param("id")
	if uuid.Validate(id) != nil {
		return "", problem.New(problem.NotFound, "")
	}
	return support.TicketID(id), nil
}

// onTicket does something to the ticket of the address, for staff, and shows it again.
func (s *Server) onTicket(c *gin.Context, notice string, do func(id support.TicketID) error, failed func(*deskTicketPage), sent ...filesForm) error {
	if _, err := s.staff(c, "tickets", ""); err != nil {
		return err
	}
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	if err := do(id); err != nil {
		ids := maps.Clone(fileFields)
		if notice == "noted" {
			ids["text"] = "note"
		}
		problems, status, again := s.formProblem(c, err, ids)
		if !again {
			return err
		}
		return s.deskTicketPage(c, status, func(p *deskTicketPage) {
			p.Errors = problems
			failed(p)
		}, sent...)
	}
	c.Redirect(http.StatusSeeOther, "/desk/tickets/"+string(id)+"?"+notice+"=1")
	return nil
}

// pageDeskReply adds an agent's reply or note, for staff.
func (s *Server) pageDeskReply(c *gin.Context) error {
	if _, err := s.staff(c, "tickets", ""); err != nil { // before anything is read
		return err
	}
	at, err := ticketID(c)
	if err != nil {
		return err
	}
	t, err := s.Desk.Thread(c.Request.Context(), actor(c), at)
	if err != nil {
		return err
	}
	fields, err := s.readFilesForm(c, func(fields url.Values, n int, name string, r io.Reader) (support.Attachment, error) {
		return s.received(c, t.Ticket.Conversation, support.AuthorAgent, fields, n, name, r)
	})
	if err == nil {
		_, wrong := support.CheckText("text", fields.Get("text"), support.MaxRequest)
		err = fields.with(wrong)
	}
	note := fields.Get("note") != ""
	notice := "sent"
	if note {
		notice = "noted"
	}
	return s.onTicket(c, notice, func(id support.TicketID) error {
		if err != nil {
			return err
		}
		return s.Desk.Reply(c.Request.Context(), actor(c), id, fields.Get("client_id"), fields.Get("text"),
			support.Status(fields.Get("status")), note, fields.Files...)
	}, func(p *deskTicketPage) {
		if note {
			p.Note = fields.Get("text")
			return
		}
		p.Text = fields.Get("text")
		if to := support.Status(fields.Get("status")); to != "" {
			p.To = to
		}
	}, fields)
}

// pageDeskStatus moves a ticket to another status, for staff.
func (s *Server) pageDeskStatus(c *gin.Context) error {
	fields, err := form(c)
	return s.onTicket(c, "moved", func(id support.TicketID) error {
		if err != nil {
			return err
		}
		return s.Desk.SetStatus(c.Request.Context(), actor(c), id, support.Status(fields.Get("status")))
	}, func(*deskTicketPage) {})
}

// pageDeskAssign gives a ticket to an agent or to nobody, for staff.
func (s *Server) pageDeskAssign(c *gin.Context) error {
	fields, err := form(c)
	return s.onTicket(c, "assigned", func(id support.TicketID) error {
		if err != nil {
			return err
		}
		return s.Desk.Assign(c.Request.Context(), actor(c), id, support.AgentID(fields.Get("was")), support.AgentID(fields.Get("assignee")))
	}, func(*deskTicketPage) {})
}

// pageDeskHandBack gives the conversation back to the assistant, for staff.
func (s *Server) pageDeskHandBack(c *gin.Context) error {
	fields, err := form(c)
	return s.onTicket(c, "handed_back", func(id support.TicketID) error {
		if err != nil {
			return err
		}
		return s.Desk.HandBack(c.Request.Context(), actor(c), id, fields.Get("agreed"))
	}, func(p *deskTicketPage) { p.Agreed = fields.Get("agreed") })
}

// pageDeskRelease releases a held ticket, for staff.
func (s *Server) pageDeskRelease(c *gin.Context) error {
	return s.onTicket(c, "released", func(id support.TicketID) error {
		if err := s.Desk.Sees(c.Request.Context(), actor(c), id); err != nil {
			return err
		}
		return s.Handoff.Release(c.Request.Context(), actor(c), id)
	}, func(*deskTicketPage) {})
}
