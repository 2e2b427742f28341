package support_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/support"
)

// clockZones are zones whose clocks change at different hours and by different steps, and one whose do not.
var clockZones = []string{"Europe/Paris", "Europe/Warsaw", "Europe/Lisbon", "America/New_York", "Asia/Shanghai",
	"Pacific/Auckland", "Australia/Lord_Howe"}

// openOn is the oracle: it looks at the wall clock and at the hours that are written for its date and for
// the one before, as a person would.
func openOn(c support.Calendar, t time.Time) bool {
	wall := t.In(c.Location())
	minute := wall.Hour()*60 + wall.Minute()
	yesterday := time.Date(wall.Year(), wall.Month(), wall.Day()-1, 12, 0, 0, 0, time.UTC)
	for _, h := range hoursOn(c, wall) {
		if h.From <= minute && minute < h.To {
			return true
		}
	}
	for _, h := range hoursOn(c, yesterday) {
		if h.From <= minute+24*60 && minute+24*60 < h.To {
			return true
		}
	}
	return false
}

func hoursOn(c support.Calendar, day time.Time) []support.Interval {
	date := support.Date(day.Format(time.DateOnly))
	if o, ok := c.Openings[date]; ok {
		return o.Hours
	}
	for _, h := range c.Holidays {
		if h.Date == date {
			return nil
		}
	}
	return c.Weekly[day.Weekday()]
}

// clockChanges are the moments from 2026 to 2028 at which clocks change in a zone.
func clockChanges(z *time.Location) (out []time.Time) {
	t := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for {
		_, next := t.In(z).ZoneBounds()
		if next.IsZero() || next.Year() > 2028 {
			return out
		}
		out = append(out, next)
		t = next
	}
}

func anyHours(t *rapid.T, label string) (out []support.Interval) {
	from := 0
	for range rapid.IntRange(0, 3).Draw(t, label) {
		if from >= 24*60 {
			break
		}
		h := support.Interval{From: rapid.IntRange(from, 24*60-1).Draw(t, "from")}
		longest := 24 * 60
		if rapid.IntRange(0, 3).Draw(t, "overnight") > 0 {
			longest = 24*60 - h.From
		}
		h.To = h.From + rapid.IntRange(1, longest).Draw(t, "length")
		out = append(out, h)
		from = h.To
	}
	return out
}

// anyCalendar draws a calendar and a moment near a night when its clocks change.
func anyCalendar(t *rapid.T) (support.Calendar, time.Time) {
	c := support.Calendar{ID: "c", Name: "c", Zone: rapid.SampledFrom(clockZones).Draw(t, "zone")}
	for d := range c.Weekly {
		c.Weekly[d] = anyHours(t, "hours")
	}
	if rapid.IntRange(0, 9).Draw(t, "always") == 0 {
		for d := range c.Weekly {
			c.Weekly[d] = []support.Interval{{From: 0, To: 24 * 60}}
		}
	}
	near := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	if changes := clockChanges(c.Location()); len(changes) > 0 {
		near = rapid.SampledFrom(changes).Draw(t, "change")
	}
	date := func() support.Date {
		day := near.AddDate(0, 0, rapid.IntRange(-3, 4).Draw(t, "day"))
		return support.DateOf(day)
	}
	for range rapid.IntRange(0, 2).Draw(t, "holidays") {
		c.Holidays = append(c.Holidays, support.Day{Date: date(), Name: "holiday"})
	}
	c.Openings = map[support.Date]support.DayOpenings{}
	for range rapid.IntRange(0, 2).Draw(t, "openings") {
		c.Openings[date()] = support.DayOpenings{Hours: anyHours(t, "opening")}
	}
	if err := c.Check(); err != nil {
		t.Fatalf("Check: %v", err)
	}
	return c, near.Add(time.Duration(rapid.IntRange(-3*24*60, 2*24*60).Draw(t, "minutes")) * time.Minute)
}

// TestCalendarAgainstTheWall scans minute by minute what the calendar computes.
func TestCalendarAgainstTheWall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, at := anyCalendar(t)
		const scan = 5 * 24 * 60
		open := make([]bool, scan)
		for i := range open {
			open[i] = openOn(c, at.Add(time.Duration(i)*time.Minute))
		}
		minute := func(i int) time.Time { return at.Add(time.Duration(i) * time.Minute) }
		second := time.Duration(rapid.Int64Range(0, int64(time.Minute)-1).Draw(t, "within"))
		i := rapid.IntRange(0, scan-1).Draw(t, "i")
		if got := c.Open(minute(i).Add(second)); got != open[i] {
			t.Fatalf("Open(%s) = %v", minute(i).Add(second).In(c.Location()), got)
		}

		next := slices.Index(open, true)
		got, ok := c.NextOpening(at)
		if next >= 0 && (!ok || !got.Equal(minute(next))) || next < 0 && ok && got.Before(minute(scan)) {
			t.Fatalf("NextOpening(%s) = %s, %v; want minute %d", at.In(c.Location()), got, ok, next)
		}

		closes := slices.Index(open, false)
		got, ok = c.ClosesAt(at)
		switch {
		case !open[0] && ok:
			t.Fatalf("ClosesAt(%s) = %s where it is closed", at, got)
		case open[0] && closes > 0 && (!ok || !got.Equal(minute(closes))):
			t.Fatalf("ClosesAt(%s) = %s, %v; want %s", at.In(c.Location()), got, ok, minute(closes).In(c.Location()))
		case open[0] && closes < 0 && ok && got.Before(minute(scan)):
			t.Fatalf("ClosesAt(%s) = %s", at, got)
		}

		j := rapid.IntRange(0, scan-1).Draw(t, "j")
		n := 0
		for k := i; k < j; k++ {
			if open[k] {
				n++
			}
		}
		if got := c.Between(minute(i), minute(j)); got != time.Duration(n)*time.Minute {
			t.Fatalf("Between(%s, %s) = %s, want %d min", minute(i), minute(j), got, n)
		}

		d := rapid.IntRange(1, 2*24*60).Draw(t, "d")
		left := d
		end := slices.IndexFunc(open, func(o bool) bool {
			if o {
				left--
			}
			return left == 0
		})
		got, ok = c.Add(at, time.Duration(d)*time.Minute)
		if end >= 0 && (!ok || !got.Equal(minute(end+1))) || end < 0 && ok && !got.After(minute(scan)) {
			t.Fatalf("Add(%s, %d min) = %s, %v; want %s", at, d, got, ok, minute(end+1))
		}
	})
}

// TestCalendarLaws holds for moments and durations of any fineness.
func TestCalendarLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, at := anyCalendar(t)
		at = at.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)-1).Draw(t, "within")))
		d := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "d"))
		end, ok := c.Add(at, d)
		if !ok {
			if opens, ok := c.NextOpening(at); ok && slices.ContainsFunc(c.Weekly[:], func(h []support.Interval) bool { return len(h) > 0 }) {
				t.Fatalf("opens at %s, but Add is false", opens)
			}
			return
		}
		if got := c.Between(at, end); got != d {
			t.Fatalf("Between(%s, Add(…, %s)) = %s", at, d, got)
		}
		if end.Before(at) || d == 0 && !openOn(c, end) || d > 0 && !openOn(c, end.Add(-1)) {
			t.Fatalf("Add(%s, %s) = %s lands in closed time", at, d, end)
		}
		opens, _ := c.NextOpening(at)
		if !c.Open(opens) || c.Between(at, opens) != 0 {
			t.Fatalf("NextOpening(%s) = %s", at, opens)
		}
		if closes, ok := c.ClosesAt(at); ok && (c.Open(closes) || c.Between(at, closes) != closes.Sub(at)) {
			t.Fatalf("ClosesAt(%s) = %s", at, closes)
		}

		later := at.Add(time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "later")))
		if got, ok := c.Add(later, d); ok && got.Before(end) {
			t.Fatalf("Add(%s) = %s, but Add(%s) = %s", at, end, later, got)
		}
		part := time.Duration(rapid.Int64Range(0, int64(d)).Draw(t, "part"))
		if half, ok := c.Add(at, part); !ok || half.After(end) {
			t.Fatalf("Add(%s, %s) = %s, but Add(…, %s) = %s", at, part, half, d, end)
		} else if rest, ok := c.Add(half, d-part); d > part && (!ok || !rest.Equal(end)) {
			t.Fatalf("in two steps %s, in one %s", rest, end)
		}
		far := later.Add(time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "far")))
		if a, b, all := c.Between(at, later), c.Between(later, far), c.Between(at, far); a+b != all {
			t.Fatalf("%s + %s ≠ %s", a, b, all)
		}

		split := c
		for day, hours := range c.Weekly {
			split.Weekly[day] = nil
			for _, h := range hours {
				if h.To-h.From > 1 && h.From < 24*60-1 {
					cut := rapid.IntRange(h.From+1, min(h.To-1, 24*60-1)).Draw(t, "cut")
					split.Weekly[day] = append(split.Weekly[day], support.Interval{From: h.From, To: cut}, support.Interval{From: cut, To: h.To})
				} else {
					split.Weekly[day] = append(split.Weekly[day], h)
				}
			}
		}
		if err := split.Check(); err != nil {
			t.Fatalf("Check: %v", err)
		}
		got, _ := split.Add(at, d)
		closes, _ := c.ClosesAt(at)
		splitCloses, _ := split.ClosesAt(at)
		if split.Open(at) != c.Open(at) || !got.Equal(end) || !closes.Equal(splitCloses) || split.Between(at, far) != c.Between(at, far) {
			t.Fatalf("split hours say otherwise: %s and %s, %s and %s", got, end, splitCloses, closes)
		}
	})
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCalendarNights are the cases that people get wrong, by hand.
func TestCalendarNights(t *testing.T) {
	t.Parallel()
	daily := func(zone string, hours ...support.Interval) support.Calendar {
		c := support.Calendar{Name: "c", Zone: zone}
		for d := range c.Weekly {
			c.Weekly[d] = hours
		}
		return c
	}
	always := daily("Europe/Paris", support.Interval{From: 0, To: 24 * 60})
	night := daily("Europe/Paris", support.Interval{From: 22 * 60, To: 30 * 60})
	early := daily("Europe/Paris", support.Interval{From: 2*60 + 30, To: 5 * 60})
	twice := daily("Europe/Paris", support.Interval{From: 60, To: 2*60 + 30})
	gap := daily("Europe/Paris", support.Interval{From: 2*60 + 10, To: 2*60 + 50})
	lunch := support.DefaultCalendar("")
	for d := range lunch.Weekly {
		if len(lunch.Weekly[d]) > 0 {
			lunch.Weekly[d] = []support.Interval{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 18 * 60}}
		}
	}
	feast := lunch
	feast.Holidays = []support.Day{{Date: "2026-12-25", Name: "Noël"}, {Date: "2026-05-01"}}
	feast.Openings = map[support.Date]support.DayOpenings{
		"2026-12-19": {Name: "Samedi d’avant Noël", Hours: []support.Interval{{From: 10 * 60, To: 16 * 60}}},
		"2026-12-24": {Hours: []support.Interval{{From: 9 * 60, To: 12 * 60}}},
		"2026-12-28": {Name: "Inventaire"},
		"2026-05-01": {Hours: []support.Interval{{From: 9 * 60, To: 10 * 60}}},
	}
	const layout = "Mon 2006-01-02 15:04 MST"
	for _, test := range []struct {
		name     string
		calendar support.Calendar
		at       string
		d        time.Duration
		next     string
		closes   string // "" for closed or never
		end      string
	}{
		{"Lunch", lunch, "2026-11-23T11:00:00+01:00", 2 * time.Hour, "Mon 2026-11-23 11:00 CET", "Mon 2026-11-23 12:00 CET", "Mon 2026-11-23 14:00 CET"},
		{"EndIsClosed", lunch, "2026-11-23T12:00:00+01:00", time.Hour, "Mon 2026-11-23 13:00 CET", "", "Mon 2026-11-23 14:00 CET"},
		{"Weekend", lunch, "2026-11-28T14:00:00+01:00", 8 * time.Hour, "Mon 2026-11-30 09:00 CET", "", "Mon 2026-11-30 18:00 CET"},
		{"SpringNight", always, "2026-03-29T00:00:00+01:00", 24 * time.Hour, "Sun 2026-03-29 00:00 CET", "", "Mon 2026-03-30 01:00 CEST"},
		{"AutumnNight", always, "2026-10-25T00:00:00+02:00", 24 * time.Hour, "Sun 2026-10-25 00:00 CEST", "", "Sun 2026-10-25 23:00 CET"},
		{"OvernightInSpring", night, "2026-03-28T22:00:00+01:00", 8 * time.Hour, "Sat 2026-03-28 22:00 CET", "Sun 2026-03-29 06:00 CEST", "Sun 2026-03-29 23:00 CEST"},
		{"OvernightInAutumn", night, "2026-10-24T22:00:00+02:00", 9 * time.Hour, "Sat 2026-10-24 22:00 CEST", "Sun 2026-10-25 06:00 CET", "Sun 2026-10-25 06:00 CET"},
		{"BeginsInTheGap", early, "2026-03-29T01:00:00+01:00", time.Hour, "Sun 2026-03-29 03:00 CEST", "", "Sun 2026-03-29 04:00 CEST"},
		{"LiesInTheGap", gap, "2026-03-29T00:00:00+01:00", 30 * time.Minute, "Mon 2026-03-30 02:10 CEST", "", "Mon 2026-03-30 02:40 CEST"},
		{"OpenTwice", twice, "2026-10-25T00:59:00+02:00", 2 * time.Hour, "Sun 2026-10-25 01:00 CEST", "", "Sun 2026-10-25 02:30 CET"},
		{"OpenTheSecondTime", twice, "2026-10-25T02:45:00+02:00", 10 * time.Minute, "Sun 2026-10-25 02:00 CET", "", "Sun 2026-10-25 02:10 CET"},
		{"ExtraSaturday", feast, "2026-12-18T17:00:00+01:00", 4 * time.Hour, "Fri 2026-12-18 17:00 CET", "Fri 2026-12-18 18:00 CET", "Sat 2026-12-19 13:00 CET"},
		{"ShortDayHolidayWeekendAndInventory", feast, "2026-12-24T11:00:00+01:00", 2 * time.Hour, "Thu 2026-12-24 11:00 CET", "Thu 2026-12-24 12:00 CET", "Tue 2026-12-29 10:00 CET"},
		{"OpeningBeatsHoliday", feast, "2026-05-01T08:00:00+02:00", time.Hour, "Fri 2026-05-01 09:00 CEST", "", "Fri 2026-05-01 10:00 CEST"},
		{"HalfHour", daily("Australia/Lord_Howe", support.Interval{From: 0, To: 3 * 60}), "2026-10-03T15:00:00Z", time.Hour, "Sun 2026-10-04 01:30 +1030", "Sun 2026-10-04 03:00 +11", "Sun 2026-10-04 03:00 +11"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			at := moment(t, test.at)
			next, _ := test.calendar.NextOpening(at)
			closes := ""
			if m, ok := test.calendar.ClosesAt(at); ok {
				closes = m.Format(layout)
			}
			end, _ := test.calendar.Add(at, test.d)
			got := []string{next.Format(layout), closes, end.Format(layout)}
			if diff := cmp.Diff([]string{test.next, test.closes, test.end}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, c := range map[string]support.Calendar{
		"empty": {Zone: "Europe/Paris"},
		"past":  {Zone: "Europe/Paris", Openings: map[support.Date]support.DayOpenings{"2020-01-01": {Hours: []support.Interval{{From: 0, To: 60}}}}},
		"later": {Zone: "Europe/Paris", Openings: map[support.Date]support.DayOpenings{"2030-01-01": {Hours: []support.Interval{{From: 0, To: 60}}}}},
	} {
		if got, ok := c.NextOpening(moment(t, "2026-11-23T12:00:00Z")); ok {
			t.Errorf("%s: opens at %s", name, got)
		}
		if got, ok := c.Add(moment(t, "2026-11-23T12:00:00Z"), time.Hour); ok {
			t.Errorf("%s: an hour has passed at %s", name, got)
		}
	}
	if got, ok := always.Add(moment(t, "2026-11-23T12:00:00Z"), 11*366*24*time.Hour); ok {
		t.Errorf("eleven years: %s", got)
	}
	for _, at := range []time.Time{{}, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if always.Open(at) || always.Between(at, at.Add(time.Hour)) != 0 {
			t.Errorf("open at %s", at)
		}
	}
	if name, ok := feast.Holiday(moment(t, "2026-12-25T12:00:00Z")); !ok || name != "Noël" {
		t.Errorf("25 December: %q, %v", name, ok)
	}
	if name, ok := feast.Holiday(moment(t, "2026-12-27T23:30:00Z")); !ok || name != "Inventaire" {
		t.Errorf("28 December in Paris: %q, %v", name, ok)
	}
	if _, ok := feast.Holiday(moment(t, "2026-05-01T12:00:00Z")); ok {
		t.Error("1 May is opened")
	}
}

// TestDefaultPromise: two working days of nine hours, in the wall time of the calendar's zone.
func TestDefaultPromise(t *testing.T) {
	t.Parallel()
	const layout = "Mon 2006-01-02 15:04:05 MST"
	for _, test := range []struct{ name, zone, now, want string }{
		{"Monday", "Europe/Paris", "2026-11-23T09:30:15+01:00", "Wed 2026-11-25 09:30:15 CET"},
		{"WednesdayNightEndsOnFriday", "Europe/Paris", "2026-11-25T23:59:59+01:00", "Fri 2026-11-27 18:00:00 CET"},
		{"ThursdayJumpsTheWeekend", "Europe/Paris", "2026-11-26T14:00:00+01:00", "Mon 2026-11-30 14:00:00 CET"},
		{"FridayJumpsTheWeekend", "Europe/Paris", "2026-11-27T14:00:00+01:00", "Tue 2026-12-01 14:00:00 CET"},
		{"SaturdayStartsOnMonday", "Europe/Paris", "2026-11-28T14:00:00+01:00", "Tue 2026-12-01 18:00:00 CET"},
		{"SundayStartsOnMonday", "Europe/Paris", "2026-11-29T23:59:59+01:00", "Tue 2026-12-01 18:00:00 CET"},
		{"FridayHereIsSaturdayThere", "Asia/Shanghai", "2026-11-27T18:00:00+01:00", "Tue 2026-12-01 18:00:00 CST"},
		// Clocks go forward on Sunday 29 March 2026, 02:00 → 03:00, and back on Sunday 25 October.
		{"SpringKeepsTheHour", "Europe/Paris", "2026-03-27T14:00:00+01:00", "Tue 2026-03-31 14:00:00 CEST"},
		{"SpringNightWaitsForTheMorning", "Europe/Paris", "2026-03-27T02:30:00+01:00", "Mon 2026-03-30 18:00:00 CEST"},
		{"SpringOnTheNightItself", "Europe/Paris", "2026-03-29T01:59:00+01:00", "Tue 2026-03-31 18:00:00 CEST"},
		{"AutumnKeepsTheHour", "Europe/Paris", "2026-10-23T14:00:00+02:00", "Tue 2026-10-27 14:00:00 CET"},
		{"AutumnNightWaitsForTheMorning", "Europe/Paris", "2026-10-22T02:30:00+02:00", "Fri 2026-10-23 18:00:00 CEST"},
		{"YearEnds", "Europe/Paris", "2026-12-31T10:00:00+01:00", "Mon 2027-01-04 10:00:00 CET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, ok := support.DefaultCalendar(test.zone).Add(moment(t, test.now), support.DefaultFirstAnswer)
			if got := got.Format(layout); !ok || got != test.want {
				t.Errorf("%s: by %s, want %s", test.now, got, test.want)
			}
		})
	}
}

func BenchmarkCalendar(b *testing.B) {
	c := support.DefaultCalendar("")
	for y := 2020; y < 2030; y++ {
		for d := range 20 {
			c.Holidays = append(c.Holidays, support.Day{Date: support.DateOf(time.Date(y, 1, 1+d*17, 0, 0, 0, 0, time.UTC))})
		}
	}
	at := moment(b, "2026-10-24T12:00:00Z")
	b.Run("NextOpening", func(b *testing.B) {
		for b.Loop() {
			c.NextOpening(at)
		}
	})
	b.Run("AddEightWeeks", func(b *testing.B) {
		for b.Loop() {
			c.Add(at, 8*45*time.Hour)
		}
	})
	b.Run("NeverOpens", func(b *testing.B) {
		c := c
		c.Weekly = [7][]support.Interval{}
		c.Openings = map[support.Date]support.DayOpenings{"2020-01-01": {}}
		for b.Loop() {
			c.NextOpening(at)
		}
	})
}
