package assistant

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Trace is what an answer was made from, for staff: enough to say why it came out as it did, and to
// make it again.
type Trace struct {
	Query    kb.Query       `json:"query"`            // without its vector; its text is what was searched
	Asked    string         `json:"asked,omitempty"`  // what was typed, where that leans on what was said before
	Vector   Vector         `json:"vector,omitempty"` // of the question, as the search used it
	Articles []TraceArticle `json:"articles,omitempty"`
	Found    []TraceHit     `json:"found"`           // best first
	Taken    []TraceTaken   `json:"taken,omitempty"` // sentences taken word for word, offered or not
	Degraded []string       `json:"degraded,omitempty"`
	Setup    Setup          `json:"setup"`
	Written
	Rewritten  Rewritten  `json:"rewritten,omitzero"`
	Translated Translated `json:"translated,omitzero"`

	Search  time.Duration `json:"search_ns"`
	Extract time.Duration `json:"extract_ns"`
}

// TraceHit is one passage that was looked at.
type TraceHit struct {
	Passage kb.PassageID `json:"passage"`
	Article kb.ArticleID `json:"article"`
	Version int          `json:"version"`
	Heading string       `json:"heading,omitempty"`
	Hash    string       `json:"hash,omitempty"` // of the passage's content
	Score   float64      `json:"score"`
	Signals kb.Signals   `json:"signals"`
	// The hit's places, from 1, among those of the trace, by words alone and by meaning alone; 0 where
	// that leg knew nothing of it.
	ByWords   int `json:"by_words,omitempty"`
	ByMeaning int `json:"by_meaning,omitempty"`
}

// TraceArticle is an article of which a passage was looked at, as members read it then.
type TraceArticle struct {
	ID        kb.ArticleID `json:"id"`
	Lang      kb.Lang      `json:"lang"`
	Slug      string       `json:"slug"`
	Title     string       `json:"title"`
	Version   int          `json:"version"`
	UpdatedAt time.Time    `json:"updated_at"`
}

// TraceTaken is a sentence that was taken word for word, whether or not it was offered.
type TraceTaken struct {
	Passage kb.PassageID `json:"passage"`
	Text    string       `json:"text"`
}

// Setup is what an answer was made with.
type Setup struct {
	Params  *kb.Params        `json:"params,omitempty"` // nil: not recorded
	Extract *kb.ExtractParams `json:"extract,omitempty"`
	Model   string            `json:"embedder,omitempty"` // "" for words alone
	Means   int               `json:"means,omitempty"`    // version of the mean vectors
	Index   int64             `json:"index,omitempty"`    // last change that the word index had seen
}

// Vector is a vector that keeps little room in JSON: base64 of its little-endian numbers.
type Vector []float32

// MarshalText implements encoding.TextMarshaler.
func (v Vector) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Vector) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%4 != 0 {
		return fmt.Errorf("no vector: %d bytes, %w", len(raw), err)
	}
	*v = make(Vector, 0, len(raw)/4)
	for i := 0; i < len(raw); i += 4 {
		*v = append(*v, math.Float32frombits(binary.LittleEndian.Uint32(raw[i:])))
	}
	return nil
}

// trace writes down what an answer is made from.
func (s *Service) trace(ctx context.Context, q kb.Query, found kb.Results, x kb.Extraction, refs map[kb.ArticleID]ArticleRef) Trace {
	t := Trace{Query: q, Vector: found.Vector, Degraded: found.Degraded}
	t.Query.Vector = nil
	if s.c.Setup != nil {
		t.Setup = s.c.Setup(ctx)
	}
	seen := map[kb.ArticleID]bool{}
	for _, f := range found.Found {
		p := f.Source
		t.Found = append(t.Found, TraceHit{Passage: p.ID, Article: p.Article, Version: p.Version, Heading: p.Heading(),
			Hash: p.Hash().String(), Score: f.Score, Signals: f.Signals})
		if seen[p.Article] {
			continue
		}
		seen[p.Article] = true
		t.Articles = append(t.Articles, TraceArticle{ID: p.Article, Lang: p.Lang, Slug: p.Slug, Title: p.Title,
			Version: p.Version, UpdatedAt: refs[p.Article].UpdatedAt})
	}
	t.place()
	for _, sentence := range x.Sentences {
		t.Taken = append(t.Taken, TraceTaken{x.Quotes[sentence.Quote].Passage.ID, sentence.Text})
	}
	return t
}

// place numbers the hits by what each leg alone said of them.
func (t *Trace) place() {
	rank := func(knows func(TraceHit) bool, score func(TraceHit) float64, set func(*TraceHit, int)) {
		var at []int
		for i, h := range t.Found {
			if knows(h) {
				at = append(at, i)
			}
		}
		slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(score(t.Found[b]), score(t.Found[a])) })
		for n, i := range at {
			set(&t.Found[i], n+1)
		}
	}
	rank(func(h TraceHit) bool { return h.Signals.Words > 0 }, func(h TraceHit) float64 { return h.Signals.Words },
		func(h *TraceHit, n int) { h.ByWords = n })
	rank(func(h TraceHit) bool { return h.Signals.Meaning }, func(h TraceHit) float64 { return max(h.Signals.Centred, h.Signals.Title) },
		func(h *TraceHit, n int) { h.ByMeaning = n })
}

// Article returns the article as it was read; ok is false where the trace does not say.
func (t Trace) Article(id kb.ArticleID) (a TraceArticle, ok bool) {
	for _, a := range t.Articles {
		if a.ID == id {
			return a, true
		}
	}
	return TraceArticle{}, false
}

// Trace returns a stored answer and what it was made from, for staff; Unauthorized for anybody else,
// NotFound if it was never given or is past its keeping.
func (s *Service) Trace(ctx context.Context, actor support.Actor, id support.AnswerID) (Answer, Trace, error) {
	if !actor.IsStaff() {
		return Answer{}, Trace{}, problem.New(problem.Unauthorized, "")
	}
	return s.c.Store.FindTrace(ctx, id)
}

// Again answers a traced question once more with what this service has; nothing is stored.
func (s *Service) Again(ctx context.Context, t Trace) (_ Answer, _ Trace, err error) {
	defer problem.Wrap(&err, "assistant.Again")
	q := t.Query
	q.Vector = t.Vector
	return s.answer(ctx, q, nil, func(Event) {})
}
