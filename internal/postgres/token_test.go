package postgres_test

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/support"
)

func decode(t *testing.T, raw []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	now := time.Now()
	save := func(p support.Purpose, expires time.Time) support.Token {
		token := support.NewToken()
		if err := db.SaveToken(t.Context(), p, token, "subject", "detail", expires); err != nil {
			t.Fatal(err)
		}
		return token
	}
	live := save(support.PurposeSignIn, now.Add(time.Hour))
	expired := save(support.PurposeSignIn, now)
	revoked := save(support.PurposeSignIn, now.Add(time.Hour))
	if err := db.RevokeToken(t.Context(), support.PurposeSignIn, revoked, now); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		purpose support.Purpose
		token   support.Token
		want    problem.Kind
	}{
		{"OtherPurpose", support.PurposeSession, live, problem.NotFound},
		{"Live", support.PurposeSignIn, live, ""},
		{"Used", support.PurposeSignIn, live, problem.Gone},
		{"Expired", support.PurposeSignIn, expired, problem.Gone},
		{"Revoked", support.PurposeSignIn, revoked, problem.Gone},
		{"Unknown", support.PurposeSignIn, support.NewToken(), problem.NotFound},
		{"Empty", support.PurposeSignIn, "", problem.NotFound},
	} {
		subject, detail, err := db.SpendToken(t.Context(), test.purpose, test.token, now)
		if problem.KindOf(err) != test.want || test.want == "" && (subject != "subject" || detail != "detail") {
			t.Errorf("%s: %q, %q, %v; want kind %q", test.name, subject, detail, err, test.want)
		}
	}

	once := save(support.PurposeSignIn, now.Add(time.Hour))
	var wins atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, _, err := db.SpendToken(t.Context(), support.PurposeSignIn, once, now)
			if err == nil {
				wins.Add(1)
			} else if !problem.Is(err, problem.Gone) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 {
		t.Errorf("a token was spent %d times", wins.Load())
	}

	link := save(support.PurposeTicketLink, now.Add(time.Hour))
	for _, test := range []struct {
		name  string
		token support.Token
		at    time.Time
		want  problem.Kind
	}{
		{"Link", link, now, ""},
		{"LinkAgain", link, now, ""},
		{"LinkLater", link, now.Add(time.Hour), problem.Gone},
		{"NoLink", expired, now, problem.NotFound},
	} {
		id, err := db.FindLinkedTicket(t.Context(), test.token, test.at)
		if problem.KindOf(err) != test.want || test.want == "" && id != "subject" {
			t.Errorf("%s: %q, %v; want kind %q", test.name, id, err, test.want)
		}
	}
}

func TestLocalMailbox(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, m := range []support.LocalMail{
		{MessageID: "a@x", Recipient: "r@x.fr", Subject: "un", Raw: []byte("\xff\x00raw")},
		{MessageID: "b@x", Recipient: "r@x.fr", Subject: "deux", Raw: []byte("2")},
		{MessageID: "a@x", Recipient: "r@x.fr", Subject: "un", Raw: []byte("again")},
	} {
		if err := db.KeepMail(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Mailbox(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].CreatedAt = time.Time{}
	}
	want := []support.LocalMail{{MessageID: "b@x", Recipient: "r@x.fr", Subject: "deux", Raw: []byte("2")},
		{MessageID: "a@x", Recipient: "r@x.fr", Subject: "un", Raw: []byte("\xff\x00raw")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mailbox (-want +got):\n%s", diff)
	}
	if got, err := db.Mailbox(t.Context(), 1); err != nil || len(got) != 1 {
		t.Errorf("limited: %d mails, %v", len(got), err)
	}
}
