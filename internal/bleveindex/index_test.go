package bleveindex_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/google/go-cmp/cmp"

	"guichet/internal/bleveindex"
	"guichet/kb"
	"guichet/kb/kbtest"
)

func open(t *testing.T, dir string) *bleveindex.Index {
	t.Helper()
	x, err := bleveindex.Open(bleveindex.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func apply(t *testing.T, x *bleveindex.Index, cursor int64, changes ...bleveindex.Change) {
	t.Helper()
	if err := x.Apply(t.Context(), changes, cursor); err != nil {
		t.Fatal(err)
	}
}

func article(lang kb.Lang, id, title string, paragraphs ...string) bleveindex.Change {
	a := kb.Article{ID: kb.ArticleID(id), Lang: lang, Title: title}
	return bleveindex.Change{Article: a.ID, Passages: kbtest.Passages(a, paragraphs...)}
}

// found returns the articles found, best first, each once.
func found(t *testing.T, x *bleveindex.Index, lang kb.Lang, text string) []string {
	t.Helper()
	hits, err := x.Retrieve(t.Context(), kb.Query{Text: text, Lang: lang})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	seen := map[kb.ArticleID]bool{}
	for _, h := range hits {
		if !seen[h.Article] {
			seen[h.Article] = true
			ids = append(ids, string(h.Article))
		}
	}
	return ids
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]func(*testing.T) string{
		"Memory": func(*testing.T) string { return "" },
		"Disk":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "words") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kbtest.Retriever(t, func(t *testing.T) kbtest.Subject {
				x := open(t, dir(t))
				return kbtest.Subject{Retriever: x, Replace: func(a kb.ArticleID, ps []kb.Passage) {
					if err := x.Apply(context.Background(), []bleveindex.Change{{Article: a, Passages: ps}}, 1); err != nil {
						t.Error(err)
					}
				}}
			})
		})
	}
}

func TestWordsMeetInTheirForms(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 1,
		article(kb.French, "recu", "L’étape suivante", "Le reçu de l’été dernier est archivé chez les commerçants."),
		article(kb.French, "autre", "Autre chose", "Rien de tout cela ne se trouve ici, hélas, monsieur."),
		article(kb.Polish, "lodz", "Wysyłka do Łodzi", "Paczki do Łodzi wysyłamy w każdą środę."),
		article(kb.German, "gebuehr", "Gebühren für Großpakete", "Für Großpakete fällt eine Gebühr an."),
		article(kb.Italian, "acqua", "Chiudere l'acqua", "Per chiudere l’acqua girate la manopola."),
		article(kb.Spanish, "envio", "Envíos a Canarias", "Los envíos a Canarias pagan aduanas."),
		article(kb.Portuguese, "acao", "Ações da empresa", "As ações são vendidas na bolsa."),
		article(kb.Dutch, "fietsen", "Fietsen stallen", "Fietsen stalt u achter het station."),
		article(kb.English, "refund", "Refunding orders", "Orders are refunded by the seller's bank."),
		article(kb.Chinese, "tuikuan", "申请退款", "退款申请会在七天内审核。"),
	)
	for _, tc := range []struct {
		lang           kb.Lang
		question, want string
	}{
		{kb.French, "reçu", "recu"}, {kb.French, "RECU", "recu"}, {kb.French, "recus", "recu"}, {kb.French, "reçus", "recu"},
		{kb.French, "étape", "recu"}, {kb.French, "etapes", "recu"}, {kb.French, "l'etape", "recu"}, {kb.French, "L’ÉTAPE", "recu"},
		{kb.French, "commercant", "recu"}, {kb.French, "archivées", "recu"}, {kb.French, "archives", "recu"},
		{kb.Polish, "lodzi", "lodz"}, {kb.Polish, "środa", "lodz"}, {kb.Polish, "paczka", "lodz"}, {kb.Polish, "paczke", "lodz"},
		{kb.German, "Gebuehren", "gebuehr"}, {kb.German, "gebuhr", "gebuehr"}, {kb.German, "grosspaket", "gebuehr"},
		{kb.Italian, "acqua", "acqua"}, {kb.Italian, "l’acqua", "acqua"},
		{kb.Spanish, "envio", "envio"}, {kb.Spanish, "aduana", "envio"},
		{kb.Portuguese, "acoes", "acao"}, {kb.Dutch, "stations", "fietsen"}, {kb.English, "refunds", "refund"}, {kb.English, "sellers'", "refund"},
		{kb.Chinese, "退款", "tuikuan"}, {kb.Chinese, "怎么申请退款？", "tuikuan"},
	} {
		if got := found(t, x, tc.lang, tc.question); len(got) == 0 || got[0] != tc.want {
			t.Errorf("%s %q finds %v, want %s first", tc.lang, tc.question, got, tc.want)
		}
	}
}

func TestTypos(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 1,
		article(kb.French, "remboursement", "Obtenir un remboursement", "Un remboursement justifié prend deux semaines."),
		article(kb.French, "livraison", "Suivre une livraison", "La livraison est suivie par le transporteur."),
		article(kb.English, "code", "Codes", "A code has five letters."),
	)
	for question, want := range map[string]string{
		"rembousement": "remboursement", "remboursemnet": "remboursement", "rmboursemet": "remboursement", "REMBOURSSEMENT": "remboursement",
		"livrasion": "livraison", "livrason": "livraison",
	} {
		if got := found(t, x, kb.French, question); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %s first", question, got, want)
		}
	}
	if got := found(t, x, kb.English, "cove"); len(got) != 0 {
		t.Errorf("a word of four letters is not guessed at, but found %v", got)
	}
	exact, typo := hit(t, x, kb.French, "remboursement"), hit(t, x, kb.French, "rembousement")
	if exact.Score <= typo.Score || exact.Signals.WordShare <= typo.Signals.WordShare {
		t.Errorf("a guess (%+v) counts as much as the word itself (%+v)", typo.Signals, exact.Signals)
	}
}

func hit(t *testing.T, x *bleveindex.Index, lang kb.Lang, text string) kb.Hit {
	t.Helper()
	hits, err := x.Retrieve(t.Context(), kb.Query{Text: text, Lang: lang})
	if err != nil || len(hits) == 0 {
		t.Fatalf("%q: %d hits, %v", text, len(hits), err)
	}
	return hits[0]
}

func TestNamesAndNumbersCrossLanguages(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 1,
		article(kb.English, "en", "The XR-200 printer", "Error E17 on the XR-200 means that paper is missing. Call Lumenia."),
		article(kb.German, "de", "Drucker", "Legen Sie Papier nach, wenn der Drucker danach fragt."),
	)
	for question, want := range map[string]string{"Fehler E17": "en", "Lumenia anrufen": "en", "Papier": "de"} {
		if got := found(t, x, kb.German, question); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %s first", question, got, want)
		}
	}
	if s := hit(t, x, kb.German, "Lumenia").Signals.WordShare; s >= hit(t, x, kb.English, "Lumenia").Signals.WordShare {
		t.Errorf("a word in another language's article counts in full (%v)", s)
	}
}

func TestWordShareSaysHowMuchIsExplained(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	changes := []bleveindex.Change{article(kb.English, "kettle", "Descaling a kettle", "Boil vinegar in the kettle, wait an hour and rinse it.")}
	for i := range 30 {
		changes = append(changes, article(kb.English, fmt.Sprint("other.", i), fmt.Sprint("Item ", i), "An hour is needed for this, sometimes two."))
	}
	apply(t, x, 1, changes...)
	share := func(q string) float64 { return hit(t, x, kb.English, q).Signals.WordShare }
	all, half, little := share("descaling a kettle with vinegar"), share("kettle vinegar zeppelin marzipan"), share("is an hour enough to fly to Peru and its capital?")
	if !(all > 0.6 && all <= 1 && half < 0.6 && half > 0.2 && little < 0.2) {
		t.Errorf("shares %.2f, %.2f, %.2f; want most, half and little of the question", all, half, little)
	}
}

func TestReopened(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "words")
	x := open(t, dir)
	if c, err := x.Cursor(); c != 0 || err != nil {
		t.Errorf("cursor of an empty index: %d, %v", c, err)
	}
	apply(t, x, 41, article(kb.English, "tide", "Tides", "The tide turns at six."))
	apply(t, x, 42) // the cursor moves alone too
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Retrieve(t.Context(), kb.Query{Text: "tide"}); err == nil {
		t.Error("a closed index answers")
	}
	x = open(t, dir)
	if c, err := x.Cursor(); c != 42 || err != nil {
		t.Errorf("cursor after reopening: %d, %v; want 42", c, err)
	}
	if diff := cmp.Diff([]string{"tide"}, found(t, x, kb.English, "tides")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLastChangeOfAnArticleCounts(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 3, article(kb.English, "a", "Old", "The old windmill."), article(kb.English, "a", "New", "The new lighthouse."), article(kb.English, "b", "B", "Gone at once: windmill."), bleveindex.Change{Article: "b"})
	if got := found(t, x, kb.English, "windmill"); len(got) != 0 {
		t.Errorf("found %v, which a later change in the batch took away", got)
	}
	if diff := cmp.Diff([]string{"a"}, found(t, x, kb.English, "lighthouse")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFailedApplyChangesNothing(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 1, article(kb.English, "a", "A", "The lighthouse."))
	bad := article(kb.English, "a", "A", "The windmill.")
	bad.Passages[0].Lang = "xx"
	if err := x.Apply(t.Context(), []bleveindex.Change{{Article: "a"}, bad}, 2); err == nil {
		t.Fatal("a passage in no language was accepted")
	}
	if c, _ := x.Cursor(); c != 1 || len(found(t, x, kb.English, "lighthouse")) != 1 {
		t.Errorf("cursor %d after an Apply that failed, want 1 and the old passages", c)
	}
}

func TestInUseByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "words")
	open(t, dir)
	start := time.Now()
	_, err := bleveindex.Open(bleveindex.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want one sentence that says it is in use", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v to say so", took)
	}
}

func TestBuiltAnew(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"OtherGeneration": func(t *testing.T, dir string) {
			ix, err := bleve.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := ix.SetInternal([]byte("guichet.generation"), []byte("0")); err != nil {
				t.Fatal(err)
			}
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
		},
		"Damaged": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "index_meta.json"), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"HalfDeleted": func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "store")); err != nil {
				t.Fatal(err)
			}
		},
		"ForeignFolder": func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "words")
			x := open(t, dir)
			apply(t, x, 7, article(kb.English, "tide", "Tides", "The tide turns at six."))
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir)
			var log bytes.Buffer
			x, err := bleveindex.Open(bleveindex.Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if c, err := x.Cursor(); c != 0 || err != nil {
				t.Errorf("cursor %d, %v; want 0 of an index built anew", c, err)
			}
			if !strings.Contains(log.String(), "built anew") {
				t.Errorf("the log says nothing of it: %s", log.String())
			}
			apply(t, x, 8, article(kb.English, "tide", "Tides", "The tide turns at six."))
			if got := found(t, x, kb.English, "tide"); len(got) != 1 {
				t.Errorf("found %v", got)
			}
		})
	}
}

// A question may be anything that fits; over ten thousand passages it has to be answered all the same.
func BenchmarkRetrieve(b *testing.B) {
	x, err := bleveindex.Open(bleveindex.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	var changes []bleveindex.Change
	for i := range 10_000 {
		var words []string
		for k := range 120 { // the lower a number, the more common
			words = append(words, fmt.Sprintf("word%d", (i*7919+k*k*k*104729)%(30+k*50)))
		}
		changes = append(changes, article(kb.English, fmt.Sprint("a.", i), fmt.Sprint("Title ", i), strings.Join(words, " ")+"."))
	}
	if err := x.Apply(context.Background(), changes, 1); err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"Short": "word12 word999 word2500", "Typos": "wordd1200 worrd2100 wodr999 unknownword", "Long": strings.Repeat("word1 word2 word33 word404 ", 20),
		"500Words": func() string {
			var s []string
			for i := range 500 {
				s = append(s, fmt.Sprintf("word%d", i*3))
			}
			return strings.Join(s, " ")[:2000]
		}(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := x.Retrieve(context.Background(), kb.Query{Text: text, Lang: kb.English, Limit: 200}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestTyping(t *testing.T) {
	t.Parallel()
	x := open(t, "")
	apply(t, x, 1,
		article(kb.French, "refund", "Demander un remboursement", "Les remboursements sont versés sous dix jours."),
		article(kb.French, "order", "Suivre une commande", "Votre commande est en route ; le remboursement est une autre affaire."),
		article(kb.French, "remark", "Laisser une remarque", "Écrivez-nous vos remarques."),
		article(kb.Chinese, "zh", "申请退款", "退款需要七天。"),
		article(kb.English, "en", "Ask for a refund", "A refund takes ten days."),
	)
	for _, tt := range []struct {
		lang kb.Lang
		text string
		want []string
	}{
		{kb.French, "rembours", []string{"refund", "order"}}, // the title counts most
		{kb.French, "rem", []string{"remark", "refund", "order"}},
		{kb.French, "remarques", []string{"remark"}},
		{kb.French, "commande rembou", []string{"order", "refund"}},
		{kb.French, "r", nil}, // says nothing yet
		{kb.French, "remboursemant", []string{"refund", "order"}}, // a typo, not a beginning
		{kb.Chinese, "退", []string{"zh"}},
		{kb.English, "ref", []string{"en"}},
	} {
		hits, err := x.Retrieve(t.Context(), kb.Query{Text: tt.text, Lang: tt.lang, Typing: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hits {
			if got == nil || got[len(got)-1] != string(h.Article) {
				got = append(got, string(h.Article))
			}
			if h.Signals.WordShare < 0 || h.Signals.WordShare > 1 {
				t.Errorf("%q: word share %v", tt.text, h.Signals.WordShare)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
	if got := found(t, x, kb.French, "rembours"); got != nil {
		t.Errorf("nobody is typing, and a beginning finds %v", got)
	}
}
