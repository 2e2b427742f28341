package kb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
	"guichet/kb/kbtest"
)

// legFunc is a Retriever made of a function.
type legFunc func(ctx context.Context, q kb.Query) ([]kb.Hit, error)

func (f legFunc) Retrieve(ctx context.Context, q kb.Query) ([]kb.Hit, error) { return f(ctx, q) }

func finds(hits ...kb.Hit) legFunc {
	return func(context.Context, kb.Query) ([]kb.Hit, error) { return slices.Clone(hits), nil }
}

func fails(context.Context, kb.Query) ([]kb.Hit, error) { return nil, errors.New("broken") }

// hangs until the deadline.
func hangs(ctx context.Context, _ kb.Query) ([]kb.Hit, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// deaf does not even heed the deadline.
func deaf(release <-chan struct{}) legFunc {
	return func(context.Context, kb.Query) ([]kb.Hit, error) {
		<-release
		return nil, nil
	}
}

type embedFunc func(ctx context.Context, texts []string) ([][]float32, error)

func (f embedFunc) Embed(ctx context.Context, _ kb.Task, texts []string) ([][]float32, error) {
	return f(ctx, texts)
}
func (embedFunc) Model() string { return "fake/2" }

func unit(context.Context, []string) ([][]float32, error) { return [][]float32{{1, 0}}, nil }

var (
	shelf = kbtest.Passages(kb.Article{ID: "shelf", Lang: kb.English, Collection: "home", Title: "Shelves"}, "Put up a shelf.")[0]
	chair = kbtest.Passages(kb.Article{ID: "chair", Lang: kb.English, Collection: "home", Title: "Chairs"}, "Glue a chair.")[0]
)

func hitOf(p kb.Passage, share, cosine float64) kb.Hit {
	return kb.Hit{Passage: p.ID, Article: p.Article, Group: p.Group, Lang: p.Lang,
		Signals: kb.Signals{WordShare: share, Centred: cosine, Title: cosine, Meaning: cosine != 0}}
}

func TestHybridSearch(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	words, meaning := finds(hitOf(shelf, 0.7, 0)), finds(hitOf(chair, 0, 0.9))
	for _, tc := range []struct {
		name           string
		words, meaning kb.Retriever
		embed          kb.Embedder
		vector         []float32
		want           []kb.ArticleID
		degraded       []string
		err            bool
	}{
		{name: "Both", words: words, meaning: meaning, embed: embedFunc(unit), want: []kb.ArticleID{"chair", "shelf"}},
		{name: "WordsAloneByChoice", words: words, want: []kb.ArticleID{"shelf"}},
		{name: "NoEmbedderByChoice", words: words, meaning: meaning, want: []kb.ArticleID{"shelf"}},
		{name: "TheQuestionBringsItsVector", words: words, meaning: meaning, vector: []float32{0, 1}, want: []kb.ArticleID{"chair", "shelf"}},
		{name: "MeaningFails", words: words, meaning: legFunc(fails), embed: embedFunc(unit), want: []kb.ArticleID{"shelf"}, degraded: []string{"meaning"}},
		{name: "EmbedderFails", words: words, meaning: meaning, embed: embedFunc(func(context.Context, []string) ([][]float32, error) { return nil, errors.New("down") }),
			want: []kb.ArticleID{"shelf"}, degraded: []string{"meaning"}},
		{name: "EmbedderHangs", words: words, meaning: meaning, embed: embedFunc(func(ctx context.Context, _ []string) ([][]float32, error) { <-ctx.Done(); return nil, ctx.Err() }),
			want: []kb.ArticleID{"shelf"}, degraded: []string{"meaning"}},
		{name: "MeaningIsLate", words: words, meaning: legFunc(hangs), embed: embedFunc(unit), want: []kb.ArticleID{"shelf"}, degraded: []string{"meaning"}},
		{name: "MeaningIsDeaf", words: words, meaning: deaf(release), embed: embedFunc(unit), want: []kb.ArticleID{"shelf"}, degraded: []string{"meaning"}},
		{name: "WordsFail", words: legFunc(fails), meaning: meaning, embed: embedFunc(unit), want: []kb.ArticleID{"chair"}, degraded: []string{"words"}},
		{name: "WordsAreLate", words: legFunc(hangs), meaning: meaning, embed: embedFunc(unit), want: []kb.ArticleID{"chair"}, degraded: []string{"words"}},
		{name: "BothFail", words: legFunc(fails), meaning: legFunc(hangs), embed: embedFunc(unit), err: true},
		{name: "WordsFailAndThereIsNothingElse", words: legFunc(fails), err: true},
		{name: "NothingFound", words: finds(), meaning: finds(), embed: embedFunc(unit)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := kb.NewHybrid(kb.HybridConfig{Words: tc.words, Meaning: tc.meaning, Embedder: tc.embed, Library: kbtest.NewLibrary([]kb.Passage{shelf, chair}),
				WordsDeadline: 100 * time.Millisecond, MeaningDeadline: 100 * time.Millisecond})
			r, err := h.Search(t.Context(), kb.Query{Text: "q", Lang: kb.English, Vector: tc.vector})
			if (err != nil) != tc.err {
				t.Fatalf("error %v, want one: %v", err, tc.err)
			}
			var got []kb.ArticleID
			for _, f := range r.Found {
				if f.Source.ID != f.Passage {
					t.Errorf("hit %s carries passage %s", f.Passage, f.Source.ID)
				}
				got = append(got, f.Article)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("found (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tc.degraded, r.Degraded); diff != "" {
				t.Errorf("degraded (-want +got)\n%s", diff)
			}
		})
	}
}

func TestHybridHandsItsVectorOn(t *testing.T) {
	t.Parallel()
	h := kb.NewHybrid(kb.HybridConfig{Words: finds(), Embedder: embedFunc(unit), Library: kbtest.Library{},
		Meaning: legFunc(func(_ context.Context, q kb.Query) ([]kb.Hit, error) {
			if len(q.Vector) != 2 || q.Limit < 100 {
				t.Errorf("the leg was asked with %+v", q)
			}
			return nil, errors.New("the index is being built")
		})})
	r, err := h.Search(t.Context(), kb.Query{Text: "q"})
	if err != nil || len(r.Vector) != 0 && len(r.Vector) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if diff := cmp.Diff([]float32{1, 0}, r.Vector); diff != "" {
		t.Errorf("the vector is there though the leg failed (-want +got)\n%s", diff)
	}
}

func TestHybridReturnsOnlyWhatIsLive(t *testing.T) {
	t.Parallel()
	staff, moved := shelf, chair
	staff.Audience = kb.Staff // since the index heard of it
	moved.Collection = "garden"
	gone := kb.Hit{Passage: "gone", Article: "gone", Signals: kb.Signals{WordShare: 0.9}}
	h := kb.NewHybrid(kb.HybridConfig{Words: finds(gone, hitOf(shelf, 0.5, 0), hitOf(chair, 0.4, 0)), Library: kbtest.Library{shelf.ID: staff, chair.ID: moved}})
	for _, tc := range []struct {
		q    kb.Query
		want []kb.PassageID
	}{
		{kb.Query{}, []kb.PassageID{chair.ID}},
		{kb.Query{Audience: kb.Staff}, []kb.PassageID{shelf.ID, chair.ID}},
		{kb.Query{Collection: "home", Audience: kb.Staff}, []kb.PassageID{shelf.ID}},
		{kb.Query{Audience: kb.Staff, Limit: 2}, []kb.PassageID{shelf.ID, chair.ID}}, // one of the best two is gone
		{kb.Query{Audience: kb.Staff, Limit: 1}, []kb.PassageID{shelf.ID}},
	} {
		hits, err := h.Retrieve(t.Context(), tc.q)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(hits, func(a, b kb.Hit) int { return slices.Index(tc.want, a.Passage) - slices.Index(tc.want, b.Passage) })
		if diff := cmp.Diff(tc.want, ids(hits)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", tc.q, diff)
		}
	}
}

func TestByGroup(t *testing.T) {
	t.Parallel()
	f := func(group kb.GroupID, lang kb.Lang, score float64) kb.Found {
		return kb.Found{Hit: kb.Hit{Group: group, Lang: lang, Score: score}}
	}
	found := []kb.Found{f("a", kb.English, 5), f("b", kb.French, 4), f("a", kb.French, 3), f("b", kb.English, 2), f("a", kb.French, 1), f("c", kb.German, 0.5)}
	want := []kb.Found{f("a", kb.French, 5), f("b", kb.French, 4), f("c", kb.German, 0.5)}
	if diff := cmp.Diff(want, kb.ByGroup(found, kb.French)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]kb.Found{f("a", kb.English, 5), f("b", kb.French, 4), f("c", kb.German, 0.5)}, kb.ByGroup(found, "")); diff != "" {
		t.Errorf("without a language (-want +got)\n%s", diff)
	}
}

// measurer is a meaning leg that knows every version of a group.
type measurer struct {
	legFunc
	groups map[kb.GroupID][]kb.GroupVersion
	asked  []kb.GroupID
}

func (m *measurer) Measure(_ context.Context, _ kb.Query, groups []kb.GroupID) (versions []kb.GroupVersion, err error) {
	m.asked = append(m.asked, groups...)
	for _, g := range groups {
		versions = append(versions, m.groups[g]...)
	}
	return versions, nil
}

// everyPassage is a library that has whatever it is asked for.
type everyPassage struct{}

func (everyPassage) Passages(_ context.Context, ids []kb.PassageID, _ kb.Audience) (ps []kb.Passage, err error) {
	for _, id := range ids {
		ps = append(ps, kb.Passage{ID: id})
	}
	return ps, nil
}

// TestWhatMayComeFirstIsMeasuredWhole: the best groups of either leg, also one that words alone found
// and that has no vector yet, and no more of them than Params say.
func TestWhatMayComeFirstIsMeasuredWhole(t *testing.T) {
	t.Parallel()
	params := kb.DefaultParams
	params.Depth, params.Groups = 20, 5
	m := &measurer{groups: map[kb.GroupID][]kb.GroupVersion{}}
	var near []kb.Hit
	for i := range params.Depth {
		id := kb.GroupID(fmt.Sprintf("near%02d", i))
		hit := version(id, kb.English, 0.9-0.03*float64(i), 0.9-0.03*float64(i), 0)
		near = append(near, hit)
		c := hit.Signals.Centred
		m.groups[id] = []kb.GroupVersion{{Group: id, Lang: kb.English, Text: c, Title: c}, {Group: id, Lang: kb.French, Text: c, Title: c}}
	}
	m.groups["near00"][1].Text, m.groups["near00"][1].Title = -0.9, -0.9 // near in English by accident
	m.legFunc = finds(near...)
	fresh, far := version("new", kb.English, 0, 0, 1), version("far", kb.English, 0, 0, 0.02)
	fresh.Signals.Meaning, far.Signals.Meaning = false, false
	words := finds(fresh, far)
	h := kb.NewHybrid(kb.HybridConfig{Words: words, Meaning: m, Library: everyPassage{}, Params: params})
	got, err := h.Search(t.Context(), kb.Query{Text: "q", Lang: kb.English, Vector: []float32{1}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]kb.GroupID{"new", "near00", "near01", "near02", "near03"}, m.asked); diff != "" {
		t.Errorf("measured (-want +got)\n%s", diff)
	}
	var groups []kb.GroupID
	for _, f := range got.Found[:5] {
		groups = append(groups, f.Group)
	}
	if diff := cmp.Diff([]kb.GroupID{"new", "near01", "near02", "near03", "near00"}, groups); diff != "" {
		t.Errorf("found (-want +got)\n%s", diff)
	}
	if !got.Evidence.Meaning || got.Evidence.Lead <= 0 {
		t.Errorf("evidence %+v", got.Evidence)
	}
}
