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
			words: []kb.Hit{word("far", 0.1)}, meaning: []kb.Hit{vector("a", 0.5, 0.5), vector("b", 0.45, 0.45)},
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
			got := kb.Fuse(tc.params, kb.Query{}, tc.words, tc.meaning, nil)
			if diff := cmp.Diff(tc.want, ids(got.Hits)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFuseKeepsTheSignalsOfBoth(t *testing.T) {
	t.Parallel()
	got := kb.Fuse(kb.DefaultParams, kb.Query{},
		[]kb.Hit{{Passage: "a", Article: "x", Signals: kb.Signals{Words: 3, WordShare: 0.5}}},
		[]kb.Hit{{Passage: "a", Article: "x", Signals: kb.Signals{Cosine: 0.9, Centred: 0.4, Title: 0.3, Meaning: true}}}, nil).Hits
	want := kb.Signals{Words: 3, WordShare: 0.5, Cosine: 0.9, Centred: 0.4, Title: 0.3, Meaning: true}
	if len(got) != 1 || got[0].Signals != want {
		t.Errorf("got %+v, want one hit with %+v", got, want)
	}
}

// version is a hit of a group's article in a language.
func version(group kb.GroupID, lang kb.Lang, text, title, share float64) kb.Hit {
	return kb.Hit{Passage: kb.PassageID(string(group) + "/" + string(lang)), Article: kb.ArticleID(string(group) + "/" + string(lang)),
		Group: group, Lang: lang, Signals: kb.Signals{Centred: text, Title: title, WordShare: share, Words: 10 * share, Meaning: true}}
}

// order returns the groups of hits, best first.
func order(hits []kb.Hit) (groups []kb.GroupID) {
	for _, h := range hits {
		if len(groups) == 0 || groups[len(groups)-1] != h.Group {
			groups = append(groups, h.Group)
		}
	}
	return groups
}

func TestFuseHearsEveryVersionOfAGroup(t *testing.T) {
	t.Parallel()
	// Nine versions have nine chances of one that is near by accident.
	near := []kb.Hit{version("many", kb.English, 0.56, 0.56, 0), version("one", kb.Spanish, 0.55, 0.55, 0)}
	for _, l := range []kb.Lang{kb.French, kb.German, kb.Italian} {
		near = append(near, version("many", l, 0.3, 0.3, 0))
	}
	got := kb.Fuse(kb.DefaultParams, kb.Query{Lang: kb.Polish}, nil, near, nil).Hits
	if diff := cmp.Diff([]kb.GroupID{"one", "many"}, order(got)[:2]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFuseDoesNotHoldMissingWordsAgainstAnotherLanguage(t *testing.T) {
	t.Parallel()
	foreign, own, wordy := version("foreign", kb.English, 0.5, 0.5, 0), version("own", kb.French, 0.5, 0.5, 0), version("wordy", kb.French, 0.45, 0.45, 0.8)
	hits := []kb.Hit{own, foreign, wordy}
	q := kb.Query{Lang: kb.French}
	said := kb.Fuse(kb.DefaultParams, q, []kb.Hit{wordy}, hits, nil).Hits
	if diff := cmp.Diff([]kb.GroupID{"wordy", "foreign", "own"}, order(said)); diff != "" {
		t.Errorf("the article that shares no word of its own language comes last (-want +got)\n%s", diff)
	}
	silent := kb.Fuse(kb.DefaultParams, q, nil, hits[:2], nil).Hits
	if silent[0].Score != silent[1].Score {
		t.Errorf("without words nothing tells the two apart: %v", silent)
	}
}

func TestFuseShowsTheReadersLanguage(t *testing.T) {
	t.Parallel()
	hits := []kb.Hit{version("a", kb.English, 0.6, 0.6, 0), version("a", kb.French, 0.4, 0.4, 0), version("a", kb.German, 0.5, 0.5, 0), version("b", kb.English, 0.3, 0.3, 0)}
	for _, tc := range []struct {
		q    kb.Query
		want []kb.PassageID
	}{
		{kb.Query{Lang: kb.French}, []kb.PassageID{"a/fr", "b/en"}},
		{kb.Query{Lang: kb.English, Reader: kb.French}, []kb.PassageID{"a/fr", "b/en"}},
		{kb.Query{Lang: kb.English, Reader: kb.Polish}, []kb.PassageID{"a/en", "b/en"}},
		{kb.Query{Lang: kb.Polish}, []kb.PassageID{"a/en", "a/de", "a/fr", "b/en"}},
	} {
		got := kb.Fuse(kb.DefaultParams, tc.q, nil, hits, nil).Hits
		if diff := cmp.Diff(tc.want, ids(got)); diff != "" {
			t.Errorf("%s for %s (-want +got)\n%s", tc.q.Lang, tc.q.Reader, diff)
		}
		if got[0].Score <= got[len(got)-1].Score {
			t.Errorf("the group's place is not its article's: %v", got)
		}
	}
}

func TestFusePutsWhatIsKnownWholeFirst(t *testing.T) {
	t.Parallel()
	hits := []kb.Hit{version("part", kb.English, 0.9, 0.9, 0), version("whole", kb.English, 0.5, 0.5, 0)}
	got := kb.Fuse(kb.DefaultParams, kb.Query{Lang: kb.English}, nil, hits, map[kb.GroupID][]kb.GroupVersion{"whole": {{Group: "whole", Lang: kb.English, Text: 0.5, Title: 0.5}}}).Hits
	if diff := cmp.Diff([]kb.GroupID{"whole", "part"}, order(got)); diff != "" || got[1].Score > got[0].Score {
		t.Errorf("%v (-want +got)\n%s", got, diff)
	}
}
