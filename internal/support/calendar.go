package support

import "time"

// Calendar says when people are there, in the wall time of its zone.
type Calendar struct {
	ID       CalendarID
	Name     string
	Zone     string               // IANA name
	Weekly   [7][]Interval        // by time.Weekday; several a day; one that ends after midnight belongs to the day it begins on
	Holidays []Day                // closed all day
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

// Location loads the calendar's zone; UTC where the name is unknown.
func (c Calendar) Location() *time.Location {
	z, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}
