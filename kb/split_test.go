package kb

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// prose returns a text of about n characters, in sentences of 50.
func prose(n int) string {
	const sentence = "The parcel came late and the seller paid us back. "
	return strings.TrimSpace(strings.Repeat(sentence, n/len(sentence)))
}

func para(text string) Block { return Block{Text: text} }

func items(list int, texts ...string) []Block {
	var blocks []Block
	for _, t := range texts {
		blocks = append(blocks, Block{Kind: Item, Text: t, List: list})
	}
	return blocks
}

func TestSplit(t *testing.T) {
	t.Parallel()
	long, big := prose(600), prose(2000)
	row := func(text string) Block { return Block{Kind: Row, Text: text, List: 1, Lead: "Name | Days"} }
	for _, tt := range []struct {
		name   string
		lang   Lang
		blocks []Block
		want   []string // texts of the passages
	}{
		{"Small", English, []Block{para("One."), para("Two.")}, []string{"One.\nTwo."}},
		{"TwoLong", English, []Block{para(long), para(long)}, []string{long, long}},
		{"BlockWhole", English, []Block{para("One."), para(prose(1300)), para(long)}, []string{"One.", prose(1300), long}},
		{"TailJoins", English, []Block{para(prose(850)), para(prose(100))}, []string{prose(850) + "\n" + prose(100)}},
		{"ListWhole", English, append([]Block{para(prose(850)), para("Send:")}, items(1, prose(300), prose(400))...),
			[]string{prose(850), "Send:\n" + prose(300) + "\n" + prose(400)}},
		{"LeadInChinese", Chinese, append([]Block{para(strings.Repeat("好", 290)), para("请发送：")}, items(1, strings.Repeat("一", 100))...),
			[]string{strings.Repeat("好", 290), "请发送：\n" + strings.Repeat("一", 100)}},
		{"LongListIsCutBetweenItems", English, append([]Block{para("Send:")}, items(1, long, long, long)...),
			[]string{"Send:\n" + long, long, long}},
		{"LongBlockIsCutAtSentences", English, []Block{para(big)}, []string{prose(900), prose(1100)}},
		{"LongLinesAreCutAtLineEnds", English, []Block{para(long + "\n" + long + "\n" + long)}, []string{long, long, long}},
		{"LineStaysWithItsList", English, []Block{para(prose(850) + "\nSend:\n" + long)}, []string{prose(850), "Send:\n" + long}},
		{"TableRepeatsItsHead", English, []Block{{Kind: Row, Text: "Name | Days", List: 1}, row(long), row(long), row(long)},
			[]string{"Name | Days\n" + long, "Name | Days\n" + long, "Name | Days\n" + long}},
		{"NoBreak", English, []Block{para(strings.Repeat("x", 2000))}, []string{strings.Repeat("x", 900), strings.Repeat("x", 900), strings.Repeat("x", 200)}},
		{"BlankBlocks", English, []Block{para(" "), para("One.")}, []string{"One."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Article{ID: "refunds/en", Lang: tt.lang}
			var got []string
			for _, p := range Split(a, 1, Document{Sections: []Section{{Blocks: tt.blocks}}}) {
				got = append(got, p.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Split (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitFields(t *testing.T) {
	t.Parallel()
	a := Article{ID: "a/fr", Group: "a", Lang: French, Slug: "retour", Collection: "refunds", Title: "Retour", Audience: SignedIn}
	d := Document{Sections: []Section{
		{Blocks: []Block{para("Avant tout. Lisez.")}},
		{Level: 2, Headings: []string{"Délai"}, Anchor: "delai", Blocks: append([]Block{para("Il faut :")}, items(1, "une preuve", "une photo. Nette.")...)},
		{Level: 2, Headings: []string{"Vide"}, Anchor: "vide"},
		{Level: 2, Headings: []string{"Délai"}, Anchor: "delai-2", Blocks: []Block{
			{Kind: Row, Text: "Cas | Jours", List: 2}, {Kind: Row, Text: "Vol. | 7", List: 2, Lead: "Cas | Jours"},
			{Kind: Code, Text: "a. b\n\n c\n"},
		}},
	}}
	passage := func(position, n int, headings []string, anchor, text string, sentences []Sentence) Passage {
		return Passage{
			ID: NewPassageID("a/fr", headings, n), Article: "a/fr", Group: "a", Lang: French, Collection: "refunds", Audience: SignedIn,
			Version: 3, Slug: "retour", Title: "Retour", Headings: headings, Anchor: anchor, Position: position, Text: text, Sentences: sentences,
		}
	}
	want := []Passage{
		passage(0, 0, nil, "", "Avant tout. Lisez.", []Sentence{{Start: 0, End: 11}, {Start: 12, End: 18}}),
		passage(1, 0, []string{"Délai"}, "delai", "Il faut :\nune preuve\nune photo. Nette.", []Sentence{
			{Start: 0, End: 9},
			{Start: 10, End: 20, Block: 1, Kind: Item, List: 1},
			{Start: 21, End: 31, Block: 2, Kind: Item, List: 1},
			{Start: 32, End: 38, Block: 2, Kind: Item, List: 1},
		}),
		passage(2, 1, []string{"Délai"}, "delai-2", "Cas | Jours\nVol. | 7\na. b\n\n c\n", []Sentence{
			{Start: 0, End: 11, Kind: Row, List: 2},
			{Start: 12, End: 20, Block: 1, Kind: Row, List: 2},
			{Start: 21, End: 25, Block: 2, Kind: Code},
			{Start: 28, End: 29, Block: 2, Kind: Code},
		}),
	}
	if diff := cmp.Diff(want, Split(a, 3, d)); diff != "" {
		t.Errorf("Split (-want +got):\n%s", diff)
	}
	empty := Split(a, 3, Document{Sections: []Section{{Headings: []string{"Vide"}, Anchor: "vide"}}})
	if diff := cmp.Diff([]Passage{passage(0, 0, nil, "", "Retour", nil)}, empty); diff != "" {
		t.Errorf("Split of an empty article (-want +got):\n%s", diff)
	}
}

// FuzzSplit holds what Split promises: no text lost or doubled, sizes kept, sentences inside.
func FuzzSplit(f *testing.F) {
	f.Add(uint8(0), "One. Two.\n\nThree:\n- a\n- b")
	f.Add(uint8(6), strings.Repeat("好的。", 500)+"\n\n"+strings.Repeat("好", 700))
	f.Add(uint8(3), strings.Repeat("mot ", 900)+":\n- "+strings.Repeat("item ", 700))
	f.Add(uint8(5), strings.Repeat("-", 4000)+strings.Repeat("\n", 3000)+"x")
	f.Fuzz(func(t *testing.T, lang uint8, text string) {
		text = strings.ToValidUTF8(text, "?")
		a := Article{ID: "a", Lang: Langs[int(lang)%len(Langs)], Title: "Title"}
		limit := alphabetic.limit
		if a.Lang == Chinese {
			limit = ideograms.limit
		}
		var s Section
		for i, b := range strings.Split(text, "\n\n") {
			if item, ok := strings.CutPrefix(b, "- "); ok {
				s.Blocks = append(s.Blocks, Block{Kind: Item, Text: item, List: 1})
			} else {
				s.Blocks = append(s.Blocks, Block{Kind: BlockKind(i % 3 * 2), Text: b})
			}
		}
		var got strings.Builder
		ids := map[PassageID]bool{}
		passages := Split(a, 1, Document{Sections: []Section{s}})
		for i, p := range passages {
			if n := utf8.RuneCountInString(strings.TrimSpace(p.Text)); n > limit {
				t.Fatalf("passage %d has %d characters", i, n)
			}
			if ids[p.ID] || p.Position != i {
				t.Fatalf("passage %d: id %s, position %d", i, p.ID, p.Position)
			}
			ids[p.ID] = true
			got.WriteString(p.Text)
			if len(passages) == 1 && p.Text == a.Title {
				return
			}
			var spans []Span
			for _, s := range p.Sentences {
				spans = append(spans, Span{s.Start, s.End})
			}
			checkSpans(t, p.Text, spans)
		}
		squeeze := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, s)
		}
		var in strings.Builder
		for _, b := range s.Blocks {
			in.WriteString(b.Text)
		}
		if squeeze(in.String()) != squeeze(got.String()) {
			t.Fatalf("text lost or doubled: %q became %q", in.String(), got.String())
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	var d Document
	for i := range 5 {
		d.Sections = append(d.Sections, Section{Headings: []string{fmt.Sprint(i)}, Blocks: []Block{para(prose(300)), para(prose(300))}})
	}
	a := Article{ID: "a", Lang: English}
	b.SetBytes(3000)
	for b.Loop() {
		Split(a, 1, d)
	}
}
