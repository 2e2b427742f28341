package kb

import "strings"

// claimLexicon is what Support knows of a language; all words folded.
type claimLexicon struct {
	numbers map[string]string // two to twenty, where they mean nothing else
	months  map[string]int
	to      []string // between the two numbers of a range
	guards  map[string]string
	glue    map[string]bool // connects, at the beginning of a clause
	opens   map[string]bool // begins a condition or exception
	adds    map[string]bool // begins a clause that adds or gives a reason
	exact   []string        // beginnings of units and roles
	long    []string        // Chinese words of several characters that decide or connect
}

func (x claimLexicon) token(w string) token {
	t := token{text: w, guard: x.guards[w], glue: x.glue[w], adds: x.adds[w], opens: x.opens[w]}
	for _, stem := range x.exact {
		if strings.HasPrefix(w, stem) {
			t.exact = true
		}
	}
	return t
}

// opening begins a condition or an exception: what is joined to it by "and" belongs to it.
var opening = map[Lang]string{
	English:    "if unless when whenever only except provided while once before after until",
	French:     "si sauf excepte lorsque lorsqu quand seulement uniquement avant apres",
	Spanish:    "si salvo excepto solo solamente unicamente cuando mientras antes despues",
	Italian:    "se solo soltanto tranne eccetto salvo quando purche dopo",
	Dutch:      "als indien tenzij alleen behalve wanneer mits zodra voordat nadat",
	German:     "wenn falls sofern nur ausser sobald solange bevor nachdem",
	Chinese:    "如果 若 除非 只 仅 只有 除 当 时",
	Portuguese: "se salvo caso exceto apenas somente quando enquanto depois",
	Polish:     "jesli jezeli gdy kiedy tylko wylacznie chyba oprocz procz zanim",
}

// currencies are those that stand for a sign.
var currencies = map[string]string{"euro": "€", "euros": "€", "eur": "€", "usd": "$", "gbp": "£", "cny": "¥", "pln": "zl", "zloty": "zl", "zlotych": "zl"}

func lexiconOf(numbers, months, to, not, decide, glue, adds, exact string) claimLexicon {
	x := claimLexicon{numbers: map[string]string{}, months: map[string]int{}, to: strings.Fields(to), guards: map[string]string{},
		glue: map[string]bool{}, adds: map[string]bool{}, exact: strings.Fields(exact)}
	for _, n := range strings.Fields(numbers) {
		words, value, _ := strings.Cut(n, "=")
		for _, w := range strings.Split(words, "/") {
			x.numbers[w] = value
		}
	}
	for i, m := range strings.Fields(months) {
		for _, w := range strings.Split(m, "/") {
			x.months[w] = i + 1
		}
	}
	for _, w := range strings.Fields(decide) {
		x.guards[w] = condition
	}
	for _, w := range strings.Fields(not) {
		x.guards[w] = negation
	}
	for _, w := range strings.Fields(glue) {
		x.glue[w] = true
	}
	for _, w := range strings.Fields(adds) {
		x.adds[w] = true
	}
	return x
}

var claimLexicons = func() map[Lang]claimLexicon {
	all := map[Lang]claimLexicon{
		English: lexiconOf(
			"two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20",
			"january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct november/nov december/dec",
			"to",
			"not no never none nobody nothing neither nor without unable unless",
			"if only except but least most more less than before after within until unless when whenever provided otherwise always all every any both either or must may might should however although though earlier later once while up maximum minimum exactly solely",
			"and then also please finally",
			"and so because which usually normally generally since thus therefore",
			"hour day week month year minute seller buyer member team support you we they"),
		French: lexiconOf(
			"deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 dix=10 onze=11 douze=12 treize=13 quatorze=14 quinze=15 seize=16 vingt=20",
			"janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
			"a",
			"ne n pas jamais aucun aucune rien ni sans non personne impossible",
			"si s sinon seul seule seuls seules seulement uniquement sauf excepte hormis mais moins plus maximum minimum avant apres dans d'ici jusqu jusque lorsque lorsqu quand des tout tous toute toutes chaque toujours ou que qu doit doivent peut peuvent condition cependant toutefois tant dela avoir",
			"et puis ensuite aussi egalement enfin",
			"et donc car puisque generalement habituellement",
			"heure jour semaine mois an annee minute vendeu acheteu membre equipe support assistance vous nous"),
		Spanish: lexiconOf(
			"dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 catorce=14 quince=15 dieciseis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20",
			"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
			"a",
			"no nunca jamas ningun ninguna ninguno nada nadie ni sin tampoco imposible",
			"si solo solamente unicamente salvo excepto pero menos mas maximo minimo antes despues tras dentro plazo hasta cuando todo todos toda todas cada siempre o que debe deben puede pueden condicion aunque sino mientras desde",
			"y e luego tambien finalmente",
			"y e asi porque pues normalmente generalmente",
			"hora dia semana mes ano minuto vendedor comprador miembro equipo usuario usted nosotros"),
		Italian: lexiconOf(
			"due=2 tre=3 quattro=4 cinque=5 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12 tredici=13 quattordici=14 quindici=15 sedici=16 diciassette=17 diciotto=18 diciannove=19 venti=20",
			"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
			"a",
			"non no mai nessun nessuna nessuno niente nulla ne senza neanche nemmeno impossibile",
			"se solo soltanto solamente salvo tranne eccetto ma almeno meno piu massimo minimo prima dopo entro fino quando tutto tutti tutta tutte ogni sempre o che deve devono puo possono condizione purche altrimenti dal mentre",
			"e ed poi inoltre infine anche",
			"e ed quindi perche cosi normalmente generalmente",
			"ora ore giorn settiman mes ann minut venditor acquirent compratore membr utent team assistenza lei noi"),
		Dutch: lexiconOf(
			"twee=2 drie=3 vier=4 vijf=5 zes=6 zeven=7 acht=8 negen=9 tien=10 elf=11 twaalf=12 dertien=13 veertien=14 vijftien=15 zestien=16 zeventien=17 achttien=18 negentien=19 twintig=20",
			"januari februari maart april mei juni juli augustus september oktober november december",
			"tot",
			"niet geen nooit niemand niets noch zonder nergens onmogelijk",
			"als indien alleen enkel slechts behalve tenzij maar minstens minimaal hoogstens maximaal meer minder dan voor na binnen tot wanneer alle elk elke altijd of moet moeten mag mogen kan kunnen mits anders zodra uiterlijk vanaf terwijl pas",
			"en vervolgens ook tenslotte",
			"en dus want omdat zodat meestal doorgaans",
			"uur uren dag week weken maand jaar jaren minu werkdag verkoper koper lid leden gebruiker team klantenservice u wij we"),
		German: lexiconOf(
			"zwei=2 drei=3 vier=4 funf/fuenf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwolf/zwoelf=12 dreizehn=13 vierzehn=14 funfzehn=15 sechzehn=16 siebzehn=17 achtzehn=18 neunzehn=19 zwanzig=20",
			"januar februar marz/maerz april mai juni juli august september oktober november dezember",
			"bis",
			"nicht kein keine keinen keinem keiner keines nie niemals niemand nichts weder noch ohne unmoglich",
			"wenn falls sofern nur ausschliesslich ausser es sei aber sondern mindestens hochstens spatestens fruhestens maximal minimal mehr weniger als vor nach innerhalb binnen bis sobald solange alle jeder jede jedes immer oder muss mussen darf durfen kann konnen soll sollen sonst andernfalls erst ab wahrend",
			"und anschliessend ebenfalls bitte schliesslich",
			"und denn weil also damit sodass meist normalerweise",
			"stunde tag tage woche monat jahr minute werktag arbeitstag geschaftstag verkaufer kaufer mitglied nutzer team kundenservice sie wir"),
		Chinese: lexiconOf("", "", "至 到", "不 没 无 未 非 勿 莫 否 无法 没有 不能 不会 不得",
			"如果 若 除非 只 仅 但 除 前 后 内 外 最 至 超 才 必 须 可 能 应 每 都 所有 至少 至多 最多 最少 超过 以内 以上 以下 之前 之后 内 时 当 或 只有",
			"并且 并 然后 首先 接着 也 请",
			"并 并且 因为 所以 以便 因此 通常",
			"天 日 周 月 年 小时 分钟 卖家 买家 用户 客服"),
		Portuguese: lexiconOf(
			"dois/duas=2 tres=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 treze=13 catorze=14 quinze=15 dezasseis=16 dezassete=17 dezoito=18 dezanove=19 vinte=20",
			"janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
			"a",
			"nao nunca jamais nenhum nenhuma ninguem nada nem sem tampouco impossivel",
			"se so apenas somente salvo exceto excepto mas menos mais maximo minimo antes depois apos dentro prazo ate quando todo todos toda todas cada sempre ou que deve devem pode podem condicao caso senao desde enquanto",
			"e depois tambem finalmente",
			"e porque pois assim normalmente geralmente",
			"hora dia semana mes ano minuto vendedor comprador membro utilizador equipa apoio nos"),
		Polish: lexiconOf(
			"dwa/dwie/dwoch=2 trzy/trzech=3 cztery/czterech=4 piec/pieciu=5 szesc/szesciu=6 siedem/siedmiu=7 osiem/osmiu=8 dziewiec/dziewieciu=9 dziesiec/dziesieciu=10 jedenascie/jedenastu=11 dwanascie/dwunastu=12 trzynascie/trzynastu=13 czternascie/czternastu=14 pietnascie/pietnastu=15 szesnascie/szesnastu=16 siedemnascie/siedemnastu=17 osiemnascie/osiemnastu=18 dziewietnascie/dziewietnastu=19 dwadziescia/dwudziestu=20",
			"stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
			"do",
			"nie nigdy nikt nic zaden zadna zadne zadnych ani bez niemozliwe",
			"jesli jezeli gdy kiedy tylko wylacznie jedynie chyba oprocz procz lecz ale najmniej najwyzej maksymalnie minimum mniej wiecej niz przed po ciagu do kazdy kazda kazde zawsze wszystkie wszyscy lub albo musi musza moze moga mozna trzeba pod warunkiem inaczej dopiero od podczas zanim",
			"i oraz nastepnie takze rowniez",
			"i oraz wiec bo poniewaz dlatego aby zeby zwykle zazwyczaj",
			"godzin dni dzien tydzien tygodni miesiac miesiec rok lat minut sprzedaj kupuj uzytkown zesp obslug"),
	}
	zh := all[Chinese]
	zh.long = []string{"如果", "除非", "所有", "至少", "至多", "最多", "最少", "超过", "以内", "以上", "以下", "之前", "之后", "只有", "无法", "没有",
		"不能", "不会", "不得", "并且", "然后", "首先", "接着", "是否", "因为", "所以", "以便", "因此", "通常", "请求", "小时", "分钟", "卖家", "买家", "用户", "客服"}
	all[Chinese] = zh
	for lang, x := range all {
		x.opens = map[string]bool{}
		for _, w := range strings.Fields(opening[lang]) {
			x.opens[w] = true
		}
		all[lang] = x
	}
	return all
}()
