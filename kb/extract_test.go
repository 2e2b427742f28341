package kb_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
	"guichet/kb/kbtest"
)

// results are passages as a search that was sure of itself found them, each a little worse than the
// one before it.
func results(passages ...kb.Passage) kb.Results {
	r := kb.Results{Vector: []float32{1, 0}, Evidence: kb.Evidence{Meaning: true, Lead: 0.4, Title: 0.4, Mean: 0.5}}
	for i, p := range passages {
		score := 0.8 - 0.01*float64(i)
		if i > 0 {
			score -= 0.1
		}
		r.Found = append(r.Found, kb.Found{Source: p, Hit: kb.Hit{Passage: p.ID, Article: p.Article, Group: p.Group, Lang: p.Lang, Score: score,
			Signals: kb.Signals{Meaning: true, Centred: score, Title: score, Cosine: 0.9, WordShare: 0.7 * score}}})
	}
	return r
}

// scores says how near each sentence is that holds a text; others are far.
type scores map[string]float64

func (s scores) scorer(passages ...kb.Passage) kb.SentenceScorer {
	return scorerFunc(func(_ context.Context, q kb.Query, ids []kb.PassageID) (map[kb.PassageID][]float64, error) {
		if q.Vector == nil {
			return nil, errors.New("no vector")
		}
		out := map[kb.PassageID][]float64{}
		for _, p := range passages {
			if !slices.Contains(ids, p.ID) {
				continue
			}
			for n := range p.Sentences {
				near := 0.0
				for text, x := range s {
					if strings.Contains(p.Sentence(n), text) {
						near = x
					}
				}
				out[p.ID] = append(out[p.ID], near)
			}
		}
		return out, nil
	})
}

type scorerFunc func(ctx context.Context, q kb.Query, ids []kb.PassageID) (map[kb.PassageID][]float64, error)

func (f scorerFunc) SentenceScores(ctx context.Context, q kb.Query, ids []kb.PassageID) (map[kb.PassageID][]float64, error) {
	return f(ctx, q, ids)
}

// extract runs an extraction and checks what is true of each.
func extract(t *testing.T, scorer kb.SentenceScorer, q kb.Query, r kb.Results) kb.Extraction {
	t.Helper()
	e, err := kb.NewExtractor(kb.ExtractorConfig{Scorer: scorer}).Extract(t.Context(), q, r)
	if err != nil {
		t.Fatal(err)
	}
	chars := 0
	for _, s := range e.Sentences {
		if chars > 0 {
			chars++
		}
		chars += utf8.RuneCountInString(s.Text)
		if s.Quote < 0 || s.Quote >= len(e.Quotes) || !strings.Contains(e.Quotes[s.Quote].Text, s.Text) {
			t.Errorf("%q does not stand in its quote", s.Text)
		}
	}
	for _, c := range e.Quotes {
		if c.Text != c.Passage.Text[c.Start:c.End] {
			t.Errorf("quote %q is not what its passage says", c.Text)
		}
	}
	limit := kb.MaxAnswer
	if len(e.Quotes) > 0 && e.Quotes[0].Passage.Lang == kb.Chinese {
		limit = kb.MaxAnswerChinese
	}
	if len(e.Sentences) > kb.MaxSentences || chars > limit {
		t.Errorf("%d sentences and %d characters, want at most %d and %d", len(e.Sentences), chars, kb.MaxSentences, limit)
	}
	return e
}

func texts(e kb.Extraction) []string {
	var out []string
	for _, s := range e.Sentences {
		out = append(out, s.Text)
	}
	return out
}

func page(lang kb.Lang, id string, blocks ...kb.Block) kb.Passage {
	a := kb.Article{ID: kb.ArticleID(id + "." + string(lang)), Group: kb.GroupID(id), Lang: lang, Title: id}
	return kb.Split(a, 1, kb.Document{Sections: []kb.Section{{Blocks: blocks}}})[0]
}

func paragraph(text string) kb.Block { return kb.Block{Text: text} }

func TestExtractSentences(t *testing.T) {
	t.Parallel()
	walk := page(kb.English, "walk", paragraph("Alpha comes first. Beta follows it. Gamma is far from both. Delta ends the walk."))
	swim := page(kb.English, "swim", paragraph("Epsilon is for swimmers. Zeta is not."))
	marche := page(kb.French, "walk", paragraph("Alpha vient d'abord. Bêta suit."))
	steps := page(kb.English, "steps",
		paragraph("Before all, breathe. To open the box:"),
		kb.Block{Kind: kb.Item, List: 1, Text: "Turn the key"}, kb.Block{Kind: kb.Item, List: 1, Text: "Lift the lid"},
		kb.Block{Kind: kb.Item, List: 1, Text: "Take what is in it"}, kb.Block{Kind: kb.Item, List: 1, Text: "Close the lid"},
		paragraph("That was all."))
	long := strings.Repeat("and so on ", 12)
	manual := page(kb.English, "manual", paragraph("There are several ways:"),
		kb.Block{Kind: kb.Item, List: 1, Text: "The first " + long}, kb.Block{Kind: kb.Item, List: 1, Text: "The second " + long},
		kb.Block{Kind: kb.Item, List: 1, Text: "The third " + long}, kb.Block{Kind: kb.Item, List: 1, Text: "The fourth " + long})
	table := page(kb.English, "table", kb.Block{Kind: kb.Row, List: 1, Text: "small | 4 euros", Lead: "Parcel | Price"}, kb.Block{Kind: kb.Row, List: 1, Text: "large | 9 euros", Lead: "Parcel | Price"})
	for _, tc := range []struct {
		name   string
		scores scores
		lang   kb.Lang
		from   []kb.Passage
		want   []string
		quotes int
	}{
		{"OneSentence", scores{"Beta": 0.9}, kb.English, []kb.Passage{walk}, []string{"Beta follows it."}, 1},
		{"NeighboursShareAQuote", scores{"Alpha": 0.8, "Beta": 0.9}, kb.English, []kb.Passage{walk}, []string{"Alpha comes first.", "Beta follows it."}, 1},
		{"OthersDoNot", scores{"Alpha": 0.8, "Delta": 0.9}, kb.English, []kb.Passage{walk}, []string{"Alpha comes first.", "Delta ends the walk."}, 2},
		{"BestPassageFirst", scores{"Alpha": 0.7, "Epsilon": 1}, kb.English, []kb.Passage{walk, swim}, []string{"Epsilon is for swimmers.", "Alpha comes first."}, 2},
		{"AtMostThree", scores{"Alpha": 0.9, "Beta": 0.8, "Gamma": 0.85, "Delta": 0.95}, kb.English, []kb.Passage{walk},
			[]string{"Alpha comes first.", "Gamma is far from both.", "Delta ends the walk."}, 2},
		{"TheQuestionsLanguage", scores{"Alpha": 0.9, "Bêta": 0.8}, kb.French, []kb.Passage{walk, marche}, []string{"Alpha vient d'abord.", "Bêta suit."}, 1},
		{"OneLanguageInAnAnswer", scores{"Beta": 0.9, "Epsilon": 0.85, "Bêta": 0.84}, kb.German, []kb.Passage{walk, marche, swim},
			[]string{"Beta follows it.", "Epsilon is for swimmers."}, 2},
		{"SaidOnce", scores{"Alpha": 0.9}, kb.English, []kb.Passage{walk, page(kb.English, "copy", paragraph("Alpha comes first. Eta too."))}, []string{"Alpha comes first."}, 1},
		{"NothingNewIsNotSaidAgain", scores{"lasts": 0.9, "| 4": 0.88}, kb.English,
			[]kb.Passage{page(kb.English, "term", paragraph("The review of a parcel lasts 4 days.")), page(kb.English, "terms", kb.Block{Kind: kb.Row, List: 1, Text: "Review of a parcel | 4 days"})},
			[]string{"The review of a parcel lasts 4 days."}, 1},
		{"AListAsAWhole", scores{"Turn": 0.9, "Lift": 0.88}, kb.English, []kb.Passage{steps},
			[]string{"To open the box:\nTurn the key\nLift the lid\nTake what is in it\nClose the lid"}, 1},
		{"AListByItsLead", scores{"open the box": 0.9, "Turn": 0.85}, kb.English, []kb.Passage{steps},
			[]string{"To open the box:\nTurn the key\nLift the lid\nTake what is in it\nClose the lid"}, 1},
		{"AnItemWithItsLead", scores{"third": 0.9}, kb.English, []kb.Passage{manual}, []string{"There are several ways:", "The third " + strings.TrimSpace(long)}, 2},
		{"ALeadWithItsFirstItem", scores{"several ways": 0.9}, kb.English, []kb.Passage{manual}, []string{"There are several ways:\nThe first " + strings.TrimSpace(long)}, 1},
		{"ARowWithItsHead", scores{"large": 0.9}, kb.English, []kb.Passage{table}, []string{"Parcel | Price", "large | 9 euros"}, 2},
		{"TheFirstRowWithItsHead", scores{"small": 0.9}, kb.English, []kb.Passage{table}, []string{"Parcel | Price\nsmall | 4 euros"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := extract(t, tc.scores.scorer(tc.from...), kb.Query{Text: "xyzzy", Lang: tc.lang}, results(tc.from...))
			if diff := cmp.Diff(tc.want, texts(e)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(e.Quotes) != tc.quotes || !e.Answers {
				t.Errorf("%d quotes, answers: %v; want %d, true", len(e.Quotes), e.Answers, tc.quotes)
			}
		})
	}
}

func TestExtractStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, n := range []string{"first", "second", "third", "fourth"} {
		b.WriteString("The " + n + " sentence about refunds has a length of more than a hundred and fifty characters, so that three of them are more than an answer may ever have in it. ")
	}
	long := page(kb.English, "long", paragraph(b.String()))
	tooLong := page(kb.English, "endless", paragraph("A refund "+strings.Repeat("and a refund ", 60)+"ends."), paragraph("Refunds are short here."))
	chinese := page(kb.Chinese, "zh", paragraph(strings.Repeat("退款申请会在七天内审核，审核结束以后会在七天内处理，并且会通过电子邮件通知会员处理的结果如何，请耐心等待。", 8)))
	for _, tc := range []struct {
		q    kb.Query
		from kb.Passage
		min  int
	}{{kb.Query{Text: "refunds", Lang: kb.English}, long, 2}, {kb.Query{Text: "refund", Lang: kb.English}, tooLong, 1}, {kb.Query{Text: "退款审核", Lang: kb.Chinese}, chinese, 1}} {
		e := extract(t, nil, tc.q, results(tc.from))
		if len(e.Sentences) < tc.min {
			t.Errorf("%q: %d sentences, want %d", tc.q.Text, len(e.Sentences), tc.min)
		}
	}
}

func TestExtractByWordsAlone(t *testing.T) {
	t.Parallel()
	remboursement := page(kb.French, "refund",
		paragraph("Un remboursement se demande depuis la page de la commande. L'examen d'une demande prend du temps, et un remboursement justifié est versé en 7 à 14 jours. Vous êtes prévenu par e-mail."))
	livraison := page(kb.French, "delivery", paragraph("Une livraison prend trois jours. Le transporteur vous écrit."))
	r := results(remboursement, livraison)
	r.Vector = nil
	for i := range r.Found {
		r.Found[i].Signals = kb.Signals{WordShare: 0.6 - 0.5*float64(i)}
	}
	broken := scorerFunc(func(context.Context, kb.Query, []kb.PassageID) (map[kb.PassageID][]float64, error) {
		return nil, errors.New("broken")
	})
	for name, scorer := range map[string]kb.SentenceScorer{"NoScorer": nil, "ScorerBroken": broken, "NoSentenceVectorsYet": scores{}.scorer()} {
		e := extract(t, scorer, kb.Query{Text: "Combien de temps prend un remboursement ?", Lang: kb.French}, r)
		if got := strings.Join(texts(e), " "); !e.Answers || !strings.Contains(got, "7 à 14 jours") {
			t.Errorf("%s: answers: %v (%.2f), %q", name, e.Answers, e.Confidence, got)
		}
	}
}

func TestExtractKnowsWhenNotToAnswer(t *testing.T) {
	t.Parallel()
	var passages []kb.Passage
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		passages = append(passages, page(kb.French, id, paragraph("Ouvrez la page des commandes, puis choisissez-en une.")))
	}
	vague := results(passages...)
	for i := range vague.Found {
		vague.Found[i].Score = 0.2 - 0.01*float64(i)
		vague.Found[i].Signals = kb.Signals{Meaning: true, Centred: 0.22, Title: 0.15, Cosine: 0.79, WordShare: 0.1}
	}
	vague.Evidence = kb.Evidence{Meaning: true, Lead: 0.02, Title: 0.02, Mean: 0.2, Share: 0.1}
	words := results(passages...)
	words.Evidence = kb.Evidence{Words: 0.12, WordsLead: 0.03}
	for i := range words.Found {
		words.Found[i].Score = 0.2
		words.Found[i].Signals = kb.Signals{WordShare: 0.12 - 0.01*float64(i)}
	}
	q := kb.Query{Text: "Quelle est la capitale du Pérou ?", Lang: kb.French}
	for name, r := range map[string]kb.Results{"NothingFound": {}, "NothingNear": vague, "StrayWords": words} {
		if e := extract(t, nil, q, r); e.Answers || e.Confidence > 0.3 {
			t.Errorf("%s: answers %v with confidence %.2f", name, e.Answers, e.Confidence)
		}
	}
	title := kbtest.Passages(kb.Article{ID: "title", Lang: kb.French, Title: "Un titre sans texte"})
	if e := extract(t, nil, kb.Query{Text: "titre sans texte", Lang: kb.French}, results(title...)); e.Answers || len(e.Sentences) > 0 {
		t.Errorf("answers with %q from an article without text", texts(e))
	}
}

func TestExtractCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := kb.NewExtractor(kb.ExtractorConfig{}).Extract(ctx, kb.Query{Text: "q"}, results(page(kb.English, "a", paragraph("Text.")))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestConfidenceRisesWithTheEvidence(t *testing.T) {
	t.Parallel()
	for _, meaning := range []bool{false, true} {
		weak := kb.Evidence{Meaning: meaning, Lead: 0.05, Title: 0.05, Mean: 0.2, Words: 0.1, WordsLead: 0.05}
		for name, more := range map[string]func(*kb.Evidence){
			"Lead": func(e *kb.Evidence) { e.Lead, e.WordsLead = 0.3, 0.3 }, "Title": func(e *kb.Evidence) { e.Title = 0.4 },
			"Mean": func(e *kb.Evidence) { e.Mean = 0.6 }, "Share": func(e *kb.Evidence) { e.Share, e.ShareLead, e.Words = 0.5, 0.5, 0.6 },
		} {
			strong := weak
			more(&strong)
			if c := strong.Confidence(); c <= weak.Confidence() && (meaning || name == "Share" || name == "Lead") || c < 0 || c > 1 {
				t.Errorf("meaning %v, more %s: %.3f, before %.3f", meaning, name, c, weak.Confidence())
			}
		}
	}
}

// TestConfidenceNeverFalls: whatever stands out further makes no answer less sure.
func TestConfidenceNeverFalls(t *testing.T) {
	t.Parallel()
	for _, meaning := range []bool{false, true} {
		last := 0.0
		for x := -1.0; x <= 2; x += 0.01 {
			c := kb.Evidence{Meaning: meaning, Lead: x, Title: x, Mean: x, Share: x, ShareLead: x, Words: x, WordsLead: x}.Confidence()
			if c < last {
				t.Fatalf("meaning %v: %.4f at %.2f, %.4f before", meaning, c, x, last)
			}
			last = c
		}
	}
}
