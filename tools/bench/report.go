package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is what docs/bench.json holds.
type Report struct {
	Commit string `json:"commit"`
	Date   string `json:"date"`
	Go     string `json:"go"`
	CPUs   int    `json:"cpus"`
	Sizes  []Size `json:"sizes"`
}

// Size is what was measured over one number of passages, or of tickets.
type Size struct {
	Passages  int      `json:"passages,omitempty"`
	Articles  int      `json:"articles,omitempty"`
	Vectors   int      `json:"vectors,omitempty"` // that a question is compared with: of passages and of titles
	Questions int      `json:"questions,omitempty"`
	Tickets   int      `json:"tickets,omitempty"`
	Entries   int      `json:"entries,omitempty"`
	Members   int      `json:"members,omitempty"`
	Times     int      `json:"times,omitempty"` // that each line over tickets was measured
	Rounds    int      `json:"rounds,omitempty"`
	Lines     []Line   `json:"lines"`
	Amounts   []Amount `json:"amounts"`
}

// String says over what was measured.
func (s Size) String() string {
	if s.Tickets > 0 {
		return fmt.Sprintf("%d tickets of %d members, %d entries; %d times", s.Tickets, s.Members, s.Entries, s.Times)
	}
	return fmt.Sprintf("%d passages of %d articles, %d vectors; %d questions, %d rounds", s.Passages, s.Articles, s.Vectors, s.Questions, s.Rounds)
}

// Line is how long something took, in milliseconds, and against what.
type Line struct {
	Name    string    `json:"name"`
	P50     float64   `json:"p50_ms"`
	P95     float64   `json:"p95_ms"`
	Against string    `json:"against,omitempty"`
	Ratio   float64   `json:"ratio,omitempty"`
	Spread  []float64 `json:"spread,omitempty"` // lowest and highest ratio of a round
	Target  string    `json:"target,omitempty"`
	Met     *bool     `json:"met,omitempty"`
}

// want sets a line's target.
func (l Line) want(target string, met bool) Line {
	if l.Name != "" {
		l.Target, l.Met = target, &met
	}
	return l
}

// Amount is a figure that is no time.
type Amount struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func (r Report) print(w io.Writer) {
	fmt.Fprintf(w, "guichet %s, %s, %d CPUs, %s\n", r.Commit, r.Go, r.CPUs, r.Date)
	for _, s := range r.Sizes {
		fmt.Fprintf(w, "\n%s\n\n", s)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "\tp50 ms\tp95 ms\tratio\tspread\tagainst\ttarget")
		for _, l := range s.Lines {
			ratio, spread, target := "", "", l.Target
			if l.Ratio > 0 {
				ratio = fmt.Sprintf("%.2f", l.Ratio)
				spread = fmt.Sprintf("%.2f–%.2f", l.Spread[0], l.Spread[1])
			}
			if l.Met != nil {
				target += map[bool]string{true: ": met", false: ": MISSED"}[*l.Met]
			}
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%s\t%s\t%s\t%s\n", l.Name, l.P50, l.P95, ratio, spread, l.Against, target)
		}
		_ = t.Flush() // to a file descriptor of ours
		fmt.Fprintln(w)
		var amounts []string
		for _, a := range s.Amounts {
			amounts = append(amounts, fmt.Sprintf("%s %.4g %s", a.Name, a.Value, a.Unit))
		}
		fmt.Fprintln(w, strings.Join(amounts, "; "))
	}
}
