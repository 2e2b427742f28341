package support

import (
	"encoding/json"
	"time"
)

// DefaultFirstAnswer is the business time within which a first answer is promised where the category
// says nothing else: two working days of the default calendar.
const DefaultFirstAnswer = 18 * time.Hour

// SLAClock says by when a ticket's first answer and its resolution are due, and what came of it. It is
// made of plain moments, fit to be stored; the zero SLAClock is one that has not started, such as that
// of a held ticket.
//
// While a target's clock stands still its due time is that of the moment of the pause; what has passed
// of business time meanwhile is added when it goes on. A due time that had passed before the pause is
// not moved: what was late stays late.
//
// The transitions return the clock after them. Their moments ascend; each does nothing where it does
// not fit (a second answer, a pause of a clock that never started).
type SLAClock struct {
	StartedAt          time.Time
	FirstDue           time.Time // zero: none is promised
	FirstPausedAt      time.Time // zero: it runs
	FirstAt            time.Time // zero: nobody has answered
	ResolutionDue      time.Time
	ResolutionPausedAt time.Time
	ResolvedAt         time.Time
	Ended              bool // the ticket was merged into another: nothing is owed on this one
}

// Started starts the clock: when the ticket was made, or, if it was held, when it was released.
// Nothing is due where the policy promises nothing, or the calendar never opens.
func (k SLAClock) Started(at time.Time, p SLAPolicy, c Calendar) SLAClock {
	if !k.StartedAt.IsZero() {
		return k
	}
	k = SLAClock{StartedAt: at}
	if p.FirstAnswer > 0 {
		k.FirstDue, _ = c.Add(at, p.FirstAnswer)
	}
	if p.Resolution > 0 {
		k.ResolutionDue, _ = c.Add(at, p.Resolution)
	}
	return k
}

// Paused makes the clock wait as a status asks: for the member, both targets; for a third party, the
// resolution alone, since the member may be told that; as spam, both.
func (k SLAClock) Paused(at time.Time, by Status, c Calendar) SLAClock {
	switch by {
	case StatusWaitingMember, StatusSpam:
		return k.still(at, true, true, c)
	case StatusWaitingThirdParty:
		return k.still(at, false, true, c)
	}
	return k
}

// Resumed lets both targets go on.
func (k SLAClock) Resumed(at time.Time, c Calendar) SLAClock { return k.still(at, false, false, c) }

// Answered notes the first answer of a person; the assistant's do not count.
func (k SLAClock) Answered(at time.Time, c Calendar) SLAClock {
	if k.StartedAt.IsZero() || k.Ended || !k.FirstAt.IsZero() {
		return k
	}
	k.FirstDue = moved(k.FirstDue, k.FirstPausedAt, at, c)
	k.FirstPausedAt, k.FirstAt = time.Time{}, at
	return k
}

// Solved notes the resolution. A first answer that nobody has given stands still with it: a member who
// solves the request is owed none, and if it is opened again the rest of its time is left.
func (k SLAClock) Solved(at time.Time, c Calendar) SLAClock {
	if k.StartedAt.IsZero() || k.Ended || !k.ResolvedAt.IsZero() {
		return k
	}
	k.ResolutionDue = moved(k.ResolutionDue, k.ResolutionPausedAt, at, c)
	k.ResolutionPausedAt, k.ResolvedAt = time.Time{}, at
	if k.FirstAt.IsZero() && k.FirstPausedAt.IsZero() {
		k.FirstPausedAt = at
	}
	return k
}

// Reopened takes the resolution back; the business time since is added to what was left.
func (k SLAClock) Reopened(at time.Time, c Calendar) SLAClock {
	if k.ResolvedAt.IsZero() || k.Ended {
		return k
	}
	k.ResolutionPausedAt, k.ResolvedAt = k.ResolvedAt, time.Time{}
	return k.Resumed(at, c)
}

// Changed is what a change of the ticket's status does to the clock. It is the one place that says so.
func (k SLAClock) Changed(at time.Time, to Status, c Calendar) SLAClock {
	switch to {
	case StatusNew, StatusOpen:
		return k.Reopened(at, c).Resumed(at, c)
	case StatusWaitingMember, StatusWaitingThirdParty, StatusSpam:
		return k.Paused(at, to, c)
	case StatusSolved:
		return k.Solved(at, c)
	case StatusMerged:
		k.Ended = k.Ended || !k.StartedAt.IsZero()
	}
	return k // closed: it was solved before
}

// still sets which of the targets stand still from at on.
func (k SLAClock) still(at time.Time, first, resolution bool, c Calendar) SLAClock {
	if k.StartedAt.IsZero() || k.Ended || !k.ResolvedAt.IsZero() {
		return k
	}
	set := func(due, paused *time.Time, still bool) {
		if still == !paused.IsZero() {
			return
		}
		if still {
			*paused = at
			return
		}
		*due, *paused = moved(*due, *paused, at, c), time.Time{}
	}
	if k.FirstAt.IsZero() {
		set(&k.FirstDue, &k.FirstPausedAt, first)
	}
	set(&k.ResolutionDue, &k.ResolutionPausedAt, resolution)
	return k
}

// moved is a due time after a pause: later by the business time that the pause lasted.
func moved(due, paused, at time.Time, c Calendar) time.Time {
	if due.IsZero() || paused.IsZero() || paused.After(due) {
		return due
	}
	p := c.Between(paused, at)
	if p == 0 {
		return due
	}
	if later, ok := c.Add(due, p); ok {
		return later
	}
	return due
}

// SLAChange is one thing that happened to a ticket: a change of its status, a person's answer, or both.
type SLAChange struct {
	At       time.Time
	To       Status // "" where the status stayed
	Answered bool
}

// RunSLA makes the clock again from a ticket's rows, after its policy or the calendar has changed:
// started is when it was made or released (zero while held), changes ascend.
func RunSLA(p SLAPolicy, c Calendar, started time.Time, changes []SLAChange) (k SLAClock) {
	if started.IsZero() {
		return k
	}
	k = k.Started(started, p, c)
	for _, ch := range changes {
		if ch.Answered {
			k = k.Answered(ch.At, c)
		}
		if ch.To != "" {
			k = k.Changed(ch.At, ch.To, c)
		}
	}
	return k
}

// SLAChanges reads from a ticket's thread what RunSLA wants: since when its clock runs, and what
// happened since. started is zero where the ticket was never brought to a team.
func SLAChanges(entries []Entry) (started time.Time, changes []SLAChange) {
	for _, e := range entries {
		switch {
		case e.Kind == EntryMessage && e.Author == AuthorAgent:
			changes = append(changes, SLAChange{At: e.CreatedAt, Answered: true})
		case e.Kind == EntryStatus:
			var d StatusData
			if json.Unmarshal(e.Data, &d) != nil {
				continue
			}
			switch d.Reason {
			case ReasonSent, ReasonProven, ReasonReleased:
				if started.IsZero() {
					started = e.CreatedAt
				}
			}
			if d.To != "" {
				changes = append(changes, SLAChange{At: e.CreatedAt, To: d.To})
			}
		}
	}
	return started, changes
}

// SLAState is how a target stands.
type SLAState string

// The states of a target.
const (
	SLANone    SLAState = "none" // nothing is promised, or nothing owed any more
	SLARunning SLAState = "running"
	SLAPaused  SLAState = "paused"
	SLADone    SLAState = "done"
)

// SLATarget is a target as it stands at a moment.
type SLATarget struct {
	State    SLAState
	Due      time.Time     // while paused: if it went on at that moment; zero with SLANone
	Breached bool          // it was done after its due time, or its due time has passed while it ran
	Left     time.Duration // business time until Due; below zero: since. Zero once it is done
}

// First is the first answer as it stands at now.
func (k SLAClock) First(now time.Time, c Calendar) SLATarget {
	return k.target(now, k.FirstDue, k.FirstPausedAt, k.FirstAt, c)
}

// Resolution is the resolution as it stands at now.
func (k SLAClock) Resolution(now time.Time, c Calendar) SLATarget {
	return k.target(now, k.ResolutionDue, k.ResolutionPausedAt, k.ResolvedAt, c)
}

func (k SLAClock) target(now, due, paused, done time.Time, c Calendar) SLATarget {
	if due.IsZero() || k.Ended {
		return SLATarget{State: SLANone}
	}
	t := SLATarget{State: SLARunning, Due: due}
	asOf := now
	switch {
	case !done.IsZero():
		t.State, t.Breached = SLADone, done.After(due)
		return t
	case !paused.IsZero():
		t.State, asOf = SLAPaused, paused
		t.Due = moved(due, paused, now, c)
	}
	t.Breached = asOf.After(due)
	if t.Left = c.Between(asOf, due); t.Breached {
		t.Left = -c.Between(due, asOf)
	}
	return t
}

// Due is by when the next of it is owed: the first answer, then the resolution, of those whose clock
// runs. Zero where nothing is.
func (k SLAClock) Due() time.Time {
	if k.StartedAt.IsZero() || k.Ended || !k.ResolvedAt.IsZero() {
		return time.Time{}
	}
	var due time.Time
	if k.FirstAt.IsZero() && k.FirstPausedAt.IsZero() {
		due = k.FirstDue
	}
	if k.ResolutionPausedAt.IsZero() && !k.ResolutionDue.IsZero() && (due.IsZero() || k.ResolutionDue.Before(due)) {
		due = k.ResolutionDue
	}
	return due
}
