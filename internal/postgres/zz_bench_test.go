package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/postgres"
	"guichet/internal/publish"
	"guichet/kb"
)

func TestZZBench(t *testing.T) {
	d := newLibrary(t)
	r := rand.New(rand.NewPCG(1, 2))
	vec := func() []float32 {
		v := make([]float64, 384)
		for i := range v { v[i] = r.NormFloat64() + 1 }
		return float32s(unit(v))
	}
	start := time.Now()
	for i := range 2000 {
		body := ""
		for n := range 5 { body += fmt.Sprintf("Part%d of %d.\nAnd more of this text, which is about as long as texts are in a help center, so that rows are wide enough to mean something for a scan.\n\n", n, i) }
		a := article(fmt.Sprint("a", i), kb.Langs[i%9], body[:len(body)-2])
		a.Collection = kb.CollectionKey(fmt.Sprint("c", i%16))
		d.publish(a)
	}
	t.Log("publish 2000 articles", time.Since(start), "each", time.Since(start)/2000)
	start = time.Now()
	n := 0
	for {
		units, err := d.Pending(t.Context(), "big/384", "", 512)
		if err != nil { t.Fatal(err) }
		if len(units) == 0 { break }
		vs := make([][]float32, len(units))
		for i := range vs { vs[i] = vec() }
		if err := d.SaveEmbeddings(t.Context(), "big/384", units, vs); err != nil { t.Fatal(err) }
		n += len(units)
	}
	t.Log("embedded", n, time.Since(start))
	start = time.Now()
	if _, err := d.Pending(t.Context(), "big/384", "a7", 64); err != nil { t.Fatal(err) }
	t.Log("one Pending with nothing left", time.Since(start))
	start = time.Now()
	d.Missing(t.Context(), "big/384")
	t.Log("Missing", time.Since(start))
	start = time.Now()
	if err := d.Recentre(t.Context(), "big/384"); err != nil { t.Fatal(err) }
	t.Log("Recentre", time.Since(start))
	leg := postgres.NewVectorLeg(d.DB, func() string { return "big/384" })
	bench := func(name string, f func()) {
		var took []time.Duration
		for range 200 { s := time.Now(); f(); took = append(took, time.Since(s)) }
		slices.Sort(took)
		t.Log(name, "p50", took[100], "p95", took[190])
	}
	var hits []kb.Hit
	time.Sleep(3*time.Second)
	explain := func() {
	rows, err := d.Pool().Query(t.Context(), "EXPLAIN (ANALYZE) "+postgres.Statements()["nearest_passages"][len("-- nearest_passages"):], pgx.NamedArgs{"model": "big/384", "vector": pgvector.NewVector(vec()), "lang": "fr", "audience": 0, "collection": "", "limit": 50})
	if err != nil { t.Fatal(err) }
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil { t.Fatal(err) }
	t.Log(strings.Join(lines, "\n"))
	}
	explain()
	bench("Retrieve", func() {
		var err error
		hits, err = leg.Retrieve(t.Context(), kb.Query{Vector: vec(), Lang: kb.French})
		if err != nil || len(hits) != 50 { t.Fatal(err, len(hits)) }
	})
	bench("Retrieve collection", func() {
		if _, err := leg.Retrieve(t.Context(), kb.Query{Vector: vec(), Lang: kb.French, Collection: "c3"}); err != nil { t.Fatal(err) }
	})
	raw := vec()
	_ = raw
	bench("raw scan", func() {
		if _, err := d.Pool().Exec(t.Context(), "SELECT passage_id FROM passage_vectors ORDER BY centred <#> (SELECT centred FROM passage_vectors LIMIT 1) LIMIT 50"); err != nil { t.Fatal(err) }
	})
	var ps []kb.PassageID
	for _, h := range hits { ps = append(ps, h.Passage) }
	bench("Passages(50)", func() { if _, err := d.Passages(t.Context(), ps, kb.Public); err != nil { t.Fatal(err) } })
	bench("SentenceScores(12)", func() { if _, err := leg.SentenceScores(t.Context(), kb.Query{Vector: vec(), Lang: kb.French}, ps[:12]); err != nil { t.Fatal(err) } })
	bench("Shelves", func() { if _, err := d.Shelves(t.Context(), kb.French, kb.Public); err != nil { t.Fatal(err) } })
	bench("Popular", func() { if _, err := d.Popular(t.Context(), kb.French, kb.Public, 6); err != nil { t.Fatal(err) } })
	bench("Page", func() { if _, err := d.Page(t.Context(), kb.English, "a0", kb.Public); err != nil { t.Fatal(err) } })
	i := 0
	bench("Publish edit", func() { i++; a := article("a0", kb.English, fmt.Sprint("Edit ", i, "\n\nPart1 of 0.")); d.publish(a) })
	start = time.Now()
	var all sync.WaitGroup
	for range 200 { all.Go(func() { if _, err := leg.Retrieve(t.Context(), kb.Query{Vector: raw, Lang: kb.French}); err != nil { t.Log(err) } }) }
	all.Wait()
	t.Log("200 at once", time.Since(start))
	rows, err := d.Pool().Query(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF) "+postgres.Statements()["nearest_passages"][len("-- nearest_passages"):], pgx.NamedArgs{"model": "big/384", "vector": pgvector.NewVector(raw), "lang": "fr", "audience": 0, "collection": "", "limit": 50})
	if err != nil { t.Fatal(err) }
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil { t.Fatal(err) }
	t.Log(strings.Join(lines, "\n"))
	_ = publish.Unit{}
}
