package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/problem"
	"guichet/kb"
)

var measureGroups = query("measure_groups", questionVector+`
	SELECT p.id, p.article_id, p.group_id, p.lang, own.centred IS NOT NULL,
		coalesce(-(own.centred <#> q.half), 0), coalesce(-(title.centred <#> q.half), 0),
		coalesce(own.length * -(own.centred <#> q.raw) - (m.mean <#> @vector), 0)
	FROM passages p
	LEFT JOIN question q ON true
	LEFT JOIN passage_vectors own ON (own.model, own.means, own.passage_id, own.kind) = (@model, q.means, p.id, 0)
	LEFT JOIN passage_vectors title ON title.article_id = p.article_id AND (title.model, title.means, title.kind) = (@model, q.means, 1)
	LEFT JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (@model, q.means, 1, p.lang)
	WHERE p.group_id = ANY(@groups) AND p.audience <= @audience AND (@collection = '' OR p.collection = @collection)`)

var _ kb.Measurer = (*VectorLeg)(nil)

// Measure implements kb.Measurer.
func (v *VectorLeg) Measure(ctx context.Context, q kb.Query, groups []kb.GroupID) (_ []kb.Hit, err error) {
	defer problem.Wrap(&err, "VectorLeg.Measure(%d)", len(groups))
	return list(ctx, v.db.pool, measureGroups, args{"model": v.model(), "vector": pgvector.NewVector(q.Vector), "lang": q.Lang,
		"audience": q.Audience, "collection": q.Collection, "groups": texts(groups)}, func(row pgx.CollectableRow) (h kb.Hit, err error) {
		err = row.Scan(&h.Passage, &h.Article, &h.Group, &h.Lang, &h.Signals.Meaning, &h.Signals.Centred, &h.Signals.Title, &h.Signals.Cosine)
		h.Score = max(h.Signals.Centred, h.Signals.Title)
		return h, err
	})
}

var coverage = query("coverage", `
	SELECT coalesce((SELECT count(*) FROM passage_vectors v JOIN vector_models m ON (m.model, m.means) = (v.model, v.means)
		WHERE m.model = @model AND v.kind = 0)::float8 / nullif((SELECT count(*) FROM passages), 0), 0)`)

// Coverage is the share of live passages, 0–1, that have a vector of model.
func (db *DB) Coverage(ctx context.Context, model string) (share float64, err error) {
	defer problem.Wrap(&err, "Coverage(%s)", model)
	seq, err := db.IndexSeq(ctx)
	if err != nil {
		return 0, err
	}
	if s, ok := db.covered.Load(model); ok && s == seq {
		return 1, nil
	}
	if share, err = one(ctx, db.pool, coverage, args{"model": model}, value[float64]); err == nil && share == 1 {
		db.covered.Store(model, seq) // until the next change that stays so
	}
	return share, err
}
