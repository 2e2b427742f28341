package main

import (
	"os"
	"slices"
	"testing"

	"guichet/internal/openai/e5test"
	"guichet/kb"
	"guichet/kb/eval"
)

const devset = "../../../shared/eval/dev"

// figure is one committed figure: a point below it fails.
type figure struct {
	name string
	want float64
	got  float64
}

// ready is a judged set with the real embedder; ok is false where the set is not there.
func ready(t *testing.T, dir string, read func(string) (*eval.FAQ, error), keep func(c kb.CollectionKey) bool) (b *bench, ok bool) {
	t.Helper()
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		t.Logf("%s is not there: nothing is measured", dir)
		return nil, false
	}
	set, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	set.Articles = slices.DeleteFunc(set.Articles, func(a kb.Article) bool { return !keep(a.Collection) })
	set.Questions = slices.DeleteFunc(set.Questions, func(q eval.Question) bool { return !keep(q.Collection) })
	b = &bench{FAQ: set, embedder: e5test.Embedder(t), trials: map[string]map[string]trial{}}
	if err := b.index(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, true
}

func (b *bench) hold(t *testing.T, figures func(*eval.Run) []figure) {
	t.Helper()
	r, err := b.run(t.Context(), "both")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures(r) {
		t.Logf("%s: %.1f, was %.1f", f.name, f.got, f.want)
		if f.got < f.want-1 {
			t.Errorf("%s is %.1f, was %.1f", f.name, f.got, f.want)
		}
	}
}

// TestFindingFigures holds what is found and refused in five small help centers of the development
// set, in nine languages. (The whole set takes a quarter of an hour where no vector is known yet.)
func TestFindingFigures(t *testing.T) {
	t.Parallel()
	small := []kb.CollectionKey{"coronamelder", "covid_de", "covid_en", "covid_it", "covid_pl"}
	b, ok := ready(t, devset+"/faq_multilingual", eval.ReadFAQ, func(c kb.CollectionKey) bool { return slices.Contains(small, c) })
	if !ok {
		return
	}
	b.hold(t, func(r *eval.Run) []figure {
		of := func(kind string) float64 {
			return eval.Mean(r.Where(func(x eval.Result) bool { return x.Kind == kind }), func(x eval.Result) float64 { return x.NDCG })
		}
		in, out := r.Where(eval.InScope), r.Where(func(x eval.Result) bool { return !eval.InScope(x) })
		kept := eval.Mean(in, func(x eval.Result) float64 {
			if x.Answered {
				return 1
			}
			return 0
		})
		return []figure{
			{"nDCG@10 of all", 92.1, eval.Mean(in, func(x eval.Result) float64 { return x.NDCG })},
			{"nDCG@10 of paraphrases", 88.5, of("paraphrase")},
			{"nDCG@10 across languages", 94.5, of("crosslingual")},
			{"nDCG@10 of keywords", 99.5, of("keyword")},
			{"nDCG@10 of typos", 93.1, of("typo")},
			{"AUROC of in scope against out of scope", 98.1, eval.AUROC(in, out)},
			{"answered of those with an answer", 90.9, kept},
		}
	})
}

// TestAnswerFigures holds how many answers of one collection have the judged span.
func TestAnswerFigures(t *testing.T) {
	t.Parallel()
	b, ok := ready(t, devset+"/qa_grounded", eval.ReadQA, func(c kb.CollectionKey) bool { return c == "xquad" })
	if !ok {
		return
	}
	b.qa = true
	b.Questions = slices.DeleteFunc(b.Questions, func(q eval.Question) bool { return q.Lang != kb.English })
	b.hold(t, func(r *eval.Run) []figure {
		of := func(kind string) float64 {
			return eval.Mean(r.Where(func(x eval.Result) bool { return x.Kind == kind }), func(x eval.Result) float64 {
				if x.Contains {
					return 1
				}
				return 0
			})
		}
		return []figure{{"answerable", 93.3, of("answerable")}, {"across languages", 86.7, of("crosslingual")}}
	})
}
