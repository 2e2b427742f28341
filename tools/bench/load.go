package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"

	"guichet/internal/bleveindex"
	"guichet/internal/postgres"
	"guichet/internal/publish"
	"guichet/kb"
)

// house is a guichet filled with texts, and the raw parts beside it.
type house struct {
	db      *postgres.DB
	url     string
	index   *bleveindex.Index
	folder  string // of the index
	exact   *pgx.Conn
	hnsw    *pgx.Conn // nil where there are too few passages for it
	closing []func() error
}

func (h *house) close() error {
	var errs []error
	for i := len(h.closing) - 1; i >= 0; i-- {
		errs = append(errs, h.closing[i]())
	}
	return errors.Join(errs...)
}

// database makes a database of its own, migrated and empty.
func (s setup) database(ctx context.Context, name string) (h *house, err error) {
	h = &house{folder: filepath.Join(s.folder, name)}
	u, err := url.Parse(s.server.DSN())
	if err != nil {
		return h, err
	}
	admin, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return h, err
	}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return h, err
	}
	h.closing = append(h.closing, func() error {
		_, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close(context.Background()))
	})
	u.Path = "/" + name
	h.url = u.String()
	if err := postgres.Migrate(ctx, h.url); err != nil {
		return h, err
	}
	if h.db, err = postgres.Open(ctx, postgres.Config{URL: h.url}); err != nil {
		return h, err
	}
	h.closing = append(h.closing, func() error { h.db.Close(); return nil })
	return h, nil
}

// fill makes a database of its own and puts the texts there, and into a word index.
func (s setup) fill(ctx context.Context, t *texts, name string) (h *house, err error) {
	if h, err = s.database(ctx, name); err != nil {
		return h, err
	}
	if err := h.copyTexts(ctx, t); err != nil {
		return h, err
	}
	say("%s: centring the vectors", name)
	if err := h.db.Recentre(ctx, modelID); err != nil {
		return h, err
	}
	say("%s: indexing the words", name)
	if h.index, err = bleveindex.Open(bleveindex.Config{Dir: h.folder}); err != nil {
		return h, err
	}
	h.closing = append(h.closing, func() error { return errors.Join(h.index.Close(), os.RemoveAll(h.folder)) })
	return h, h.follow(ctx, 1000)
}

// follow brings the word index up to what is live, as guichet's indexer does, some articles at a time.
func (h *house) follow(ctx context.Context, articles int) error {
	for {
		cursor, err := h.index.Cursor()
		if err != nil {
			return err
		}
		ids, upto, err := h.db.Changes(ctx, cursor, articles)
		if err != nil || upto == cursor {
			return err
		}
		passages, err := h.db.ArticlePassages(ctx, ids)
		if err != nil {
			return err
		}
		changes := make([]bleveindex.Change, len(ids))
		for i, id := range ids {
			changes[i] = bleveindex.Change{Article: id, Passages: passages[id]}
		}
		if err := h.index.Apply(ctx, changes, upto); err != nil {
			return err
		}
	}
}

// connect opens a plain connection for the raw parts.
func (h *house) connect(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(h.url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["jit"] = "off" // as guichet's own connections
	for k, v := range settings {
		config.RuntimeParams[k] = v
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	h.closing = append(h.closing, func() error { return conn.Close(context.Background()) })
	return conn, pgxvector.RegisterTypes(ctx, conn)
}

// rows of each table, in the order of its columns.
type rows struct {
	table   string
	columns []string
	rows    [][]any
}

func (r *rows) add(values ...any) { r.rows = append(r.rows, values) }

// copyTexts writes live articles by COPY, as publishing and embedding would have left them. The first
// vectors are saved as guichet does, since the means are taken only where some are attached already.
func (h *house) copyTexts(ctx context.Context, t *texts) error {
	conn, err := h.connect(ctx, map[string]string{"session_replication_role": "replica", "synchronous_commit": "off"})
	if err != nil {
		return err
	}
	groups := &rows{"article_groups", []string{"id", "collection"}, nil}
	articles := &rows{"articles", []string{"id", "group_id", "lang", "slug", "status", "latest", "live", "published_at"}, nil}
	versions := &rows{"article_versions", []string{"article_id", "number", "title", "body", "audience", "slug"}, nil}
	changes := &rows{"index_changes", []string{"article_id", "seq"}, nil}
	passages := &rows{"passages", []string{"id", "article_id", "version", "position", "group_id", "lang", "collection", "audience",
		"headings", "anchor", "text", "sentences", "hash"}, nil}
	units := &rows{"embedding_units", []string{"passage_id", "kind", "n", "side", "lang", "hash", "input"}, nil}
	vectors := &rows{"embeddings", []string{"model", "side", "hash", "embedding"}, nil}

	var first []publish.Unit
	var firstVectors [][]float32
	done := map[text]bool{}
	unit := func(p kb.Passage, kind, n int, side kb.Task, input string) {
		key := text{side, kb.HashText(input)}
		units.add(string(p.ID), kind, n, int(side), string(p.Lang), key.hash[:], input)
		switch {
		case done[key]:
		case kind < 2 && len(first) < 64:
			first = append(first, publish.Unit{Task: side, Hash: key.hash, Input: input})
			firstVectors = append(firstVectors, t.vectors[key])
		default:
			vectors.add(modelID, int(side), key.hash[:], pgvector.NewVector(t.vectors[key]))
		}
		done[key] = true
	}
	grouped := map[kb.GroupID]bool{}
	for _, ps := range t.articles {
		a := ps[0]
		if !grouped[a.Group] {
			grouped[a.Group] = true
			groups.add(string(a.Group), string(a.Collection))
		}
		slug := string(a.Article)
		articles.add(string(a.Article), string(a.Group), string(a.Lang), slug, "published", 1, 1, time.Now())
		versions.add(string(a.Article), 1, a.Title, a.Text, 0, slug)
		changes.add(string(a.Article), int64(len(changes.rows)+1))
		for _, p := range ps {
			sentences := make([][5]int, len(p.Sentences))
			for i, s := range p.Sentences {
				sentences[i] = [5]int{s.Start, s.End, s.Block, int(s.Kind), s.List}
			}
			hash := p.Hash()
			passages.add(string(p.ID), string(p.Article), 1, p.Position, string(p.Group), string(p.Lang), string(p.Collection), 0,
				append([]string{}, p.Headings...), p.Anchor, p.Text, sentences, hash[:])
			unit(p, 0, 0, kb.AsPassage, p.Input())
			if p.Position == 0 {
				unit(p, 1, 0, kb.AsQuestion, p.Title)
			}
			for i := range p.Sentences {
				unit(p, 2, i, kb.AsPassage, p.Sentence(i))
			}
		}
	}
	say("copying %d articles, %d passages, %d sentences, %d vectors", len(articles.rows), len(passages.rows),
		len(units.rows)-len(passages.rows)-len(articles.rows), len(vectors.rows)+len(first))
	for _, r := range []*rows{groups, articles, versions, passages, units, vectors, changes} {
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{r.table}, r.columns, pgx.CopyFromRows(r.rows)); err != nil {
			return fmt.Errorf("copy %s: %w", r.table, err)
		}
	}
	if _, err := conn.Exec(ctx, "UPDATE index_clock SET seq = $1", len(changes.rows)); err != nil {
		return err
	}
	// Without statistics the planner takes new tables for small ones.
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return err
	}
	return h.db.SaveEmbeddings(ctx, modelID, first, firstVectors)
}

// hnswFrom is how many passages make an approximate index worth its building.
const hnswFrom = 50_000

// rawVectors puts the same vectors into a table of nothing else, as one would without guichet.
func (h *house) rawVectors(ctx context.Context, passages int) (err error) {
	if h.exact, err = h.connect(ctx, map[string]string{"enable_indexscan": "off"}); err != nil {
		return err
	}
	for _, sql := range []string{
		fmt.Sprintf("CREATE TABLE raw (id text NOT NULL, embedding vector(%d) NOT NULL)", dimensions),
		"INSERT INTO raw SELECT passage_id, centred FROM passage_vectors ORDER BY passage_id",
		"VACUUM (ANALYZE) raw",
	} {
		if _, err := h.exact.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if passages < hnswFrom || *quick {
		return nil
	}
	say("building pgvector's approximate index")
	if h.hnsw, err = h.connect(ctx, map[string]string{"maintenance_work_mem": "1GB", "max_parallel_maintenance_workers": "2"}); err != nil {
		return err
	}
	_, err = h.hnsw.Exec(ctx, "CREATE INDEX ON raw USING hnsw (embedding vector_cosine_ops)")
	if err == nil {
		_, err = h.hnsw.Exec(ctx, "SET hnsw.iterative_scan = strict_order")
	}
	return err
}

// dropVectorIndex leaves guichet without its approximate index: its searches compare every vector then.
func (h *house) dropVectorIndex(ctx context.Context) error {
	rows, err := h.exact.Query(ctx, "SELECT format('DROP INDEX IF EXISTS %I', vector_index(model, means)) FROM vector_models")
	if err != nil {
		return err
	}
	orders, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, sql := range orders {
		if _, err := h.exact.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
