package routing

import (
	"errors"
	"io"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// yearsAhead is how far holidays are taken from a file: feasts that move stand in files for as long.
const yearsAhead = 5

// ImportHolidays reads the whole days of an iCalendar file, of this year and the next five. Errors:
// Invalid, naming the field ics.
func ImportHolidays(r io.Reader, now time.Time) ([]support.Day, error) {
	days, _, err := support.ReadHolidays(r, now.Year(), now.Year()+yearsAhead)
	var p *problem.Error
	if errors.As(err, &p) && (p.Kind == problem.Invalid || p.Kind == problem.TooLarge) || err == nil && len(days) == 0 {
		return nil, &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Err: err,
			Fields: []problem.Field{{Name: "ics", Key: "desk.routing.wrong_ics"}}}
	}
	return days, err
}
