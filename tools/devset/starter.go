package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"guichet/kb"
	"guichet/kb/eval"
	"guichet/kb/kbtest"
	"guichet/kb/markdown"
	"guichet/kb/starter"
)

func loadStarter(e kb.Embedder) (*set, error) {
	s := &set{FAQ: &eval.FAQ{}, embedder: e}
	articles, err := starter.Articles()
	if err != nil {
		return nil, err
	}
	s.Articles = articles
	for _, a := range articles {
		d, err := markdown.Read(a.Body)
		if err != nil {
			return nil, err
		}
		s.passages = append(s.passages, kb.Split(a, 1, d)...)
	}
	return s, nil
}

func runStarter(ctx context.Context, e kb.Embedder) error {
	s, err := loadStarter(e)
	if err != nil {
		return err
	}
	fmt.Println(len(s.Articles), len(s.passages))
	words, err := s.index(ctx)
	if err != nil {
		return err
	}
	var vectors *kbtest.Vectors
	if !*only {
		if vectors, err = kbtest.NewVectors(ctx, s.embedder, s.passages); err != nil {
			return err
		}
	}
	library := kbtest.NewLibrary(s.passages)
	for _, mode := range []string{"words", "both"} {
		h, x := kb.HybridConfig{Words: words, Library: library}, kb.ExtractorConfig{}
		if mode == "both" {
			if vectors == nil {
				continue
			}
			h.Meaning, h.Embedder, x.Scorer = vectors, s.embedder, vectors
		}
		hybrid, extractor := kb.NewHybrid(h), kb.NewExtractor(x)
		for _, l := range []kb.Lang{"fr", "en", "de", "pl", "zh"} {
			f, err := os.Open("kb/starter/questions." + string(l) + ".jsonl")
			if err != nil {
				return err
			}
			lines := bufio.NewScanner(f)
			n, group, want, answered := 0, 0, 0, 0
			for lines.Scan() {
				var q struct {
					Fact, Question, Group string
					Want                  []string
				}
				if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
					return err
				}
				r, err := hybrid.Search(ctx, kb.Query{Text: q.Question, Lang: l})
				if err != nil {
					return err
				}
				a, err := extractor.Extract(ctx, kb.Query{Text: q.Question, Lang: l}, r)
				if err != nil {
					return err
				}
				n++
				ok := true
				var text strings.Builder
				for _, c := range a.Quotes {
					text.WriteString(c.Text + " … ")
				}
				for _, w := range q.Want {
					ok = ok && strings.Contains(text.String(), w)
				}
				if ok {
					want++
				}
				top := ""
				if len(r.Found) > 0 {
					top = string(r.Found[0].Group)
				}
				if top == q.Group {
					group++
				}
				if a.Answers {
					answered++
				}
				if !ok && *verbose {
					fmt.Printf("- %s %s [%s] %q want %q of %s; top %s; got %.250s\n", mode, l, q.Fact, q.Question, q.Want, q.Group, top, strings.ReplaceAll(text.String(), "\n", " / "))
				}
			}
			fmt.Println(mode, l, "n", n, "group first", group, "fact quoted", want, "answered", answered)
		}
		for l, texts := range map[kb.Lang][]string{
			"fr": {"Combien de temps prend un remboursement ?", "Quelle est la capitale du Pérou ?", "Comment cuire des pâtes ?", "Qui a gagné la coupe du monde ?"},
			"en": {"How long does a refund take?", "What is the capital of Peru?", "how do I bake bread"}, "de": {"Wie lange dauert eine Rückerstattung?", "Was ist die Hauptstadt von Peru?"},
			"pl": {"Ile trwa zwrot pieniędzy?", "Jaka jest stolica Peru?"}, "zh": {"退款需要多久？", "秘鲁的首都是哪里？"}, "es": {"¿Cuánto tarda un reembolso?"},
		} {
			for _, text := range texts {
				r, err := hybrid.Search(ctx, kb.Query{Text: text, Lang: l})
				if err != nil {
					return err
				}
				a, err := extractor.Extract(ctx, kb.Query{Text: text, Lang: l}, r)
				if err != nil {
					return err
				}
				fmt.Printf("%s %v %.2f %s → ", mode, a.Answers, a.Confidence, text)
				for _, s := range a.Sentences {
					fmt.Printf("«%s» ", s.Text)
				}
				fmt.Printf("  %+v\n", a.Evidence)
			}
		}
	}
	return nil
}
