package handoff

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"guichet/internal/problem"
	"guichet/internal/similar"
	"guichet/internal/support"
	"guichet/kb"
)

// Holder is on whose behalf open requests are looked for. Only what is certain opens anything: a member
// by their session, and their address where their site vouches for it. Who holds a conversation's token
// is told of the ticket that stands on it alone: its address may have been proven by somebody else, who
// was written to in another's name.
type Holder struct {
	Member       support.MemberID
	Address      string // verified; "" for none
	Conversation support.ConversationID
}

// HolderOf is the holder that a member is; nil is nobody.
func HolderOf(m *support.Member) (h Holder) {
	if m != nil {
		if h.Member = m.ID; m.EmailVerified {
			h.Address = m.Email
		}
	}
	return h
}

// Draft is a request that is being written.
type Draft struct {
	Text     string
	Lang     kb.Lang
	Category string // "" while none is chosen
	Subject  string // SubjectKey of the order or object it is about; "" for none
}

// SubjectKey is a subject as one text; "" for none.
func SubjectKey(s support.Subject) string {
	if s.ID == "" {
		return ""
	}
	return string(s.Type) + " " + s.ID
}

// Existing is an open ticket of the same member.
type Existing struct {
	Ticket      support.Ticket
	Probability float64 // that the draft is the same request, 0–1; 0 where there is no draft
}

// Advice is what is said to a member while a request is being written.
type Advice struct {
	Existing   []Existing      // likeliest first
	Categories []similar.Guess // likeliest first; none where nobody can tell
}

// PastRequest is a ticket with the message it was made with.
type PastRequest struct {
	Ticket support.Ticket
	Text   string
	Vector []float32 // nil where there is none of the model yet
}

// Spoken is a text that stands in for requests where there are few.
type Spoken struct {
	Category string // of a category's own label or hint; "" of an article's title
	Lang     kb.Lang
	Text     string
	Vector   []float32
}

// GuardStore reads requests and keeps their vectors.
type GuardStore interface {
	// OpenRequests returns the open tickets of a member, and those of their verified address that were
	// released and proven, newest first.
	OpenRequests(ctx context.Context, h Holder, model string, limit int) ([]PastRequest, error)
	// PastRequests returns the newest released tickets of everybody.
	PastRequests(ctx context.Context, model string, limit int) ([]PastRequest, error)
	// UnembeddedRequests returns released tickets without a vector of the model: the one, or with ""
	// any among the newest.
	UnembeddedRequests(ctx context.Context, id support.TicketID, model string, among, limit int) ([]PastRequest, error)
	// SaveRequestVector keeps a ticket's vector; one that is there already, or whose ticket is gone, is
	// left.
	SaveRequestVector(ctx context.Context, id support.TicketID, model string, vector []float32) error
	// EmbeddedTitles returns titles of live articles with their vectors, as questions.
	EmbeddedTitles(ctx context.Context, model string, limit int) ([]Spoken, error)
}

// EmbedRequest is the job that gives a released ticket its vector.
type EmbedRequest struct {
	Ticket support.TicketID `json:"ticket"`
}

// Kind names the job.
func (EmbedRequest) Kind() string { return "embed_request" }

// GuardConfig of a Guard.
type GuardConfig struct {
	Store    GuardStore
	Asking   kb.Embedder                                 // of what somebody waits for; nil means words alone
	Indexing kb.Embedder                                 // of the rest
	Labels   func(ctx context.Context) ([]Spoken, error) // the categories on offer, as they are called; without a text one that says nothing by itself; nil for any
	Deadline time.Duration                               // of embedding a draft; zero means 1.5 s
	Every    time.Duration                               // between two lessons; zero means 15 minutes
	Log      *slog.Logger
}

// Guard keeps members from asking twice, and suggests categories.
type Guard struct {
	c      GuardConfig
	learnt atomic.Pointer[lesson]
	labels map[string][]float32 // vectors by model and text; of Learn alone
}

// lesson is what Learn made of past requests. Read only.
type lesson struct {
	model          string
	background     *similar.Background
	meaning, words *similar.Classifier // nil where there is nothing to learn from
}

// NewGuard returns a Guard that has learnt nothing yet: until Learn has run it goes by words.
func NewGuard(c GuardConfig) *Guard {
	if c.Deadline == 0 {
		c.Deadline = 1500 * time.Millisecond
	}
	if c.Every == 0 {
		c.Every = 15 * time.Minute
	}
	g := &Guard{c: c, labels: map[string][]float32{}}
	g.learnt.Store(&lesson{background: similar.NewBackground(nil)})
	return g
}

const (
	// maxOpen bounds how many open tickets of one member are compared and shown.
	maxOpen, maxShown = 50, 5
	// maxPast is how many of the newest tickets are learnt from.
	maxPast = 5000
	// enoughPast is from how many tickets with vectors on titles of articles are not needed to know
	// what is usual.
	enoughPast, maxTitles = 500, 1000
	// maxGuesses is how many categories are suggested.
	maxGuesses = 3
	// minLetters of a draft: below, there is nothing to compare yet.
	minLetters = 8
)

// Existing returns the open tickets of the holder, newest first; none of a guest's.
func (g *Guard) Existing(ctx context.Context, h Holder) (out []Existing, err error) {
	defer problem.Wrap(&err, "handoff.Guard.Existing")
	open, err := g.open(ctx, h, "", maxShown)
	for _, r := range open {
		out = append(out, Existing{Ticket: r.Ticket})
	}
	return out, err
}

// open reads the holder's open tickets. This is the one door to them.
func (g *Guard) open(ctx context.Context, h Holder, model string, limit int) ([]PastRequest, error) {
	if h == (Holder{}) {
		return nil, nil
	}
	return g.c.Store.OpenRequests(ctx, h, model, limit)
}

// Similar returns those open tickets of the holder that the draft is likely a repetition of, and the
// categories it is likely of. What is missing (an embedder, past tickets) makes it say less, never
// fail. Invalid names the field of a text that is too long.
func (g *Guard) Similar(ctx context.Context, h Holder, d Draft) (out Advice, err error) {
	defer problem.Wrap(&err, "handoff.Guard.Similar")
	if d.Text, err = support.CheckText("text", d.Text, support.MaxRequest); err != nil {
		return out, err
	}
	if letters(d.Text) < minLetters {
		return out, nil
	}
	model, vector := g.embed(ctx, d.Text)
	draft := similar.Request{Text: d.Text, Lang: d.Lang, Vector: vector, Subject: d.Subject, Category: d.Category}
	open, err := g.open(ctx, h, model, maxOpen)
	if err != nil {
		return out, err
	}
	l := g.learnt.Load()
	if l.model != model { // another model than it was learnt with: vectors cannot be compared
		draft.Vector = nil
	}
	for _, r := range open {
		if p := l.background.Duplicate(draft, g.request(r)); p >= similar.Likely {
			out.Existing = append(out.Existing, Existing{r.Ticket, p})
		}
	}
	out.Existing = likeliest(out.Existing)
	classifier := l.words
	if draft.Vector != nil && l.meaning != nil {
		classifier = l.meaning
	}
	if guesses := classifier.Suggest(draft, maxGuesses); len(guesses) > 0 && guesses[0].Probability >= similar.Confident {
		out.Categories = guesses
	}
	return out, nil
}

// embed embeds a draft, if that is quickly done.
func (g *Guard) embed(ctx context.Context, text string) (model string, vector []float32) {
	if g.c.Asking == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, g.c.Deadline)
	defer cancel()
	vectors, err := g.c.Asking.Embed(ctx, kb.AsQuestion, []string{text})
	if err != nil || len(vectors) != 1 {
		return g.c.Asking.Model(), nil
	}
	return g.c.Asking.Model(), vectors[0]
}

func (g *Guard) request(r PastRequest) similar.Request {
	return similar.Request{Text: r.Text, Lang: r.Ticket.Lang, Vector: r.Vector, Category: r.Ticket.Category,
		Subject: SubjectKey(r.Ticket.About)}
}

// Embed gives a released ticket its vector; "" means every one that has none, the newest maxPast.
// Unavailable where the embedder is away.
func (g *Guard) Embed(ctx context.Context, id support.TicketID) (err error) {
	defer problem.Wrap(&err, "handoff.Guard.Embed(%s)", id)
	if g.c.Indexing == nil {
		return nil
	}
	model := g.c.Indexing.Model()
	if model == "" { // it has not said yet how long its vectors are
		return problem.New(problem.Unavailable, "problem.embedder")
	}
	for {
		missing, err := g.c.Store.UnembeddedRequests(ctx, id, model, maxPast, 4)
		if err != nil || len(missing) == 0 {
			return err
		}
		texts := make([]string, len(missing))
		for i, r := range missing {
			texts[i] = r.Text
		}
		vectors, err := g.c.Indexing.Embed(ctx, kb.AsQuestion, texts)
		if err != nil {
			return problem.From(problem.Unavailable, "problem.embedder", err)
		}
		if len(vectors) != len(texts) {
			return fmt.Errorf("%d texts have %d vectors", len(texts), len(vectors))
		}
		for i, r := range missing {
			if err := g.c.Store.SaveRequestVector(ctx, r.Ticket.ID, model, vectors[i]); err != nil {
				return err
			}
		}
	}
}

// Learn looks at past tickets anew: what requests usually look like, and which words and meanings go
// with which category. It takes seconds with thousands of tickets; requests go on meanwhile by
// what was learnt before.
func (g *Guard) Learn(ctx context.Context) (err error) {
	defer problem.Wrap(&err, "handoff.Guard.Learn")
	l := &lesson{}
	if g.c.Indexing != nil {
		l.model = g.c.Indexing.Model()
	}
	past, err := g.c.Store.PastRequests(ctx, l.model, maxPast)
	if err != nil {
		return err
	}
	var usual []similar.Request
	var examples []similar.Example
	withVectors := 0
	for _, r := range past {
		request := g.request(r)
		usual = append(usual, request)
		if r.Vector != nil {
			withVectors++
		}
		// What an agent has closed has the category that it really was.
		if s := r.Ticket.Status; s == support.StatusSolved || s == support.StatusClosed {
			examples = append(examples, similar.Example{Request: request, Category: r.Ticket.Category})
		}
	}
	if withVectors < enoughPast && l.model != "" {
		titles, err := g.c.Store.EmbeddedTitles(ctx, l.model, maxTitles)
		if err != nil {
			return err
		}
		for _, t := range titles {
			usual = append(usual, similar.Request{Text: t.Text, Lang: t.Lang, Vector: t.Vector})
		}
	}
	l.background = similar.NewBackground(usual)
	if examples, err = g.examples(ctx, l.model, examples); err != nil {
		return err
	}
	l.meaning, l.words = classifiers(examples)
	g.learnt.Store(l)
	return nil
}

// Follow learns now and again until ctx ends.
func (g *Guard) Follow(ctx context.Context) error {
	for {
		for _, do := range []func(context.Context) error{func(ctx context.Context) error { return g.Embed(ctx, "") }, g.Learn} {
			// What is not learnt today is learnt in the next round; a missing embedder is said elsewhere.
			if err := do(ctx); err != nil && ctx.Err() == nil && !problem.Is(err, problem.Unavailable) {
				g.c.Log.WarnContext(ctx, "past requests could not be learnt from", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(g.c.Every):
		}
	}
}
