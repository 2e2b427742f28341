package httpapi

import (
	"encoding/json"
	"strings"

	"guichet/internal/desk"
	"guichet/internal/support"
)

// dossierView is what an agent should know before the first word: what was asked, what the assistant
// said to it, and what the member made of that. The page's other parts (the order, the category's
// fields) stand in slots of their own; see templates/desk/dossier.html.
type dossierView struct {
	Question string // the first thing that the member wrote
	Answers  []dossierAnswer
	Why      string // why the assistant brought a person in, in words; "" for nothing said
}

// dossierAnswer is one answer of the assistant.
type dossierAnswer struct {
	Number    int64 // of its entry
	Question  string
	Text      string
	Outcome   string
	Citations []support.CitedRef
	Trace     string // path of its trace
	Repeated  bool   // the same had been asked before
	Ratings   []desk.Rating
	Rejected  bool // somebody said that it did not help
}

// maxDossierText bounds what is shown of a text in the margin; the thread has it whole.
const maxDossierText = 300

func (v threadView) dossier(t desk.Thread) (d dossierView) {
	asked := map[string]bool{}
	question := ""
	for _, e := range t.Entries {
		switch {
		case e.Author == support.AuthorMember && e.Kind == support.EntryMessage:
			if question = clip(e.Body, maxDossierText); d.Question == "" {
				d.Question = question
			}
		case e.Author == support.AuthorAssistant:
			var said support.AnswerData
			if json.Unmarshal(e.Data, &said) != nil {
				continue
			}
			folded := strings.ToLower(strings.Join(strings.Fields(question), " "))
			a := dossierAnswer{Number: e.Seq, Question: question, Text: clip(v.said(said, e.Body), maxDossierText), Outcome: said.Outcome,
				Citations: said.Citations, Repeated: asked[folded]}
			asked[folded] = true
			if said.Answer != "" {
				a.Trace = deskAnswerPath(said.Answer)
			}
			for _, r := range t.Ratings {
				if r.Answer == said.Answer && said.Answer != "" {
					a.Ratings = append(a.Ratings, r)
					a.Rejected = a.Rejected || !r.Helpful
				}
			}
			if said.Handoff != "" {
				d.Why = v.T("desk.dossier.why." + said.Handoff)
			}
			d.Answers = append(d.Answers, a)
		}
	}
	return d
}
