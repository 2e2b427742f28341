package main

import (
	"fmt"
	"strings"
	"time"

	"guichet/internal/app"
	"guichet/internal/assistant"
	"guichet/internal/support"
)

type replayCmd struct {
	Answer string `arg:"" help:"The answer's id; it stands in the address of its page."`
}

func (c *replayCmd) Run(e *env) error {
	r, err := app.Replay(e.ctx, e.cfg, e.log, support.AnswerID(c.Answer))
	if err != nil {
		return err
	}
	return e.print(r, func() { printReplay(r) })
}

func printReplay(r assistant.Replay) {
	fmt.Printf("%s  %s\n%s\n", r.CreatedAt.Local().Format(time.DateTime), r.Lang, r.Question)
	said := func(name string, s assistant.Said) {
		fmt.Printf("\n%s: %s (%.2f)\n", name, s.Outcome, s.Confidence)
		for _, lines := range [][]string{s.Sentences, s.Choices} {
			for _, x := range lines {
				fmt.Println("  " + strings.ReplaceAll(x, "\n", "\n  "))
			}
		}
		for i, x := range s.Sources {
			fmt.Printf("  [%d] %s\n", i+1, x)
		}
	}
	said("Stored", r.Stored)
	if said("That day's articles", r.ThatDay); r.Same {
		fmt.Println("  the same as the stored answer, sentence by sentence")
	} else {
		fmt.Printf("  NOT the stored answer:\n%s", r.Mismatch)
	}
	said("Today's articles", r.Today)
	if r.Diff == "" {
		fmt.Println("  the same as that day's")
	} else {
		fmt.Printf("\n%s", r.Diff)
	}
	list := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Printf("\n%s\n  %s\n", title, strings.Join(lines, "\n  "))
		}
	}
	var lines []string
	for _, a := range r.Articles {
		now := fmt.Sprintf("version %d", a.Now)
		if a.Now == 0 {
			now = "not live"
		}
		lines = append(lines, fmt.Sprintf("%s (%s, %s): version %d then, %s today%s", a.Title, a.ID, a.Lang, a.Then, now, mark(a.Cited)))
	}
	list("Articles that changed:", lines)
	lines = nil
	for _, p := range r.Passages {
		what := p.Change
		if p.Heading != "" {
			what += ", under " + p.Heading
		}
		lines = append(lines, fmt.Sprintf("%s %.8s: place %s then, %s today; %s%s", p.Article, p.Passage, place(p.Then), place(p.Now), what, mark(p.Cited)))
	}
	list("Passages:", lines)
	lines = nil
	for _, s := range r.Setup {
		lines = append(lines, fmt.Sprintf("%s: %s then, %s today", s.Name, orNone(s.Then), orNone(s.Now)))
	}
	list("Made with:", lines)
	list("Notes:", r.Notes)
}

func mark(cited bool) string {
	if cited {
		return " (cited)"
	}
	return ""
}

func place(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
