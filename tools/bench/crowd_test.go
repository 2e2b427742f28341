package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestCrowd: everybody together has as many tickets as were asked for, one member a fiftieth of them.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const n = 5000
	c, err := newCrowd(n)
	if err != nil {
		t.Fatal(err)
	}
	all, guests := c.busy.tickets, 0
	for _, p := range c.members {
		if all += p.tickets; p.tickets < 1 || p.tickets > maxUsual {
			t.Errorf("%s has %d tickets", p.Email, p.tickets)
		}
		if p.ID == "" {
			guests++
		}
	}
	if all != n || c.busy.tickets != n/busyShare || c.busy.ID == "" {
		t.Errorf("%d tickets, of which %d are the busy member's", all, c.busy.tickets)
	}
	if share := float64(guests) / float64(len(c.members)); share < 0.2 || share > 0.4 {
		t.Errorf("%.2f are guests", share)
	}
	refs := map[string]bool{}
	for i := range 200_000 {
		refs[reference(i)] = true
	}
	if len(refs) != 200_000 {
		t.Errorf("%d references", len(refs))
	}
}

// TestReportOfTickets: a size says over what it was measured, and nothing of what it was not.
func TestReportOfTickets(t *testing.T) {
	t.Parallel()
	size := Size{Tickets: 1000, Members: 60, Entries: 7000, Times: 100, Lines: []Line{Line{Name: lineChoice, P95: 2}.want("p95 < 1 ms", false)}}
	var b bytes.Buffer
	Report{Sizes: []Size{size}}.print(&b)
	for _, want := range []string{"1000 tickets of 60 members", "channel choice", "p95 < 1 ms: MISSED"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
	raw, err := json.Marshal(size)
	if err != nil || strings.Contains(string(raw), "passages") || !strings.Contains(string(raw), `"tickets":1000`) {
		t.Errorf("%s, %v", raw, err)
	}
}
