package handoff

import (
	"cmp"
	"context"
	"slices"
	"unicode"

	"guichet/internal/similar"
	"guichet/kb"
)

// examples puts the categories' own words behind past tickets, with vectors where there is an embedder,
// and leaves out tickets of categories that are not on offer any more, as nobody can choose those.
func (g *Guard) examples(ctx context.Context, model string, past []similar.Example) ([]similar.Example, error) {
	if g.c.Labels == nil {
		return past, nil
	}
	labels, err := g.c.Labels(ctx)
	if err != nil {
		return nil, err
	}
	past = slices.DeleteFunc(past, func(e similar.Example) bool {
		return !slices.ContainsFunc(labels, func(l Spoken) bool { return l.Category == e.Category })
	})
	for _, l := range labels {
		if l.Text == "" {
			continue
		}
		vector := g.labelVector(ctx, model, l.Text)
		if vector == nil { // it is away: the others need not wait for it too
			model = ""
		}
		past = append(past, similar.Example{Category: l.Category, Request: similar.Request{Text: l.Text, Lang: l.Lang, Vector: vector}})
	}
	return past, nil
}

// labelVector embeds a label once in a process's life; nil where that does not work now.
func (g *Guard) labelVector(ctx context.Context, model, text string) []float32 {
	if model == "" {
		return nil
	}
	key := model + "\n" + text
	if v, known := g.labels[key]; known {
		return v
	}
	vectors, err := g.c.Indexing.Embed(ctx, kb.AsQuestion, []string{text})
	if err != nil || len(vectors) != 1 {
		return nil
	}
	g.labels[key] = vectors[0]
	return vectors[0]
}

// classifiers fits one that compares vectors, nil where there are none, and one by words alone.
func classifiers(examples []similar.Example) (meaning, words *similar.Classifier) {
	if meaning = similar.NewClassifier(examples, similar.DefaultParams); meaning != nil && !meaning.ByMeaning() {
		return nil, meaning
	}
	wordless := slices.Clone(examples)
	for i := range wordless {
		wordless[i].Vector = nil
	}
	return meaning, similar.NewClassifier(wordless, similar.DefaultParams)
}

func likeliest(all []Existing) []Existing {
	slices.SortStableFunc(all, func(a, b Existing) int { return cmp.Compare(b.Probability, a.Probability) })
	return all[:min(maxShown, len(all))]
}

// letters counts letters and digits; a Chinese character says as much as three.
func letters(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			n += 3
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		}
	}
	return n
}
