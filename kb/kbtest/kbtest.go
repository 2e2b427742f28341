// Package kbtest holds what an implementation of kb's interfaces is tested with: suites that every
// Embedder and every Retriever must pass, passages to fill them with, and a vector search in
// memory that says in plain Go what a vector store has to compute.
package kbtest

import (
	"fmt"

	"guichet/kb"
)

// Passages makes the passages of an article whose paragraphs are these, as publishing would.
func Passages(a kb.Article, paragraphs ...string) []kb.Passage {
	if a.Group == "" {
		a.Group = kb.GroupID(a.ID)
	}
	var s kb.Section
	for _, p := range paragraphs {
		s.Blocks = append(s.Blocks, kb.Block{Text: p})
	}
	return kb.Split(a, 1, kb.Document{Sections: []kb.Section{s}})
}

// sample is an article in each of the nine languages, with a question that it answers.
type sample struct {
	lang                  kb.Lang
	title, text, question string
}

var samples = []sample{
	{kb.English, "Opening hours of the library", "The library opens at nine in the morning and closes at eight in the evening, except on Sundays.", "When does the library open?"},
	{kb.Spanish, "Cambiar la bombilla de la lámpara", "Desenchufe la lámpara, deje que la bombilla se enfríe y enrosque la nueva.", "¿Cómo cambio la bombilla de la lampara?"},
	{kb.Italian, "Annaffiare le piante grasse", "Le piante grasse si annaffiano poco: d'inverno una volta al mese, d'estate ogni settimana.", "Quando annaffiare le piante grasse?"},
	{kb.French, "L’étape du train de nuit", "Le train de nuit s'arrête à Dijon ; le reçu du billet est envoyé par courrier.", "Où s'arrete le train de nuit, et le recu du billet ?"},
	{kb.Dutch, "Een fiets huren aan het strand", "Fietsen huurt u bij het strandpaviljoen; een borg van vijftig euro is verplicht.", "Waar kan ik een fiets huren bij het strand?"},
	{kb.German, "Brot richtig aufbewahren", "Bewahren Sie Brot in einem Topf aus Ton auf, im Kühlschrank wird es schnell altbacken.", "Wie bewahre ich Brot auf?"},
	{kb.Chinese, "如何清洗眼镜", "先用清水冲洗眼镜，再用软布擦干镜片，不要使用酒精。", "怎么清洗眼镜镜片？"},
	{kb.Portuguese, "Reservar uma mesa no restaurante", "A mesa no restaurante é reservada por telefone até às dezoito horas do próprio dia.", "Como reservar mesa no restaurante?"},
	{kb.Polish, "Wymiana łańcucha w rowerze", "Łańcuch w rowerze wymienia się co trzy tysiące kilometrów, a zębatki co drugi raz.", "Kiedy wymienic lancuch w rowerze?"},
}

// sampleArticle is sample i as an article of the collection "samples".
func sampleArticle(i int) kb.Article {
	s := samples[i]
	return kb.Article{ID: kb.ArticleID(fmt.Sprintf("sample.%s", s.lang)), Lang: s.lang, Collection: "samples", Title: s.title}
}
