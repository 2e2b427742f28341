package handoff

import (
	"cmp"
	"context"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Routing says which team a request goes to, in which hours, and what is asked for it.
type Routing interface {
	// Route returns the team and the category of a request. Invalid, naming the field category, for one
	// that is not there, or no longer.
	Route(key support.CategoryKey, l kb.Lang) (support.Team, support.Category, error)
	// Default is the team of a request that has no category yet.
	Default() support.Team
	// Hours are those of a team's channel.
	Hours(t support.TeamID, c support.Channel) support.Calendar
	// Find returns a category, also one that is offered no longer.
	Find(key support.CategoryKey) (support.Category, bool)
	// Read reads what was written in the category's fields: what is there, in the form it is kept, and
	// the keys of required fields that are empty. Invalid names every wrong field as fields.<key>.
	Read(c support.Category, l kb.Lang, values map[string]string, now time.Time) (clean map[string]string, missing []string, err error)
}

// Queue is how a team's live chat stands, in a language.
type Queue struct {
	Agents, Free, Waiting int
	WaitP50, WaitP80      time.Duration // of those who had to wait; zero where nobody has measured
}

// Presence says who is there to chat.
type Presence interface {
	Chats(ctx context.Context, t support.Team, l kb.Lang) (Queue, error)
}

// Slots says when a call can be booked.
type Slots interface {
	// NextSlot is the first call that can be booked, not before after; zero where none can.
	NextSlot(ctx context.Context, t support.Team, l kb.Lang, after time.Time) (time.Time, error)
}

// Absent is the Presence and the Slots of a house without chat and calls: nobody, never.
type Absent struct{}

// Chats says that nobody is there.
func (Absent) Chats(context.Context, support.Team, kb.Lang) (q Queue, err error) { return q, nil }

// NextSlot says that no call can be booked.
func (Absent) NextSlot(context.Context, support.Team, kb.Lang, time.Time) (t time.Time, err error) {
	return t, nil
}

// Want is a request that somebody thinks of making.
type Want struct {
	Now      time.Time
	Lang     kb.Lang
	Category support.CategoryKey // "" while none is chosen
	Objects  int                 // how many it is about; zero where that is not known
	Email    string              // "" where it is not known
	Proven   bool
	Phone    string
}

// From is the want of a member, as far as it is known who they are.
func (w Want) From(m *support.Member) Want {
	if m != nil {
		w.Email, w.Proven, w.Phone = m.Email, m.EmailVerified && m.Email != "", m.Phone
	}
	return w
}

// Situate gathers what Choose decides by, and says which team the request would go to. The cards, the
// form, the API and the admins' simulator all go through here. Errors: Invalid, naming the field
// category.
func Situate(ctx context.Context, r Routing, p Presence, slots Slots, w Want) (s Situation, t support.Team, err error) {
	s = Situation{Now: w.Now, Lang: w.Lang, Objects: w.Objects, Email: w.Email, Proven: w.Proven, Phone: w.Phone}
	if t = r.Default(); w.Category != "" {
		if t, s.Category, err = r.Route(w.Category, w.Lang); err != nil {
			return s, t, err
		}
	}
	for _, way := range t.Channels {
		f := ChannelFacts{Channel: way.Channel, Calendar: r.Hours(t.ID, way.Channel), Langs: way.Langs}
		switch way.Channel {
		case support.ChannelChat:
			q, err := p.Chats(ctx, t, w.Lang)
			if err != nil {
				return s, t, err
			}
			f.Agents, f.Free, f.Waiting, f.WaitP50, f.WaitP80 = q.Agents, q.Free, q.Waiting, q.WaitP50, q.WaitP80
		case support.ChannelCallback:
			if f.NextSlot, err = slots.NextSlot(ctx, t, w.Lang, w.Now); err != nil {
				return s, t, err
			}
		}
		s.Channels = append(s.Channels, f)
	}
	return s, t, nil
}

// Options returns the ways to a person for a request, the best first; see Choose. Errors as Situate.
func (s *Service) Options(ctx context.Context, w Want) (out []support.ContactOption, err error) {
	defer problem.Wrap(&err, "handoff.Options(%s, %s)", w.Category, w.Lang)
	w.Now = s.c.Now()
	situation, _, err := Situate(ctx, s.c.Routing, s.c.Presence, s.c.Slots, w)
	if err != nil {
		return nil, err
	}
	return Choose(situation), nil
}

// Promise is by when a request that is made now, by e-mail and of no category in particular, has its
// first answer.
func (s *Service) Promise() time.Time {
	o := Choose(Situation{Now: s.c.Now(), Channels: []ChannelFacts{{Channel: support.ChannelEmail,
		Calendar: s.c.Routing.Hours(s.c.Routing.Default().ID, support.ChannelEmail)}}})
	return o[0].PromisedAt
}

// policy is what is promised of a category's requests.
func policy(c support.Category) support.SLAPolicy {
	p := c.SLA
	p.FirstAnswer = cmp.Or(p.FirstAnswer, support.DefaultFirstAnswer)
	return p
}

// hours are those in which a ticket's promises are counted.
func (s *Service) hours(t support.Ticket) support.Calendar {
	return s.c.Routing.Hours(t.Team, support.ChannelEmail)
}

// begin starts the clocks of a ticket that is brought to its team. One that was solved before stays so.
func (s *Service) begin(t support.Ticket, now time.Time) support.Ticket {
	c, _ := s.c.Routing.Find(support.CategoryKey(t.Category))
	hours := s.hours(t)
	k := t.SLA.Started(now, policy(c), hours)
	if k.FirstDue.IsZero() { // nobody should be without an answer for the sake of an empty calendar
		k = t.SLA.Started(now, policy(c), support.DefaultCalendar(""))
	}
	return t.On(k.Changed(now, t.Status, hours))
}
