package locale_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"guichet/internal/locale"
	"guichet/kb"
	"guichet/web"
)

func own(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }

func TestTextsOfOnesOwn(t *testing.T) {
	t.Parallel()
	c, err := locale.LoadOver(web.FS, own("fr.json", `{"nav.home": "Le début", "home.articles":
		{"one": "{n} fiche", "many": "{n} de fiches", "other": "{n} fiches"}, "site.dir": "rtl"}`))
	if err != nil {
		t.Fatal(err)
	}
	fr := c.For(kb.French)
	for _, x := range [][2]string{
		{fr.T("nav.home", nil), "Le début"}, {fr.N("home.articles", 2, nil), "2 fiches"}, {fr.T("site.dir", nil), "rtl"},
		{fr.T("nav.skip", nil), "Aller au contenu"}, {c.T(kb.German, "nav.home", nil), "Startseite"},
	} {
		if x[0] != x[1] {
			t.Errorf("it says %q, want %q", x[0], x[1])
		}
	}
}

// TestTextsOfOnesOwnMustFit: what is wrong is said with its file and its key.
func TestTextsOfOnesOwnMustFit(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, file, text, key, why string }{
		{"Broken", "fr.json", `{"nav.home": `, "", "unexpected end"},
		{"UnknownKey", "fr.json", `{"nav.hom": "Début"}`, "nav.hom", "no text of this name"},
		{"KeyOfAnotherLanguage", "de.json", `{"desk.tickets": "Tickets"}`, "desk.tickets", "no text of this name"},
		{"UnknownPlaceholder", "pl.json", `{"ticket.title": "Zgłoszenie {numer}"}`, "ticket.title", "{numer}"},
		{"NoPluralForms", "pl.json", `{"home.articles": "{n} artykułów"}`, "home.articles", "[few many one other]"},
		{"FormOfAnotherLanguage", "en.json", `{"home.articles": {"one": "a", "few": "b", "other": "c"}}`, "home.articles", "[few one other]"},
		{"Empty", "zh.json", `{"nav.home": " "}`, "nav.home", "empty"},
		{"NoText", "zh.json", `{"nav.home": 7}`, "", "cannot unmarshal"},
		{"NoDirection", "it.json", `{"site.dir": "sinistra"}`, "site.dir", "ltr or rtl"},
		{"UnknownLanguage", "fr-CA.json", `{}`, "", "none of the languages"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			_, err := locale.LoadOver(web.FS, own(x.file, x.text))
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range []string{x.file, x.key, x.why} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q in it", err, want)
				}
			}
		})
	}
	if _, err := locale.LoadOver(web.FS, own("README.md", "ours")); err != nil {
		t.Errorf("other files are no matter: %v", err)
	}
}
