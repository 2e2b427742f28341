// Package routing is which team, in which hours, a request goes to, and what is asked for it: teams
// with their channels, calendars, the categories of requests with their fields and texts, and what
// each agent takes on. What a request needs of it comes from one state in memory, which every node
// brings up to date within a second or two of a save.
package routing

import (
	"context"
	"slices"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// DefaultTeam takes what no other team does; it is always there, and always answers e-mail in every
// language.
const DefaultTeam support.TeamID = "support"

// Channels are the ways by which a team can be reached, e-mail first.
var Channels = []support.Channel{support.ChannelEmail, support.ChannelChat, support.ChannelCallback}

// Agent is somebody who works here, and what they take on.
type Agent struct {
	support.Agent
	support.Skills
}

// Saved is a thing as it was saved: which version of it, by whom and when.
type Saved[T any] struct {
	Value   T
	Version int64  // 1, 2, 3…; 0 before anybody saved
	By      string // name or address; "" for nobody known
	At      time.Time
}

// State is everything, at one moment. What it holds is shared: nobody changes it.
type State struct {
	Version    int64 // of the state: higher after each save of anything
	Teams      []Saved[support.Team]
	Calendars  []Saved[support.Calendar]
	Categories []Saved[support.Category] // in the order of the form, the disabled ones too
	Agents     []Saved[Agent]
}

// Kind names what has versions.
type Kind string

// The kinds.
const (
	KindTeam     Kind = "team"
	KindCalendar Kind = "calendar"
	KindCategory Kind = "category"
	KindAgent    Kind = "agent"
)

// Store keeps all of it. Each save is of the version after the one that was read, which v.Version is:
// a Conflict if somebody has saved that meanwhile, and raises the number that RoutingVersion returns.
// by is "" for nobody known.
type Store interface {
	// RoutingVersion is the number of the last save of anything.
	RoutingVersion(ctx context.Context) (int64, error)
	// Routing reads everything as it is at one moment.
	Routing(ctx context.Context) (State, error)
	SaveTeam(ctx context.Context, v Saved[support.Team], by support.AgentID) error
	SaveCalendar(ctx context.Context, v Saved[support.Calendar], by support.AgentID) error
	SaveCategory(ctx context.Context, v Saved[support.Category], by support.AgentID) error
	// SaveSkills keeps what an agent takes on, and whether the agent may sign in. NotFound; Invalid, naming the field
	// disabled, where no admin would be left.
	SaveSkills(ctx context.Context, v Saved[Agent], by support.AgentID) error
	// Earlier reads an old version of something into a value of its type; NotFound.
	Earlier(ctx context.Context, k Kind, key string, version int64, into any) error
}

// Clash is what a save met that somebody else had been faster than. It is the private cause of a
// Conflict.
type Clash[T any] struct {
	Base Saved[T] // what the page had shown; the zero value for a thing that was to be new
	Now  Saved[T] // what is saved
}

// Error names the versions.
func (c *Clash[T]) Error() string { return "changed meanwhile" }

// Team returns a team; ok is false for one that is not there.
func (s *State) Team(id support.TeamID) (Saved[support.Team], bool) {
	return find(s.Teams, func(t support.Team) bool { return t.ID == id })
}

// Calendar returns a calendar; ok is false for one that is not there.
func (s *State) Calendar(id support.CalendarID) (Saved[support.Calendar], bool) {
	return find(s.Calendars, func(c support.Calendar) bool { return c.ID == id })
}

// Category returns a category, also a disabled one; ok is false for one that is not there.
func (s *State) Category(key support.CategoryKey) (Saved[support.Category], bool) {
	return find(s.Categories, func(c support.Category) bool { return c.Key == key })
}

// Agent returns an agent; ok is false for one that is not there.
func (s *State) Agent(id support.AgentID) (Saved[Agent], bool) {
	return find(s.Agents, func(a Agent) bool { return a.ID == id })
}

func find[T any](list []Saved[T], is func(T) bool) (zero Saved[T], ok bool) {
	for i := range list {
		if is(list[i].Value) {
			return list[i], true
		}
	}
	return zero, false
}

// Offered are the categories that a member may choose from, in the order of the form.
func (s *State) Offered() (out []support.Category) {
	for _, c := range s.Categories {
		if !c.Value.Disabled {
			out = append(out, c.Value)
		}
	}
	return out
}

// Route returns the team and the category of a request. Where the category's team does not answer
// e-mail in the language, it is the default team. Errors: Invalid, naming the field category, for one
// that is not there, or no longer.
func (s *State) Route(key support.CategoryKey, l kb.Lang) (t support.Team, c support.Category, err error) {
	found, ok := s.Category(key)
	switch {
	case !ok:
		return t, c, problem.InvalidField("category", "problem.category")
	case found.Value.Disabled:
		return t, c, problem.InvalidField("category", "problem.category_gone")
	}
	c = found.Value
	if own, ok := s.Team(c.Team); ok && Speaks(own.Value, support.ChannelEmail, l) {
		return own.Value, c, nil
	}
	fallback, ok := s.Team(DefaultTeam)
	if !ok {
		return t, c, problem.New(problem.Internal, "")
	}
	return fallback.Value, c, nil
}

// Speaks reports whether a team is reached by a channel in a language.
func Speaks(t support.Team, c support.Channel, l kb.Lang) bool {
	for _, way := range t.Channels {
		if way.Channel == c {
			return slices.Contains(c.Spoken(way.Langs), l)
		}
	}
	return false
}

// CalendarsOf are the calendars of a team's channels.
func (s *State) CalendarsOf(t support.Team) map[support.Channel]support.Calendar {
	out := map[support.Channel]support.Calendar{}
	for _, way := range t.Channels {
		if c, ok := s.Calendar(way.Calendar); ok {
			out[way.Channel] = c.Value
		}
	}
	return out
}

// Default is the team that takes what no other does.
func (s *State) Default() support.Team {
	t, _ := s.Team(DefaultTeam)
	return t.Value
}

// Hours are those of a team's channel; the default ones where it has none.
func (s *State) Hours(id support.TeamID, c support.Channel) support.Calendar {
	if t, ok := s.Team(id); ok {
		for _, way := range t.Value.Channels {
			if found, ok := s.Calendar(way.Calendar); ok && way.Channel == c {
				return found.Value
			}
		}
	}
	if t := s.Default(); id != DefaultTeam && t.ID != "" {
		return s.Hours(t.ID, support.ChannelEmail)
	}
	return support.DefaultCalendar("")
}

// Find returns a category, also one that is offered no longer; ok is false for one that is not there.
func (s *State) Find(key support.CategoryKey) (c support.Category, ok bool) {
	found, ok := s.Category(key)
	return found.Value, ok
}

// Skills are what an agent takes on.
func (s *State) Skills(id support.AgentID) support.Skills {
	a, _ := s.Agent(id)
	return a.Value.Skills
}

// Read is CheckFields.
func (*State) Read(c support.Category, l kb.Lang, values map[string]string, now time.Time) (clean map[string]string, missing []string, err error) {
	return CheckFields(c, l, values, now)
}
