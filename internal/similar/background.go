package similar

import (
	"math"

	"guichet/kb"
)

// Background is what the requests of one operator usually look like: how often each word is used,
// where the middle of the vectors lies in each language, and a sample of them. A similarity means
// something only beside it: in a help center about one thing all requests are alike.
type Background struct {
	words  map[kb.Lang]*usage
	all    *middle
	middle map[kb.Lang]*middle
}

// usage counts in how many texts a word or a piece of one stands.
type usage struct {
	texts         int
	words, pieces map[uint64]int
}

// rarity is the weight of what stands in n texts.
func (u *usage) rarity(n int) float64 { return math.Log(1 + float64(u.texts)/(float64(n)+0.5)) }

// middle is the mean of a language's vectors and a sample of them, centred by it.
type middle struct {
	mean   []float64
	sample [][]float32
}

const (
	// lean is how many vectors of its own a language needs for its mean to count as much as the mean
	// over all languages.
	lean = 20
	// maxSample bounds a sample: its spread is known well enough, and each comparison reads it.
	maxSample = 200
	// minSample is how many vectors tell how far apart requests usually are; with fewer of a
	// language those of all are asked, and with fewer of all, meaning is left out.
	minSample = 10
)

// NewBackground looks at requests, whatever became of them. Texts that stand in for requests, such as
// the titles of articles, do where those are few. Vectors of another length than the first one's
// are passed over.
func NewBackground(requests []Request) *Background {
	b := &Background{words: map[kb.Lang]*usage{}, middle: map[kb.Lang]*middle{}}
	vectors := map[kb.Lang][][]float32{}
	var all [][]float32
	for _, r := range requests {
		u := b.words[r.Lang]
		if u == nil {
			u = &usage{words: map[uint64]int{}, pieces: map[uint64]int{}}
			b.words[r.Lang] = u
		}
		u.texts++
		f := featuresOf(r.Lang, r.Text)
		for w := range f.words {
			u.words[w]++
		}
		for p := range f.pieces {
			u.pieces[p]++
		}
		if len(r.Vector) > 0 && (len(all) == 0 || len(all[0]) == len(r.Vector)) {
			vectors[r.Lang], all = append(vectors[r.Lang], r.Vector), append(all, r.Vector)
		}
	}
	if len(all) < minSample {
		return b
	}
	means := meansOf(vectors, all)
	b.all = &middle{mean: means[""]}
	for l, vs := range vectors {
		m := &middle{mean: means[l]}
		m.take(vs, means[l])
		b.all.take(vs, means[l])
		b.middle[l] = m
	}
	return b
}

// take puts vectors into the sample, evenly from first to last.
func (m *middle) take(vs [][]float32, mean []float64) {
	n := min(len(vs), maxSample)
	for i := range n {
		if c := centred(vs[i*len(vs)/n], mean); c != nil {
			m.sample = append(m.sample, c)
		}
	}
}

// meansOf returns the mean of each language's vectors, leaning on that of all (under "") where there
// are few. Subtracting it removes what all texts of a language have in common, which in e5's vectors is
// more than what tells them apart.
func meansOf(vectors map[kb.Lang][][]float32, all [][]float32) map[kb.Lang][]float64 {
	out := map[kb.Lang][]float64{"": mean(all)}
	for l, vs := range vectors {
		m, n := mean(vs), float64(len(vs))
		for i := range m {
			m[i] = (n*m[i] + lean*out[""][i]) / (n + lean)
		}
		if l != "" {
			out[l] = m
		}
	}
	return out
}

func mean(vs [][]float32) []float64 {
	if len(vs) == 0 {
		return nil
	}
	m := make([]float64, len(vs[0]))
	for _, v := range vs {
		for i, x := range v {
			m[i] += float64(x)
		}
	}
	for i := range m {
		m[i] /= float64(len(vs))
	}
	return m
}

// of is a language's middle and the sample to compare with it; nil where there is none.
func (b *Background) of(l kb.Lang) (mean []float64, sample [][]float32) {
	if b.all == nil {
		return nil, nil
	}
	m := b.middle[l]
	if m == nil {
		return b.all.mean, b.all.sample
	}
	if len(m.sample) < minSample {
		return m.mean, b.all.sample
	}
	return m.mean, m.sample
}

// usual is how near v, centred, is to the requests of a sample: mean and spread of its cosines.
// One that is v, or the other text it is compared with, tells nothing and is left out.
func usual(sample [][]float32, v, other []float32) (mean, spread float64) {
	n, sum, squares := 0.0, 0.0, 0.0
	for _, s := range sample {
		c := dot(s, v)
		if c > 0.9999 || dot(s, other) > 0.9999 {
			continue
		}
		n++
		sum += c
		squares += c * c
	}
	if n < 2 {
		return 0, typicalSpread
	}
	mean = sum / n
	return mean, max(math.Sqrt(max(squares/n-mean*mean, 0)), typicalSpread/3)
}

// typicalSpread is the standard deviation of centred cosines between unlike requests, as it was
// measured in each of three help centers (0.119 to 0.126).
const typicalSpread = 0.12
