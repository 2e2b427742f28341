package kb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

func ids(hits []kb.Hit) []kb.PassageID {
	var out []kb.PassageID
	for _, h := range hits {
		out = append(out, h.Passage)
	}
	return out
}

func TestFuse(t *testing.T) {
	t.Parallel()
	word := func(id string, share float64) kb.Hit {
		return kb.Hit{Passage: kb.PassageID(id), Score: 10 * share, Signals: kb.Signals{Words: 10 * share, WordShare: share}}
	}
	vector := func(id string, text, title float64) kb.Hit {
		return kb.Hit{Passage: kb.PassageID(id), Score: max(text, title), Signals: kb.Signals{Centred: text, Title: title, Cosine: 0.8, Meaning: true}}
	}
	shallow := kb.DefaultParams
	shallow.Depth = 2
	for _, tc := range []struct {
		name           string
		params         kb.Params
		words, meaning []kb.Hit
		want           []kb.PassageID
	}{
		{name: "NothingFound"},
		{name: "WordsAlone", words: []kb.Hit{word("a", 0.2), word("b", 0.7)}, want: []kb.PassageID{"b", "a"}},
		{name: "MeaningAlone", meaning: []kb.Hit{vector("a", 0.3, 0.1), vector("b", 0.2, 0.6)}, want: []kb.PassageID{"b", "a"}},
		{
			name:  "FirstByStrayWordsDoesNotOutvoteMeaning",
			words: []kb.Hit{word("stray", 0.2), word("stray2", 0.15)}, meaning: []kb.Hit{vector("foreign", 0.6, 0.6), vector("stray", 0.3, 0.2), vector("stray2", 0.3, 0.2)},
			want: []kb.PassageID{"foreign", "stray", "stray2"},
		},
		{
			name:  "WordsDecideBetweenEquals",
			words: []kb.Hit{word("b", 0.8)}, meaning: []kb.Hit{vector("a", 0.5, 0.5), vector("b", 0.47, 0.47)},
			want: []kb.PassageID{"b", "a"},
		},
		{
			name:  "WithoutAVectorYetWordsSpeakForIt",
			words: []kb.Hit{word("new", 0.8)}, meaning: []kb.Hit{vector("a", 0.4, 0.3)},
			want: []kb.PassageID{"new", "a"},
		},
		{
			name: "BeyondTheMeaningLegsDepthIsNoBetterThanItsLast", params: shallow,
			words: []kb.Hit{word("far", 0.3)}, meaning: []kb.Hit{vector("a", 0.5, 0.5), vector("b", 0.45, 0.45)},
			want: []kb.PassageID{"a", "b", "far"},
		},
		{
			name: "KnownToHaveNoVectorIsHeardByItsWords", params: shallow,
			words:   []kb.Hit{word("new", 0.9)},
			meaning: []kb.Hit{vector("a", 0.5, 0.5), vector("b", 0.45, 0.45), {Passage: "new"}},
			want:    []kb.PassageID{"new", "a", "b"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.params == (kb.Params{}) {
				tc.params = kb.DefaultParams
			}
			got := kb.Fuse(tc.params, tc.words, tc.meaning)
			if diff := cmp.Diff(tc.want, ids(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFuseKeepsTheSignalsOfBoth(t *testing.T) {
	t.Parallel()
	got := kb.Fuse(kb.DefaultParams,
		[]kb.Hit{{Passage: "a", Article: "x", Signals: kb.Signals{Words: 3, WordShare: 0.5}}},
		[]kb.Hit{{Passage: "a", Article: "x", Signals: kb.Signals{Cosine: 0.9, Centred: 0.4, Title: 0.3, Meaning: true}}})
	want := kb.Signals{Words: 3, WordShare: 0.5, Cosine: 0.9, Centred: 0.4, Title: 0.3, Meaning: true}
	if len(got) != 1 || got[0].Signals != want {
		t.Errorf("got %+v, want one hit with %+v", got, want)
	}
}
