package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var _ assistant.Ratings = (*DB)(nil)

var (
	saveRating = query("save_rating", `
		INSERT INTO answer_feedback (id, answer_id, visitor, helpful, reasons, comment, created_at)
		SELECT @id, a.id, @visitor, @helpful, @reasons, @comment, coalesce(@created_at, now())
		FROM answers a WHERE a.id = @answer
		ON CONFLICT (answer_id, visitor) DO UPDATE SET id = excluded.id, helpful = excluded.helpful,
			reasons = excluded.reasons, comment = excluded.comment, created_at = excluded.created_at`)

	findRating = query("find_rating", `
		SELECT answer_id, visitor, helpful, reasons, comment, created_at
		FROM answer_feedback WHERE answer_id = @answer AND visitor = @visitor`)

	listUnhelpful = query("list_unhelpful", `
		SELECT DISTINCT answer_id::text FROM answer_feedback WHERE answer_id = ANY(@ids::uuid[]) AND NOT helpful`)

	listRatings = query("list_ratings", `
		SELECT f.answer_id, f.visitor, f.helpful, f.reasons, f.comment, f.created_at, f.id, a.question, a.lang, a.outcome, a.answer
		FROM answer_feedback f JOIN answers a ON a.id = f.answer_id
		WHERE (@helpful::boolean IS NULL OR f.helpful = @helpful) AND (@after::uuid IS NULL OR f.id < @after)
		ORDER BY f.id DESC LIMIT @limit`)
)

// SaveRating implements assistant.Ratings.
func (db *DB) SaveRating(ctx context.Context, f assistant.Feedback) (err error) {
	defer problem.Wrap(&err, "SaveRating")
	if err := checkID(f.Answer); err != nil {
		return err
	}
	n, err := saveRating.exec(ctx, db.pool, args{"id": uuid.Must(uuid.NewV7()), "answer": f.Answer, "visitor": f.Visitor,
		"helpful": f.Helpful, "reasons": texts(f.Reasons), "comment": f.Comment, "created_at": orNull(f.CreatedAt)})
	if err == nil && n == 0 {
		err = problem.New(problem.NotFound, "problem.answer_not_found")
	}
	return err
}

// FindRating implements assistant.Ratings.
func (db *DB) FindRating(ctx context.Context, id support.AnswerID, visitor []byte) (_ assistant.Feedback, err error) {
	defer problem.Wrap(&err, "FindRating")
	if err := checkID(id); err != nil {
		return assistant.Feedback{}, err
	}
	return one(ctx, db.pool, findRating, args{"answer": id, "visitor": visitor}, func(row pgx.CollectableRow) (f assistant.Feedback, err error) {
		return f, row.Scan(&f.Answer, &f.Visitor, &f.Helpful, &f.Reasons, &f.Comment, &f.CreatedAt)
	})
}

// Unhelpful implements assistant.Ratings.
func (db *DB) Unhelpful(ctx context.Context, ids []support.AnswerID) (_ map[support.AnswerID]bool, err error) {
	defer problem.Wrap(&err, "Unhelpful")
	said, err := list(ctx, db.pool, listUnhelpful, args{"ids": texts(ids)}, pgx.RowTo[support.AnswerID])
	out := make(map[support.AnswerID]bool, len(said))
	for _, id := range said {
		out[id] = true
	}
	return out, err
}

// Ratings implements assistant.Ratings.
func (db *DB) Ratings(ctx context.Context, f assistant.RatingFilter) (_ []assistant.Rating, err error) {
	defer problem.Wrap(&err, "Ratings")
	return list(ctx, db.pool, listRatings, args{"helpful": f.Helpful, "after": cursor(f.After), "limit": f.Limit},
		func(row pgx.CollectableRow) (r assistant.Rating, err error) {
			var a assistant.Answer
			err = row.Scan(&r.Answer, &r.Visitor, &r.Helpful, &r.Reasons, &r.Comment, &r.CreatedAt, &r.ID, &r.Question, &r.Lang, &r.Outcome, &a)
			seen := map[kb.ArticleID]bool{}
			for _, c := range a.Citations {
				if !seen[c.Article.ID] {
					seen[c.Article.ID] = true
					r.Cited = append(r.Cited, c.Article)
				}
			}
			return r, err
		})
}

// cursor is the id after which a list goes on, or NULL for its beginning; what is no id is none.
func cursor(after string) *uuid.UUID {
	id, err := uuid.Parse(after)
	if err != nil {
		return nil
	}
	return &id
}
