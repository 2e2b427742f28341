package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"guichet/internal/support"
	"guichet/kb"
)

// How calendars stand in a form: lines of text, in French or English.

var dayNames = map[kb.Lang][7]string{
	kb.English: {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	kb.French:  {"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
}

var closedWord = map[kb.Lang]string{kb.English: "closed", kb.French: "fermé"}

// desk is the language of the desk's texts for l.
func desk(l kb.Lang) kb.Lang {
	if l == kb.French {
		return l
	}
	return kb.English
}

// writeWeekly writes the hours of a week from Monday on, a line a day.
func writeWeekly(week [7][]support.Interval, l kb.Lang) string {
	var lines []string
	for i := range 7 {
		d := (i + 1) % 7
		lines = append(lines, dayNames[desk(l)][d]+" "+writeHours(week[d], l))
	}
	return strings.Join(lines, "\n")
}

func writeHours(hours []support.Interval, l kb.Lang) string {
	if len(hours) == 0 {
		return closedWord[desk(l)]
	}
	var out []string
	for _, h := range hours {
		to := h.To
		if to > day {
			to -= day
		}
		out = append(out, fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, to/60, to%60))
	}
	return strings.Join(out, ", ")
}

// readWeekly reads lines like "lundi 09:00-12:00, 14:00-18:00" and "Mon-Fri 9-18". A day that is not
// named is closed.
func readWeekly(w *wrongs, field, s string) (week [7][]support.Interval) {
	seen := [7]bool{}
	for i, line := range lines(s) {
		if line == "" {
			continue
		}
		wrong := func() {
			w.add(field, "desk.routing.wrong_weekly", map[string]any{"line": i + 1, "text": clip(line, 60)})
		}
		name := strings.TrimRight(line, closedSigns)
		if at := strings.IndexFunc(line, unicode.IsDigit); at >= 0 {
			name = line[:at]
		} else if f := strings.Fields(line); len(f) > 1 && isClosed(f[len(f)-1]) {
			name = strings.Join(f[:len(f)-1], " ")
		}
		days, ok := readDays(name)
		hours, good := readHours(strings.TrimSpace(line[min(len(name), len(line)):]))
		if !ok || !good {
			wrong()
			continue
		}
		for _, d := range days {
			if seen[d] {
				wrong()
				break
			}
			seen[d], week[d] = true, hours
		}
	}
	return week
}

// readDays reads "lundi", "Mon", "lundi-vendredi", "Mon, Wed".
func readDays(s string) (days []int, ok bool) {
	s = strings.NewReplacer("–", "-", " - ", "-", ":", " ").Replace(s)
	for _, part := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }) {
		from, to, isRange := strings.Cut(part, "-")
		a, ok := readDay(from)
		if !ok {
			return nil, false
		}
		if !isRange {
			days = append(days, a)
			continue
		}
		b, ok := readDay(to)
		if !ok {
			return nil, false
		}
		for d := a; ; d = (d + 1) % 7 {
			days = append(days, d)
			if d == b {
				break
			}
		}
	}
	return days, len(days) > 0
}

// readDay reads a day's name, or its first three letters or more.
func readDay(s string) (int, bool) {
	s = strings.TrimSuffix(plain(s), ".")
	if len(s) < 3 {
		return 0, false
	}
	for _, names := range dayNames {
		for d, name := range names {
			if strings.HasPrefix(strings.ToLower(name), s) {
				return d, true
			}
		}
	}
	return 0, false
}

// plain is s in lower case without accents.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFD.String(strings.TrimSpace(s)))
}

const closedSigns = " -–—:\t"

func isClosed(s string) bool { return slices.Contains([]string{"", "-", "closed", "ferme"}, plain(s)) }

var interval = regexp.MustCompile(`^(\d{1,2})(?:[:hH](\d{2})?)?\s*[-–]\s*(\d{1,2})(?:[:hH](\d{2})?)?$`)

// readHours reads "09:00-12:00, 14:00-18:00"; an interval that ends before it begins ends on the next
// day.
func readHours(s string) (hours []support.Interval, ok bool) {
	if isClosed(strings.Trim(s, closedSigns)) {
		return nil, true
	}
	for _, part := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' }) {
		m := interval.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, false
		}
		from, ok := minutes(m[1], m[2])
		to, good := minutes(m[3], m[4])
		if !ok || !good || from == day || from == to {
			return nil, false
		}
		if to < from {
			to += day
		}
		hours = append(hours, support.Interval{From: from, To: to})
	}
	slices.SortFunc(hours, func(a, b support.Interval) int { return a.From - b.From })
	return hours, len(hours) > 0
}

func minutes(h, m string) (int, bool) {
	hour, _ := strconv.Atoi(h)
	minute, _ := strconv.Atoi("0" + m)
	n := hour*60 + minute
	return n, minute < 60 && n <= day
}

func lines(s string) []string {
	out := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// writeHolidays writes "2026-12-25 Noël", a line each, in order.
func writeHolidays(days []support.Day) string {
	var out []string
	for _, d := range days {
		out = append(out, strings.TrimSpace(string(d.Date)+" "+d.Name))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func readHolidays(w *wrongs, field, s string) (days []support.Day) {
	seen := map[support.Date]bool{}
	for i, line := range lines(s) {
		if line == "" {
			continue
		}
		date, name, _ := strings.Cut(line, " ")
		d := support.Day{Date: support.Date(date), Name: strings.TrimSpace(name)}
		if !soundDate(d.Date) {
			w.add(field, "desk.routing.wrong_day", map[string]any{"line": i + 1, "text": clip(line, 60)})
			continue
		}
		if !seen[d.Date] { // twice the same: the first name stays
			days = append(days, d)
		}
		seen[d.Date] = true
	}
	slices.SortFunc(days, func(a, b support.Day) int { return strings.Compare(string(a.Date), string(b.Date)) })
	return days
}

// writeOpenings writes "2026-12-24 09:00-12:00 Réveillon" and "2026-12-31 fermé Inventaire".
func writeOpenings(o map[support.Date]support.DayOpenings, l kb.Lang) string {
	var out []string
	for _, date := range slices.Sorted(maps.Keys(o)) {
		out = append(out, strings.TrimSpace(string(date)+" "+writeHours(o[date].Hours, l)+" "+o[date].Name))
	}
	return strings.Join(out, "\n")
}

// opening takes a line apart: a date, hours or a word for closed, a name.
var opening = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})\s+((?:[0-9:hH]+\s*[-–]\s*[0-9:hH]+(?:\s*[,;]\s*)?)+|(?i:closed|fermé|ferme|-))(?:\s+(.*))?$`)

func readOpenings(w *wrongs, field, s string) map[support.Date]support.DayOpenings {
	out := map[support.Date]support.DayOpenings{}
	for i, line := range lines(s) {
		if line == "" {
			continue
		}
		m := opening.FindStringSubmatch(norm.NFC.String(line))
		var hours []support.Interval
		ok := m != nil && soundDate(support.Date(m[1]))
		if ok {
			hours, ok = readHours(m[2])
		}
		if _, twice := out[support.Date(cut(m, 1))]; !ok || twice {
			w.add(field, "desk.routing.wrong_opening", map[string]any{"line": i + 1, "text": clip(line, 60)})
			continue
		}
		out[support.Date(m[1])] = support.DayOpenings{Name: strings.TrimSpace(m[3]), Hours: hours}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func cut(m []string, i int) string {
	if i < len(m) {
		return m[i]
	}
	return ""
}
