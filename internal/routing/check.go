package routing

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Bounds of what admins type.
const (
	MaxName     = 80
	maxText     = 500 // of a hint
	maxFields   = 20  // of a category
	maxChoices  = 30  // of a field
	maxTeams    = 200
	maxPosition = 999
	maxObjects  = 1000
	maxHours    = 1000 // of a promise
	MaxCapacity = 100
)

var (
	goodID  = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	goodKey = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`) // of a field or choice
)

// wrongs collects what is wrong with a thing, in the order in which it is looked at.
type wrongs []problem.Field

func (w *wrongs) add(field, key string, args map[string]any) {
	*w = append(*w, problem.Field{Name: field, Key: key, Args: args})
}

// line checks one line of text.
func (w *wrongs) line(field, s string, max int, empty bool) {
	n := utf8.RuneCountInString(s)
	switch {
	case n > max:
		w.add(field, "problem.too_long", map[string]any{"max": max, "n": n})
	case s == "" && !empty:
		w.add(field, "desk.routing.wrong_missing", nil)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }):
		w.add(field, "desk.routing.wrong_line", nil)
	}
}

// AlsoWrong adds to what could not be read of a form (err) what is wrong with the thing that could be, a
// support.Team, Calendar, Category or an Agent, so that all of it is said at once.
func (s *Service) AlsoWrong(err error, all *State, v any) error {
	var p *problem.Error
	if !errors.As(err, &p) || p.Kind != problem.Invalid {
		return err
	}
	var more []problem.Field
	switch v := v.(type) {
	case support.Team:
		more = all.checkTeam(v)
	case support.Calendar:
		more = checkCalendar(v)
	case support.Category:
		more = s.checkCategory(all, v)
	case Agent:
		more = all.checkAgent(v)
	}
	out := *p
	for _, f := range more {
		if !slices.ContainsFunc(p.Fields, func(said problem.Field) bool { return said.Name == f.Name }) {
			out.Fields = append(out.Fields, f)
		}
	}
	return &out
}

func (s *State) checkTeam(t support.Team) []problem.Field {
	var w wrongs
	if !goodID.MatchString(string(t.ID)) || t.ID == "new" { // an address of its own
		w.add("id", "desk.routing.wrong_id", nil)
	}
	if _, there := s.Team(t.ID); !there && len(s.Teams) >= maxTeams {
		w.add("id", "desk.routing.wrong_many", map[string]any{"max": maxTeams})
	}
	w.line("name", t.Name, MaxName, false)
	if t.Email != "" {
		if clean, err := support.CheckEmail(t.Email); err != nil || clean != t.Email {
			w.add("email", "problem.email", nil)
		}
	} else if t.Notify {
		w.add("email", "desk.routing.wrong_notify", nil)
	}
	seen := map[support.Channel]bool{}
	for _, way := range t.Channels {
		name := string(way.Channel)
		if !slices.Contains(Channels, way.Channel) || seen[way.Channel] {
			w.add(name+"_on", "desk.routing.wrong_channel", nil)
			continue
		}
		seen[way.Channel] = true
		if _, ok := s.Calendar(way.Calendar); !ok {
			w.add(name+"_calendar", "desk.routing.wrong_calendar", nil)
		}
		for _, l := range way.Langs {
			if !slices.Contains(way.Channel.Langs(), l) {
				w.add(name+"_langs", "desk.routing.wrong_langs", map[string]any{"langs": joinLangs(way.Channel.Langs())})
				break
			}
		}
		if t.ID == DefaultTeam && way.Channel == support.ChannelEmail && len(way.Langs) > 0 && len(ordered(way.Langs)) < len(kb.Langs) {
			w.add("email_langs", "desk.routing.wrong_default_langs", nil)
		}
	}
	if !seen[support.ChannelEmail] {
		w.add("email_calendar", "desk.routing.wrong_email_channel", nil)
	}
	return w
}

// checkCalendar holds what a calendar must be; each wrong part is named as the form has it.
func checkCalendar(c support.Calendar) []problem.Field {
	var w wrongs
	if !goodID.MatchString(string(c.ID)) || c.ID == "new" {
		w.add("id", "desk.routing.wrong_id", nil)
	}
	w.line("name", c.Name, MaxName, false)
	var p *problem.Error
	errors.As(c.Check(), &p)
	if p == nil {
		p = &problem.Error{}
	}
	said := map[string]bool{"name": true}
	for _, f := range p.Fields {
		part, which, _ := strings.Cut(f.Name, ".")
		key, args := "desk.routing.wrong_overlap", map[string]any(nil)
		switch part {
		case "name", "zone":
			key = "desk.routing.wrong_zone"
		case "holidays", "openings":
			key, args = "desk.routing.wrong_date", map[string]any{"text": clip(which, 60)}
			if n, err := strconv.Atoi(which); err == nil && n < len(c.Holidays) {
				args["text"] = clip(string(c.Holidays[n].Date)+" "+c.Holidays[n].Name, 60)
			} else if which == "" {
				key, args = "desk.routing.wrong_many", map[string]any{"max": support.MaxHolidays}
			}
		default: // a day of the week
			part = "weekly"
		}
		if !said[part] {
			w.add(part, key, args)
		}
		said[part] = true
	}
	for day := range c.Weekly {
		if !said["weekly"] && overlapsNext(c.Weekly[day], c.Weekly[(day+1)%7]) {
			w.add("weekly", "desk.routing.wrong_overlap", nil)
			break
		}
	}
	return w
}

// CheckCalendar returns what is wrong with a calendar, as one problem; nil for nothing.
func CheckCalendar(c support.Calendar) error {
	if wrong := checkCalendar(c); len(wrong) > 0 {
		return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: wrong}
	}
	return nil
}

const day = 24 * 60

// overlapsNext reports whether hours of one day run into those of the next.
func overlapsNext(hours, next []support.Interval) bool {
	for _, h := range hours {
		for _, n := range next {
			if h.To-day > n.From {
				return true
			}
		}
	}
	return false
}

func soundDate(d support.Date) bool {
	_, ok := support.ParseDate(string(d))
	return ok
}

var priorities = []support.Priority{support.PriorityUrgent, support.PriorityHigh, support.PriorityNormal, support.PriorityLow}

// Priorities are those of a category, the most pressing first.
func Priorities() []support.Priority { return slices.Clone(priorities) }

func (s *Service) checkCategory(all *State, c support.Category) []problem.Field {
	var w wrongs
	if !goodID.MatchString(string(c.Key)) || c.Key == "new" {
		w.add("key", "desk.routing.wrong_id", nil)
	}
	if _, there := all.Category(c.Key); !there && len(all.Categories) >= maxTeams {
		w.add("key", "desk.routing.wrong_many", map[string]any{"max": maxTeams})
	}
	if c.Position < 0 || c.Position > maxPosition {
		w.add("position", "desk.routing.wrong_number", map[string]any{"max": maxPosition})
	}
	if _, ok := all.Team(c.Team); !ok {
		w.add("team", "desk.routing.wrong_team", nil)
	}
	if !slices.Contains(priorities, c.Priority) {
		w.add("priority", "desk.routing.wrong_priority", nil)
	}
	for name, d := range map[string]time.Duration{"first_answer": c.SLA.FirstAnswer, "resolution": c.SLA.Resolution} {
		if d < 0 || d > maxHours*time.Hour || d%time.Minute != 0 {
			w.add(name, "desk.routing.wrong_hours", map[string]any{"max": maxHours})
		}
	}
	if c.FewObjects < 0 || c.FewObjects > maxObjects {
		w.add("few_objects", "desk.routing.wrong_number", map[string]any{"max": maxObjects})
	}
	if c.Disabled && !slices.ContainsFunc(all.Offered(), func(o support.Category) bool { return o.Key != c.Key }) {
		w.add("disabled", "desk.routing.wrong_last_category", nil)
	}
	checkFields(&w, c.Fields)
	s.checkTexts(&w, c)
	return w
}

func checkFields(w *wrongs, fields []support.CategoryField) {
	if len(fields) > maxFields {
		w.add("field_0_key", "desk.routing.wrong_many", map[string]any{"max": maxFields})
		return
	}
	seen := map[string]bool{}
	for i, f := range fields {
		switch {
		case !goodKey.MatchString(f.Key):
			w.add(fieldName(i, "key"), "desk.routing.wrong_field_key", nil)
		case seen[f.Key]:
			w.add(fieldName(i, "key"), "desk.routing.wrong_field_twice", map[string]any{"key": f.Key})
		case !slices.Contains(FieldTypes, f.Type):
			w.add(fieldName(i, "type"), "desk.routing.wrong_field_type", nil)
		case f.Type == support.FieldChoice && (len(f.Choices) < 2 || !soundChoices(f.Choices)):
			w.add(fieldName(i, "choices"), "desk.routing.wrong_choices", map[string]any{"max": maxChoices})
		}
		seen[f.Key] = true
	}
}

func soundChoices(keys []string) bool {
	seen := map[string]bool{}
	for _, k := range keys {
		if !goodKey.MatchString(k) || seen[k] {
			return false
		}
		seen[k] = true
	}
	return len(keys) <= maxChoices
}

// FieldTypes are the types that a category's field can have.
var FieldTypes = []support.FieldType{support.FieldText, support.FieldDate, support.FieldAmount, support.FieldOrder,
	support.FieldYesNo, support.FieldChoice, support.FieldReference}

// checkTexts wants each text to be short enough, and a label for each thing in some language.
func (s *Service) checkTexts(w *wrongs, c support.Category) {
	said := func(of func(support.CategoryText) string, builtIn string) bool {
		if _, ok := s.texts[kb.English][builtIn]; ok {
			return true
		}
		for _, l := range kb.Langs {
			if of(c.Texts[l]) != "" {
				return true
			}
		}
		return false
	}
	for _, l := range kb.Langs {
		t, name := c.Texts[l], "text_"+string(l)+"_"
		w.line(name+"label", t.Label, MaxName, true)
		if n := utf8.RuneCountInString(t.Hint); n > maxText {
			w.add(name+"hint", "problem.too_long", map[string]any{"max": maxText, "n": n})
		}
		for _, f := range c.Fields {
			w.line(name+"field_"+f.Key, t.Fields[f.Key], MaxName, true)
			for _, k := range f.Choices {
				w.line(name+"choice_"+k, t.Choices[k], MaxName, true)
			}
		}
	}
	first := "text_" + string(kb.English) + "_"
	if !said(func(t support.CategoryText) string { return t.Label }, "category."+string(c.Key)) {
		w.add(first+"label", "desk.routing.wrong_label", nil)
	}
	for _, f := range c.Fields {
		if goodKey.MatchString(f.Key) && !said(func(t support.CategoryText) string { return t.Fields[f.Key] }, "category_field."+f.Key) {
			w.add(first+"field_"+f.Key, "desk.routing.wrong_field_label", map[string]any{"key": f.Key})
		}
		for _, k := range f.Choices {
			if !said(func(t support.CategoryText) string { return t.Choices[k] }, "") {
				w.add(first+"choice_"+k, "desk.routing.wrong_field_label", map[string]any{"key": k})
			}
		}
	}
}

func (s *State) checkAgent(a Agent) []problem.Field {
	var w wrongs
	for _, t := range a.Teams {
		if _, ok := s.Team(t); !ok {
			w.add("teams", "desk.routing.wrong_team", nil)
			break
		}
	}
	for _, l := range a.Langs {
		if !slices.Contains(kb.Langs[:], l) {
			w.add("langs", "desk.routing.wrong_langs", map[string]any{"langs": joinLangs(kb.Langs[:])})
			break
		}
	}
	for _, c := range Channels {
		n, on := a.Capacity[c]
		least := 1
		if c == support.ChannelEmail {
			least = 0
		}
		if on && (n < least || n > MaxCapacity) {
			w.add(string(c)+"_capacity", "desk.routing.wrong_capacity", map[string]any{"min": least, "max": MaxCapacity})
		}
		if on && c != support.ChannelEmail && len(a.Langs) == 0 {
			w.add("langs", "desk.routing.wrong_agent_langs", nil)
			break
		}
	}
	for c := range a.Capacity {
		if !slices.Contains(Channels, c) {
			w.add("email_on", "desk.routing.wrong_channel", nil)
			break
		}
	}
	return w
}

func joinLangs(ls []kb.Lang) string {
	words := make([]string, len(ls))
	for i, l := range ls {
		words[i] = string(l)
	}
	return strings.Join(words, " ")
}

// ordered are the languages of ls, each once, in the product's order.
func ordered(ls []kb.Lang) (out []kb.Lang) {
	for _, l := range kb.Langs {
		if slices.Contains(ls, l) {
			out = append(out, l)
		}
	}
	return out
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
