package assistant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/kb"
)

// Writer has a model write an answer from passages; *openai.Chat is one. What it says is checked by
// kb.Support before anybody sees it.
type Writer interface {
	// Write calls each with every sentence as soon as it is whole, until each returns false; sentences
	// may have come before an error. It honours ctx's deadline.
	Write(ctx context.Context, q kb.Query, from []kb.Passage, each func(kb.Claim) bool) (Call, error)
	// Model names the model.
	Model() string
}

// Bounds of a written answer.
const (
	writePassages  = 6                // that a model is given
	maxWritten     = 4                // sentences
	maxWrittenText = 2 * kb.MaxAnswer // characters
	maxUnsupported = 8                // sentences dropped before any is kept: it babbles
)

// Why a model's answer was not shown, beside those of kb.Support for single sentences.
const (
	fallbackBudget = "budget" // enough was written for now
	fallbackLate   = "late"   // nothing that stands came before the deadline
	fallbackBabble = "babble" // one sentence after another that does not stand
	fallbackEmpty  = "empty"  // nothing that stands was said
	fallbackFailed = "failed" // the model's server failed, or is left alone
)

// Of single sentences.
const (
	whyAgain kb.Why = "again" // said before
	whyAside kb.Why = "aside" // the answer begins with another passage than those that answer
)

// Written is what a model had to do with an answer.
type Written struct {
	Generated bool      `json:"generated,omitempty"` // the sentences shown are the model's
	Model     string    `json:"model,omitempty"`
	Prompt    string    `json:"prompt,omitempty"`  // hash of what it was asked
	Tokens    int       `json:"tokens,omitempty"`  // sent and received
	Dropped   []Dropped `json:"dropped,omitempty"` // its sentences that nobody was shown
	Fallback  string    `json:"fallback,omitempty"`

	Write time.Duration `json:"write_ns,omitempty"`
}

// Dropped is a sentence that a model wrote and that was not shown.
type Dropped struct {
	Text string `json:"text"`
	Why  kb.Why `json:"why"`
}

// write has the model write the answer into a, and emits each sentence once it has been found to
// stand in a passage. Where Generated comes back false, a is as it was.
func (s *Service) write(ctx context.Context, q kb.Query, by *payer, found kb.Results, x kb.Extraction,
	refs map[kb.ArticleID]ArticleRef, a *Answer, emit func(Event)) (out Written) {
	if s.c.Writer == nil || by == nil {
		return out
	}
	out.Model = s.c.Writer.Model()
	from := given(found, x, refs)
	if len(from) == 0 {
		return out
	}
	texts := []string{q.Text}
	for _, p := range from {
		texts = append(texts, p.Title, p.Text)
	}
	cost := s.afford(by, texts...)
	if cost == nil {
		out.Fallback = fallbackBudget
		return out
	}
	start := s.c.Now()
	limited, cancel := context.WithTimeout(ctx, s.c.Writing.Deadline)
	defer cancel()
	w := writer{from: from, sure: sure(x), refs: refs, a: a, emit: emit, numbers: map[place]int{}}
	call, err := s.c.Writer.Write(limited, q, from, w.add)
	cost(call)
	out.Prompt, out.Tokens, out.Dropped, out.Write = call.Prompt, call.Tokens, w.dropped, s.c.Now().Sub(start)
	switch {
	case len(a.Sentences) > 0:
		out.Generated, a.Outcome = true, Answered
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		out.Fallback = fallbackLate
	case err != nil:
		out.Fallback = fallbackFailed
	case len(w.dropped) >= maxUnsupported:
		out.Fallback = fallbackBabble
	default:
		out.Fallback = fallbackEmpty
	}
	if err != nil && ctx.Err() == nil && s.c.Log != nil {
		s.c.Log.Warn("a model did not finish its answer", "model", out.Model, "sentences", len(a.Sentences), "error", err)
	}
	return out
}

// given is what the model is given: the passages that the extraction quotes, then the best of the
// others in their language.
func given(found kb.Results, x kb.Extraction, refs map[kb.ArticleID]ArticleRef) []kb.Passage {
	var out []kb.Passage
	add := func(p kb.Passage) {
		_, live := refs[p.Article]
		if live && len(out) < writePassages && !slices.ContainsFunc(out, func(o kb.Passage) bool { return o.ID == p.ID }) &&
			(len(out) == 0 || out[0].Lang == p.Lang) && len(p.Sentences) > 0 {
			out = append(out, p)
		}
	}
	for _, quote := range x.Quotes {
		add(quote.Passage)
	}
	for _, f := range found.Found {
		add(f.Source)
	}
	return out
}

// sure is the passages that the answer's confidence speaks of.
func sure(x kb.Extraction) map[kb.PassageID]bool {
	out := map[kb.PassageID]bool{}
	for _, quote := range x.Quotes {
		out[quote.Passage.ID] = true
	}
	return out
}

// place is a stretch of a passage.
type place struct {
	passage    kb.PassageID
	start, end int
}

// writer fills an answer with what a model says.
type writer struct {
	from    []kb.Passage
	sure    map[kb.PassageID]bool
	refs    map[kb.ArticleID]ArticleRef
	a       *Answer
	emit    func(Event)
	numbers map[place]int // of citations
	length  int           // characters so far
	dropped []Dropped
}

// add takes a sentence into the answer if it stands; false where the model need not go on.
func (w *writer) add(c kb.Claim) bool {
	got, why := kb.Support(c, w.from)
	switch {
	case why != "":
	case w.said(got.Text):
		why = whyAgain
	case len(w.a.Sentences) == 0 && !w.sure[got.Quotes[0].Passage.ID]:
		why = whyAside
	case w.length+utf8.RuneCountInString(got.Text) > maxWrittenText:
		return false
	}
	if why != "" {
		w.dropped = append(w.dropped, Dropped{c.Text, why})
		return len(w.dropped) < maxUnsupported || len(w.a.Sentences) > 0 && len(w.dropped) < 2*maxUnsupported
	}
	w.length += utf8.RuneCountInString(got.Text)
	quote := got.Quotes[0]
	at := place{quote.Passage.ID, quote.Start, quote.End}
	n, cited := w.numbers[at]
	out := Sentence{Text: got.Text}
	event := Event{Sentence: &out}
	if !cited {
		n = len(w.a.Citations) + 1
		w.numbers[at] = n
		w.a.Citations = append(w.a.Citations, Citation{N: n, Article: w.refs[quote.Passage.Article], Passage: quote.Passage.ID,
			Heading: quote.Passage.Heading(), Anchor: quote.Passage.Anchor, Quote: quote.Text})
		event.Citation = &w.a.Citations[n-1]
	}
	out.Citations = []int{n}
	w.a.Sentences = append(w.a.Sentences, out)
	w.emit(event)
	return len(w.a.Sentences) < maxWritten
}

// said reports whether a sentence is in the answer already, or part of one that is.
func (w *writer) said(text string) bool {
	text = strings.ToLower(strings.Trim(text, " .!?。！？"))
	return slices.ContainsFunc(w.a.Sentences, func(s Sentence) bool { return strings.Contains(strings.ToLower(s.Text), text) })
}
