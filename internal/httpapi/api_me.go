package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/locale"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// moneyJSON is an amount, and how the reader writes it.
type moneyJSON struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
	Text     string `json:"text"`
}

func (s *Server) moneyOut(l kb.Lang, m support.Money) *moneyJSON {
	if m.Currency == "" {
		return nil
	}
	return &moneyJSON{m.Minor, m.Currency, s.Catalogs.For(l).Money(m.Minor, m.Currency)}
}

// myOrderJSON is an order as a member of it sees it, in their language.
type myOrderJSON struct {
	ID       string        `json:"id"`
	Number   string        `json:"number"`
	Title    string        `json:"title"`
	Status   string        `json:"status"`
	Total    *moneyJSON    `json:"total"`
	PlacedAt time.Time     `json:"placed_at"`
	URL      string        `json:"url"`
	Image    string        `json:"image"`
	Role     support.Party `json:"role"`
	Other    *partyJSON    `json:"other"` // whom they deal with; null where there is none
}

type partyJSON struct {
	Party support.Party `json:"party"`
	Name  string        `json:"name"`
}

type myObjectJSON struct {
	ID    string     `json:"id"`
	Title string     `json:"title"`
	Price *moneyJSON `json:"price"`
	URL   string     `json:"url"`
	Image string     `json:"image"`
}

// apiMe serves GET /api/v1/me, for a member: who they are here.
func (s *Server) apiMe(c *gin.Context) error {
	m, err := s.member(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"member": memberOut(m)})
	return nil
}

// reading is the language in which a member reads what the site tells: the call's, else their own.
func reading(c *gin.Context, m support.Member) (kb.Lang, error) {
	l, err := langParam("lang", c.Query("lang"))
	if l == "" {
		l = m.Lang
	}
	if l == "" {
		l = lang(c)
	}
	return l, err
}

// maxSearched bounds what a member searches their orders for, in characters.
const maxSearched = 200

// apiMyOrders serves GET /api/v1/me/orders, for a member: what they bought and sold, the newest first.
func (s *Server) apiMyOrders(c *gin.Context) error {
	m, err := s.member(c)
	if err != nil {
		return err
	}
	l, err := reading(c, m)
	if err != nil {
		return err
	}
	limit, err := limitParam(c.Query("limit"))
	if err != nil {
		return err
	}
	q := c.Query("q")
	if n := len([]rune(q)); n > maxSearched {
		return problem.InvalidField("q", "problem.too_long").With("max", maxSearched).With("n", n)
	}
	orders, err := s.Host.Orders(c.Request.Context(), m, q, limit)
	if err != nil {
		return err
	}
	out := []myOrderJSON{}
	for _, o := range orders {
		x := myOrderJSON{ID: o.ID, Number: o.Number, Title: o.TitleIn(l), Status: o.StatusIn(l), Total: s.moneyOut(l, o.Total),
			PlacedAt: o.PlacedAt, URL: o.URL, Image: o.Image, Role: o.Role}
		if o.Other != support.NoParty && o.OtherName != "" {
			x.Other = &partyJSON{o.Other, o.OtherName}
		}
		out = append(out, x)
	}
	c.JSON(http.StatusOK, gin.H{"orders": out})
	return nil
}

// apiMyObjects serves GET /api/v1/me/objects, for a member: what they looked at, the latest first.
func (s *Server) apiMyObjects(c *gin.Context) error {
	m, err := s.member(c)
	if err != nil {
		return err
	}
	l, err := reading(c, m)
	if err != nil {
		return err
	}
	limit, err := limitParam(c.Query("limit"))
	if err != nil {
		return err
	}
	objects, err := s.Host.Objects(c.Request.Context(), m, limit)
	if err != nil {
		return err
	}
	out := []myObjectJSON{}
	for _, o := range objects {
		out = append(out, myObjectJSON{o.ID, o.TitleIn(l), s.moneyOut(l, o.Price), o.URL, o.Image})
	}
	c.JSON(http.StatusOK, gin.H{"objects": out})
	return nil
}

// aboutJSON is what an answer tells of the member's order or object, before what articles say.
type aboutJSON struct {
	Type    support.SubjectType `json:"type"`
	ID      string              `json:"id"`
	Number  string              `json:"number,omitempty"`
	Title   string              `json:"title"`
	URL     string              `json:"url,omitempty"`
	Image   string              `json:"image,omitempty"`
	Summary bool                `json:"summary"` // nothing of it was asked for: these are its main facts
	Facts   []factJSON          `json:"facts"`
}

type factJSON struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// aboutOut says what was told of an order or object, in a language; nil for nothing.
func (s *Server) aboutOut(l kb.Lang, a *support.SaidSubject) *aboutJSON {
	return aboutIn(s.Catalogs.For(l), s.Handoff.Zone(), a)
}

func aboutIn(words *locale.Printer, zone *time.Location, a *support.SaidSubject) *aboutJSON {
	if a == nil {
		return nil
	}
	out := &aboutJSON{a.Type, a.ID, a.Number, a.Title, a.URL, a.Image, a.Summary, []factJSON{}}
	for _, f := range a.Facts {
		x := factJSON{f.Key, f.Label, f.Value}
		if x.Label == "" {
			x.Label = words.T("fact."+f.Key, nil)
		}
		switch {
		case f.At != nil:
			x.Value = words.Date(*f.At, zone)
		case f.Money != nil:
			x.Value = words.Money(f.Money.Minor, f.Money.Currency)
		}
		out.Facts = append(out.Facts, x)
	}
	return out
}

// subjectOf reads what a question or conversation is about; null and nothing are about nothing.
func subjectOf(raw json.RawMessage) (out support.Subject, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return out, nil
	}
	var in struct {
		Type support.SubjectType `json:"type"`
		ID   string              `json:"id"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return out, problem.InvalidField("subject", "problem.type").With("want", `{"type", "id"}`)
	}
	if in.Type != support.SubjectOrder && in.Type != support.SubjectObject {
		return out, problem.InvalidField("subject.type", "problem.type").With("want", "order, object")
	}
	if err := support.CheckExternal("subject.id", in.ID); err != nil {
		return out, err
	}
	return support.Subject{Type: in.Type, ID: in.ID}, nil
}
