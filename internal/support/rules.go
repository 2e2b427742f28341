package support

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/internal/problem"
)

// How long each token lives.
const (
	SessionTTL      = 14 * 24 * time.Hour
	ConversationTTL = 30 * 24 * time.Hour
	TicketLinkTTL   = 180 * 24 * time.Hour
	AddressProofTTL = 48 * time.Hour
	SignInTTL       = time.Hour
	InvitationTTL   = 7 * 24 * time.Hour
	ResetTTL        = time.Hour
	MemberTTL       = 12 * time.Hour      // of a session that a site's token was exchanged for
	SpaceTTL        = 30 * 24 * time.Hour // of a session on the help center's own pages
	MemberSignInTTL = time.Hour
	APIKeyTTL       = 20 * 365 * 24 * time.Hour // until somebody revokes it
)

// Bounds of what members send.
const (
	MaxRequest    = 20_000              // characters of a request or a reply
	MaxClientID   = 100                 // bytes
	MaxEmail      = 254                 // RFC 5321, section 4.5.3.1.3
	MaxConfirm    = 3                   // confirmation mails an address and hour
	MaxConfirmNo  = 1                   // of those to requests that came without a proof of work
	MaxReset      = 3                   // password mails an address and hour
	MaxSignIn     = 3                   // mails with a link to « My requests », an address and hour
	ReopenWithin  = 14 * 24 * time.Hour // of a solved ticket; then it is closed
	HeldUntilSpam = 48 * time.Hour
)

// Categories are the reasons of a request that a new house begins with, in the order of the form.
var Categories = []string{"order", "sale", "billing", "refund", "account", "incident", "suggestion", "other"}

// CheckEmail returns the address in the form it is kept (domain in lower case), or a problem that
// names the field.
func CheckEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", problem.InvalidField("email", "problem.email_missing")
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > MaxEmail || strings.ContainsAny(s, "\r\n\t \"<>") {
		return "", problem.InvalidField("email", "problem.email")
	}
	at := strings.LastIndexByte(s, '@')
	if !strings.Contains(s[at+1:], ".") && s[at+1:] != "localhost" {
		return "", problem.InvalidField("email", "problem.email")
	}
	return s[:at] + strings.ToLower(s[at:]), nil
}

// CheckText returns s without surrounding space, NUL or invalid UTF-8; a problem that names the
// field if nothing is left or if it has more than max characters.
func CheckText(field, s string, max int) (string, error) {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if s == "" {
		return "", problem.InvalidField(field, "problem."+field+"_missing")
	}
	if n := utf8.RuneCountInString(s); n > max {
		return "", problem.InvalidField(field, "problem.too_long").With("max", max).With("n", n)
	}
	return s, nil
}

// CheckClientID returns a problem that names the field if id is too long to be kept. A sender gives
// each thing that it sends an id, and sends it again under the same one.
func CheckClientID(id string) error {
	if len(id) > MaxClientID {
		return problem.InvalidField("client_id", "problem.client_id")
	}
	return nil
}

// transitions are the statuses that each status may become. Nothing leaves merged.
var transitions = map[Status][]Status{
	StatusNew:               {StatusOpen, StatusWaitingMember, StatusWaitingThirdParty, StatusSolved, StatusSpam, StatusMerged},
	StatusOpen:              {StatusWaitingMember, StatusWaitingThirdParty, StatusSolved, StatusSpam, StatusMerged},
	StatusWaitingMember:     {StatusOpen, StatusWaitingThirdParty, StatusSolved, StatusSpam, StatusMerged},
	StatusWaitingThirdParty: {StatusOpen, StatusWaitingMember, StatusSolved, StatusSpam, StatusMerged},
	StatusSolved:            {StatusOpen, StatusClosed},
	StatusSpam:              {StatusNew, StatusOpen},
}

// CanBecome reports whether t may be given the status at time now.
func (t Ticket) CanBecome(to Status, now time.Time) bool {
	if t.Status == StatusSolved && to == StatusOpen && now.Sub(t.SolvedAt) > ReopenWithin {
		return false
	}
	return slices.Contains(transitions[t.Status], to)
}

// Change returns t in status to at time now, with its clocks as that leaves them in the hours of its
// team, or a Conflict if t may not become that. It is the one place where statuses change.
func (t Ticket) Change(to Status, now time.Time, hours Calendar) (Ticket, error) {
	if !t.CanBecome(to, now) {
		return t, problem.From(problem.Conflict, "problem.status", fmt.Errorf("ticket %s: %s may not become %s", t.Ref, t.Status, to))
	}
	t.Status, t.UpdatedAt = to, now
	t.SolvedAt = time.Time{}
	if to == StatusSolved {
		t.SolvedAt = now
	}
	return t.On(t.SLA.Changed(now, to, hours)), nil
}
