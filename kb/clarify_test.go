package kb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

func TestClarify(t *testing.T) {
	t.Parallel()
	found := func(scores ...float64) (out []kb.Found) {
		for i, s := range scores {
			title := string(rune('A' + i))
			out = append(out, kb.Found{Hit: kb.Hit{Group: kb.GroupID(title), Lang: kb.English, Score: s},
				Source: kb.Passage{Lang: kb.English, Title: "Title " + title, Headings: []string{"Part"}}})
		}
		return out
	}
	a, b := kb.Choice{Label: "Title A › Part", Text: "Title A Part"}, kb.Choice{Label: "Title B › Part", Text: "Title B Part"}
	for _, tt := range []struct {
		name       string
		text       string
		found      []kb.Found
		confidence float64
		want       []kb.Choice
	}{
		{"TwoCompete", "refund", found(0.6, 0.597, 0.4, 0.4), 0.5, []kb.Choice{a, b}},
		{"OneIsBest", "refund", found(0.6, 0.5, 0.5, 0.4), 0.5, nil},
		{"SurelyAnswered", "refund", found(0.6, 0.597, 0.4, 0.4), 0.9, nil},
		{"NothingLikely", "refund", found(0.6, 0.597, 0.4, 0.4), 0.1, nil},
		{"TooMany", "refund", found(0.6, 0.599, 0.598, 0.597, 0.2, 0.2), 0.5, nil},
		{"Chosen", "title a part", found(0.6, 0.597, 0.4, 0.4), 0.5, nil},
		{"OneGroup", "refund", append(found(0.6), found(0.6)...), 0.5, nil},
		{"Nothing", "refund", nil, 0.5, nil},
	} {
		e := kb.Extraction{Confidence: tt.confidence, Answers: tt.confidence >= 0.45, Evidence: kb.Evidence{Meaning: true}}
		if diff := cmp.Diff(tt.want, kb.Clarify(kb.Query{Text: tt.text, Lang: kb.English}, tt.found, e)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
