package jobs

import (
	"slices"
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for _, n := range []int{0, 1, 2, 3, 4, 5, 1000} {
		got = append(got, patience(n)/time.Second)
	}
	if want := []time.Duration{4, 8, 16, 32, 60, 60, 60}; !slices.Equal(got, want) {
		t.Errorf("seconds: %v, want %v", got, want)
	}
	for metadata, want := range map[string]int{`{}`: 0, `{"snoozes":3}`: 3, `{"snoozes":"x"}`: 0, ``: 0} {
		if got := snoozes([]byte(metadata)); got != want {
			t.Errorf("snoozes(%s) = %d, want %d", metadata, got, want)
		}
	}
}
