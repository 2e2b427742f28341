package assistant

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/kb"
)

// Rewriter has a model turn a message that leans on what was said before it into a question of its
// own; *openai.Chat is one. What it says is searched, never shown, and checked before.
type Rewriter interface {
	// Rewrite returns one question in lang. before are the member's messages, oldest first. It
	// honours ctx's deadline.
	Rewrite(ctx context.Context, lang kb.Lang, before []string, text string) (string, Call, error)
	// Model names the model.
	Model() string
}

// Bounds of a rewriting.
const (
	rewriteDeadline = 2 * time.Second // the search has not begun yet
	maxRewritten    = 300             // characters
)

// Rewritten is what a model made of a message that leans on those before it.
type Rewritten struct {
	Text   string        `json:"text,omitempty"`
	Why    string        `json:"why,omitempty"` // it was not searched
	Model  string        `json:"model,omitempty"`
	Prompt string        `json:"prompt,omitempty"`
	Tokens int           `json:"tokens,omitempty"`
	Took   time.Duration `json:"took_ns,omitempty"`
}

func (r Rewritten) taken() bool { return r.Text != "" && r.Why == "" }

// Why a rewriting is not searched, beside the budget and failures.
const (
	rewriteLength   = "length"   // nothing, more than a line, or too long
	rewriteLanguage = "language" // in another
	rewriteNumber   = "number"   // of its own, or one that went missing
	rewriteWord     = "word"     // of the message that went missing
	rewriteSubject  = "subject"  // nothing of what was said before is in it
)

// rewrite has the model turn a message into a question of its own.
func (s *Service) rewrite(ctx context.Context, q kb.Query, p past, by *payer) (out Rewritten) {
	if s.c.Rewriter == nil || by == nil {
		return out
	}
	out.Model = s.c.Rewriter.Model()
	var before []string
	for _, t := range p.turns {
		before = append(before, t.question)
	}
	cost := s.afford(by, append(slices.Clone(before), q.Text)...)
	if cost == nil {
		out.Why = fallbackBudget
		return out
	}
	start := s.c.Now()
	limited, cancel := context.WithTimeout(ctx, min(rewriteDeadline, s.c.Writing.Deadline))
	defer cancel()
	text, call, err := s.c.Rewriter.Rewrite(limited, q.Lang, before, q.Text)
	cost(call)
	out.Text, out.Prompt, out.Tokens, out.Took = strings.TrimSpace(text), call.Prompt, call.Tokens, s.c.Now().Sub(start)
	switch {
	case err != nil && limited.Err() != nil:
		out.Why = fallbackLate
	case err != nil:
		out.Why = fallbackFailed
	default:
		out.Why = unlike(out.Text, q, before)
	}
	if utf8.RuneCountInString(out.Text) > kb.MaxQuestion { // a trace holds no book
		out.Text = ""
	}
	return out
}

// unlike says why a rewriting does not stand for a message after those before it; "" if it does.
func unlike(text string, q kb.Query, before []string) string {
	if text == "" || strings.ContainsAny(text, "\r\n") || utf8.RuneCountInString(text) > maxRewritten {
		return rewriteLength
	}
	if lang, sure := kb.DetectLang(text, q.Lang); lang != q.Lang && sure >= sureLang {
		return rewriteLanguage
	}
	said := strings.Join(append(slices.Clone(before), q.Text), " ")
	has, own := numbers(text), numbers(q.Text)
	if slices.ContainsFunc(own, func(n string) bool { return !slices.Contains(has, n) }) ||
		slices.ContainsFunc(has, func(n string) bool { return !slices.Contains(numbers(said), n) }) {
		return rewriteNumber
	}
	words := content(q.Lang, text)
	if slices.ContainsFunc(content(q.Lang, q.Text), func(w string) bool { return !slices.Contains(words, w) }) {
		return rewriteWord
	}
	earlier := content(q.Lang, strings.Join(before, " "))
	if !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(earlier, w) }) {
		return rewriteSubject
	}
	return ""
}

// content are the words of a text that carry a subject; where it has none, all.
func content(lang kb.Lang, text string) []string {
	return slices.DeleteFunc(kb.Words(lang, text), func(w string) bool { return kb.StopWord(lang, w) || kb.Points(lang, w) })
}

// numbers are the runs of digits in a text.
func numbers(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
}
