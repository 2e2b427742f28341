// Package assistant answers a question from the published articles: it finds passages, takes the
// sentences that answer, and says plainly when it does not know. What it answered, and from what,
// is stored.
package assistant

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Outcome of a question.
type Outcome string

// The outcomes.
const (
	Answered Outcome = "answered"
	Clarify  Outcome = "clarify"
	Unknown  Outcome = "unknown"
)

// Question is what was asked.
type Question struct {
	Text       string
	Lang       kb.Lang // of the interface, or as the caller says; "" is told from the text
	Collection kb.CollectionKey
	Typing     bool // of a search: the text may end within a word, and the answer cannot wait
	Actor      support.Actor
	Subject    support.Subject // of the actor's, that it is about; zero for nothing in particular

	Site string // origin of the page that embeds the help center; "" for its own pages
	// Place takes a place in a waiting line before there is work; done gives it back. Nil: none is
	// needed. Of a conversation's questions, which may wait for others without one.
	Place func(ctx context.Context) (done func(), err error)

	conversation support.ConversationID
	about        *subject
}

// Answer is what was answered. Sentences cite by the numbers of Citations, from 1.
type Answer struct {
	ID         support.AnswerID
	Question   string
	Outcome    Outcome
	Lang       kb.Lang // of the question
	Sentences  []Sentence
	Spoken     kb.Lang      `json:",omitempty"` // of the sentences, where it is another than the question's
	Translated *Translation `json:",omitempty"` // of the sentences, by a model
	Confidence float64      // calibrated probability that the cited passages answer the question
	Citations  []Citation
	Choices    []Choice // of clarify
	Handoff    Handoff  `json:",omitempty"` // why a person comes first; "" where none does
	Courtesy   Courtesy `json:",omitempty"` // of a message that asks nothing
	// About is what is told of the member's order or object. It stands in their thread alone, never
	// with the answers that are kept to be looked into.
	About     *support.SaidSubject `json:"-"`
	Related   []ArticleRef
	Degraded  []string // parts of the search that could not take part
	Joined    []string `json:",omitempty"` // client ids of the other messages that it answers
	CreatedAt time.Time
}

// In is the language that the sentences are in: the articles', where none is in the question's.
func (a Answer) In() kb.Lang { return cmp.Or(a.Spoken, a.Lang) }

// Text is the sentences joined, without marks; empty unless answered.
func (a Answer) Text() string {
	var b strings.Builder
	for i, s := range a.Sentences {
		if i > 0 && a.In() != kb.Chinese {
			b.WriteByte(' ')
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// Sentence is one sentence of an answer and the citations it stands on.
type Sentence struct {
	Text      string
	Citations []int
}

// Citation is a place in a version: Quote stands there word for word.
type Citation struct {
	N       int
	Article ArticleRef
	Passage kb.PassageID
	Heading string
	Anchor  string
	Quote   string
}

// ArticleRef names an article for a reader.
type ArticleRef struct {
	ID        kb.ArticleID
	Group     kb.GroupID
	Lang      kb.Lang
	Slug      string
	Title     string
	Version   int
	UpdatedAt time.Time
}

// Choice is one reading of a question that could mean several things.
type Choice struct {
	Label string
	Text  string // the question to ask instead
}

// SearchHit is one translation group that a search found, by its best passage.
type SearchHit struct {
	Article ArticleRef
	Passage kb.Passage
	Score   float64
}

// Store keeps answers.
type Store interface {
	SaveAnswer(ctx context.Context, a Answer, trace Trace) error
	// FindAnswer returns a stored answer; NotFound if it was never given or is past its keeping.
	FindAnswer(ctx context.Context, id support.AnswerID) (Answer, error)
	// FindTrace is FindAnswer with what the answer was made from.
	FindTrace(ctx context.Context, id support.AnswerID) (Answer, Trace, error)
	// ArticleRefs returns the live articles among ids that the audience may read.
	ArticleRefs(ctx context.Context, ids []kb.ArticleID, audience kb.Audience) (map[kb.ArticleID]ArticleRef, error)
}

// Searcher finds passages; *kb.Hybrid is one.
type Searcher interface {
	Search(ctx context.Context, q kb.Query) (kb.Results, error)
}

// Extractor takes the sentences that answer out of what was found; *kb.Extractor is one.
type Extractor interface {
	Extract(ctx context.Context, q kb.Query, r kb.Results) (kb.Extraction, error)
}

// Config of a Service.
type Config struct {
	Search    Searcher
	Typing    Searcher // by words alone: it waits for no embedder
	Extractor Extractor
	Writer    Writer      // nil: answers are taken word for word alone
	Rewriter  Rewriter    // nil: a question that leans on another carries its words
	Translate Translator  // nil: what stands in another language alone is not translated
	Writing   WriteLimits // with any of the three
	Settle    time.Duration
	Store     Store
	Threads   Threads
	Subjects  Subjects // nil: nobody may ask about an order
	Ratings   Ratings
	Gaps      Gaps
	Setup     func(context.Context) Setup // what answers are made with; nil where nobody asks
	Log       *slog.Logger
	Now       func() time.Time // nil means time.Now
	// Wait waits, or returns ctx's error if that ends first. Nil waits.
	Wait func(ctx context.Context, d time.Duration) error
}

// Service answers.
type Service struct {
	c       Config
	writing budget
	running running
}

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	c.Writing = c.Writing.withDefaults()
	return &Service{c: c, writing: budget{limits: c.Writing, now: c.Now}}
}

// Event is something an answer's reader can be shown before the answer is whole: Joined, About, Sources
// or a Sentence.
type Event struct {
	// Joined is the client id of a later message, which is answered together with this one: what was
	// emitted before is not to be shown.
	Joined   string
	About    *support.SaidSubject
	Sources  []ArticleRef
	Sentence *Sentence
	Citation *Citation // of the sentence, the first time it is cited
}

// sureLang is how sure of a text's language one must be to answer in another than the reader's own: a
// bare word is at home in several.
const sureLang = 0.8

// looked is how many passages an answer is made from: those that it quotes, and the articles beside
// them.
const looked = 24

func (s *Service) query(q Question) (kb.Query, error) {
	text, err := support.CheckText("text", q.Text, kb.MaxQuestion)
	if err != nil {
		return kb.Query{}, err
	}
	lang, sure := kb.DetectLang(text, q.Lang)
	if q.Lang != "" && sure < sureLang {
		lang = q.Lang
	}
	return kb.Query{Text: text, Lang: lang, Collection: q.Collection, Audience: q.Actor.Audience(), Told: q.about.toldOf(), Limit: looked}, nil
}

// Ask answers a question and stores the answer. emit, where it is not nil, is called from this
// goroutine with what is ready before the whole: the sources found, then each checked sentence.
// Errors: Invalid names the field text; Unavailable where nothing could be searched at all.
func (s *Service) Ask(ctx context.Context, question Question, emit func(Event)) (a Answer, err error) {
	defer problem.Wrap(&err, "assistant.Ask")
	if question.about, err = s.subject(ctx, question); err != nil {
		return a, err
	}
	q, err := s.query(question)
	if err != nil {
		return a, err
	}
	if emit == nil {
		emit = func(Event) {}
	}
	return s.keep(ctx, q, asking{Query: q}, past{about: question.about}, question.payer(), emit)
}

// answer answers a question and stores nothing. by is for whom models are asked; nil leaves them out.
func (s *Service) answer(ctx context.Context, q kb.Query, by *payer, emit func(Event)) (a Answer, trace Trace, err error) {
	start := s.c.Now()
	a = Answer{ID: support.NewSecretID[support.AnswerID](), Question: q.Text, Lang: q.Lang, CreatedAt: start, Outcome: Unknown}
	if a.intent(q) {
		return a, Trace{Query: q}, nil
	}
	found, err := s.c.Search.Search(ctx, q)
	if err != nil {
		return a, trace, problem.From(problem.Unavailable, "problem.search", err)
	}
	searched := s.c.Now()
	refs, err := s.refs(ctx, found, q.Audience)
	if err != nil {
		return a, trace, err
	}
	emit(Event{Sources: distinct(found, refs, 3)})

	x, err := s.c.Extractor.Extract(ctx, q, found)
	if err != nil {
		return a, trace, err
	}
	a.Confidence, a.Degraded = x.Confidence, found.Degraded
	if a.Handoff == "" {
		a.clarify(kb.Clarify(q, found.Found, x))
	}
	extracted := s.c.Now()
	var written Written
	if x.Answers && a.Handoff == "" && a.Outcome != Clarify {
		if written = s.write(ctx, q, by, found, x, refs, &a, emit); !written.Generated {
			a.cite(x, refs, emit)
		}
	}
	a.speak()
	translated := s.translate(ctx, by, &a)
	a.Related = related(a, found, refs)
	trace = s.trace(ctx, q, found, x, refs)
	trace.Search, trace.Extract, trace.Written, trace.Translated = searched.Sub(start), extracted.Sub(searched), written, translated
	return a, trace, nil
}

// cite fills the answer from an extraction whose every sentence has been grounded.
func (a *Answer) cite(x kb.Extraction, refs map[kb.ArticleID]ArticleRef, emit func(Event)) {
	numbers := map[int]int{} // quote in x → citation number
	for _, sentence := range x.Sentences {
		quote := x.Quotes[sentence.Quote]
		ref, live := refs[quote.Passage.Article]
		if !live {
			continue // unpublished between the search and now
		}
		n, cited := numbers[sentence.Quote]
		out := Sentence{Text: sentence.Text}
		event := Event{Sentence: &out}
		if !cited {
			n = len(a.Citations) + 1
			numbers[sentence.Quote] = n
			a.Citations = append(a.Citations, Citation{N: n, Article: ref, Passage: quote.Passage.ID,
				Heading: quote.Passage.Heading(), Anchor: quote.Passage.Anchor, Quote: quote.Text})
			event.Citation = &a.Citations[n-1]
		}
		out.Citations = []int{n}
		a.Sentences = append(a.Sentences, out)
		emit(event)
	}
	if len(a.Sentences) > 0 {
		a.Outcome = Answered
	}
}

// Find returns a stored answer.
func (s *Service) Find(ctx context.Context, id support.AnswerID) (Answer, error) {
	return s.c.Store.FindAnswer(ctx, id)
}

// Search returns the translation groups that match, best first, each by its best passage, in the
// question's language where the article exists in it.
func (s *Service) Search(ctx context.Context, question Question, limit int) (hits []SearchHit, lang kb.Lang, degraded []string, err error) {
	defer problem.Wrap(&err, "assistant.Search")
	q, err := s.query(question)
	if err != nil {
		return nil, "", nil, err
	}
	reader := question.Lang // the words may be in another language than the one to show articles in
	if reader == "" {
		reader = q.Lang
	}
	q.Limit, q.Typing, q.Reader = max(5*limit, 50), question.Typing, reader
	search := s.c.Search
	if q.Typing {
		search = s.c.Typing
	}
	found, err := search.Search(ctx, q)
	if err != nil {
		return nil, q.Lang, nil, problem.From(problem.Unavailable, "problem.search", err)
	}
	refs, err := s.refs(ctx, found, q.Audience)
	if err != nil {
		return nil, q.Lang, nil, err
	}
	for _, f := range kb.ByGroup(found.Found, reader) {
		if ref, live := refs[f.Source.Article]; live && len(hits) < limit {
			hits = append(hits, SearchHit{Article: ref, Passage: f.Source, Score: f.Score})
		}
	}
	return hits, q.Lang, found.Degraded, nil
}

func (s *Service) refs(ctx context.Context, r kb.Results, audience kb.Audience) (map[kb.ArticleID]ArticleRef, error) {
	var ids []kb.ArticleID
	seen := map[kb.ArticleID]bool{}
	for _, f := range r.Found {
		if !seen[f.Source.Article] {
			seen[f.Source.Article] = true
			ids = append(ids, f.Source.Article)
		}
	}
	return s.c.Store.ArticleRefs(ctx, ids, audience)
}

// distinct returns the first n articles found, one a translation group.
func distinct(r kb.Results, refs map[kb.ArticleID]ArticleRef, n int) []ArticleRef {
	var out []ArticleRef
	seen := map[kb.GroupID]bool{}
	for _, f := range r.Found {
		if ref, ok := refs[f.Source.Article]; ok && !seen[ref.Group] && len(out) < n {
			seen[ref.Group] = true
			out = append(out, ref)
		}
	}
	return out
}

// related returns up to three articles beside those cited. Where nothing was found that answers,
// they are the nearest there is, in the question's language only.
func related(a Answer, r kb.Results, refs map[kb.ArticleID]ArticleRef) []ArticleRef {
	cited := map[kb.GroupID]bool{}
	for _, c := range a.Citations {
		cited[c.Article.Group] = true
	}
	var out []ArticleRef
	for _, ref := range distinct(r, refs, 12) {
		if !cited[ref.Group] && ref.Lang == a.Lang && len(out) < 3 {
			out = append(out, ref)
		}
	}
	return out
}
