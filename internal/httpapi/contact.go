package httpapi

import (
	"strings"
	"time"

	"guichet/internal/locale"
	"guichet/internal/support"
	"guichet/kb"
)

// memberView says texts as the member reads them.
type memberView struct {
	kb.Lang
	Zone  *time.Location
	words *locale.Printer
}

// T says a text.
func (m memberView) T(key string, args ...any) string { return m.words.T(key, pairs(args)) }

// contactCard is one way to a person in the words of its card.
type contactCard struct {
	support.ContactOption
	Name  string
	Lines []string
}

// card says an option in the member's words.
func (m memberView) card(o support.ContactOption) contactCard {
	c := contactCard{ContactOption: o, Name: m.T("channel." + string(o.Channel))}
	add := func(text string) { c.Lines = append(c.Lines, text) }
	if o.Reason != "" {
		names := make([]string, len(o.Langs))
		for i, l := range o.Langs {
			names[i] = langName(l)
		}
		add(m.T("contact.reason."+string(o.Reason), "langs", strings.Join(names, ", ")))
	}
	switch {
	case !o.OpensAt.IsZero():
		add(m.T("channel.opens", "date", m.words.DateTime(o.OpensAt, m.Zone)))
	case o.State != support.ContactOpen:
	case o.Channel == support.ChannelEmail:
		add(m.T("channel.always"))
		add(m.T("channel.answer_by", "date", m.words.DateTime(o.PromisedAt, m.Zone)))
	case o.Channel == support.ChannelCallback:
		add(m.T("channel.next_slot", "date", m.words.DateTime(o.PromisedAt, m.Zone)))
	case o.Reason == "":
		add(m.T("channel.chat_now"))
	default:
		if o.Ahead > 0 {
			add(m.words.N("channel.ahead", o.Ahead, nil))
		}
		if o.Wait > 0 {
			add(m.T("channel.wait", "minutes", int((o.Wait+time.Minute-1)/time.Minute)))
		}
	}
	return c
}
