package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

// attachUnits gives live passages and titles whose text has a vector their row for the vector search,
// centred by one version of the means (as it is before the first). What narrows it is appended.
const attachUnits = `
	INSERT INTO passage_vectors (model, means, passage_id, kind, article_id, group_id, lang, collection, audience, hash, fresh,
		length, centred)
	SELECT e.model, vm.version, p.id, u.kind, p.article_id, p.group_id, p.lang, p.collection, p.audience, u.hash, @fresh,
		vector_norm(coalesce(e.embedding - m.mean, e.embedding)),
		l2_normalize(coalesce(e.embedding - m.mean, e.embedding))::halfvec
	FROM (SELECT model, coalesce(nullif(@version::int, 0), means) AS version FROM vector_models) vm
	JOIN embeddings e ON e.model = vm.model
	JOIN embedding_units u ON u.side = e.side AND u.hash = e.hash AND u.kind < 2
	JOIN passages p ON p.id = u.passage_id
	LEFT JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (vm.model, vm.version, u.side, u.lang)
	WHERE `

// detachUnits drops the rows that no longer say what is live.
const detachUnits = `
	DELETE FROM passage_vectors v
	WHERE NOT EXISTS (
		SELECT FROM embedding_units u JOIN passages p ON p.id = u.passage_id
		WHERE (u.passage_id, u.kind, u.hash, p.group_id, p.collection, p.audience) =
			(v.passage_id, v.kind, v.hash, v.group_id, v.collection, v.audience))
		AND `

var (
	// Of the article's texts, with every model's vectors.
	attachOfArticle = query("attach_of_article", attachUnits+`p.article_id = @article ON CONFLICT DO NOTHING`)
	detachOfArticle = query("detach_of_article", detachUnits+`v.article_id = @article`)

	attachOfTexts = query("attach_of_texts", attachUnits+`
		e.model = @model AND (e.side, e.hash) IN (SELECT * FROM unnest(@sides::smallint[], @hashes::bytea[]))
		ON CONFLICT DO NOTHING`)

	saveModel = query("save_model", `
		INSERT INTO vector_models (model) VALUES (@model) ON CONFLICT DO NOTHING`)

	saveEmbeddings = query("save_embeddings", `
		INSERT INTO embeddings (model, side, hash, embedding)
		SELECT @model, * FROM unnest(@sides::smallint[], @hashes::bytea[], @vectors::vector[])
		ON CONFLICT DO NOTHING`)

	// What the means need comes first.
	pendingUnits = query("pending_units", `
		SELECT side, hash, input, kind = 2 FROM (
			SELECT * FROM (
			SELECT DISTINCT ON (u.side, u.hash) u.side, u.hash, u.input, p.article_id <> @article AS other,
				u.kind, p.article_id, p.position, u.n
			FROM embedding_units u JOIN passages p ON p.id = u.passage_id
			WHERE NOT EXISTS (SELECT FROM embeddings e WHERE (e.model, e.side, e.hash) = (@model, u.side, u.hash))
			ORDER BY u.side, u.hash, other, u.kind, p.article_id, p.position, u.n) unit
			UNION ALL
			SELECT 0::smallint, hash, input, false, -1, lang, 0, 0 FROM asked_questions a
			WHERE NOT EXISTS (SELECT FROM embeddings e WHERE (e.model, e.side, e.hash) = (@model, 0, a.hash))) wanted
		ORDER BY other, kind, article_id, position, n LIMIT @limit`)

	countMissing = query("count_missing", `
		SELECT (SELECT count(*) FROM passages), count(DISTINCT (u.side, u.hash))
		FROM embedding_units u
		WHERE NOT EXISTS (SELECT FROM embeddings e WHERE (e.model, e.side, e.hash) = (@model, u.side, u.hash))`)

	nearestPassages     = query("nearest_passages", nearest("", "''"))
	nearestInCollection = query("nearest_in_collection", nearest("AND v.collection = @collection", "@collection"))

	scoreSentences = query("score_sentences", questionVector+`
		SELECT u.passage_id, array_agg(
			-(l2_normalize(coalesce(e.embedding - m.mean, e.embedding)) <#> q.vector) ORDER BY u.n)
		FROM question q CROSS JOIN embedding_units u
		JOIN passages p ON p.id = u.passage_id AND p.audience <= @audience
		LEFT JOIN embeddings e ON (e.model, e.side, e.hash) = (@model, u.side, u.hash)
		LEFT JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (@model, q.means, u.side, u.lang)
		WHERE u.passage_id = ANY(@ids) AND u.kind = 2
		GROUP BY u.passage_id
		HAVING count(e.hash) = count(*)`)
)

// questionVector is the question centred by the current means of titles in its language (over all,
// where that is not known), and as it came, both in half precision too; one row, or none before the
// first means. Until then the search by meaning finds nothing: uncentred, any two of e5's vectors are
// as near as a question and its answer are after centring, and a guess would pass for certain.
const questionVector = `
	WITH question AS MATERIALIZED (
		SELECT vm.means, vector, vector::halfvec AS half, @vector::vector::halfvec AS raw
		FROM vector_models vm
		JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (vm.model, vm.means, 0, @lang)
		CROSS JOIN l2_normalize(@vector::vector - m.mean) AS vector
		WHERE vm.model = @model)`

// nearest finds the best passages among those that filter leaves. A condition that is there for some
// questions only would cost the others too, once for each row.
//
// A passage's score is its own or its article's title's, whichever is better, and that one stands
// among the best 2n rows for each of the best n passages: no passage is named by more than two
// rows. A small library is read as a whole: the sort of all rows carries nothing but their places,
// which saves a third of the scan. A large one is read by its approximate index, where each row costs
// much more; for many passages half as many rows again are taken, which name fewer only where
// more than half of those have their title among them too. What a row knows of its passage is not
// looked up again. A raw cosine is what the text's part beyond its mean adds to what
// the mean itself has.
func nearest(filter, collection string) string {
	return questionVector + `,
	indexed AS MATERIALIZED (
		SELECT to_regclass(vector_index(@model, means)) IS NOT NULL AS there FROM question),
	place AS MATERIALIZED (
		SELECT v.ctid AS at, v.centred <#> (SELECT half FROM question) AS distance
		FROM passage_vectors v
		WHERE v.means = (SELECT means FROM question) AND v.model = @model
			AND v.audience <= @audience ` + filter + ` AND NOT (SELECT there FROM indexed)
		ORDER BY distance LIMIT 2 * @limit::int),
	near AS MATERIALIZED (
		SELECT v.passage_id, v.article_id, v.group_id, v.lang, v.kind, place.distance, v.length * -(v.centred <#> q.raw) AS lift
		FROM question q CROSS JOIN place JOIN passage_vectors v ON v.ctid = place.at
		UNION ALL
		SELECT n.* FROM question q CROSS JOIN indexed
		CROSS JOIN near_vectors(@model, q.means, q.half, q.raw, @audience, ` + collection + `,
			greatest(3 * @limit::int / 2, least(2 * @limit::int, 300))) n
		WHERE indexed.there),
	best AS MATERIALIZED (
		SELECT id, article_id, group_id, lang, min(distance) AS distance, min(distance) FILTER (WHERE kind = 0) AS own,
			min(distance) FILTER (WHERE kind = 1) AS title, min(lift) FILTER (WHERE kind = 0) AS lift
		FROM (
			SELECT passage_id AS id, article_id, group_id, lang, kind, distance, lift FROM near WHERE kind = 0
			UNION ALL
			SELECT p.id, p.article_id, p.group_id, p.lang, near.kind, near.distance, NULL
			FROM near JOIN passages p ON p.article_id = near.article_id WHERE near.kind = 1) row
		GROUP BY id, article_id, group_id, lang ORDER BY distance, id LIMIT @limit),
	told AS (
		SELECT b.id, b.article_id, b.group_id, b.lang, b.distance, coalesce(b.own, far.own) AS own,
			coalesce(b.title, (SELECT t.centred <#> q.half FROM passage_vectors t
				WHERE t.article_id = b.article_id AND (t.model, t.means, t.kind) = (@model, q.means, 1))) AS title,
			coalesce(b.lift, far.lift) - (m.mean <#> @vector) AS raw
		FROM question q CROSS JOIN best b
		LEFT JOIN LATERAL (
			SELECT v.centred <#> q.half AS own, v.length * -(v.centred <#> q.raw) AS lift FROM passage_vectors v
			WHERE b.own IS NULL AND (v.model, v.means, v.passage_id, v.kind) = (@model, q.means, b.id, 0)
			OFFSET 0) far ON true
		LEFT JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (@model, q.means, 1, b.lang))
	SELECT id, article_id, group_id, lang, -distance, coalesce(-own, 0), coalesce(-title, 0), coalesce(raw, 0)
	FROM told ORDER BY distance, own, id`
}

// attachArticle makes the vector search see an article as it is live now, as far as its texts have
// vectors.
func attachArticle(ctx context.Context, tx pgx.Tx, id kb.ArticleID) error {
	if _, err := detachOfArticle.exec(ctx, tx, args{"article": id}); err != nil {
		return err
	}
	_, err := attachOfArticle.exec(ctx, tx, args{"article": id, "version": 0, "fresh": true})
	return err
}

// Pending implements publish.Store.
func (db *DB) Pending(ctx context.Context, model string, article kb.ArticleID, limit int) (_ []publish.Unit, err error) {
	defer problem.Wrap(&err, "Pending(%s, %s)", model, article)
	return list(ctx, db.pool, pendingUnits, args{"model": model, "article": article, "limit": limit},
		func(row pgx.CollectableRow) (u publish.Unit, err error) {
			var hash []byte
			if err = row.Scan(&u.Task, &hash, &u.Input, &u.Sentence); err == nil {
				u.Hash = kb.TextHash(hash)
			}
			return u, err
		})
}

// SaveEmbeddings implements publish.Store.
func (db *DB) SaveEmbeddings(ctx context.Context, model string, units []publish.Unit, vectors [][]float32) (err error) {
	defer problem.Wrap(&err, "SaveEmbeddings(%s, %d)", model, len(units))
	if len(units) != len(vectors) {
		return fmt.Errorf("%d texts have %d vectors", len(units), len(vectors))
	}
	sides, hashes, values := make([]int16, len(units)), make([][]byte, len(units)), make([]pgvector.Vector, len(units))
	for i, u := range units {
		sides[i], hashes[i], values[i] = int16(u.Task), u.Hash[:], pgvector.NewVector(vectors[i])
	}
	return change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := saveModel.exec(ctx, tx, args{"model": model}); err != nil {
			return err
		}
		if _, err := saveEmbeddings.exec(ctx, tx, args{"model": model, "sides": sides, "hashes": hashes, "vectors": values}); err != nil {
			return err
		}
		_, err := attachOfTexts.exec(ctx, tx, args{"model": model, "sides": sides, "hashes": hashes, "version": 0, "fresh": true})
		return err
	})
}

// settled says that after the change numbered seq a model had the vector of every text: until the next
// change that stays so, and nothing need be counted.
type settled struct {
	seq      int64
	passages int
}

// Missing counts the live passages, and the texts of live articles (passages, titles, sentences) that
// have no vector of model yet.
func (db *DB) Missing(ctx context.Context, model string) (passages, pending int, err error) {
	defer problem.Wrap(&err, "Missing(%s)", model)
	seq, err := db.IndexSeq(ctx) // before counting: what goes live meanwhile has a later number
	if err != nil {
		return 0, 0, err
	}
	if s, ok := db.embedded.Load(model); ok && s.(settled).seq == seq {
		return s.(settled).passages, 0, nil
	}
	_, err = one(ctx, db.pool, countMissing, args{"model": model}, func(row pgx.CollectableRow) (none struct{}, err error) {
		return none, row.Scan(&passages, &pending)
	})
	if err == nil && pending == 0 {
		db.embedded.Store(model, settled{seq, passages})
	}
	return passages, pending, err
}

// VectorLeg searches by meaning, with the vectors of one model. Safe for concurrent use.
type VectorLeg struct {
	db    *DB
	model func() string
}

var (
	_ kb.Retriever      = (*VectorLeg)(nil)
	_ kb.SentenceScorer = (*VectorLeg)(nil)
)

// NewVectorLeg returns the search by the vectors of the model that model names. It is asked for each
// question, since an embedder may not know its dimensions before its first answer.
func NewVectorLeg(db *DB, model func() string) *VectorLeg { return &VectorLeg{db, model} }

// Retrieve implements kb.Retriever over centred vectors: exactly in a small library, by an
// approximate index in a large one. A hit's score is the better
// of its passage's and its article's title's; a passage whose own vector is still missing is found
// by its title. A question without a vector finds nothing, and nothing is found before the first
// means.
func (v *VectorLeg) Retrieve(ctx context.Context, q kb.Query) (_ []kb.Hit, err error) {
	defer problem.Wrap(&err, "VectorLeg.Retrieve")
	if len(q.Vector) == 0 {
		return nil, nil
	}
	limit := q.Limit
	if limit == 0 {
		limit = 50
	}
	statement, a := nearestPassages, args{"model": v.model(), "vector": pgvector.NewVector(q.Vector), "lang": q.Lang,
		"audience": q.Audience, "limit": limit}
	if q.Collection != "" {
		statement, a["collection"] = nearestInCollection, q.Collection
	}
	return list(ctx, v.db.pool, statement, a, func(row pgx.CollectableRow) (h kb.Hit, err error) {
		h.Signals.Meaning = true
		return h, row.Scan(&h.Passage, &h.Article, &h.Group, &h.Lang, &h.Score, &h.Signals.Centred, &h.Signals.Title, &h.Signals.Cosine)
	})
}

// SentenceScores implements kb.SentenceScorer.
func (v *VectorLeg) SentenceScores(ctx context.Context, q kb.Query, ids []kb.PassageID) (_ map[kb.PassageID][]float64, err error) {
	defer problem.Wrap(&err, "VectorLeg.SentenceScores(%d)", len(ids))
	scores := map[kb.PassageID][]float64{}
	if len(q.Vector) == 0 || len(ids) == 0 {
		return scores, nil
	}
	_, err = list(ctx, v.db.pool, scoreSentences, args{"model": v.model(), "vector": pgvector.NewVector(q.Vector), "lang": q.Lang,
		"audience": q.Audience, "ids": texts(ids)}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var id kb.PassageID
		var own []float64
		err = row.Scan(&id, &own)
		scores[id] = own
		return none, err
	})
	return scores, err
}
