package support

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"guichet/internal/problem"
)

// Calendar says when people are there, in the wall time of its zone: a moment is open where the clock
// on the wall shows a time within an interval. Where clocks go forward, an interval that begins at a
// time which that night lacks begins with the first time after it; where they go back, what stands
// within an interval twice is open twice.
type Calendar struct {
	ID       CalendarID
	Name     string
	Zone     string               // IANA name
	Weekly   [7][]Interval        // by time.Weekday; several a day; one that ends after midnight belongs to the day it begins on
	Holidays []Day                // nothing begins on them
	Openings map[Date]DayOpenings // take the place of the weekly hours and holidays of their date
}

// Interval is half-open, in minutes of wall time since midnight; To may exceed 24*60 for one that runs
// into the next day.
type Interval struct{ From, To int }

// Date is a day of the calendar, "2006-01-02".
type Date string

// Day is a date and what it is called.
type Day struct {
	Date Date
	Name string
}

// DayOpenings are the exceptional hours of a date; none means that it is closed.
type DayOpenings struct {
	Name  string
	Hours []Interval
}

// Bounds of a calendar.
const (
	MaxCalendarName = 100  // characters, of a calendar or a day
	MaxIntervals    = 24   // a day
	MaxHolidays     = 1000 // and as many openings
)

// The years that calendars know, and how far ahead one looks for an opening before it takes itself
// for one that never opens.
const (
	firstYear   = 1970
	lastYear    = 2199
	lookAhead   = 2 * 366 * 24 * time.Hour
	addAhead    = 10 * 366 * 24 * time.Hour // how far a duration may reach in all
	dayMinutes  = 24 * 60
	daySeconds  = 24 * 60 * 60
	defaultZone = "Europe/Paris"
)

// DefaultCalendar is the calendar of a house that has not set one: Monday to Friday, nine to six, in zone
// ("" means Europe/Paris).
func DefaultCalendar(zone string) Calendar {
	c := Calendar{ID: "default", Name: "default", Zone: cmp.Or(zone, defaultZone)}
	for d := time.Monday; d <= time.Friday; d++ {
		c.Weekly[d] = []Interval{{9 * 60, 18 * 60}}
	}
	return c
}

// zones keeps what LoadLocation has read: it opens a file each time.
var zones sync.Map // name → *time.Location

// zone loads an IANA zone. The machine's own, "" and "Local", is none: it says nothing about the people.
func zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not the name of a zone", name)
	}
	z, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, z)
	}
	return z, err
}

// Location is the calendar's zone; UTC where the name is unknown.
func (c Calendar) Location() *time.Location {
	z, err := zone(c.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}

// dayNames name the days in the fields of problems.
var dayNames = [7]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// Check returns a problem that names every wrong field, or nil: name, zone, the days monday to sunday,
// holidays.N by place, openings.DATE.
func (c Calendar) Check() error {
	var fields []problem.Field
	wrong := func(name, what string) {
		fields = append(fields, problem.Field{Name: name, Key: "problem." + what})
	}
	if _, err := CheckText("name", c.Name, MaxCalendarName); err != nil {
		wrong("name", "calendar_name")
	}
	if _, err := zone(c.Zone); err != nil {
		wrong("zone", "calendar_zone")
	}
	for i := range c.Weekly {
		d := (i + 1) % 7 // as a week is written
		if !hoursFit(c.Weekly[d]) {
			wrong(dayNames[d], "calendar_hours")
		}
	}
	if len(c.Holidays) > MaxHolidays {
		wrong("holidays", "calendar_many")
	}
	for i, h := range c.Holidays[:min(len(c.Holidays), MaxHolidays)] {
		if _, ok := h.Date.number(); !ok || !nameFits(h.Name) {
			wrong(fmt.Sprintf("holidays.%d", i), "calendar_date")
		}
	}
	if len(c.Openings) > MaxHolidays {
		wrong("openings", "calendar_many")
		return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: fields}
	}
	dates := make([]Date, 0, len(c.Openings))
	for d := range c.Openings {
		dates = append(dates, d)
	}
	slices.Sort(dates)
	for _, d := range dates {
		if _, ok := d.number(); !ok || !nameFits(c.Openings[d].Name) {
			wrong("openings."+string(d), "calendar_date")
		} else if !hoursFit(c.Openings[d].Hours) {
			wrong("openings."+string(d), "calendar_hours")
		}
	}
	if len(fields) > 0 {
		return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: fields}
	}
	return nil
}

func nameFits(s string) bool {
	if s == "" {
		return true
	}
	clean, err := CheckText("name", s, MaxCalendarName)
	return err == nil && clean == s
}

// fits reports whether an interval begins on its day and lasts no longer than one.
func (i Interval) fits() bool {
	return i.From >= 0 && i.From < dayMinutes && i.To > i.From && i.To-i.From <= dayMinutes
}

// hoursFit reports whether hours are few, each fits, and none begins before the one before it ends.
func hoursFit(hours []Interval) bool {
	last := 0
	for _, h := range hours {
		if !h.fits() || h.From < last {
			return false
		}
		last = h.To
	}
	return len(hours) <= MaxIntervals
}

// ParseDate reads a date of the years that calendars know, and of the days that months have.
func ParseDate(s string) (Date, bool) {
	_, ok := Date(s).number()
	return Date(s), ok
}

// DateOf is the date of t in the zone that t is in.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// number counts the days since 1970-01-01.
func (d Date) number() (int64, bool) {
	if len(d) != len(time.DateOnly) || d[4] != '-' || d[7] != '-' {
		return 0, false
	}
	digits := func(s Date) int {
		n := 0
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return -1
			}
			n = 10*n + int(s[i]-'0')
		}
		return n
	}
	year, month, day := digits(d[:4]), digits(d[5:7]), digits(d[8:])
	if year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t.Unix() / daySeconds, t.Day() == day
}

// dateOfNumber is the inverse of number.
func dateOfNumber(n int64) Date { return DateOf(time.Unix(n*daySeconds, 0).UTC()) }

// Holiday returns what the date of t is called where nothing begins on it, for it is a holiday or an
// exceptional day without hours.
func (c Calendar) Holiday(t time.Time) (name string, ok bool) {
	date := DateOf(t.In(c.Location()))
	if o, ok := c.Openings[date]; ok {
		return o.Name, len(o.Hours) == 0
	}
	for _, h := range c.Holidays {
		if h.Date == date {
			return h.Name, true
		}
	}
	return "", false
}

// week says the calendar's hours in a form in which they can be walked.
type week struct {
	loc      *time.Location
	weekly   [7][]Interval
	holidays []int64 // numbers of days, ascending
	openings map[Date]DayOpenings
}

func (c Calendar) week() week {
	w := week{loc: c.Location(), openings: c.Openings}
	for d, hours := range c.Weekly {
		w.weekly[d] = inOrder(hours)
	}
	if len(c.Holidays) > 0 {
		w.holidays = make([]int64, 0, len(c.Holidays))
		for _, h := range c.Holidays {
			if n, ok := h.Date.number(); ok {
				w.holidays = append(w.holidays, n)
			}
		}
		slices.Sort(w.holidays)
	}
	return w
}

// inOrder returns the intervals that fit by their beginnings; the same slice where it is so already.
func inOrder(hours []Interval) []Interval {
	ok := true
	for i, h := range hours {
		ok = ok && h.fits() && (i == 0 || h.From >= hours[i-1].From)
	}
	if ok {
		return hours
	}
	hours = slices.DeleteFunc(slices.Clone(hours), func(h Interval) bool { return !h.fits() })
	slices.SortFunc(hours, func(a, b Interval) int { return cmp.Compare(a.From, b.From) })
	return hours
}

// never reports whether the calendar has no hours at all.
func (w *week) never() bool {
	for _, hours := range w.weekly {
		if len(hours) > 0 {
			return false
		}
	}
	return len(w.openings) == 0
}

// hours of the n-th day since 1970-01-01.
func (w *week) hours(n int64) []Interval {
	if len(w.openings) > 0 {
		if o, ok := w.openings[dateOfNumber(n)]; ok {
			return inOrder(o.Hours)
		}
	}
	if len(w.holidays) > 0 {
		if _, closed := slices.BinarySearch(w.holidays, n); closed {
			return nil
		}
	}
	return w.weekly[((n+4)%7+7)%7] // 1970-01-01 was a Thursday
}

// spans calls yield with the open stretches of [from, until), in seconds since 1970, in order and
// without overlaps; two may touch. It stops when yield returns false.
//
// It walks from one change of the zone's offset to the next: between them wall time is the moment
// plus an offset, so that hours map to moments by an addition.
func (w *week) spans(from, until int64, yield func(from, to int64) bool) {
	for start := from; start < until; {
		t := time.Unix(start, 0).In(w.loc)
		_, off := t.Zone()
		offset, end := int64(off), until
		if _, change := t.ZoneBounds(); !change.IsZero() {
			end = min(end, change.Unix())
		}
		first, last := start+offset, end+offset // as wall time
		done := first
		for day := floorDay(first) - 1; day*daySeconds < last; day++ { // the day before may run into it
			for _, h := range w.hours(day) {
				a := max(day*daySeconds+int64(h.From)*60, done)
				b := min(day*daySeconds+int64(h.To)*60, last)
				if a >= b {
					continue
				}
				done = b
				if !yield(a-offset, b-offset) {
					return
				}
			}
		}
		start = end
	}
}

func floorDay(s int64) int64 {
	d := s / daySeconds
	if s%daySeconds < 0 {
		d--
	}
	return d
}

// known reports whether t lies in the years that calendars know.
func known(t time.Time) bool {
	return t.Unix() >= 0 && t.Unix() < time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
}

// Open reports whether t lies within the hours. Like everything here it knows the years 1970 to 2199.
func (c Calendar) Open(t time.Time) bool {
	if !known(t) {
		return false
	}
	w, open := c.week(), false
	w.spans(t.Unix(), t.Unix()+1, func(_, _ int64) bool { open = true; return false })
	return open
}

// NextOpening returns the first open moment that is not before t, in the calendar's zone: t itself
// within the hours. It is false where nothing opens within two years.
func (c Calendar) NextOpening(t time.Time) (time.Time, bool) { return c.Add(t, 0) }

// ClosesAt returns the moment at which the hours that t lies in end, in the calendar's zone. It is
// false where t is closed, and where nothing closes within two years.
func (c Calendar) ClosesAt(t time.Time) (time.Time, bool) {
	if !known(t) {
		return time.Time{}, false
	}
	w := c.week()
	from := t.Unix()
	until := from + int64(lookAhead/time.Second)
	end := from
	w.spans(from, until, func(a, b int64) bool {
		if a > end {
			return false
		}
		end = b
		return true
	})
	if end == from || end == until {
		return time.Time{}, false
	}
	return time.Unix(end, 0).In(w.loc), true
}

// Add returns the moment by which d of open time has passed since t, in the calendar's zone. It may be
// the moment at which hours end; where d is not above zero, it is the first open moment that is not
// before t. It is false where nothing opens for two years, or where d reaches further than ten.
func (c Calendar) Add(t time.Time, d time.Duration) (out time.Time, ok bool) {
	if !known(t) {
		return out, false
	}
	w := c.week()
	if w.never() {
		return out, false
	}
	d = max(d, 0)
	from, part := t.Unix(), time.Duration(t.Nanosecond())
	idle := from // since when nothing has been open
	for {
		until := min(idle+int64(lookAhead/time.Second), from+int64(addAhead/time.Second))
		moved := false
		w.spans(idle, until, func(a, b int64) bool {
			moved = true
			idle = b
			length := time.Duration(b-a) * time.Second
			at := time.Unix(a, 0)
			if a == from { // t itself may lie within a second
				length -= part
				at = at.Add(part)
			}
			if d > length {
				d -= length
				return true
			}
			out, ok = at.Add(d).In(w.loc), true
			return false
		})
		if ok || !moved { // not moved: closed all along, or as far as it may reach
			return out, ok
		}
	}
}

// Between returns how much open time lies between a and b: zero where b is not after a.
func (c Calendar) Between(a, b time.Time) time.Duration {
	if !known(a) || !known(b) || !a.Before(b) {
		return 0
	}
	w := c.week()
	var sum int64
	first, last := false, false
	from, until := a.Unix(), b.Unix()
	if from < until {
		w.spans(from, until, func(s, e int64) bool {
			sum += e - s
			first = first || s == from
			return true
		})
	} else {
		first = c.Open(a)
	}
	if b.Nanosecond() > 0 {
		last = c.Open(b)
	}
	// Hours begin and end on whole seconds: the parts of one at both ends are open or closed whole.
	out := time.Duration(sum) * time.Second
	if first {
		out -= time.Duration(a.Nanosecond())
	}
	if last {
		out += time.Duration(b.Nanosecond())
	}
	return out
}
