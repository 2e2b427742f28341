package host

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Bounds of the fields, in characters.
const (
	maxShort  = 200
	maxValue  = 500
	maxURL    = 2000
	maxFacts  = 30
	maxFolded = 100 // of what a member searches
)

// Texts are the same words in several languages, by code.
type Texts map[string]string

// MemberInput is what a site tells of a member.
type MemberInput struct {
	ID            string `json:"id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
	Lang          string `json:"lang"`
	Phone         string `json:"phone"`
	Zone          string `json:"zoneinfo"`
}

// MoneyInput is an amount in minor units.
type MoneyInput struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// FactInput is something that a site tells of an order or object.
type FactInput struct {
	Key    string `json:"key"`
	Labels Texts  `json:"labels"`
	Value  string `json:"value"`
	Values Texts  `json:"values"`
	Prompt bool   `json:"prompt"`
}

// OrderInput is what a site tells of an order.
type OrderInput struct {
	ID       string      `json:"id"`
	Number   string      `json:"number"`
	Buyer    string      `json:"buyer"`
	Seller   string      `json:"seller"`
	Title    string      `json:"title"`
	Titles   Texts       `json:"titles"`
	Status   string      `json:"status"`
	Statuses Texts       `json:"statuses"`
	Total    *MoneyInput `json:"total"`
	PlacedAt string      `json:"placed_at"`
	URL      string      `json:"url"`
	Image    string      `json:"image"`
	Facts    []FactInput `json:"facts"`
}

// ObjectInput is what a site tells of an object.
type ObjectInput struct {
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Titles Texts       `json:"titles"`
	Seller string      `json:"seller"`
	Price  *MoneyInput `json:"price"`
	URL    string      `json:"url"`
	Image  string      `json:"image"`
	Facts  []FactInput `json:"facts"`
}

// ViewInput is a look at an object.
type ViewInput struct {
	ID       string `json:"id"`
	ViewedAt string `json:"viewed_at"` // RFC 3339; "" is now
}

var (
	currency  = regexp.MustCompile(`^[A-Z]{3}$`)
	factKey   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,60}$`)
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	maxAmount = int64(1e15)
)

// checker gathers what is wrong, so that a site hears all of it at once.
type checker struct{ fields []problem.Field }

func (c *checker) err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: c.fields}
}

// maxProblems bounds how much is said of one call.
const maxProblems = 20

// at is a checker of one thing in a list, or of one alone where list is "".
func (c *checker) at(list string, i int) place {
	if list == "" {
		return place{c, ""}
	}
	return place{c, fmt.Sprintf("%s[%d].", list, i)}
}

// place names fields within what was sent.
type place struct {
	c      *checker
	prefix string
}

func (p place) wrong(field, key string, args map[string]any) {
	if len(p.c.fields) < maxProblems {
		p.c.fields = append(p.c.fields, problem.Field{Name: p.prefix + field, Key: key, Args: args})
	}
}

// want says what a field should have been, to who writes the site's calls.
func (p place) want(field, form string) { p.wrong(field, "problem.type", map[string]any{"want": form}) }

func (p place) id(field, s string) string {
	if support.CheckExternal(field, s) != nil {
		p.want(field, support.ExternalForm)
	}
	return s
}

// text is s made clean; need says that it may not be empty.
func (p place) text(field, s string, max int, need bool) string {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD"))
	switch n := utf8.RuneCountInString(s); {
	case n > max:
		p.wrong(field, "problem.too_long", map[string]any{"max": max, "n": n})
	case n == 0 && need:
		p.want(field, fmt.Sprintf("1–%d characters", max))
	}
	return s
}

func (p place) texts(field string, in Texts, max int) map[kb.Lang]string {
	if len(in) == 0 {
		return nil
	}
	out := map[kb.Lang]string{}
	for code, s := range in {
		l, err := kb.ParseLang(code)
		if err != nil {
			p.wrong(field, "problem.lang", map[string]any{"lang": clip(code)})
			return nil
		}
		out[l] = p.text(field+"."+string(l), s, max, true)
	}
	return out
}

func clip(s string) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	return string(r[:min(len(r), 20)])
}

func (p place) moment(field, s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9000 {
		p.want(field, "2026-11-24T10:15:00Z (RFC 3339)")
	}
	return t.UTC()
}

func (p place) money(field string, in *MoneyInput) (m support.Money) {
	if in == nil {
		return m
	}
	if !currency.MatchString(in.Currency) {
		p.want(field+".currency", "EUR (ISO 4217)")
	}
	if in.Minor > maxAmount || in.Minor < -maxAmount {
		p.want(field+".minor", "an amount in minor units, at most 10^15")
	}
	return support.Money{Minor: in.Minor, Currency: in.Currency}
}

// link is an address that a member is led to, or that a picture comes from.
func (p place) link(field, s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > maxURL {
		p.want(field, "https://… (at most 2000 bytes)")
	}
	return s
}

func (p place) facts(in []FactInput) []support.Fact {
	if len(in) > maxFacts {
		p.want("facts", fmt.Sprintf("at most %d facts", maxFacts))
		return nil
	}
	var out []support.Fact
	for i, f := range in {
		at := place{p.c, fmt.Sprintf("%sfacts[%d].", p.prefix, i)}
		if !factKey.MatchString(f.Key) {
			at.want("key", "1–60 of A–Z a–z 0–9 . _ -")
		}
		out = append(out, support.Fact{Key: f.Key, Labels: at.texts("labels", f.Labels, maxShort),
			Value: at.text("value", f.Value, maxValue, len(f.Values) == 0), Values: at.texts("values", f.Values, maxValue), Prompt: f.Prompt})
	}
	return out
}

func (in MemberInput) read(p place, site string, now time.Time) support.Member {
	m := support.Member{ID: support.NewID[support.MemberID](), Site: site, External: p.id("id", in.ID), Name: p.text("name", in.Name, maxShort, false), CreatedAt: now}
	if in.Email != "" {
		email, err := support.CheckEmail(in.Email)
		if err != nil {
			p.wrong("email", "problem.email", nil)
		}
		m.Email, m.EmailVerified = email, in.EmailVerified
	}
	if in.Lang != "" {
		l, err := kb.ParseLang(in.Lang)
		if err != nil {
			p.wrong("lang", "problem.lang", map[string]any{"lang": clip(in.Lang)})
		}
		m.Lang = l
	}
	if in.Phone != "" && !e164.MatchString(in.Phone) {
		p.want("phone", "+33123456789 (E.164)")
	}
	m.Phone = in.Phone
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" {
		p.want("zoneinfo", "Europe/Paris (IANA)")
	}
	m.Zone = in.Zone
	return m
}

func (in OrderInput) read(p place, site string) support.Order {
	o := support.Order{Site: site, ID: p.id("id", in.ID), Number: p.text("number", in.Number, maxShort, false), Buyer: p.id("buyer", in.Buyer),
		Title: p.text("title", in.Title, maxShort, len(in.Titles) == 0), Titles: p.texts("titles", in.Titles, maxShort),
		Status: p.text("status", in.Status, maxShort, false), Statuses: p.texts("statuses", in.Statuses, maxShort),
		Total: p.money("total", in.Total), PlacedAt: p.moment("placed_at", in.PlacedAt), URL: p.link("url", in.URL),
		Image: p.link("image", in.Image), Facts: p.facts(in.Facts)}
	if in.Seller != "" {
		o.Seller = p.id("seller", in.Seller)
	}
	if o.Number == "" {
		o.Number = o.ID
	}
	return o
}

func (in ObjectInput) read(p place, site string) support.Object {
	o := support.Object{Site: site, ID: p.id("id", in.ID), Title: p.text("title", in.Title, maxShort, len(in.Titles) == 0),
		Titles: p.texts("titles", in.Titles, maxShort), Price: p.money("price", in.Price), URL: p.link("url", in.URL),
		Image: p.link("image", in.Image), Facts: p.facts(in.Facts)}
	if in.Seller != "" {
		o.Seller = p.id("seller", in.Seller)
	}
	return o
}

// foldQuery is what a member searches, as orders are compared with it.
func foldQuery(q string) string {
	r := []rune(strings.TrimSpace(kb.Fold(strings.ReplaceAll(q, "\x00", ""))))
	return string(r[:min(len(r), maxFolded)])
}
