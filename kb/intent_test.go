package kb_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"guichet/kb"
)

// TestDetectIntent reads testdata/intents.txt: a line "language intent" heads the messages that want
// it. Of each language and intent at least 95 % must be told, and no "none" may be taken for one.
func TestDetectIntent(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/intents.txt")
	if err != nil {
		t.Fatal(err)
	}
	heads := map[string]bool{"asked": true, "complaint": true, "fraud": true, "special": true, "angry": true,
		"thanks": true, "hello": true, "bye": true, "none": true}
	var lang kb.Lang
	want, right, all := "", map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if l, intent, ok := strings.Cut(line, " "); ok && len(l) == 2 && heads[intent] {
			lang, want = kb.Lang(l), intent
			continue
		}
		got := string(kb.DetectIntent(line, lang))
		if got == "" {
			got = "none"
		}
		all[string(lang)+" "+want]++
		if got == want {
			right[string(lang)+" "+want]++
		} else {
			t.Logf("%s: %q is taken for %s, not %s", lang, line, got, want)
		}
	}
	for head, n := range all {
		if strings.HasSuffix(head, " asked") && n < 25 {
			t.Errorf("%s: %d messages are too few", head, n)
		}
		if need := map[bool]float64{true: 1, false: 0.95}[strings.HasSuffix(head, " none")]; float64(right[head]) < need*float64(n) {
			t.Errorf("%s: %d of %d", head, right[head], n)
		}
	}
}

// TestQuestionsAreNoWishes holds the intents against questions that articles answer.
func TestQuestionsAreNoWishes(t *testing.T) {
	t.Parallel()
	type question struct {
		Lang            kb.Lang
		Query, Question string
	}
	count := func(path string, lang kb.Lang, most float64) {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			t.Logf("%s is not there", path)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		taken, n := 0, 0
		for lines := bufio.NewScanner(file); lines.Scan(); n++ {
			q := question{Lang: lang}
			if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
				t.Fatal(err)
			}
			if i := kb.DetectIntent(q.Query+q.Question, q.Lang); i != kb.NoIntent {
				taken++
				t.Logf("%s: %q is taken for %s", q.Lang, q.Query+q.Question, i)
			}
		}
		if float64(taken) > most*float64(n) {
			t.Errorf("%s: %d of %d questions are taken for something else", path, taken, n)
		}
	}
	for _, l := range kb.Langs {
		count("starter/questions."+string(l)+".jsonl", l, 0)
	}
	count("../../shared/eval/dev/faq_multilingual/queries.jsonl", "", 0.002)
	count("../../shared/eval/dev/qa_grounded/questions.jsonl", "", 0.002)
}

func TestLeansOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang  kb.Lang
		text  string
		leans bool
	}{
		{"fr", "et pour un abonnement ?", true}, {"fr", "Combien de temps ?", true}, {"fr", "Comment changer mon mot de passe ?", false},
		{"en", "and if it's digital?", true}, {"en", "how long does it take?", true}, {"en", "change password", false},
		{"en", "What about subscriptions?", true}, {"en", "How do I get a refund?", false},
		{"de", "und bei einem Abo?", true}, {"de", "Wie lange dauert das?", true}, {"de", "Wie lange dauert eine Rückerstattung?", false},
		{"es", "¿y para una suscripción?", true}, {"es", "¿cuánto tiempo?", true}, {"es", "cancelar suscripción", false},
		{"it", "e per un abbonamento?", true}, {"it", "quanto tempo?", true}, {"it", "annullare l'ordine", false},
		{"nl", "en voor een abonnement?", true}, {"nl", "hoe lang duurt dat?", true}, {"nl", "wachtwoord wijzigen", false},
		{"pt", "e para uma assinatura?", true}, {"pt", "quanto tempo?", true}, {"pt", "alterar a palavra-passe", false},
		{"pl", "a co z subskrypcją?", true}, {"pl", "jak długo?", true}, {"pl", "zmiana hasła", false},
		{"zh", "那订阅呢？", true}, {"zh", "要多久？", true}, {"zh", "怎么修改密码？", false},
	} {
		if got, _ := kb.LeansOn(tt.lang, tt.text); got != tt.leans {
			t.Errorf("LeansOn(%s, %q) = %v", tt.lang, tt.text, got)
		}
	}
	if got := kb.Subject("fr", "Combien de temps prend un remboursement ?"); got != "temps prend remboursement" {
		t.Errorf("Subject: %q", got)
	}
}
