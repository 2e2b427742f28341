package kbtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"guichet/kb"
	"guichet/kb/kbtest"
	"guichet/kb/markdown"
	"guichet/kb/starter"
)

// facts are sentences with dates and amounts, which the starter articles have few of.
var facts = map[kb.Lang]string{
	kb.English:    `The fee is €12.50 for each sale. Members who registered before 3 March 2026 pay no fee until 14 July 2026. The refund of $1,200 reaches the buyer at least 7 days after 21 May 2026. A parcel worth more than 45 euros needs a signature (£3 more). The offer ends on 31 December 2026, and the price rises to €18. If the buyer pays 250 euros before 8 June 2026, the seller ships the object by 15 August 2026. The yearly fee of €60 is due on 1 October 2026, unless the account is closed. When the account is empty, we pay €5.`,
	kb.French:     `Les frais sont de 12,50 € par vente. Les membres inscrits avant le 3 mars 2026 ne paient pas de frais jusqu'au 14 juillet 2026. Le remboursement de 1 200 $ parvient à l'acheteur au moins 7 jours après le 21 mai 2026. Un colis de plus de 45 euros demande une signature (3 £ de plus). L'offre se termine le 31 décembre 2026, et le prix passe à 18 €. Si l'acheteur paie 250 euros avant le 8 juin 2026, le vendeur expédie l'objet avant le 15 août 2026. Les frais annuels de 60 € sont dus le 1 octobre 2026, sauf si le compte est fermé. Si le compte est vide, nous payons 5 €.`,
	kb.Spanish:    `La comisión es de 12,50 € por venta. Los usuarios inscritos antes del 3 de marzo de 2026 no pagan comisión hasta el 14 de julio de 2026. El reembolso de 1.200 $ llega al comprador al menos 7 días después del 21 de mayo de 2026. Un paquete de más de 45 euros necesita una firma (3 £ más). La oferta termina el 31 de diciembre de 2026, y el precio sube a 18 €. Si el comprador paga 250 euros antes del 8 de junio de 2026, el vendedor envía el objeto antes del 15 de agosto de 2026. La cuota anual de 60 € se cobra el 1 de octubre de 2026, salvo si la cuenta está cerrada. Si la cuenta está vacía, pagamos 5 €.`,
	kb.Italian:    `La commissione è di 12,50 € per vendita. I membri iscritti prima del 3 marzo 2026 non pagano commissioni fino al 14 luglio 2026. Il rimborso di 1.200 $ arriva all'acquirente almeno 7 giorni dopo il 21 maggio 2026. Un pacco di più di 45 euro richiede una firma (3 £ in più). L'offerta termina il 31 dicembre 2026, e il prezzo sale a 18 €. Se l'acquirente paga 250 euro prima dell'8 giugno 2026, il venditore spedisce l'oggetto entro il 15 agosto 2026. La quota annuale di 60 € si paga il 1 ottobre 2026, salvo se l'account è chiuso. Se l'account è vuoto, paghiamo 5 €.`,
	kb.Dutch:      `De kosten bedragen € 12,50 per verkoop. Leden die zich voor 3 maart 2026 inschreven, betalen geen kosten tot 14 juli 2026. De terugbetaling van $ 1.200 bereikt de koper minstens 7 dagen na 21 mei 2026. Een pakket van meer dan 45 euro vraagt een handtekening (£ 3 extra). De actie eindigt op 31 december 2026, en de prijs stijgt naar € 18. Als de koper 250 euro betaalt voor 8 juni 2026, verstuurt de verkoper het object voor 15 augustus 2026. De jaarlijkse kosten van € 60 worden op 1 oktober 2026 betaald, tenzij het account gesloten is. Als het account leeg is, betalen wij € 5.`,
	kb.German:     `Die Gebühr beträgt 12,50 € je Verkauf. Mitglieder, die sich vor dem 3. März 2026 angemeldet haben, zahlen bis zum 14. Juli 2026 keine Gebühr. Die Erstattung von 1.200 $ erreicht den Käufer mindestens 7 Tage nach dem 21. Mai 2026. Ein Paket von mehr als 45 Euro braucht eine Unterschrift (3 £ mehr). Das Angebot endet am 31. Dezember 2026, und der Preis steigt auf 18 €. Wenn der Käufer vor dem 8. Juni 2026 den Betrag von 250 Euro zahlt, versendet der Verkäufer das Objekt bis zum 15. August 2026. Die Jahresgebühr von 60 € ist am 1. Oktober 2026 fällig, außer wenn das Konto geschlossen ist. Wenn das Konto leer ist, zahlen wir 5 €.`,
	kb.Chinese:    `每笔销售的费用是12.50€。2026年3月3日之前注册的用户在2026年7月14日之前不支付费用。1200$的退款至少在2026年5月21日之后7天到达买家。价值超过45欧元的包裹需要签名（另加3£）。优惠在2026年12月31日结束，并且价格升到18€。如果买家在2026年6月8日之前支付250欧元，卖家在2026年8月15日之前发货。60€的年费在2026年10月1日支付，除非账户已关闭。如果账户为空，我们支付5€。`,
	kb.Portuguese: `A comissão é de 12,50 € por venda. Os membros inscritos antes de 3 de março de 2026 não pagam comissão até 14 de julho de 2026. O reembolso de 1200 $ chega ao comprador pelo menos 7 dias depois de 21 de maio de 2026. Uma encomenda de mais de 45 euros precisa de assinatura (mais 3 £). A oferta termina em 31 de dezembro de 2026, e o preço sobe para 18 €. Se o comprador pagar 250 euros antes de 8 de junho de 2026, o vendedor envia o objeto até 15 de agosto de 2026. A quota anual de 60 € paga-se em 1 de outubro de 2026, salvo se a conta estiver fechada. Se a conta estiver vazia, pagamos 5 €.`,
	kb.Polish:     `Opłata wynosi 12,50 € za sprzedaż. Użytkownicy zarejestrowani przed 3 marca 2026 nie płacą opłaty do 14 lipca 2026. Zwrot 1200 $ dociera do kupującego co najmniej 7 dni po 21 maja 2026. Paczka warta więcej niż 45 euro wymaga podpisu (3 £ więcej). Oferta kończy się 31 grudnia 2026, więc cena rośnie do 18 €. Jeśli kupujący zapłaci 250 euro przed 8 czerwca 2026, sprzedający wyśle przedmiot do 15 sierpnia 2026. Opłata roczna 60 € jest pobierana 1 października 2026, chyba że konto jest zamknięte. Jeśli konto jest puste, płacimy 5 €.`,
}

// library is the passages of the starter articles and of the facts, by language.
func library(t *testing.T) map[kb.Lang][]kb.Passage {
	articles, err := starter.Articles()
	if err != nil {
		t.Fatal(err)
	}
	out := map[kb.Lang][]kb.Passage{}
	for _, a := range articles {
		d, err := markdown.Read(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		out[a.Lang] = append(out[a.Lang], kb.Split(a, 1, d)...)
	}
	for lang, text := range facts {
		out[lang] = append(out[lang], kbtest.Passages(kb.Article{ID: "facts", Lang: lang, Title: "facts"}, text)...)
	}
	return out
}

// Shares that may be got wrong. A false number, date, amount or negation never may.
const (
	maxLies    = 0.02
	maxDropped = 0.10
	minTold    = 5 // of each kind and language, or the figure says nothing
)

var never = map[kbtest.Lie]bool{kbtest.LieNumber: true, kbtest.LieDigits: true, kbtest.LieDate: true, kbtest.LieAmount: true,
	kbtest.LieNegation: true, kbtest.LieNoNegation: true}

// TestNoLiePasses has every sentence of the starter articles falsified in every way that it can be,
// and told true in other words, and holds what passes the check against the bounds.
func TestNoLiePasses(t *testing.T) {
	t.Parallel()
	passages := library(t)
	var table strings.Builder
	trueTold, truePassed := map[kb.Lang]int{}, map[kb.Lang]int{}
	fmt.Fprintf(&table, "%-18s", "passed of told")
	for _, lang := range kb.Langs {
		fmt.Fprintf(&table, "%9s", lang)
	}
	for i, kind := range append(append([]kbtest.Lie{}, kbtest.Lies...), kbtest.Truths...) {
		lie := i < len(kbtest.Lies)
		fmt.Fprintf(&table, "\n%-18s", kind)
		allTold, allPassed := 0, 0
		for _, lang := range kb.Langs {
			from := passages[lang]
			told, passed, shown := 0, 0, 0
			for p := range from {
				for n := range from[p].Sentences {
					x, ok := kbtest.Tell(kind, from, p, n)
					if !ok {
						continue
					}
					told++
					_, why := kb.Support(x.Claim, from)
					if why == "" {
						passed++
					}
					if (why == "") == lie && shown < 3 {
						shown++
						t.Logf("%s %s %q: %q, of %q", lang, kind, why, x.Text, x.From)
					}
				}
			}
			fmt.Fprintf(&table, "%9s", fmt.Sprintf("%d/%d", passed, told))
			allTold, allPassed = allTold+told, allPassed+passed
			if told < minTold && kind != kbtest.Shortened {
				t.Errorf("%s %s: only %d told", lang, kind, told)
			}
			if never[kind] && passed > 0 || lie && float64(passed) > maxLies*float64(told) {
				t.Errorf("%s: %d of %d %s lies pass", lang, passed, told, kind)
			}
			if !lie {
				trueTold[lang], truePassed[lang] = trueTold[lang]+told, truePassed[lang]+passed
			}
		}
		if !lie && float64(allTold-allPassed) > maxDropped*float64(allTold) {
			t.Errorf("%d of %d true sentences, %s, are dropped", allTold-allPassed, allTold, kind)
		}
		fmt.Fprintf(&table, "%11s", fmt.Sprintf("%d/%d", allPassed, allTold))
	}
	for lang, told := range trueTold {
		if dropped := told - truePassed[lang]; float64(dropped) > maxDropped*float64(told) {
			t.Errorf("%s: %d of %d true sentences are dropped", lang, dropped, told)
		}
	}
	t.Log("\n" + table.String())
}

// TestLiar holds that a liar remembers what it falsified, and that the check tells it from the rest.
func TestLiar(t *testing.T) {
	t.Parallel()
	from := library(t)[kb.French][:8]
	l := kbtest.NewLiar(0.5, 1)
	var lies int
	for range 50 {
		claims, err := l.Generate(context.Background(), kb.Query{Lang: kb.French}, from)
		if err != nil || len(claims) == 0 {
			t.Fatalf("%v, %v", claims, err)
		}
		told := l.Told()
		for i, c := range claims {
			x := told[len(told)-len(claims)+i]
			if x.Text != c.Text {
				t.Fatalf("said %q, remembers %q", c.Text, x.Text)
			}
			for _, kind := range kbtest.Lies {
				if x.Kind == kind {
					lies++
					if _, why := kb.Support(c, from); why == "" {
						t.Errorf("%s passes: %q", kind, c.Text)
					}
				}
			}
		}
	}
	if lies < 50 {
		t.Errorf("%d lies", lies)
	}
}
