// Package support holds the desk's nouns and rules: who acts, conversations and their entries,
// tickets and their statuses, the promise of a first answer. Plain values and pure functions; the
// use cases that move them are in handoff and desk, the tables in postgres.
package support

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"guichet/kb"
)

// TicketID, ConversationID, AgentID, AnswerID and MailID are UUIDs in their text form.
type (
	TicketID       string
	ConversationID string
	AgentID        string
	AnswerID       string
	MailID         string
)

// NewID returns a UUIDv7, which sorts by time, as any of the id types.
func NewID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// NewSecretID returns a UUIDv4: 122 random bits, for ids whose knowledge opens something.
func NewSecretID[T ~string]() T { return T(uuid.NewString()) }

// Role is what an agent may do; each one includes those before it.
type Role string

// The roles of people who sign in to work.
const (
	RoleAgent  Role = "agent"
	RoleEditor Role = "editor"
	RoleAdmin  Role = "admin"
)

// Agent is a person who works here.
type Agent struct {
	ID       AgentID
	Email    string
	Name     string
	Role     Role
	Disabled bool
}

// Actor is who acts, in every use case. The zero Actor is a guest.
type Actor struct {
	Agent   *Agent  // nil for guests and members
	Member  *Member // nil for guests and staff
	Network string  // the network the request came from (a /24 or /64), for budgets; "" for commands and requests made on this machine
}

// IsStaff reports whether the actor is a signed-in agent of any role.
func (a Actor) IsStaff() bool { return a.Agent != nil && !a.Agent.Disabled }

// IsAdmin reports whether the actor is an admin.
func (a Actor) IsAdmin() bool { return a.IsStaff() && a.Agent.Role == RoleAdmin }

// IsEditor reports whether the actor may decide about articles: editors and admins.
func (a Actor) IsEditor() bool { return a.IsAdmin() || a.IsStaff() && a.Agent.Role == RoleEditor }

// Audience is the narrowest audience of articles that the actor belongs to.
func (a Actor) Audience() kb.Audience {
	if a.IsStaff() {
		return kb.Staff
	}
	if a.Member != nil {
		return kb.SignedIn
	}
	return kb.Public
}

// Purpose says what a token opens.
type Purpose string

// The purposes of tokens, and how long each lives (see the *TTL constants in rules.go).
const (
	PurposeSession      Purpose = "session"
	PurposeConversation Purpose = "conversation"
	PurposeTicketLink   Purpose = "ticket_link"
	PurposeAddressProof Purpose = "address_proof"
	PurposeSignIn       Purpose = "sign_in"
	PurposeInvitation   Purpose = "invitation"
	PurposeReset        Purpose = "password_reset"
	PurposeMember       Purpose = "member_session"
	PurposeMemberSignIn Purpose = "member_sign_in" // its subject is the address that it was sent to
	PurposeSpace        Purpose = "space_session"  // of a member on the help center's own pages
	PurposeAPIKey       Purpose = "api_key"
)

// Token is 256 random bits in base64url. It is shown once; only its Hash is stored.
type Token string

// NewToken returns a fresh token.
func NewToken() Token {
	var b [32]byte
	rand.Read(b[:])
	return Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Derive returns the token that this one opens for a use, which is the same each time and tells
// nothing of this one. It stands in for a random one where a token's holder is to be given the same
// other token again, though only its hash is kept.
func (t Token) Derive(use string) Token {
	mac := hmac.New(sha256.New, []byte(t))
	mac.Write([]byte(use))
	return Token(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// Hash is what is stored of a token.
func (t Token) Hash() []byte {
	sum := sha256.Sum256([]byte(t))
	return sum[:]
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewRef returns a ticket reference: G- and 5 random Crockford characters. About 33 million exist,
// so a caller retries on a collision. The reference opens nothing.
func NewRef() string {
	var b [5]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = crockford[b[i]%32]
	}
	return "G-" + string(b[:])
}

// NormalRef reads a reference as people type it: lower case, O for 0, I and L for 1.
func NormalRef(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	body, ok := strings.CutPrefix(s, "G-")
	if !ok {
		return s
	}
	return "G-" + strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(body)
}
