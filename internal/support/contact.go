package support

import (
	"slices"

	"guichet/kb"
)

// ContactState is how a way to a person stands.
type ContactState string

// The states of a contact option.
const (
	ContactOpen       ContactState = "open"
	ContactClosed     ContactState = "closed"      // now; OpensAt says when it opens again, where that is known
	ContactNotOffered ContactState = "not_offered" // not for this request
)

// ContactReason is why an option is not open, or, with ReasonBusy, why it is not at once. Pages say it
// by the text contact.reason.<code>.
type ContactReason string

// The reasons.
const (
	ReasonLanguage ContactReason = "language" // not offered in this language; Langs has those that are
	ReasonObjects  ContactReason = "objects"  // not offered for so many objects
	ReasonHours    ContactReason = "hours"    // outside the opening hours
	ReasonHoliday  ContactReason = "holiday"  // closed today
	ReasonNobody   ContactReason = "nobody"   // within the hours, but nobody who speaks the language is there
	ReasonQueue    ContactReason = "queue"    // within the hours, but whoever joins the queue would not be served in them
	ReasonNoSlot   ContactReason = "no_slot"  // no call can be booked
	ReasonBusy     ContactReason = "busy"     // open, by way of a queue
)

// ContactNeed is what an option still needs of the member.
type ContactNeed string

// The needs.
const (
	NeedNothing ContactNeed = ""
	NeedEmail   ContactNeed = "email" // the address is not known
	NeedProof   ContactNeed = "proof" // the address is known, but not proven: promises count from its proof
	NeedPhone   ContactNeed = "phone" // the number is not known
)

// phoneLangs are the languages that calls are made in.
var phoneLangs = []kb.Lang{kb.English, kb.Spanish, kb.Italian, kb.French, kb.Dutch, kb.German}

// Langs are the languages that a channel can be offered in at all, in the product's order.
func (c Channel) Langs() []kb.Lang {
	if c == ChannelCallback {
		return slices.Clone(phoneLangs)
	}
	return slices.Clone(kb.Langs[:])
}

// Spoken are the languages among langs that the channel allows, in the product's order; all that it
// allows where langs is empty.
func (c Channel) Spoken(langs []kb.Lang) []kb.Lang {
	allowed := c.Langs()
	if len(langs) == 0 {
		return allowed
	}
	var out []kb.Lang
	for _, l := range allowed {
		if slices.Contains(langs, l) {
			out = append(out, l)
		}
	}
	return out
}
