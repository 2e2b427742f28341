package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"guichet/kb"
)

// contender is one way to do something with a question.
type contender struct {
	name string
	do   func(ctx context.Context, q kb.Query) error
}

// samples are what contenders took, by name and round, in milliseconds.
type samples map[string][][]float64

// race puts every question to every contender in turn, so that whatever else the machine does falls
// on all of them alike; who begins changes from question to question. The first round warms up and is
// not counted.
func race(ctx context.Context, questions []kb.Query, rounds int, all []contender) (samples, error) {
	if *only != "" {
		names := strings.Split(*only, ",")
		all = slices.DeleteFunc(slices.Clone(all), func(c contender) bool { return !slices.Contains(names, c.name) })
	}
	s := samples{}
	runtime.GC()
	for round := -1; round < rounds; round++ {
		for _, c := range all {
			if round >= 0 {
				s[c.name] = append(s[c.name], nil)
			}
		}
		for i, q := range questions {
			for k := range all {
				c := all[(i+k)%len(all)]
				start := time.Now()
				if err := c.do(ctx, q); err != nil {
					return nil, fmt.Errorf("%s: %q: %w", c.name, q.Text, err)
				}
				if round >= 0 {
					s.add(c.name, round, time.Since(start))
				}
			}
		}
	}
	return s, nil
}

func (s samples) add(name string, round int, took time.Duration) {
	for len(s[name]) <= round {
		s[name] = append(s[name], nil)
	}
	s[name][round] = append(s[name][round], took.Seconds()*1000)
}

// slower returns the name of the contender with the higher median.
func (s samples) slower(a, b string) string {
	if percentile(slices.Concat(s[a]...), 50) > percentile(slices.Concat(s[b]...), 50) {
		return a
	}
	return b
}

// line is what a contender took, and how that compares with another one. The ratio is the middle one of
// the rounds' ratios of their medians; its spread is the lowest and the highest.
func (s samples) line(name, against string) Line {
	l := Line{Name: name, Against: against}
	all := slices.Concat(s[name]...)
	if len(all) == 0 {
		return Line{}
	}
	l.P50, l.P95 = round(percentile(all, 50)), round(percentile(all, 95))
	var ratios []float64
	for i := range s[against] {
		ratios = append(ratios, percentile(s[name][i], 50)/percentile(s[against][i], 50))
	}
	if len(ratios) > 0 {
		l.Ratio = round(percentile(ratios, 50))
		l.Spread = []float64{round(slices.Min(ratios)), round(slices.Max(ratios))}
	}
	return l
}

// percentile returns the value below which p percent of values lie.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(math.Ceil(p/100*float64(len(sorted))))-1]
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
