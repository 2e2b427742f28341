package httpapi

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// dossierFact is a line of the dossier.
type dossierFact struct {
	Label, Value string
	Missing      bool
}

// dossierSubject is the order or object that a ticket is about, as its site tells of it now.
type dossierSubject struct {
	Type  support.SubjectType
	Title string
	URL   string
	Role  support.Party // the member's
	Facts []dossierFact
	Gone  bool // the site tells of it no longer, or of it no longer as the member's
}

// dossierClock is a promise in words.
type dossierClock struct {
	Name, Text string
	Late       bool
}

// subject reads what a ticket is about; nil for nothing in particular.
func (s *Server) dossierSubject(ctx context.Context, v deskView, t support.Ticket) (*dossierSubject, error) {
	if t.About.ID == "" || t.Member == "" {
		return nil, nil
	}
	out := &dossierSubject{Type: t.About.Type, Title: t.About.ID}
	order, object, err := s.Host.Told(ctx, t.Member, t.About)
	if problem.Is(err, problem.NotFound) {
		out.Gone = true
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	l := v.Lang
	add := func(key, value string) {
		if value != "" {
			out.Facts = append(out.Facts, dossierFact{Label: v.T(key), Value: value})
		}
	}
	facts := object.Facts
	if t.About.Type == support.SubjectOrder {
		out.Title, out.URL, out.Role, facts = strings.Trim(order.Number+" · "+order.TitleIn(l), " ·"), order.URL, order.Role, order.Facts
		add("fact.order.status", order.StatusIn(l))
		add("fact.order.placed_at", v.Moment(order.PlacedAt))
		if order.Total.Currency != "" {
			add("fact.order.total", v.words.Money(order.Total.Minor, order.Total.Currency))
		}
	} else {
		out.Title, out.URL = object.TitleIn(l), object.URL
		if object.Price.Currency != "" {
			add("fact.object.price", v.words.Money(object.Price.Minor, object.Price.Currency))
		}
	}
	for _, f := range facts {
		out.Facts = append(out.Facts, dossierFact{Label: f.Label(l), Value: f.In(l)})
	}
	return out, nil
}

// dossierFields are the fields of a ticket's category: what was given, and what is still missing. What was
// given for a field that the category no longer has stands last, under its key.
func (s *Server) dossierFields(v deskView, t support.Ticket) (out []dossierFact) {
	category, _ := s.Routing.Find(support.CategoryKey(t.Category))
	text := s.Routing.Text(category, v.Lang)
	missing := handoff.Missing(category, t.Fields)
	said := map[string]bool{}
	for _, f := range category.Fields {
		said[f.Key] = true
		x := dossierFact{Label: text.Fields[f.Key], Value: t.Fields[f.Key]}
		for _, key := range missing {
			x.Missing = x.Missing || key == f.Key
		}
		switch {
		case x.Value == "":
		case f.Type == support.FieldYesNo:
			x.Value = v.T("request." + x.Value)
		case f.Type == support.FieldChoice && text.Choices[x.Value] != "":
			x.Value = text.Choices[x.Value]
		}
		if x.Value != "" || x.Missing {
			out = append(out, x)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.Fields)) {
		if !said[key] {
			out = append(out, dossierFact{Label: key, Value: t.Fields[key]})
		}
	}
	return out
}

// dossierClocks say how the promises of a ticket stand at a moment.
func (s *Server) dossierClocks(v deskView, t support.Ticket, now time.Time) (out []dossierClock) {
	hours := s.Routing.Hours(t.Team, support.ChannelEmail)
	for _, x := range []struct {
		name   string
		target support.SLATarget
	}{{"first", t.SLA.First(now, hours)}, {"resolution", t.SLA.Resolution(now, hours)}} {
		if x.target.State == support.SLANone {
			continue
		}
		key := "desk.sla." + string(x.target.State)
		if x.target.Breached {
			key = map[support.SLAState]string{support.SLARunning: "desk.sla.late", support.SLAPaused: "desk.sla.paused_late",
				support.SLADone: "desk.sla.done_late"}[x.target.State]
		}
		out = append(out, dossierClock{Name: v.T("desk.sla." + x.name), Text: v.T(key, "date", v.DateTime(x.target.Due)), Late: x.target.Breached})
	}
	return out
}
