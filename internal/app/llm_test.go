//go:build llm

package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/internal/app/apptest"
	"guichet/internal/assistant"
	"guichet/internal/config"
	"guichet/internal/support"
	"guichet/kb"
)

// weakQuestions is how many are asked, spread over the languages and what the starter articles say.
const weakQuestions = 50

// TestWeakModel asks a real and very weak language model, and holds what members are shown: every
// sentence stands in its passage, and where nothing of the model's does, the answer is the one that is
// taken word for word. What the model wrote, what was shown of it and why the rest was dropped goes to
// .local/llm-answers.md, to be read. `make test-llm` runs it.
func TestWeakModel(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	url := serveModel(t, root)
	h := apptest.New(t, apptest.Options{Settings: func(s *config.Settings) {
		s.LLMURL, s.LLMModel, s.LLMDeadline = url+"/v1", "gemma-3-270m", time.Second
		s.LLMDaily, s.LLMSite, s.LLMHourly, s.LLMMember, s.LLMTokens = 1000, 1000, 1000, 1000, 10_000_000
	}, Checked: func(c *config.Checked) { c.LLMDeadline = 5 * time.Minute }}) // a slow machine is no verdict on the model

	out, err := os.Create(filepath.Join(root, ".local", "llm-answers.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	fmt.Fprintln(out, "| | question | shown | dropped |\n|---|---|---|---|")
	var asked, written, sentences, dropped int
	why, named := map[string]int{}, map[string]int{}
	for _, q := range questions(t, root) {
		a, err := h.App.Assistant.Ask(t.Context(), assistant.Question{Text: q.Text, Lang: q.Lang}, nil)
		if err != nil {
			t.Fatal(err)
		}
		staff := support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}
		_, trace, err := h.App.Assistant.Trace(t.Context(), staff, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if trace.Model != "" {
			asked++
		}
		dropped += len(trace.Dropped)
		judged := judge(t, h, trace)
		for i, d := range trace.Dropped {
			why[string(d.Why)]++
			if d.Why == kb.WhySource {
				named[string(judged[i])]++
			}
		}
		if trace.Generated {
			written++
			sentences += len(a.Sentences)
		} else if trace.Model != "" {
			why["("+trace.Fallback+")"]++
		}
		stands(t, h, a)
		if !trace.Generated && a.Outcome == assistant.Answered {
			var taken []string
			for _, x := range trace.Taken {
				taken = append(taken, x.Text)
			}
			var said []string
			for _, s := range a.Sentences {
				said = append(said, s.Text)
			}
			if len(said) == 0 || !slices.Equal(taken, said) {
				t.Errorf("%s: nothing of the model's is shown, and not what was taken word for word:\n%q\n%q", q.Text, said, taken)
			}
		}
		fmt.Fprintln(out, row(q, a, trace, judged))
		t.Logf("%s %s: %s, %d of the model's, %d dropped %s, %s", q.Lang, q.Text, a.Outcome, map[bool]int{true: len(a.Sentences)}[trace.Generated], len(trace.Dropped), trace.Fallback, trace.Write.Round(time.Second))
	}
	fmt.Fprintf(out, "\n%d questions, the model asked %d times; %d answers hold %d sentences of its own writing, %d were dropped: %v. Those that named no passage, had they named all: %v\n", weakQuestions, asked, written, sentences, dropped, why, named)
	if asked < weakQuestions/2 {
		t.Errorf("the model was asked %d times only", asked)
	}
}

// stands holds that each sentence says what its passage says.
func stands(t *testing.T, h *apptest.House, a assistant.Answer) {
	t.Helper()
	for _, s := range a.Sentences {
		if len(s.Citations) == 0 {
			t.Errorf("%q cites nothing", s.Text)
		}
		for _, n := range s.Citations {
			c := a.Citations[n-1]
			ps, err := h.Database().Passages(t.Context(), []kb.PassageID{c.Passage}, kb.Public)
			if err != nil || len(ps) != 1 || !strings.Contains(ps[0].Text, c.Quote) {
				t.Errorf("%q: its passage is not there, or does not hold the quote: %v", s.Text, err)
				continue
			}
			if _, why := kb.Support(kb.Claim{Text: s.Text, Sources: []int{1}}, ps); why != "" && !strings.Contains(ps[0].Text, s.Text) {
				t.Errorf("%q does not stand in %q: %s", s.Text, ps[0].Text, why)
			}
		}
	}
}

// judge says why each dropped sentence would have been dropped, had it named all the passages that were
// found; "" for one that stands in one of them.
func judge(t *testing.T, h *apptest.House, trace assistant.Trace) (out []kb.Why) {
	t.Helper()
	var ids []kb.PassageID
	for _, f := range trace.Found {
		ids = append(ids, f.Passage)
	}
	ps, err := h.Database().Passages(t.Context(), ids, kb.Public)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for i := range ps {
		all = append(all, i+1)
	}
	for _, d := range trace.Dropped {
		_, why := kb.Support(kb.Claim{Text: d.Text, Sources: all}, ps)
		out = append(out, why)
	}
	return out
}

func row(q kb.Query, a assistant.Answer, trace assistant.Trace, judged []kb.Why) string {
	cell := func(s string) string {
		return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
	}
	shown := string(a.Outcome)
	if a.Outcome == assistant.Answered {
		shown = "word for word (" + trace.Fallback + ")"
		if trace.Generated {
			shown = a.Text()
		}
	}
	var dropped []string
	for i, d := range trace.Dropped {
		dropped = append(dropped, fmt.Sprintf("%s (%s): %s", d.Why, judged[i], d.Text))
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", q.Lang, cell(q.Text), cell(shown), cell(strings.Join(dropped, " ⁄ ")))
}

// questions takes every so many of the starter articles' own questions.
func questions(t *testing.T, root string) (out []kb.Query) {
	t.Helper()
	var all []kb.Query
	for _, lang := range kb.Langs {
		f, err := os.Open(filepath.Join(root, "kb", "starter", "questions."+string(lang)+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var q struct{ Question string }
			if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
				t.Fatal(err)
			}
			all = append(all, kb.Query{Text: q.Question, Lang: lang})
		}
		f.Close()
	}
	for i := range weakQuestions {
		out = append(out, all[i*len(all)/weakQuestions])
	}
	return out
}

// serveModel starts the model's server for the test and returns its address.
func serveModel(t *testing.T, root string) string {
	t.Helper()
	python := filepath.Join(root, ".local", "llm", "bin", "python")
	c := exec.Command(python, filepath.Join(root, "tools", "llm", "serve.py"), filepath.Join(root, ".local", "llm", "model.gguf"))
	stdin, err := c.StdinPipe() // its end ends the server
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("the model's server does not start; scripts/install-llm installs it: %v", err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := c.Wait(); err != nil {
			t.Errorf("the model's server: %v", err)
		}
	})
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatal("the model's server has ended before it was ready")
	}
	return lines.Text()
}
