package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// calendarPath takes files.
const calendarPath = "/desk/calendars/:id"

// routingPage is a list of teams, calendars, categories or agents, or one of them as a form: whichever
// button is pressed, all that was typed comes back.
type routingPage struct {
	deskView
	Part    string        // "teams", "calendars", "categories", "agents", "simulator"
	All     routing.State // as it is saved
	ID      string        // of the one that is shown; "new"
	Form    routing.Form
	Version int64
	Saved   routing.Saved[any] // who and when
	Errors  formErrors
	Notice  string
	Theirs  routing.Form // by field: what another admin saved meanwhile
	texts   *routing.Service
}

// routingPage prepares a page for admins; Forbidden for others who work here.
func (s *Server) routingPage(c *gin.Context, part string) (p routingPage, err error) {
	v, err := s.staff(c, "routing", "desk.routing."+part)
	if err != nil {
		return p, err
	}
	if !v.Admin {
		return p, problem.New(problem.Forbidden, "")
	}
	p = routingPage{deskView: v, Part: part, texts: s.Routing}
	p.All, err = s.Routing.All(c.Request.Context(), actor(c))
	return p, err
}

// routingList shows a list, for admins.
func (s *Server) routingList(c *gin.Context, part string) error {
	p, err := s.routingPage(c, part)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "desk/"+part, p)
}

func (s *Server) pageTeams(c *gin.Context) error      { return s.routingList(c, "teams") }
func (s *Server) pageCalendars(c *gin.Context) error  { return s.routingList(c, "calendars") }
func (s *Server) pageCategories(c *gin.Context) error { return s.routingList(c, "categories") }
func (s *Server) pageAgents(c *gin.Context) error     { return s.routingList(c, "agents") }

// routed is how one kind of thing is shown, read and saved. l is the language of the page, which words
// in a form may be in.
type routed[T any] struct {
	part, page string
	find       func(all *routing.State, id string) (routing.Saved[T], bool)
	fresh      func(all *routing.State) T // to be filled in; nil where there is no new one
	name       func(routingPage, T) string
	form       func(v T, l kb.Lang) routing.Form
	read       func(f routing.Form, was T) (T, error)
	save       func(*routing.Service, context.Context, support.Actor, T, int64) error
	address    func(f routing.Form) string // of what was saved
}

// open finds the thing of the address and puts it on the page.
func (k routed[T]) open(s *Server, c *gin.Context) (p routingPage, was routing.Saved[T], err error) {
	if p, err = s.routingPage(c, k.part); err != nil {
		return p, was, err
	}
	p.ID = c.Param("id")
	if p.ID == "new" && k.fresh != nil {
		was.Value = k.fresh(&p.All)
		p.Title = p.T("desk.routing." + "new_" + k.page) // new_team, new_calendar, new_category
	} else {
		found := false
		if was, found = k.find(&p.All, p.ID); !found {
			return p, was, problem.New(problem.NotFound, "")
		}
		p.Title = k.name(p, was.Value)
	}
	k.put(&p, was)
	return p, was, nil
}

func (k routed[T]) put(p *routingPage, was routing.Saved[T]) {
	p.Form, p.Version = k.form(was.Value, p.Lang), was.Version
	p.Saved = routing.Saved[any]{Version: was.Version, By: was.By, At: was.At}
}

func (k routed[T]) show(s *Server, c *gin.Context) error {
	p, _, err := k.open(s, c)
	if err != nil {
		return err
	}
	if c.Query("saved") != "" {
		p.Notice = p.T("desk.routing.saved")
	}
	return s.render(c, http.StatusOK, "desk/"+k.page, p)
}

// send saves the form; or, by a button that other knows, shows it again.
func (k routed[T]) send(s *Server, c *gin.Context, other func(p *routingPage, do string) (again bool, err error)) error {
	p, was, err := k.open(s, c) // before the form is read, which may be long
	if err != nil {
		return err
	}
	fields, err := form(c)
	if m := c.Request.MultipartForm; m != nil {
		defer m.RemoveAll()
	}
	if err != nil {
		return err
	}
	typed := typedForm(fields, p.Form)
	if p.ID != "new" {
		typed["id"], typed["key"] = p.ID, p.ID
	}
	p.Version, _ = strconv.ParseInt(fields.Get("version"), 10, 64) // what is no number is not the newest, and says so
	p.Form = routing.Compact(typed)
	if other != nil {
		again, err := other(&p, fields.Get("do"))
		if err != nil {
			return k.again(s, c, p, err)
		}
		if again {
			return s.render(c, http.StatusOK, "desk/"+k.page, p)
		}
	}
	v, err := k.read(p.Form, was.Value)
	if err != nil {
		err = s.Routing.AlsoWrong(err, &p.All, v)
	} else {
		err = k.save(s.Routing, c.Request.Context(), actor(c), v, p.Version)
	}
	if err != nil {
		return k.again(s, c, p, err)
	}
	c.Redirect(http.StatusSeeOther, "/desk/"+k.part+"/"+url.PathEscape(k.address(p.Form))+"?saved=1")
	return nil
}

// again shows the form with what is wrong with it.
func (k routed[T]) again(s *Server, c *gin.Context, p routingPage, err error) error {
	problems, status, again := s.formProblem(c, err, nil)
	if !again {
		return err
	}
	p.Errors = problems
	if clash, ok := routing.ClashOf[T](err); ok && p.ID != "new" {
		base := k.form(clash.Base.Value, p.Lang)
		if clash.Base.Version == 0 { // nobody knows what the page had shown: all that differs is said
			base = nil
		}
		mine := p.Form
		k.put(&p, clash.Now)
		p.Form, p.Theirs = routing.Merge(mine, base, p.Form)
		for name, text := range p.Theirs {
			if text == "" {
				p.Theirs[name] = p.T("desk.routing.nothing")
			}
		}
	}
	return s.render(c, status, "desk/"+k.page, p)
}

// typedForm is what was typed: the boxes that were ticked of each name with spaces between them, and
// "" for each field of the form that did not come, since a box that is not ticked does not.
func typedForm(sent url.Values, known routing.Form) routing.Form {
	f := routing.Form{}
	for name := range known {
		f[name] = ""
	}
	for name, values := range sent {
		if name != "version" && name != "do" {
			f[name] = strings.ReplaceAll(strings.Join(values, " "), "\r\n", "\n")
		}
	}
	return f
}

var routedTeam = routed[support.Team]{part: "teams", page: "team",
	find: func(all *routing.State, id string) (routing.Saved[support.Team], bool) {
		return all.Team(support.TeamID(id))
	},
	fresh: func(all *routing.State) (t support.Team) {
		t.Channels = []support.TeamChannel{{Channel: support.ChannelEmail}}
		if len(all.Calendars) > 0 {
			t.Channels[0].Calendar = all.Calendars[0].Value.ID
		}
		return t
	},
	name:    func(_ routingPage, t support.Team) string { return t.Name },
	form:    func(t support.Team, _ kb.Lang) routing.Form { return routing.TeamForm(t) },
	read:    func(f routing.Form, _ support.Team) (support.Team, error) { return routing.ReadTeam(f) },
	save:    (*routing.Service).SaveTeam,
	address: func(f routing.Form) string { return strings.TrimSpace(f["id"]) }}

var routedCalendar = routed[support.Calendar]{part: "calendars", page: "calendar",
	find: func(all *routing.State, id string) (routing.Saved[support.Calendar], bool) {
		return all.Calendar(support.CalendarID(id))
	},
	fresh: func(all *routing.State) (c support.Calendar) {
		if len(all.Calendars) > 0 {
			c.Zone, c.Weekly = all.Calendars[0].Value.Zone, all.Calendars[0].Value.Weekly
		}
		return c
	},
	name:    func(_ routingPage, c support.Calendar) string { return c.Name },
	form:    routing.CalendarForm,
	read:    func(f routing.Form, _ support.Calendar) (support.Calendar, error) { return routing.ReadCalendar(f) },
	save:    (*routing.Service).SaveCalendar,
	address: func(f routing.Form) string { return strings.TrimSpace(f["id"]) }}

var routedAgent = routed[routing.Agent]{part: "agents", page: "agent",
	find: func(all *routing.State, id string) (v routing.Saved[routing.Agent], ok bool) {
		if uuid.Validate(id) != nil {
			return v, false
		}
		return all.Agent(support.AgentID(id))
	},
	name: func(_ routingPage, a routing.Agent) string {
		if a.Name == "" {
			return a.Email
		}
		return a.Name
	},
	form:    func(a routing.Agent, _ kb.Lang) routing.Form { return routing.AgentForm(a) },
	read:    routing.ReadAgent,
	save:    (*routing.Service).SaveAgent,
	address: func(f routing.Form) string { return f["id"] }}

func (s *Server) pageTeam(c *gin.Context) error      { return routedTeam.show(s, c) }
func (s *Server) pageTeamSend(c *gin.Context) error  { return routedTeam.send(s, c, nil) }
func (s *Server) pageCalendar(c *gin.Context) error  { return routedCalendar.show(s, c) }
func (s *Server) pageAgent(c *gin.Context) error     { return routedAgent.show(s, c) }
func (s *Server) pageAgentSend(c *gin.Context) error { return routedAgent.send(s, c, nil) }

// pageCalendarSend saves a calendar; or adds the days of a file to the holidays that are typed.
func (s *Server) pageCalendarSend(c *gin.Context) error {
	return routedCalendar.send(s, c, func(p *routingPage, do string) (bool, error) {
		m := c.Request.MultipartForm
		chosen := m != nil && len(m.File["ics"]) > 0 && m.File["ics"][0].Size > 0
		if do != "import" && !chosen {
			return false, nil
		}
		if !chosen {
			return false, problem.InvalidField("ics", "desk.routing.wrong_ics")
		}
		file, err := m.File["ics"][0].Open()
		if err != nil {
			return false, err
		}
		defer file.Close()
		days, err := routing.ImportHolidays(file, s.Now())
		if err != nil {
			return false, err
		}
		p.Form = routing.WithHolidays(p.Form, days)
		p.Notice = p.N("desk.routing.imported", len(days))
		return true, nil
	})
}

// ---- words of the templates ----

// box is one of several with one name.
type box struct {
	Value, Text string
	Lang        kb.Lang // that Text is in; "" for the page's own
	On          bool
}

// Langs are the languages that may be ticked in a field.
func (p routingPage) Langs(field string) (out []box) {
	possible := kb.Langs[:]
	if name, ok := strings.CutSuffix(field, "_langs"); ok {
		possible = support.Channel(name).Langs()
	}
	on := strings.Fields(p.Form[field])
	for _, l := range possible {
		out = append(out, box{string(l), langName(l), l, slices.Contains(on, string(l))})
	}
	return out
}

// TeamBoxes are the teams that may be ticked in a field.
func (p routingPage) TeamBoxes(field string) (out []box) {
	on := strings.Fields(p.Form[field])
	for _, t := range p.All.Teams {
		out = append(out, box{string(t.Value.ID), t.Value.Name, "", slices.Contains(on, string(t.Value.ID))})
	}
	return out
}

// Channels are the ways by which a team is reached.
func (p routingPage) Channels() []support.Channel { return routing.Channels }

// LangNames are the names of languages; "" for none.
func (p routingPage) LangNames(ls []kb.Lang) string {
	names := make([]string, len(ls))
	for i, l := range ls {
		names[i] = langName(l)
	}
	return strings.Join(names, ", ")
}

// TeamName is what a team is called.
func (p routingPage) TeamName(id support.TeamID) string {
	if t, ok := p.All.Team(id); ok {
		return t.Value.Name
	}
	return string(id)
}

// Label is what a category is called in the language of the page.
func (p routingPage) Label(c support.Category) string { return p.texts.Text(c, p.Lang).Label }

// Field is what is typed in a field.
func (p routingPage) Field(name string) string { return p.Form[name] }
