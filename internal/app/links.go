package app

import (
	"net/url"
	"strings"

	"guichet/internal/support"
	"guichet/kb"
)

// links builds the addresses that mails carry, from the base URL alone: what a request's Host header
// says must never reach a mail.
type links struct{ base *url.URL }

// Ticket is the page of a ticket; with a proof it shows the button that proves the address.
func (l links) Ticket(lang kb.Lang, link, proof support.Token) string {
	s := strings.TrimSuffix(l.base.String(), "/") + "/" + string(lang) + "/requests/" + string(link)
	if proof != "" {
		s += "?proof=" + url.QueryEscape(string(proof))
	}
	return s
}

// MemberSignIn is the page with the button that opens « My requests ».
func (l links) MemberSignIn(lang kb.Lang, t support.Token) string {
	return l.at("/"+string(lang)+"/my/sign-in/", string(t))
}

// desk is a ticket's page for staff.
func (l links) desk(id support.TicketID) string { return l.at("/desk/tickets/", string(id)) }

// Invitation is the page where somebody who is to work here chooses a password.
func (l links) Invitation(t support.Token) string { return l.at("/desk/invitation/", string(t)) }

// Reset is the page where somebody who has lost a password chooses another.
func (l links) Reset(t support.Token) string { return l.at("/desk/password/", string(t)) }

func (l links) at(folder, name string) string {
	return strings.TrimSuffix(l.base.String(), "/") + folder + name
}

// signIn is the page that signs an agent in.
func (l links) signIn(t support.Token) string {
	return strings.TrimSuffix(l.base.String(), "/") + "/desk/sign-in/" + string(t)
}
