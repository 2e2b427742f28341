package similar

import (
	"cmp"
	"math"
	"slices"
)

// sparse is a text as weights of its words and pieces of words, of unit length.
type sparse []weighed

type weighed struct {
	feature uint64
	weight  float64
}

// lexical compares texts with those of examples by their words and pieces of words.
type lexical struct {
	rarity map[uint64]float64
	rows   []sparse
	where  map[uint64][]posting // examples that have a feature, in their order
}

type posting struct {
	row    int
	weight float64
}

func newLexical(examples []Example) *lexical {
	x := &lexical{rarity: map[uint64]float64{}, where: map[uint64][]posting{}}
	all := make([]features, len(examples))
	for i, e := range examples {
		all[i] = featuresOf(e.Lang, e.Text)
		for _, m := range []map[uint64]int{all[i].words, all[i].pieces} {
			for f := range m {
				x.rarity[f]++
			}
		}
	}
	for f, n := range x.rarity {
		x.rarity[f] = math.Log(1 + float64(len(examples))/n)
	}
	for i, f := range all {
		row := x.weigh(f)
		x.rows = append(x.rows, row)
		for _, w := range row {
			x.where[w.feature] = append(x.where[w.feature], posting{i, w.weight})
		}
	}
	return x
}

// of weighs a request's words; those that no example has count for nothing.
func (x *lexical) of(r Request) sparse { return x.weigh(featuresOf(r.Lang, r.Text)) }

func (x *lexical) weigh(f features) sparse {
	var out sparse
	norm := 0.0
	for _, m := range []map[uint64]int{f.words, f.pieces} {
		for k, n := range m {
			r, known := x.rarity[k]
			if !known {
				continue
			}
			w := (1 + math.Log(float64(n))) * r
			out = append(out, weighed{k, w})
			norm += w * w
		}
	}
	norm = 1 / math.Sqrt(max(norm, 1e-12))
	for i := range out {
		out[i].weight *= norm
	}
	// In one order, so that sums come out the same each time.
	slices.SortFunc(out, func(a, b weighed) int { return cmp.Compare(a.feature, b.feature) })
	return out
}

// likeness fills out with the cosines of a text and the first len(out) examples.
func (x *lexical) likeness(out []float64, text sparse) {
	clear(out)
	for _, w := range text {
		for _, p := range x.where[w.feature] {
			if p.row >= len(out) {
				break
			}
			out[p.row] += w.weight * p.weight
		}
	}
}

// solve replaces b by the x of a·x = b, one column for each of b's. a is symmetric and positive,
// given by its lower half, and used up (Cholesky).
func solve(a [][]float64, b [][]float64) {
	n := len(a)
	const block = 32 // rows at a time, so that each earlier row is read from memory once for all of them
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		for j := range to {
			for i := max(from, j); i < to; i++ {
				row := a[i]
				if i == j {
					row[i] = math.Sqrt(max(row[i]-product(row[:i], row[:i]), 1e-9))
				} else {
					row[j] = (row[j] - product(row[:j], a[j][:j])) / a[j][j]
				}
			}
		}
	}
	for i := range n {
		for j := range i {
			subtract(b[i], a[i][j], b[j])
		}
		scale(b[i], 1/a[i][i])
	}
	for i := n - 1; i >= 0; i-- {
		scale(b[i], 1/a[i][i])
		for j := range i {
			subtract(b[j], a[i][j], b[i])
		}
	}
}

// product is that of two vectors of one length, in four sums that do not wait for each other.
func product(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func subtract(from []float64, f float64, v []float64) {
	for i := range from {
		from[i] -= f * v[i]
	}
}

func scale(v []float64, f float64) {
	for i := range v {
		v[i] *= f
	}
}
