package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/publish"
	"guichet/kb"
)

// clustered is a vector as those of e5 lie: off the origin, near those of its subject.
func clustered(task kb.Task, text string) []float32 {
	const dims = 96
	random := func(seed string) *rand.Rand {
		h := kb.HashText(seed)
		return rand.New(rand.NewChaCha8([32]byte(append(h[:], h[:]...))))
	}
	subject := text[strings.IndexByte(text, '#'):]
	subject, _, _ = strings.Cut(subject, " ")
	own, shared := random(fmt.Sprint(task, text)), random(subject)
	v := make([]float64, dims)
	for i := range v {
		v[i] = 1 + shared.NormFloat64() + 0.8*own.NormFloat64()
	}
	return float32s(unit(v))
}

const quoted = `it's a \ "model"/96` // no name is too odd for a statement

// crowd publishes 64 articles of 50 passages, a twentieth of them in a small collection, and takes
// the first means.
func (d library) crowd() {
	d.t.Helper()
	for i := range 64 {
		var body strings.Builder
		for n := range 50 {
			fmt.Fprintf(&body, "P%d #%d says %d.\n\n", n, (i*7+n)%40, n)
		}
		a := article(fmt.Sprint("a", i), kb.Langs[i%9], strings.TrimSpace(body.String()))
		a.Title = fmt.Sprintf("Title #%d of %d", i%40, i)
		if i%20 == 7 {
			a.Collection = "few's"
		}
		if i%4 == 3 {
			a.Audience = kb.Staff
		}
		d.publish(a)
	}
	for {
		units, err := d.Pending(d.t.Context(), quoted, "", 1000)
		if err != nil {
			d.t.Fatal(err)
		}
		if len(units) == 0 {
			break
		}
		d.embedClustered(units...)
	}
	if err := d.Recentre(d.t.Context(), quoted); err != nil {
		d.t.Fatal(err)
	}
}

func (d library) embedClustered(units ...publish.Unit) {
	d.t.Helper()
	vectors := make([][]float32, len(units))
	for i, u := range units {
		vectors[i] = clustered(u.Task, u.Input)
	}
	if err := d.SaveEmbeddings(d.t.Context(), quoted, units, vectors); err != nil {
		d.t.Fatal(err)
	}
}

// indexes counts the approximate indexes, and those among them that may be read.
func (d library) indexes() (all, valid int) {
	const named = ` FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'hnsw'`
	return d.query("SELECT count(*)" + named), d.query("SELECT count(*)" + named + " AND i.indisvalid")
}

// scans counts how often an approximate index was read.
func (d library) scans() int {
	d.query("SELECT count(*) FROM pg_stat_force_next_flush()")
	return d.query(`SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'passage\_vectors\_%\__'`)
}

// single opens a database by one connection, which tells what it read as soon as it is asked.
func single(t *testing.T) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.URL(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// TestIndexAgainstExact asks the same before there is an index and with it.
func TestIndexAgainstExact(t *testing.T) {
	t.Parallel()
	d := library{single(t), t}
	d.crowd()
	leg := postgres.NewVectorLeg(d.DB, func() string { return quoted })
	if all, _ := d.indexes(); all != 0 {
		t.Fatalf("%d indexes on a small library", all)
	}
	type asked struct {
		q    kb.Query
		hits []kb.Hit
	}
	var exact []asked
	for i := range 150 {
		q := kb.Query{Vector: clustered(kb.AsQuestion, fmt.Sprintf("Question #%d number %d", i%40, i)), Lang: kb.Langs[i%9],
			Limit: 200, Audience: kb.Audience(i % 3)}
		if i%10 == 9 {
			q.Collection = []kb.CollectionKey{"few's", "orders", "nothing"}[i/10%3]
		}
		hits, err := leg.Retrieve(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		exact = append(exact, asked{q, hits})
	}
	if n := d.scans(); n != 0 {
		t.Errorf("a small library was searched by an index %d times", n)
	}

	d.IndexFrom(3000)
	if err := d.Recentre(t.Context(), quoted); err != nil { // the means stay, the index comes
		t.Fatal(err)
	}
	if all, valid := d.indexes(); all != 1 || valid != 1 {
		t.Fatalf("%d indexes, %d of them valid; want one", all, valid)
	}
	var first, all share
	plain := 0
	for _, a := range exact {
		got, err := leg.Retrieve(t.Context(), a.q)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(a.hits) {
			t.Errorf("%q finds %d passages, exactly %d", a.q.Collection, len(got), len(a.hits))
		}
		if a.q.Collection == "" {
			plain++
		}
		first.compare(a.hits[:min(10, len(a.hits))], got)
		all.compare(a.hits, got)
	}
	t.Logf("of the best ten %.4f, of all %.4f", first.of(), all.of())
	if first.of() < 0.98 || all.of() < 0.95 {
		t.Errorf("found %.4f of the best ten and %.4f of all, want 0.98 and 0.95", first.of(), all.of())
	}
	if n := d.scans(); n < plain {
		t.Errorf("%d of %d searches went by the index", n, plain)
	}
}

// share is how much of one list another one has.
type share struct{ found, wanted int }

func (s *share) compare(want, got []kb.Hit) {
	for _, w := range want {
		s.wanted++
		if i := slices.IndexFunc(got, func(h kb.Hit) bool { return h.Passage == w.Passage }); i >= 0 && gocmp.Equal(w, got[i], nearly) {
			s.found++
		}
	}
}

func (s *share) of() float64 { return float64(s.found) / float64(max(s.wanted, 1)) }

// TestIndexFollows publishes into an index, and takes new means, whose index replaces the old one.
func TestIndexFollows(t *testing.T) {
	t.Parallel()
	d := library{single(t), t}
	d.IndexFrom(3000)
	d.crowd()
	leg := postgres.NewVectorLeg(d.DB, func() string { return quoted })
	find := func(when string, p kb.Passage, want bool) {
		t.Helper()
		hits, err := leg.Retrieve(t.Context(), kb.Query{Vector: clustered(kb.AsPassage, p.Input()), Lang: p.Lang, Limit: 200})
		found := slices.ContainsFunc(hits, func(h kb.Hit) bool { return h.Passage == p.ID })
		if err != nil || found != want {
			t.Errorf("%s: found %v among %d, %v; want %v", when, found, len(hits), err, want)
		}
	}
	a := article("new", kb.English, "New #99 thing.")
	a.Title = "Title #99 new"
	p := d.publish(a)[0]
	units, err := d.Pending(t.Context(), quoted, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	find("before its vector is there", p, false)
	d.embedClustered(units...)
	find("published", p, true)
	// One whose making was cut short.
	if _, err := d.Pool().Exec(t.Context(), `DO $$ BEGIN EXECUTE format('CREATE INDEX %I ON passage_vectors (hash)', vector_index('`+
		strings.ReplaceAll(quoted, "'", "''")+`', 2)); END $$`); err != nil {
		t.Fatal(err)
	}
	scans := d.scans()
	if err := d.Recentre(t.Context(), quoted); err != nil {
		t.Fatal(err)
	}
	if n := d.query("SELECT means FROM vector_models"); n != 2 {
		t.Fatalf("version %d of the means, want 2", n)
	}
	if all, valid := d.indexes(); all != 1 || valid != 1 {
		t.Errorf("%d indexes, %d of them valid; want the new one alone", all, valid)
	}
	find("under new means", p, true)
	if d.scans() == scans {
		t.Error("the new index is not read")
	}
	if err := d.Unpublish(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	find("unpublished", p, false)
}
