package support_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/problem"
	"guichet/internal/support"
)

func TestCheckCalendar(t *testing.T) {
	t.Parallel()
	many := make([]support.Day, support.MaxHolidays+1)
	for i := range many {
		many[i].Date = "2026-05-01"
	}
	for _, test := range []struct {
		name   string
		change func(*support.Calendar)
		want   []string // fields
	}{
		{"Default", func(*support.Calendar) {}, nil},
		{"Name", func(c *support.Calendar) { c.Name = " " }, []string{"name"}},
		{"Zone", func(c *support.Calendar) { c.Zone = "Mars/Olympus" }, []string{"zone"}},
		{"NoZone", func(c *support.Calendar) { c.Zone = "" }, []string{"zone"}},
		{"MachineZone", func(c *support.Calendar) { c.Zone = "Local" }, []string{"zone"}},
		{"ZoneOutside", func(c *support.Calendar) { c.Zone = "../etc/passwd" }, []string{"zone"}},
		{"Touching", func(c *support.Calendar) { c.Weekly[0] = []support.Interval{{0, 60}, {60, 1440}} }, nil},
		{"Overnight", func(c *support.Calendar) { c.Weekly[6] = []support.Interval{{1439, 2879}} }, nil},
		{"Overlapping", func(c *support.Calendar) { c.Weekly[0] = []support.Interval{{0, 61}, {60, 120}} }, []string{"sunday"}},
		{"Backwards", func(c *support.Calendar) { c.Weekly[1] = []support.Interval{{60, 0}} }, []string{"monday"}},
		{"Empty", func(c *support.Calendar) { c.Weekly[1] = []support.Interval{{60, 60}} }, []string{"monday"}},
		{"Negative", func(c *support.Calendar) { c.Weekly[2] = []support.Interval{{-1, 60}} }, []string{"tuesday"}},
		{"NextDay", func(c *support.Calendar) { c.Weekly[2] = []support.Interval{{1440, 1500}} }, []string{"tuesday"}},
		{"TooLong", func(c *support.Calendar) { c.Weekly[2] = []support.Interval{{60, 1501}} }, []string{"tuesday"}},
		{"TwoDays", func(c *support.Calendar) {
			c.Weekly[0], c.Weekly[1] = []support.Interval{{9, 8}}, []support.Interval{{9, 8}}
		}, []string{"monday", "sunday"}},
		{"NoSuchDay", func(c *support.Calendar) { c.Holidays = []support.Day{{Date: "2026-02-28"}, {Date: "2026-02-29"}} }, []string{"holidays.1"}},
		{"NoDate", func(c *support.Calendar) {
			c.Holidays = []support.Day{{Date: "1 May"}, {Date: "2026-13-01"}, {Date: "2026-5-1"}}
		},
			[]string{"holidays.0", "holidays.1", "holidays.2"}},
		{"LeapDay", func(c *support.Calendar) { c.Holidays = []support.Day{{Date: "2028-02-29"}} }, nil},
		{"ManyHolidays", func(c *support.Calendar) { c.Holidays = many }, []string{"holidays"}},
		{"Openings", func(c *support.Calendar) {
			c.Openings = map[support.Date]support.DayOpenings{"2026-05-01": {Hours: []support.Interval{{9, 8}}}, "x": {}, "2026-05-02": {}}
		}, []string{"openings.2026-05-01", "openings.x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := support.DefaultCalendar("Europe/Lisbon")
			test.change(&c)
			err := c.Check()
			var got []string
			if p, ok := err.(*problem.Error); ok && p.Kind == problem.Invalid {
				for _, f := range p.Fields {
					got = append(got, f.Name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCalendarOfAnything: whatever is in a calendar, also what Check refuses, nothing hangs or panics,
// and what is said of it still fits together.
func TestCalendarOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := support.Calendar{Zone: rapid.SampledFrom([]string{"", "Local", "nowhere", "Pacific/Apia"}).Draw(t, "zone")}
		for d := range c.Weekly {
			for range rapid.IntRange(0, 3).Draw(t, "n") {
				c.Weekly[d] = append(c.Weekly[d], support.Interval{From: rapid.IntRange(-9, 3000).Draw(t, "from"), To: rapid.IntRange(-9, 5000).Draw(t, "to")})
			}
		}
		c.Holidays = []support.Day{{Date: support.Date(rapid.String().Draw(t, "date"))}}
		at := time.Unix(rapid.Int64().Draw(t, "at"), 0)
		if rapid.Bool().Draw(t, "now") {
			at = time.Unix(rapid.Int64Range(1_300_000_000, 1_800_000_000).Draw(t, "near"), 0)
		}
		d := time.Duration(rapid.Int64().Draw(t, "d"))
		if end, ok := c.Add(at, d); ok && c.Between(at, end) != max(d, 0) {
			t.Fatalf("Add(%s, %s) = %s", at, d, end)
		}
		c.ClosesAt(at)
	})
}
