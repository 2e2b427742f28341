package assistant

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"guichet/internal/support"
	"guichet/kb"
)

// Path is the page of a citation, from the root: its article at the passage, with the quote marked.
func (c Citation) Path() string {
	p := "/" + string(c.Article.Lang) + "/articles/" + url.PathEscape(c.Article.Slug) +
		"?cite=" + string(c.Passage) + "." + kb.HashText(c.Quote).String()
	if c.Anchor != "" {
		p += "#" + url.PathEscape(c.Anchor)
	}
	return p
}

// Entry is the answer as it stands in a thread: what the member was told, and from where.
func (a Answer) Entry() (support.Entry, error) {
	data := support.AnswerData{Answer: a.ID, Outcome: string(a.Outcome), Lang: a.Lang, Confidence: a.Confidence,
		Handoff: string(a.Handoff), Courtesy: string(a.Courtesy), About: a.About, Spoken: a.Spoken, Joined: a.Joined,
		Translated: (*support.SaidTranslation)(a.Translated)}
	for _, s := range a.Sentences {
		data.Sentences = append(data.Sentences, support.SaidSentence(s))
	}
	for _, c := range a.Citations {
		data.Citations = append(data.Citations, support.CitedRef{N: c.N, Article: c.Article.ID, Version: c.Article.Version,
			Title: c.Article.Title, Heading: c.Heading, Quote: c.Quote, Path: c.Path()})
	}
	for _, c := range a.Choices {
		data.Choices = append(data.Choices, support.SaidChoice(c))
	}
	for _, r := range a.Related {
		data.Related = append(data.Related, r.ID)
	}
	raw, err := json.Marshal(data)
	return support.Entry{Kind: support.EntryAnswer, Author: support.AuthorAssistant, Channel: support.ChannelWeb,
		Body: a.Text(), Data: raw, CreatedAt: a.CreatedAt}, err
}

// answerOf is the way back from an entry; refs are the articles that may be read now. An entry that
// was kept without its sentences has its text as one.
func answerOf(e support.Entry, d support.AnswerData, lang kb.Lang, refs map[kb.ArticleID]ArticleRef) Answer {
	a := Answer{ID: d.Answer, Outcome: Outcome(d.Outcome), Lang: cmp.Or(d.Lang, lang), Confidence: d.Confidence, CreatedAt: e.CreatedAt,
		Handoff: Handoff(d.Handoff), Courtesy: Courtesy(d.Courtesy), About: d.About, Spoken: d.Spoken, Joined: d.Joined,
		Translated: (*Translation)(d.Translated)}
	readable := map[int]bool{}
	var all []int
	for _, c := range d.Citations {
		ref, ok := refs[c.Article]
		if !ok {
			continue
		}
		readable[c.N] = true
		all = append(all, c.N)
		ref.Version = c.Version
		x := Citation{N: c.N, Article: ref, Heading: c.Heading, Quote: c.Quote}
		if u, err := url.Parse(c.Path); err == nil {
			passage, _, _ := strings.Cut(u.Query().Get("cite"), ".")
			x.Passage, x.Anchor = kb.PassageID(passage), u.Fragment
		}
		a.Citations = append(a.Citations, x)
	}
	said := d.Sentences
	if len(said) == 0 && e.Body != "" {
		said = []support.SaidSentence{{Text: e.Body, Citations: all}}
	}
	for _, s := range said {
		out := Sentence{Text: s.Text, Citations: []int{}}
		for _, n := range s.Citations {
			if readable[n] {
				out.Citations = append(out.Citations, n)
			}
		}
		a.Sentences = append(a.Sentences, out)
	}
	for _, c := range d.Choices {
		a.Choices = append(a.Choices, Choice(c))
	}
	for _, id := range d.Related {
		if ref, ok := refs[id]; ok {
			a.Related = append(a.Related, ref)
		}
	}
	return a
}
