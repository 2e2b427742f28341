package handoff

import (
	"cmp"
	"slices"
	"time"

	"guichet/internal/support"
	"guichet/kb"
)

// Situation is all that the choice of a channel depends on: plain facts, so that the widget's cards, the
// form, the API and the admins' simulator get the same answer from the same function.
type Situation struct {
	Now      time.Time
	Lang     kb.Lang
	Category support.Category
	Objects  int    // how many the request is about; zero where that is not known
	Email    string // the member's address; "" where it is not known
	Proven   bool   // that it is theirs
	Phone    string // the member's number, E.164; "" where it is not known
	// Channels are those that the category's team has. E-mail is always there: without it here, its
	// calendar is the default one.
	Channels []ChannelFacts
}

// ChannelFacts is how a channel of the team stands now. Presence, queue and waits are those of the
// member's language.
type ChannelFacts struct {
	Channel  support.Channel
	Calendar support.Calendar
	Langs    []kb.Lang // none means all that the channel allows

	// Of chat.
	Agents  int           // who are online and speak the language
	Free    int           // members whom they can take on at once
	Waiting int           // members who wait already
	WaitP50 time.Duration // measured waits of those who had to wait; zero where they are not known
	WaitP80 time.Duration

	// Of the callback: the first call that can be booked; zero where none can.
	NextSlot time.Time

	// Of e-mail: business time that four of five first answers took; zero where it is not known.
	AnswerP80 time.Duration
}

// What a channel that fits a request less well has to win by, to be recommended all the same. Times to
// a person are compared with these added, so more agents or shorter queues never lead a member to a
// slower way.
const (
	chatForSeveral  = 10 * time.Minute // several objects are told faster than typed
	callForQuestion = 15 * time.Minute // a quick question is typed faster than a call arranged
	askForNumber    = 5 * time.Minute  // the number is still to be given
	unmeasuredWait  = 10 * time.Minute // a queue's wait where none was measured: this, and again for each one ahead
)

// Choose returns the ways to a person for a request, the best first: open ones by how soon somebody is
// reached and how well they fit, then closed ones by when they open, then those that are not offered;
// e-mail, chat, callback where that is equal. Exactly one is recommended, and it is open: e-mail is
// always there. A channel that the team does not have is not listed. Times are in the zone of the
// channel's calendar.
//
// A first answer by e-mail is promised by the category's policy, or within support.DefaultFirstAnswer
// where it has none. Where the member's address is still to be proven that is what a proof now would
// bring.
func Choose(s Situation) []support.ContactOption {
	type ranked struct {
		support.ContactOption
		cost time.Duration // of an open one
	}
	var all []ranked
	for _, channel := range []support.Channel{support.ChannelEmail, support.ChannelChat, support.ChannelCallback} {
		i := slices.IndexFunc(s.Channels, func(f ChannelFacts) bool { return f.Channel == channel })
		var r ranked
		switch {
		case channel == support.ChannelEmail && i < 0:
			r.ContactOption, r.cost = s.email(ChannelFacts{Calendar: support.DefaultCalendar("")})
		case i < 0:
			continue
		case channel == support.ChannelEmail:
			r.ContactOption, r.cost = s.email(s.Channels[i])
		case channel == support.ChannelChat:
			r.ContactOption, r.cost = s.chat(s.Channels[i])
		default:
			r.ContactOption, r.cost = s.callback(s.Channels[i])
		}
		r.Channel = channel
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		if c := cmp.Compare(place(a.State), place(b.State)); c != 0 {
			return c
		}
		switch a.State {
		case support.ContactOpen:
			if c := s.preferEmail(a.Channel, b.Channel); c != 0 {
				return c
			}
			return cmp.Compare(a.cost, b.cost)
		case support.ContactClosed:
			if a.OpensAt.IsZero() != b.OpensAt.IsZero() {
				if a.OpensAt.IsZero() {
					return 1
				}
				return -1
			}
			return a.OpensAt.Compare(b.OpensAt)
		}
		return 0
	})
	all[0].Recommended = true
	out := make([]support.ContactOption, len(all))
	for i, r := range all {
		out[i] = r.ContactOption
	}
	return out
}

func place(s support.ContactState) int {
	return slices.Index([]support.ContactState{support.ContactOpen, support.ContactClosed, support.ContactNotOffered}, s)
}

// preferEmail orders two open channels of a request that is best written: one about many objects, or
// one that does not press, for which nobody should be kept from those that do.
func (s Situation) preferEmail(a, b support.Channel) int {
	if !s.many() && s.Category.Priority != support.PriorityLow || a == b {
		return 0
	}
	switch support.ChannelEmail {
	case a:
		return -1
	case b:
		return 1
	}
	return 0
}

// many reports whether the request is about more objects than can be told in a call.
func (s Situation) many() bool {
	return s.Category.FewObjects > 0 && s.Objects > s.Category.FewObjects
}

// presses reports whether the request is to reach a person as soon as can be, however it fits.
func (s Situation) presses() bool {
	return s.Category.Priority == support.PriorityUrgent || s.Category.Priority == support.PriorityHigh
}

func (s Situation) email(f ChannelFacts) (support.ContactOption, time.Duration) {
	o := support.ContactOption{State: support.ContactOpen}
	switch {
	case s.Email == "":
		o.Need = support.NeedEmail
	case !s.Proven:
		o.Need = support.NeedProof
	}
	calendar := f.Calendar
	first := cmp.Or(s.Category.SLA.FirstAnswer, support.DefaultFirstAnswer)
	promised, ok := calendar.Add(s.Now, first)
	if !ok { // nobody should be without an answer for the sake of an empty calendar
		calendar = support.DefaultCalendar("")
		promised, _ = calendar.Add(s.Now, first)
	}
	o.PromisedAt = promised
	if f.AnswerP80 > 0 {
		if usual, ok := calendar.Add(s.Now, f.AnswerP80); ok {
			o.Wait = usual.Sub(s.Now)
		}
	}
	return o, cmp.Or(o.Wait, promised.Sub(s.Now))
}

func (s Situation) chat(f ChannelFacts) (o support.ContactOption, cost time.Duration) {
	if spoken := f.Channel.Spoken(f.Langs); !slices.Contains(spoken, s.Lang) {
		return support.ContactOption{State: support.ContactNotOffered, Reason: support.ReasonLanguage, Langs: spoken}, 0
	}
	if !f.Calendar.Open(s.Now) {
		return closedNow(f.Calendar, s.Now), 0
	}
	if f.Agents <= 0 {
		return closedUntilNext(f.Calendar, s.Now, support.ReasonNobody), 0
	}
	if f.Free > max(f.Waiting, 0) {
		return support.ContactOption{State: support.ContactOpen}, s.chatCost(0)
	}
	o = support.ContactOption{State: support.ContactOpen, Reason: support.ReasonBusy, Wait: max(f.WaitP80, f.WaitP50, 0),
		Ahead: max(f.Waiting-max(f.Free, 0), 0)}
	if closes, ok := f.Calendar.ClosesAt(s.Now); ok && !s.Now.Add(o.Wait).Before(closes) {
		return closedUntilNext(f.Calendar, s.Now, support.ReasonQueue), 0
	}
	wait := o.Wait
	if wait == 0 {
		wait = unmeasuredWait * time.Duration(1+min(o.Ahead, 1000))
	}
	return o, s.chatCost(wait)
}

func (s Situation) chatCost(wait time.Duration) time.Duration {
	if s.Objects > 1 && !s.presses() {
		wait += chatForSeveral
	}
	return wait
}

// callback is open where a call can be booked, also at night; what is booked lies within the hours.
func (s Situation) callback(f ChannelFacts) (o support.ContactOption, cost time.Duration) {
	spoken := f.Channel.Spoken(f.Langs)
	switch {
	case !slices.Contains(spoken, s.Lang):
		return support.ContactOption{State: support.ContactNotOffered, Reason: support.ReasonLanguage, Langs: spoken}, 0
	case s.many():
		return support.ContactOption{State: support.ContactNotOffered, Reason: support.ReasonObjects}, 0
	case f.NextSlot.IsZero() || f.NextSlot.Before(s.Now):
		return support.ContactOption{State: support.ContactClosed, Reason: support.ReasonNoSlot}, 0
	}
	o = support.ContactOption{State: support.ContactOpen, PromisedAt: f.NextSlot.In(f.Calendar.Location())}
	o.Wait = f.NextSlot.Sub(s.Now)
	cost = o.Wait
	if s.Phone == "" {
		o.Need = support.NeedPhone
		cost += askForNumber
	}
	if s.Objects <= 1 && !s.presses() {
		cost += callForQuestion
	}
	return o, cost
}

// closedNow is a channel outside its hours.
func closedNow(c support.Calendar, now time.Time) support.ContactOption {
	o := support.ContactOption{State: support.ContactClosed, Reason: support.ReasonHours}
	if _, ok := c.Holiday(now); ok {
		o.Reason = support.ReasonHoliday
	}
	o.OpensAt, _ = c.NextOpening(now)
	return o
}

// closedUntilNext is a channel that has no use for the rest of the hours that it is in. Somebody may
// come sooner, but nothing sooner can be named.
func closedUntilNext(c support.Calendar, now time.Time, why support.ContactReason) support.ContactOption {
	o := support.ContactOption{State: support.ContactClosed, Reason: why}
	if closes, ok := c.ClosesAt(now); ok {
		o.OpensAt, _ = c.NextOpening(closes)
	}
	return o
}
