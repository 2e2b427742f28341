package routing

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"time"

	"guichet/internal/follow"
	"guichet/internal/locale"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Config of a Service.
type Config struct {
	Store Store
	Words *locale.Catalogs // the built-in texts of categories
	Log   *slog.Logger
	Now   func() time.Time // nil means time.Now
}

// Service knows the routing. Safe for concurrent use.
type Service struct {
	store Store
	log   *slog.Logger
	clock func() time.Time
	texts map[kb.Lang]map[string]any // the built-in ones

	now *follow.Copy[State]
}

// New returns a Service that knows nothing yet; Refresh reads.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{store: c.Store, log: c.Log, clock: c.Now, texts: map[kb.Lang]map[string]any{}}
	for _, l := range kb.Langs {
		s.texts[l] = c.Words.For(l).Texts("category.", "category_hint.", "category_field.")
	}
	s.now = follow.New("routing", c.Log, &State{}, s.load)
	return s
}

// Current is what holds now. It asks nobody.
func (s *Service) Current() *State { return s.now.Now() }

// Route is Current's Route.
func (s *Service) Route(key support.CategoryKey, l kb.Lang) (support.Team, support.Category, error) {
	return s.Current().Route(key, l)
}

// Default is Current's Default.
func (s *Service) Default() support.Team { return s.Current().Default() }

// Hours is Current's Hours.
func (s *Service) Hours(id support.TeamID, c support.Channel) support.Calendar {
	return s.Current().Hours(id, c)
}

// Find is Current's Find.
func (s *Service) Find(key support.CategoryKey) (support.Category, bool) {
	return s.Current().Find(key)
}

// Read is CheckFields.
func (s *Service) Read(c support.Category, l kb.Lang, values map[string]string, now time.Time) (clean map[string]string, missing []string, err error) {
	return CheckFields(c, l, values, now)
}

// Skills are what an agent takes on, as it is now. It asks nobody.
func (s *Service) Skills(id support.AgentID) support.Skills {
	return s.Current().Skills(id)
}

// Refresh reads everything where it has changed.
func (s *Service) Refresh(ctx context.Context) error { return s.now.Refresh(ctx) }

// Follow keeps up with what is saved anywhere until ctx ends.
func (s *Service) Follow(ctx context.Context) error { return s.now.Follow(ctx) }

// load is follow's ReadFunc.
func (s *Service) load(ctx context.Context, old *State) (_ *State, err error) {
	defer problem.Wrap(&err, "routing.Refresh")
	version, err := s.store.RoutingVersion(ctx)
	if err != nil || version == old.Version { // lower where a database of before was put back
		return old, err
	}
	n, err := s.store.Routing(ctx)
	return &n, err
}

// All is everything as it is saved, read anew; for staff.
func (s *Service) All(ctx context.Context, a support.Actor) (all State, err error) {
	defer problem.Wrap(&err, "routing.All")
	if !a.IsStaff() {
		return all, problem.New(problem.Forbidden, "")
	}
	return s.store.Routing(ctx)
}

// Teams are all teams, for staff.
func (s *Service) Teams(ctx context.Context, a support.Actor) ([]Saved[support.Team], error) {
	all, err := s.All(ctx, a)
	return all.Teams, err
}

// Calendars are all calendars, for staff.
func (s *Service) Calendars(ctx context.Context, a support.Actor) ([]Saved[support.Calendar], error) {
	all, err := s.All(ctx, a)
	return all.Calendars, err
}

// Categories are all categories, the disabled ones too, in the order of the form; for staff.
func (s *Service) Categories(ctx context.Context, a support.Actor) ([]Saved[support.Category], error) {
	all, err := s.All(ctx, a)
	return all.Categories, err
}

// Agents are all who work here, for staff.
func (s *Service) Agents(ctx context.Context, a support.Actor) ([]Saved[Agent], error) {
	all, err := s.All(ctx, a)
	return all.Agents, err
}

// SaveTeam keeps a team, for admins. version is that of the team as the caller had read it, 0 for a new
// one. What is saved holds at once on this node and within seconds on every other. Errors: Forbidden;
// Invalid with every wrong field, named as in TeamForm; Conflict with a *Clash.
func (s *Service) SaveTeam(ctx context.Context, a support.Actor, t support.Team, version int64) (err error) {
	defer problem.Wrap(&err, "routing.SaveTeam")
	all, err := s.forAdmin(ctx, a)
	if err != nil {
		return err
	}
	now, _ := all.Team(t.ID)
	return save(ctx, s, a, KindTeam, string(t.ID), saving[support.Team]{value: t, version: version, now: now,
		wrong: all.checkTeam(t), write: s.store.SaveTeam, again: func(all *State) Saved[support.Team] {
			n, _ := all.Team(t.ID)
			return n
		}})
}

// SaveCalendar keeps a calendar, for admins; see SaveTeam.
func (s *Service) SaveCalendar(ctx context.Context, a support.Actor, c support.Calendar, version int64) (err error) {
	defer problem.Wrap(&err, "routing.SaveCalendar")
	all, err := s.forAdmin(ctx, a)
	if err != nil {
		return err
	}
	now, _ := all.Calendar(c.ID)
	return save(ctx, s, a, KindCalendar, string(c.ID), saving[support.Calendar]{value: c, version: version, now: now,
		wrong: checkCalendar(c), write: s.store.SaveCalendar, again: func(all *State) Saved[support.Calendar] {
			n, _ := all.Calendar(c.ID)
			return n
		}})
}

// SaveCategory keeps a category, for admins; see SaveTeam.
func (s *Service) SaveCategory(ctx context.Context, a support.Actor, c support.Category, version int64) (err error) {
	defer problem.Wrap(&err, "routing.SaveCategory")
	all, err := s.forAdmin(ctx, a)
	if err != nil {
		return err
	}
	now, _ := all.Category(c.Key)
	return save(ctx, s, a, KindCategory, string(c.Key), saving[support.Category]{value: c, version: version, now: now,
		wrong: s.checkCategory(&all, c), write: s.store.SaveCategory, again: func(all *State) Saved[support.Category] {
			n, _ := all.Category(c.Key)
			return n
		}})
}

// SaveAgent keeps what an agent takes on, and whether they may sign in; for admins, see SaveTeam. Name,
// address and role stay as they are. NotFound for nobody known; Invalid, naming the field disabled, for
// the admin who asks and for the last one.
func (s *Service) SaveAgent(ctx context.Context, a support.Actor, g Agent, version int64) (err error) {
	defer problem.Wrap(&err, "routing.SaveAgent")
	all, err := s.forAdmin(ctx, a)
	if err != nil {
		return err
	}
	now, ok := all.Agent(g.ID)
	if !ok {
		return problem.New(problem.NotFound, "")
	}
	wrong := all.checkAgent(g)
	if g.Disabled && g.ID == a.Agent.ID {
		wrong = append(wrong, problem.Field{Name: "disabled", Key: "desk.routing.wrong_yourself"})
	}
	g.Email, g.Name, g.Role = now.Value.Email, now.Value.Name, now.Value.Role
	return save(ctx, s, a, KindAgent, string(g.ID), saving[Agent]{value: g, version: version, now: now,
		wrong: wrong, write: s.store.SaveSkills, again: func(all *State) Saved[Agent] {
			n, _ := all.Agent(g.ID)
			return n
		}})
}

// forAdmin reads everything, for admins alone.
func (s *Service) forAdmin(ctx context.Context, a support.Actor) (State, error) {
	if !a.IsAdmin() {
		return State{}, problem.New(problem.Forbidden, "")
	}
	return s.store.Routing(ctx)
}

// saving is one save of something.
type saving[T any] struct {
	value   T
	version int64    // that the caller had read
	now     Saved[T] // as it is
	wrong   []problem.Field
	write   func(context.Context, Saved[T], support.AgentID) error
	again   func(*State) Saved[T] // finds it in a newer state
}

func save[T any](ctx context.Context, s *Service, a support.Actor, k Kind, key string, v saving[T]) error {
	if v.version != v.now.Version {
		return clash(ctx, s, k, key, v)
	}
	if len(v.wrong) > 0 {
		return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: v.wrong}
	}
	if v.version > 0 && reflect.DeepEqual(v.value, v.now.Value) {
		return nil
	}
	err := v.write(ctx, Saved[T]{Value: v.value, Version: v.version + 1, At: s.clock().UTC()}, a.Agent.ID)
	if problem.Is(err, problem.Conflict) {
		all, err := s.store.Routing(ctx)
		if err != nil {
			return err
		}
		v.now = v.again(&all)
		return clash(ctx, s, k, key, v)
	}
	if err != nil {
		return err
	}
	s.log.Info("routing saved", "kind", k, "key", key, "version", v.version+1, "by", a.Agent.ID)
	return s.Refresh(ctx)
}

// clash is the Conflict of a save that came too late.
func clash[T any](ctx context.Context, s *Service, k Kind, key string, v saving[T]) error {
	c := &Clash[T]{Now: v.now}
	if v.version > 0 && v.version < v.now.Version {
		c.Base.Version = v.version
		if err := s.store.Earlier(ctx, k, key, v.version, &c.Base.Value); err != nil && !problem.Is(err, problem.NotFound) {
			return err
		}
	}
	text := "desk.routing.clash"
	if v.version == 0 && k != KindAgent {
		text = "desk.routing.taken"
	}
	return problem.From(problem.Conflict, text, c)
}

// ClashOf returns the clash that err is about; ok is false for any other error.
func ClashOf[T any](err error) (c *Clash[T], ok bool) {
	ok = errors.As(err, &c)
	return c, ok
}
