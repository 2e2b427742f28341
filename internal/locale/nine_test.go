package locale_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/kb"
)

// TestNineLanguages: numbers in their plural forms, a promise with its moment and a day with its
// year, as each of the nine writes them.
func TestNineLanguages(t *testing.T) {
	t.Parallel()
	c := load(t)
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC) // half past one of the first day of a month
	for _, x := range []struct {
		lang                          kb.Lang
		none, one, two, five, million string
		promise, updated              string
	}{
		{kb.English, "0 articles", "1 article", "2 articles", "5 articles", "1,000,000 articles",
			"First answer by Sunday 1 March at 01:30 (CET)", "Updated on 1 March 2026"},
		{kb.Spanish, "0 artículos", "1 artículo", "2 artículos", "5 artículos", "1.000.000 de artículos",
			"Primera respuesta antes del domingo 1 de marzo a la 01:30 (CET)", "Actualizado el 1 de marzo de 2026"},
		{kb.Italian, "0 articoli", "1 articolo", "2 articoli", "5 articoli", "1.000.000 di articoli",
			"Prima risposta entro domenica 1º marzo alle ore 01:30 (CET)", "Aggiornato il 1º marzo 2026"},
		{kb.French, "0 article", "1 article", "2 articles", "5 articles", "1\u202f000\u202f000 d’articles",
			"Première réponse avant dimanche 1er mars à 01:30 (CET)", "Mis à jour le 1er mars 2026"},
		{kb.Dutch, "0 artikelen", "1 artikel", "2 artikelen", "5 artikelen", "1.000.000 artikelen",
			"Eerste antwoord vóór zondag 1 maart om 01:30 uur (CET)", "Bijgewerkt op 1 maart 2026"},
		{kb.German, "0 Artikel", "1 Artikel", "2 Artikel", "5 Artikel", "1.000.000 Artikel",
			"Erste Antwort bis Sonntag, 1. März, 01:30 Uhr (CET)", "Aktualisiert am 1. März 2026"},
		{kb.Chinese, "0 篇文章", "1 篇文章", "2 篇文章", "5 篇文章", "1,000,000 篇文章",
			"3月1日星期日 01:30（CET）前首次回复", "更新于 2026年3月1日"},
		{kb.Portuguese, "0 artigos", "1 artigo", "2 artigos", "5 artigos", "1\u00a0000\u00a0000 de artigos",
			"Primeira resposta até domingo, 1 de março, à 01:30 (CET)", "Atualizado em 1 de março de 2026"},
		{kb.Polish, "0 artykułów", "1 artykuł", "2 artykuły", "5 artykułów", "1\u00a0000\u00a0000 artykułów",
			"Pierwsza odpowiedź najpóźniej: niedziela, 1 marca, godz. 01:30 (CET)", "Aktualizacja: 1 marca 2026 r."},
	} {
		p := c.For(x.lang)
		n := func(n int) string { return p.N("home.articles", n, nil) }
		got := []string{n(0), n(1), n(2), n(5), n(1_000_000),
			p.T("ticket.promised", map[string]any{"date": p.DateTime(at, brussels)}),
			p.T("article.updated", map[string]any{"date": p.Date(at, brussels)})}
		if d := cmp.Diff([]string{x.none, x.one, x.two, x.five, x.million, x.promise, x.updated}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.lang, d)
		}
	}
}
