package main

import (
	"context"
	"fmt"
	"time"

	"guichet/internal/auth"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// furnish sets up the house as its admins would: 24 people, four teams that are reached in three ways,
// each in hours of its own with the holidays of several years, and categories that go to one or another.
func (c *counter) furnish(ctx context.Context) error {
	accounts := auth.New(auth.Config{Store: c.db})
	for i := range 24 {
		role := support.RoleAgent
		if i == 0 {
			role = support.RoleAdmin
		}
		if err := accounts.AddAgent(ctx, fmt.Sprintf("agent%02d@example.com", i), "", role); err != nil {
			return err
		}
	}
	state, err := c.db.Routing(ctx)
	if err != nil {
		return err
	}
	var admin support.Actor
	for _, a := range state.Agents {
		agent := a.Value.Agent
		if agent.Role == support.RoleAdmin {
			admin.Agent, c.agents = &agent, append([]support.Agent{agent}, c.agents...)
		} else {
			c.agents = append(c.agents, agent)
		}
	}
	c.teams = []support.TeamID{routing.DefaultTeam, "orders", "billing", "trust"}
	for i, id := range c.teams {
		if err := c.routing.SaveCalendar(ctx, admin, calendar(i, id), 0); err != nil {
			return fmt.Errorf("calendar %s: %w", id, err)
		}
		hours := support.CalendarID("hours-" + id)
		team := support.Team{ID: id, Name: string(id), Channels: []support.TeamChannel{{Channel: support.ChannelEmail, Calendar: hours},
			{Channel: support.ChannelChat, Calendar: hours, Langs: []kb.Lang{kb.French, kb.English, kb.German}}, {Channel: support.ChannelCallback, Calendar: hours}}}
		saved, _ := state.Team(id)
		if err := c.routing.SaveTeam(ctx, admin, team, saved.Version); err != nil {
			return fmt.Errorf("team %s: %w", id, err)
		}
	}
	for i, saved := range state.Categories {
		saved.Value.Team = c.teams[i%len(c.teams)]
		if err := c.routing.SaveCategory(ctx, admin, saved.Value, saved.Version); err != nil {
			return fmt.Errorf("category %s: %w", saved.Value.Key, err)
		}
	}
	for i, saved := range state.Agents {
		if saved.Value.ID == admin.Agent.ID {
			continue
		}
		saved.Value.Skills = support.Skills{Teams: []support.TeamID{c.teams[i%len(c.teams)]}, Langs: kb.Langs[:], Capacity: map[support.Channel]int{support.ChannelEmail: 0}}
		if i%2 == 0 {
			saved.Value.Skills.Teams = append(saved.Value.Skills.Teams, c.teams[(i+1)%len(c.teams)])
		}
		if err := c.routing.SaveAgent(ctx, admin, saved.Value, saved.Version); err != nil {
			return fmt.Errorf("agent %s: %w", saved.Value.Email, err)
		}
	}
	return c.routing.Refresh(ctx)
}

// calendar is hours with a break at noon, a night shift on Fridays, twelve holidays a year and a day
// before each that ends early.
func calendar(i int, team support.TeamID) support.Calendar {
	c := support.Calendar{ID: support.CalendarID("hours-" + team), Name: "Hours of " + string(team), Openings: map[support.Date]support.DayOpenings{},
		Zone: []string{"Europe/Paris", "Europe/Lisbon", "Europe/Warsaw", "Asia/Shanghai"}[i%4]}
	for d := time.Monday; d <= time.Saturday; d++ {
		c.Weekly[d] = []support.Interval{{From: 8 * 60, To: 12 * 60}, {From: 13 * 60, To: (17 + i) * 60}}
	}
	c.Weekly[time.Friday] = append(c.Weekly[time.Friday], support.Interval{From: 22 * 60, To: 26 * 60})
	year := time.Now().Year()
	for month := range 12 * 6 {
		day := time.Date(year-1, time.Month(1+month), 3+(5*month+i)%24, 0, 0, 0, 0, time.UTC)
		c.Holidays = append(c.Holidays, support.Day{Date: support.DateOf(day), Name: "Holiday"})
		c.Openings[support.DateOf(day.AddDate(0, 0, -1))] = support.DayOpenings{Name: "Eve", Hours: []support.Interval{{From: 9 * 60, To: 12 * 60}}}
	}
	return c
}
