package kb

import (
	"slices"
	"strings"
)

// connectors begin a message that goes on from the one before, folded; those of Chinese are tried
// as they stand at the beginning.
var connectors = map[Lang][]string{
	English:    {"and", "or", "but", "what about", "how about", "what if", "and if", "also", "then", "same"},
	French:     {"et", "ou", "mais", "et si", "et pour", "alors", "aussi", "pareil", "et dans", "ou bien", "meme chose"},
	German:     {"und", "oder", "aber", "und wenn", "was ist mit", "auch", "dann", "wie ist es", "wie sieht es"},
	Spanish:    {"y", "o", "pero", "y si", "que tal", "tambien", "entonces", "igual"},
	Italian:    {"e", "o", "ma", "e se", "anche", "allora", "ed", "oppure", "lo stesso"},
	Dutch:      {"en", "of", "maar", "en als", "hoe zit het", "ook", "dan", "hoe zit dat"},
	Portuguese: {"e", "ou", "mas", "e se", "tambem", "entao", "o mesmo"},
	Polish:     {"a", "i", "albo", "ale", "a co", "a jesli", "lub", "tez", "czyli", "to samo"},
	Chinese:    {"那", "还有", "如果", "要是", "另外", "还是", "或者", "那么", "但是", "可是", "换成"},
}

// pointers stand for something said before, and questions of measure for something that is measured.
// A message whose words are all among them or stop words has no subject of its own.
var pointers = map[Lang]string{
	English:    "it this that they them these those one ones long much many often soon far time days hours exactly really sure possible true cost costs price work works take takes last necessary case way again mean instead else required",
	French:     "ca cela celui-ci temps long longtemps exactement vraiment sur possible vrai cout prix coute marche prend delai jours heures faire cas sinon dire fois obligatoire gratuit necessaire",
	German:     "das es dies dieses lange viel viele oft genau wirklich sicher moglich wahr kosten kostet preis dauert zeit tage stunden geht fall sonst bedeutet heisst notig kostenlos lang",
	Spanish:    "eso esto ello tiempo mucho exactamente realmente seguro posible cierto cuesta precio tarda plazo dias horas funciona caso hace necesario veces significa obligatorio gratis",
	Italian:    "cio questo quello tempo lungo esattamente davvero sicuro possibile vero costa costo prezzo dura giorni ore funziona vuole caso fare significa obbligatorio gratuito",
	Dutch:      "dat dit het lang veel vaak precies echt zeker mogelijk waar kosten kost prijs duurt tijd dagen uren werkt geval anders betekent verplicht nodig gratis",
	Portuguese: "isso isto aquilo tempo muito exatamente realmente certo possivel verdade custa custo preco demora prazo dias horas funciona caso fazer significa obrigatorio necessario gratis",
	Polish:     "to tego tym dlugo duzo czesto dokladnie naprawde pewne mozliwe prawda kosztuje koszt cena trwa czas dni godzin dziala przypadku znaczy trzeba czasu potrwa konieczne",
	Chinese:    "多久 多少 多长 时间 几天 这个 那个 它 这样 那样 真的 可以 需要 要 呢 吗 钱 费用 价格 大概 一般 具体 什么时候 怎么办 为什么 怎么 是 的 了 么 会 能 多 长 久 啊 呀 大约 一共 到底 必须 免费",
}

// Short messages lean on the one before where they begin as one that goes on.
const (
	maxFollowWords = 9
	maxFollowRunes = 16 // of Chinese
)

// LeansOn reports whether a message leans on what was said before it: it goes on from there ("and for
// a subscription?"), or is bare, without a subject of its own ("how long?").
func LeansOn(lang Lang, text string) (leans, bare bool) {
	if lang == Chinese {
		return leansChinese(text)
	}
	words := Words(lang, text)
	if len(words) == 0 || len(words) > maxFollowWords {
		return false, false
	}
	vague := strings.Fields(pointers[lang])
	bare = !slices.ContainsFunc(words, func(w string) bool { return !StopWord(lang, w) && !slices.Contains(vague, w) })
	joined := strings.Join(words, " ") + " "
	for _, c := range connectors[lang] {
		if strings.HasPrefix(joined, c+" ") {
			return true, bare
		}
	}
	return bare, bare
}

func leansChinese(text string) (leans, bare bool) {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(Fold(text), func(r rune) bool { return strings.ContainsRune("，。？！、；： ,.?!;:\n", r) }) {
		b.WriteString(w)
	}
	s := b.String()
	if s == "" || len([]rune(s)) > maxFollowRunes {
		return false, false
	}
	leans = strings.HasSuffix(s, "呢")
	for _, c := range connectors[Chinese] {
		if after, ok := strings.CutPrefix(s, c); ok {
			s, leans = after, true
			break
		}
	}
	vague := strings.Fields(pointers[Chinese])
	slices.SortFunc(vague, func(a, b string) int { return len(b) - len(a) }) // the longest first
	for _, v := range vague {
		s = strings.ReplaceAll(s, v, "")
	}
	return leans || s == "", s == ""
}

// Subject is what a question is about: its words as they were written, without those that carry no
// subject. A Chinese question is its own subject.
func Subject(lang Lang, text string) string {
	if lang == Chinese {
		return strings.TrimRight(strings.TrimSpace(text), "？?。！!")
	}
	var kept []string
	for _, field := range strings.Fields(text) {
		if slices.ContainsFunc(Words(lang, field), func(w string) bool { return !StopWord(lang, w) }) {
			kept = append(kept, strings.Trim(field, "?!.,;:…«»\"()¿¡"))
		}
	}
	return strings.Join(kept, " ")
}

// Points reports whether a folded word stands for something said before, or asks only for a measure.
func Points(lang Lang, w string) bool { return slices.Contains(strings.Fields(pointers[lang]), w) }
