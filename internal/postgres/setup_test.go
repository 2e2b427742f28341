package postgres_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/publish"
	"guichet/kb"
)

// library is a database and what tests do with it.
type library struct {
	*postgres.DB
	t testing.TB
}

func newLibrary(t testing.TB) library { return library{pgtest.New(t), t} }

// article returns an article with all its fields; body's paragraphs become its passages.
func article(id string, lang kb.Lang, body string) kb.Article {
	return kb.Article{ID: kb.ArticleID(id), Group: kb.GroupID(id), Lang: lang, Slug: strings.ReplaceAll(id, "/", "-"),
		Collection: "orders", Title: "Title of " + id, Body: body}
}

// split makes one passage of each paragraph, under a heading of its own, one sentence a line.
func split(a kb.Article, version int) []kb.Passage {
	var ps []kb.Passage
	for i, text := range strings.Split(a.Body, "\n\n") {
		head, _, _ := strings.Cut(text, " ")
		p := kb.Passage{ID: kb.NewPassageID(a.ID, []string{head}, 0), Article: a.ID, Group: a.Group, Lang: a.Lang,
			Collection: a.Collection, Audience: a.Audience, Version: version, Slug: a.Slug, Title: a.Title,
			Headings: []string{head}, Anchor: strings.ToLower(head), Position: i, Text: text}
		at := 0
		for n, line := range strings.SplitAfter(text, "\n") {
			p.Sentences = append(p.Sentences, kb.Sentence{Start: at, End: at + len(strings.TrimSuffix(line, "\n")), Block: n, Kind: kb.Item, List: 1})
			at += len(line)
		}
		ps = append(ps, p)
	}
	return ps
}

// save stores a's next version.
func (d library) save(a kb.Article) int {
	d.t.Helper()
	n, _, err := d.SaveVersion(d.t.Context(), a, "ada")
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// publish stores and publishes a, and returns its passages.
func (d library) publish(a kb.Article) []kb.Passage {
	d.t.Helper()
	n := d.save(a)
	a, _, err := d.Version(d.t.Context(), a.ID, n)
	if err != nil {
		d.t.Fatal(err)
	}
	ps := split(a, n)
	if err := d.PublishVersion(d.t.Context(), a.ID, n, ps); err != nil {
		d.t.Fatal(err)
	}
	return ps
}

const (
	model = "test/16"
	dims  = 16
)

// leg searches the vectors of model.
func (d library) leg() *postgres.VectorLeg {
	return postgres.NewVectorLeg(d.DB, func() string { return model })
}

// embedAll gives every text its vector, and returns how many had none.
func (d library) embedAll() (n int) {
	d.t.Helper()
	for {
		units, err := d.Pending(d.t.Context(), model, "", 64)
		if err != nil {
			d.t.Fatal(err)
		}
		if len(units) == 0 {
			return n
		}
		n += len(units)
		d.embed(units...)
	}
}

// embed gives texts their vectors.
func (d library) embed(units ...publish.Unit) {
	d.t.Helper()
	vectors := make([][]float32, len(units))
	for i, u := range units {
		vectors[i] = embed(u.Task, u.Input)
	}
	if err := d.SaveEmbeddings(d.t.Context(), model, units, vectors); err != nil {
		d.t.Fatal(err)
	}
}

// recentre takes new means if it is time.
func (d library) recentre() {
	d.t.Helper()
	if err := d.Recentre(d.t.Context(), model); err != nil {
		d.t.Fatal(err)
	}
}

// centre takes means from articles that are gone again, so that a test with one or two of its own is
// searched as a help center of some size is.
func (d library) centre() {
	d.t.Helper()
	for i := range 30 {
		d.publish(article(fmt.Sprint("gone/", i), kb.Langs[i%9], fmt.Sprintf("Gone %d.", i)))
	}
	d.embedAll()
	d.recentre()
	for i := range 30 {
		if err := d.Unpublish(d.t.Context(), kb.ArticleID(fmt.Sprint("gone/", i))); err != nil {
			d.t.Fatal(err)
		}
	}
}

// embed is a unit vector that depends on task and text alone, off the origin as those of e5 are.
func embed(task kb.Task, text string) []float32 {
	h := kb.HashText(fmt.Sprint(task, text))
	r := rand.New(rand.NewChaCha8([32]byte(append(h[:], h[:]...))))
	v := make([]float64, dims)
	for i := range v {
		v[i] = r.NormFloat64() + 1
	}
	return float32s(unit(v))
}

func unit(v []float64) []float64 {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = x / math.Sqrt(sum)
	}
	return out
}

func float32s(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func float64s(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// query counts what an SQL expression says.
func (d library) query(sql string, args ...any) (n int) {
	d.t.Helper()
	if err := d.Pool().QueryRow(d.t.Context(), sql, args...).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return n
}
