package main

import (
	"fmt"
	"os"
	"strings"

	"guichet/internal/app"
)

type searchCmd struct {
	Query      []string `arg:"" help:"What to look for."`
	Lang       string   `name:"in" help:"Language of the reader; else told from the text."`
	Collection string   `help:"Only this collection."`
	Limit      int      `default:"10" help:"How many, 1 to 100."`
}

func (c *searchCmd) Run(e *env) error {
	r, err := app.Search(e.ctx, e.cfg, e.log, strings.Join(c.Query, " "), c.Lang, c.Collection, c.Limit)
	if err != nil {
		return err
	}
	return e.print(r, func() {
		for i, h := range r.Hits {
			fmt.Printf("%2d  %.3f  %s › %s\n    %s\n", i+1, h.Score, h.Article.Title, h.Passage.Heading, h.Article.URL)
		}
		if len(r.Hits) == 0 {
			fmt.Println("nothing found")
		}
	})
}

type askCmd struct {
	Question   []string `arg:"" help:"The question."`
	Lang       string   `name:"in" help:"Language of the reader; else told from the text."`
	Collection string   `help:"Only this collection."`
}

func (c *askCmd) Run(e *env) error {
	a, err := app.Ask(e.ctx, e.cfg, e.log, strings.Join(c.Question, " "), c.Lang, c.Collection)
	if err != nil {
		return err
	}
	return e.print(a, func() {
		fmt.Printf("%s (%.2f)\n", a.Outcome, a.Confidence)
		for _, s := range a.Sentences {
			fmt.Printf("  %s %v\n", s.Text, s.Citations)
		}
		for _, x := range a.Choices {
			fmt.Printf("  %s: %q\n", x.Label, x.Text)
		}
		for _, x := range a.Citations {
			fmt.Printf("  [%d] %s › %s\n      %s\n", x.N, x.Article.Title, x.Heading, x.URL)
		}
	})
}

type evalCmd struct {
	FAQ          string `name:"faq" help:"Folder of articles.jsonl and queries.jsonl."`
	QA           string `name:"qa" help:"Folder of passages.jsonl and questions.jsonl."`
	Routing      string `help:"Folder of pairs.jsonl, history.jsonl and queries.jsonl: requests made twice, and their categories."`
	ByCollection bool   `name:"by-collection" help:"Search each collection by itself."`
	Cache        string `help:"Folder of the vector cache. Default: cache/vectors of the install folder."`
}

func (c *evalCmd) Run(e *env) error {
	if c.FAQ == "" && c.QA == "" && c.Routing == "" {
		return fmt.Errorf("nothing to measure: name a folder with --faq, --qa or --routing")
	}
	report, err := app.Eval(e.ctx, e.cfg, e.log, app.EvalOptions{FAQ: c.FAQ, QA: c.QA, Routing: c.Routing, ByCollection: c.ByCollection,
		Cache: c.Cache, Progress: os.Stderr})
	if err != nil {
		return err
	}
	return e.print(report, func() { fmt.Print(report.Markdown()) })
}

type reindexCmd struct{}

func (reindexCmd) Run(e *env) error {
	n, err := app.Reindex(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	return e.print(map[string]int{"articles": n}, func() { fmt.Printf("%d articles indexed\n", n) })
}

type doctorCmd struct {
	Ready bool `help:"Only ask whether the guichet that runs here is ready, as a container's health check does."`
}

func (c *doctorCmd) Run(e *env) error {
	if c.Ready {
		said, err := app.Ready(e.ctx, e.cfg)
		if err != nil {
			return err
		}
		return e.print(map[string]string{"ready": said}, func() { fmt.Println(said) })
	}
	checks := app.Doctor(e.ctx, e.cfg, e.log)
	bad := 0
	for _, c := range checks {
		if !c.OK {
			bad++
		}
	}
	if err := e.print(checks, func() {
		for _, c := range checks {
			mark := "ok  "
			if !c.OK {
				mark = "BAD "
			}
			fmt.Println(mark, c.Sentence)
		}
	}); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks failed", bad, len(checks))
	}
	return nil
}
