package postgres

import (
	"context"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/publish"
)

var (
	saveFeedback = query("save_feedback", `
		INSERT INTO article_feedback (id, article_id, version, visitor, helpful, comment, created_at)
		SELECT @id, a.id, @version, @visitor, @helpful, @comment, coalesce(@created_at, now())
		FROM articles a WHERE a.id = @article AND a.live IS NOT NULL
		ON CONFLICT (article_id, visitor) DO UPDATE SET version = excluded.version, helpful = excluded.helpful,
			comment = excluded.comment, created_at = excluded.created_at`)

	listFeedback = query("list_feedback", `
		SELECT a.id, a.group_id, a.lang, a.slug, v.title, a.updated_at, f.version, f.helpful, f.comment, f.created_at
		FROM article_feedback f
		JOIN articles a ON a.id = f.article_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = coalesce(a.live, a.latest)
		ORDER BY f.created_at DESC, f.id DESC LIMIT @limit`)
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

// Feedback implements publish.Reading.
func (db *DB) Feedback(ctx context.Context, limit int) (_ []publish.Vote, err error) {
	defer problem.Wrap(&err, "Feedback")
	return list(ctx, db.pool, listFeedback, args{"limit": limit}, func(row pgx.CollectableRow) (v publish.Vote, err error) {
		c := &v.Card
		return v, row.Scan(&c.ID, &c.Group, &c.Lang, &c.Slug, &c.Title, &c.UpdatedAt, &v.Version, &v.Helpful, &v.Comment, &v.CreatedAt)
	})
}
