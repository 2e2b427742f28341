package kb

import (
	"cmp"
	"math"
	"slices"
)

// Params weigh what the legs measured. Each change of a default carries the tables of
// "guichet eval" before and after.
type Params struct {
	Depth  int // hits asked of each leg
	Groups int // translation groups that are measured as a whole
	// The meaning of a passage is the mean of its better cosine, of text or title, and of its text's,
	// weighed by Text. Titles that many articles share say little; short ones say much.
	Text float64
	// The meaning of a group is that of its best version, weighed by Best, and the mean of its
	// versions'. Each language sees the question from another side: a group that is near in all of them
	// is nearer than one that is near in one, and one with nine versions has had nine chances.
	Best float64
	// Words is what a word share of one is worth, in cosine; Power bends smaller ones.
	Words, Power float64
	// Guess is the word share that is expected of a group per meaning, where it has no version in the
	// question's language: its words could not be compared, which does not speak against it.
	Guess float64
	// A version that has no vector yet is given the meaning that its words let expect: Expect at no
	// shared word, rising by ExpectWords.
	Expect, ExpectWords float64
}

// DefaultParams are fitted on the development set and the starter articles; docs/retrieval.md has the
// figures.
var DefaultParams = Params{Depth: 120, Groups: 26, Text: 1.4, Best: 0.6, Words: 0.32, Power: 0.85, Guess: 0.95,
	Expect: 0.2, ExpectWords: 0.5}

// Ranking is what both legs found, best first, and what speaks for the first.
type Ranking struct {
	Hits     []Hit
	Evidence Evidence
}

// Fuse joins the hits of both legs into one list, best first, with the signals of both. versions are
// those of the groups that are known as a whole; nil means that the hits are all there is to know. The best group's passages
// stand at their own distances behind the best of them, so that a hit's score ranks groups and
// passages alike. Of a group that was found in the reader's language, or else in the question's, only
// the passages in that language are returned.
//
// Scores are weighed, not ranks: a leg that found nothing useful still has a first rank, and with
// reciprocal ranks words would outvote meaning wherever question and article differ in language.
// A hit that meaning did not return is taken for a little worse than the last that it did; where it
// returned all it has, or the article has no vector at all, the words speak for it.
func Fuse(p Params, q Query, words, meaning []Hit, versions map[GroupID][]GroupVersion) Ranking {
	all, unknown, lowest := join(p, words, meaning)
	if len(words) == 0 || len(meaning) == 0 {
		p.Guess = 0 // nothing that could not be compared
	}
	groups := gather(p, q, all, unknown, lowest, versions)
	rank(groups, versions)
	r := Ranking{Evidence: evidence(groups, len(meaning) > 0)}
	for _, g := range groups {
		for _, i := range g.shown(cmp.Or(q.Reader, q.Lang), q.Lang, all) {
			h := all[i]
			h.Score = g.score - (g.top - g.passage[i])
			r.Hits = append(r.Hits, h)
		}
	}
	slices.SortStableFunc(r.Hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) }) // groups keep their order
	return r
}

// join merges the legs' hits by passage. From the index unknown on they are hits that words alone
// found; lowest bounds the meaning of those.
func join(p Params, words, meaning []Hit) (all []Hit, unknown int, lowest float64) {
	at := make(map[PassageID]int, len(words)+len(meaning))
	all = make([]Hit, 0, len(words)+len(meaning))
	lowest = math.Inf(1)
	for _, h := range meaning {
		at[h.Passage] = len(all)
		all = append(all, h)
		if h.Signals.Meaning {
			lowest = min(lowest, p.meaning(h.Signals))
		}
	}
	unknown = len(all)
	if unknown < p.Depth { // it returned all that it has
		lowest = math.Inf(1)
	}
	for _, h := range words {
		if i, ok := at[h.Passage]; ok {
			all[i].Signals.Words, all[i].Signals.WordShare = h.Signals.Words, h.Signals.WordShare
			continue
		}
		at[h.Passage] = len(all)
		all = append(all, h)
	}
	return all, unknown, lowest
}

// group is a translation group among the hits.
type group struct {
	id      GroupID
	hits    []int // indexes
	langs   map[Lang]*version
	passage map[int]float64 // score of each hit by itself
	top     float64         // best of the passages shown
	meaning float64         // of the group
	mean    float64         // of its versions' meanings
	title   float64
	share   float64
	score   float64
}

// version is a group's article in one language.
type version struct{ text, title, share, meaning float64 }

// gather scores the groups that hits belong to.
func gather(p Params, q Query, all []Hit, unknown int, lowest float64, versions map[GroupID][]GroupVersion) []*group {
	at := map[GroupID]*group{}
	var groups []*group
	for i, h := range all {
		id := h.Group
		if id == "" { // a leg that tells of no groups
			id = GroupID(h.Passage)
		}
		g := at[id]
		if g == nil {
			g = &group{id: id, langs: map[Lang]*version{}, passage: map[int]float64{}, title: -1}
			for _, v := range versions[id] {
				g.langs[v.Lang] = &version{text: v.Text, title: v.Title, meaning: math.Inf(-1)}
				g.title = max(g.title, v.Title)
			}
			at[id] = g
			groups = append(groups, g)
		}
		s := h.Signals
		m := p.meaning(s)
		if !s.Meaning {
			m = p.expected(s)
		}
		v := g.langs[h.Lang]
		if _, known := versions[id]; !s.Meaning && i >= unknown && (v != nil || !known) {
			m = min(m, lowest) // it has a vector, for all that is known, and meaning found nearer ones
		}
		if v == nil {
			v = &version{text: math.Inf(-1), title: math.Inf(-1), meaning: math.Inf(-1)}
			g.langs[h.Lang] = v
		}
		if s.Meaning {
			v.text, v.title = max(v.text, s.Centred), max(v.title, s.Title)
			g.title = max(g.title, s.Title)
		} else {
			v.meaning = max(v.meaning, m)
		}
		v.share = max(v.share, s.WordShare)
		g.share = max(g.share, s.WordShare)
		g.hits = append(g.hits, i)
		g.passage[i] = m + p.said(s.WordShare)
	}
	for _, g := range groups {
		best := math.Inf(-1)
		for _, v := range g.langs {
			if t := max(v.title, -1); !math.IsInf(v.text, -1) {
				v.meaning = max(v.meaning, p.meaning(Signals{Centred: v.text, Title: t}))
			} else if math.IsInf(v.meaning, -1) { // a title alone, and its article is not among the hits
				v.meaning = p.meaning(Signals{Title: t})
			}
			best = max(best, v.meaning)
			g.mean += v.meaning / float64(len(g.langs))
		}
		g.meaning = p.Best*best + (1-p.Best)*g.mean
		said := p.said(g.share)
		if _, own := g.langs[q.Lang]; !own && q.Lang != "" {
			said = max(said, p.Words*min(max(p.Guess*g.meaning, 0), 1))
		}
		g.score = g.meaning + said
	}
	return groups
}

// rank puts groups in order. What is known of a group in part only may be better than it will turn out
// to be, so those stand behind the ones known whole.
func rank(groups []*group, versions map[GroupID][]GroupVersion) {
	known := func(g *group) int {
		if _, whole := versions[g.id]; whole || versions == nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(known(b), known(a)), cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	for i := 1; i < len(groups); i++ {
		groups[i].score = min(groups[i].score, groups[i-1].score)
	}
}

// shown returns the group's hits in the first of the languages that it was found in, else all of
// them, best first; top becomes the best of them.
func (g *group) shown(reader, asked Lang, all []Hit) []int {
	lang := Lang("")
	for _, l := range []Lang{asked, reader} { // the reader's comes last, and wins
		if slices.ContainsFunc(g.hits, func(i int) bool { return all[i].Lang == l }) {
			lang = l
		}
	}
	hits := slices.DeleteFunc(slices.Clone(g.hits), func(i int) bool { return lang != "" && all[i].Lang != lang })
	slices.SortFunc(hits, func(a, b int) int {
		return cmp.Or(cmp.Compare(g.passage[b], g.passage[a]), cmp.Compare(all[a].Passage, all[b].Passage))
	})
	g.top = g.passage[hits[0]]
	return hits
}

// meaning is what the vectors say of a hit, about −1–1.
func (p Params) meaning(s Signals) float64 {
	return (max(s.Centred, s.Title) + p.Text*s.Centred) / (1 + p.Text)
}

// said is what a word share says, in the same measure.
func (p Params) said(share float64) float64 { return p.Words * math.Pow(share, p.Power) }

// expected is the meaning of a hit that has no vector yet.
func (p Params) expected(s Signals) float64 { return p.Expect + p.ExpectWords*s.WordShare }
