package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var _ assistant.Store = (*DB)(nil)

var (
	// The member need not wait for the disk: an answer lost with the server's last half second can be
	// asked for again. What refers to one is written after it, and the log is one: whatever waits for
	// the disk takes the answers before it there too.
	saveAnswer = query("save_answer", `
		WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
		INSERT INTO answers (id, lang, question, outcome, confidence, answer, trace, cited, created_at)
		SELECT @id::uuid, @lang, @question, @outcome, @confidence, @answer::jsonb, @trace::jsonb, @cited, @created_at FROM unhurried`)

	findAnswer = query("find_answer", `SELECT answer FROM answers WHERE id = @id`)

	findTrace = query("find_trace", `SELECT answer, trace FROM answers WHERE id = @id`)

	deleteAnswers = query("delete_answers", `DELETE FROM answers WHERE created_at < @before`)

	liveRefs = query("live_refs", `
		SELECT a.id, a.group_id, a.lang, a.slug, v.title, a.live, a.updated_at
		FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.number = a.live
		WHERE a.id = ANY(@ids) AND v.audience <= @audience`)
)

// SaveAnswer implements assistant.Store.
func (db *DB) SaveAnswer(ctx context.Context, a assistant.Answer, trace assistant.Trace) (err error) {
	defer problem.Wrap(&err, "SaveAnswer(%s)", a.ID)
	cited := []string{}
	for _, c := range a.Citations {
		if g := string(c.Article.Group); !slices.Contains(cited, g) {
			cited = append(cited, g)
		}
	}
	trace.Query.Vector = nil // the trace has its own, which is shorter
	_, err = saveAnswer.exec(ctx, db.pool, args{"id": a.ID, "lang": a.Lang, "question": a.Question, "outcome": a.Outcome,
		"confidence": a.Confidence, "answer": a, "trace": trace, "cited": cited, "created_at": a.CreatedAt})
	return err
}

// FindAnswer implements assistant.Store.
func (db *DB) FindAnswer(ctx context.Context, id support.AnswerID) (_ assistant.Answer, err error) {
	defer problem.Wrap(&err, "FindAnswer")
	if err := checkID(id); err != nil {
		return assistant.Answer{}, err
	}
	return one(ctx, db.pool, findAnswer, args{"id": id}, value[assistant.Answer])
}

// FindTrace implements assistant.Store.
func (db *DB) FindTrace(ctx context.Context, id support.AnswerID) (a assistant.Answer, t assistant.Trace, err error) {
	defer problem.Wrap(&err, "FindTrace")
	if err := checkID(id); err != nil {
		return a, t, err
	}
	_, err = one(ctx, db.pool, findTrace, args{"id": id}, func(row pgx.CollectableRow) (none struct{}, err error) {
		return none, row.Scan(&a, &t)
	})
	return a, t, err
}

// DeleteAnswersOlderThan deletes the answers given before a moment, with what they were made from,
// and returns how many.
func (db *DB) DeleteAnswersOlderThan(ctx context.Context, before time.Time) (n int, err error) {
	defer problem.Wrap(&err, "DeleteAnswersOlderThan")
	return deleteAnswers.exec(ctx, db.pool, args{"before": before})
}

// ArticleRefs implements assistant.Store.
func (db *DB) ArticleRefs(ctx context.Context, ids []kb.ArticleID, audience kb.Audience) (_ map[kb.ArticleID]assistant.ArticleRef, err error) {
	defer problem.Wrap(&err, "ArticleRefs(%d)", len(ids))
	refs, err := list(ctx, db.pool, liveRefs, args{"ids": texts(ids), "audience": audience}, pgx.RowToStructByPos[assistant.ArticleRef])
	out := make(map[kb.ArticleID]assistant.ArticleRef, len(refs))
	for _, r := range refs {
		out[r.ID] = r
	}
	return out, err
}
