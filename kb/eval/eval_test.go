package eval_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/markdown"
)

func write(t *testing.T, dir, name string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadFAQ(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "articles.jsonl",
		`{"id":"c/a/en","group":"c/a","lang":"en","collection":"c","title":"A","body":"One.\n* two_x\n3. three","source":"s"}`,
		`{"id":"c/a/fr","group":"c/a","lang":"fr","collection":"c","title":"A","body":"Un."}`, ``)
	write(t, dir, "queries.jsonl",
		`{"id":"1","lang":"de","collection":"c","query":"eins?","relevant":["c/a/en","c/a/fr"],"kind":"crosslingual","subkind":"title"}`,
		`{"id":"2","lang":"en","collection":"c","query":"none?","relevant":[],"kind":"none","subkind":"withheld"}`)
	f, err := eval.ReadFAQ(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []eval.Question{
		{ID: "1", Text: "eins?", Lang: kb.German, Collection: "c", Relevant: []kb.GroupID{"c/a"}, Kind: "crosslingual", Subkind: "title"},
		{ID: "2", Text: "none?", Lang: kb.English, Collection: "c", Kind: "none", Subkind: "withheld"},
	}
	if diff := cmp.Diff(want, f.Questions); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Plain text must come out of the Markdown reader as it went in.
	doc, err := markdown.Read(f.Articles[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	ps := kb.Split(f.Articles[0], 1, doc)
	if len(ps) != 1 || ps[0].Text != "One.\n* two_x\n3. three" {
		t.Errorf("passages %+v", ps)
	}
}

func TestPlainTextSurvives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const text = `# not a heading\n- not a list\n+ a\n1) b\n12. c\n> d\n*e* _f_ [g](h) <b>i</b> &amp; j\\k\n| l | m |\n---\n===\n~~n~~ o*p*q\n`
	write(t, dir, "articles.jsonl", `{"id":"a","lang":"en","collection":"c","title":"A","body":"`+text+`"}`)
	write(t, dir, "queries.jsonl")
	f, err := eval.ReadFAQ(dir)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := markdown.Read(f.Articles[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range doc.Sections {
		for _, b := range s.Blocks {
			got = append(got, b.Text)
		}
	}
	want := strings.Split(strings.ReplaceAll(strings.TrimSuffix(text, `\n`), `\\`, `\`), `\n`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := `{"id":"a","lang":"en","collection":"c","title":"A","body":"b"}`
	for name, tc := range map[string]struct{ articles, queries, want string }{
		"NotJSON":         {good + "\n{", "", "articles.jsonl:2"},
		"OtherLanguage":   {`{"id":"a","lang":"sv","title":"A"}`, "", "articles.jsonl:1"},
		"UnknownRelevant": {good, `{"id":"q7","query":"x","lang":"en","relevant":["b"]}`, "q7"},
	} {
		dir := t.TempDir()
		write(t, dir, "articles.jsonl", tc.articles)
		write(t, dir, "queries.jsonl", tc.queries)
		if _, err := eval.ReadFAQ(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error that names %s", name, err, tc.want)
		}
	}
	if _, err := eval.ReadFAQ(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	questions := []eval.Question{
		{ID: "first", Relevant: []kb.GroupID{"a"}},
		{ID: "third", Relevant: []kb.GroupID{"c"}},
		{ID: "two", Relevant: []kb.GroupID{"a", "d"}},
		{ID: "seventh", Relevant: []kb.GroupID{"g"}},
		{ID: "eleventh", Relevant: []kb.GroupID{"k"}},
		{ID: "none"},
		{ID: "span", Relevant: []kb.GroupID{"a"}, Answers: []string{"7 – 14 Jours"}},
		{ID: "chinese", Relevant: []kb.GroupID{"a"}, Answers: []string{"七天"}},
		{ID: "not said", Relevant: []kb.GroupID{"a"}, Answers: []string{"14 days", ""}},
	}
	var asked []kb.Query
	run, err := eval.Ask(t.Context(), "x", questions, true, func(_ context.Context, q kb.Query) (eval.Answer, error) {
		asked = append(asked, q)
		return eval.Answer{Groups: []kb.GroupID{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}, Text: "En 7 - 14 jours; 需要七天。"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	type marks struct {
		NDCG, MRR, Recall float64
		Top, Contains     bool
	}
	log := func(rank float64) float64 { return 1 / math.Log2(rank+1) }
	want := map[string]marks{
		"first": {1, 1, 1, true, false}, "third": {log(3), 1.0 / 3, 1, false, false}, "two": {(1 + log(4)) / (1 + log(2)), 1, 1, true, false},
		"seventh": {log(7), 1.0 / 7, 0, false, false}, "eleventh": {}, "none": {},
		"span": {1, 1, 1, true, true}, "chinese": {1, 1, 1, true, true}, "not said": {1, 1, 1, true, false},
	}
	for _, r := range run.Results {
		if diff := cmp.Diff(want[r.ID], marks{r.NDCG, r.MRR, r.Recall, r.Top, r.Contains}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", r.ID, diff)
		}
	}
	if len(asked) != len(questions) {
		t.Errorf("%d questions were put, want %d", len(asked), len(questions))
	}
	if _, err := eval.Ask(t.Context(), "x", questions[:1], true, func(context.Context, kb.Query) (eval.Answer, error) {
		return eval.Answer{}, errors.New("down")
	}); err == nil || !strings.Contains(err.Error(), "first") {
		t.Errorf("%v, want an error that names the question", err)
	}
}

func results(confidences ...float64) []eval.Result {
	var out []eval.Result
	for _, c := range confidences {
		out = append(out, eval.Result{Answer: eval.Answer{Confidence: c}})
	}
	return out
}

func TestAUROC(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		yes, no []float64
		want    float64
	}{
		{[]float64{0.9, 0.8}, []float64{0.1, 0.2}, 100},
		{[]float64{0.1}, []float64{0.9}, 0},
		{[]float64{0.5, 0.5}, []float64{0.5}, 50},
		{[]float64{0.9, 0.3}, []float64{0.5, 0.1}, 75},
	} {
		if got := eval.AUROC(results(tc.yes...), results(tc.no...)); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("AUROC(%v, %v) = %v, want %v", tc.yes, tc.no, got, tc.want)
		}
	}
}

func TestCalibrationError(t *testing.T) {
	t.Parallel()
	rs := results(1, 1, 0.25, 0.25, 0.25, 0.25)
	rs[0].Top, rs[2].Top = true, true // half of the sure ones, a quarter of the others
	if got := eval.CalibrationError(rs, func(r eval.Result) bool { return r.Top }); math.Abs(got-1.0/6) > 1e-9 {
		t.Errorf("%v, want 1/6", got)
	}
}

func TestFitLogistic(t *testing.T) {
	t.Parallel()
	var x [][]float64
	var y []bool
	// Of a thousand results at each value, as many are right as the curve with weights -1, 2 says.
	for _, v := range []float64{-1, 0, 0.5, 1, 2} {
		p := eval.Logistic([]float64{-1, 2}, []float64{1, v})
		for i := range 1000 {
			x, y = append(x, []float64{1, v}), append(y, float64(i) < 1000*p)
		}
	}
	got := eval.FitLogistic(x, y, 0)
	if math.Abs(got[0]+1) > 0.01 || math.Abs(got[1]-2) > 0.01 {
		t.Errorf("weights %v, want about -1, 2", got)
	}
	x = [][]float64{{1, 0, 5}, {1, 1, 5}} // the third feature says nothing that the first does not
	for i, w := range eval.FitLogistic(x, []bool{false, true}, 1) {
		if math.IsNaN(w) || math.Abs(w) > 10 {
			t.Errorf("weight %d is %v", i, w)
		}
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	questions := []eval.Question{
		{ID: "1", Lang: kb.French, Collection: "c", Relevant: []kb.GroupID{"a"}, Kind: "paraphrase"},
		{ID: "2", Lang: kb.French, Collection: "c", Relevant: []kb.GroupID{"b"}, Kind: "paraphrase"},
		{ID: "3", Lang: kb.French, Collection: "c", Kind: "none", Subkind: "withheld"},
	}
	run := func(name string, first kb.GroupID) *eval.Run {
		r, err := eval.Ask(t.Context(), name, questions, true, func(_ context.Context, q kb.Query) (eval.Answer, error) {
			return eval.Answer{Groups: []kb.GroupID{first}, Confidence: 0.5, Answered: true}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var b strings.Builder
	if err := eval.WriteFAQ(&b, run("words", "a"), run("both", "x")); err != nil {
		t.Fatal(err)
	}
	if err := eval.WriteOutcomes(&b, run("words", "a")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| kind | n | words | both |\n|---|---|---|---|\n| paraphrase | 2 | 50.0 / 50.0 / 50.0 | 0.0 / 0.0 / 0.0 |\n| **all** | 2 |",
		"| fr | 2 | 50.0 (50.0) | 0.0 (0.0) |",
		"| words | 50.0 | – | 50.0 | 50.0 | 100.0 | 0.0 | – | 50.0 | 0.167 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	questions[0].Kind, questions[1].Kind, questions[2].Kind = "answerable", "answerable", "unanswerable"
	if err := eval.WriteQA(&b, run("words", "a")); err != nil {
		t.Fatal(err)
	}
	if want := "| c | fr | answerable | 2 | 50.0 / 0.0 |"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
}
