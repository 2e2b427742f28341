package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

func readRouting(t *testing.T, db *postgres.DB) routing.State {
	t.Helper()
	s, err := db.Routing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRoutingSeeds: a fresh database has a team, a calendar and the categories of before, in their order.
func TestRoutingSeeds(t *testing.T) {
	t.Parallel()
	s := readRouting(t, pgtest.New(t))
	team, ok := s.Team(routing.DefaultTeam)
	want := []support.TeamChannel{{Channel: support.ChannelEmail, Calendar: "default"}}
	if d := cmp.Diff(want, team.Value.Channels); !ok || d != "" || team.Version != 1 {
		t.Errorf("the default team (-want +got):\n%s", d)
	}
	c, ok := s.Calendar("default")
	open := []support.Interval{{From: 9 * 60, To: 18 * 60}}
	if d := cmp.Diff([7][]support.Interval{nil, open, open, open, open, open, nil}, c.Value.Weekly); !ok || d != "" || c.Value.Zone != "Europe/Paris" {
		t.Errorf("the default calendar (-want +got):\n%s", d)
	}
	var keys []string
	for _, c := range s.Offered() {
		keys = append(keys, string(c.Key))
	}
	if d := cmp.Diff(support.Categories, keys); d != "" {
		t.Errorf("categories (-want +got):\n%s", d)
	}
	refund, _ := s.Category("refund")
	var fields []string
	for _, f := range refund.Value.Fields {
		fields = append(fields, f.Key+" "+string(f.Type))
	}
	if d := cmp.Diff([]string{"order order", "transaction_date date", "amount amount", "recurring yes_no"}, fields); d != "" || refund.Value.SLA.FirstAnswer != 18*time.Hour {
		t.Errorf("fields of a refund (-want +got):\n%s", d)
	}
}

// TestRoutingIsKept saves one of each, and again, and reads what is and what was.
func TestRoutingIsKept(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	ada, err := db.SaveAgent(ctx, support.Agent{ID: support.NewID[support.AgentID](), Email: "ada@example.org", Name: "Ada", Role: support.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	night := support.Calendar{ID: "night", Name: "Nuit", Zone: "America/New_York", Holidays: []support.Day{{Date: "2026-12-25", Name: "Noël"}},
		Openings: map[support.Date]support.DayOpenings{"2026-12-24": {Name: "Réveillon", Hours: []support.Interval{{From: 540, To: 720}}}, "2026-12-31": {}}}
	night.Weekly[5] = []support.Interval{{From: 22 * 60, To: 26 * 60}}
	orders := support.Team{ID: "orders", Name: "Commandes", Email: "orders@example.org", Notify: true, Channels: []support.TeamChannel{
		{Channel: support.ChannelEmail, Calendar: "default"}, {Channel: support.ChannelChat, Calendar: "night", Langs: []kb.Lang{kb.French, kb.Polish}}}}
	gift := support.Category{Key: "gift", Position: 9, Team: "orders", Priority: support.PriorityHigh, ContactFirst: true, FewObjects: 3,
		SLA:    support.SLAPolicy{FirstAnswer: 90 * time.Minute, Resolution: 8 * time.Hour},
		Fields: []support.CategoryField{{Key: "kind", Type: support.FieldChoice, Required: true, Choices: []string{"card", "box"}}},
		Texts: map[kb.Lang]support.CategoryText{kb.French: {Label: "Un cadeau", Hint: "Dites-nous lequel.",
			Fields: map[string]string{"kind": "Sorte"}, Choices: map[string]string{"card": "Carte", "box": "Coffret"}}}}
	agent := routing.Agent{Agent: support.Agent{ID: ada, Email: "ada@example.org", Name: "Ada", Role: support.RoleAdmin},
		Skills: support.Skills{Teams: []support.TeamID{"orders"}, Langs: []kb.Lang{kb.French}, Capacity: map[support.Channel]int{support.ChannelEmail: 0, support.ChannelChat: 3}}}

	before := readRouting(t, db).Version
	for name, save := range map[string]func() error{
		"calendar": func() error {
			return db.SaveCalendar(ctx, routing.Saved[support.Calendar]{Value: night, Version: 1, At: at}, ada)
		},
		"agent": func() error {
			return db.SaveSkills(ctx, routing.Saved[routing.Agent]{Value: agent, Version: 1, At: at}, ada)
		},
	} {
		if err := save(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := save(); !problem.Is(err, problem.Conflict) {
			t.Errorf("%s, the same version twice: %v", name, err)
		}
	}
	if err := db.SaveTeam(ctx, routing.Saved[support.Team]{Value: orders, Version: 1, At: at}, ada); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveCategory(ctx, routing.Saved[support.Category]{Value: gift, Version: 1, At: at}, ""); err != nil {
		t.Fatal(err)
	}
	s := readRouting(t, db)
	if s.Version != before+4 {
		t.Errorf("the number went from %d to %d with four saves", before, s.Version)
	}
	if n, err := db.RoutingVersion(ctx); err != nil || n != s.Version {
		t.Errorf("number %d, %v", n, err)
	}
	gotCalendar, _ := s.Calendar("night")
	gotTeam, _ := s.Team("orders")
	gotCategory, _ := s.Category("gift")
	gotAgent, _ := s.Agent(ada)
	for name, d := range map[string]string{
		"calendar": cmp.Diff(routing.Saved[support.Calendar]{Value: night, Version: 1, By: "Ada", At: at}, gotCalendar),
		"team":     cmp.Diff(routing.Saved[support.Team]{Value: orders, Version: 1, By: "Ada", At: at}, gotTeam),
		"category": cmp.Diff(routing.Saved[support.Category]{Value: gift, Version: 1, At: at}, gotCategory),
		"agent":    cmp.Diff(routing.Saved[routing.Agent]{Value: agent, Version: 1, By: "Ada", At: at}, gotAgent),
	} {
		if d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}

	later := orders
	later.Name, later.Channels = "Ventes", orders.Channels[:1]
	if err := db.SaveTeam(ctx, routing.Saved[support.Team]{Value: later, Version: 2, At: at}, ""); err != nil {
		t.Fatal(err)
	}
	s = readRouting(t, db)
	if got, _ := s.Team("orders"); cmp.Diff(later, got.Value) != "" || got.Version != 2 {
		t.Errorf("saved again: %+v", got)
	}
	var was support.Team
	if err := db.Earlier(ctx, routing.KindTeam, "orders", 1, &was); err != nil || cmp.Diff(orders, was) != "" {
		t.Errorf("before: %+v, %v", was, err)
	}
	if err := db.Earlier(ctx, routing.KindTeam, "orders", 2, &was); !problem.Is(err, problem.NotFound) {
		t.Errorf("what is, as what was: %v", err)
	}
}

// TestRoutingOneWins: of many who save the same version at once, one does.
func TestRoutingOneWins(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	team, _ := func() (routing.Saved[support.Team], bool) {
		s := readRouting(t, db)
		return s.Team(routing.DefaultTeam)
	}()
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() {
			v := team
			v.Version, v.Value.Name = 2, string(rune('A'+i))
			errs[i] = db.SaveTeam(t.Context(), v, "")
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !problem.Is(err, problem.Conflict):
			t.Errorf("a save that lost: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of them saved", won)
	}
}

// TestSomeAdminStays: two admins who disable each other at once leave one.
func TestSomeAdminStays(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var admins [2]routing.Saved[routing.Agent]
	for i, email := range []string{"ada@example.org", "bea@example.org"} {
		id, err := db.SaveAgent(t.Context(), support.Agent{ID: support.NewID[support.AgentID](), Email: email, Role: support.RoleAdmin})
		if err != nil {
			t.Fatal(err)
		}
		admins[i] = routing.Saved[routing.Agent]{Version: 1, At: time.Now(), Value: routing.Agent{Agent: support.Agent{ID: id, Email: email, Role: support.RoleAdmin, Disabled: true}}}
	}
	var group sync.WaitGroup
	var errs [2]error
	for i := range admins {
		group.Go(func() { errs[i] = db.SaveSkills(t.Context(), admins[i], "") })
	}
	group.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !(problem.Is(errs[0], problem.Invalid) || problem.Is(errs[1], problem.Invalid)) {
		t.Errorf("%v and %v", errs[0], errs[1])
	}
	if err := db.SaveSkills(t.Context(), routing.Saved[routing.Agent]{Version: 1, At: time.Now(), Value: routing.Agent{Agent: support.Agent{ID: support.NewID[support.AgentID]()}}}, ""); !problem.Is(err, problem.NotFound) {
		t.Errorf("an agent that is not: %v", err)
	}
}

// TestRoutingIsCheckedWhenRead: hours that are none are said, not promised.
func TestRoutingIsCheckedWhenRead(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]string{
		"Backwards": `UPDATE calendars SET weekly = jsonb_set(weekly, '{1}', '[{"From":600,"To":540}]')`,
		"NoWeek":    `UPDATE calendars SET weekly = '{"monday":[]}'`,
		"NoDate":    `UPDATE calendars SET holidays = '[{"Date":"Christmas"}]'`,
		"NoZone":    `UPDATE calendars SET zone = 'Paris/Europe'`,
		"Texts":     `UPDATE categories SET texts = '[]'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			if _, err := db.Pool().Exec(t.Context(), damage); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Routing(t.Context()); problem.KindOf(err) != problem.Internal {
				t.Errorf("read: %v", err)
			}
		})
	}
}
