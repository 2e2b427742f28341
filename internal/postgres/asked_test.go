package postgres_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"guichet/kb"
)

// TestAskedLeanIntoTheMeans: questions of a language that has few titles, or none, are centred by the
// mean of those that any help center gets.
func TestAskedLeanIntoTheMeans(t *testing.T) {
	t.Parallel()
	d := newLibrary(t)
	asked := map[kb.Lang][]string{kb.Polish: {"Gdzie?", "Kiedy?"}, kb.German: {"Wo?"}}
	for range 2 { // again changes nothing
		if err := d.SaveAsked(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
	}
	units, err := d.Pending(t.Context(), model, "", 100)
	if err != nil || len(units) != 3 || units[0].Task != kb.AsQuestion {
		t.Fatalf("%d texts are to be embedded, %v; want the three questions", len(units), err)
	}
	d.fill()
	d.embedAll()
	d.recentre()
	mean := func(l kb.Lang) (out []float64) {
		var v []float32
		if err := d.Pool().QueryRow(t.Context(), `SELECT mean::real[] FROM vector_means WHERE side = 0 AND lang = $1`, l).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return float64s(v)
	}
	if diff := gocmp.Diff(float64s(embed(kb.AsQuestion, "Wo?")), mean(kb.German), nearly); diff != "" {
		t.Errorf("German has no title: its mean is not its question's (-want +got)\n%s", diff)
	}
	if gocmp.Equal(mean(kb.Polish), mean(kb.Italian), nearly) {
		t.Error("Polish questions are centred like those of a language that nothing is known of")
	}
	if err := d.SaveAsked(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if units, err := d.Pending(t.Context(), "another/16", "", 1); err != nil || len(units) != 1 || units[0].Task != kb.AsPassage {
		t.Errorf("questions that were taken back are still to be embedded: %v, %v", units, err)
	}
}
