package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/handoff"
	"guichet/internal/locale"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// momentForm is how a browser's field writes a moment of wall time.
const momentForm = "2006-01-02T15:04"

// simulatorPage is a request that nobody has made, and what its member would be offered.
type simulatorPage struct {
	routingPage
	Category support.Category
	Team     support.Team
	Text     support.CategoryText // in the member's language
	Member   memberView
	Cards    []contactCard
	At       time.Time
}

// memberView says texts as the member reads them.
type memberView struct {
	kb.Lang
	Zone  *time.Location
	words *locale.Printer
}

// T says a text.
func (m memberView) T(key string, args ...any) string { return m.words.T(key, pairs(args)) }

// contactCard is one way to a person in the words of its card.
type contactCard struct {
	support.ContactOption
	Name  string
	Lines []string
}

// pageSimulator shows what a member would be offered at some moment, for admins. Nothing is made.
func (s *Server) pageSimulator(c *gin.Context) error {
	base, err := s.routingPage(c, "simulator")
	if err != nil {
		return err
	}
	p := simulatorPage{routingPage: base}
	now := s.Now()
	p.Form = routing.Form{"lang": c.Query("member_lang"), "category": c.Query("category"), "objects": c.Query("objects"),
		"moment": c.Query("moment"), "zone": c.Query("zone"), "present": c.Query("present")}
	if len(c.Request.URL.Query()) == 0 || c.Query("category") == "" {
		p.fresh()
	}
	var wrong []problem.Field
	add := func(field, key string, args map[string]any) {
		wrong = append(wrong, problem.Field{Name: field, Key: key, Args: args})
	}
	l, err := kb.ParseLang(p.Form["lang"])
	if err != nil {
		add("member_lang", "problem.lang", map[string]any{"lang": clip(p.Form["lang"], 20)})
		l = kb.English
	}
	zone, err := time.LoadLocation(p.Form["zone"])
	if err != nil || p.Form["zone"] == "" || p.Form["zone"] == "Local" {
		add("zone", "desk.routing.wrong_zone", nil)
		zone = time.UTC
	}
	p.At = now.In(zone)
	if typed := p.Form["moment"]; typed != "" {
		if p.At, err = time.ParseInLocation(momentForm, typed, zone); err != nil {
			add("moment", "desk.routing.wrong_moment", nil)
		}
	}
	count := func(field string) int {
		n, err := strconv.Atoi(strings.TrimSpace(p.Form[field]))
		if p.Form[field] != "" && (err != nil || n < 0 || n > maxSimulated) {
			add(field, "desk.routing.wrong_number", map[string]any{"max": maxSimulated})
		}
		return n
	}
	objects, present := count("objects"), count("present")
	if p.Form["present"] == "" {
		present = -1
	}
	team, category, err := p.All.Route(support.CategoryKey(p.Form["category"]), l)
	if err != nil {
		wrong = append(wrong, asProblem(err).Fields...)
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		p.Errors, status, _ = s.formProblem(c, &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: wrong}, nil)
		return s.render(c, status, "desk/simulator", p)
	}
	p.Member = memberView{l, zone, s.Catalogs.For(l)}
	p.Team, p.Category, p.Text = team, category, s.Routing.Text(category, l)
	options := handoff.Choose(handoff.Situation{Now: p.At, Lang: l, Category: category, Objects: objects, Channels: p.facts(l, present)})
	for _, o := range options {
		p.Cards = append(p.Cards, p.Member.card(o))
	}
	return s.render(c, status, "desk/simulator", p)
}

// maxSimulated bounds what is counted.
const maxSimulated = 10_000

// fresh fills the form in where nothing has been chosen yet.
func (p *simulatorPage) fresh() {
	p.Form["lang"], p.Form["objects"], p.Form["zone"] = string(p.Lang), "1", "UTC"
	if offered := p.All.Offered(); len(offered) > 0 {
		p.Form["category"] = string(offered[0].Key)
	}
	if t, ok := p.All.Team(routing.DefaultTeam); ok {
		if c, ok := p.All.CalendarsOf(t.Value)[support.ChannelEmail]; ok {
			p.Form["zone"] = c.Zone
		}
	}
}

// facts are the team's channels as they would stand: nobody waits, and so many are there; below zero,
// all who take chats in the language. A call can be booked from the next opening on.
func (p *simulatorPage) facts(l kb.Lang, present int) (out []handoff.ChannelFacts) {
	calendars := p.All.CalendarsOf(p.Team)
	for _, way := range p.Team.Channels {
		f := handoff.ChannelFacts{Channel: way.Channel, Calendar: calendars[way.Channel], Langs: way.Langs}
		switch way.Channel {
		case support.ChannelChat:
			f.Agents, f.Free = present, present
			if present < 0 {
				f.Agents, f.Free = p.takers(way.Channel, l)
			}
		case support.ChannelCallback:
			f.NextSlot, _ = f.Calendar.NextOpening(p.At)
		}
		out = append(out, f)
	}
	return out
}

// takers counts the team's agents who take a channel in a language, and how much they take at once.
func (p *simulatorPage) takers(c support.Channel, l kb.Lang) (agents, capacity int) {
	for _, a := range p.All.Agents {
		if !a.Value.Disabled && a.Value.In(p.Team.ID) && a.Value.Takes(c, l) {
			agents++
			capacity += a.Value.Capacity[c]
		}
	}
	return agents, capacity
}

// card says an option in the member's words.
func (m memberView) card(o support.ContactOption) contactCard {
	c := contactCard{ContactOption: o, Name: m.T("channel." + string(o.Channel))}
	add := func(text string) { c.Lines = append(c.Lines, text) }
	if o.Reason != "" {
		names := make([]string, len(o.Langs))
		for i, l := range o.Langs {
			names[i] = langName(l)
		}
		add(m.T("contact.reason."+string(o.Reason), "langs", strings.Join(names, ", ")))
	}
	switch {
	case !o.OpensAt.IsZero():
		add(m.T("channel.opens", "date", m.words.DateTime(o.OpensAt, m.Zone)))
	case o.State != support.ContactOpen:
	case o.Channel == support.ChannelEmail:
		add(m.T("channel.always"))
		add(m.T("channel.answer_by", "date", m.words.DateTime(o.PromisedAt, m.Zone)))
	case o.Channel == support.ChannelCallback:
		add(m.T("channel.next_slot", "date", m.words.DateTime(o.PromisedAt, m.Zone)))
	case o.Reason == "":
		add(m.T("channel.chat_now"))
	default:
		if o.Ahead > 0 {
			add(m.words.N("channel.ahead", o.Ahead, nil))
		}
		if o.Wait > 0 {
			add(m.T("channel.wait", "minutes", int((o.Wait+time.Minute-1)/time.Minute)))
		}
	}
	return c
}

// MomentIn is a moment in the member's zone, in the language of the page.
func (p simulatorPage) MomentIn(t time.Time) string { return p.words.Moment(t, p.Member.Zone) }

// Offered are the categories that a member may choose from.
func (p simulatorPage) Offered() []support.Category { return p.All.Offered() }

// Boxed are the languages that the member may read.
func (p simulatorPage) Boxed() []box { return p.Langs("lang") }
