package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

var _ publish.Store = (*DB)(nil)

// maxSlugSuffix is the highest number that is put behind a slug to make it unique.
const maxSlugSuffix = 50

var (
	// Everything that changes articles, what is live, or its vectors locks this row first.
	lockClock = query("lock_clock", `SELECT seq FROM index_clock FOR UPDATE`)

	latestVersion = query("latest_version", `
		SELECT a.group_id, a.lang, g.collection, v.title, v.body, v.audience, v.slug, a.latest
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = a.latest
		WHERE a.id = @id`)

	slugHolders = query("slug_holders", `
		SELECT slug, article_id FROM article_slugs WHERE lang = @lang AND slug = ANY(@slugs)`)

	// An article that names no collection leaves its group's as it is, unless it is the first one.
	saveGroup = query("save_group", `
		INSERT INTO article_groups AS g (id, collection) VALUES (@id, @collection)
		ON CONFLICT (id) DO UPDATE SET collection = excluded.collection
		WHERE g.collection <> excluded.collection
			AND (excluded.collection <> '' OR NOT EXISTS (SELECT FROM articles a WHERE a.group_id = g.id))`)

	// Members keep the live version's slug until the new version goes live.
	saveArticle = query("save_article", `
		INSERT INTO articles AS a (id, group_id, lang, slug, latest) VALUES (@id, @group, @lang, @slug, @number)
		ON CONFLICT (id) DO UPDATE SET group_id = excluded.group_id, latest = excluded.latest,
			slug = CASE WHEN a.live IS NULL THEN excluded.slug ELSE a.slug END,
			updated_at = CASE WHEN a.live IS NULL THEN now() ELSE a.updated_at END`)

	saveSlug = query("save_slug", `
		INSERT INTO article_slugs (lang, slug, article_id) VALUES (@lang, @slug, @id)
		ON CONFLICT (lang, slug) DO NOTHING`)

	insertVersion = query("insert_version", `
		INSERT INTO article_versions (article_id, number, title, body, audience, slug, author)
		VALUES (@id, @number, @title, @body, @audience, @slug, @author)`)

	// Group and collection are no part of a version: a change is seen at once.
	moveLivePassages = query("move_live_passages", `
		UPDATE passages p SET group_id = a.group_id, collection = g.collection
		FROM articles a JOIN article_groups g ON g.id = a.group_id
		WHERE a.group_id = @group AND a.id = p.article_id
			AND (p.group_id, p.collection) IS DISTINCT FROM (a.group_id, g.collection)
		RETURNING p.article_id`)

	findVersion = query("find_version", `
		SELECT a.id, a.group_id, a.lang, v.slug, g.collection, v.title, v.body, v.audience, v.number
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = CASE WHEN @number::int = 0 THEN a.latest ELSE @number END
		WHERE a.id = @id`)

	listArticles = query("list_articles", `
		SELECT a.id, a.group_id, a.lang, v.slug, g.collection, v.title, v.audience,
			a.status, coalesce(a.live, 0), a.latest, a.updated_at
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = coalesce(a.live, a.latest)
		WHERE (@lang = '' OR a.lang = @lang) AND (@collection = '' OR g.collection = @collection)
			AND (@status = '' OR a.status = @status)
		ORDER BY a.id`)

	deleteArticle = query("delete_article", `DELETE FROM articles WHERE id = @id`)

	saveCollections = query("save_collections", `
		INSERT INTO collections (key, position, titles, descriptions)
		SELECT "Key", "Position", coalesce("Titles", '{}'), coalesce("Description", '{}')
		FROM jsonb_to_recordset(@collections) AS c ("Key" text, "Position" int, "Titles" jsonb, "Description" jsonb)
		ON CONFLICT (key) DO UPDATE SET position = excluded.position, titles = excluded.titles, descriptions = excluded.descriptions`)

	listCollections = query("list_collections", `
		SELECT key, position, titles, descriptions FROM collections ORDER BY position, key`)
)

// change runs fn in a transaction that changes the knowledge base. Such transactions take turns.
func change(ctx context.Context, b beginner, fn func(context.Context, pgx.Tx) error) error {
	return transact(ctx, b, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := lockClock.exec(ctx, tx, args{}); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// SaveVersion implements publish.Store.
func (db *DB) SaveVersion(ctx context.Context, a kb.Article, author string) (number int, changed bool, err error) {
	defer problem.Wrap(&err, "SaveVersion(%s)", a.ID)
	err = change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		number, changed = 0, false
		was, latest, err := findLatest(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if latest > 0 && was.Lang != a.Lang {
			return problem.InvalidField("lang", "problem.article_lang").With("lang", string(was.Lang))
		}
		if a.Slug, err = freeSlug(ctx, tx, a); err != nil {
			return err
		}
		same := a
		if same.Collection == "" && same.Group == was.Group {
			same.Collection = was.Collection
		}
		if number = latest; latest > 0 && same == was {
			return nil
		}
		number, changed = latest+1, true
		if _, err := saveGroup.exec(ctx, tx, args{"id": a.Group, "collection": a.Collection}); err != nil {
			return err
		}
		if _, err := saveArticle.exec(ctx, tx, args{"id": a.ID, "group": a.Group, "lang": a.Lang, "slug": a.Slug, "number": number}); err != nil {
			return err
		}
		if _, err := saveSlug.exec(ctx, tx, args{"lang": a.Lang, "slug": a.Slug, "id": a.ID}); err != nil {
			return err
		}
		if _, err := insertVersion.exec(ctx, tx, args{"id": a.ID, "number": number, "title": a.Title, "body": a.Body,
			"audience": a.Audience, "slug": a.Slug, "author": author}); err != nil {
			return err
		}
		return db.moveGroup(ctx, tx, a.Group)
	})
	switch {
	case breaks(err, "articles_group_lang"):
		err = problem.From(problem.Conflict, "problem.article_group", err)
	case breaks(err, "articles_lang"):
		err = problem.InvalidField("lang", "problem.lang").With("lang", string(a.Lang))
	case breaks(err, "articles_slug"):
		err = problem.InvalidField("slug", "problem.slug")
	}
	return number, changed, err
}

// findLatest returns the article as its latest version has it; number 0 if there is none.
func findLatest(ctx context.Context, tx pgx.Tx, id kb.ArticleID) (a kb.Article, number int, err error) {
	a, err = one(ctx, tx, latestVersion, args{"id": id}, func(row pgx.CollectableRow) (kb.Article, error) {
		a := kb.Article{ID: id}
		err := row.Scan(&a.Group, &a.Lang, &a.Collection, &a.Title, &a.Body, &a.Audience, &a.Slug, &number)
		return a, err
	})
	if problem.Is(err, problem.NotFound) {
		err = nil
	}
	return a, number, err
}

// freeSlug returns a's slug, with the lowest number behind it that makes it the article's own.
func freeSlug(ctx context.Context, tx pgx.Tx, a kb.Article) (string, error) {
	wanted := []string{a.Slug}
	for n := 2; n <= maxSlugSuffix; n++ {
		wanted = append(wanted, fmt.Sprintf("%s-%d", a.Slug, n))
	}
	rows, err := list(ctx, tx, slugHolders, args{"lang": a.Lang, "slugs": wanted}, pgx.RowToStructByPos[struct {
		Slug   string
		Holder kb.ArticleID
	}])
	if err != nil {
		return "", err
	}
	holder := map[string]kb.ArticleID{}
	for _, r := range rows {
		holder[r.Slug] = r.Holder
	}
	for _, slug := range wanted {
		if h, taken := holder[slug]; !taken || h == a.ID {
			return slug, nil
		}
	}
	return "", problem.From(problem.Conflict, "problem.article_slug", errors.New("no free slug like "+a.Slug))
}

// moveGroup brings the live passages of a group to its collection.
func (db *DB) moveGroup(ctx context.Context, tx pgx.Tx, group kb.GroupID) error {
	rows, err := list(ctx, tx, moveLivePassages, args{"group": group}, value[string])
	if err != nil || len(rows) == 0 {
		return err
	}
	moved := map[string]bool{}
	var ids []string
	for _, id := range rows {
		if !moved[id] {
			moved[id] = true
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if err := attachArticle(ctx, tx, kb.ArticleID(id)); err != nil {
			return err
		}
	}
	return touch(ctx, tx, ids)
}

// Version implements publish.Store.
func (db *DB) Version(ctx context.Context, id kb.ArticleID, number int) (a kb.Article, n int, err error) {
	defer problem.Wrap(&err, "Version(%s, %d)", id, number)
	a, err = one(ctx, db.pool, findVersion, args{"id": id, "number": number}, func(row pgx.CollectableRow) (a kb.Article, err error) {
		return a, row.Scan(&a.ID, &a.Group, &a.Lang, &a.Slug, &a.Collection, &a.Title, &a.Body, &a.Audience, &n)
	})
	return a, n, err
}

// Articles implements publish.Store. Title, slug and audience are those of the live version, else
// of the latest.
func (db *DB) Articles(ctx context.Context, f publish.Filter) (_ []publish.Listed, err error) {
	defer problem.Wrap(&err, "Articles")
	return list(ctx, db.pool, listArticles, args{"lang": f.Lang, "collection": f.Collection, "status": f.Status},
		func(row pgx.CollectableRow) (l publish.Listed, err error) {
			a := &l.Article
			return l, row.Scan(&a.ID, &a.Group, &a.Lang, &a.Slug, &a.Collection, &a.Title, &a.Audience,
				&l.Status, &l.Live, &l.Latest, &l.UpdatedAt)
		})
}

// Delete implements publish.Store.
func (db *DB) Delete(ctx context.Context, id kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "Delete(%s)", id)
	return change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := withdraw(ctx, tx, id); err != nil {
			return err
		}
		n, err := deleteArticle.exec(ctx, tx, args{"id": id})
		if err == nil && n == 0 {
			err = problem.New(problem.NotFound, "")
		}
		return err
	})
}

// SaveCollections implements publish.Store.
func (db *DB) SaveCollections(ctx context.Context, cs []kb.Collection) (err error) {
	defer problem.Wrap(&err, "SaveCollections(%d)", len(cs))
	if len(cs) == 0 {
		return nil
	}
	_, err = saveCollections.exec(ctx, db.pool, args{"collections": cs})
	return err
}

// Collections implements publish.Store.
func (db *DB) Collections(ctx context.Context) (_ []kb.Collection, err error) {
	defer problem.Wrap(&err, "Collections")
	return list(ctx, db.pool, listCollections, args{}, pgx.RowToStructByPos[kb.Collection])
}
