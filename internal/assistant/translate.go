package assistant

import (
	"context"
	"errors"
	"strings"
	"time"

	"guichet/kb"
)

// Translator has a model translate sentences; *openai.Chat is one. What it says is checked by
// kb.Translates before anybody sees it, and shown as a machine's beside the original.
type Translator interface {
	// Translate returns a translation of each sentence, in their order; fewer or more where the model
	// did not do as it was told. It honours ctx's deadline.
	Translate(ctx context.Context, from, to kb.Lang, sentences []string) ([]string, Call, error)
	// Model names the model.
	Model() string
}

// Translation is what a model made of an answer's sentences in the question's language.
type Translation struct {
	Sentences []string // one for each of the answer's
	Model     string
}

// Text is the translated sentences joined, in the language.
func (t Translation) Text(lang kb.Lang) string {
	space := " "
	if lang == kb.Chinese {
		space = ""
	}
	return strings.Join(t.Sentences, space)
}

// Translated is what a model had to do with an answer's translation.
type Translated struct {
	Model    string        `json:"model,omitempty"`
	Prompt   string        `json:"prompt,omitempty"`
	Tokens   int           `json:"tokens,omitempty"`
	Fallback string        `json:"fallback,omitempty"` // why none is shown
	Dropped  []Dropped     `json:"dropped,omitempty"`  // sentences that do not say what the original says
	Took     time.Duration `json:"took_ns,omitempty"`
}

// fallbackUnfaithful: a translated sentence does not have the original's numbers or negations, or is not
// in the language. Then none of them is shown: half a translation could hide a condition.
const fallbackUnfaithful = "unfaithful"

// speak notes the language of the sentences, where it is not the question's.
func (a *Answer) speak() {
	if len(a.Sentences) > 0 && len(a.Citations) > 0 && a.Citations[0].Article.Lang != a.Lang {
		a.Spoken = a.Citations[0].Article.Lang
	}
}

// translate has the model translate sentences that are in another language than the question.
func (s *Service) translate(ctx context.Context, by *payer, a *Answer) (out Translated) {
	if s.c.Translate == nil || by == nil || a.Spoken == "" {
		return out
	}
	out.Model = s.c.Translate.Model()
	var texts []string
	for _, x := range a.Sentences {
		texts = append(texts, x.Text)
	}
	cost := s.afford(by, texts...)
	if cost == nil {
		out.Fallback = fallbackBudget
		return out
	}
	start := s.c.Now()
	limited, cancel := context.WithTimeout(ctx, s.c.Writing.Deadline)
	defer cancel()
	got, call, err := s.c.Translate.Translate(limited, a.Spoken, a.Lang, texts)
	cost(call)
	out.Prompt, out.Tokens, out.Took = call.Prompt, call.Tokens, s.c.Now().Sub(start)
	switch {
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		out.Fallback = fallbackLate
	case err != nil:
		out.Fallback = fallbackFailed
	case len(got) != len(texts):
		out.Fallback = fallbackBabble
	}
	if out.Fallback != "" {
		return out
	}
	for i, text := range got {
		if why := kb.Translates(a.Spoken, texts[i], a.Lang, text); why != "" {
			out.Dropped = append(out.Dropped, Dropped{text, why})
		}
	}
	if len(out.Dropped) > 0 {
		out.Fallback = fallbackUnfaithful
		return out
	}
	a.Translated = &Translation{Sentences: got, Model: out.Model}
	return out
}
