package assistant_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/internal/support"
	"guichet/kb"
)

// records is a search that finds the same, and remembers what was searched.
type records struct {
	finds
	mu  sync.Mutex
	all []string
}

func (r *records) Search(ctx context.Context, q kb.Query) (kb.Results, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, q.Text)
	return r.finds.Search(ctx, q)
}

// rewrites is a model that makes one question of all.
type rewrites struct {
	text   string
	err    error
	late   bool
	before []string
	n      int
}

func (r *rewrites) Model() string { return "m" }

func (r *rewrites) Rewrite(ctx context.Context, _ kb.Lang, before []string, _ string) (string, assistant.Call, error) {
	r.before = before
	r.n++
	if r.late {
		<-ctx.Done()
		return "", assistant.Call{Prompt: "hash"}, ctx.Err()
	}
	return r.text, assistant.Call{Prompt: "hash", Tokens: 7}, r.err
}

type ratings = assistant.Ratings

// nobodyRated says that no answer was called unhelpful.
type nobodyRated struct{ ratings }

func (nobodyRated) Unhelpful(context.Context, []support.AnswerID) (map[support.AnswerID]bool, error) {
	return nil, nil
}

// TestRewriting: what a model makes of a follow-up is searched if it can be believed, and never what the
// member is told to have said; else the words are carried over.
func TestRewriting(t *testing.T) {
	t.Parallel()
	const first, follow = "How long does a refund take?", "and for 2 subscriptions?"
	const carried = "long refund take " + follow
	for name, tc := range map[string]struct {
		model    rewrites
		follow   string
		why      string
		searched string // "" for what was carried
	}{
		"Taken":     {model: rewrites{text: "How long does a refund take for 2 subscriptions?"}, searched: "How long does a refund take for 2 subscriptions?"},
		"Quoted":    {model: rewrites{text: "  How long does a refund take for 2 subscriptions?  "}, searched: "How long does a refund take for 2 subscriptions?"},
		"Nothing":   {why: "length"},
		"Lines":     {model: rewrites{text: "How long does a refund take?\nFor 2 subscriptions?"}, why: "length"},
		"Book":      {model: rewrites{text: "How long does a refund take for 2 subscriptions" + string(make([]byte, 300)) + "?"}, why: "length"},
		"Language":  {model: rewrites{text: "Combien de temps prend le remboursement de mes 2 abonnements (refund, subscriptions) ?"}, why: "language"},
		"Number":    {model: rewrites{text: "How long does a refund take for subscriptions?"}, why: "number"},
		"OwnNumber": {model: rewrites{text: "How long does a refund of 30 euros take for 2 subscriptions?"}, why: "number"},
		"Word":      {model: rewrites{text: "How long does a refund take for 2 orders?"}, why: "word"},
		"Subject":   {model: rewrites{text: "What are 2 subscriptions?"}, why: "subject"},
		"Failed":    {model: rewrites{text: "How long", err: errors.New("down")}, why: "failed"},
		"Late":      {model: rewrites{late: true}, why: "late"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, err := json.Marshal(support.AnswerData{Answer: support.NewSecretID[support.AnswerID](), Outcome: "answered", Lang: kb.English})
			if err != nil {
				t.Fatal(err)
			}
			threads := &alone{past: []support.Entry{{Kind: support.EntryMessage, Author: support.AuthorMember, ClientID: "q1", Body: first},
				{Kind: support.EntryAnswer, Author: support.AuthorAssistant, ClientID: "q1", Data: said}}}
			search, m := &records{finds: finds(found)}, &memory{}
			s := assistant.New(assistant.Config{Search: search, Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: m, Threads: threads,
				Ratings: nobodyRated{}, Rewriter: &tc.model, Writing: assistant.WriteLimits{Deadline: 50e6}})
			a, err := s.AskIn(t.Context(), "c", "q2", assistant.Question{Text: follow, Lang: kb.English}, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.searched
			if want == "" {
				want = carried
			}
			if search.all[0] != want {
				t.Errorf("searched %q, want %q", search.all, want)
			}
			if a.Question != follow {
				t.Errorf("the member is told to have said %q", a.Question)
			}
			if m.trace.Rewritten.Why != tc.why || m.trace.Rewritten.Prompt != "hash" || m.trace.Rewritten.Model != "m" {
				t.Errorf("trace: %+v", m.trace.Rewritten)
			}
			if diff := cmp.Diff([]string{first}, tc.model.before); diff != "" {
				t.Errorf("the model was told (-want +got)\n%s", diff)
			}
		})
	}
	// A question that stands by itself is not sent.
	model := &rewrites{text: "x"}
	s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: &memory{},
		Threads: &alone{}, Ratings: nobodyRated{}, Rewriter: model})
	if _, err := s.AskIn(t.Context(), "c", "q2", assistant.Question{Text: first, Lang: kb.English}, nil); err != nil || model.n != 0 {
		t.Errorf("%v, the model was asked %d times", err, model.n)
	}
}

// translates is a model that translates.
type translates struct {
	texts []string
	err   error
}

func (r translates) Model() string { return "m" }

func (r translates) Translate(context.Context, kb.Lang, kb.Lang, []string) ([]string, assistant.Call, error) {
	return r.texts, assistant.Call{Prompt: "hash", Tokens: 7}, r.err
}

// TestTranslation: where no article is in the question's language, the sentences stay as they are and a
// model's translation stands beside them, whole or not at all.
func TestTranslation(t *testing.T) {
	t.Parallel()
	const question = "Combien de temps prend un remboursement ?"
	for name, tc := range map[string]struct {
		model    translates
		shown    bool
		fallback string
	}{
		"Shown":      {model: translates{texts: []string{"Un remboursement prend de 7 à 14 jours."}}, shown: true},
		"Unfaithful": {model: translates{texts: []string{"Un remboursement prend de 7 à 15 jours."}}, fallback: "unfaithful"},
		"TooMany":    {model: translates{texts: []string{"Un remboursement prend de 7 à 14 jours.", "Voilà."}}, fallback: "babble"},
		"Failed":     {model: translates{err: errors.New("down")}, fallback: "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{}
			s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: m, Translate: tc.model,
				Writer: &says{claims: []kb.Claim{claim("A refund takes 7 to 14 days.", 1)}}})
			a, err := s.Ask(t.Context(), assistant.Question{Text: question, Lang: kb.French}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a.Lang != kb.French || a.In() != kb.English || a.Text() != "A refund takes 7 to 14 days." {
				t.Errorf("%s, %s: %q", a.Lang, a.In(), a.Text())
			}
			if (a.Translated != nil) != tc.shown || m.trace.Translated.Fallback != tc.fallback || m.trace.Translated.Prompt != "hash" {
				t.Errorf("%+v, trace %+v", a.Translated, m.trace.Translated)
			}
			e, err := a.Entry()
			if err != nil {
				t.Fatal(err)
			}
			var kept support.AnswerData
			if err := json.Unmarshal(e.Data, &kept); err != nil || kept.Spoken != kb.English || (kept.Translated != nil) != tc.shown {
				t.Errorf("in the thread: %+v, %v", kept, err)
			}
		})
	}
	s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: &memory{},
		Translate: translates{texts: []string{"x"}}})
	if a, err := s.Ask(t.Context(), assistant.Question{Text: "How long does a refund take?", Lang: kb.English}, nil); err != nil || a.Translated != nil || a.Spoken != "" {
		t.Errorf("in the article's own language: %+v, %v", a.Translated, err)
	}
}
