package similar_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"guichet/internal/similar"
	"guichet/kb"
)

// drawn is a request of words, numbers and a vector, any of which may be missing.
func drawn(t *rapid.T, name string) similar.Request {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"colis", "arrivé", "rien", "commande", "10482", "10483", "remboursement", "包裹没有到", "é", "…", ""}), 0, 12).Draw(t, name)
	r := similar.Request{Lang: rapid.SampledFrom(kb.Langs[:]).Draw(t, name+" lang"),
		Subject:  rapid.SampledFrom([]string{"", "order 1", "order 2"}).Draw(t, name+" subject"),
		Category: rapid.SampledFrom([]string{"", "order", "refund"}).Draw(t, name+" category")}
	for _, w := range words {
		r.Text += w + " "
	}
	if rapid.Bool().Draw(t, name+" has a vector") {
		r.Vector = vector(rapid.SliceOfN(rapid.Float64Range(-1, 1), 8, 8).Draw(t, name+" vector")...)
	}
	return r
}

func vector(v ...float64) []float32 {
	norm := 1e-9
	for _, x := range v {
		norm += x * x
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / math.Sqrt(norm))
	}
	return out
}

func TestDuplicateIsSymmetricAndAProbability(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var past []similar.Request
		for i := range rapid.IntRange(0, 15).Draw(t, "past") {
			past = append(past, drawn(t, fmt.Sprint("past ", i)))
		}
		b := similar.NewBackground(past)
		x, y := drawn(t, "x"), drawn(t, "y")
		p, q := b.Duplicate(x, y), b.Duplicate(y, x)
		if math.IsNaN(p) || p < 0 || p > 1 || math.Abs(p-q) > 1e-9 {
			t.Fatalf("%v one way, %v the other", p, q)
		}
		s := b.Compare(x, y)
		for name, v := range map[string]float64{"words": s.Words, "spelling": s.Spelling} {
			if math.IsNaN(v) || v < 0 || v > 1 {
				t.Fatalf("%s: %v", name, v)
			}
		}
		if s.Meaning < -1.001 || s.Meaning > 1.001 {
			t.Fatalf("meaning: %v", s.Meaning)
		}
	})
}

func TestDuplicateWeighsWhatIsTold(t *testing.T) {
	t.Parallel()
	b := similar.NewBackground(nil)
	at := func(x, y similar.Request) float64 { x.Lang, y.Lang = kb.French, kb.French; return b.Duplicate(x, y) }
	text := func(s string) similar.Request { return similar.Request{Text: s} }
	lost := text("Mon colis n’est pas arrivé, que faire ?")
	again := text("Toujours pas de colis arrivé : que dois-je faire ?")
	other := text("Comment supprimer mon compte ?")
	if same, far := at(lost, again), at(lost, other); same < similar.Likely || far > 0.5 {
		t.Errorf("one request twice: %.2f; another: %.2f", same, far)
	}
	with := func(r similar.Request, change func(*similar.Request)) similar.Request { change(&r); return r }
	order := func(id string) func(*similar.Request) { return func(r *similar.Request) { r.Subject = "order " + id } }
	category := func(c string) func(*similar.Request) { return func(r *similar.Request) { r.Category = c } }
	plain := at(lost, again)
	for name, tt := range map[string]struct {
		x, y   similar.Request
		higher bool
	}{
		"SameOrder":     {with(lost, order("1")), with(again, order("1")), true},
		"OtherOrder":    {with(lost, order("1")), with(again, order("2")), false},
		"SameCategory":  {with(lost, category("order")), with(again, category("order")), true},
		"OtherCategory": {with(lost, category("order")), with(again, category("refund")), false},
	} {
		if p := at(tt.x, tt.y); (p > plain) != tt.higher || p == plain {
			t.Errorf("%s: %.3f, without it %.3f", name, p, plain)
		}
	}
	if p := at(with(lost, order("1")), with(again, order("2"))); p >= similar.Likely {
		t.Errorf("another order is taken for the same: %.2f", p)
	}
	number := func(n string) similar.Request {
		return text("Commande n° " + n + " : le colis n’est pas arrivé, que faire ?")
	}
	if same, differ := at(number("10482"), number("10482")), at(number("10482"), number("77310")); same < similar.Likely || differ >= similar.Likely {
		t.Errorf("the same number: %.2f, another: %.2f", same, differ)
	}
	if s := b.Compare(text("en 2026"), text("en 2025")); s.Refs != 0 {
		t.Error("a year is taken for a reference")
	}
}

// TestMeaningSpeaksAcrossLanguages: what all texts of a language have in common is taken away first.
func TestMeaningSpeaksAcrossLanguages(t *testing.T) {
	t.Parallel()
	var past []similar.Request
	axis := func(l kb.Lang, i int) []float32 {
		v := make([]float64, 12)
		v[i%10] = 1
		v[map[kb.Lang]int{kb.French: 10, kb.Polish: 11}[l]] = 4
		return vector(v...)
	}
	for i := range 40 {
		for _, l := range []kb.Lang{kb.French, kb.Polish} {
			past = append(past, similar.Request{Text: fmt.Sprint("texte ", i), Lang: l, Vector: axis(l, i)})
		}
	}
	b := similar.NewBackground(past)
	fr := similar.Request{Text: "colis", Lang: kb.French, Vector: axis(kb.French, 3)}
	same := b.Duplicate(fr, similar.Request{Text: "paczka", Lang: kb.Polish, Vector: axis(kb.Polish, 3)})
	other := b.Duplicate(fr, similar.Request{Text: "konto", Lang: kb.Polish, Vector: axis(kb.Polish, 4)})
	if same < similar.Likely || other > 0.3 {
		t.Errorf("the same in another language: %.2f, something else: %.2f", same, other)
	}
	wordless := b.Duplicate(similar.Request{Text: "colis", Lang: kb.French}, similar.Request{Text: "paczka", Lang: kb.Polish})
	if wordless > 0.1 {
		t.Errorf("of two languages without vectors nothing is known: %.2f", wordless)
	}
}

func examples() (out []similar.Example) {
	for i, text := range []string{"where is my parcel", "the parcel has not arrived", "track my parcel please", "parcel is late"} {
		out = append(out, similar.Example{Category: "order", Request: similar.Request{Text: text, Lang: kb.English, Vector: vector(1, 0, 0.1*float64(i), 0)}})
	}
	for i, text := range []string{"I want my money back", "refund my purchase", "when will the refund come", "money was not refunded"} {
		out = append(out, similar.Example{Category: "refund", Request: similar.Request{Text: text, Lang: kb.English, Vector: vector(0, 1, 0.1*float64(i), 0)}})
	}
	return out
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	all := examples()
	wordless := examples()
	for i := range wordless {
		wordless[i].Vector = nil
	}
	request := similar.Request{Text: "my parcel did not arrive", Lang: kb.English, Vector: vector(1, 0.1, 0, 0)}
	for name, tt := range map[string]struct {
		examples []similar.Example
		meaning  bool
	}{
		"Both": {all, true}, "WordsAlone": {wordless, false}, "MostWithVectors": {append(all[:len(all):len(all)], wordless[:2]...), true},
		"FewWithVectors": {append(wordless[:len(wordless):len(wordless)], all[:2]...), false},
	} {
		c := similar.NewClassifier(tt.examples, similar.DefaultParams)
		if c.ByMeaning() != tt.meaning {
			t.Errorf("%s: by meaning: %v", name, c.ByMeaning())
		}
		guesses := c.Suggest(request, 3)
		if len(guesses) != 2 || guesses[0].Category != "order" || guesses[0].Probability < similar.Confident {
			t.Errorf("%s: %v", name, guesses)
		}
		total := 0.0
		for _, g := range guesses {
			total += g.Probability
		}
		if total > 1 || guesses[0].Probability < guesses[1].Probability {
			t.Errorf("%s: probabilities %v", name, guesses)
		}
		strange := similar.Request{Text: "qui a peint la joconde", Lang: kb.English, Vector: vector(0, 0, 0, 1)}
		if g := c.Suggest(strange, 1); g[0].Probability >= similar.Confident {
			t.Errorf("%s: what is out of scope is %v", name, g)
		}
	}
	if got := similar.NewClassifier(all, similar.DefaultParams).Suggest(similar.Request{Text: "parcel", Lang: kb.English}, 3); got != nil {
		t.Errorf("without the vector it wants it says %v", got)
	}
	for name, few := range map[string][]similar.Example{"Nothing": nil, "OneCategory": all[:3]} {
		if c := similar.NewClassifier(few, similar.DefaultParams); c != nil || c.Suggest(request, 3) != nil {
			t.Errorf("%s: something is suggested", name)
		}
	}
}

// TestSuggestTakesTurns: where there are too many examples no category is crowded out.
func TestSuggestTakesTurns(t *testing.T) {
	t.Parallel()
	var all []similar.Example
	for i := range 200 {
		all = append(all, similar.Example{Category: "order", Request: similar.Request{Text: fmt.Sprint("parcel number ", i), Lang: kb.English}})
	}
	all = append(all, similar.Example{Category: "refund", Request: similar.Request{Text: "money back refund", Lang: kb.English}})
	p := similar.DefaultParams
	p.Most = 20
	if g := similar.NewClassifier(all, p).Suggest(similar.Request{Text: "refund, money back", Lang: kb.English}, 1); g[0].Category != "refund" {
		t.Errorf("%v", g)
	}
}

func BenchmarkNewClassifier(b *testing.B) {
	var all []similar.Example
	for i := range similar.DefaultParams.Most {
		v := make([]float64, 384)
		for k := range v {
			v[k] = math.Sin(float64(i*384 + k))
		}
		all = append(all, similar.Example{Category: fmt.Sprint(i % 20), Request: similar.Request{Lang: kb.English,
			Text: fmt.Sprint("request number ", i, " about the matter ", i%20, " with some words of its own ", i*7), Vector: vector(v...)}})
	}
	for b.Loop() {
		similar.NewClassifier(all, similar.DefaultParams)
	}
}
