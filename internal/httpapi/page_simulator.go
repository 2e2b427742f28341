package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/handoff"
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
	// The very function that members' cards come from, in a house as it would stand.
	simulated := simulated{&p.All, present}
	situation, team, err := handoff.Situate(c.Request.Context(), &p.All, simulated, simulated,
		handoff.Want{Now: p.At, Lang: l, Category: support.CategoryKey(p.Form["category"]), Objects: objects})
	if err == nil && p.Form["category"] == "" {
		err = problem.InvalidField("category", "problem.category")
	}
	if err != nil {
		wrong = append(wrong, asProblem(err).Fields...)
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		p.Errors, status, _ = s.formProblem(c, &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: wrong}, nil)
		return s.render(c, status, "desk/simulator", p)
	}
	p.Member = memberView{l, zone, s.Catalogs.For(l)}
	p.Team, p.Category, p.Text = team, situation.Category, s.Routing.Text(situation.Category, l)
	for _, o := range handoff.Choose(situation) {
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

// simulated is a house where nobody waits and so many are there; below zero, all who take chats in the
// language. A call can be booked from the next opening on.
type simulated struct {
	all     *routing.State
	present int
}

// Chats implements handoff.Presence.
func (x simulated) Chats(_ context.Context, t support.Team, l kb.Lang) (q handoff.Queue, err error) {
	if q.Agents, q.Free = x.present, x.present; x.present >= 0 {
		return q, nil
	}
	q = handoff.Queue{}
	for _, a := range x.all.Agents {
		if !a.Value.Disabled && a.Value.In(t.ID) && a.Value.Takes(support.ChannelChat, l) {
			q.Agents++
			q.Free += a.Value.Capacity[support.ChannelChat]
		}
	}
	return q, nil
}

// NextSlot implements handoff.Slots.
func (x simulated) NextSlot(_ context.Context, t support.Team, _ kb.Lang, after time.Time) (time.Time, error) {
	at, _ := x.all.Hours(t.ID, support.ChannelCallback).NextOpening(after)
	return at, nil
}

// MomentIn is a moment in the member's zone, in the language of the page.
func (p simulatorPage) MomentIn(t time.Time) string { return p.words.Moment(t, p.Member.Zone) }

// Offered are the categories that a member may choose from.
func (p simulatorPage) Offered() []support.Category { return p.All.Offered() }

// Boxed are the languages that the member may read.
func (p simulatorPage) Boxed() []box { return p.Langs("lang") }
