package kbtest

import (
	"regexp"
	"strings"

	"guichet/kb"
)

// rewrite replaces what pattern finds.
type rewrite struct {
	pattern *regexp.Regexp
	with    string
}

// liarLexicon is what a liar knows of a language. It is its own: it shares no list with the check
// that it is to deceive.
type liarLexicon struct {
	months      []string
	units       [][2]string
	roles       [][2]string
	comparisons [][2]string
	negations   []rewrite // to drop one
	verbs       []rewrite // to add one
	conditions  []*regexp.Regexp
	inventions  []string
	and, then   string
	comma       string
	addition    *regexp.Regexp // where a last clause begins that only adds
	decides     *regexp.Regexp // what such a clause must not hold
}

func pairs(s string) (out [][2]string) {
	for p := range strings.SplitSeq(s, ";") {
		a, b, _ := strings.Cut(p, "/")
		out = append(out, [2]string{a, b})
	}
	return out
}

func rewrites(s ...string) (out []rewrite) {
	for i := 0; i < len(s); i += 2 {
		out = append(out, rewrite{regexp.MustCompile(s[i]), s[i+1]})
	}
	return out
}

func patterns(s ...string) (out []*regexp.Regexp) {
	for _, p := range s {
		out = append(out, regexp.MustCompile(p))
	}
	return out
}

var liarWords = map[kb.Lang]liarLexicon{
	kb.English: {
		months: strings.Fields("January February March April May June July August September October November December"),
		units:  pairs("hours/days;days/weeks;months/years;minutes/hours;week/month;day/hour;year/month"),
		roles:  pairs("buyer/seller;you/we;support/the seller"), comparisons: pairs("at least/at most;before/after;within/after;more than/less than;first/last;until/from"),
		negations:  rewrites(`\bcannot\b`, "can", ` (is|are|do|does|has|have|can|will|must|may) not\b`, " $1", `\bNever `, "", ` (not|never|no) `, " ", ` without `, " with "),
		verbs:      rewrites(`\b(is|are|can|must|will|may|has|have)\b`, "$1 not", `^(Open|Choose|Write|Check|Keep|Send|Add|Enter|Confirm)\b`, "Do not $1", `^(\S+ \S+) `, "$1 never "),
		conditions: patterns(`^(If|When|Before|For|After|Unless) [^,]+, `, ` (if|unless|except|within|before|only) [^.,]+`),
		inventions: []string{"Refunds are always paid in vouchers.", "You must send us a copy of your passport.", "The seller may keep half of the price."},
		and:        " and ", then: "Then ", comma: ", ", addition: regexp.MustCompile(`, (and|so|because|which|usually) `), decides: regexp.MustCompile(`(?i)\b(if|not|no|nothing|never|only|unless|before|after|until|except|within|cannot|without|when|at least|must|can|may|all|every|any|more|less|most|or|either|once|whenever)\b`),
	},
	kb.French: {
		months: strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		units:  pairs("heures/jours;jours/semaines;mois/ans;minutes/heures;semaine/année;jour/mois"),
		roles:  pairs("acheteur/vendeur;vous/nous"), comparisons: pairs("au moins/au plus;avant/après;plus de/moins de;jusqu'au/à partir du;premier/dernier;dans les/après;première/dernière;avant le/après le"),
		negations:  rewrites(`\b([Nn])e (\S+) (pas|jamais|plus|aucun|aucune|rien)\b`, "$2", `\bn['’](\S+) (pas|jamais|plus|aucun|aucune|rien)\b`, "$1", ` sans `, " avec ", `\bne `, "", `\bn['’]`, ""),
		verbs:      rewrites(`\b(est|sont|peut|peuvent|doit|doivent|pouvez|devez|reste|recevez|sera|avez)\b`, "ne $1 pas", `^(Ouvrez|Choisissez|Indiquez|Ajoutez|Envoyez|Saisissez|Vérifiez|Gardez|Attendez)\b`, "N'$1 pas", `^(\S+ \S+) `, "$1 jamais "),
		conditions: patterns(`^(Si|S'|Quand|Lorsque|Avant|Pour|Après|Dès) ?[^,]+, `, ` (si|sauf|dans les|avant|seulement|lorsque) [^.,]+`),
		inventions: []string{"Les remboursements sont toujours versés en bons d'achat.", "Vous devez envoyer une copie de votre passeport.", "Le vendeur peut garder la moitié du prix."},
		and:        " et ", then: "Puis ", comma: ", ", addition: regexp.MustCompile(`, (et|donc|car|généralement) `), decides: regexp.MustCompile(`(?i)(\b(si|s|ne|n|pas|sans|seul\S*|uniquement|sauf|avant|après|dans|jusqu|moins|plus|dès|de plus|aucun\S*|jamais|mais|lorsque|quand|toujours|tous|tout|toutes|chaque|ou|que|peut|doit|doivent|des|avoir)\b)`),
	},
	kb.Spanish: {
		months: strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		units:  pairs("horas/días;días/semanas;meses/años;minutos/horas;semana/mes;día/mes"),
		roles:  pairs("comprador/vendedor;usted/el vendedor"), comparisons: pairs("al menos/como máximo;antes/después;más de/menos de;hasta/desde;primera/última;en un plazo de/después de;primer/último"),
		negations:  rewrites(` no `, " ", `^No `, "", ` sin `, " con ", `(?i)\bnunca `, "", `\bningún\b`, "algún", `\bninguna\b`, "alguna"),
		verbs:      rewrites(`\b(es|son|está|están|puede|pueden|debe|deben|recibe|tiene|será|necesita)\b`, "no $1", `^(Abra|Elija|Indique|Añada|Envíe|Espere|Compruebe|Escriba)\b`, "No $1", `^(\S+ \S+) `, "$1 nunca "),
		conditions: patterns(`^(Si|Cuando|Antes|Para|Después|En) [^,]+, `, ` (si|salvo|antes|solo|en un plazo|dentro|cuando) [^.,]+`),
		inventions: []string{"Los reembolsos se pagan siempre en vales.", "Debe enviar una copia de su pasaporte.", "El vendedor puede quedarse con la mitad del precio."},
		and:        " y ", then: "Luego ", comma: ", ", addition: regexp.MustCompile(`, (y|así|porque|pues) `), decides: regexp.MustCompile(`(?i)\b(si|no|sin|solo|salvo|antes|después|dentro|hasta|menos|más|más|desde|ningun\S*|nunca|pero|cuando|siempre|todos?|todas?|cada|o|que|puede\S*|debe\S*|tras|plazo|ni|nada|nadie|ningún)\b`),
	},
	kb.Italian: {
		months: strings.Fields("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
		units:  pairs("ore/giorni;giorni/settimane;mesi/anni;minuti/ore;settimana/mese;giorno/mese"),
		roles:  pairs("acquirente/venditore;lei/il venditore"), comparisons: pairs("almeno/al massimo;prima/dopo;più di/meno di;entro/dopo;fino al/dal;primo/ultimo;meno/più"),
		negations:  rewrites(`(?i)\bnon `, "", ` senza `, " con ", `(?i)\bmai `, "", `\bnessun\b`, "un", `\bnessuna\b`, "una"),
		verbs:      rewrites(`( |^)(è|sono|può|possono|deve|devono|riceve|ha|sarà)( )`, "${1}non $2$3", `^(Apra|Scelga|Indichi|Aggiunga|Invii|Attenda|Controlli|Scriva)\b`, "Non $1", `^(\S+ \S+) `, "$1 mai "),
		conditions: patterns(`^(Se|Quando|Prima|Per|Dopo|In) [^,]+, `, ` (se|salvo|prima|solo|entro|quando) [^.,]+`),
		inventions: []string{"I rimborsi sono sempre pagati in buoni.", "Deve inviare una copia del passaporto.", "Il venditore può tenere la metà del prezzo."},
		and:        " e ", then: "Poi ", comma: ", ", addition: regexp.MustCompile(`, (e|quindi|perché|così) `), decides: regexp.MustCompile(`(?i)(\b(se|non|senza|solo|salvo|prima|dopo|entro|fino|meno|dal|nessun\S*|mai|ma|quando|sempre|tutt\S|ogni|o|che|deve|devono|possono|né|purché)\b|più|può)`),
	},
	kb.Dutch: {
		months: strings.Fields("januari februari maart april mei juni juli augustus september oktober november december"),
		units:  pairs("uur/dagen;dagen/weken;maanden/jaar;minuten/uur;week/maand;dag/maand"),
		roles:  pairs("koper/verkoper;u/wij"), comparisons: pairs("minstens/hoogstens;ten minste/ten hoogste;voor/na;binnen/na;meer dan/minder dan;eerste/laatste;tot/vanaf"),
		negations:  rewrites(` niet\b`, "", ` geen `, " een ", ` zonder `, " met ", `(?i)\bnooit `, "", `\bniets\b`, "iets"),
		verbs:      rewrites(`\b(is|zijn|kunt|kan|kunnen|moet|moeten|ontvangt|krijgt|wordt|worden|blijft)\b`, "$1 niet", `^(Open|Kies|Vermeld|Voeg|Stuur|Wacht|Controleer|Schrijf)\b`, "$1 niet", `^(\S+ \S+) `, "$1 nooit "),
		conditions: patterns(`^(Als|Wanneer|Voordat|Voor|Na|Bij) [^,]+, `, ` (als|behalve|voordat|alleen|binnen|tenzij|wanneer) [^.,]+`),
		inventions: []string{"Terugbetalingen gebeuren altijd in tegoedbonnen.", "U moet een kopie van uw paspoort sturen.", "De verkoper mag de helft van de prijs houden."},
		and:        " en ", then: "Vervolgens ", comma: ", ", addition: regexp.MustCompile(`, (en|dus|want|omdat|zodat|meestal) `), decides: regexp.MustCompile(`(?i)\b(als|niet|geen|zonder|alleen|behalve|voor|na|binnen|tot|minder|meer|vanaf|nooit|maar|wanneer|altijd|alle|elk|elke|of|moet|moeten|mag|kan|kunnen|dan|niets|zodra|pas)\b`),
	},
	kb.German: {
		months: strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		units:  pairs("Stunden/Tagen;Tagen/Wochen;Tage/Stunden;Monate/Jahre;Minuten/Stunden;Woche/Monat;Tag/Monat"),
		roles:  pairs("Käufer/Verkäufer;Sie/wir"), comparisons: pairs("mindestens/höchstens;vor/nach;innerhalb von/nach;mehr als/weniger als;erste/letzte;bis zum/ab dem;spätestens/frühestens"),
		negations:  rewrites(` nicht\b`, "", `(?i)\bkein(e|en|er|em|es)?\b`, "ein$1", ` ohne `, " mit ", `(?i)\bnie `, "", `\bnichts\b`, "etwas"),
		verbs:      rewrites(`\b(ist|sind|kann|können|muss|müssen|erhalten|wird|werden|bleibt)\b`, "$1 nicht", `^(Öffnen|Wählen|Geben|Fügen|Senden|Warten|Prüfen|Schreiben) Sie\b`, "$1 Sie nicht", `^(\S+ \S+) `, "$1 nie "),
		conditions: patterns(`^(Wenn|Falls|Bevor|Für|Nach|Bei|Vor) [^,]+, `, `,? (wenn|falls|außer|bevor|nur|innerhalb|sofern|sobald) [^.,]+`),
		inventions: []string{"Erstattungen werden immer in Gutscheinen gezahlt.", "Sie müssen eine Kopie Ihres Passes senden.", "Der Verkäufer darf die Hälfte des Preises behalten."},
		and:        " und ", then: "Anschließend ", comma: ", ", addition: regexp.MustCompile(`, (und|denn|weil|damit|sodass|meist) `), decides: regexp.MustCompile(`(?i)(\b(wenn|falls|nicht|kein\S*|ohne|nur|vor|nach|innerhalb|bis|mindestens|weniger|mehr|ab|nie|aber|sobald|immer|alle|jede\S?|oder|muss|darf|kann|als|nichts|sonst|erst|soll\S*)\b|außer|müssen|können|während|spätestens)`),
	},
	kb.Chinese: {
		months: []string{"1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"},
		units:  pairs("小时/天;天/周;个月/年;分钟/小时"),
		roles:  pairs("买家/卖家;您/我们"), comparisons: pairs("至少/至多;之前/之后;前/后;以内/以后;内/后;超过/少于;以上/以下"),
		negations:  rewrites(`无法|不能|不会|不得`, "可以", `没有`, "有", `无需|不需要`, "需要", `不`, "", `请勿|切勿`, "请"),
		verbs:      rewrites(`(是|可以|能|会|需要|应)`, "不$1", `^请`, "请勿", `^(..)`, "${1}不"),
		conditions: patterns(`^(如果|若|在|对于)[^，]+，`, `，(如果|除非|但)[^。，]+`, `仅|只有|只`),
		inventions: []string{"退款始终以代金券支付。", "您必须寄送护照复印件。", "卖家可以保留一半的价款。"},
		and:        "，并且", then: "然后", comma: "，", addition: regexp.MustCompile(`，(并|因为|因此|所以|以便)`), decides: regexp.MustCompile(`[不没无未非勿如若除只仅但前后内外最至超才必须可能应每都或当]|时|以[上下]|所有`),
	},
	kb.Portuguese: {
		months: strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
		units:  pairs("horas/dias;dias/semanas;meses/anos;minutos/horas;semana/mês;dia/mês"),
		roles:  pairs("comprador/vendedor;nós/o vendedor"), comparisons: pairs("pelo menos/no máximo;antes/depois;mais de/menos de;até/desde;primeiro/último;no prazo de/depois de;primeira/última"),
		negations:  rewrites(`(?i)\bn(ã|Ã)o `, "", ` sem `, " com ", `(?i)\bnunca `, "", `\bnenhum\b`, "um", `\bnenhuma\b`, "uma"),
		verbs:      rewrites(`( |^)(é|são|está|pode|podem|deve|devem|recebe|tem|será)( )`, "${1}não $2$3", `^(Abra|Escolha|Indique|Adicione|Envie|Aguarde|Verifique|Escreva)\b`, "Não $1", `^(\S+ \S+) `, "$1 nunca "),
		conditions: patterns(`^(Se|Quando|Antes|Para|Depois|Em|No|Na) [^,]+, `, ` (se|salvo|antes|apenas|só|no prazo|quando) [^.,]+`),
		inventions: []string{"Os reembolsos são sempre pagos em vales.", "Deve enviar uma cópia do seu passaporte.", "O vendedor pode ficar com metade do preço."},
		and:        " e ", then: "Depois ", comma: ", ", addition: regexp.MustCompile(`, (e|porque|pois|assim) `), decides: regexp.MustCompile(`(?i)(\b(se|sem|apenas|salvo|antes|depois|dentro|menos|mais|desde|nenhum\S*|nunca|mas|quando|sempre|todos?|todas?|cada|ou|que|pode\S*|deve\S*|prazo|caso|nem|nada|exceto)\b|não|só|até|após)`),
	},
	kb.Polish: {
		months: strings.Fields("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
		units:  pairs("godzin/dni;dni/tygodni;miesięcy/lat;minut/godzin;tydzień/miesiąc;dzień/miesiąc;dnia/tygodnia;miesiąc/rok"),
		roles:  pairs("kupującego/sprzedającego;kupującym/sprzedającym;kupującemu/sprzedającemu;kupujący/sprzedający;Kupujący/Sprzedający"), comparisons: pairs("co najmniej/co najwyżej;przed/po;w ciągu/po;więcej niż/mniej niż;pierwsza/ostatnia;najpóźniej/najwcześniej;ponad/poniżej;mniej/więcej;najpierw/na końcu;do/od"),
		negations:  rewrites(`(?i)\bnie `, "", ` bez `, " z ", `(?i)\bnigdy `, "", ` żaden `, " każdy ", ` żadnych `, " "),
		verbs:      rewrites(`( |^)(jest|są|może|mogą|można|należy|trzeba|ma|będzie|otrzymuje|proszę)( )`, "${1}nie $2$3", `^(\S+ \S+) `, "$1 nigdy "),
		conditions: patterns(`^(Jeśli|Jeżeli|Gdy|Przed|Po|W|Dla) [^,]+, `, `,? (jeśli|jeżeli|chyba że|przed|tylko|w ciągu|gdy) [^.,]+`),
		inventions: []string{"Zwroty są zawsze wypłacane w bonach.", "Trzeba przesłać kopię paszportu.", "Sprzedający może zatrzymać połowę ceny."},
		and:        " i ", then: "Następnie ", comma: ", ", addition: regexp.MustCompile(`, (więc|bo|ponieważ|dlatego|aby|żeby|zwykle) `), decides: regexp.MustCompile(`(?i)(\b(nie|bez|tylko|przed|po|ciągu|do|mniej|od|nigdy|ale|gdy|zawsze|wszystkie|lub|albo|musi|mogą|trzeba|niż|nic|nikt|dopiero|podczas|zanim|kiedy)\b|jeśli|jeżeli|więcej|każd|żad|może|można|niż)`),
	},
}
