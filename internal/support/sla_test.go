package support_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/support"
)

// slaWeek is the week from Monday 23 November 2026 in Paris: "Mon 09:00", and "2 Mon 09:00" the one after.
func slaWeek(t testing.TB, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	days := 0
	if s[0] == '2' {
		days, s = 7, s[2:]
	}
	for i, d := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		if s[:3] == d {
			days += i
		}
	}
	clock, err := time.Parse("15:04", s[4:])
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 11, 23+days, clock.Hour(), clock.Minute(), 0, 0, support.DefaultCalendar("").Location())
}

// TestSLA runs tickets through the default calendar: nine hours a day, first answer within 9 h,
// resolution within 27 h of business time.
func TestSLA(t *testing.T) {
	t.Parallel()
	const answered = support.Status("answered") // of this table: a person's answer
	type event struct {
		at string
		to support.Status
	}
	type target struct {
		state    support.SLAState
		due      string
		breached bool
		left     time.Duration
	}
	const (
		waiting, third, open, solved = support.StatusWaitingMember, support.StatusWaitingThirdParty, support.StatusOpen, support.StatusSolved
		running, paused, done, none  = support.SLARunning, support.SLAPaused, support.SLADone, support.SLANone
	)
	for _, test := range []struct {
		name              string
		started           string
		events            []event
		now               string
		first, resolution target
	}{
		{"Held", "", []event{{"Mon 10:00", open}}, "Fri 10:00", target{state: none}, target{state: none}},
		{"Runs", "Mon 10:00", nil, "Mon 12:00",
			target{running, "Tue 10:00", false, 7 * time.Hour}, target{running, "Thu 10:00", false, 25 * time.Hour}},
		{"StartsAtNight", "Sat 22:00", nil, "2 Mon 09:00",
			target{running, "2 Mon 18:00", false, 9 * time.Hour}, target{running, "2 Wed 18:00", false, 27 * time.Hour}},
		{"DueIsNotLate", "Mon 10:00", nil, "Tue 10:00",
			target{running, "Tue 10:00", false, 0}, target{running, "Thu 10:00", false, 18 * time.Hour}},
		{"Late", "Mon 10:00", nil, "Wed 12:00",
			target{running, "Tue 10:00", true, -11 * time.Hour}, target{running, "Thu 10:00", false, 7 * time.Hour}},
		{"Answered", "Mon 10:00", []event{{"Mon 11:00", open}, {"Tue 10:00", answered}, {"Thu 09:00", answered}}, "Wed 12:00",
			target{done, "Tue 10:00", false, 0}, target{running, "Thu 10:00", false, 7 * time.Hour}},
		{"AnsweredLate", "Mon 10:00", []event{{"Tue 10:01", answered}}, "Wed 12:00",
			target{done, "Tue 10:00", true, 0}, target{running, "Thu 10:00", false, 7 * time.Hour}},
		{"WaitsForTheMember", "Mon 10:00", []event{{"Mon 11:00", waiting}}, "Mon 17:00",
			target{paused, "Tue 16:00", false, 8 * time.Hour}, target{paused, "Thu 16:00", false, 26 * time.Hour}},
		{"WaitsOverAWeekend", "Mon 10:00", []event{{"Mon 11:00", answered}, {"Mon 11:00", waiting}, {"2 Mon 11:00", open}}, "2 Mon 12:00",
			target{done, "Tue 10:00", false, 0}, target{running, "2 Thu 10:00", false, 25 * time.Hour}},
		{"WaitsAtNightOnly", "Mon 10:00", []event{{"Mon 18:00", waiting}, {"Tue 08:59", open}}, "Tue 09:00",
			target{running, "Tue 10:00", false, time.Hour}, target{running, "Thu 10:00", false, 19 * time.Hour}},
		{"AnsweredWhileItWaits", "Mon 10:00", []event{{"Mon 11:00", waiting}, {"Wed 11:00", answered}}, "Wed 11:00",
			target{done, "Thu 10:00", false, 0}, target{paused, "2 Mon 10:00", false, 26 * time.Hour}},
		{"ThirdParty", "Mon 10:00", []event{{"Mon 11:00", third}}, "Tue 11:00",
			target{running, "Tue 10:00", true, -time.Hour}, target{paused, "Fri 10:00", false, 26 * time.Hour}},
		{"MemberThenThirdParty", "Mon 10:00", []event{{"Mon 11:00", waiting}, {"Mon 13:00", third}, {"Mon 14:00", open}}, "Mon 15:00",
			target{running, "Tue 12:00", false, 6 * time.Hour}, target{running, "Thu 13:00", false, 25 * time.Hour}},
		{"WaitsAtTheLastMoment", "Mon 10:00", []event{{"Tue 10:00", waiting}, {"Wed 12:00", open}}, "Wed 12:00",
			target{running, "Wed 12:00", false, 0}, target{running, "Fri 12:00", false, 18 * time.Hour}},
		{"LateStaysLate", "Mon 10:00", []event{{"Tue 12:00", waiting}, {"Fri 12:00", open}}, "Fri 13:00",
			target{running, "Tue 10:00", true, -30 * time.Hour}, target{running, "2 Tue 10:00", false, 15 * time.Hour}},
		{"LateWhileItWaits", "Mon 10:00", []event{{"Tue 12:00", waiting}}, "Wed 12:00",
			target{paused, "Tue 10:00", true, -2 * time.Hour}, target{paused, "Fri 10:00", false, 16 * time.Hour}},
		{"Solved", "Mon 10:00", []event{{"Mon 12:00", answered}, {"Thu 10:00", solved}, {"Fri 10:00", support.StatusClosed}}, "2 Mon 10:00",
			target{done, "Tue 10:00", false, 0}, target{done, "Thu 10:00", false, 0}},
		{"SolvedLate", "Mon 10:00", []event{{"Mon 12:00", answered}, {"Thu 10:01", solved}}, "2 Mon 10:00",
			target{done, "Tue 10:00", false, 0}, target{done, "Thu 10:00", true, 0}},
		{"SolvedFromWaiting", "Mon 10:00", []event{{"Mon 12:00", answered}, {"Mon 13:00", waiting}, {"Fri 13:00", solved}}, "2 Mon 10:00",
			target{done, "Tue 10:00", false, 0}, target{done, "2 Wed 10:00", false, 0}},
		{"SolvedByTheMember", "Mon 10:00", []event{{"Mon 12:00", solved}}, "2 Mon 12:00",
			target{paused, "2 Tue 10:00", false, 7 * time.Hour}, target{done, "Thu 10:00", false, 0}},
		{"Reopened", "Mon 10:00", []event{{"Mon 12:00", solved}, {"Wed 12:00", open}}, "Wed 13:00",
			target{running, "Thu 10:00", false, 6 * time.Hour}, target{running, "2 Mon 10:00", false, 24 * time.Hour}},
		{"ReopenedLate", "Mon 10:00", []event{{"Mon 10:30", answered}, {"Fri 12:00", solved}, {"2 Wed 12:00", open}}, "2 Wed 13:00",
			target{done, "Tue 10:00", false, 0}, target{running, "Thu 10:00", true, -39 * time.Hour}},
		{"SpamAndBack", "Mon 10:00", []event{{"Mon 12:00", support.StatusSpam}, {"Mon 14:00", support.StatusNew}}, "Mon 15:00",
			target{running, "Tue 12:00", false, 6 * time.Hour}, target{running, "Thu 12:00", false, 24 * time.Hour}},
		{"Merged", "Mon 10:00", []event{{"Fri 12:00", support.StatusMerged}}, "Fri 15:00", target{state: none}, target{state: none}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := support.DefaultCalendar("")
			var changes []support.SLAChange
			for _, e := range test.events {
				if e.to == answered {
					changes = append(changes, support.SLAChange{At: slaWeek(t, e.at), Answered: true})
				} else {
					changes = append(changes, support.SLAChange{At: slaWeek(t, e.at), To: e.to})
				}
			}
			k := support.RunSLA(support.SLAPolicy{FirstAnswer: 9 * time.Hour, Resolution: 27 * time.Hour}, c, slaWeek(t, test.started), changes)
			now := slaWeek(t, test.now)
			want := func(w target) support.SLATarget {
				return support.SLATarget{State: w.state, Due: slaWeek(t, w.due), Breached: w.breached, Left: w.left}
			}
			if diff := cmp.Diff(want(test.first), k.First(now, c)); diff != "" {
				t.Errorf("first answer:\n%s", diff)
			}
			if diff := cmp.Diff(want(test.resolution), k.Resolution(now, c)); diff != "" {
				t.Errorf("resolution:\n%s", diff)
			}
		})
	}
}

func TestSLAPromisesNothing(t *testing.T) {
	t.Parallel()
	c, now := support.DefaultCalendar(""), slaWeek(t, "Mon 10:00")
	k := support.SLAClock{}.Started(now, support.SLAPolicy{}, c)
	if k.First(now, c).State != support.SLANone || k.Resolution(now, c).State != support.SLANone {
		t.Errorf("no policy: %+v", k)
	}
	k = k.Answered(now, c).Solved(now, c)
	if k.FirstAt != now || k.ResolvedAt != now {
		t.Errorf("what happened is kept without a promise too: %+v", k)
	}
	k = support.SLAClock{}.Started(now, support.SLAPolicy{FirstAnswer: time.Hour}, support.Calendar{Zone: "UTC"})
	if k.First(now, c).State != support.SLANone {
		t.Errorf("a calendar that never opens: %+v", k)
	}
}

// TestSLAPauses: a pause moves what is due by exactly the business time that it lasted, what ran before
// and after it adds up to the policy, and the rows make the same clock as the transitions did.
func TestSLAPauses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, at := anyCalendar(t)
		p := support.SLAPolicy{FirstAnswer: time.Duration(rapid.IntRange(1, 40).Draw(t, "first")) * time.Hour,
			Resolution: time.Duration(rapid.IntRange(1, 80).Draw(t, "resolution")) * time.Hour}
		k := support.SLAClock{}.Started(at, p, c)
		if k.FirstDue.IsZero() || k.ResolutionDue.IsZero() {
			return
		}
		started, changes := at, []support.SLAChange(nil)
		ran := time.Duration(0)
		for range rapid.IntRange(1, 4).Draw(t, "pauses") {
			minutes := func(label string) time.Duration {
				return time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, label)) * time.Minute
			}
			pausedAt := at.Add(minutes("runs"))
			resumedAt := pausedAt.Add(minutes("waits"))
			before := k
			ran += c.Between(at, pausedAt)
			k = k.Paused(pausedAt, support.StatusWaitingMember, c)
			stands := k.Resolution(resumedAt, c)
			k = k.Resumed(resumedAt, c)
			changes = append(changes, support.SLAChange{At: pausedAt, To: support.StatusWaitingMember}, support.SLAChange{At: resumedAt, To: support.StatusOpen})
			waited := c.Between(pausedAt, resumedAt)
			for name, due := range map[string][2]time.Time{"first": {before.FirstDue, k.FirstDue}, "resolution": {before.ResolutionDue, k.ResolutionDue}} {
				want := waited
				if pausedAt.After(due[0]) {
					want = 0
				}
				if moved := c.Between(due[0], due[1]); moved != want || want == 0 && !due[0].Equal(due[1]) {
					t.Fatalf("%s: %s of pause moved it by %s, from %s to %s", name, waited, moved, due[0], due[1])
				}
			}
			if stands.State != support.SLAPaused || !stands.Due.Equal(k.ResolutionDue) {
				t.Fatalf("while paused it says %s, then %s is due", stands.Due, k.ResolutionDue)
			}
			at = resumedAt
		}
		if r := k.Resolution(at, c); !r.Breached && r.Left+ran != p.Resolution {
			t.Fatalf("%s ran and %s is left of %s", ran, r.Left, p.Resolution)
		}
		if diff := cmp.Diff(k, support.RunSLA(p, c, started, changes)); diff != "" {
			t.Fatal(diff)
		}
	})
}
