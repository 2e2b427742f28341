// Package kb is the knowledge base as a library: articles become passages, a question finds the
// passages that answer it, and an answer is made of their sentences, each tied to the place it
// was taken from.
//
// Read it in this order:
//
//   - article.go, passage.go: what an editor writes, and the pieces that are found and cited.
//   - split.go: a document cut into passages by its headings.
//   - lang.go, detect.go, segment.go, fold.go, words.go: the nine languages, how a text's language is
//     told (by the word lists in lexicon/), how it falls into sentences and words.
//   - query.go, seams.go: a question, what was found, and the interfaces that engines meet.
//   - hybrid.go, fuse.go: words and meaning searched side by side and weighed against each other.
//   - extract.go, choose.go, overlap.go: the answer without a language model, sentence by sentence.
//   - confidence.go, ground.go: whether it is an answer at all, and the check that every sentence
//     of any answer stands in a passage, word for word.
//   - claims.go, claims_token.go, claims_words.go: the check of sentences that a model wrote.
//
// The package imports the standard library and golang.org/x/text alone. It holds values, pure
// functions and four interfaces; engines (bleve, pgvector, an embedding server) are adapters
// that live elsewhere. If it ever needs one of them, the wrong thing is in it.
package kb
