package support

import (
	"time"

	"guichet/kb"
)

// TeamID and CalendarID are short keys that admins choose, such as "orders"; CategoryKey is the key
// of a category. They never change.
type (
	TeamID      string
	CalendarID  string
	CategoryKey string
)

// Team is a group of agents that requests are routed to.
type Team struct {
	ID       TeamID
	Name     string
	Email    string // where new tickets are announced; "" announces none
	Notify   bool   // whether they are
	Channels []TeamChannel
}

// TeamChannel is one way by which a team is reached: when, and in which languages.
type TeamChannel struct {
	Channel  Channel
	Calendar CalendarID
	Langs    []kb.Lang // none means all that the channel allows
}

// Priority of a ticket.
type Priority string

// The priorities, the most pressing first.
const (
	PriorityUrgent Priority = "urgent"
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = "normal"
	PriorityLow    Priority = "low"
)

// SLAPolicy is what is promised of a request, in business time of the team's e-mail calendar. Zero
// promises nothing.
type SLAPolicy struct {
	FirstAnswer time.Duration
	Resolution  time.Duration
}

// Party is the other side of an order.
type Party string

// The parties.
const (
	NoParty Party = ""
	Buyer   Party = "buyer"
	Seller  Party = "seller"
)

// Category is the reason of a request: what is asked for with it, and where it goes.
type Category struct {
	Key      CategoryKey
	Position int
	Team     TeamID
	Priority Priority
	SLA      SLAPolicy
	// ContactFirst says that the member is asked to write to the other party of the order before.
	ContactFirst bool
	// FewObjects is up to how many objects a call makes sense for; zero means any number.
	FewObjects int
	Fields     []CategoryField
	Texts      map[kb.Lang]CategoryText
	Disabled   bool // no longer offered; tickets that have it keep it
}

// FieldType says how a category's field is asked for and checked.
type FieldType string

// The types of fields.
const (
	FieldText      FieldType = "text"
	FieldDate      FieldType = "date"   // ISO 8601, not in the future
	FieldAmount    FieldType = "amount" // decimal number and ISO 4217 code: "12.50 EUR"
	FieldOrder     FieldType = "order"
	FieldYesNo     FieldType = "yes_no"
	FieldChoice    FieldType = "choice"
	FieldReference FieldType = "reference"
)

// CategoryField is something that a category asks for.
type CategoryField struct {
	Key      string
	Type     FieldType
	Required bool
	Choices  []string // keys, of FieldChoice
}

// CategoryText is what a category says in one language.
type CategoryText struct {
	Label   string            // in the drop-down
	Hint    string            // what helps to solve it fast
	Fields  map[string]string // label by field key
	Choices map[string]string // label by choice key
}
