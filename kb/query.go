package kb

// Query is a question put to a Retriever.
type Query struct {
	Text       string        // at most MaxQuestion characters, valid UTF-8
	Lang       Lang          // the question's language; "" where it is not known
	Reader     Lang          // the language to show articles in, where they exist in it; "" means Lang
	Collection CollectionKey // "" searches all; filters what is returned, never the statistics
	Audience   Audience      // the narrowest audience that the asker belongs to
	Limit      int           // passages wanted; zero means 50
	Typing     bool          // the text may end within a word
	Vector     []float32     // the question embedded, unit length; nil where there is none
	Told       []string      `json:"-"` // what a Generator may know of the asker's own business beside the passages; no search looks at it
}

// MaxQuestion bounds a question, in characters.
const MaxQuestion = 2000

// Hit is a passage that a Retriever found. Score ranks hits of one call and means nothing else;
// Signals say what was measured, comparable between calls.
type Hit struct {
	Passage PassageID
	Article ArticleID
	Group   GroupID
	Lang    Lang
	Score   float64
	Signals Signals
}

// Signals are what the legs measured of one hit. A zero is "not measured" as well as "none".
type Signals struct {
	Words     float64 // BM25 score of the passage
	WordShare float64 // BM25 over the best score any text could reach for the question, 0–1
	Cosine    float64 // question · passage, raw, −1–1
	Centred   float64 // the same after subtracting the language means, −1–1
	Title     float64 // question · title, centred, −1–1
	Meaning   bool    // a vector was compared
}

// Found is a hit with its passage, read from the live version.
type Found struct {
	Hit
	Source Passage
}

// Results are what a search found, best first, and which legs could not take part.
type Results struct {
	Found    []Found
	Degraded []string  // names of legs that failed or were late: "words", "meaning"
	Evidence Evidence  // what speaks for the first of them
	Vector   []float32 // the question embedded, as the search used it; nil where it had none
}
