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
	Files     []fileView
	Hidden    int    // files that are not shown before the address is proven
	Why       string // for staff: where an answer's trace is
}

// threadView turns entries into what a page shows, for a member or for staff.
type threadView struct {
	view
	staff bool
	files string // in front of a file's id, where it is read; "" shows none
	held  bool   // nobody has shown yet that the page is theirs: nothing of orders stands on it
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
		for _, a := range e.Files {
			if v.files == "" {
				x.Hidden++
				continue
			}
			x.Files = append(x.Files, v.file(a, v.files))
		}
		switch {
		case e.Kind == support.EntryStatus:
			if x.Text = v.statusText(e); x.Text == "" {
				continue
			}
		case e.Kind == support.EntryNote && len(e.Data) > 0:
			x.Kind, x.Text = support.EntryStatus, v.assignText(e)
		case e.Author == support.AuthorAssistant:
			var d support.AnswerData
			if json.Unmarshal(e.Data, &d) == nil {
				x.Citations = d.Citations
				if v.staff && d.Answer != "" {
					x.Why = deskAnswerPath(d.Answer)
				}
			}
			if d.Spoken != "" && x.Text != "" && d.Handoff == "" {
				x.Spoken = d.Spoken
				if t := d.Translated; t != nil {
					x.Original, x.Text, x.Lang = x.Text, assistant.Translation(*t).Text(d.Lang), d.Lang
				} else if d.About == nil { // that stands before it, in the reader's
					x.Lang = d.Spoken
				}
			}
			x.Text = v.withFacts(d, x.Text)
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
	by := e.AgentName
	if by == "" {
		by = v.T("thread.team")
	}
	switch d.Reason {
	case support.ReasonSent:
		return v.T("thread.status.sent", "team", d.Team)
	case support.ReasonTaken:
		return v.T("thread.status.taken", "name", by)
	case support.ReasonHandedBack:
		text := v.T("thread.status.handed_back", "name", by)
		if e.Body != "" {
			text += "\n" + v.T("thread.status.agreed", "text", e.Body)
		}
		return text
	case support.ReasonHeld, support.ReasonProven, support.ReasonReleased:
		if v.staff {
			return v.T("desk.thread." + d.Reason)
		}
		return v.T("thread.status." + d.Reason)
	}
	if v.staff {
		return v.T("thread.status.to", "status", v.T("desk.status."+string(d.To)))
	}
	if d.To == "" || d.From.Public() == d.To.Public() {
		return ""
	}
	return v.T("thread.status.to", "status", v.T("status."+d.To.Public()))
}

// assignText says who has the ticket now, and by whom.
func (v threadView) assignText(e support.Entry) string {
	var d support.AssignData
	if json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	by := e.AgentName
	if by == "" {
		by = v.T("thread.team")
	}
	switch d.To {
	case "":
		return v.T("desk.thread.unassigned", "by", by)
	case e.Agent:
		return v.T("desk.thread.taken", "by", d.ToName)
	}
	return v.T("desk.thread.assigned", "by", by, "name", d.ToName)
}

// withFacts is what an answer says, with what it told of the member's order before it.
func (v threadView) withFacts(d support.AnswerData, text string) string {
	if d.About == nil {
		return v.said(d, text)
	}
	text = v.said(d, text)
	if v.held {
		return text
	}
	about := aboutIn(v.words, v.zone, d.About)
	lines := []string{strings.Trim(about.Title+" · "+about.Number, " ·")}
	for _, f := range about.Facts {
		lines = append(lines, f.Label+" – "+f.Value)
	}
	return strings.Join(append(lines, text), "\n")
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
	case d.Outcome == "answered": // by what the site knows, and no article
		return v.T("answer.from_order")
	}
	return v.T("answer.unknown")
}

// fileView is a file as a page shows it.
type fileView struct {
	ID    support.AttachmentID
	Name  string
	Size  string
	State string // in words; of one that is as it should be, what the scanner said
	Mark  string // ok, wait, plain or gone
	URL   string // "" where it cannot be read
	Image bool   // can be shown
	Gone  bool
}

// file prepares a file whose content stands at path and its id.
func (v view) file(a support.Attachment, path string) fileView {
	f := fileView{ID: a.ID, Name: a.Name, Size: v.bytes(a.Size), State: v.T(stateKey(a)), Image: a.Inline(), Mark: "plain"}
	switch {
	case a.State == support.AttachmentRefused, a.State == support.AttachmentDeleted:
		f.Gone, f.Mark = true, "gone"
	case a.State == support.AttachmentScanning:
		f.Mark = "wait"
	case a.Scan == support.ScanClean:
		f.Mark = "ok"
	}
	if path != "" && a.Readable() {
		f.URL = path + string(a.ID)
	}
	f.Image = f.Image && f.URL != ""
	return f
}

// stateKey is the word's key for how far a file has come.
func stateKey(a support.Attachment) string {
	if a.State == support.AttachmentReady {
		return "file.scan." + string(a.Scan)
	}
	return "file.state." + string(a.State)
}

// bytes says a size, in units of a thousand.
func (v view) bytes(n int64) string {
	if n < support.MB {
		return v.T("file.kb", "n", max(1, (n+500)/1000))
	}
	return v.T("file.mb", "n", (n+support.MB/2)/support.MB)
}
