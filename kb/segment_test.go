package kb

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestSegment(t *testing.T) {
	t.Parallel()
	// Each text is written with "|" between the sentences that are wanted.
	for _, tt := range []struct {
		name string
		lang Lang
		text string
	}{
		{"Empty", French, ""},
		{"Plain", English, "Open the order. |Choose Help! |Done?"},
		{"NoFullStop", English, "Open the order"},
		{"Decimal", English, "The fee is 7.5 % of the price. |It is taken once."},
		{"Thousands", German, "Bis 1.200 Euro gilt das. |Danach nicht."},
		{"Abbreviations", English, "Ask Dr. Smith, e.g. by mail, etc. |Then wait."},
		{"EtcGoesOn", English, "Photos, receipts, etc. are welcome. |Send them."},
		{"TimesOfDay", English, "We open at 9 a.m. on Mondays. |We close at 6 p.m. |Call us."},
		{"NumberAbbreviation", English, "See No. 5 of the list. |The answer is no. |Try again."},
		{"Initials", English, "J. R. Miller wrote it. |So did I. |We agree."},
		{"Brand", English, "This holds for phones. |iPhone users do the same."},
		{"Ellipsis", English, "Wait... then press it. |Wait… |Then press."},
		{"QuestionThenLowerCase", French, "vous n'avez rien reçu ? |écrivez-nous."},
		{"TitleFrench", French, "M. Dupont a écrit à Mme. Martin. |Elle répond."},
		{"ParEx", French, "Joignez une preuve, p. ex. Une photo. |Envoyez."},
		{"Guillemets", French, "Appuyez sur « Parler au support ! » puis attendez. |C'est tout."},
		{"GuillemetsEnd", French, "Elle dit : « C'est fait. » |Puis elle part."},
		{"GuillemetsQuestion", French, "« Pourquoi ? » demande le formulaire. |Répondez."},
		{"Brackets", French, "Attendez (7 à 14 jours). |(Les jours fériés comptent.) |Merci."},
		{"Quotes", English, `Press "Send." |Then wait. |"Done." |Good.`},
		{"CurlyQuotes", English, "It says “Sent.” |Close it. |“Done.”"},
		{"Web", French, "Allez sur aide.example.org/retours. |Connectez-vous."},
		{"Euros", French, "Le montant est de 7,5 €. |Il est rendu."},
		{"GermanExample", German, "Fügen Sie Belege bei, z. B. Fotos oder d. h. Bilder. |Senden Sie sie."},
		{"GermanExampleClosed", German, "Belege (z.B. Fotos) helfen. |Das ist alles."},
		{"GermanDate", German, "Die Frist endet am 5. Mai. |Danach ist es zu spät."},
		{"GermanDateNumbers", German, "Am 05.05.2026 endet die Frist. |Am 6. ist Schluss."},
		{"GermanOrdinal", German, "Der 2. Schritt ist leicht. |Im 19. Jahrhundert nicht."},
		{"GermanNumberEnds", German, "Die Zahl ist 7. |Danach folgt Text."},
		{"GermanNr", German, "Siehe Nr. 5 und Abs. 2. |Ende."},
		{"GermanQuotes", German, "Er sagte: »Gut.« |Dann ging er. |„Ja.“ |Ende."},
		{"GermanMay", German, "Fotos usw. |Danach senden. |Fotos usw. senden."},
		{"Polish", Polish, "Dodaj dowody, np. Zdjęcia, m.in. rachunek. |Wyślij je."},
		{"PolishYear", Polish, "Od 5 maja 2026 r. |Zwroty trwają dłużej. |W 2026 r. zwroty trwają krócej."},
		{"PolishOrdinal", Polish, "Do 5. dnia miesiąca. |Potem nie."},
		{"Dutch", Dutch, "Stuur bewijs, bijv. Foto's of o.a. bonnen. |Wacht dan."},
		{"Spanish", Spanish, "¿Dónde está? |¡Aquí! |El Sr. Pérez pagó 7.5 €. |Ud. Puede verlo."},
		{"Italian", Italian, "Il sig. Rossi scrive, p. es. Una mail. |Aspetti."},
		{"Portuguese", Portuguese, "A Sra. Silva pagou. |O n.º 5 chegou. |Obrigado!"},
		{"Chinese", Chinese, "订单在这里。|请打开！|可以吗？|第一；|第二。"},
		{"ChineseQuotes", Chinese, "请点击“发送。”|然后等待。|“好的。”，他说。|完。"},
		{"ChineseLatinMarks", Chinese, "可以吗?|可以!|费用是7.5元。|完成"},
		{"ChineseBrackets", Chinese, "请等待（七天。）|然后联系我们。"},
		{"LinesEnd", French, "Il faut :|\nune preuve ;|\nune photo.|\nEnvoyez|\nAttendez"},
		{"SoftBreak", French, "Le remboursement prend\nsept jours. |Puis\nil arrive."},
		{"BlankLine", English, "first line|\n\nsecond line"},
		{"NumberedLines", English, "1. Open the order.|\n2. Press Help."},
		{"Bullets", English, "- open|\n- press"},
		{"Stray", English, "Done. )|\n***"},
		{"Whitespace", English, "  One. | \t Two.  "},
		{"Emoji", English, "Done! |🎉 Next one. 🎉"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(tt.text, "|", "")
			var want []string
			for _, s := range strings.Split(tt.text, "|") {
				if s = strings.TrimSpace(s); s != "" {
					want = append(want, s)
				}
			}
			var got []string
			for _, s := range Segment(tt.lang, text) {
				got = append(got, s.Of(text))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Segment(%s, %q) (-want +got):\n%s", tt.lang, text, diff)
			}
		})
	}
}

func FuzzSegment(f *testing.F) {
	for i, s := range []string{"", "a. B", "« Oui. » Non", "好。好", "z. B.\nx ...", "1.\n2.", "\xff. \xffA", "?!)»\n\n."} {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, lang uint8, text string) {
		checkSpans(t, text, Segment(Langs[int(lang)%len(Langs)], text))
	})
}

// checkSpans holds what Segment promises of every text.
func checkSpans(t *testing.T, text string, spans []Span) {
	t.Helper()
	at := 0
	for _, s := range spans {
		if s.Start < at || s.End <= s.Start || s.End > len(text) {
			t.Fatalf("span %v after byte %d of %q", s, at, text)
		}
		if gap := text[at:s.Start]; strings.TrimSpace(gap) != "" {
			t.Fatalf("text %q lies in no span of %q", gap, text)
		}
		if got := s.Of(text); got != strings.TrimFunc(got, unicode.IsSpace) {
			t.Fatalf("span %q has outer white space", got)
		}
		at = s.End
	}
	if gap := text[at:]; strings.TrimSpace(gap) != "" {
		t.Fatalf("text %q lies in no span of %q", gap, text)
	}
}
