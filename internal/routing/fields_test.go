package routing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func TestCheckFields(t *testing.T) {
	t.Parallel()
	c := support.Category{Key: "x", Fields: []support.CategoryField{
		{Key: "text", Type: support.FieldText, Required: true}, {Key: "date", Type: support.FieldDate, Required: true},
		{Key: "amount", Type: support.FieldAmount}, {Key: "order", Type: support.FieldOrder}, {Key: "again", Type: support.FieldYesNo},
		{Key: "kind", Type: support.FieldChoice, Choices: []string{"card", "box"}}, {Key: "ref", Type: support.FieldReference}}}
	for name, x := range map[string]struct {
		in, want map[string]string
		missing  []string
		wrong    []string
	}{
		"Nothing": {nil, nil, []string{"text", "date"}, nil},
		"All": {map[string]string{"text": " Bonjour\r\nà vous ", "date": "2026-11-27", "amount": "12,50 €", "order": "A  17", "again": "yes", "kind": "box", "ref": "R-1"},
			map[string]string{"text": "Bonjour\nà vous", "date": "2026-11-27", "amount": "12.50 EUR", "order": "A 17", "again": "yes", "kind": "box", "ref": "R-1"}, nil, nil},
		"Blank":        {map[string]string{"text": " \x00 ", "date": "2026-11-27"}, map[string]string{"date": "2026-11-27"}, []string{"text"}, nil},
		"Unknown":      {map[string]string{"text": "x", "date": "2026-11-27", "gone": "y"}, map[string]string{"text": "x", "date": "2026-11-27"}, nil, nil},
		"TodayInTonga": {map[string]string{"text": "x", "date": "2026-11-29"}, map[string]string{"text": "x", "date": "2026-11-29"}, nil, nil},
		"Wrong": {map[string]string{"text": strings.Repeat("é", 501), "date": "27/11/2026", "amount": "much", "order": strings.Repeat("9", 101), "again": "oui", "kind": "bag", "ref": "a\nb"},
			nil, nil, []string{"fields.text problem.too_long", "fields.date problem.field_date", "fields.amount problem.field_amount", "fields.order problem.too_long",
				"fields.again problem.field_yes_no", "fields.kind problem.field_choice", "fields.ref problem.field_reference"}},
		"Future":   {map[string]string{"text": "x", "date": "2026-11-30"}, map[string]string{"text": "x"}, nil, []string{"fields.date problem.field_future"}},
		"NoDay":    {map[string]string{"text": "x", "date": "2026-02-30"}, map[string]string{"text": "x"}, nil, []string{"fields.date problem.field_date"}},
		"Currency": {map[string]string{"text": "x", "amount": "12.50", "date": "2026-01-01"}, map[string]string{"text": "x", "date": "2026-01-01"}, nil, []string{"fields.amount problem.field_currency"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := noon
			clean, missing, err := routing.CheckFields(c, kb.French, x.in, now)
			var wrong []string
			if p, ok := err.(*problem.Error); ok {
				for _, f := range p.Fields {
					wrong = append(wrong, f.Name+" "+f.Key)
				}
			}
			if d := cmp.Diff(x.want, clean, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("clean (-want +got):\n%s", d)
			}
			if d := cmp.Diff(x.missing, missing); d != "" {
				t.Errorf("missing (-want +got):\n%s", d)
			}
			if d := cmp.Diff(x.wrong, wrong); d != "" {
				t.Errorf("wrong (-want +got):\n%s", d)
			}
		})
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	c := support.Category{Fields: []support.CategoryField{{Key: "amount", Type: support.FieldAmount}}}
	for _, x := range []struct {
		lang     kb.Lang
		in, want string // "" for wrong
	}{
		{kb.English, "12.50 EUR", "12.50 EUR"}, {kb.French, "12,50 eur", "12.50 EUR"}, {kb.French, "1 234,5 €", "1234.50 EUR"},
		{kb.French, "1\u202f234,50\u00a0€", "1234.50 EUR"}, {kb.English, "1,234.50 GBP", "1234.50 GBP"}, {kb.German, "1.234,50 EUR", "1234.50 EUR"},
		{kb.German, "1.234 EUR", "1234.00 EUR"}, {kb.English, "1,234 EUR", "1234.00 EUR"}, {kb.English, "1.234 KWD", "1.234 KWD"},
		{kb.French, "1,234 EUR", ""}, {kb.English, "1.234 EUR", ""}, {kb.English, "EUR 7", "7.00 EUR"}, {kb.Polish, "99,99 zł", "99.99 PLN"},
		{kb.English, "007 JPY", "7 JPY"}, {kb.English, "12.5 JPY", ""}, {kb.German, "1’234.50 CHF", "1234.50 CHF"}, {kb.English, "£5", "5.00 GBP"},
		{kb.English, "0 EUR", ""}, {kb.English, "-5 EUR", ""}, {kb.English, "12.505 EUR", ""}, {kb.English, "5 XXX", ""}, {kb.English, "5 ABC", ""},
		{kb.English, "EUR 5 EUR", ""}, {kb.English, "1.2.3 EUR", ""}, {kb.English, "1e9 EUR", ""}, {kb.English, "1234567890123 EUR", ""}, {kb.English, "$5", ""},
	} {
		clean, _, err := routing.CheckFields(c, x.lang, map[string]string{"amount": x.in}, noon)
		if got := clean["amount"]; got != x.want || (err == nil) != (x.want != "") {
			t.Errorf("%s: %q is read as %q (%v), want %q", x.lang, x.in, got, err, x.want)
		}
	}
}

// TestCleanFieldsStayClean: what was read once is read again as the same, in any language.
func TestCleanFieldsStayClean(t *testing.T) {
	t.Parallel()
	types := []support.FieldType{support.FieldText, support.FieldDate, support.FieldAmount, support.FieldOrder, support.FieldYesNo, support.FieldReference}
	rapid.Check(t, func(t *rapid.T) {
		c := support.Category{Fields: []support.CategoryField{{Key: "x", Type: rapid.SampledFrom(types).Draw(t, "type")}}}
		lang := rapid.SampledFrom(kb.Langs[:])
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9]{1,5}[.,]?[0-9]{0,3} (EUR|JPY|KWD|€)`), rapid.StringMatching(`20[0-3][0-9]-[01][0-9]-[0-3][0-9]`)).Draw(t, "in")
		clean, _, err := routing.CheckFields(c, lang.Draw(t, "lang"), map[string]string{"x": in}, noon)
		if err != nil {
			if !problem.Is(err, problem.Invalid) || len(clean) > 0 {
				t.Fatalf("%q: %v, %v", in, clean, err)
			}
			return
		}
		// An amount is kept as English writes it.
		again, _, err := routing.CheckFields(c, kb.English, clean, noon)
		if err != nil || cmp.Diff(clean, again) != "" {
			t.Fatalf("%q became %v, and that %v (%v)", in, clean, again, err)
		}
	})
}

// TestCalendarsAsText: what a calendar's form says is the calendar, in both languages.
func TestCalendarsAsText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := func(label string) (out []support.Interval) {
			at := 0
			for range rapid.IntRange(0, 3).Draw(t, label) {
				from := at + rapid.IntRange(0, 300).Draw(t, "from")
				to := from + rapid.IntRange(1, 300).Draw(t, "for")
				if from >= 24*60 {
					break
				}
				out = append(out, support.Interval{From: from, To: to})
				at = to
			}
			return out
		}
		c := support.Calendar{ID: "x", Name: "X", Zone: "Europe/Paris"}
		for d := range c.Weekly {
			c.Weekly[d] = hours("weekly")
		}
		name := rapid.StringMatching(`([A-Z][a-zé]{2,9}( [a-z]{1,5})?)?`)
		date := rapid.Custom(func(t *rapid.T) support.Date {
			return support.Date(noon.AddDate(0, 0, rapid.IntRange(0, 900).Draw(t, "day")).Format(time.DateOnly))
		})
		for _, d := range rapid.SliceOfNDistinct(date, 0, 4, rapid.ID[support.Date]).Draw(t, "holidays") {
			c.Holidays = append(c.Holidays, support.Day{Date: d, Name: name.Draw(t, "name")})
		}
		slices.SortFunc(c.Holidays, func(a, b support.Day) int { return strings.Compare(string(a.Date), string(b.Date)) })
		for _, d := range rapid.SliceOfNDistinct(date, 0, 3, rapid.ID[support.Date]).Draw(t, "openings") {
			if c.Openings == nil {
				c.Openings = map[support.Date]support.DayOpenings{}
			}
			c.Openings[d] = support.DayOpenings{Name: name.Draw(t, "name"), Hours: hours("opening")}
		}
		for _, l := range []kb.Lang{kb.French, kb.English, kb.Polish} {
			f := routing.CalendarForm(c, l)
			got, err := routing.ReadCalendar(f)
			if err != nil {
				t.Fatalf("%s: %v: %v", l, err, f)
			}
			if d := cmp.Diff(c, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s: %v (-want +got):\n%s", l, f, d)
			}
		}
	})
}
