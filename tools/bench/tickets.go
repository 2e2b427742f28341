package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/locale"
	"guichet/internal/postgres"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/web"
)

// The lines over tickets.
const (
	lineChoice   = "channel choice"
	lineRouting  = "routing"
	lineMine     = "member's list"
	lineFiltered = "member's list by status"
	lineFound    = "member's search"
	lineUnread   = "member's unread count"
	lineDeskOpen = "desk list, open"
	lineDeskMine = "desk list, mine"
	lineExisting = "member's open requests"
	lineHandoff  = "handoff"
	busy         = ", busy" // of the member who has a fiftieth of all
)

// counter is a desk with its routing and its crowd, and everything that is measured there.
type counter struct {
	*crowd
	db      *postgres.DB
	routing *routing.Service
	desk    *desk.Service
	handoff *handoff.Service
	guard   *handoff.Guard
}

// measureTickets takes all lines over n tickets.
func (s setup) measureTickets(ctx context.Context, n int) (size Size, err error) {
	h, err := s.database(ctx, fmt.Sprintf("bench_tickets_%d", n))
	defer func() {
		if cerr := h.close(); err == nil {
			err = cerr
		}
	}()
	if err != nil {
		return size, err
	}
	c, err := openCounter(ctx, h, n)
	if err != nil {
		return size, err
	}
	say("writing %d tickets", n)
	if err := h.copyTickets(ctx, c.crowd, n); err != nil {
		return size, err
	}
	size = Size{Tickets: n, Entries: c.entries, Members: len(c.members) + 1, Times: 1000}
	if *quick {
		size.Times = 100
	}
	if _, err := h.db.Pool().Exec(ctx, "CHECKPOINT"); err != nil { // not in the middle of the measuring
		return size, err
	}
	say("measuring over %d tickets", n)
	if err := profiled(func() error { return c.measure(ctx, &size) }); err != nil {
		return size, err
	}
	var bytes float64
	if err := h.db.Pool().QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&bytes); err != nil {
		return size, err
	}
	size.Amounts = append(size.Amounts, Amount{"database", bytes / (1 << 20), "MiB"})
	return size, nil
}

// openCounter opens the services that guichet serves with, on an empty database.
func openCounter(ctx context.Context, h *house, n int) (*counter, error) {
	words, err := locale.Load(web.FS)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	c := &counter{db: h.db, routing: routing.New(routing.Config{Store: h.db, Words: words, Log: log})}
	c.desk = desk.New(desk.Config{Store: h.db, Routing: c.routing, Log: log})
	c.handoff = handoff.New(handoff.Config{Store: h.db, Routing: c.routing, MailDomain: "example.com", SiteBudget: 1 << 20, Log: log})
	c.guard = handoff.NewGuard(handoff.GuardConfig{Store: h.db, Log: log})
	if c.crowd, err = newCrowd(n); err != nil {
		return nil, err
	}
	return c, c.furnish(ctx)
}

// task is one thing that is done again and again; i tells the times apart.
type task struct {
	name string
	do   func(ctx context.Context, i int) error
}

// repeat does every task so many times, in turn, as race does: whatever else the machine does falls on
// all of them alike. A tenth as many times before warm up and are not counted.
func repeat(ctx context.Context, times int, all []task) (samples, error) {
	if *only != "" {
		names := strings.Split(*only, ",")
		all = slices.DeleteFunc(slices.Clone(all), func(t task) bool { return !slices.Contains(names, t.name) })
	}
	s := samples{}
	for i := -max(times/10, 10); i < times; i++ {
		for k := range all {
			t := all[(max(i, 0)+k)%len(all)]
			start := time.Now()
			if err := t.do(ctx, max(i, 0)); err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if i >= 0 {
				s.since(t.name, start)
			}
		}
	}
	return s, nil
}

func (c *counter) measure(ctx context.Context, size *Size) error {
	usual := func(i int) *person { return c.members[i%len(c.members)] }
	always := func(int) *person { return c.busy }
	all := []task{
		{lineChoice, c.choose},
		{lineRouting, c.route},
		{lineMine, c.list(usual, desk.SpaceFilter{})},
		{lineMine + busy, c.list(always, desk.SpaceFilter{})},
		{lineFiltered, c.byStatus(usual)},
		{lineFiltered + busy, c.byStatus(always)},
		{lineFound, c.search(usual)},
		{lineFound + busy, c.search(always)},
		{lineUnread, c.unread(usual)},
		{lineUnread + busy, c.unread(always)},
		{lineDeskOpen, c.tickets("open")},
		{lineDeskMine, c.tickets("mine")},
		{lineExisting, func(ctx context.Context, i int) error {
			_, err := c.guard.Existing(ctx, handoff.HolderOf(&usual(i).Member))
			return err
		}},
		{lineExisting + busy, func(ctx context.Context, i int) error {
			_, err := c.guard.Existing(ctx, handoff.HolderOf(&c.busy.Member))
			return err
		}},
	}
	got, err := repeat(ctx, size.Times, all)
	if err != nil {
		return err
	}
	// By themselves: they write, and wait for the disk.
	wrote, err := repeat(ctx, size.Times, []task{{lineHandoff, c.start}})
	if err != nil {
		return err
	}
	for _, t := range all {
		l := got.line(t.name, "")
		switch t.name {
		case lineChoice:
			l = l.want("p95 < 1 ms", l.P95 < 1)
		case lineDeskOpen, lineDeskMine:
			l = l.want("p95 < 20 ms", l.P95 < 20)
		case lineExisting, lineExisting + busy:
		default:
			l = l.want("p95 < 5 ms", l.P95 < 5)
		}
		if l.Name != "" {
			size.Lines = append(size.Lines, l)
		}
	}
	if l := wrote.line(lineHandoff, ""); l.Name != "" {
		size.Lines = append(size.Lines, l)
	}
	return nil
}

// staffed is a house where somebody chats and calls can be booked, at different times busier than at
// others: without it the choice would end early.
type staffed struct{ i int }

func (s staffed) Chats(context.Context, support.Team, kb.Lang) (handoff.Queue, error) {
	return handoff.Queue{Agents: 3, Free: s.i % 3, Waiting: s.i % 5, WaitP50: 4 * time.Minute, WaitP80: 9 * time.Minute}, nil
}

func (s staffed) NextSlot(_ context.Context, _ support.Team, _ kb.Lang, after time.Time) (time.Time, error) {
	return after.Add(time.Duration(s.i%48) * time.Hour), nil
}

// want is what somebody might ask about, at some moment of a year, in the night and on holidays too.
func (c *counter) want(i int) handoff.Want {
	w := handoff.Want{Now: c.now.Add(time.Duration(i) * 523 * time.Minute), Lang: kb.Langs[i%len(kb.Langs)], Objects: i % 8}
	if i%10 > 0 { // else none is chosen yet
		w.Category = support.CategoryKey(support.Categories[i%len(support.Categories)])
	}
	return w.From(&c.members[i%len(c.members)].Member)
}

// choose is the choice of a channel: the facts of the moment, and what follows from them.
func (c *counter) choose(ctx context.Context, i int) error {
	situation, _, err := handoff.Situate(ctx, c.routing, staffed{i}, staffed{i}, c.want(i))
	if err != nil {
		return err
	}
	if options := handoff.Choose(situation); len(options) != 3 || !options[0].Recommended {
		return fmt.Errorf("%d ways to a person", len(options))
	}
	return nil
}

// request is one that a member makes of their own, with the fields of its category.
func (c *counter) request(i int) handoff.Request {
	m := &c.members[i%len(c.members)].Member
	r := handoff.Request{ClientID: string(support.NewSecretID[support.TicketID]()), Channel: support.ChannelEmail, Lang: m.Lang,
		Category: support.Categories[i%len(support.Categories)], Email: m.Email, Text: c.text(m.Lang, 4), Actor: support.Actor{Member: m}}
	category, _ := c.routing.Find(support.CategoryKey(r.Category))
	r.Fields = map[string]string{}
	for _, f := range category.Fields {
		r.Fields[f.Key] = map[support.FieldType]string{support.FieldDate: c.now.AddDate(0, 0, -3).Format(time.DateOnly),
			support.FieldAmount: "49.90 EUR", support.FieldOrder: "10482", support.FieldYesNo: "yes"}[f.Type]
		if r.Fields[f.Key] == "" {
			r.Fields[f.Key] = "since Monday"
		}
	}
	return r
}

// route is what a handoff decides by: the request is checked against its category, the team found, and
// its clocks started in the team's hours.
func (c *counter) route(_ context.Context, i int) error {
	r, err := c.handoff.Check(c.request(i))
	if err != nil {
		return err
	}
	team, category, err := c.routing.Route(support.CategoryKey(r.Category), r.Lang)
	if err != nil {
		return err
	}
	hours := c.routing.Hours(team.ID, support.ChannelEmail)
	k := support.SLAClock{}.Started(c.want(i).Now, category.SLA, hours)
	if k = k.Changed(k.StartedAt, support.StatusNew, hours); k.FirstDue.IsZero() {
		return fmt.Errorf("nothing is promised")
	}
	return nil
}

// start is a whole handoff, as a member's press makes it: one transaction, on disk.
func (c *counter) start(ctx context.Context, i int) error {
	out, err := c.handoff.Start(ctx, c.request(i))
	if err == nil && (!out.New || out.Ticket.Held()) {
		err = fmt.Errorf("the ticket is held, or was there before")
	}
	return err
}

func (c *counter) list(who func(int) *person, f desk.SpaceFilter) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		p := who(i)
		space, err := c.desk.Space(&p.Member)
		if err != nil {
			return err
		}
		items, _, err := space.List(ctx, f)
		if err == nil && f == (desk.SpaceFilter{}) && len(items) < min(len(p.refs), desk.SpacePage) {
			err = fmt.Errorf("%d of %d are listed", len(items), len(p.refs))
		}
		return err
	}
}

func (c *counter) byStatus(who func(int) *person) func(context.Context, int) error {
	words := append([]string{"open"}, support.PublicStatuses...)
	return func(ctx context.Context, i int) error {
		return c.list(who, desk.SpaceFilter{Status: words[i%len(words)]})(ctx, i)
	}
}

// search looks for, in turn, what is nowhere, a reference, how a request of theirs begins, and a word
// of it that others have too.
func (c *counter) search(who func(int) *person) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		p, q := who(i), "zyxword"
		switch said := []rune(p.words[i%len(p.words)]); i % 4 {
		case 1:
			q = strings.ToLower(p.refs[i%len(p.refs)])
		case 2:
			q = string(said[:min(len(said), 25)])
		case 3:
			q = slices.MaxFunc(strings.Fields(string(said)), func(a, b string) int { return len(a) - len(b) })
		}
		return c.list(who, desk.SpaceFilter{Query: q})(ctx, i)
	}
}

func (c *counter) unread(who func(int) *person) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		space, err := c.desk.Space(&who(i).Member)
		if err == nil {
			_, err = space.Unread(ctx)
		}
		return err
	}
}

// tickets is the first page of a view with the counts of all of them: every fourth time an admin's, who
// sees all teams, else an agent's of one or two.
func (c *counter) tickets(view string) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		agent := c.agents[0]
		if i%4 > 0 {
			agent = c.agents[1+i%(len(c.agents)-1)]
		}
		ts, _, err := c.desk.Tickets(ctx, support.Actor{Agent: &agent}, desk.Filter{View: view})
		if err == nil && len(ts) == 0 && *tickets >= 10_000 {
			err = fmt.Errorf("%s has nothing to do", agent.Email)
		}
		return err
	}
}
