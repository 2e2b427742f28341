package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/internal/assistant"
	"guichet/internal/handoff"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// nothing is a search that finds nothing. Where gate is set, each search takes a pass from it, and a
// search that does not get one says so in waiting.
type nothing struct {
	gate    chan struct{}
	waiting chan string
}

func (n nothing) Search(ctx context.Context, q kb.Query) (kb.Results, error) {
	if n.gate == nil {
		return kb.Results{}, nil
	}
	n.waiting <- q.Text
	select {
	case <-n.gate:
		return kb.Results{}, nil
	case <-ctx.Done():
		return kb.Results{}, ctx.Err()
	}
}

// node is one of the processes that answer from a database.
func node(db *postgres.DB, search assistant.Searcher, settle func(context.Context, time.Duration) error) *assistant.Service {
	c := assistant.Config{Search: search, Extractor: kb.NewExtractor(kb.ExtractorConfig{}), Store: db, Threads: db, Ratings: db,
		Wait: func(ctx context.Context, d time.Duration) error {
			if settle != nil && d == time.Second {
				return settle(ctx, d)
			}
			select {
			case <-time.After(time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
	if settle != nil {
		c.Settle = time.Second
	}
	return assistant.New(c)
}

// said is the thread as "question…" and "answer to …".
func said(t *testing.T, db *postgres.DB, id support.ConversationID) (out []string) {
	t.Helper()
	entries, err := db.MemberEntries(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch e.Kind {
		case support.EntryMessage:
			out = append(out, e.ClientID)
			continue
		case support.EntryStatus:
			continue
		}
		var d support.AnswerData
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint("to ", append(d.Joined, e.ClientID)))
	}
	return out
}

type replied struct {
	a   assistant.Answer
	err error
}

// ask asks without waiting.
func ask(ctx context.Context, s *assistant.Service, id support.ConversationID, clientID, text string, emit func(assistant.Event)) chan replied {
	c := make(chan replied, 1)
	go func() {
		a, err := s.AskIn(ctx, id, clientID, assistant.Question{Text: text, Lang: kb.French}, emit)
		c <- replied{a, err}
	}()
	return c
}

// TestQuickMessagesAreAnsweredOnce: what comes while a message waits for its answer is answered with it,
// here or in another process; each gets the one answer, also when it is sent again.
func TestQuickMessagesAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, other := range map[string]bool{"OneProcess": false, "Two": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := openThread(t, db)
			gate := nothing{make(chan struct{}, 3), make(chan string, 3)}
			one := node(db, gate, nil)
			two, gate2 := one, gate
			if other {
				gate2 = nothing{make(chan struct{}, 3), make(chan string, 3)}
				two = node(db, gate2, nil)
			}
			joined := make(chan string, 9)
			heard := func(e assistant.Event) {
				if e.Joined != "" {
					joined <- e.Joined
				}
			}
			first := ask(t.Context(), one, c.ID, "q1", "Mon colis", heard)
			if got := <-gate.waiting; got != "Mon colis" {
				t.Fatalf("searched %q", got)
			}
			second := ask(t.Context(), two, c.ID, "q2", "n’est pas arrivé hier", nil)
			if got := <-gate2.waiting; got != "Mon colis n’est pas arrivé hier" {
				t.Errorf("searched %q", got)
			}
			if other { // the first one searches on, and finds that it is late
				gate.gate <- struct{}{}
			}
			if got := <-joined; got != "q2" {
				t.Errorf("the first is told of %q", got)
			}
			gate2.gate <- struct{}{}
			a, b := <-first, <-second
			if a.err != nil || b.err != nil || a.a.ID != b.a.ID || b.a.Question != "Mon colis n’est pas arrivé hier" {
				t.Fatalf("%+v\n%+v", a, b)
			}
			want := []string{"q1", "q2", "to [q1 q2]"}
			if got := said(t, db, c.ID); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			for _, again := range []string{"q1", "q2"} {
				text := map[string]string{"q1": "Mon colis", "q2": "n’est pas arrivé hier"}[again]
				if r := <-ask(t.Context(), two, c.ID, again, text, nil); r.err != nil || r.a.ID != a.a.ID {
					t.Errorf("%s again: %v, %v", again, r.a.ID, r.err)
				}
			}
			if _, err := one.AskIn(t.Context(), c.ID, "q1", assistant.Question{Text: "Autre chose", Lang: kb.French}, nil); !problem.Is(err, problem.Conflict) {
				t.Errorf("another text: %v, want Conflict", err)
			}
		})
	}
}

// TestGreetingWaitsForWhatFollows: a greeting and a few words wait a moment for the next message; a whole
// question does not.
func TestGreetingWaitsForWhatFollows(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	settling, enough := make(chan struct{}, 9), make(chan struct{})
	s := node(db, nothing{}, func(ctx context.Context, _ time.Duration) error {
		settling <- struct{}{}
		select {
		case <-enough:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	first := ask(t.Context(), s, c.ID, "q1", "Bonjour", nil)
	<-settling
	second := ask(t.Context(), s, c.ID, "q2", "mon colis", nil)
	<-settling
	third := ask(t.Context(), s, c.ID, "q3", "n’est pas arrivé", nil)
	<-settling
	close(enough)
	a, b, d := <-first, <-second, <-third
	if a.err != nil || b.err != nil || d.err != nil || a.a.ID != d.a.ID || b.a.ID != d.a.ID {
		t.Fatalf("%+v\n%+v\n%+v", a, b, d)
	}
	if d.a.Question != "mon colis n’est pas arrivé" || d.a.Courtesy != "" {
		t.Errorf("asked %q, %s", d.a.Question, d.a.Courtesy)
	}
	for _, whole := range []string{"Où est mon colis ?", "Je n’ai pas reçu le colis que j’ai commandé", "merci", "je veux parler à quelqu’un"} {
		if r := <-ask(t.Context(), s, c.ID, whole, whole, nil); r.err != nil || len(settling) > 0 {
			t.Errorf("%s: %v, waits %d", whole, r.err, len(settling))
		}
	}
	if got := said(t, db, c.ID)[:5]; !slices.Equal(got, []string{"q1", "q2", "q3", "to [q1 q2 q3]", "Où est mon colis ?"}) {
		t.Errorf("%v", got)
	}
}

// TestLeftQuestions: a message that its sender no longer waits for is not answered with a later one,
// unless it is sent again; one whose process died is.
func TestLeftQuestions(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	gate := nothing{make(chan struct{}, 3), make(chan string, 3)}
	s, free := node(db, gate, nil), node(db, nothing{}, nil)

	c, _ := openThread(t, db)
	ctx, leave := context.WithCancel(t.Context())
	stopped := ask(ctx, s, c.ID, "q1", "Comment annuler ?", nil)
	<-gate.waiting
	leave()
	if r := <-stopped; r.err == nil {
		t.Fatal("a question that was left is answered")
	}
	if r := <-ask(t.Context(), free, c.ID, "q2", "Comment retourner ?", nil); r.err != nil || r.a.Question != "Comment retourner ?" {
		t.Errorf("%+v", r)
	}
	if r := <-ask(t.Context(), free, c.ID, "q1", "Comment annuler ?", nil); r.err != nil || r.a.Question != "Comment annuler ?" {
		t.Errorf("sent again: %+v", r)
	}
	if got, want := said(t, db, c.ID), []string{"q1", "q2", "to [q2]", "to [q1]"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	// Left and sent again before the next: together.
	c, _ = openThread(t, db)
	ctx, leave = context.WithCancel(t.Context())
	stopped = ask(ctx, s, c.ID, "q1", "Comment annuler ?", nil)
	<-gate.waiting
	leave()
	<-stopped
	again := ask(t.Context(), s, c.ID, "q1", "Comment annuler ?", nil)
	<-gate.waiting
	next := ask(t.Context(), s, c.ID, "q2", "Et retourner ?", nil)
	<-gate.waiting
	gate.gate <- struct{}{}
	if a, b := <-again, <-next; a.err != nil || b.err != nil || a.a.ID != b.a.ID {
		t.Errorf("%+v\n%+v", a, b)
	}

	// A process that died says nothing: its message is taken along by the next, within its time.
	for name, tc := range map[string]struct {
		age  time.Duration
		want []string
	}{"JustNow": {time.Second, []string{"q1", "q2", "to [q1 q2]"}}, "LongAgo": {time.Minute, []string{"q1", "q2", "to [q2]"}}} {
		c, _ := openThread(t, db)
		then := time.Now().Add(-tc.age)
		if _, err := db.AppendQuestion(t.Context(), c.ID, "q1", "Comment annuler ?", then, then); err != nil {
			t.Fatal(err)
		}
		if r := <-ask(t.Context(), free, c.ID, "q2", "Mon achat", nil); r.err != nil {
			t.Error(r.err)
		}
		if got := said(t, db, c.ID); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}

	// Whoever waits for a later message takes over where its sender leaves.
	c, _ = openThread(t, db)
	told := make(chan string, 1)
	waits := ask(t.Context(), s, c.ID, "q1", "Comment annuler ?", func(e assistant.Event) {
		if e.Joined != "" {
			told <- e.Joined
		}
	})
	<-gate.waiting
	ctx, leave = context.WithCancel(t.Context())
	leaves := ask(ctx, s, c.ID, "q2", "Et retourner ?", nil)
	<-gate.waiting
	<-told
	leave()
	<-leaves
	if got := <-gate.waiting; got != "Comment annuler ?" {
		t.Errorf("searched %q", got)
	}
	gate.gate <- struct{}{}
	if r := <-waits; r.err != nil || r.a.Question != "Comment annuler ?" {
		t.Errorf("%+v", r)
	}
}

// TestManyMessagesAtOnce: whatever many senders send at once over two processes, each message has exactly
// one answer, its sender gets that one, and none is lost.
func TestManyMessagesAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	nodes := []*assistant.Service{node(db, nothing{}, nil), node(db, nothing{}, nil)}
	const messages = 30
	var all sync.WaitGroup
	got := make([]replied, 2*messages)
	for i := range got {
		all.Go(func() { // each is sent twice
			n := i / 2
			got[i] = <-ask(t.Context(), nodes[(i/3)%2], c.ID, fmt.Sprint("q", n), fmt.Sprintf("Question %d ?", n), nil)
		})
	}
	all.Wait()
	entries, err := db.MemberEntries(t.Context(), c.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]support.AnswerID{}
	for _, e := range entries {
		if e.Kind != support.EntryAnswer {
			continue
		}
		var d support.AnswerData
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		for _, id := range append(d.Joined, e.ClientID) {
			if answers[id] != "" {
				t.Errorf("%s has two answers", id)
			}
			answers[id] = d.Answer
		}
	}
	for i, r := range got {
		if id := fmt.Sprint("q", i/2); r.err != nil || r.a.ID == "" || r.a.ID != answers[id] {
			t.Errorf("%s got %s, %v; the thread says %s", id, r.a.ID, r.err, answers[id])
		}
	}
	if len(answers) != messages {
		t.Errorf("%d messages are answered, want %d", len(answers), messages)
	}
}

// TestTakenWhileJoined: once a person has the conversation, nobody waits for the assistant.
func TestTakenWhileJoined(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	gate := nothing{make(chan struct{}, 3), make(chan string, 3)}
	s := node(db, gate, nil)
	first := ask(t.Context(), s, c.ID, "q1", "Comment annuler ?", nil)
	<-gate.waiting
	second := ask(t.Context(), s, c.ID, "q2", "Et retourner ?", nil)
	<-gate.waiting
	if err := db.InHandoff(t.Context(), func(ctx context.Context, tx handoff.Tx) error {
		_, err := tx.MoveConversation(ctx, c.ID, support.OwnerQueue, support.Entry{Kind: support.EntryStatus, Author: support.AuthorSystem, Data: []byte(`{"owner":"queue"}`)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	gate.gate <- struct{}{}
	for _, r := range []replied{<-first, <-second} {
		if !problem.Is(r.err, problem.Conflict) {
			t.Errorf("%+v, want Conflict", r)
		}
	}
	if got := said(t, db, c.ID); !slices.Equal(got, []string{"q1", "q2"}) {
		t.Errorf("%v", got)
	}
}
