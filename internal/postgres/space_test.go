package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/internal/desk"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/support"
)

// manyTickets makes so many tickets of a thousand members, half of them in their name, half under an
// address that they have proven; each has a thread of four entries. The first member has a twentieth of
// all. It returns that member and an ordinary one.
func manyTickets(t testing.TB, db *postgres.DB, n int) (busy, usual support.Mine) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO members (id, email, email_verified) SELECT gen_random_uuid(), 'm' || i || '@example.org', true FROM generate_series(0, 999) i`,
		`INSERT INTO conversations (id, lang, seq, pub_seq, created_at) SELECT gen_random_uuid(), 'fr', 4, 4, now() - i * interval '1 minute' FROM generate_series(1, $1::int) i`,
		`INSERT INTO entries (conversation_id, seq, pub_seq, kind, author, body)
			SELECT c.id, s, s, 'message', CASE s % 2 WHEN 0 THEN 'agent' ELSE 'member' END, 'Un message assez ordinaire, le ' || s || 'e, sur un colis qui n’est pas arrivé.'
			FROM conversations c, generate_series(1, 4) s`,
		`WITH c AS (SELECT id, created_at, row_number() OVER (ORDER BY created_at) AS i FROM conversations),
			m AS (SELECT id, email, row_number() OVER (ORDER BY email) - 1 AS i FROM members)
			INSERT INTO tickets (id, ref, conversation_id, client_id, status, category, lang, subject, email, email_proven_at, member_id, created_at, updated_at)
			SELECT gen_random_uuid(), 'G-' || translate(upper(lpad(to_hex(c.i), 5, '0')), 'ILOU', '0000'), c.id, 'c' || c.i,
				(ARRAY['new','open','waiting_member','solved','closed'])[1 + c.i % 5], 'order', 'fr', 'Demande ' || c.i,
				m.email, CASE WHEN c.i % 2 = 0 THEN now() END, CASE WHEN c.i % 2 = 1 THEN m.id END, c.created_at, c.created_at
			FROM c JOIN m ON m.i = CASE WHEN c.i % 20 = 0 OR c.i % 20 = 1 AND c.i % 40 = 1 THEN 0 ELSE c.i % 1000 END`,
		`ANALYZE`,
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = append(args, n)
		}
		if _, err := db.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%.60s: %v", sql, err)
		}
	}
	for email, m := range map[string]*support.Mine{"m0@example.org": &busy, "m77@example.org": &usual} {
		m.Email = email
		if err := db.Pool().QueryRow(t.Context(), `SELECT id FROM members WHERE email = $1`, email).Scan(&m.Member); err != nil {
			t.Fatal(err)
		}
	}
	return busy, usual
}

// BenchmarkOwnTickets is a member's list with 100,000 tickets in the database; p95-ms is what 95 of a
// hundred lists take at most.
func BenchmarkOwnTickets(b *testing.B) {
	db := pgtest.New(b)
	busy, usual := manyTickets(b, db, 100_000)
	for _, who := range []struct {
		name string
		m    support.Mine
	}{{"usual", usual}, {"busy", busy}} {
		for _, what := range []struct {
			name string
			q    desk.SpaceQuery
		}{
			{"first", desk.SpaceQuery{Limit: 21}},
			{"filtered", desk.SpaceQuery{Limit: 21, Statuses: []support.Status{support.StatusSolved}}},
			{"later", desk.SpaceQuery{Limit: 21, After: desk.Place{At: time.Now().Add(-48 * time.Hour), ID: support.NewID[support.TicketID]()}}},
			{"search", desk.SpaceQuery{Limit: 21, Query: "3e, sur un colis"}},
			{"search in vain", desk.SpaceQuery{Limit: 21, Query: "rien de tel"}},
		} {
			b.Run(who.name+"/"+what.name, func(b *testing.B) {
				timed(b, func() error { _, err := db.OwnTickets(b.Context(), who.m, what.q); return err })
			})
		}
		b.Run(who.name+"/unread", func(b *testing.B) {
			timed(b, func() error { _, err := db.CountUnread(b.Context(), who.m); return err })
		})
	}
}

func timed(b *testing.B, do func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// TestOwnTicketsUseTheirIndexes: a page of the list reads as many tickets as it shows, however many a
// member has, and a search those of the member alone.
func TestOwnTicketsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	busy, _ := manyTickets(t, db, 5_000)
	for _, q := range []desk.SpaceQuery{{Limit: 21}, {Limit: 21, Query: "rien de tel"}} {
		plan, err := db.ExplainOwnTickets(t.Context(), busy, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"tickets_by_member", "tickets_by_address"} {
			if !strings.Contains(plan, want) {
				t.Errorf("%q: the plan does not use %s:\n%s", q.Query, want, plan)
			}
		}
		for _, not := range []string{"Seq Scan on tickets", "Seq Scan on entries"} {
			if strings.Contains(plan, not) {
				t.Errorf("%q: the plan has a %s:\n%s", q.Query, not, plan)
			}
		}
	}
}

// TestCountsEnd: a view is counted up to desk.MaxCount, and no further.
func TestCountsEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	manyTickets(t, db, desk.MaxCount+100)
	counts, err := db.CountTickets(t.Context(), "", nil)
	if err != nil || counts["all"] != desk.MaxCount || counts["solved"] != (desk.MaxCount+100)/5 || counts["mine"] != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	if counts, err = db.CountTickets(t.Context(), "", []support.TeamID{"other"}); err != nil || counts["all"] != 0 {
		t.Errorf("of a team that has none: %v, %v", counts, err)
	}
}
