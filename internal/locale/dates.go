package locale

import (
	"fmt"
	"strings"
	"time"

	"guichet/kb"
)

// calendar is how a language writes days: names of the weekdays from Sunday and of the months as
// they stand in a date, and the two forms.
type calendar struct {
	days, months string
	date         func(d, m string, year int) string     // with the year: 24 November 2026
	dateTime     func(w, d, m, at string, h int) string // of a day nearby: Tuesday 24 November at 10:15
}

var calendars = map[kb.Lang]calendar{
	kb.English: {
		"Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
		"January February March April May June July August September October November December",
		func(d, m string, y int) string { return fmt.Sprintf("%s %s %d", d, m, y) },
		func(w, d, m, at string, _ int) string { return fmt.Sprintf("%s %s %s at %s", w, d, m, at) },
	},
	kb.French: {
		"dimanche lundi mardi mercredi jeudi vendredi samedi",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		func(d, m string, y int) string { return fmt.Sprintf("%s %s %d", first(d, "1er"), m, y) },
		func(w, d, m, at string, _ int) string {
			return fmt.Sprintf("%s %s %s à %s", w, first(d, "1er"), m, at)
		},
	},
	kb.German: {
		"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
		"Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
		func(d, m string, y int) string { return fmt.Sprintf("%s. %s %d", d, m, y) },
		func(w, d, m, at string, _ int) string { return fmt.Sprintf("%s, %s. %s, %s Uhr", w, d, m, at) },
	},
	kb.Spanish: {
		"domingo lunes martes miércoles jueves viernes sábado",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		func(d, m string, y int) string { return fmt.Sprintf("%s de %s de %d", d, m, y) },
		func(w, d, m, at string, h int) string {
			return fmt.Sprintf("%s %s de %s %s %s", w, d, m, one(h, "a la", "a las"), at)
		},
	},
	kb.Italian: {
		"domenica lunedì martedì mercoledì giovedì venerdì sabato",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		func(d, m string, y int) string { return fmt.Sprintf("%s %s %d", first(d, "1º"), m, y) },
		func(w, d, m, at string, _ int) string {
			return fmt.Sprintf("%s %s %s alle ore %s", w, first(d, "1º"), m, at)
		},
	},
	kb.Dutch: {
		"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
		"januari februari maart april mei juni juli augustus september oktober november december",
		func(d, m string, y int) string { return fmt.Sprintf("%s %s %d", d, m, y) },
		func(w, d, m, at string, _ int) string { return fmt.Sprintf("%s %s %s om %s uur", w, d, m, at) },
	},
	kb.Polish: { // months in the genitive, as a date wants them
		"niedziela poniedziałek wtorek środa czwartek piątek sobota",
		"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
		func(d, m string, y int) string { return fmt.Sprintf("%s %s %d r.", d, m, y) },
		func(w, d, m, at string, _ int) string { return fmt.Sprintf("%s, %s %s, godz. %s", w, d, m, at) },
	},
	kb.Portuguese: {
		"domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		func(d, m string, y int) string { return fmt.Sprintf("%s de %s de %d", d, m, y) },
		func(w, d, m, at string, h int) string {
			return fmt.Sprintf("%s, %s de %s, %s %s", w, d, m, one(h, "à", "às"), at)
		},
	},
	kb.Chinese: {
		"星期日 星期一 星期二 星期三 星期四 星期五 星期六",
		"1 2 3 4 5 6 7 8 9 10 11 12",
		func(d, m string, y int) string { return fmt.Sprintf("%d年%s月%s日", y, m, d) },
		func(w, d, m, at string, _ int) string { return fmt.Sprintf("%s月%s日%s %s", m, d, w, at) },
	},
}

// first is the ordinal that some languages write for the first day of a month.
func first(day, ordinal string) string {
	if day == "1" {
		return ordinal
	}
	return day
}

// one is the singular that some languages want before one o'clock.
func one(hour int, singular, plural string) string {
	if hour == 1 {
		return singular
	}
	return plural
}

func (p *Printer) parts(t time.Time) (c calendar, weekday, day, month string) {
	c = calendars[p.lang]
	return c, strings.Fields(c.days)[t.Weekday()], fmt.Sprint(t.Day()), strings.Fields(c.months)[t.Month()-1]
}

// Date writes the day with its year, as the zone has it: « 24 novembre 2026 ».
func (p *Printer) Date(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	c, _, day, month := p.parts(t)
	return c.date(day, month, t.Year())
}

// Time writes the hour and minute: « 10:15 ».
func (p *Printer) Time(t time.Time, zone *time.Location) string { return t.In(zone).Format("15:04") }

// Moment writes a moment of any year: « 24 novembre 2026, 10:15 ».
func (p *Printer) Moment(t time.Time, zone *time.Location) string {
	if p.lang == kb.Chinese {
		return p.Date(t, zone) + " " + p.Time(t, zone)
	}
	return p.Date(t, zone) + ", " + p.Time(t, zone)
}

// DateTime writes a moment in the days around now, with the zone's name: « mardi 24 novembre à
// 10:15 (CET) ».
func (p *Printer) DateTime(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	c, weekday, day, month := p.parts(t)
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") { // many zones have no letters
		name = "UTC" + name
	}
	open, close := " (", ")"
	if p.lang == kb.Chinese {
		open, close = "（", "）"
	}
	return c.dateTime(weekday, day, month, t.Format("15:04"), t.Hour()) + open + name + close
}
