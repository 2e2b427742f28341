package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/kb"
)

var (
	// The clock's row is locked since the transaction began.
	touchArticles = query("touch_articles", `
		WITH n AS (UPDATE index_clock SET seq = seq + cardinality(@ids::text[]) RETURNING seq)
		INSERT INTO index_changes (article_id, seq)
		SELECT t.id, n.seq - cardinality(@ids::text[]) + t.i FROM n, unnest(@ids::text[]) WITH ORDINALITY AS t (id, i)
		ON CONFLICT (article_id) DO UPDATE SET seq = excluded.seq, at = excluded.at`)

	listChanges = query("list_changes", `
		SELECT article_id, seq FROM index_changes WHERE seq > @after ORDER BY seq LIMIT @limit`)

	indexSeq = query("index_seq", `SELECT seq FROM index_clock`)
)

// touch tells indexes that articles changed; the transaction must be one of change's.
func touch(ctx context.Context, tx pgx.Tx, ids []string) error {
	_, err := touchArticles.exec(ctx, tx, args{"ids": ids})
	return err
}

// Changes returns the articles whose live passages changed after the change numbered after, oldest
// change first and each once, at most limit of them; and the number to go on from: an index that
// holds these articles as ArticlePassages has them now has missed nothing up to upto. Zero asks for
// every article that was ever live.
func (db *DB) Changes(ctx context.Context, after int64, limit int) (articles []kb.ArticleID, upto int64, err error) {
	defer problem.Wrap(&err, "Changes(%d)", after)
	upto = after
	articles, err = list(ctx, db.pool, listChanges, args{"after": after, "limit": limit}, func(row pgx.CollectableRow) (id kb.ArticleID, err error) {
		return id, row.Scan(&id, &upto)
	})
	return articles, upto, err
}

// ArticlePassages returns the live passages of articles, in their order. An article that is not there
// is not live.
func (db *DB) ArticlePassages(ctx context.Context, ids []kb.ArticleID) (_ map[kb.ArticleID][]kb.Passage, err error) {
	defer problem.Wrap(&err, "ArticlePassages(%d)", len(ids))
	ps, err := list(ctx, db.pool, passagesOfArticles, args{"ids": texts(ids)}, scanPassage)
	out := map[kb.ArticleID][]kb.Passage{}
	for _, p := range ps {
		out[p.Article] = append(out[p.Article], p)
	}
	return out, err
}

// IndexSeq returns the number of the last change; an index's lag is what it lacks of it.
func (db *DB) IndexSeq(ctx context.Context) (seq int64, err error) {
	defer problem.Wrap(&err, "IndexSeq")
	return one(ctx, db.pool, indexSeq, args{}, value[int64])
}
