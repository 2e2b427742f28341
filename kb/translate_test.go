package kb_test

import (
	"testing"

	"guichet/kb"
)

func TestTranslates(t *testing.T) {
	t.Parallel()
	const (
		refund = "A refund takes 7 to 14 days."
		until  = "You can cancel until 3 March 2026 and pay €1,200.50."
		never  = "Sellers cannot refuse a return."
	)
	for name, tc := range map[string]struct {
		from kb.Lang
		text string
		to   kb.Lang
		says string
		want kb.Why
	}{
		"French":         {kb.English, refund, kb.French, "Un remboursement prend de 7 à 14 jours.", ""},
		"Words":          {kb.English, refund, kb.French, "Un remboursement prend de sept à quatorze jours.", ""},
		"Chinese":        {kb.English, refund, kb.Chinese, "退款需要7到14天。", ""},
		"ChineseWords":   {kb.English, refund, kb.Chinese, "一笔退款需要七天到十四天。", ""},
		"FromChinese":    {kb.Chinese, "退款需要七天。", kb.German, "Eine Rückerstattung dauert 7 Tage.", ""},
		"DateAndAmount":  {kb.English, until, kb.French, "Vous pouvez annuler jusqu’au 3 mars 2026 et payer 1 200,50 €.", ""},
		"Negation":       {kb.English, never, kb.Polish, "Sprzedający nie mogą odmówić zwrotu.", ""},
		"OtherNumber":    {kb.English, refund, kb.French, "Un remboursement prend de 7 à 15 jours.", kb.WhyNumber},
		"NumberGone":     {kb.English, refund, kb.French, "Un remboursement prend quelques jours.", kb.WhyNumber},
		"NumberAdded":    {kb.English, never, kb.French, "Les vendeurs ne peuvent pas refuser un retour de 30 jours.", kb.WhyNumber},
		"NumberTwice":    {kb.English, refund, kb.French, "Un remboursement prend de 7 à 14 ou 14 jours.", kb.WhyNumber},
		"OtherDate":      {kb.English, until, kb.French, "Vous pouvez annuler jusqu’au 4 mars 2026 et payer 1 200,50 €.", kb.WhyNumber},
		"OtherMonth":     {kb.English, until, kb.French, "Vous pouvez annuler jusqu’au 3 mai 2026 et payer 1 200,50 €.", kb.WhyNumber},
		"OtherAmount":    {kb.English, until, kb.French, "Vous pouvez annuler jusqu’au 3 mars 2026 et payer 1 200,5 £.", kb.WhyNumber},
		"NegationGone":   {kb.English, never, kb.French, "Les vendeurs peuvent refuser un retour.", kb.WhyPolarity},
		"NegationAdded":  {kb.English, refund, kb.French, "Un remboursement ne prend pas de 7 à 14 jours.", kb.WhyPolarity},
		"NotTranslated":  {kb.English, refund, kb.French, refund, kb.WhyLanguage},
		"OtherLanguage":  {kb.English, never, kb.French, "Die Verkäufer können eine Rückgabe nicht ablehnen.", kb.WhyLanguage},
		"Nothing":        {kb.English, never, kb.French, "", kb.WhyLanguage},
		"Babble":         {kb.English, never, kb.French, "Les vendeurs ne peuvent pas refuser un retour, car le vendeur est tenu de respecter les conditions du contrat et de la vente, et le vendeur est tenu de respecter les conditions du contrat.", kb.WhyLanguage},
		"Markup":         {kb.English, never, kb.French, "Les vendeurs <b>ne peuvent pas</b> refuser un retour.", kb.WhySign},
		"Hidden":         {kb.English, never, kb.French, "Les vendeurs ne peuvent pas \u202erefuser un retour.", kb.WhySign},
		"LatinForHan":    {kb.English, refund, kb.Chinese, "Refund 7 14.", kb.WhyLanguage},
		"SpanishBoth":    {kb.Spanish, "El plazo es de 14 días y cuesta 20 €.", kb.Italian, "Il termine è di 14 giorni e costa 20 €.", ""},
		"SpanishSwapped": {kb.Spanish, "El plazo es de 14 días y cuesta 20 €.", kb.Italian, "Il termine è di 20 giorni e costa 20 €.", kb.WhyNumber},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := kb.Translates(tc.from, tc.text, tc.to, tc.says); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
