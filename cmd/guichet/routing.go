package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/internal/app"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// beside opens the database for a command about teams, calendars, categories or agents, and says what
// is wrong with what was given.
func (e *env) beside(do func(d *app.Commands, all routing.State) error) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	all, err := d.Routing.All(e.ctx, app.Operator)
	if err != nil {
		return err
	}
	return d.Explain(do(d, all))
}

// table prints rows with tabs between their cells.
func table(rows [][]string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}

// saved says what was saved, as its form.
func (e *env) saved(what, key string, f routing.Form) error {
	return e.print(f, func() { fmt.Printf("%s %s is saved\n", what, key) })
}

// put sets a field where a flag was given.
func put(f routing.Form, name string, given *string) {
	if given != nil {
		f[name] = *given
	}
}

func putBool(f routing.Form, name string, given *bool) {
	if given != nil {
		f[name] = map[bool]string{true: "1"}[*given]
	}
}

// codes writes "fr,en" as a form has it; "all" is none.
func codes(s string) string {
	if s == "all" {
		return ""
	}
	return strings.ReplaceAll(s, ",", " ")
}

type teamCmd struct {
	List teamList `cmd:"" help:"List teams."`
	Set  teamSet  `cmd:"" help:"Make a team, or change what is given of one."`
}

type teamList struct{}

func (teamList) Run(e *env) error {
	return e.beside(func(_ *app.Commands, all routing.State) error {
		forms, rows := []routing.Form{}, [][]string{}
		for _, t := range all.Teams {
			forms = append(forms, routing.TeamForm(t.Value))
			var ways []string
			for _, w := range t.Value.Channels {
				ways = append(ways, fmt.Sprintf("%s=%s:%s", w.Channel, w.Calendar, langList(w.Langs)))
			}
			rows = append(rows, []string{string(t.Value.ID), t.Value.Name, t.Value.Email, strings.Join(ways, " ")})
		}
		return e.print(forms, func() { table(rows) })
	})
}

func langList(ls []kb.Lang) string {
	if len(ls) == 0 {
		return "all"
	}
	var out []string
	for _, l := range ls {
		out = append(out, string(l))
	}
	return strings.Join(out, ",")
}

type teamSet struct {
	ID      string   `arg:"" help:"Short key, such as orders."`
	Name    *string  `help:"Name."`
	Email   *string  `help:"Where new tickets are announced; empty for nowhere."`
	Notify  *bool    `negatable:"" help:"Announce new tickets."`
	Channel []string `sep:"none" placeholder:"CHANNEL=CALENDAR:LANGS" help:"email, chat or callback with its calendar and languages, such as chat=default:fr,en; repeat it for several."`
	Without []string `help:"Channels that the team no longer has."`
}

func (c *teamSet) Run(e *env) error {
	return e.beside(func(d *app.Commands, all routing.State) error {
		was, _ := all.Team(support.TeamID(c.ID))
		f := routing.TeamForm(was.Value)
		f["id"] = c.ID
		if was.Version == 0 {
			f["email_calendar"] = "default"
		}
		put(f, "name", c.Name)
		put(f, "email", c.Email)
		putBool(f, "notify", c.Notify)
		for _, given := range c.Channel {
			name, rest, _ := strings.Cut(given, "=")
			calendar, langs, _ := strings.Cut(rest, ":")
			if _, ok := f[name+"_calendar"]; !ok || calendar == "" {
				return fmt.Errorf("--channel %s: want email, chat or callback with a calendar and languages, such as chat=default:fr,en", given)
			}
			f[name+"_on"], f[name+"_calendar"], f[name+"_langs"] = "1", calendar, codes(langs)
		}
		for _, name := range c.Without {
			if _, ok := f[name+"_calendar"]; !ok || name == string(support.ChannelEmail) {
				return fmt.Errorf("--without %s: chat and callback can be taken away", name)
			}
			f[name+"_on"] = ""
		}
		t, err := routing.ReadTeam(f)
		if err == nil {
			err = d.Routing.SaveTeam(e.ctx, app.Operator, t, was.Version)
		}
		if err != nil {
			return err
		}
		return e.saved("team", c.ID, routing.TeamForm(t))
	})
}

type calendarCmd struct {
	List   calendarList   `cmd:"" help:"List calendars."`
	Set    calendarSet    `cmd:"" help:"Make a calendar, or change what is given of one."`
	Import calendarImport `cmd:"" help:"Add the whole days of an iCalendar file to a calendar's holidays."`
}

type calendarList struct{}

func (calendarList) Run(e *env) error {
	return e.beside(func(_ *app.Commands, all routing.State) error {
		forms, rows := []routing.Form{}, [][]string{}
		for _, c := range all.Calendars {
			f := routing.CalendarForm(c.Value, kb.English)
			forms = append(forms, f)
			rows = append(rows, []string{f["id"], f["name"], f["zone"], fmt.Sprintf("%d holidays", len(c.Value.Holidays))})
			for _, line := range strings.Split(f["weekly"], "\n") {
				rows = append(rows, []string{"", line})
			}
		}
		return e.print(forms, func() { table(rows) })
	})
}

type calendarSet struct {
	ID      string   `arg:"" help:"Short key, such as default."`
	Name    *string  `help:"Name."`
	Zone    *string  `name:"time-zone" help:"IANA time zone, such as Europe/Paris."`
	Weekly  []string `sep:"none" placeholder:"HOURS" help:"Hours of a day or several, such as \"Mon-Fri 09:00-12:00, 14:00-18:00\"; repeat it for the whole week. Days that are not named are closed."`
	Holiday []string `sep:"none" placeholder:"DAY" help:"A closed day, such as \"2026-12-25 Christmas\"; repeat it for all of them."`
	Opening []string `sep:"none" placeholder:"DAY" help:"Exceptional hours, such as \"2026-12-24 09:00-12:00 Christmas Eve\"; repeat it for all of them."`
}

func (c *calendarSet) Run(e *env) error {
	return e.beside(func(d *app.Commands, all routing.State) error {
		was, _ := all.Calendar(support.CalendarID(c.ID))
		f := routing.CalendarForm(was.Value, kb.English)
		f["id"] = c.ID
		put(f, "name", c.Name)
		put(f, "zone", c.Zone)
		for name, given := range map[string][]string{"weekly": c.Weekly, "holidays": c.Holiday, "openings": c.Opening} {
			if len(given) > 0 {
				f[name] = strings.Join(given, "\n")
			}
		}
		return e.saveCalendar(d, f, was.Version)
	})
}

func (e *env) saveCalendar(d *app.Commands, f routing.Form, version int64) error {
	c, err := routing.ReadCalendar(f)
	if err == nil {
		err = d.Routing.SaveCalendar(e.ctx, app.Operator, c, version)
	}
	if err != nil {
		return err
	}
	return e.saved("calendar", f["id"], routing.CalendarForm(c, kb.English))
}

type calendarImport struct {
	File     string `arg:"" type:"existingfile" help:"An iCalendar file (.ics)."`
	Calendar string `default:"default" help:"The calendar that gets the days."`
}

func (c *calendarImport) Run(e *env) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return e.beside(func(d *app.Commands, all routing.State) error {
		was, ok := all.Calendar(support.CalendarID(c.Calendar))
		if !ok {
			return fmt.Errorf("there is no calendar %s; guichet calendar list shows those that there are", c.Calendar)
		}
		days, err := routing.ImportHolidays(file, time.Now())
		if err != nil {
			return err
		}
		return e.saveCalendar(d, routing.WithHolidays(routing.CalendarForm(was.Value, kb.English), days), was.Version)
	})
}

type categoryCmd struct {
	List categoryList `cmd:"" help:"List categories in the order of the form."`
	Set  categorySet  `cmd:"" help:"Make a category, or change what is given of one."`
}

type categoryList struct{}

func (categoryList) Run(e *env) error {
	return e.beside(func(d *app.Commands, all routing.State) error {
		forms, rows := []routing.Form{}, [][]string{}
		for _, v := range all.Categories {
			c := v.Value
			forms = append(forms, routing.CategoryForm(c))
			var fields []string
			for _, f := range c.Fields {
				fields = append(fields, f.Key)
			}
			state := ""
			if c.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{strconv.Itoa(c.Position), string(c.Key), d.Routing.Text(c, kb.English).Label, string(c.Team), string(c.Priority),
				strings.Join(fields, ","), state})
		}
		return e.print(forms, func() { table(rows) })
	})
}

type categorySet struct {
	Key          string   `arg:"" help:"Short key, such as refund."`
	Position     *string  `help:"Place in the list."`
	Team         *string  `help:"The team that it goes to."`
	Priority     *string  `help:"urgent, high, normal or low."`
	FirstAnswer  *string  `placeholder:"HOURS" help:"Business hours until the first answer; 0 promises nothing."`
	Resolution   *string  `placeholder:"HOURS" help:"Business hours until the resolution; 0 promises nothing."`
	FewObjects   *string  `placeholder:"N" help:"Callbacks are offered up to so many objects; 0 for any number."`
	ContactFirst *bool    `negatable:"" help:"Ask the member to write to the other party of the order first."`
	Disabled     *bool    `negatable:"" help:"No longer offer it."`
	Field        []string `sep:"none" placeholder:"KEY:TYPE" help:"What is asked for, such as amount:amount:required or kind:choice:card,box; repeat it for all of them."`
	NoFields     bool     `help:"Ask for nothing more."`
	Text         []string `sep:"none" placeholder:"LANG.WHAT=TEXT" help:"A text, such as fr.label=Remboursement, fr.hint=… or fr.field.amount=Montant; repeat it for several. Empty takes the built-in one."`
}

func (c *categorySet) Run(e *env) error {
	return e.beside(func(d *app.Commands, all routing.State) error {
		was, _ := all.Category(support.CategoryKey(c.Key))
		f := routing.CategoryForm(was.Value)
		f["key"] = c.Key
		if was.Version == 0 {
			f["team"], f["priority"], f["position"] = string(routing.DefaultTeam), string(support.PriorityNormal), strconv.Itoa(len(all.Categories)+1)
		}
		for name, given := range map[string]*string{"position": c.Position, "team": c.Team, "priority": c.Priority, "first_answer": c.FirstAnswer,
			"resolution": c.Resolution, "few_objects": c.FewObjects} {
			put(f, name, given)
		}
		putBool(f, "contact_first", c.ContactFirst)
		putBool(f, "disabled", c.Disabled)
		if len(c.Field) > 0 || c.NoFields {
			for name := range f {
				if strings.HasPrefix(name, "field_") {
					delete(f, name)
				}
			}
		}
		for i, given := range c.Field {
			parts := strings.Split(given, ":")
			name := fmt.Sprintf("field_%d_", i)
			f[name+"key"] = parts[0]
			for n, part := range parts[1:] {
				switch {
				case n == 0:
					f[name+"type"] = part
				case part == "required":
					f[name+"required"] = "1"
				default:
					f[name+"choices"] = codes(part)
				}
			}
		}
		for _, given := range c.Text {
			what, text, ok := strings.Cut(given, "=")
			lang, what, dotted := strings.Cut(what, ".")
			if _, err := kb.ParseLang(lang); err != nil || !ok || !dotted {
				return fmt.Errorf("--text %s: want a language and what it says, such as fr.label=Remboursement", given)
			}
			f["text_"+lang+"_"+strings.Replace(what, ".", "_", 1)] = text
		}
		category, err := routing.ReadCategory(f)
		if err == nil {
			err = d.Routing.SaveCategory(e.ctx, app.Operator, category, was.Version)
		}
		if err != nil {
			return err
		}
		return e.saved("category", c.Key, routing.CategoryForm(category))
	})
}

type agentList struct{}

func (agentList) Run(e *env) error {
	return e.beside(func(_ *app.Commands, all routing.State) error {
		forms, rows := []routing.Form{}, [][]string{}
		for _, v := range all.Agents {
			a, f := v.Value, routing.AgentForm(v.Value)
			f["email"], f["name"], f["role"] = a.Email, a.Name, string(a.Role)
			forms = append(forms, f)
			state := ""
			if a.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{a.Email, string(a.Role), a.Name, f["langs"], strings.Join(ways(f), " "), f["teams"], state})
		}
		return e.print(forms, func() { table(rows) })
	})
}

// ways are an agent's channels with their capacity, as agent set takes them.
func ways(f routing.Form) (out []string) {
	for _, c := range routing.Channels {
		name := string(c)
		if f[name+"_on"] == "" {
			continue
		}
		if n := f[name+"_capacity"]; n != "" {
			name += "=" + n
		}
		out = append(out, name)
	}
	return out
}

type agentSet struct {
	Email    string    `arg:"" help:"Their e-mail address."`
	Langs    *string   `placeholder:"fr,en" help:"Languages that they speak."`
	Channel  *[]string `placeholder:"CHANNEL=N" help:"Channels that they take, with how many at once, such as email,chat=3,callback=1."`
	Teams    *string   `placeholder:"TEAM,…" help:"Teams that they work in, or all."`
	Disabled *bool     `negatable:"" help:"Whether they may no longer sign in."`
}

func (c *agentSet) Run(e *env) error {
	return e.beside(func(d *app.Commands, all routing.State) error {
		var was routing.Saved[routing.Agent]
		for _, a := range all.Agents {
			if a.Value.Email == strings.ToLower(strings.TrimSpace(c.Email)) {
				was = a
			}
		}
		if was.Value.ID == "" {
			return fmt.Errorf("nobody here has the address %s; guichet agent add %s adds them", c.Email, c.Email)
		}
		f := routing.AgentForm(was.Value)
		if c.Langs != nil {
			f["langs"] = codes(*c.Langs)
		}
		if c.Teams != nil {
			f["teams"] = codes(*c.Teams)
		}
		putBool(f, "disabled", c.Disabled)
		if c.Channel != nil {
			for _, w := range routing.Channels {
				f[string(w)+"_on"], f[string(w)+"_capacity"] = "", ""
			}
			for _, given := range *c.Channel {
				name, n, _ := strings.Cut(given, "=")
				if _, ok := f[name+"_on"]; !ok {
					return fmt.Errorf("--channel %s: want email, chat or callback, with how many at once, such as chat=3", given)
				}
				f[name+"_on"], f[name+"_capacity"] = "1", n
			}
		}
		a, err := routing.ReadAgent(f, was.Value)
		if err == nil {
			err = d.Routing.SaveAgent(e.ctx, app.Operator, a, was.Version)
		}
		if err != nil {
			return err
		}
		return e.saved("agent", a.Email, routing.AgentForm(a))
	})
}
