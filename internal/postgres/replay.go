package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/problem"
	"guichet/kb"
)

var (
	liveAt = query("live_at", `
		SELECT article_id, version FROM publications
		WHERE published_at <= @at AND (unpublished_at IS NULL OR unpublished_at > @at)`)

	findVersions = query("find_versions", `
		SELECT a.id, a.group_id, a.lang, v.slug, g.collection, v.title, v.body, v.audience, v.number, v.created_at
		FROM unnest(@ids::text[], @numbers::int[]) AS wanted (id, number)
		JOIN articles a ON a.id = wanted.id
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = wanted.number
		ORDER BY a.id`)

	findVectors = query("find_vectors", `
		SELECT hash, embedding FROM embeddings WHERE model = @model AND side = @side AND hash = ANY(@hashes)`)

	findMeans = query("find_means", `
		SELECT side, lang, mean FROM vector_means WHERE model = @model AND version = @version`)

	currentMeans = query("current_means", `SELECT means FROM vector_models WHERE model = @model`)

	listModels = query("list_models", `SELECT model FROM vector_models ORDER BY model`)
)

// LiveAt returns the version of each article that was live at a moment. Of moments before
// publications were noted, only versions that are live to this day are known.
func (db *DB) LiveAt(ctx context.Context, at time.Time) (_ map[kb.ArticleID]int, err error) {
	defer problem.Wrap(&err, "LiveAt(%v)", at)
	out := map[kb.ArticleID]int{}
	_, err = list(ctx, db.pool, liveAt, args{"at": at}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var id kb.ArticleID
		var n int
		err = row.Scan(&id, &n)
		out[id] = n
		return none, err
	})
	return out, err
}

// Texts calls read with each of the versions named, by article; those that are gone are left out.
// Group and collection are what they are today: they are of no version.
func (db *DB) Texts(ctx context.Context, versions map[kb.ArticleID]int, read func(a kb.Article, number int, since time.Time) error) (err error) {
	defer problem.Wrap(&err, "Texts(%d)", len(versions))
	ids, numbers := make([]string, 0, len(versions)), make([]int32, 0, len(versions))
	for id, n := range versions {
		ids, numbers = append(ids, string(id)), append(numbers, int32(n))
	}
	_, err = list(ctx, db.pool, findVersions, args{"ids": ids, "numbers": numbers}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var a kb.Article
		var number int
		var since time.Time
		if err := row.Scan(&a.ID, &a.Group, &a.Lang, &a.Slug, &a.Collection, &a.Title, &a.Body, &a.Audience, &number, &since); err != nil {
			return none, err
		}
		return none, read(a, number, since)
	})
	return err
}

// Vectors returns the stored vectors of texts, as they came from the model.
func (db *DB) Vectors(ctx context.Context, model string, side kb.Task, hashes []kb.TextHash) (_ map[kb.TextHash][]float32, err error) {
	defer problem.Wrap(&err, "Vectors(%s, %d)", model, len(hashes))
	wanted := make([][]byte, len(hashes))
	for i, h := range hashes {
		wanted[i] = h[:]
	}
	out := make(map[kb.TextHash][]float32, len(hashes))
	_, err = list(ctx, db.pool, findVectors, args{"model": model, "side": int16(side), "hashes": wanted}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var hash []byte
		var v pgvector.Vector
		err = row.Scan(&hash, &v)
		if err == nil {
			out[kb.TextHash(hash)] = v.Slice()
		}
		return none, err
	})
	return out, err
}

// Means returns the mean vectors of a version, by language, of titles (kb.AsQuestion) and of passages
// (kb.AsPassage); none where that version is not kept any more.
func (db *DB) Means(ctx context.Context, model string, version int) (_ map[kb.Task]map[kb.Lang][]float32, err error) {
	defer problem.Wrap(&err, "Means(%s, %d)", model, version)
	out := map[kb.Task]map[kb.Lang][]float32{kb.AsQuestion: {}, kb.AsPassage: {}}
	_, err = list(ctx, db.pool, findMeans, args{"model": model, "version": version}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var side kb.Task
		var lang kb.Lang
		var v pgvector.Vector
		err = row.Scan(&side, &lang, &v)
		if err == nil {
			out[side][lang] = v.Slice()
		}
		return none, err
	})
	return out, err
}

// CurrentMeans returns the version of the means that searches by a model read; 0 before the first.
func (db *DB) CurrentMeans(ctx context.Context, model string) (version int, err error) {
	defer problem.Wrap(&err, "CurrentMeans(%s)", model)
	version, err = one(ctx, db.pool, currentMeans, args{"model": model}, value[int])
	if problem.Is(err, problem.NotFound) {
		err = nil
	}
	return version, err
}

// Models returns the models that ever gave a text a vector.
func (db *DB) Models(ctx context.Context) (_ []string, err error) {
	defer problem.Wrap(&err, "Models")
	return list(ctx, db.pool, listModels, args{}, value[string])
}
