package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/assistant"
	deskcases "guichet/internal/desk"
	"guichet/internal/handoff"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var (
	_ handoff.Store     = (*postgres.DB)(nil)
	_ deskcases.Store   = (*postgres.DB)(nil)
	_ assistant.Threads = (*postgres.DB)(nil)
)

// openThread stores a new conversation.
func openThread(t *testing.T, db *postgres.DB) (support.Conversation, support.Token) {
	t.Helper()
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: kb.Polish, Site: "shop",
		Owner: support.OwnerAssistant, CreatedAt: time.Now().UTC().Truncate(time.Microsecond)}
	token := support.NewToken()
	if err := db.OpenConversation(t.Context(), c, token); err != nil {
		t.Fatal(err)
	}
	return c, token
}

func message(clientID, body string) support.Entry {
	return support.Entry{Kind: support.EntryMessage, Author: support.AuthorMember, Channel: support.ChannelWeb, ClientID: clientID, Body: body}
}

func appendEntry(t *testing.T, db *postgres.DB, c support.ConversationID, e support.Entry) (out support.Entry, err error) {
	t.Helper()
	err = db.InDesk(t.Context(), func(ctx context.Context, tx deskcases.Tx) error {
		out, err = tx.Append(ctx, c, e)
		return err
	})
	return out, err
}

// TestAppendNumbers: many writers at once, some of whom fail after they took their numbers, leave no
// gap in what staff sees nor in what members see.
func TestAppendNumbers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	var writers sync.WaitGroup
	broken := errors.New("changed my mind")
	for i := range 40 {
		writers.Go(func() {
			e := message("", fmt.Sprint(i))
			if i%3 == 0 {
				e.Kind, e.Author = support.EntryNote, support.AuthorAgent
			}
			err := db.InDesk(t.Context(), func(ctx context.Context, tx deskcases.Tx) error {
				if _, err := tx.Append(ctx, c.ID, e); err != nil || i%4 != 0 {
					return err
				}
				return broken
			})
			if err != nil && !errors.Is(err, broken) {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	rows, err := db.Pool().Query(t.Context(), `SELECT seq, COALESCE(pub_seq, 0), kind FROM entries WHERE conversation_id = $1 ORDER BY seq`, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var n, public int64
	for rows.Next() {
		var seq, pub int64
		var kind string
		if err := rows.Scan(&seq, &pub, &kind); err != nil {
			t.Fatal(err)
		}
		n++
		want := int64(0)
		if kind != "note" {
			public++
			want = public
		}
		if seq != n || pub != want {
			t.Fatalf("entry %d (%s) is numbered %d, %d; want pub_seq %d", n, kind, seq, pub, want)
		}
	}
	if n != 30 {
		t.Errorf("%d entries, want 30", n)
	}
}

func TestAppendOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	first, err := appendEntry(t, db, c.ID, message("k1", "bonjour"))
	if err != nil || first.Seq != 1 || first.PubSeq != 1 || first.CreatedAt.IsZero() {
		t.Fatalf("Append: %+v, %v", first, err)
	}
	again, err := appendEntry(t, db, c.ID, message("k1", "bonjour"))
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("again: %v (-first +again):\n%s", err, diff)
	}
	if _, err := appendEntry(t, db, c.ID, message("k1", "bonsoir")); !problem.Is(err, problem.Conflict) {
		t.Errorf("another body: %v, want Conflict", err)
	}
	note := message("k1", "bonjour")
	note.Kind = support.EntryNote
	if _, err := appendEntry(t, db, c.ID, note); !problem.Is(err, problem.Conflict) {
		t.Errorf("another kind: %v, want Conflict", err)
	}
	other := message("k1", "bonjour")
	other.Author = support.AuthorAgent
	if e, err := appendEntry(t, db, c.ID, other); err != nil || e.Seq != 2 {
		t.Errorf("another author: %+v, %v; want entry 2", e, err)
	}
	for _, id := range []support.ConversationID{"", "nonsense", support.NewID[support.ConversationID]()} {
		if _, err := appendEntry(t, db, id, message("", "x")); !problem.Is(err, problem.NotFound) {
			t.Errorf("conversation %q: %v, want NotFound", id, err)
		}
	}
	// Together, one wins and the others see what it wrote.
	var writers sync.WaitGroup
	for range 10 {
		writers.Go(func() {
			if e, err := appendEntry(t, db, c.ID, message("k2", "encore")); err != nil || e.Seq != 3 {
				t.Errorf("together: %+v, %v", e, err)
			}
		})
	}
	writers.Wait()
}

func TestConversationTokens(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, token := openThread(t, db)
	other, otherToken := openThread(t, db)
	got, err := db.FindConversationByToken(t.Context(), c.ID, token)
	if diff := cmp.Diff(c, got); err != nil || diff != "" {
		t.Errorf("found: %v (-want +got):\n%s", err, diff)
	}
	for _, test := range []struct {
		name  string
		id    support.ConversationID
		token support.Token
	}{
		{"AnotherConversation", other.ID, token},
		{"AnotherToken", c.ID, otherToken},
		{"NoToken", c.ID, ""},
		{"UnknownToken", c.ID, support.NewToken()},
		{"NoID", "", token},
		{"IDInAnotherForm", "{" + c.ID + "}", token},
	} {
		if _, err := db.FindConversationByToken(t.Context(), test.id, test.token); !problem.Is(err, problem.Unauthorized) {
			t.Errorf("%s: %v, want Unauthorized", test.name, err)
		}
	}
	if err := db.RevokeToken(t.Context(), support.PurposeConversation, token, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.FindConversationByToken(t.Context(), c.ID, token); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("revoked: %v, want Unauthorized", err)
	}
}

// TestLateAnswer: an answer is kept while the assistant has the conversation, and thrown away once
// somebody else took it.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	c, _ := openThread(t, db)
	ask := func(clientID, text string) (assistant.Asked, support.Entry, error) {
		a, err := db.AppendQuestion(t.Context(), c.ID, clientID, text, time.Now(), time.Now().Add(-time.Minute))
		return a, a.Given, err
	}
	asked, given, err := ask("q1", "Gdzie jest paczka?")
	if err != nil || asked.Epoch != 0 || given.Seq != 0 {
		t.Fatalf("AppendQuestion: %+v, %v", asked, err)
	}
	if _, given, err := ask("q1", "Gdzie jest paczka?"); err != nil || given.Seq != 0 {
		t.Errorf("again, before the answer: %+v, %v", given, err)
	}
	if _, _, err := ask("q1", "Coś innego"); !problem.Is(err, problem.Conflict) {
		t.Errorf("another text: %v, want Conflict", err)
	}
	answer := assistant.Answer{ID: support.NewSecretID[support.AnswerID](), Outcome: assistant.Answered, Lang: kb.Polish,
		Sentences: []assistant.Sentence{{Text: "W drodze.", Citations: []int{1}}, {Text: "Trzy dni.", Citations: []int{1}}},
		Citations: []assistant.Citation{{N: 1, Article: assistant.ArticleRef{ID: "parcel", Lang: kb.Polish, Slug: "paczka", Title: "Paczka"},
			Passage: "p1", Heading: "Dostawa", Anchor: "dostawa", Quote: "W drodze."}}}
	e, err := answer.Entry()
	if err != nil {
		t.Fatal(err)
	}
	e.ClientID = "q1"
	first, err := db.AppendAnswer(t.Context(), c.ID, asked, e)
	if err != nil || first.Seq != 2 || first.PubSeq != 2 {
		t.Fatalf("AppendAnswer: %+v, %v", first, err)
	}
	slower := e
	slower.Body, slower.Data = "Inaczej.", []byte(`{}`)
	if got, err := db.AppendAnswer(t.Context(), c.ID, asked, slower); err != nil || got.Seq != 2 || got.Body != e.Body {
		t.Errorf("a second answer to the same question: %+v, %v; want the first", got, err)
	}
	if _, given, err := ask("q1", "Gdzie jest paczka?"); err != nil || given.Seq != 2 || given.Body != e.Body {
		t.Errorf("again, after the answer: %+v, %v", given, err)
	}
	if err := db.InHandoff(t.Context(), func(ctx context.Context, tx handoff.Tx) error {
		_, err := tx.MoveConversation(ctx, c.ID, support.OwnerQueue, support.Entry{Kind: support.EntryStatus, Author: support.AuthorSystem, Data: []byte(`{"owner":"queue"}`)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	late := e
	late.ClientID = "q0"
	if _, err := db.AppendAnswer(t.Context(), c.ID, asked, late); !problem.Is(err, problem.Conflict) {
		t.Errorf("late answer: %v, want Conflict", err)
	}
	if _, _, err := ask("q2", "Halo?"); !problem.Is(err, problem.Conflict) {
		t.Errorf("question to a queue: %v, want Conflict", err)
	}
	if _, given, err := ask("q1", "Gdzie jest paczka?"); err != nil || given.Seq != 2 {
		t.Errorf("what was answered before: %+v, %v", given, err)
	}
	got, err := db.FindEntry(t.Context(), c.ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := "W drodze. Trzy dni."; got.Kind != support.EntryAnswer || got.Author != support.AuthorAssistant || got.Body != want {
		t.Errorf("entry: %+v", got)
	}
	path := "/pl/articles/paczka?cite=p1." + kb.HashText("W drodze.").String() + "#dostawa"
	var data support.AnswerData
	decode(t, got.Data, &data)
	if diff := cmp.Diff(support.AnswerData{Answer: answer.ID, Outcome: "answered", Lang: kb.Polish,
		Sentences: []support.SaidSentence{{Text: "W drodze.", Citations: []int{1}}, {Text: "Trzy dni.", Citations: []int{1}}},
		Citations: []support.CitedRef{{N: 1, Article: "parcel", Title: "Paczka", Heading: "Dostawa", Quote: "W drodze.", Path: path}}}, data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if got, err := db.FindEntry(t.Context(), c.ID, 3); err != nil || got.Kind != support.EntryStatus {
		t.Errorf("the change of owner: %+v, %v", got, err)
	}
	if _, err := db.FindEntry(t.Context(), c.ID, 4); !problem.Is(err, problem.NotFound) {
		t.Errorf("an entry after the last: %v, want NotFound", err)
	}
}
