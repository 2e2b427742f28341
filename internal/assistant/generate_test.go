package assistant_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	"guichet/kb"
	"guichet/kb/kbtest"
)

// memory is a store of answers, with two live articles.
type memory struct {
	assistant.Store
	mu    sync.Mutex
	trace assistant.Trace
}

func (m *memory) SaveAnswer(ctx context.Context, _ assistant.Answer, t assistant.Trace) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trace = t
	return ctx.Err()
}

func (m *memory) ArticleRefs(_ context.Context, ids []kb.ArticleID, _ kb.Audience) (map[kb.ArticleID]assistant.ArticleRef, error) {
	out := map[kb.ArticleID]assistant.ArticleRef{}
	for _, id := range ids {
		if id != "gone" {
			out[id] = assistant.ArticleRef{ID: id, Group: kb.GroupID(id), Lang: kb.English, Slug: string(id)}
		}
	}
	return out, nil
}

// finds is a search that always finds the same.
type finds kb.Results

func (f finds) Search(context.Context, kb.Query) (kb.Results, error) { return kb.Results(f), nil }

// says is a model that writes claims and then ends with an error, or waits for its deadline.
type says struct {
	claims []kb.Claim
	err    error
	late   bool
	tokens int
	asked  [][]kb.Passage
}

func (s *says) Model() string { return "m" }

func (s *says) Write(ctx context.Context, _ kb.Query, from []kb.Passage, each func(kb.Claim) bool) (assistant.Call, error) {
	call := assistant.Call{Prompt: "hash", Tokens: s.tokens}
	s.asked = append(s.asked, from)
	for _, c := range s.claims {
		if !each(c) {
			return call, nil
		}
	}
	if s.late {
		<-ctx.Done()
		return call, ctx.Err()
	}
	return call, s.err
}

// written is what Ask did with a model.
type written struct {
	assistant.Answer
	assistant.Trace
	events []assistant.Event
}

var found = func() kb.Results {
	r := kb.Results{Evidence: kb.Evidence{Meaning: true, Lead: 0.5, Title: 0.5, Mean: 0.8, Share: 0.9, ShareLead: 0.3}}
	for i, text := range []string{"A refund takes 7 to 14 days. We tell you by e-mail. Write to us (by letter).", "The seller has 7 days to answer.", "Secret of 1 day."} {
		id := kb.ArticleID([]string{"refunds", "answers", "gone"}[i])
		p := kbtest.Passages(kb.Article{ID: id, Lang: kb.English, Title: "How long does a refund take?"}, text)[0]
		r.Found = append(r.Found, kb.Found{Hit: kb.Hit{Passage: p.ID, Article: p.Article, Group: p.Group, Lang: p.Lang, Score: 0.9 - float64(i)/5,
			Signals: kb.Signals{Words: 9, WordShare: 0.9, Cosine: 0.95, Centred: 0.8, Title: 0.8, Meaning: true}}, Source: p})
	}
	return r
}()

func ask(t *testing.T, model assistant.Writer, limits assistant.WriteLimits) written {
	t.Helper()
	m := &memory{}
	s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: m, Writer: model, Writing: limits})
	var w written
	var err error
	w.Answer, err = s.Ask(t.Context(), assistant.Question{Text: "How long does a refund take?", Lang: kb.English},
		func(e assistant.Event) { w.events = append(w.events, e) })
	if err != nil {
		t.Fatal(err)
	}
	w.Trace = m.trace
	return w
}

func claim(text string, sources ...int) kb.Claim { return kb.Claim{Text: text, Sources: sources} }

func TestAModelWrites(t *testing.T) {
	t.Parallel()
	model := &says{claims: []kb.Claim{claim("Hello!"), claim("The seller has 7 days to answer.", 2), claim("A refund takes seven to 14 days, and we tell you by e-mail.", 1),
		claim("A refund takes 1 day.", 1), claim("Secret of 1 day.", 3), claim("The seller has 7 days to answer.", 2), claim("The seller has 7 days to answer.", 2), claim("we tell you by e-mail!", 1), claim("Write to us.", 1)}}
	w := ask(t, model, assistant.WriteLimits{})
	var got []string
	for _, s := range w.Sentences {
		got = append(got, fmt.Sprint(s.Text, s.Citations))
	}
	want := []string{"A refund takes seven to 14 days, and we tell you by e-mail.[1]", "The seller has 7 days to answer.[2]", "Write to us.[3]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !w.Generated || w.Model != "m" || w.Prompt != "hash" || w.Fallback != "" || w.Outcome != assistant.Answered {
		t.Errorf("%+v", w.Written)
	}
	dropped := []assistant.Dropped{{Text: "Hello!", Why: kb.WhySource}, {Text: "The seller has 7 days to answer.", Why: "aside"},
		{Text: "A refund takes 1 day.", Why: kb.WhyNumber}, {Text: "Secret of 1 day.", Why: kb.WhySource}, {Text: "The seller has 7 days to answer.", Why: "again"},
		{Text: "we tell you by e-mail!", Why: "again"}}
	if diff := cmp.Diff(dropped, w.Dropped); diff != "" {
		t.Errorf("dropped (-want +got)\n%s", diff)
	}
	if len(model.asked[0]) != 2 {
		t.Errorf("given %d passages, one of an article that is no longer there", len(model.asked[0]))
	}
	if q := w.Citations[0].Quote; q != "A refund takes 7 to 14 days. We tell you by e-mail." {
		t.Errorf("quote %q", q)
	}
	// What was emitted is what is in the answer, each sentence with its citation.
	n := 0
	for _, e := range w.events {
		if e.Sentence != nil {
			if diff := cmp.Diff(w.Sentences[n], *e.Sentence); diff != "" || e.Citation == nil {
				t.Errorf("event %d: %s", n, diff)
			}
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d sentences emitted", n)
	}
}

func TestWithoutTheModel(t *testing.T) {
	t.Parallel()
	plain := ask(t, nil, assistant.WriteLimits{})
	if len(plain.Sentences) == 0 || plain.Fallback != "" || plain.Model != "" {
		t.Fatalf("%+v", plain)
	}
	babble := &says{late: true}
	for i := range 100 {
		babble.claims = append(babble.claims, claim(fmt.Sprintf("Nonsense %d.", i), 1))
	}
	for fallback, model := range map[string]*says{
		"late": {late: true}, "failed": {err: errors.New("down")}, "empty": {}, "babble": babble,
	} {
		t.Run(fallback, func(t *testing.T) {
			t.Parallel()
			w := ask(t, model, assistant.WriteLimits{Deadline: 50 * time.Millisecond})
			if w.Generated || w.Fallback != fallback {
				t.Errorf("fallback %q, want %q", w.Fallback, fallback)
			}
			if diff := cmp.Diff(plain.Sentences, w.Sentences); diff != "" {
				t.Errorf("not the words of the passages (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(plain.Citations, w.Citations); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(w.Dropped) > 8 {
				t.Errorf("%d dropped", len(w.Dropped))
			}
		})
	}
}

// TestWhatWasShownStays holds that a model that fails halfway leaves what it said.
func TestWhatWasShownStays(t *testing.T) {
	t.Parallel()
	w := ask(t, &says{claims: []kb.Claim{claim("We tell you by e-mail.", 1)}, late: true}, assistant.WriteLimits{Deadline: 50 * time.Millisecond})
	if !w.Generated || w.Text() != "We tell you by e-mail." {
		t.Errorf("%+v", w)
	}
}

func TestMemberLeaves(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	s := assistant.New(assistant.Config{Search: finds(found), Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: &memory{},
		Writer: &says{claims: []kb.Claim{claim("We tell you by e-mail.", 1)}, late: true}, Writing: assistant.WriteLimits{Deadline: time.Hour}})
	_, err := s.Ask(ctx, assistant.Question{Text: "How long does a refund take?", Lang: kb.English}, func(e assistant.Event) {
		if e.Sentence != nil {
			leave()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
