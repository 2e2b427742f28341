package kb

import (
	"strings"
	"testing"
)

func TestDetectLang(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  Lang
		texts []string
	}{
		{French, []string{"Où est ma commande ?", "ou est ma commande", "Combien de temps prend un remboursement ?", "remboursement", "je n'ai rien recu", "Bonjour", "C’est quoi une réclamation ?", "annuler mon compte"}},
		{English, []string{"hello", "Where is my order?", "how long does a refund take", "I didn't get it", "refund", "what does 你好 mean"}},
		{Spanish, []string{"quiero un reembolso", "¿Dónde está mi pedido?", "cuanto tarda un reembolso", "no he recibido nada"}},
		{German, []string{"Wo ist mein Paket?", "wie lange dauert eine rueckerstattung", "Wie lange dauert eine Erstattung?", "Ich möchte mein Geld zurück", "Hilfe"}},
		{Polish, []string{"Gdzie jest moja paczka?", "jak dlugo trwa zwrot", "zwrot pieniędzy", "Czy mogę anulować zamówienie?"}},
		{Italian, []string{"dove è il mio ordine", "dove e il mio ordine", "Quanto tempo richiede un rimborso?", "perchè non arriva"}},
		{Dutch, []string{"waar is mijn bestelling", "Hoe lang duurt een terugbetaling?", "ik heb niets ontvangen"}},
		{Portuguese, []string{"onde está a minha encomenda", "onde esta a minha encomenda", "quanto tempo demora um reembolso", "não recebi nada"}},
		{Chinese, []string{"我的订单在哪里", "bitcoin 挖矿", "退款", "GNOME 桌面怎么用？"}},
	} {
		for _, text := range tt.texts {
			for _, prior := range []Lang{"", tt.want, French} {
				if got, sure := DetectLang(text, prior); got != tt.want || sure <= 0.5 || sure > 1 {
					t.Errorf("DetectLang(%q, %q) = %s, %.2f, want %s", text, prior, got, sure, tt.want)
				}
			}
		}
	}
}

func TestDetectLangLeavesItToThePrior(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "12345", "?!", "Это заказ", "bitcoin", "PayPal login", "🎉", "注文はどこですか"} {
		for _, prior := range []Lang{"", French, Chinese, Polish} {
			if got, sure := DetectLang(text, prior); got != prior || sure != 0 {
				t.Errorf("DetectLang(%q, %q) = %q, %.2f, want the prior and 0", text, prior, got, sure)
			}
		}
	}
	// Words of two languages.
	for _, tt := range []struct {
		text   string
		priors []Lang
	}{
		{"message", []Lang{French, English}},
		{"no", []Lang{English, Spanish, Italian}},
		{"service client", []Lang{French}},
		{"reembolso", []Lang{Spanish, Portuguese}},
		{"information", []Lang{English, German}},
	} {
		for _, prior := range tt.priors {
			if got, _ := DetectLang(tt.text, prior); got != prior {
				t.Errorf("DetectLang(%q, %q) = %q", tt.text, prior, got)
			}
		}
	}
}

func FuzzDetectLang(f *testing.F) {
	for _, s := range []string{"", "a", "我", "l'", "'", "¿?", "Ünï\u0308", "\xff\xfe", "ﬃ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lang, sure := DetectLang(s, Dutch)
		if _, err := ParseLang(string(lang)); err != nil || sure < 0 || sure > 1 {
			t.Errorf("DetectLang(%q) = %q, %v", s, lang, sure)
		}
	})
}

func BenchmarkDetectLang(b *testing.B) {
	DetectLang("", "")
	for b.Loop() {
		DetectLang("Combien de temps prend un remboursement après un retour refusé ?", French)
	}
}

func TestLexicons(t *testing.T) {
	t.Parallel()
	for lang, lex := range lexicons() {
		for _, w := range append(lex.stop, lex.common...) {
			if w != strings.ToLower(w) {
				t.Errorf("%s: %q is not in lower case", lang, w)
			}
		}
		if lang != "" && len(lex.stop) < 150 {
			t.Errorf("%s: %d stop words", lang, len(lex.stop))
		}
	}
}
