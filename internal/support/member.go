package support

import (
	"time"

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
	Prompt bool               `json:"prompt,omitempty"`
}

// Order is a purchase on an embedding site, as its server told it.
type Order struct {
	Site     string
	ID       string // the site's own
	Number   string // as members know it
	Buyer    string // the site's ids of the members
	Seller   string
	Title    string
	Status   string
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
	Seller string
	Price  Money
	URL    string
	Image  string
	Facts  []Fact
}
