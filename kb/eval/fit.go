package eval

import "math"

// FitLogistic returns the weights w that make 1/(1+exp(-w·x)) the likeliest probabilities of y,
// by Newton's method. ridge keeps weights of features that say the same from running away; the
// first feature is taken for the constant and is left free.
func FitLogistic(x [][]float64, y []bool, ridge float64) []float64 {
	if len(x) == 0 {
		return nil
	}
	n := len(x[0])
	w := make([]float64, n)
	for range 50 {
		gradient, hessian := make([]float64, n), make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n)
			if i > 0 {
				gradient[i] = -ridge * w[i]
				hessian[i][i] = ridge
			}
		}
		for k, row := range x {
			p := Logistic(w, row)
			miss := -p
			if y[k] {
				miss = 1 - p
			}
			for i, a := range row {
				gradient[i] += miss * a
				for j, b := range row {
					hessian[i][j] += p * (1 - p) * a * b
				}
			}
		}
		step := solve(hessian, gradient)
		size := 0.0
		for i := range w {
			w[i] += step[i]
			size += math.Abs(step[i])
		}
		if size < 1e-9 {
			break
		}
	}
	return w
}

// Logistic is 1/(1+exp(-w·x)).
func Logistic(w, x []float64) float64 {
	sum := 0.0
	for i := range w {
		sum += w[i] * x[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// solve returns v with a·v = b, by elimination with the largest pivot; a and b are used up.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		best := i
		for k := i + 1; k < n; k++ {
			if math.Abs(a[k][i]) > math.Abs(a[best][i]) {
				best = k
			}
		}
		a[i], a[best], b[i], b[best] = a[best], a[i], b[best], b[i]
		if a[i][i] == 0 {
			continue // the feature never varies; its weight stays
		}
		for k := i + 1; k < n; k++ {
			f := a[k][i] / a[i][i]
			for j := i; j < n; j++ {
				a[k][j] -= f * a[i][j]
			}
			b[k] -= f * b[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		if a[i][i] == 0 {
			b[i] = 0
			continue
		}
		for k := i + 1; k < n; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}
