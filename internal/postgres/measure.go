package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/problem"
	"guichet/kb"
)

var measureGroups = query("measure_groups", questionVector+`
	SELECT v.group_id, v.lang, coalesce(max(-(v.centred <#> q.half)) FILTER (WHERE v.kind = 0), '-Infinity'),
		coalesce(max(-(v.centred <#> q.half)) FILTER (WHERE v.kind = 1), '-Infinity')
	FROM question q
	JOIN passage_vectors v ON v.group_id = ANY(@groups) AND (v.model, v.means) = (@model, q.means) AND v.audience <= @audience
		AND (@collection = '' OR v.collection = @collection)
	GROUP BY v.group_id, v.lang`)

var _ kb.Measurer = (*VectorLeg)(nil)

// Measure implements kb.Measurer.
func (v *VectorLeg) Measure(ctx context.Context, q kb.Query, groups []kb.GroupID) (_ []kb.GroupVersion, err error) {
	defer problem.Wrap(&err, "VectorLeg.Measure(%d)", len(groups))
	return list(ctx, v.db.pool, measureGroups, args{"model": v.model(), "vector": pgvector.NewVector(q.Vector), "lang": q.Lang,
		"audience": q.Audience, "collection": q.Collection, "groups": texts(groups)}, func(row pgx.CollectableRow) (g kb.GroupVersion, err error) {
		return g, row.Scan(&g.Group, &g.Lang, &g.Text, &g.Title)
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
