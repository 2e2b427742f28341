package kb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

func TestGround(t *testing.T) {
	t.Parallel()
	from := []kb.Passage{
		{Text: "A refund takes 14 days.\nIt costs 1,200 euros, or 7.5 percent.\nWrite to us."},
		{Text: "退款需要七天。审核需要三天。"},
	}
	for _, tc := range []struct {
		name string
		in   kb.Claim
		want []int // sources kept; nil: dropped
	}{
		{"WordForWord", kb.Claim{Text: "A refund takes 14 days.", Sources: []int{1}}, []int{1}},
		{"WhiteSpaceAside", kb.Claim{Text: " takes 14  days. It\tcosts ", Sources: []int{1}}, []int{1}},
		{"OtherNumber", kb.Claim{Text: "A refund takes 15 days.", Sources: []int{1}}, nil},
		{"CutOutOfANumber", kb.Claim{Text: "4 days.", Sources: []int{1}}, nil},
		{"CutOutOfADecimal", kb.Claim{Text: "5 percent.", Sources: []int{1}}, nil},
		{"CutOffADecimal", kb.Claim{Text: "or 7", Sources: []int{1}}, nil},
		{"CutOutOfThousands", kb.Claim{Text: "200 euros", Sources: []int{1}}, nil},
		{"CutOutOfAWord", kb.Claim{Text: "fund takes", Sources: []int{1}}, nil},
		{"ChineseHasNoWordBounds", kb.Claim{Text: "需要三天", Sources: []int{2}}, []int{2}},
		{"OtherCase", kb.Claim{Text: "a refund takes 14 days.", Sources: []int{1}}, nil},
		{"TheSourcesThatHoldIt", kb.Claim{Text: "Write to us.", Sources: []int{2, 1}}, []int{1}},
		{"NotInTheSourceNamed", kb.Claim{Text: "Write to us.", Sources: []int{2}}, nil},
		{"NoSource", kb.Claim{Text: "Write to us."}, nil},
		{"SourceThatIsNotThere", kb.Claim{Text: "Write to us.", Sources: []int{0, 3, -1}}, nil},
		{"Empty", kb.Claim{Text: " \n", Sources: []int{1}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var want []kb.Claim
			if tc.want != nil {
				want = []kb.Claim{{Text: tc.in.Text, Sources: tc.want}}
			}
			if diff := cmp.Diff(want, kb.Ground([]kb.Claim{tc.in}, from)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestGrounded(t *testing.T) {
	t.Parallel()
	p := kb.Passage{Text: "One is true. Two is true."}
	good := kb.Quote{Passage: p, Start: 0, End: 12, Text: "One is true."}
	e := kb.Extraction{Answers: true, Quotes: []kb.Quote{good, {Passage: p, Start: 0, End: 12, Text: "One is false"}, {Passage: p, Start: 9, End: 99, Text: "x"}},
		Sentences: []kb.ExtractedSentence{{"One is true.", 0}, {"Two is true.", 0}, {"One is false", 1}, {"x", 2}, {"One is true.", 7}}}
	got := e.Grounded()
	if diff := cmp.Diff([]kb.ExtractedSentence{{"One is true.", 0}}, got.Sentences); diff != "" || !got.Answers {
		t.Errorf("answers %v (-want +got)\n%s", got.Answers, diff)
	}
	e.Sentences = e.Sentences[1:]
	if got := e.Grounded(); got.Answers || len(got.Sentences) > 0 {
		t.Errorf("%+v answers with nothing left", got)
	}
}
