package support

import (
	"time"

	"guichet/kb"
)

// MailKind is why a mail is sent.
type MailKind string

// The kinds of mails.
const (
	MailConfirmation MailKind = "confirmation"
	MailReply        MailKind = "reply"
	MailStatus       MailKind = "status"         // to the member: an agent has moved the ticket
	MailTeam         MailKind = "team"           // to a team: a new ticket
	MailInvitation   MailKind = "invitation"     // to somebody who is to work here
	MailReset        MailKind = "password_reset" // to somebody who works here
	MailSignIn       MailKind = "member_sign_in" // to whoever has asked for a link to their requests
)

// Mail is a promised mail. MessageID is fixed with the promise, so that one sent twice, because the
// process died between sending and noting it, is the same mail to its receiver.
type Mail struct {
	ID        MailID
	MessageID string // without angle brackets
	Kind      MailKind
	Ticket    TicketID
	Agent     AgentID // of an invitation or a reset; Ticket is "" then
	EntrySeq  int64   // of a reply or a status: the entry that it announces
	Recipient string
	Lang      kb.Lang
	State     string // queued, sent, failed, withheld
}

// Letter is what a mail says; internal/mail gives it its words in its language. It has no field for
// anything that a member wrote, so none can stand in it.
type Letter struct {
	Kind       MailKind
	MessageID  string
	To         string
	Lang       kb.Lang
	Ref        string
	Link       string    // absolute
	Held       bool      // the address is still to be proven, by the button behind Link
	PromisedAt time.Time // zero while held
	Zone       *time.Location
	Reply      string // of MailReply: what the agent wrote
	AgentName  string // of MailReply: who wrote it

	Status     string  // of MailStatus: one of the five words that members see, by its key
	Category   string  // of MailTeam: its key
	TicketLang kb.Lang // of MailTeam: what the member speaks
}

// ContactOption is one way to a person for a request, as it is now.
type ContactOption struct {
	Channel     Channel
	State       ContactState
	Reason      ContactReason // "" for one that is open at once
	PromisedAt  time.Time     // e-mail: first answer by; callback: the call
	OpensAt     time.Time     // of a closed one; zero where that is not known
	Wait        time.Duration // how long it usually takes to reach a person; zero where that is not known, or at once
	Ahead       int           // members before this one in the queue
	Recommended bool
	Langs       []kb.Lang   // with ReasonLanguage: those that it is offered in
	Need        ContactNeed // of an open one: what the member is still to give
}
