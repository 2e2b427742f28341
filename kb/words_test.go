package kb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lang Lang
		in   string
		want string
	}{
		{"Empty", French, " ?! ", ""},
		{"Elisions", French, "L’étape d'après qu'il n'a", "l etape d apres qu il n a"},
		{"OneWord", French, "Aujourd’hui quelqu'un", "aujourd'hui quelqu'un"},
		{"Hyphen", French, "Puis-je", "puis je"},
		{"ItalianElision", Italian, "Dov'è l'ordine?", "dov e l ordine"},
		{"Possessive", English, "The buyer's card doesn't work", "the buyer card doesn't work"},
		{"DutchPlural", Dutch, "foto's", "foto"},
		{"Numbers", French, "7,5 % de 1.200,00 € en 7–14 jours.", "7,5 de 1.200,00 en 7 14 jours"},
		{"Mail", English, "write to a.b@example.org", "write to a b example org"},
		{"Chinese", Chinese, "我的订单", "我的 的订 订单"},
		{"ChineseAlone", Chinese, "请 看", "请 看"},
		{"ChineseMixed", Chinese, "GNOME 桌面v2设置", "gnome 桌面 v2 设置"},
		{"ChineseNumber", Chinese, "7天", "7 天"},
		{"HanInFrench", French, "le 订单号", "le 订单 单号"},
		{"Quotes", French, "'mot'", "mot"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.Fields(tt.want), append([]string{}, Words(tt.lang, tt.in)...)); diff != "" {
				t.Errorf("Words(%s, %q) (-want +got):\n%s", tt.lang, tt.in, diff)
			}
		})
	}
}

func TestStopWord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang       Lang
		stop, real string // as questions are asked; every word of stop is one, none of real
	}{
		{English, "How do I what is the where can't you please", "refund order seller days"},
		{French, "Où est-ce que je peux comment l’ d’ qu’ aujourd'hui à", "remboursement commande délai"},
		{Spanish, "¿Cómo puedo dónde está mi qué", "reembolso pedido plazo"},
		{Italian, "Dov'è il mio come posso perché", "rimborso ordine termine"},
		{Dutch, "Waar is mijn hoe kan ik een", "bestelling terugbetaling"},
		{German, "Wo ist mein wie kann ich über für", "Bestellung Rückerstattung Frist"},
		{Portuguese, "Onde está a minha como posso não", "encomenda reembolso prazo"},
		{Polish, "Gdzie jest moja jak mogę się", "paczka zwrot reklamacja"},
		{Chinese, "我的 怎么 为什么 可以 请问", "订单 退款"},
	} {
		for _, w := range Words(tt.lang, tt.stop) {
			if !StopWord(tt.lang, w) {
				t.Errorf("%s: %q is no stop word", tt.lang, w)
			}
		}
		for _, w := range Words(tt.lang, tt.real) {
			if StopWord(tt.lang, w) {
				t.Errorf("%s: %q is a stop word", tt.lang, w)
			}
		}
	}
	if StopWord("", "the") || StopWord(French, "") {
		t.Error("a stop word of no language, or an empty one")
	}
}
