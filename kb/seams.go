package kb

import "context"

// Retriever finds the passages that match a question.
type Retriever interface {
	// Retrieve returns at most q.Limit hits, best first, each passage once, only of published
	// articles, of q.Collection where it is set, and only those that q.Audience may read: both
	// filters act before ranking. A question that matches nothing is an empty slice and no error.
	// It honours ctx's deadline. Safe for concurrent use.
	Retrieve(ctx context.Context, q Query) ([]Hit, error)
}

// Measurer is a Retriever by meaning that can also compare a question with translation groups as a
// whole, so that each of a group's versions is heard, also those that are far.
type Measurer interface {
	// Measure returns every version of the groups that q may return (its collection and audience) and
	// that has a vector, in no order.
	Measure(ctx context.Context, q Query, groups []GroupID) ([]GroupVersion, error)
}

// GroupVersion is how near a group's article in one language is to a question: the best of its texts'
// centred cosines, and its title's. Minus infinity is "no vector yet".
type GroupVersion struct {
	Group       GroupID
	Lang        Lang
	Text, Title float64
}

// Task tells an Embedder what a text is; e5-type models embed questions and passages differently.
type Task int

// The tasks.
const (
	AsQuestion Task = iota
	AsPassage
)

// Embedder turns texts into vectors.
type Embedder interface {
	// Embed returns one vector of unit length per text, in the order given. An empty text, a NUL
	// byte, invalid UTF-8 or an overlong text is no error: the text is cleaned and cut before it
	// is embedded. Errors are all or nothing. Safe for concurrent use; it honours ctx's deadline.
	Embed(ctx context.Context, task Task, texts []string) ([][]float32, error)
	// Model names the model and its dimensions ("multilingual-e5-small-q4/384"); vectors of different names
	// are never compared.
	Model() string
}

// Library reads passages.
type Library interface {
	// Passages returns the live passages among ids that audience may read, in no fixed order.
	// One that was unpublished or replaced in the meantime is simply not there.
	Passages(ctx context.Context, ids []PassageID, audience Audience) ([]Passage, error)
}

// SentenceScorer compares a question with the sentences of passages by meaning.
type SentenceScorer interface {
	// SentenceScores returns, for each passage whose sentence vectors exist, the centred cosine
	// of q.Vector and each of its sentences, in their order.
	SentenceScores(ctx context.Context, q Query, ids []PassageID) (map[PassageID][]float64, error)
}

// Generator writes an answer from passages. It is optional; what it writes is checked by Ground.
type Generator interface {
	// Generate returns sentences with the numbers (from 1) of the passages each stands on.
	Generate(ctx context.Context, q Query, from []Passage) ([]Claim, error)
}

// Claim is a sentence and the numbers of the sources, from 1, that it says it stands on.
type Claim struct {
	Text    string
	Sources []int
}

// Reranker reorders what was found.
type Reranker interface {
	// Rerank returns found in a better order; it may shorten it, and adds nothing.
	Rerank(ctx context.Context, q Query, found []Found) ([]Found, error)
}
