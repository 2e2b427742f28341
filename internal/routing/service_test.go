package routing_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// TestWhoMay: admins change, all who work here read, nobody else does.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	s := node(t, pgtest.New(t))
	ctx := t.Context()
	for name, x := range map[string]struct {
		a           support.Actor
		read, write bool
	}{
		"Guest":    {support.Actor{}, false, false},
		"Disabled": {support.Actor{Agent: &support.Agent{Role: support.RoleAdmin, Disabled: true}}, false, false},
		"Agent":    {support.Actor{Agent: &support.Agent{Role: support.RoleAgent}}, true, false},
		"Editor":   {support.Actor{Agent: &support.Agent{Role: support.RoleEditor}}, true, false},
		"Admin":    {admin, true, true},
	} {
		for what, err := range map[string]error{
			"teams":      second(s.Teams(ctx, x.a)),
			"calendars":  second(s.Calendars(ctx, x.a)),
			"categories": second(s.Categories(ctx, x.a)),
			"agents":     second(s.Agents(ctx, x.a)),
		} {
			if problem.Is(err, problem.Forbidden) == x.read {
				t.Errorf("%s reads %s: %v", name, what, err)
			}
		}
		for what, err := range map[string]error{
			"team":     s.SaveTeam(ctx, x.a, support.Team{}, 0),
			"calendar": s.SaveCalendar(ctx, x.a, support.Calendar{}, 0),
			"category": s.SaveCategory(ctx, x.a, support.Category{}, 0),
			"agent":    s.SaveAgent(ctx, x.a, routing.Agent{}, 0),
		} {
			if err == nil || problem.Is(err, problem.Forbidden) == x.write {
				t.Errorf("%s saves a %s: %v", name, what, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestEveryLanguageSaysEverySeed: each category of a fresh database has a label, a hint and a label for
// each field in each language, the label that it always had.
func TestEveryLanguageSaysEverySeed(t *testing.T) {
	t.Parallel()
	s := node(t, pgtest.New(t))
	english := map[string]string{}
	for _, l := range kb.Langs {
		for _, c := range s.Current().Offered() {
			text := s.Text(c, l)
			all := map[string]string{"label": text.Label, "hint": text.Hint}
			for _, f := range c.Fields {
				all[f.Key] = text.Fields[f.Key]
			}
			for what, is := range all {
				key := string(c.Key) + " " + what
				if is == "" || is == what || is == string(c.Key) {
					t.Errorf("%s: %s says %q", l, key, is)
				}
				if l == kb.English {
					english[key] = is
				} else if what != "label" && is == english[key] { // a « Suggestion » is one in French too
					t.Errorf("%s: %s is English: %q", l, key, is)
				}
			}
		}
	}
	if got := s.Text(s.Current().Offered()[3], kb.French).Label; got != "Remboursement" {
		t.Errorf("a refund is called %q", got)
	}
}

// TestOwnTextsWin: an admin's text, then the built-in one, then an admin's in another language.
func TestOwnTextsWin(t *testing.T) {
	t.Parallel()
	s := node(t, pgtest.New(t))
	ctx := t.Context()
	refund, _ := s.Current().Category("refund")
	c := refund.Value
	c.Fields = append(slices.Clone(c.Fields), support.CategoryField{Key: "shop", Type: support.FieldText})
	c.Texts = map[kb.Lang]support.CategoryText{kb.French: {Label: "Être remboursé", Fields: map[string]string{"shop": "Boutique", "amount": "Somme"}}}
	if err := s.SaveCategory(ctx, admin, c, refund.Version); err != nil {
		t.Fatal(err)
	}
	_, c, err := s.Route("refund", kb.French)
	if err != nil {
		t.Fatal(err)
	}
	fr, de := s.Text(c, kb.French), s.Text(c, kb.German)
	want := []string{"Être remboursé", "Boutique", "Somme", "Rückerstattung", "Boutique", "Betrag mit Währung (12,50 EUR)"}
	if d := cmp.Diff(want, []string{fr.Label, fr.Fields["shop"], fr.Fields["amount"], de.Label, de.Fields["shop"], de.Fields["amount"]}); d != "" {
		t.Errorf("texts (-want +got):\n%s", d)
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	s := node(t, pgtest.New(t))
	ctx := t.Context()
	orders := support.Team{ID: "orders", Name: "Orders", Channels: []support.TeamChannel{{Channel: support.ChannelEmail, Calendar: "default", Langs: []kb.Lang{kb.French, kb.German}}}}
	if err := s.SaveTeam(ctx, admin, orders, 0); err != nil {
		t.Fatal(err)
	}
	for key, change := range map[support.CategoryKey]func(*support.Category){
		"order": func(c *support.Category) { c.Team = "orders" },
		"sale":  func(c *support.Category) { c.Disabled = true },
	} {
		v, _ := s.Current().Category(key)
		change(&v.Value)
		if err := s.SaveCategory(ctx, admin, v.Value, v.Version); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		key   support.CategoryKey
		lang  kb.Lang
		team  support.TeamID
		wrong string
	}{
		{"order", kb.French, "orders", ""}, {"order", kb.German, "orders", ""}, {"order", kb.Polish, "support", ""},
		{"refund", kb.French, "support", ""}, {"refund", kb.Chinese, "support", ""},
		{"sale", kb.French, "", "problem.category_gone"}, {"nothing", kb.French, "", "problem.category"}, {"", kb.French, "", "problem.category"},
	} {
		team, c, err := s.Route(x.key, x.lang)
		if x.wrong == "" {
			if err != nil || team.ID != x.team || c.Key != x.key {
				t.Errorf("%s in %s: %s, %s, %v", x.key, x.lang, team.ID, c.Key, err)
			}
			continue
		}
		p, ok := err.(*problem.Error)
		if !ok || len(p.Fields) != 1 || p.Fields[0].Name != "category" || p.Fields[0].Key != x.wrong {
			t.Errorf("%s in %s: %v, want %s", x.key, x.lang, err, x.wrong)
		}
	}
	for _, l := range kb.Langs { // whatever happens, somebody answers
		for _, c := range s.Current().Offered() {
			if team, _, err := s.Route(c.Key, l); err != nil || !routing.Speaks(team, support.ChannelEmail, l) {
				t.Errorf("%s in %s: %s, %v", c.Key, l, team.ID, err)
			}
		}
	}
}

// TestDefaultTeamStays: it answers e-mail in every language, and the last category stays on offer.
func TestDefaultTeamStays(t *testing.T) {
	t.Parallel()
	s := node(t, pgtest.New(t))
	ctx := t.Context()
	team, _ := s.Current().Team(routing.DefaultTeam)
	for name, channels := range map[string][]support.TeamChannel{
		"no channel": nil,
		"chat alone": {{Channel: support.ChannelChat, Calendar: "default"}},
		"one tongue": {{Channel: support.ChannelEmail, Calendar: "default", Langs: []kb.Lang{kb.French}}},
		"no hours":   {{Channel: support.ChannelEmail, Calendar: "none"}},
	} {
		v := team.Value
		v.Channels = channels
		if err := s.SaveTeam(ctx, admin, v, team.Version); !problem.Is(err, problem.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	offered := s.Current().Offered()
	for i, c := range offered {
		v, _ := s.Current().Category(c.Key)
		v.Value.Disabled = true
		err := s.SaveCategory(ctx, admin, v.Value, v.Version)
		if last := i == len(offered)-1; last != problem.Is(err, problem.Invalid) || !last && err != nil {
			t.Errorf("%s, the %d. of %d: %v", c.Key, i+1, len(offered), err)
		}
	}
}

// TestClash: the one who is late is told what is there now and what the page had shown.
func TestClash(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	one, other := node(t, db), node(t, db)
	ctx := t.Context()
	team, _ := one.Current().Team(routing.DefaultTeam)
	theirs, mine := team.Value, team.Value
	theirs.Name, mine.Name = "Theirs", "Mine"
	if err := one.SaveTeam(ctx, admin, theirs, 1); err != nil {
		t.Fatal(err)
	}
	err := other.SaveTeam(ctx, admin, mine, 1)
	clash, ok := routing.ClashOf[support.Team](err)
	if !ok || !problem.Is(err, problem.Conflict) || clash.Base.Value.Name != "Support" || clash.Now.Value.Name != "Theirs" || clash.Now.Version != 2 {
		t.Fatalf("late: %v, %+v", err, clash)
	}
	if err := other.SaveTeam(ctx, admin, mine, clash.Now.Version); err != nil {
		t.Errorf("settled: %v", err)
	}
	before := other.Current().Version
	if err := other.SaveTeam(ctx, admin, mine, 3); err != nil || other.Current().Version != before {
		t.Errorf("the same again makes a version: %v", err)
	}
	if err := other.SaveTeam(ctx, admin, mine, 0); !problem.Is(err, problem.Conflict) {
		t.Errorf("new, under a name that is taken: %v", err)
	}
}

// TestFollow: what one node saves another knows within a second or two, and a broken database leaves
// what was known.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := &memory{state: routing.State{Version: 1, Categories: []routing.Saved[support.Category]{{Value: support.Category{Key: "a"}}}}}
	synctest.Test(t, func(t *testing.T) {
		n := routing.New(routing.Config{Store: s, Words: words(t), Log: quiet})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Follow(ctx) }()
		time.Sleep(1500 * time.Millisecond)
		if _, ok := n.Current().Category("a"); !ok {
			t.Error("the first state is not known")
		}
		reads := s.reads.Load()
		time.Sleep(10 * time.Second)
		if s.reads.Load() != reads {
			t.Error("an unchanged state is read again")
		}
		s.set(func(m *memory) { m.err = problem.New(problem.Unavailable, "") })
		time.Sleep(3 * time.Second)
		if _, ok := n.Current().Category("a"); !ok {
			t.Error("a database that does not answer takes what was known")
		}
		s.set(func(m *memory) { m.err, m.state.Version, m.state.Categories = nil, 2, nil })
		time.Sleep(1500 * time.Millisecond)
		if _, ok := n.Current().Category("a"); ok {
			t.Error("what another node saved is not known")
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	s := node(b, pgtest.New(b))
	for b.Loop() {
		if _, _, err := s.Route("refund", kb.Polish); err != nil {
			b.Fatal(err)
		}
	}
}
