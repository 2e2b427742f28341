package support_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// icsFile wraps events, "NAME:value" lines separated by "|" each, in a calendar.
func icsFile(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nX-WR-CALNAME:Jours fériés\r\n")
	for i, e := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTAMP:20260101T000000Z\r\n%s\r\nEND:VEVENT\r\n", i, strings.ReplaceAll(e, "|", "\r\n"))
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.String()
}

func TestReadHolidays(t *testing.T) {
	t.Parallel()
	first := icsFile("DTSTART;VALUE=DATE:20260501|DTEND;VALUE=DATE:20260502|SUMMARY:Fête du Travail")
	for _, test := range []struct {
		name    string
		file    string
		from    int
		to      int
		want    string // "2026-05-01 name, …"
		skipped int
	}{
		{"OneDay", first, 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"LF", strings.ReplaceAll(first, "\r\n", "\n"), 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"CR", strings.ReplaceAll(first, "\r\n", "\r"), 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"ByteOrderMark", "\ufeff" + first, 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"LowerCase", strings.ToLower(first), 2026, 2026, "2026-05-01 fête du travail", 0},
		{"BlankLines", strings.ReplaceAll(first, "\r\n", "\r\n\r\n") + "\n\n", 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"Folded", strings.ReplaceAll(first, "Travail", "Tra\r\n va\r\n\til"), 2026, 2026, "2026-05-01 Fête du Travail", 0},
		{"NoCalendarEvents", icsFile(), 2026, 2026, "", 0},
		{"OtherYear", first, 2027, 2027, "", 0},
		{"NoEnd", icsFile("DTSTART;VALUE=DATE:20260501"), 2026, 2026, "2026-05-01 ", 0},
		{"EndIsTheDay", icsFile("DTSTART;VALUE=DATE:20260501|DTEND;VALUE=DATE:20260501"), 2026, 2026, "2026-05-01 ", 0},
		{"WithoutValue", icsFile("DTSTART:20260501|SUMMARY:x"), 2026, 2026, "2026-05-01 x", 0},
		{"SeveralDays", icsFile("DTSTART;VALUE=DATE:20261230|DTEND;VALUE=DATE:20270102|SUMMARY:Ferme"), 2026, 2026, "2026-12-30 Ferme, 2026-12-31 Ferme", 0},
		{"RunsIntoTheYear", icsFile("DTSTART;VALUE=DATE:20261230|DTEND;VALUE=DATE:20270102|SUMMARY:Ferme"), 2027, 2027, "2027-01-01 Ferme", 0},
		{"Duration", icsFile("DTSTART;VALUE=DATE:20260501|DURATION:P2D"), 2026, 2026, "2026-05-01 , 2026-05-02 ", 0},
		{"Week", icsFile("DTSTART;VALUE=DATE:20260227|DURATION:P1W"), 2026, 2026,
			"2026-02-27 , 2026-02-28 , 2026-03-01 , 2026-03-02 , 2026-03-03 , 2026-03-04 , 2026-03-05 ", 0},
		{"Escaped", icsFile(`DTSTART;VALUE=DATE:20260501|SUMMARY:a\, b\; c\nd`), 2026, 2026, "2026-05-01 a, b; c d", 0},
		{"Yearly", icsFile("DTSTART;VALUE=DATE:20200714|RRULE:FREQ=YEARLY|SUMMARY:x"), 2026, 2028, "2026-07-14 x, 2027-07-14 x, 2028-07-14 x", 0},
		{"SinceLongAgo", icsFile("DTSTART;VALUE=DATE:18800714|RRULE:FREQ=YEARLY"), 2026, 2026, "2026-07-14 ", 0},
		{"Count", icsFile("DTSTART;VALUE=DATE:20250714|RRULE:FREQ=YEARLY;COUNT=3"), 2025, 2030, "2025-07-14 , 2026-07-14 , 2027-07-14 ", 0},
		{"Until", icsFile("DTSTART;VALUE=DATE:20250714|RRULE:FREQ=YEARLY;UNTIL=20270714"), 2026, 2030, "2026-07-14 , 2027-07-14 ", 0},
		{"UntilBefore", icsFile("DTSTART;VALUE=DATE:20250714|RRULE:FREQ=YEARLY;UNTIL=20270713T235959Z"), 2026, 2030, "2026-07-14 ", 0},
		{"Interval", icsFile("DTSTART;VALUE=DATE:20240714|RRULE:FREQ=YEARLY;INTERVAL=2"), 2025, 2029, "2026-07-14 , 2028-07-14 ", 0},
		{"ByItself", icsFile("DTSTART;VALUE=DATE:20260501|RRULE:FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1;WKST=MO"), 2027, 2027, "2027-05-01 ", 0},
		{"LeapDay", icsFile("DTSTART;VALUE=DATE:20240229|RRULE:FREQ=YEARLY;COUNT=2"), 2024, 2040, "2024-02-29 , 2028-02-29 ", 0},
		{"Exdate", icsFile("DTSTART;VALUE=DATE:20250714|RRULE:FREQ=YEARLY|EXDATE;VALUE=DATE:20260714,20270714"), 2025, 2028, "2025-07-14 , 2028-07-14 ", 0},
		{"Rdate", icsFile("DTSTART;VALUE=DATE:20260405|RDATE;VALUE=DATE:20270328|SUMMARY:Pâques"), 2026, 2027, "2026-04-05 Pâques, 2027-03-28 Pâques", 0},
		{"TimedAreSkipped", icsFile("DTSTART:20260501T090000Z|DTEND:20260501T100000Z", "DTSTART;TZID=Europe/Paris:20260501T090000", "DTSTART;VALUE=DATE:20260502"),
			2026, 2026, "2026-05-02 ", 2},
		{"OtherRules", icsFile("DTSTART;VALUE=DATE:20260501|RRULE:FREQ=MONTHLY", "DTSTART;VALUE=DATE:20260501|RRULE:FREQ=YEARLY;BYDAY=1MO",
			"DTSTART;VALUE=DATE:20260501|RRULE:FREQ=YEARLY;INTERVAL=0", "DTSTART;VALUE=DATE:20260501|RRULE:FREQ=YEARLY|RRULE:FREQ=YEARLY",
			"DTSTART;VALUE=DATE:20260501|RRULE:nonsense"), 2026, 2026, "", 5},
		{"NonsenseDates", icsFile("DTSTART;VALUE=DATE:20260230", "SUMMARY:none", "DTSTART;VALUE=DATE:20260502|DTEND;VALUE=DATE:20260501",
			"DTSTART;VALUE=DATE:20260502|DTEND;VALUE=DATE:20290501", "DTSTART;VALUE=DATE:20260502|DURATION:PT1H"), 2026, 2026, "", 5},
		{"CancelledAreNone", icsFile("DTSTART;VALUE=DATE:20260501|STATUS:CANCELLED"), 2026, 2026, "", 0},
		{"TransparentAreDays", icsFile("DTSTART;VALUE=DATE:20260501|TRANSP:TRANSPARENT"), 2026, 2026, "2026-05-01 ", 0},
		{"AlarmAndLongText", icsFile("DTSTART;VALUE=DATE:20260501|DESCRIPTION:" + strings.Repeat("x", 20_000) +
			"|BEGIN:VALARM|TRIGGER:-PT1H|SUMMARY:no|END:VALARM|SUMMARY:yes"), 2026, 2026, "2026-05-01 yes", 0},
		{"LongSummary", icsFile("DTSTART;VALUE=DATE:20260501|SUMMARY:" + strings.Repeat("x", 5000)), 2026, 2026, "2026-05-01 ", 0},
		{"OneADate", icsFile("DTSTART;VALUE=DATE:20260601|SUMMARY:b", "DTSTART;VALUE=DATE:20260501|SUMMARY:first", "DTSTART;VALUE=DATE:20260501|SUMMARY:second"),
			2026, 2026, "2026-05-01 first, 2026-06-01 b", 0},
		{"LongName", icsFile("DTSTART;VALUE=DATE:20260501|SUMMARY:" + strings.Repeat("é", 150)), 2026, 2026, "2026-05-01 " + strings.Repeat("é", 99) + "…", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			days, skipped, err := support.ReadHolidays(strings.NewReader(test.file), test.from, test.to)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range days {
				got = append(got, string(d.Date)+" "+d.Name)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" || skipped != test.skipped {
				t.Errorf("skipped %d, want %d\n%s", skipped, test.skipped, diff)
			}
		})
	}
}

// TestMovedHoliday: an event that replaces one of a series takes its place, on another date or with another
// name.
func TestMovedHoliday(t *testing.T) {
	t.Parallel()
	file := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20250714\nRRULE:FREQ=YEARLY\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260714\nDTSTART;VALUE=DATE:20260713\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20270714\nDTSTART;VALUE=DATE:20270714\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n"
	days, _, err := support.ReadHolidays(strings.NewReader(file), 2026, 2028)
	if diff := cmp.Diff([]support.Day{{Date: "2026-07-13"}, {Date: "2027-07-14", Name: "x"}, {Date: "2028-07-14"}}, days); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestReadHolidaysRefuses(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 4 {
		many = append(many, fmt.Sprintf("DTSTART;VALUE=DATE:202%d0101|DURATION:P366D", i))
	}
	fine := icsFile("DTSTART;VALUE=DATE:20260501")
	for _, test := range []struct {
		name     string
		file     string
		from, to int
		kind     problem.Kind
		field    string
	}{
		{"Empty", "", 2026, 2026, problem.Invalid, "file"},
		{"HTML", "<!DOCTYPE html><html><body>Sign in</body></html>", 2026, 2026, problem.Invalid, "file"},
		{"CutOff", fine[:len(fine)-20], 2026, 2026, problem.Invalid, "file"},
		{"TwoCalendars", fine + fine, 2026, 2026, problem.Invalid, "file"},
		{"UTF16", "\xff\xfeB\x00E\x00G\x00I\x00N\x00", 2026, 2026, problem.Invalid, "file"},
		{"Unbalanced", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n", 2026, 2026, problem.Invalid, "file"},
		{"Deep", "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:A\n", 50_000) + strings.Repeat("END:A\n", 50_000) + "END:VCALENDAR\n", 2026, 2026, problem.Invalid, "file"},
		{"ManyDays", icsFile(many...), 2020, 2030, problem.Invalid, "file"},
		{"ManyTimesTheSame", icsFile("DTSTART;VALUE=DATE:20200101|DURATION:P366D|RRULE:FREQ=YEARLY"), 1970, 2199, problem.Invalid, "file"},
		{"TooLarge", fine + strings.Repeat(" ", support.MaxHolidayFile), 2026, 2026, problem.TooLarge, ""},
		{"YearsBackwards", fine, 2027, 2026, problem.Invalid, "years"},
		{"YearsOutside", fine, 2026, 2200, problem.Invalid, "years"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			days, _, err := support.ReadHolidays(strings.NewReader(test.file), test.from, test.to)
			if days != nil || !problem.Is(err, test.kind) || test.field != "" && !strings.Contains(err.Error(), " "+test.field+": ") {
				t.Errorf("%v, %d days", err, len(days))
			}
		})
	}
}

// TestHostileHolidays: files made to take long are read, or refused, fast.
func TestHostileHolidays(t *testing.T) {
	t.Parallel()
	var series, dates strings.Builder
	series.WriteString("BEGIN:VCALENDAR\n")
	for series.Len() < support.MaxHolidayFile-200 {
		series.WriteString("BEGIN:VEVENT\nDTSTART:00010714\nRRULE:FREQ=YEARLY;COUNT=9999\nEND:VEVENT\n")
	}
	series.WriteString("END:VCALENDAR\n")
	for dates.Len() < support.MaxHolidayFile/2-200 {
		dates.WriteString("RDATE:20260501,20260502\n")
	}
	for name, file := range map[string]string{
		"Parameters": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY" + strings.Repeat(";A=", 300_000) + ":x\nEND:VEVENT\nEND:VCALENDAR\n",
		"Short":      "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + strings.Repeat("SUMMARY"+strings.Repeat(";A=b", 1000)+":x\n", 250) + "END:VEVENT\nEND:VCALENDAR\n",
		"Series":     series.String(),
		"Dates":      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260501\n" + dates.String() + strings.ReplaceAll(dates.String(), "RDATE", "EXDATE") + "END:VEVENT\nEND:VCALENDAR\n",
		"Colons":     "BEGIN:VCALENDAR\n" + strings.Repeat(":\n;\n", 200_000) + "END:VCALENDAR\n",
	} {
		start := time.Now()
		support.ReadHolidays(strings.NewReader(file), 1970, 2199)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s took %s", name, d)
		}
	}
}

func FuzzReadHolidays(f *testing.F) {
	f.Add(icsFile("DTSTART;VALUE=DATE:20260501|DTEND;VALUE=DATE:20260502|SUMMARY:Fête du Travail"))
	f.Add(icsFile("DTSTART;VALUE=DATE:20240229|RRULE:FREQ=YEARLY;COUNT=2;UNTIL=20300101", "DTSTART:20260501T090000Z"))
	f.Add(icsFile("DTSTART;VALUE=DATE:20240229|RDATE:20260101,20270101|EXDATE:20260101|DURATION:P1W", "UID:0|RECURRENCE-ID:20270101|DTSTART:20270102"))
	f.Add("\ufeffBEGIN:VCALENDAR\rBEGIN:VEVENT\rSUMMARY;X=\"a;b\":\\\\\r\n END:VEVENT\rEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, file string) {
		days, skipped, err := support.ReadHolidays(strings.NewReader(file), 2020, 2035)
		if err != nil {
			if k := problem.KindOf(err); k != problem.Invalid && k != problem.TooLarge {
				t.Fatalf("%v", err)
			}
			return
		}
		c := support.DefaultCalendar("")
		c.Holidays = days
		if err := c.Check(); err != nil || skipped < 0 {
			t.Fatalf("%v, skipped %d", err, skipped)
		}
		for i, d := range days {
			if d.Date < "2020-01-01" || d.Date > "2035-12-31" || i > 0 && d.Date <= days[i-1].Date {
				t.Fatalf("%q of %q", d, days)
			}
		}
	})
}
