package routing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Form is a team, calendar, category or agent as it stands on a page or in a command: text by the name
// of the field. A box that is ticked is "1". Errors name fields so.
type Form map[string]string

// Merge puts what was typed on top of what is saved now; base is what the page had shown. theirs is
// what is saved now, by field, where both changed the same.
func Merge(mine, base, now Form) (merged, theirs Form) {
	merged, theirs = Form{}, Form{}
	for name := range now {
		if _, typed := mine[name]; !typed {
			merged[name] = now[name]
		}
	}
	for name, text := range mine {
		switch is, was := now[name], base[name]; {
		case text == was:
			merged[name] = is
		case is != was && is != text:
			merged[name], theirs[name] = text, is
		default:
			merged[name] = text
		}
	}
	return merged, theirs
}

func invalid(w wrongs) error {
	if len(w) == 0 {
		return nil
	}
	return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: w}
}

func tick(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// reader reads the fields of a form.
type reader struct {
	f Form
	w wrongs
}

func (r *reader) line(name string) string { return strings.Join(strings.Fields(r.f[name]), " ") }

func (r *reader) number(name string, max int) int {
	s := r.line(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > max {
		r.w.add(name, "desk.routing.wrong_number", map[string]any{"max": max})
		return 0
	}
	return n
}

func (r *reader) hours(name string) time.Duration {
	s := strings.ReplaceAll(r.line(name), ",", ".")
	if s == "" {
		return 0
	}
	h, err := strconv.ParseFloat(s, 64)
	if err != nil || !(h >= 0 && h <= maxHours) {
		r.w.add(name, "desk.routing.wrong_hours", map[string]any{"max": maxHours})
		return 0
	}
	return (time.Duration(h*60+0.5) * time.Minute)
}

func writeHoursOf(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(d.Hours(), 'f', -1, 64)
}

func (r *reader) langs(name string) (out []kb.Lang) {
	for _, word := range strings.FieldsFunc(r.f[name], func(c rune) bool { return c == ' ' || c == ',' || c == '\n' || c == '\r' }) {
		l, err := kb.ParseLang(word)
		if err != nil {
			r.w.add(name, "desk.routing.wrong_langs", map[string]any{"langs": joinLangs(kb.Langs[:])})
			return nil
		}
		out = append(out, l)
	}
	return ordered(out)
}

// TeamForm is a team as a form shows it: id, name, email, notify, and for each channel <channel>_on,
// _calendar and _langs (codes; none means all).
func TeamForm(t support.Team) Form {
	f := Form{"id": string(t.ID), "name": t.Name, "email": t.Email, "notify": tick(t.Notify)}
	for _, c := range Channels {
		f[string(c)+"_on"], f[string(c)+"_calendar"], f[string(c)+"_langs"] = "", "", ""
	}
	for _, way := range t.Channels {
		name := string(way.Channel)
		f[name+"_on"], f[name+"_calendar"], f[name+"_langs"] = "1", string(way.Calendar), joinLangs(way.Langs)
	}
	return f
}

// ReadTeam reads a TeamForm. E-mail is on, whatever the form says. Errors: Invalid with every field
// that cannot be read; what can is in the team.
func ReadTeam(f Form) (support.Team, error) {
	r := reader{f: f}
	t := support.Team{ID: support.TeamID(r.line("id")), Name: r.line("name"), Email: strings.TrimSpace(f["email"]), Notify: f["notify"] != ""}
	if clean, err := support.CheckEmail(t.Email); err == nil {
		t.Email = clean
	}
	for _, c := range Channels {
		name := string(c)
		if c != support.ChannelEmail && f[name+"_on"] == "" {
			continue
		}
		way := support.TeamChannel{Channel: c, Calendar: support.CalendarID(r.line(name + "_calendar")), Langs: r.langs(name + "_langs")}
		if len(way.Langs) == len(c.Langs()) {
			way.Langs = nil // all of them
		}
		t.Channels = append(t.Channels, way)
	}
	return t, invalid(r.w)
}

// CalendarForm is a calendar as a form shows it, in French or English: id, name, zone, and as lines of
// text weekly ("lundi 09:00-12:00, 14:00-18:00"), holidays ("2026-12-25 Noël") and openings
// ("2026-12-24 09:00-12:00 Réveillon").
func CalendarForm(c support.Calendar, l kb.Lang) Form {
	return Form{"id": string(c.ID), "name": c.Name, "zone": c.Zone, "weekly": writeWeekly(c.Weekly, l),
		"holidays": writeHolidays(c.Holidays), "openings": writeOpenings(c.Openings, l)}
}

// ReadCalendar reads a CalendarForm, days and words in either language; see ReadTeam.
func ReadCalendar(f Form) (support.Calendar, error) {
	r := reader{f: f}
	c := support.Calendar{ID: support.CalendarID(r.line("id")), Name: r.line("name"), Zone: r.line("zone")}
	c.Weekly = readWeekly(&r.w, "weekly", f["weekly"])
	c.Holidays = readHolidays(&r.w, "holidays", f["holidays"])
	c.Openings = readOpenings(&r.w, "openings", f["openings"])
	return c, invalid(r.w)
}

// WithHolidays adds days to the holidays of a form, as lines; a date that is there stays as it is.
func WithHolidays(f Form, days []support.Day) Form {
	out := Form{}
	for name, text := range f {
		out[name] = text
	}
	typed := strings.TrimRight(f["holidays"], "\r\n ")
	for _, d := range days {
		if !strings.Contains("\n"+typed, "\n"+string(d.Date)) {
			typed = strings.TrimLeft(typed+"\n"+strings.TrimSpace(string(d.Date)+" "+strings.Join(strings.Fields(clip(d.Name, MaxName-1)), " ")), "\n")
		}
	}
	out["holidays"] = typed
	return out
}

func fieldName(i int, part string) string { return fmt.Sprintf("field_%d_%s", i, part) }

// CategoryForm is a category as a form shows it: key, position, team, priority, first_answer and
// resolution (hours), contact_first, few_objects, disabled; for each field field_<n>_key, _type,
// _required and _choices (keys); for each language text_<lang>_label, _hint, _field_<key> and
// _choice_<key>.
func CategoryForm(c support.Category) Form {
	f := Form{"key": string(c.Key), "position": strconv.Itoa(c.Position), "team": string(c.Team), "priority": string(c.Priority),
		"first_answer": writeHoursOf(c.SLA.FirstAnswer), "resolution": writeHoursOf(c.SLA.Resolution),
		"contact_first": tick(c.ContactFirst), "few_objects": "", "disabled": tick(c.Disabled)}
	if c.FewObjects > 0 {
		f["few_objects"] = strconv.Itoa(c.FewObjects)
	}
	for i, x := range c.Fields {
		f[fieldName(i, "key")], f[fieldName(i, "type")] = x.Key, string(x.Type)
		f[fieldName(i, "required")], f[fieldName(i, "choices")] = tick(x.Required), strings.Join(x.Choices, " ")
	}
	for _, l := range kb.Langs {
		t, name := c.Texts[l], "text_"+string(l)+"_"
		f[name+"label"], f[name+"hint"] = t.Label, t.Hint
		for _, x := range c.Fields {
			f[name+"field_"+x.Key] = t.Fields[x.Key]
			for _, k := range x.Choices {
				f[name+"choice_"+k] = t.Choices[k]
			}
		}
	}
	return f
}

// ReadCategory reads a CategoryForm; a field without a key is none. See ReadTeam.
func ReadCategory(f Form) (support.Category, error) {
	r := reader{f: f}
	c := support.Category{Key: support.CategoryKey(r.line("key")), Position: r.number("position", maxPosition), Team: support.TeamID(r.line("team")),
		Priority: support.Priority(r.line("priority")), SLA: support.SLAPolicy{FirstAnswer: r.hours("first_answer"), Resolution: r.hours("resolution")},
		ContactFirst: f["contact_first"] != "", FewObjects: r.number("few_objects", maxObjects), Disabled: f["disabled"] != ""}
	for i := range maxFields + 1 { // one more than may be there, to be refused
		key := r.line(fieldName(i, "key"))
		if key == "" {
			continue
		}
		x := support.CategoryField{Key: key, Type: support.FieldType(f[fieldName(i, "type")]), Required: f[fieldName(i, "required")] != ""}
		if x.Type == support.FieldChoice {
			x.Choices = strings.FieldsFunc(f[fieldName(i, "choices")], func(c rune) bool { return c == ' ' || c == ',' || c == '\n' || c == '\r' })
		}
		c.Fields = append(c.Fields, x)
	}
	for _, l := range kb.Langs {
		name := "text_" + string(l) + "_"
		t := support.CategoryText{Label: r.line(name + "label"), Hint: r.line(name + "hint")}
		for _, x := range c.Fields {
			set(&t.Fields, x.Key, r.line(name+"field_"+x.Key))
			for _, k := range x.Choices {
				set(&t.Choices, k, r.line(name+"choice_"+k))
			}
		}
		if t.Label+t.Hint != "" || t.Fields != nil || t.Choices != nil {
			if c.Texts == nil {
				c.Texts = map[kb.Lang]support.CategoryText{}
			}
			c.Texts[l] = t
		}
	}
	return c, invalid(r.w)
}

func set(m *map[string]string, key, text string) {
	if text == "" {
		return
	}
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = text
}

// AgentForm is what an agent takes on as a form shows it: langs (codes), teams (ids; none means all),
// disabled, and for each channel <channel>_on and _capacity.
func AgentForm(a Agent) Form {
	teams := make([]string, len(a.Teams))
	for i, t := range a.Teams {
		teams[i] = string(t)
	}
	f := Form{"langs": joinLangs(a.Langs), "teams": strings.Join(teams, " "), "disabled": tick(a.Disabled)}
	for _, c := range Channels {
		n, on := a.Capacity[c]
		on = on || a.Capacity == nil && c == support.ChannelEmail
		f[string(c)+"_on"], f[string(c)+"_capacity"] = tick(on), ""
		if n > 0 {
			f[string(c)+"_capacity"] = strconv.Itoa(n)
		}
	}
	return f
}

// ReadAgent reads an AgentForm into the skills of a, and whether a is disabled; see ReadTeam.
func ReadAgent(f Form, a Agent) (Agent, error) {
	r := reader{f: f}
	a.Disabled, a.Langs, a.Teams, a.Capacity = f["disabled"] != "", r.langs("langs"), nil, map[support.Channel]int{}
	for _, t := range strings.FieldsFunc(f["teams"], func(c rune) bool { return c == ' ' || c == ',' }) {
		if !slices.Contains(a.Teams, support.TeamID(t)) {
			a.Teams = append(a.Teams, support.TeamID(t))
		}
	}
	for _, c := range Channels {
		if f[string(c)+"_on"] != "" {
			a.Capacity[c] = r.number(string(c)+"_capacity", MaxCapacity)
		}
	}
	return a, invalid(r.w)
}

// Compact numbers the fields of a CategoryForm anew, without those that have no key: as ReadCategory
// counts them.
func Compact(f Form) Form {
	out, n := Form{}, 0
	for name, text := range f {
		if !strings.HasPrefix(name, "field_") {
			out[name] = text
		}
	}
	for i := range maxFields + 1 {
		if strings.TrimSpace(f[fieldName(i, "key")]) == "" {
			continue
		}
		for _, part := range []string{"key", "type", "required", "choices"} {
			out[fieldName(n, part)] = f[fieldName(i, part)]
		}
		n++
	}
	return out
}
