package kb

import "strings"

// How an abbreviation takes the full stop behind it where a capital or a digit follows.
type abbreviation int

const (
	neverEnds    abbreviation = iota // a word always follows: Dr., z. B., np.
	beforeNumber                     // belongs to a number, else it is a word of its own: No. 5
	mayEnd                           // often the last word: etc., usw.; a capital begins anew
)

// abbreviations by language, in lower case and without the last full stop. Single letters and
// words like z.B or e.g need an entry only where they may end a sentence.
var abbreviations = abbreviationTable(map[Lang][3]string{
	English: {
		"mr mrs ms dr prof st vs cf viz gen col sgt capt lt rev hon messrs approx incl excl",
		"no nos p pp vol fig sec ch art para ed ext jan feb mar apr jun jul aug sep sept oct nov dec",
		"etc inc ltd co corp jr sr a.m p.m",
	},
	French: {
		"mm mme mmes mlle mlles dr pr me st ste cf ex env av bd boul réf tél incl adr soc",
		"no n° nos max min p pp art al vol fig chap janv févr avr juil sept oct nov déc ch",
		"etc cie",
	},
	Spanish: {
		"sr sra sres sras srta dr dra prof ud uds vd vds d dña ej avda av pza gral cf aprox ref tel tfno incl excl",
		"núm n.º nº no p pp pág págs art arts vol fig cap ene feb mar abr jun jul ago sept oct nov dic",
		"etc cía s.a s.l",
	},
	Italian: {
		"sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom spett gent egr es ca cfr tel p.es v.le ecc.mo incl",
		"n nr num p pp pag pagg art artt vol fig cap gen feb mar apr giu lug ago sett ott nov dic",
		"ecc s.p.a s.r.l",
	},
	Dutch: {
		"dhr mevr mw dr drs ir ing mr prof bijv bv ca o.a d.w.z m.b.t i.v.m t.a.v m.a.w incl excl evt resp zgn vgl tel ong",
		"nr nrs max min art p pag blz hfdst fig vol jan feb mrt apr jun jul aug sept okt nov dec",
		"enz etc e.d",
	},
	German: {
		"hr hrn fr frl dr prof dipl ing bzw bspw ca evtl ggf ggfs inkl exkl zzgl abzgl sog vgl tel geb gem lt insb insbes mind st ehem einschl entspr eigtl vorauss zw z.b d.h u.a i.d.r o.ä",
		"nr nrn max min abs art bd kap ziff abb tab anm jan feb mär apr jun jul aug sep sept okt nov dez",
		"usw etc usf co",
	},
	Portuguese: {
		"sr sra srs sras dr dra drs prof profa exmo exma eng arq av ex aprox cf tel ref v.g incl excl",
		"n.º nº núm num p pp pág págs art arts vol fig cap jan fev mar abr jun jul ago set out nov dez",
		"etc cia lda ltda s.a",
	},
	Polish: {
		"np m.in tzn tj tzw ul al pl os mgr inż dr hab prof św ks wg ws zob por śp płk gen tel wew",
		"nr ok max min poz pkt ust art str rys tab rozdz par tom lp godz dz stycz lut mar kwi cze lip sie wrz paź lis gru",
		"itd itp r w zł gr tys mln mld sp o.o",
	},
})

func abbreviationTable(by map[Lang][3]string) map[Lang]map[string]abbreviation {
	all := map[Lang]map[string]abbreviation{}
	for lang, lists := range by {
		all[lang] = map[string]abbreviation{}
		for kind, list := range lists {
			for w := range strings.FieldsSeq(list) {
				all[lang][w] = abbreviation(kind)
			}
		}
	}
	return all
}

// germanCounted are nouns that a German ordinal counts: with one of them behind it, the full stop
// after a number does not end the sentence.
var germanCounted = set(`januar jänner februar märz april mai juni juli august september oktober november
	dezember jahrhundert jahrhunderts tag tages tage woche monat monats jahr jahres quartal quartals
	schritt stock etage klasse platz mal versuch weltkrieg geburtstag werktag werktages arbeitstag
	kalendertag mahnung rate auflage kapitel abschnitt absatz punkt januars lebensjahr stufe`)

// germanBeforeOrdinal are words behind which a number with a full stop is an ordinal.
var germanBeforeOrdinal = set(`am der die das den dem des vom zum zur beim im bis ab seit jeder jede jeden jedem
	jedes ein eine einen einem einer mein meine meinen ihr ihre ihren unser und dieser diesem`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
