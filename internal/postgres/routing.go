package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

var routingVersion = query("routing_version", `SELECT version FROM routing_clock`)

// RoutingVersion is the number of the last save of anything; see routing.Store.
func (db *DB) RoutingVersion(ctx context.Context) (int64, error) {
	return one(ctx, db.pool, routingVersion, nil, value[int64])
}

// Routing reads everything as it is at one moment; see routing.Store.
func (db *DB) Routing(ctx context.Context) (s routing.State, err error) {
	defer problem.Wrap(&err, "postgres.Routing")
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, db.pool, moment, func(tx pgx.Tx) (err error) {
		if s.Version, err = one(ctx, tx, routingVersion, nil, value[int64]); err != nil {
			return err
		}
		if s.Calendars, err = list(ctx, tx, routingCalendars, args{"id": ""}, scanCalendar); err != nil {
			return err
		}
		if s.Teams, err = list(ctx, tx, routingTeams, args{"id": ""}, scanTeam); err != nil {
			return err
		}
		if s.Categories, err = list(ctx, tx, routingCategories, args{"key": ""}, scanCategory); err != nil {
			return err
		}
		s.Agents, err = list(ctx, tx, routingAgents, args{"id": nil}, scanSkilled)
		return err
	})
	return s, mapped("routing", err)
}

var routingCalendars = query("routing_calendars", `
	SELECT c.id, c.name, c.zone, c.weekly, c.holidays, c.openings, c.version, COALESCE(NULLIF(a.name, ''), a.email, ''), c.updated_at
	FROM calendars c LEFT JOIN agents a ON a.id = c.agent_id
	WHERE @id = '' OR c.id = @id
	ORDER BY c.id`)

// scanCalendar checks what it reads: hours that are none would promise what nobody keeps.
func scanCalendar(row pgx.CollectableRow) (v routing.Saved[support.Calendar], err error) {
	c := &v.Value
	var weekly, holidays, openings []byte
	if err := row.Scan(&c.ID, &c.Name, &c.Zone, &weekly, &holidays, &openings, &v.Version, &v.By, &v.At); err != nil {
		return v, err
	}
	if err := decodeAll(weekly, &c.Weekly, holidays, &c.Holidays, openings, &c.Openings); err != nil {
		return v, fmt.Errorf("calendar %s: %w", c.ID, err)
	}
	if len(c.Holidays) == 0 {
		c.Holidays = nil
	}
	if len(c.Openings) == 0 {
		c.Openings = nil
	}
	for i := range c.Weekly {
		if len(c.Weekly[i]) == 0 {
			c.Weekly[i] = nil
		}
	}
	if err := routing.CheckCalendar(*c); err != nil {
		return v, fmt.Errorf("calendar %s: %s", c.ID, err) // nobody's input: a fault of ours
	}
	return v, nil
}

// decodeAll reads JSON into values, in pairs.
func decodeAll(pairs ...any) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := json.Unmarshal(pairs[i].([]byte), pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

var routingTeams = query("routing_teams", `
	SELECT t.id, t.name, t.email, t.notify, t.version, COALESCE(NULLIF(a.name, ''), a.email, ''), t.updated_at,
		COALESCE((SELECT jsonb_agg(jsonb_build_object('Channel', w.channel, 'Calendar', w.calendar_id, 'Langs', w.langs)
			ORDER BY array_position(ARRAY['email','chat','callback'], w.channel))
			FROM team_channels w WHERE w.team_id = t.id), '[]')
	FROM teams t LEFT JOIN agents a ON a.id = t.agent_id
	WHERE @id = '' OR t.id = @id
	ORDER BY t.id`)

func scanTeam(row pgx.CollectableRow) (v routing.Saved[support.Team], err error) {
	t := &v.Value
	var channels []byte
	if err := row.Scan(&t.ID, &t.Name, &t.Email, &t.Notify, &v.Version, &v.By, &v.At, &channels); err != nil {
		return v, err
	}
	if err := json.Unmarshal(channels, &t.Channels); err != nil {
		return v, fmt.Errorf("team %s: %w", t.ID, err)
	}
	for i := range t.Channels {
		if len(t.Channels[i].Langs) == 0 {
			t.Channels[i].Langs = nil
		}
	}
	return v, nil
}

var routingCategories = query("routing_categories", `
	SELECT c.key, c.position, c.team_id, c.priority, c.first_answer, c.resolution, c.contact_first, c.few_objects,
		c.fields, c.texts, c.disabled, c.version, COALESCE(NULLIF(a.name, ''), a.email, ''), c.updated_at
	FROM categories c LEFT JOIN agents a ON a.id = c.agent_id
	WHERE @key = '' OR c.key = @key
	ORDER BY c.position, c.key`)

func scanCategory(row pgx.CollectableRow) (v routing.Saved[support.Category], err error) {
	c := &v.Value
	var first, resolution int
	var fields, texts []byte
	if err := row.Scan(&c.Key, &c.Position, &c.Team, &c.Priority, &first, &resolution, &c.ContactFirst, &c.FewObjects,
		&fields, &texts, &c.Disabled, &v.Version, &v.By, &v.At); err != nil {
		return v, err
	}
	c.SLA = support.SLAPolicy{FirstAnswer: time.Duration(first) * time.Minute, Resolution: time.Duration(resolution) * time.Minute}
	if err := decodeAll(fields, &c.Fields, texts, &c.Texts); err != nil {
		return v, fmt.Errorf("category %s: %w", c.Key, err)
	}
	if len(c.Fields) == 0 {
		c.Fields = nil
	}
	if len(c.Texts) == 0 {
		c.Texts = nil
	}
	return v, nil
}

var routingAgents = query("routing_agents", `
	SELECT g.id, g.email, g.name, g.role, g.disabled, COALESCE(s.teams, '{}'), COALESCE(s.langs, '{}'), s.capacity,
		COALESCE(s.version, 0), COALESCE(NULLIF(a.name, ''), a.email, ''), COALESCE(s.updated_at, g.created_at)
	FROM agents g LEFT JOIN agent_skills s ON s.agent_id = g.id LEFT JOIN agents a ON a.id = s.saved_by
	WHERE @id::uuid IS NULL OR g.id = @id
	ORDER BY g.email`)

func scanSkilled(row pgx.CollectableRow) (v routing.Saved[routing.Agent], err error) {
	a := &v.Value
	var capacity []byte
	if err := row.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled, &a.Teams, &a.Langs, &capacity, &v.Version, &v.By, &v.At); err != nil {
		return v, err
	}
	if len(a.Teams) == 0 {
		a.Teams = nil
	}
	if len(a.Langs) == 0 {
		a.Langs = nil
	}
	if capacity == nil {
		return v, nil
	}
	return v, json.Unmarshal(capacity, &a.Capacity)
}

// Every save of routing begins by locking this row, so that they follow one another.
var tickRouting = query("tick_routing", `UPDATE routing_clock SET version = version + 1`)

var keepRouting = query("keep_routing", `
	INSERT INTO routing_history (kind, key, version, value, updated_at) VALUES (@kind, @key, @version, @value, @at)
	ON CONFLICT (kind, key, version) DO NOTHING`)

// saveRouting runs a save: the version that is there goes into the history, and write puts the next in
// its place. found is what is there; none for a new thing.
func saveRouting[T any](ctx context.Context, db *DB, k routing.Kind, key string, v routing.Saved[T],
	read *statement, by args, scan pgx.RowToFunc[routing.Saved[T]], write func(ctx context.Context, tx pgx.Tx) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tickRouting.exec(ctx, tx, nil); err != nil {
			return err
		}
		found, err := list(ctx, tx, read, by, scan)
		if err != nil {
			return err
		}
		was := routing.Saved[T]{}
		if len(found) > 0 {
			was = found[0]
		}
		if was.Version != v.Version-1 {
			return problem.From(problem.Conflict, "", fmt.Errorf("%s %s is at version %d", k, key, was.Version))
		}
		if was.Version > 0 {
			old, err := json.Marshal(was.Value)
			if err != nil {
				return err
			}
			if _, err := keepRouting.exec(ctx, tx, args{"kind": k, "key": key, "version": was.Version, "value": old, "at": was.At}); err != nil {
				return err
			}
		}
		return write(ctx, tx)
	})
}

var saveCalendar = query("save_calendar", `
	INSERT INTO calendars (id, name, zone, weekly, holidays, openings, version, agent_id, updated_at)
	VALUES (@id, @name, @zone, @weekly, @holidays, @openings, @version, NULLIF(@by::text, '')::uuid, @at)
	ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, zone = EXCLUDED.zone, weekly = EXCLUDED.weekly, holidays = EXCLUDED.holidays,
		openings = EXCLUDED.openings, version = EXCLUDED.version, agent_id = EXCLUDED.agent_id, updated_at = EXCLUDED.updated_at`)

// SaveCalendar keeps a calendar; see routing.Store.
func (db *DB) SaveCalendar(ctx context.Context, v routing.Saved[support.Calendar], by support.AgentID) (err error) {
	c := v.Value
	defer problem.Wrap(&err, "postgres.SaveCalendar(%s, %d)", c.ID, v.Version)
	holidays, openings := c.Holidays, c.Openings
	if holidays == nil {
		holidays = []support.Day{}
	}
	if openings == nil {
		openings = map[support.Date]support.DayOpenings{}
	}
	a, err := encoded(args{"weekly": c.Weekly, "holidays": holidays, "openings": openings})
	if err != nil {
		return err
	}
	a["id"], a["name"], a["zone"] = c.ID, c.Name, c.Zone
	a["version"], a["by"], a["at"] = v.Version, string(by), v.At
	return saveRouting(ctx, db, routing.KindCalendar, string(c.ID), v, routingCalendars, args{"id": c.ID}, scanCalendar,
		func(ctx context.Context, tx pgx.Tx) error {
			_, err := saveCalendar.exec(ctx, tx, a)
			return err
		})
}

// encoded turns each value into JSON.
func encoded(a args) (args, error) {
	out := args{}
	for name, v := range a {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[name] = b
	}
	return out, nil
}

var saveTeam = query("save_team", `
	INSERT INTO teams (id, name, email, notify, version, agent_id, updated_at)
	VALUES (@id, @name, @email, @notify, @version, NULLIF(@by::text, '')::uuid, @at)
	ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email, notify = EXCLUDED.notify,
		version = EXCLUDED.version, agent_id = EXCLUDED.agent_id, updated_at = EXCLUDED.updated_at`)

var forgetTeamChannels = query("forget_team_channels", `DELETE FROM team_channels WHERE team_id = @id`)

var saveTeamChannel = query("save_team_channel", `
	INSERT INTO team_channels (team_id, channel, calendar_id, langs) VALUES (@id, @channel, @calendar, @langs)`)

// SaveTeam keeps a team with its channels; see routing.Store.
func (db *DB) SaveTeam(ctx context.Context, v routing.Saved[support.Team], by support.AgentID) (err error) {
	t := v.Value
	defer problem.Wrap(&err, "postgres.SaveTeam(%s, %d)", t.ID, v.Version)
	return saveRouting(ctx, db, routing.KindTeam, string(t.ID), v, routingTeams, args{"id": t.ID}, scanTeam,
		func(ctx context.Context, tx pgx.Tx) error {
			if _, err := saveTeam.exec(ctx, tx, args{"id": t.ID, "name": t.Name, "email": t.Email, "notify": t.Notify,
				"version": v.Version, "by": string(by), "at": v.At}); err != nil {
				return err
			}
			if _, err := forgetTeamChannels.exec(ctx, tx, args{"id": t.ID}); err != nil {
				return err
			}
			for _, w := range t.Channels {
				if _, err := saveTeamChannel.exec(ctx, tx, args{"id": t.ID, "channel": w.Channel, "calendar": w.Calendar, "langs": words(w.Langs)}); err != nil {
					return err
				}
			}
			return nil
		})
}

// words are keys as an array of text that is never null.
func words[T ~string](keys []T) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = string(k)
	}
	return out
}

var saveCategory = query("save_category", `
	INSERT INTO categories (key, position, team_id, priority, first_answer, resolution, contact_first, few_objects, fields, texts,
		disabled, version, agent_id, updated_at)
	VALUES (@key, @position, @team, @priority, @first, @resolution, @contact, @few, @fields, @texts,
		@disabled, @version, NULLIF(@by::text, '')::uuid, @at)
	ON CONFLICT (key) DO UPDATE SET position = EXCLUDED.position, team_id = EXCLUDED.team_id, priority = EXCLUDED.priority,
		first_answer = EXCLUDED.first_answer, resolution = EXCLUDED.resolution, contact_first = EXCLUDED.contact_first,
		few_objects = EXCLUDED.few_objects, fields = EXCLUDED.fields, texts = EXCLUDED.texts, disabled = EXCLUDED.disabled,
		version = EXCLUDED.version, agent_id = EXCLUDED.agent_id, updated_at = EXCLUDED.updated_at`)

// SaveCategory keeps a category; see routing.Store.
func (db *DB) SaveCategory(ctx context.Context, v routing.Saved[support.Category], by support.AgentID) (err error) {
	c := v.Value
	defer problem.Wrap(&err, "postgres.SaveCategory(%s, %d)", c.Key, v.Version)
	fields, texts := c.Fields, c.Texts
	if fields == nil {
		fields = []support.CategoryField{}
	}
	if texts == nil {
		texts = map[kb.Lang]support.CategoryText{}
	}
	a, err := encoded(args{"fields": fields, "texts": texts})
	if err != nil {
		return err
	}
	a["key"], a["position"], a["team"], a["priority"] = c.Key, c.Position, c.Team, c.Priority
	a["first"], a["resolution"] = int(c.SLA.FirstAnswer/time.Minute), int(c.SLA.Resolution/time.Minute)
	a["contact"], a["few"], a["disabled"] = c.ContactFirst, c.FewObjects, c.Disabled
	a["version"], a["by"], a["at"] = v.Version, string(by), v.At
	return saveRouting(ctx, db, routing.KindCategory, string(c.Key), v, routingCategories, args{"key": c.Key}, scanCategory,
		func(ctx context.Context, tx pgx.Tx) error {
			_, err := saveCategory.exec(ctx, tx, a)
			return err
		})
}

var saveSkills = query("save_skills", `
	INSERT INTO agent_skills (agent_id, teams, langs, capacity, version, saved_by, updated_at)
	VALUES (@id, @teams, @langs, @capacity, @version, NULLIF(@by::text, '')::uuid, @at)
	ON CONFLICT (agent_id) DO UPDATE SET teams = EXCLUDED.teams, langs = EXCLUDED.langs, capacity = EXCLUDED.capacity,
		version = EXCLUDED.version, saved_by = EXCLUDED.saved_by, updated_at = EXCLUDED.updated_at`)

var disableAgent = query("disable_agent", `UPDATE agents SET disabled = @disabled WHERE id = @id`)

var otherAdmins = query("other_admins", `SELECT count(*) FROM agents WHERE role = 'admin' AND NOT disabled AND id <> @id`)

// SaveSkills keeps what an agent takes on, and whether they may sign in; see routing.Store.
func (db *DB) SaveSkills(ctx context.Context, v routing.Saved[routing.Agent], by support.AgentID) (err error) {
	g := v.Value
	defer problem.Wrap(&err, "postgres.SaveSkills(%s, %d)", g.ID, v.Version)
	capacity := g.Capacity
	if capacity == nil {
		capacity = map[support.Channel]int{}
	}
	b, err := json.Marshal(capacity)
	if err != nil {
		return err
	}
	return saveRouting(ctx, db, routing.KindAgent, string(g.ID), v, routingAgents, args{"id": g.ID}, scanSkilled,
		func(ctx context.Context, tx pgx.Tx) error {
			n, err := disableAgent.exec(ctx, tx, args{"id": g.ID, "disabled": g.Disabled})
			if err != nil {
				return err
			}
			if n == 0 {
				return problem.From(problem.NotFound, "", fmt.Errorf("no agent %s", g.ID))
			}
			// Other saves wait for this one, so two admins cannot shut each other out.
			others, err := one(ctx, tx, otherAdmins, args{"id": g.ID}, value[int])
			if err != nil {
				return err
			}
			if g.Disabled && g.Role == support.RoleAdmin && others == 0 {
				return problem.InvalidField("disabled", "desk.routing.wrong_last_admin")
			}
			_, err = saveSkills.exec(ctx, tx, args{"id": g.ID, "teams": words(g.Teams), "langs": words(g.Langs), "capacity": b,
				"version": v.Version, "by": string(by), "at": v.At})
			return err
		})
}

var earlierRouting = query("earlier_routing", `SELECT value FROM routing_history WHERE kind = @kind AND key = @key AND version = @version`)

// Earlier reads an old version of something; see routing.Store.
func (db *DB) Earlier(ctx context.Context, k routing.Kind, key string, version int64, into any) (err error) {
	defer problem.Wrap(&err, "postgres.Earlier(%s, %s, %d)", k, key, version)
	b, err := one(ctx, db.pool, earlierRouting, args{"kind": k, "key": key, "version": version}, value[[]byte])
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// What somebody has saved stays as it is, in its own zone.
var adoptZone = query("adopt_zone", `
	WITH changed AS (
		UPDATE calendars SET zone = @zone WHERE id = 'default' AND version = 1 AND agent_id IS NULL AND zone <> @zone RETURNING id
	)
	UPDATE routing_clock SET version = version + 1 WHERE EXISTS (SELECT FROM changed)`)

// AdoptZone puts the calendar that a new house begins with into the operator's zone.
func (db *DB) AdoptZone(ctx context.Context, zone string) error {
	_, err := adoptZone.exec(ctx, db.pool, args{"zone": zone})
	return err
}
