package bleveindex

import (
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/registry"

	"guichet/kb"
)

// Bleve returns the index that this one stands on, for measuring against bleve's own search. Its
// fields are those of document; "guichet_" and a language names the analyzer that reads a question for
// them.
func (x *Index) Bleve() bleve.Index { return x.bleve }

func init() {
	for _, l := range kb.Langs {
		err := registry.RegisterAnalyzer("guichet_"+string(l), func(map[string]any, *registry.Cache) (analysis.Analyzer, error) {
			stem, _, err := newAnalyzers(l)
			return unmarked{stem}, err
		})
		if err != nil {
			panic(err)
		}
	}
}

// unmarked is an analyzer without the marker, which every text has.
type unmarked struct{ *analyzer }

// Analyze satisfies bleve's analysis.Analyzer.
func (u unmarked) Analyze(text []byte) analysis.TokenStream {
	tokens := u.analyzer.Analyze(text)
	return tokens[:len(tokens)-1]
}
