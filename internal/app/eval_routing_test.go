package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/internal/app"
	"guichet/internal/openai/e5test"
)

// TestRoutingFigures holds the figures of docs/routing.md, where the judged requests are: a point
// below them fails.
func TestRoutingFigures(t *testing.T) {
	t.Parallel()
	const dir = "../../../shared/eval/dev/intent_routing"
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		t.Logf("%s is not there", dir)
		return
	}
	r, err := app.EvalRouting(t.Context(), dir, e5test.Embedder(t))
	if err != nil {
		t.Fatal(err)
	}
	auroc := map[string]map[string]float64{}
	recall := map[string]float64{}
	for _, f := range r.Found {
		if auroc[f.System] == nil {
			auroc[f.System] = map[string]float64{}
		}
		if f.AUROC == nil {
			t.Fatalf("%s, %s: no AUROC", f.System, f.Group)
		}
		auroc[f.System][f.Group] = *f.AUROC
		if f.Group == "all" {
			recall[f.System] = f.Recall.Of()
			if f.System == app.PairsLeftOut && (f.Precision.Of() < 95 || f.Reached.Of() < 78) {
				t.Errorf("from the threshold on: precision %v, recall %v", f.Precision, f.Reached)
			}
		}
	}
	sum := 0.0
	for group, want := range map[string]float64{"cnil fr": 99.5, "covid en": 99.1, "covid de": 96.0} {
		got, cosine := auroc[app.PairsLeftOut][group], auroc[app.PairsCosine][group]
		if got < want-1 || got < cosine-1 {
			t.Errorf("%s: AUROC %.1f, was %.1f; the cosine alone has %.1f", group, got, want, cosine)
		}
		sum += got - cosine
	}
	if sum <= 0 {
		t.Errorf("on average %.1f points below the cosine alone", -sum/3)
	}
	if got := recall[app.PairsLeftOut]; got < 80.7 {
		t.Errorf("recall at 95 %% precision is %.1f, was 81.7", got)
	}
	want := map[string]float64{"bitext": 98.9, "clinc150": 96.9}
	least := map[string]float64{"bitext": 91, "clinc150": 93.5}
	for _, f := range r.Routes {
		if f.System == app.RouteDefault {
			if got := f.Top.Of(); got < want[f.Source]-1 || got < least[f.Source] {
				t.Errorf("%s: top-1 %.1f, was %.1f", f.Source, got, want[f.Source])
			}
			if f.OOSAUROC < 98.3 {
				t.Errorf("%s: out of scope is told with an AUROC of %.1f", f.Source, f.OOSAUROC)
			}
			delete(want, f.Source)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing was measured of %v", want)
	}
}

// TestRoutingOfOnePair: a set that no figure can be had of is said as JSON all the same.
func TestRoutingOfOnePair(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pairs.jsonl"), []byte(`{"id":"p","lang":"fr","a":"Bonjour","b":"Bonsoir","duplicate":false,"source":"shop"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := app.EvalRouting(t.Context(), dir, e5test.Embedder(t))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(app.EvalReport{Routing: r}); err != nil || !strings.Contains(string(b), `"auroc":null`) {
		t.Errorf("%s, %v", b, err)
	}
}
