package support

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/internal/problem"
	"guichet/kb"
)

// MemberID is a UUID in its text form.
type MemberID string

// Member is somebody whom a site has vouched for, or who has proven an e-mail address here.
type Member struct {
	ID            MemberID
	Site          string // origin of the embedding site that vouches; "" for who signed up here
	External      string // the site's own id of the member (the token's sub); "" for who signed up here
	Email         string
	EmailVerified bool // by the site's token, or by a link that was mailed; else it is merely claimed and opens nothing
	Name          string
	Lang          kb.Lang // "" where it is not known
	Phone         string  // E.164; "" where it is not known
	Zone          string  // IANA; "" where it is not known
	CreatedAt     time.Time
}

// MaxExternal bounds a site's own ids of members, orders and objects, in characters.
const MaxExternal = 200

// ExternalForm says what a site's own id looks like, to who writes the site's calls.
const ExternalForm = "1–200 visible characters"

// CheckExternal returns a problem that names the field if id cannot be a site's own id: it is empty,
// too long, or holds what cannot be seen.
func CheckExternal(field, id string) error {
	n := utf8.RuneCountInString(id)
	if n == 0 || n > MaxExternal || !utf8.ValidString(id) || strings.TrimSpace(id) != id ||
		strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return problem.InvalidField(field, "problem.type").With("want", ExternalForm)
	}
	return nil
}

// IdentityAlg is how a site signs its tokens: fixed by the key, never by what a token says of itself.
type IdentityAlg string

// The algorithms.
const (
	HS256 IdentityAlg = "HS256"
	EdDSA IdentityAlg = "EdDSA"
)

// IdentityKey is a key by which a site's server vouches for its members.
type IdentityKey struct {
	KID       string
	Site      string // origin
	Alg       IdentityAlg
	Key       string    // HS256: the secret, sealed; EdDSA: the public key, base64
	CreatedAt time.Time // as is RevokedAt, UTC
	RevokedAt time.Time // zero: it is live
}

// APIKey is what is known of a key of the host API; the key itself was shown once.
type APIKey struct {
	ID        string // names it; opens nothing
	Site      string // origin
	Name      string
	CreatedAt time.Time
	RevokedAt time.Time // zero: it is live
}

// SubjectType is what a question or request is about.
type SubjectType string

// The types of subjects.
const (
	SubjectOrder  SubjectType = "order"
	SubjectObject SubjectType = "object"
)

// Subject names an order or object of the member's site. The zero Subject is about nothing in
// particular.
type Subject struct {
	Type SubjectType `json:"type"`
	ID   string      `json:"id"` // the site's own
}

// SaidSubject is what an answer told of an order or object, as it was then.
type SaidSubject struct {
	Subject
	Number  string     `json:"number,omitempty"` // of an order, as members know it
	Title   string     `json:"title"`
	URL     string     `json:"url,omitempty"`
	Image   string     `json:"image,omitempty"`
	Summary bool       `json:"summary,omitempty"` // nothing of it was asked for: these are its main facts
	Facts   []SaidFact `json:"facts"`
}

// SaidFact is a fact as it was told. One of the product's own has no Label: its Key names it.
type SaidFact struct {
	Key   string     `json:"key"`
	Label string     `json:"label,omitempty"`
	Value string     `json:"value,omitempty"` // as the site says it, or At or Money
	At    *time.Time `json:"at,omitempty"`
	Money *Money     `json:"money,omitempty"`
}

// Money is an amount in minor units of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Fact is something that the site tells of an order or object. Only facts that the site marked with
// Prompt may stand in what a language model is given.
type Fact struct {
	Key    string             `json:"key"`
	Labels map[kb.Lang]string `json:"labels"`
	Value  string             `json:"value"`
	Values map[kb.Lang]string `json:"values,omitempty"` // by language, where it is not the same in all
	Prompt bool               `json:"prompt,omitempty"`
}

// Label is what the fact is called in a language: as the site says it there, else in English, else in
// any language, else its key.
func (f Fact) Label(l kb.Lang) string { return said(f.Labels, l, f.Key) }

// In is the fact's value in a language; where the site gives none for it, the one for all.
func (f Fact) In(l kb.Lang) string { return said(f.Values, l, f.Value) }

// said is what is said in a language: words in it, else otherwise, else what English says, else any.
func said(by map[kb.Lang]string, l kb.Lang, otherwise string) string {
	if s := by[l]; s != "" || len(by) == 0 {
		return first(s, otherwise)
	}
	if s := by[kb.English]; s != "" {
		return s
	}
	if otherwise != "" {
		return otherwise
	}
	for _, l := range kb.Langs {
		if by[l] != "" {
			return by[l]
		}
	}
	return ""
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Order is a purchase on an embedding site, as its server told it.
type Order struct {
	Site     string
	ID       string // the site's own
	Number   string // as members know it
	Buyer    string // the site's ids of the members
	Seller   string
	Title    string
	Titles   map[kb.Lang]string // by language, where the title is not the same in all
	Status   string
	Statuses map[kb.Lang]string
	Total    Money
	PlacedAt time.Time
	URL      string
	Image    string
	Facts    []Fact
}

// Object is a thing that is offered on an embedding site.
type Object struct {
	Site   string
	ID     string
	Title  string
	Titles map[kb.Lang]string
	Seller string
	Price  Money
	URL    string
	Image  string
	Facts  []Fact
}

// TitleIn is the order's title in a language.
func (o Order) TitleIn(l kb.Lang) string { return said(o.Titles, l, o.Title) }

// StatusIn is the order's status in a language, as the site says it.
func (o Order) StatusIn(l kb.Lang) string { return said(o.Statuses, l, o.Status) }

// TitleIn is the object's title in a language.
func (o Object) TitleIn(l kb.Lang) string { return said(o.Titles, l, o.Title) }

// Role is which side of the order a member of its site is on; NoParty for who is on neither, or of
// another site.
func (o Order) Role(m Member) Party {
	switch {
	case m.Site == "" || m.Site != o.Site || m.External == "":
		return NoParty
	case m.External == o.Buyer:
		return Buyer
	case m.External == o.Seller:
		return Seller
	}
	return NoParty
}

// Other is the site's id of the party that somebody on a side deals with; "" where there is none.
func (o Order) Other(role Party) (Party, string) {
	switch role {
	case Buyer:
		return Seller, o.Seller
	case Seller:
		return Buyer, o.Buyer
	}
	return NoParty, ""
}

// Mine is what makes a ticket a member's: it was asked in their name, or under the address that they
// have proven here, and proven on the ticket too. An address that a site tells of, or that somebody
// merely typed, makes none theirs.
type Mine struct {
	Member MemberID
	Email  string // "" for a member of a site
}

// Mine is what makes a ticket the member's.
func (m Member) Mine() Mine {
	if m.Site != "" || !m.EmailVerified {
		return Mine{Member: m.ID}
	}
	return Mine{m.ID, m.Email}
}
