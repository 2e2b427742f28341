package locale_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/internal/desk"
	"guichet/internal/locale"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
	"guichet/web"
)

func load(t *testing.T) *locale.Catalogs {
	t.Helper()
	c, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func catalog(t *testing.T, l kb.Lang) map[string]locale.Text {
	t.Helper()
	b, err := fs.ReadFile(web.FS, "locales/"+string(l)+".json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]locale.Text
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// forms are the plural categories of CLDR for whole numbers, by language.
var forms = map[kb.Lang][]string{
	kb.English: {"one", "other"}, kb.German: {"one", "other"}, kb.Dutch: {"one", "other"},
	kb.French: {"many", "one", "other"}, kb.Spanish: {"many", "one", "other"},
	kb.Italian: {"many", "one", "other"}, kb.Portuguese: {"many", "one", "other"},
	kb.Polish:  {"few", "many", "one", "other"},
	kb.Chinese: {"other"},
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func placeholders(s string) []string {
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(s, -1))))
}

// TestComplete: every language says everything, with the same placeholders and the plural forms that
// it has; the desk's texts exist in English and French.
func TestComplete(t *testing.T) {
	t.Parallel()
	english := catalog(t, kb.English)
	plural := map[string]bool{}
	for key, text := range english {
		plural[key] = len(text) > 1
	}
	for _, l := range kb.Langs {
		own := catalog(t, l)
		for key := range own {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: %s is not in English", l, key)
			}
		}
		for key, text := range english {
			desk := strings.HasPrefix(key, "desk.")
			mine, ok := own[key]
			switch {
			case !ok && desk && l != kb.French:
				continue
			case !ok:
				t.Errorf("%s: %s is missing", l, key)
				continue
			case desk && l != kb.French && l != kb.English:
				t.Errorf("%s: %s: the desk speaks English and French alone", l, key)
			}
			want := []string{"other"}
			if plural[key] {
				want = forms[l]
			}
			if d := cmp.Diff(want, slices.Sorted(maps.Keys(mine))); d != "" {
				t.Errorf("%s: %s: plural forms (-want +got):\n%s", l, key, d)
			}
			for form, s := range mine {
				want := placeholders(text["other"])
				if form == "one" && !strings.Contains(s, "{n}") { // it may say the number as a word
					want = slices.DeleteFunc(want, func(p string) bool { return p == "{n}" })
				}
				if d := cmp.Diff(want, placeholders(s), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("%s: %s (%s): placeholders (-want +got):\n%s", l, key, form, d)
				}
				if strings.ContainsAny(s, "<>") || strings.TrimSpace(s) != s || s == "" {
					t.Errorf("%s: %s (%s): %q is no clean text", l, key, form, s)
				}
			}
		}
	}
}

var (
	inTemplates = regexp.MustCompile(`\b[TN] "([a-z_]+\.[a-z_.]+)"`)
	inGo        = regexp.MustCompile(`"((?:problem|mail|error|thread|ticket|desk|answer|article|ask|search|form|request|home|site)\.[a-z_.]*[a-z_])"`)
	noKeys      = regexp.MustCompile(`\.(html|css|js|json)$`)
)

// TestEveryKeyThatIsUsedExists reads the templates and the code, and adds the keys that are made of
// two parts.
func TestEveryKeyThatIsUsedExists(t *testing.T) {
	t.Parallel()
	used := map[string]string{}
	collect := func(root, suffix string, pattern *regexp.Regexp) {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, suffix) || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(path, "failpoint") { // whose names look like keys
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range pattern.FindAllStringSubmatch(string(b), -1) {
				if !noKeys.MatchString(m[1]) {
					used[m[1]] = path
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	collect("../../web/templates", ".html", inTemplates)
	collect("..", ".go", inGo)
	for _, c := range support.Categories {
		used["category."+c] = "support.Categories"
	}
	for _, s := range []support.Status{support.StatusNew, support.StatusOpen, support.StatusWaitingMember, support.StatusWaitingThirdParty,
		support.StatusSolved, support.StatusClosed, support.StatusSpam, support.StatusMerged} {
		used["status."+s.Public()] = "support.Status"
		used["desk.status."+string(s)] = "support.Status"
	}
	for _, v := range desk.Views {
		used["desk.view."+v] = "desk.Views"
		used["desk.empty."+v] = "desk.Views"
	}
	for _, k := range []problem.Kind{problem.Invalid, problem.Unauthorized, problem.Forbidden, problem.NotFound, problem.Gone,
		problem.Conflict, problem.TooLarge, problem.TooMany, problem.Unavailable, problem.Internal} {
		used["problem."+string(k)] = "problem.Kind"
		used["error."+string(k)] = "problem.Kind"
	}
	for _, r := range support.HeldReasons {
		used["desk.held."+r], used["desk.cause."+r] = "support.HeldReasons", "support.HeldReasons"
	}
	english := catalog(t, kb.English)
	for key, where := range used {
		if _, ok := english[key]; !ok {
			t.Errorf("%s, used in %s, is in no catalog", key, where)
		}
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		name string
		lang kb.Lang
		key  string
		args map[string]any
		want string
	}{
		{"Plain", kb.French, "nav.home", nil, "Accueil"},
		{"Placeholders", kb.German, "ticket.title", map[string]any{"ref": "G-4F7K2"}, "Anfrage G-4F7K2"},
		{"NumbersAreGrouped", kb.French, "problem.too_long", map[string]any{"max": 20000, "n": 100000},
			"Ce texte compte 100\u202f000 caractères\u202f; 20\u202f000 au plus sont possibles. Raccourcissez-le."},
		{"FourDigitsStayTogether", kb.English, "problem.too_long", map[string]any{"max": 2000, "n": 2001},
			"This text has 2001 characters; at most 2000 are possible. Please shorten it."},
		{"AMissingArgumentIsSeen", kb.English, "ticket.title", map[string]any{"nothing": 1}, "Request {ref}"},
		{"BracesInArgumentsStay", kb.English, "search.title_for", map[string]any{"q": "{q} {", "x": 1}, "Articles about “{q} {”"},
		{"TheDeskFallsBackToEnglish", kb.Polish, "desk.tickets", nil, "Tickets"},
		{"AnUnknownKeyIsItself", kb.Polish, "no.such_key", nil, "no.such_key"},
		{"AnUnknownLanguageIsEnglish", "xx", "nav.home", nil, "Home"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			if got := c.T(x.lang, x.key, x.args); got != x.want {
				t.Errorf("T(%s, %s) = %q, want %q", x.lang, x.key, got, x.want)
			}
		})
	}
}

func TestN(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, x := range []struct {
		lang kb.Lang
		n    int
		want string
	}{
		{kb.English, 0, "0 articles"}, {kb.English, 1, "1 article"},
		{kb.French, 0, "0 article"}, {kb.French, 1, "1 article"}, {kb.French, 2, "2 articles"}, {kb.French, 1_000_000, "1\u202f000\u202f000 d’articles"},
		{kb.Polish, 1, "1 artykuł"}, {kb.Polish, 2, "2 artykuły"}, {kb.Polish, 5, "5 artykułów"}, {kb.Polish, 12, "12 artykułów"}, {kb.Polish, 22, "22 artykuły"},
		{kb.Chinese, 1, "1 篇文章"}, {kb.Spanish, 1_000_000, "1.000.000 de artículos"}, {kb.Portuguese, 0, "0 artigos"},
	} {
		if got := c.For(x.lang).N("home.articles", x.n, nil); got != x.want {
			t.Errorf("%s: N(%d) = %q, want %q", x.lang, x.n, got, x.want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	c := load(t)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 9, 15, 0, 0, time.UTC)
	early := time.Date(2027, 5, 31, 23, 5, 0, 0, time.UTC) // in Paris it is the first of June, past one
	for _, x := range []struct {
		lang                         kb.Lang
		date, dateTime, moment, next string
	}{
		{kb.English, "24 November 2026", "Tuesday 24 November at 10:15 (CET)", "24 November 2026, 10:15", "Tuesday 1 June at 01:05 (CEST)"},
		{kb.French, "24 novembre 2026", "mardi 24 novembre à 10:15 (CET)", "24 novembre 2026, 10:15", "mardi 1er juin à 01:05 (CEST)"},
		{kb.German, "24. November 2026", "Dienstag, 24. November, 10:15 Uhr (CET)", "24. November 2026, 10:15", "Dienstag, 1. Juni, 01:05 Uhr (CEST)"},
		{kb.Spanish, "24 de noviembre de 2026", "martes 24 de noviembre a las 10:15 (CET)", "24 de noviembre de 2026, 10:15", "martes 1 de junio a la 01:05 (CEST)"},
		{kb.Italian, "24 novembre 2026", "martedì 24 novembre alle ore 10:15 (CET)", "24 novembre 2026, 10:15", "martedì 1º giugno alle ore 01:05 (CEST)"},
		{kb.Dutch, "24 november 2026", "dinsdag 24 november om 10:15 uur (CET)", "24 november 2026, 10:15", "dinsdag 1 juni om 01:05 uur (CEST)"},
		{kb.Polish, "24 listopada 2026 r.", "wtorek, 24 listopada, godz. 10:15 (CET)", "24 listopada 2026 r., 10:15", "wtorek, 1 czerwca, godz. 01:05 (CEST)"},
		{kb.Portuguese, "24 de novembro de 2026", "terça-feira, 24 de novembro, às 10:15 (CET)", "24 de novembro de 2026, 10:15", "terça-feira, 1 de junho, à 01:05 (CEST)"},
		{kb.Chinese, "2026年11月24日", "11月24日星期二 10:15（CET）", "2026年11月24日 10:15", "6月1日星期二 01:05（CEST）"},
	} {
		p := c.For(x.lang)
		got := []string{p.Date(at, paris), p.DateTime(at, paris), p.Moment(at, paris), c.DateTime(x.lang, early, paris)}
		if d := cmp.Diff([]string{x.date, x.dateTime, x.moment, x.next}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.lang, d)
		}
	}
	nowhere := time.FixedZone("+0545", (5*60+45)*60)
	if got, want := c.DateTime(kb.English, at, nowhere), "Tuesday 24 November at 15:00 (UTC+0545)"; got != want {
		t.Errorf("a zone without letters: %q, want %q", got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	whole := func(broken string) fstest.MapFS {
		f := fstest.MapFS{}
		for _, l := range kb.Langs {
			f["locales/"+string(l)+".json"] = &fstest.MapFile{Data: []byte(`{"a":"b"}`)}
		}
		f["locales/pl.json"] = &fstest.MapFile{Data: []byte(broken)}
		return f
	}
	if _, err := locale.Load(whole(`{"a":{"one":"b","other":"c"}}`)); err != nil {
		t.Errorf("a sound set is refused: %v", err)
	}
	missing := whole("")
	delete(missing, "locales/pl.json")
	for name, f := range map[string]fstest.MapFS{"Missing": missing, "NoJSON": whole("{"), "NoText": whole(`{"a":7}`), "NoOther": whole(`{"a":{"one":"b"}}`)} {
		if _, err := locale.Load(f); err == nil || !strings.Contains(err.Error(), "pl.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkT(b *testing.B) {
	c, err := locale.Load(web.FS)
	if err != nil {
		b.Fatal(err)
	}
	p := c.For(kb.French)
	for b.Loop() {
		p.T("ticket.held_text", map[string]any{"email": "a@example.com"})
	}
}
