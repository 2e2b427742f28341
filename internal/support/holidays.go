package support

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"guichet/internal/problem"
)

// Bounds of an iCalendar file.
const (
	MaxHolidayFile = 1 << 20 // bytes
	maxEventDays   = 366     // of one event
	maxICSLine     = 4096    // bytes of a line that is read; the parser takes longer ones ever more slowly
	maxICSDepth    = 8       // components within components
	maxICSDays     = 20 * MaxHolidays
	maxICSList     = 1000 // dates that an event names by itself
)

// ReadHolidays reads the all-day events of an iCalendar file (RFC 5545) that fall into the years from to
// to, ascending, one a date. Events of several days are each of their days; those of every year (COUNT,
// UNTIL, INTERVAL, EXDATE, RDATE) are each of their years.
//
// Events that say no whole days, or repeat in another way, are left out, and skipped counts them;
// cancelled ones are left out and not counted.
//
// Errors: TooLarge above MaxHolidayFile; Invalid names the field: "file" for one that is no calendar or
// has more than MaxHolidays days, "years" for a range outside 1970 to 2199.
func ReadHolidays(r io.Reader, from, to int) (days []Day, skipped int, err error) {
	defer problem.Wrap(&err, "support.ReadHolidays")
	if from < firstYear || to > lastYear || from > to {
		return nil, 0, badHolidays("years", "holidays_years", nil)
	}
	raw, err := io.ReadAll(io.LimitReader(r, MaxHolidayFile+1))
	if err != nil {
		return nil, 0, err
	}
	if len(raw) > MaxHolidayFile {
		return nil, 0, problem.New(problem.TooLarge, "")
	}
	lines, err := icsLines(raw)
	if err != nil {
		return nil, 0, badHolidays("file", "holidays_file", err)
	}
	file, err := ics.ParseCalendar(strings.NewReader(lines))
	if err != nil {
		return nil, 0, badHolidays("file", "holidays_file", err)
	}
	events := file.Events()
	replaced := map[string][]int64{} // instances of a series that have an event of their own, by its id
	for _, e := range events {
		if p := e.GetProperty(ics.ComponentPropertyRecurrenceId); p != nil {
			if day, ok := icsDate(p.Value); ok && len(replaced[e.Id()]) < maxICSList {
				replaced[e.Id()] = append(replaced[e.Id()], day)
			}
		}
	}
	total := 0
	for _, e := range events {
		if p := e.GetProperty(ics.ComponentPropertyStatus); p != nil && strings.EqualFold(p.Value, "CANCELLED") {
			continue
		}
		h, ok := readHoliday(e)
		if !ok {
			skipped++
			continue
		}
		if !h.instance {
			h.except = append(h.except, replaced[e.Id()]...)
		}
		h.days(from, to, func(n int64) bool {
			total++
			days = append(days, Day{dateOfNumber(n), h.name})
			return total <= maxICSDays
		})
		if total > maxICSDays {
			return nil, 0, badHolidays("file", "holidays_many", nil)
		}
	}
	slices.SortStableFunc(days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	days = slices.CompactFunc(days, func(a, b Day) bool { return a.Date == b.Date })
	if len(days) > MaxHolidays {
		return nil, 0, badHolidays("file", "holidays_many", nil)
	}
	return days, skipped, nil
}

func badHolidays(field, what string, cause error) error {
	p := problem.InvalidField(field, "problem."+what)
	p.Err = cause
	return p
}

// icsKept are the properties that are read of an event.
var icsKept = []string{"UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "STATUS"}

// icsLines returns what the parser needs of a file, a line each: unfolded, with names in upper case, and
// without the properties that are not read, whatever stands in them. It refuses what is not one whole
// VCALENDAR.
func icsLines(raw []byte) (string, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\n "), nil), []byte("\n\t"), nil)
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	var b strings.Builder
	depth, whole := 0, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		end := strings.IndexAny(line, ";:")
		if end < 0 {
			continue
		}
		name := strings.ToUpper(line[:end])
		switch name {
		case "BEGIN", "END":
			line = strings.ToUpper(line)
			if whole {
				return "", fmt.Errorf("more than one calendar")
			}
			if name == "BEGIN" {
				depth++
			} else if depth--; depth == 0 {
				whole = true
			}
			if depth < 0 || depth > maxICSDepth {
				return "", fmt.Errorf("components nest %d deep", depth)
			}
		default:
			if len(line) > maxICSLine || !slices.Contains(icsKept, name) || depth < 2 {
				continue
			}
			line = name + line[end:]
		}
		if len(line) > maxICSLine {
			return "", fmt.Errorf("a line of %d bytes", len(line))
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	if !whole {
		return "", fmt.Errorf("no whole calendar")
	}
	return b.String(), nil
}

// holiday is an all-day event; its days are numbers since 1970-01-01.
type holiday struct {
	name     string
	start    int64
	length   int64 // days
	instance bool  // of a series, in place of one of its own
	yearly   bool
	interval int
	count    int // zero: no end
	ends     bool
	until    int64 // the last day on which it may begin, if it ends
	extra    []int64
	except   []int64
}

// readHoliday reads an event; ok is false for one that has no whole days or repeats otherwise than
// every so many years.
func readHoliday(e *ics.VEvent) (h holiday, ok bool) {
	value := func(name ics.ComponentProperty) string {
		if p := e.GetProperty(name); p != nil {
			return strings.TrimSpace(p.Value)
		}
		return ""
	}
	if h.start, ok = icsDate(value(ics.ComponentPropertyDtStart)); !ok {
		return h, false
	}
	h.length = 1
	if end := value(ics.ComponentPropertyDtEnd); end != "" {
		n, ok := icsDate(end)
		if !ok {
			return h, false
		}
		h.length = max(n-h.start, 1) // some write the day itself as its end
		if n < h.start {
			return h, false
		}
	} else if d := value(ics.ComponentPropertyDuration); d != "" {
		if h.length, ok = icsDays(d); !ok {
			return h, false
		}
	}
	if h.length > maxEventDays || value(ics.ComponentPropertyExrule) != "" {
		return h, false
	}
	h.instance = value(ics.ComponentPropertyRecurrenceId) != ""
	if rules := e.GetProperties(ics.ComponentPropertyRrule); len(rules) > 1 || len(rules) == 1 && !h.rule(rules[0].Value) {
		return h, false
	}
	for _, list := range []struct {
		name ics.ComponentProperty
		to   *[]int64
	}{{ics.ComponentPropertyRdate, &h.extra}, {ics.ComponentPropertyExdate, &h.except}} {
		for _, p := range e.GetProperties(list.name) {
			for d := range strings.SplitSeq(p.Value, ",") {
				n, ok := icsDate(strings.TrimSpace(d))
				if !ok || len(*list.to) == maxICSList {
					return h, false
				}
				*list.to = append(*list.to, n)
			}
		}
	}
	h.name = holidayName(value(ics.ComponentPropertySummary))
	return h, true
}

// holidayName is a summary on one line, cut to what a day may be called.
func holidayName(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\x00", "")), " ")
	if r := []rune(s); len(r) > MaxCalendarName {
		s = strings.TrimSpace(string(r[:MaxCalendarName-1])) + "…"
	}
	return s
}

// rule reads a rule that repeats every so many years on the same day.
func (h *holiday) rule(s string) bool {
	h.interval = 1
	day := time.Unix(h.start*daySeconds, 0).UTC()
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSpace(s)), ";") {
		key, value, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(value)
		switch key {
		case "FREQ":
			h.yearly = value == "YEARLY"
		case "INTERVAL":
			if h.interval = n; err != nil || n < 1 || n > 1000 {
				return false
			}
		case "COUNT":
			if h.count = n; err != nil || n < 1 {
				return false
			}
		case "UNTIL":
			date, _, _ := strings.Cut(value, "T")
			var ok bool
			if h.until, ok = icsDate(date); !ok {
				return false
			}
			h.ends = true
		case "BYMONTH":
			if err != nil || time.Month(n) != day.Month() {
				return false
			}
		case "BYMONTHDAY":
			if err != nil || n != day.Day() {
				return false
			}
		case "WKST", "":
		default:
			return false
		}
	}
	return h.yearly
}

// days calls yield with every day that falls into the years from to to, until it returns false.
func (h *holiday) days(from, to int, yield func(int64) bool) {
	first, last := yearBegins(from), yearBegins(to+1)-1
	one := func(start int64) bool {
		if slices.Contains(h.except, start) {
			return true
		}
		for d := max(start, first); d < start+h.length && d <= last; d++ {
			if !yield(d) {
				return false
			}
		}
		return true
	}
	day := time.Unix(h.start*daySeconds, 0).UTC()
	leap := day.Month() == time.February && day.Day() == 29
	for year, n := day.Year(), 0; year <= to; year += h.interval {
		if leap && !isLeap(year) { // a day that the year lacks is none, and does not count
			continue
		}
		if n++; h.count > 0 && n > h.count {
			break
		}
		if year >= from-1 { // one of the year before may run into it
			start := time.Date(year, day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Unix() / daySeconds
			if h.ends && start > h.until || !one(start) {
				break
			}
		}
		if !h.yearly {
			break
		}
	}
	for _, start := range h.extra {
		if !one(start) {
			return
		}
	}
}

func yearBegins(y int) int64 { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / daySeconds }

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// icsDate reads a DATE value, 20260501, as a number of days. Events that begin before 1970 are those of
// a series.
func icsDate(s string) (int64, bool) {
	t, err := time.Parse("20060102", s)
	if err != nil || t.Year() < 1 || t.Year() > lastYear {
		return 0, false
	}
	return floorDay(t.Unix()), true
}

// icsDays reads a DURATION of whole days, P3D or P1W.
func icsDays(s string) (int64, bool) {
	s, ok := strings.CutPrefix(strings.TrimPrefix(s, "+"), "P")
	if !ok || len(s) < 2 {
		return 0, false
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 1 || n > maxEventDays {
		return 0, false
	}
	switch s[len(s)-1] {
	case 'D':
		return int64(n), true
	case 'W':
		return 7 * int64(n), true
	}
	return 0, false
}
