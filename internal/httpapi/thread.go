package httpapi

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

// entryView is an entry as a page shows it.
type entryView struct {
	Number    int64
	Kind      support.EntryKind
	Author    support.Author
	Day       string // set where another day begins
	Time, ISO string
	Name      string
	Initial   string
	Text      string
	Lang      kb.Lang // of the text, where it is another than the reader's
	Original  string  // of a text that a machine has translated
	Spoken    kb.Lang // of the original, or of a text that is none's translation
	Citations []support.CitedRef
	Why       string // for staff: where an answer's trace is
}

// threadView turns entries into what a page shows, for a member or for staff.
type threadView struct {
	view
	staff bool
}

func (v threadView) entries(in []support.Entry) []entryView {
	var out []entryView
	day := ""
	for _, e := range in {
		x := entryView{Number: e.PubSeq, Kind: e.Kind, Author: e.Author, Text: e.Body,
			Time: v.words.Time(e.CreatedAt, v.zone), ISO: v.ISO(e.CreatedAt)}
		if v.staff {
			x.Number = e.Seq
		}
		switch {
		case e.Kind == support.EntryStatus:
			if x.Text = v.statusText(e); x.Text == "" {
				continue
			}
		case e.Author == support.AuthorAssistant:
			var d support.AnswerData
			if json.Unmarshal(e.Data, &d) == nil {
				x.Citations = d.Citations
				if v.staff && d.Answer != "" {
					x.Why = deskAnswerPath(d.Answer)
				}
			}
			if d.Spoken != "" && x.Text != "" && d.Handoff == "" {
				x.Spoken, x.Lang = d.Spoken, d.Spoken
				if t := d.Translated; t != nil {
					x.Original, x.Text, x.Lang = x.Text, assistant.Translation(*t).Text(d.Lang), d.Lang
				}
			}
			x.Text = v.said(d, x.Text)
		case e.Author == support.AuthorAgent:
			if x.Name = e.AgentName; x.Name == "" {
				x.Name = v.T("thread.team")
			}
			r, _ := utf8.DecodeRuneInString(x.Name)
			x.Initial = strings.ToUpper(string(r))
		default:
			x.Name = v.T("thread.you")
			if v.staff {
				x.Name = v.T("desk.member")
			}
		}
		if d := v.Date(e.CreatedAt); d != day {
			day, x.Day = d, d
		}
		out = append(out, x)
	}
	return out
}

// statusText says a change of status in the reader's words; "" for one that its reader cannot see,
// because both statuses are the same word to members.
func (v threadView) statusText(e support.Entry) string {
	var d support.StatusData
	if json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	switch d.Reason {
	case "held", "proven", "released":
		if v.staff {
			return v.T("desk.thread." + d.Reason)
		}
		return v.T("thread.status." + d.Reason)
	}
	if v.staff {
		return v.T("thread.status.to", "status", v.T("desk.status."+string(d.To)))
	}
	if d.From.Public() == d.To.Public() {
		return ""
	}
	return v.T("thread.status.to", "status", v.T("status."+d.To.Public()))
}

// said is what an answer says in the reader's words before, or instead of, its own sentences.
func (v view) said(d support.AnswerData, text string) string {
	switch {
	case d.Handoff != "" && text != "":
		return v.T("handoff."+d.Handoff) + "\n" + text
	case d.Handoff != "":
		return v.T("handoff." + d.Handoff)
	case d.Courtesy != "":
		return v.T("courtesy." + d.Courtesy)
	case text != "":
		return text
	case d.Outcome == "clarify":
		return v.T("answer.clarify")
	}
	return v.T("answer.unknown")
}
