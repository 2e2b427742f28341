package postgres

import (
	"context"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

var (
	saveFeedback = query("save_feedback", `
		INSERT INTO article_feedback (id, article_id, version, visitor, helpful, comment, created_at)
		SELECT @id, a.id, @version, @visitor, @helpful, @comment, coalesce(@created_at, now())
		FROM articles a WHERE a.id = @article AND a.live IS NOT NULL
		ON CONFLICT (article_id, visitor) DO UPDATE SET id = excluded.id, version = excluded.version, helpful = excluded.helpful,
			comment = excluded.comment, created_at = excluded.created_at`)

	findFeedback = query("find_feedback", `
		SELECT article_id, version, visitor, helpful, comment, created_at
		FROM article_feedback WHERE article_id = @article AND visitor = @visitor`)

	// The id is a new one at each change, and its first bits are the time.
	listFeedback = query("list_feedback", `
		SELECT f.id, a.id, a.group_id, a.lang, a.slug, v.title, a.updated_at, f.version, f.helpful, f.comment, f.created_at
		FROM article_feedback f
		JOIN articles a ON a.id = f.article_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = coalesce(a.live, a.latest)
		WHERE (@helpful::boolean IS NULL OR f.helpful = @helpful) AND (@after::uuid IS NULL OR f.id < @after)
		ORDER BY f.id DESC LIMIT @limit`)
)

// SaveFeedback implements publish.Reading. NotFound if the article is not published; Invalid names
// the field comment if it is too long.
func (db *DB) SaveFeedback(ctx context.Context, f publish.Feedback) (err error) {
	defer problem.Wrap(&err, "SaveFeedback(%s)", f.Article)
	if n := utf8.RuneCountInString(f.Comment); n > publish.MaxComment {
		return problem.InvalidField("comment", "problem.too_long").With("max", publish.MaxComment).With("n", n)
	}
	n, err := saveFeedback.exec(ctx, db.pool, args{"id": uuid.Must(uuid.NewV7()), "article": f.Article, "version": f.Version,
		"visitor": f.Visitor, "helpful": f.Helpful, "comment": f.Comment, "created_at": orNull(f.CreatedAt)})
	if err == nil && n == 0 {
		err = problem.New(problem.NotFound, "")
	}
	return err
}

// FindFeedback implements publish.Reading.
func (db *DB) FindFeedback(ctx context.Context, id kb.ArticleID, visitor []byte) (_ publish.Feedback, err error) {
	defer problem.Wrap(&err, "FindFeedback(%s)", id)
	return one(ctx, db.pool, findFeedback, args{"article": id, "visitor": visitor}, pgx.RowToStructByPos[publish.Feedback])
}

// Feedback implements publish.Reading.
func (db *DB) Feedback(ctx context.Context, f publish.VoteFilter) (_ []publish.Vote, err error) {
	defer problem.Wrap(&err, "Feedback")
	return list(ctx, db.pool, listFeedback, args{"helpful": f.Helpful, "after": cursor(f.After), "limit": f.Limit},
		func(row pgx.CollectableRow) (v publish.Vote, err error) {
			c := &v.Card
			return v, row.Scan(&v.ID, &c.ID, &c.Group, &c.Lang, &c.Slug, &c.Title, &c.UpdatedAt, &v.Version, &v.Helpful, &v.Comment, &v.CreatedAt)
		})
}
