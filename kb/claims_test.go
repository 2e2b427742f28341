package kb_test

import (
	"strings"
	"testing"

	"guichet/kb"
)

func TestSupport(t *testing.T) {
	t.Parallel()
	doc := func(lang kb.Lang, blocks ...kb.Block) kb.Passage {
		return kb.Split(kb.Article{ID: "a", Lang: lang, Title: "t"}, 1, kb.Document{Sections: []kb.Section{{Blocks: blocks}}})[0]
	}
	para := func(text string) kb.Block { return kb.Block{Text: text} }
	item := func(text string) kb.Block { return kb.Block{Kind: kb.Item, List: 1, Text: text} }
	en := doc(kb.English, para("A refund takes 7 to 14 days, and we tell you by e-mail. The seller pays the buyer (usually by card) at least €1,200.50. "+
		"You can cancel until 3 March 2026. Sellers cannot refuse a return if the object is damaged. No refunds are possible."))
	half := doc(kb.English, para("You get a refund if you paid, and the object is as it was."))
	list := doc(kb.English, para("To send a complaint:"), item("Open the Orders page."), item("Choose the object."), item("Write to us."))
	never := doc(kb.English, para("Never send:"), item("Your password."), item("Your card number."))
	fr := doc(kb.French, para("Le remboursement prend de 7 à 14 jours ouvrables. Vous n'avez pas besoin d'un compte. Choisissez « Obtenir de l'aide », puis envoyez."))
	zh := doc(kb.Chinese, para("退款需要七天。您无法在14天后取消订单。卖家应在2026年3月3日前联系买家。"))
	for name, tc := range map[string]struct {
		p    kb.Passage
		text string
		want kb.Why
	}{
		"Verbatim":             {en, "You can cancel until 3 March 2026.", ""},
		"DateInDigits":         {en, "You can cancel until 2026-03-03.", ""},
		"NumberInWords":        {en, "A refund takes seven to fourteen days, and we tell you by e-mail.", ""},
		"RangeWithADash":       {en, "A refund takes 7–14 days.", ""},
		"Bracket":              {en, "The seller pays the buyer at least 1200.50 euros.", ""},
		"Joined":               {en, "You can cancel until 3 March 2026, and sellers cannot refuse a return if the object is damaged.", ""},
		"ListAsSentence":       {list, "To send a complaint, open the Orders page, choose the object and write to us.", ""},
		"ItemWithItsLead":      {list, "To send a complaint, choose the object.", ""},
		"Item":                 {list, "Then choose the object.", ""},
		"LeadAndItem":          {never, "Never send your password.", ""},
		"French":               {fr, "Choisissez « Obtenir de l'aide » et puis envoyez.", ""},
		"Chinese":              {zh, "卖家应在2026年3月3日前联系买家。", ""},
		"ChineseNumber":        {zh, "退款需要7天。", ""},
		"OtherNumber":          {en, "A refund takes 7 to 15 days.", kb.WhyNumber},
		"NumbersSwapped":       {en, "A refund takes 14 to 7 days.", kb.WhyOrder},
		"OtherDate":            {en, "You can cancel until 4 March 2026.", kb.WhyNumber},
		"OtherAmount":          {en, "The seller pays the buyer (usually by card) at least €1.200.", kb.WhyNumber},
		"OtherCurrency":        {en, "The seller pays the buyer at least $1,200.50.", kb.WhyNumber},
		"OtherUnit":            {en, "A refund takes 7 to 14 hours.", kb.WhyWord},
		"NegationGone":         {en, "Sellers can refuse a return if the object is damaged.", kb.WhyPolarity},
		"NegationAdded":        {en, "A refund does not take 7 to 14 days.", kb.WhyPolarity},
		"NegationByAComma":     {en, "No, refunds are possible.", kb.WhyPolarity},
		"SubjectsSwapped":      {en, "The buyer pays the seller at least €1,200.50.", kb.WhyOrder},
		"ConditionGone":        {en, "Sellers cannot refuse a return.", kb.WhyCondition},
		"AtMost":               {en, "The seller pays the buyer at most €1,200.50.", kb.WhyCondition},
		"ConditionHalved":      {half, "You get a refund if you paid.", kb.WhyOrder},
		"Crossed":              {en, "You can cancel a return if the object is damaged.", kb.WhyPolarity},
		"OwnWord":              {en, "A refund automatically takes 7 to 14 days.", kb.WhyWord},
		"Fragment":             {en, "3 March 2026.", kb.WhyCondition},
		"Markup":               {en, "<b>You can cancel until 3 March 2026.", kb.WhySign},
		"CrossedOut":           {en, "You can c\u0336ancel until 3 March 2026.", kb.WhySign},
		"Hidden":               {en, "You can \u202ecancel until 3 March 2026.", kb.WhySign},
		"Emoji":                {en, "You can cancel until 3 March 2026 ❌", kb.WhySign},
		"ItemWithoutItsNever":  {never, "Your password.", kb.WhyOrder},
		"OnlyTheLead":          {list, "To send a complaint.", kb.WhyOrder},
		"FrenchNegationGone":   {fr, "Vous avez besoin d'un compte.", kb.WhyPolarity},
		"FrenchQuote":          {fr, "Choisissez « Obtenir de l'argent », puis envoyez.", kb.WhyQuote},
		"ChineseNegationGone":  {zh, "您可以在14天后取消订单。", kb.WhyPolarity},
		"ChineseSwapped":       {zh, "买家应在2026年3月3日前联系卖家。", kb.WhyOrder},
		"ChineseBeforeToAfter": {zh, "卖家应在2026年3月3日后联系买家。", kb.WhyOrder},
		"Nothing":              {en, " ", kb.WhyWord},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, why := kb.Support(kb.Claim{Text: tc.text, Sources: []int{1}}, []kb.Passage{tc.p})
			if (why == "") != (tc.want == "") {
				t.Fatalf("%q: %q, want %q", tc.text, why, tc.want)
			}
			if why != tc.want {
				t.Errorf("%q is dropped for %q, want %q", tc.text, why, tc.want)
			}
			for _, q := range got.Quotes {
				if q.Text != tc.p.Text[q.Start:q.End] {
					t.Errorf("%q is no quote", q.Text)
				}
			}
		})
	}
}

func TestSupportNeedsItsSource(t *testing.T) {
	t.Parallel()
	p := kb.Passage{Lang: kb.English, Text: "Write to us.", Sentences: []kb.Sentence{{Start: 0, End: 12}}}
	for _, sources := range [][]int{nil, {0}, {-1}, {3}} {
		if _, why := kb.Support(kb.Claim{Text: "Write to us.", Sources: sources}, []kb.Passage{p}); why != kb.WhySource {
			t.Errorf("%v: %q", sources, why)
		}
	}
	if _, why := kb.Support(kb.Claim{Text: strings.Repeat("Write to us. ", 200), Sources: []int{1}}, []kb.Passage{p}); why != kb.WhyWord {
		t.Errorf("overlong: %q", why)
	}
	if got, _ := kb.Support(kb.Claim{Text: "Write to us.", Sources: []int{2, 1}}, []kb.Passage{p, {Lang: kb.English, Text: "x", Sentences: []kb.Sentence{{End: 1}}}}); len(got.Quotes) != 1 {
		t.Errorf("%+v", got)
	}
}

// FuzzSupport holds that nothing a model may write breaks the check, and that what is quoted is what
// the passage says.
func FuzzSupport(f *testing.F) {
	f.Add("7 à 14 jours (env.) – 3 mars 2026", "退款需要七天。“x”")
	f.Add("- -1 2.000,5 % 年 3 月", "- -1 2.000,5 % 年 3 月")
	f.Fuzz(func(t *testing.T, passage, claim string) {
		for _, lang := range kb.Langs {
			p := kb.Split(kb.Article{ID: "a", Lang: lang, Title: "t"}, 1, kb.Document{Sections: []kb.Section{{Blocks: []kb.Block{{Text: passage}}}}})[0]
			got, _ := kb.Support(kb.Claim{Text: claim, Sources: []int{1}}, []kb.Passage{p})
			for _, q := range got.Quotes {
				if q.Text != p.Text[q.Start:q.End] {
					t.Fatalf("%q is no quote of %q", q.Text, p.Text)
				}
			}
		}
	})
}
