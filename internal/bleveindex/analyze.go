package bleveindex

import (
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/pl"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/registry"

	"guichet/kb"
)

// generation names what Apply writes. A change of it, of the fields or of an analyzer, makes Open
// build the index anew; so does a new version of bleve's own format, by its refusal to open.
const generation = "1"

// stemmers are bleve's token filters that bring a language's inflections together. Chinese has none.
var stemmers = map[kb.Lang][]string{
	kb.English:    {en.SnowballStemmerName},
	kb.Spanish:    {es.LightStemmerName},
	kb.Italian:    {it.LightStemmerName},
	kb.French:     {fr.LightStemmerName},
	kb.Dutch:      {nl.SnowballStemmerName},
	kb.German:     {de.NormalizeName, de.LightStemmerName},
	kb.Portuguese: {pt.LightStemmerName},
	kb.Polish:     {pl.SnowballStemmerName},
}

// marker is a token that each text of a field carries beside its words: its postings are all the
// texts of the field, with their lengths.
const marker = "\x01"

// analyzer makes a language's text into tokens.
//
// A word is folded before it is stemmed, so that a question typed without accents meets the same
// stems: the stemmers decide by endings, and those they know by their accents alone are few. (The
// other order keeps apart what members write both ways: reçu and recu, été and ete.)
type analyzer struct {
	lang  kb.Lang
	exact bool // keep every word as it is written, folded
	stem  []analysis.TokenFilter
}

// newAnalyzers returns the analyzers of a language's text: one for stems, one for exact words.
func newAnalyzers(lang kb.Lang) (stem, exact *analyzer, err error) {
	cache := registry.NewCache()
	stem, exact = &analyzer{lang: lang}, &analyzer{lang: lang, exact: true}
	for _, name := range stemmers[lang] {
		f, err := cache.TokenFilterNamed(name)
		if err != nil {
			return nil, nil, err
		}
		stem.stem = append(stem.stem, f)
	}
	return stem, exact, nil
}

// Analyze satisfies bleve's analysis.Analyzer.
func (a *analyzer) Analyze(text []byte) analysis.TokenStream {
	words := kb.Words(a.lang, string(text))
	tokens := make(analysis.TokenStream, 0, len(words)+1)
	for _, w := range words {
		if a.exact {
			tokens = append(tokens, &analysis.Token{Term: []byte(w), Position: len(tokens) + 1})
		} else if !kb.StopWord(a.lang, w) {
			tokens = append(tokens, &analysis.Token{Term: []byte(a.stemOf(w)), Position: len(tokens) + 1})
		}
	}
	return append(tokens, &analysis.Token{Term: []byte(marker), Position: len(tokens) + 1})
}

// stemOf returns the stem of a folded word.
func (a *analyzer) stemOf(word string) string {
	tokens := analysis.TokenStream{{Term: []byte(word)}}
	for _, f := range a.stem {
		tokens = f.Filter(tokens)
	}
	if len(tokens) != 1 || len(tokens[0].Term) == 0 {
		return word
	}
	return kb.Fold(string(tokens[0].Term))
}
