package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

var _ publish.Reading = (*DB)(nil)

// maxRelated is how many other articles a page names.
const maxRelated = 4

// readable are the published articles that an audience may read, with a rank that puts the
// translations of a group in the order in which a reader of @lang is offered them.
const readable = `
	WITH readable AS (
		SELECT a.id, a.group_id, a.lang, a.slug, v.title, a.updated_at, g.collection,
			row_number() OVER (PARTITION BY a.group_id
				ORDER BY a.lang <> @lang, array_position(@langs::text[], a.lang)) AS rank
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = a.live
		WHERE v.audience <= @audience)`

var (
	findPage = query("find_page", `
		SELECT a.id, a.group_id, a.lang, a.slug, g.collection, v.title, v.body, v.audience, a.live, a.updated_at,
			coalesce(c.key, ''), coalesce(c.position, 0), coalesce(c.titles, '{}'), coalesce(c.descriptions, '{}')
		FROM article_slugs s
		JOIN articles a ON a.id = s.article_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = a.live
		JOIN article_groups g ON g.id = a.group_id
		LEFT JOIN collections c ON c.key = g.collection
		WHERE s.lang = @lang AND s.slug = @slug AND v.audience <= @audience`)

	// An article that was once published, to anybody who may read its latest version.
	wasWithdrawn = query("was_withdrawn", `
		SELECT true FROM article_slugs s
		JOIN articles a ON a.id = s.article_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = a.latest
		WHERE s.lang = @lang AND s.slug = @slug AND v.audience <= @audience
			AND a.live IS NULL AND a.published_at IS NOT NULL`)

	translations = query("translations", readable+`
		SELECT lang, slug, title FROM readable WHERE group_id = @group ORDER BY array_position(@langs::text[], lang)`)

	related = query("related", readable+`
		SELECT id, group_id, lang, slug, title, updated_at FROM readable
		WHERE collection = @collection AND collection <> '' AND lang = @lang AND group_id <> @group
		ORDER BY id LIMIT @limit`)

	groupSlugs = query("group_slugs", readable+`
		SELECT group_id, slug FROM readable WHERE lang = @lang AND group_id = ANY(@groups)`)

	listShelves = query("list_shelves", readable+`
		SELECT c.key, c.position, c.titles, c.descriptions, count(*)
		FROM readable r JOIN collections c ON c.key = r.collection
		WHERE r.rank = 1 GROUP BY c.key ORDER BY c.position, c.key`)

	findCollection = query("find_collection", `
		SELECT key, position, titles, descriptions FROM collections WHERE key = @key`)

	shelfCards = query("shelf_cards", readable+`
		SELECT id, group_id, lang, slug, title, updated_at FROM readable WHERE collection = @collection AND rank = 1`)

	popularCards = query("popular_cards", readable+`,
		cited AS (SELECT c.group_id, count(*) AS n FROM answers, unnest(cited) AS c (group_id) GROUP BY c.group_id)
		SELECT r.id, r.group_id, r.lang, r.slug, r.title, r.updated_at
		FROM readable r LEFT JOIN cited USING (group_id)
		WHERE r.lang = @lang ORDER BY coalesce(cited.n, 0) DESC, r.id LIMIT @limit`)

	latestCards = query("latest_cards", readable+`
		SELECT id, group_id, lang, slug, title, updated_at FROM readable
		WHERE lang = @lang ORDER BY updated_at DESC, id LIMIT @limit`)

	listPlaces = query("list_places", `
		SELECT a.group_id, a.lang, a.slug, coalesce(c.key, ''), a.updated_at
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = a.live
		LEFT JOIN collections c ON c.key = g.collection
		WHERE v.audience <= @audience
		ORDER BY a.group_id, array_position(@langs::text[], a.lang)`)
)

// langOrder is the order in which translations are offered where the reader's language is missing:
// English stands first in it.
var langOrder = texts(kb.Langs[:])

// reader returns the parameters of readable, and more.
func reader(lang kb.Lang, audience kb.Audience, more args) args {
	a := args{"lang": lang, "langs": langOrder, "audience": audience}
	for k, v := range more {
		a[k] = v
	}
	return a
}

// Page implements publish.Reading.
func (db *DB) Page(ctx context.Context, lang kb.Lang, slug string, audience kb.Audience) (_ publish.Page, err error) {
	defer problem.Wrap(&err, "Page(%s, %s)", lang, slug)
	at := args{"lang": lang, "slug": slug, "audience": audience}
	p, err := one(ctx, db.pool, findPage, at, func(row pgx.CollectableRow) (p publish.Page, err error) {
		a, c := &p.Article, &p.Collection
		return p, row.Scan(&a.ID, &a.Group, &a.Lang, &a.Slug, &a.Collection, &a.Title, &a.Body, &a.Audience, &p.Version, &p.UpdatedAt,
			&c.Key, &c.Position, &c.Titles, &c.Description)
	})
	if problem.Is(err, problem.NotFound) {
		if _, gone := one(ctx, db.pool, wasWithdrawn, at, value[bool]); gone == nil {
			err = problem.New(problem.Gone, "problem.article_withdrawn")
		}
	}
	if err != nil {
		return p, err
	}
	p.Translations, err = list(ctx, db.pool, translations, reader(lang, audience, args{"group": p.Article.Group}),
		pgx.RowToStructByPos[publish.Translation])
	if err != nil {
		return p, err
	}
	p.Related, err = list(ctx, db.pool, related, reader(lang, audience, args{"group": p.Article.Group,
		"collection": p.Article.Collection, "limit": maxRelated}), pgx.RowToStructByPos[publish.Card])
	return p, err
}

// Slugs implements publish.Reading.
func (db *DB) Slugs(ctx context.Context, lang kb.Lang, groups []kb.GroupID, audience kb.Audience) (_ map[kb.GroupID]string, err error) {
	defer problem.Wrap(&err, "Slugs(%s, %d)", lang, len(groups))
	slugs := map[kb.GroupID]string{}
	_, err = list(ctx, db.pool, groupSlugs, reader(lang, audience, args{"groups": texts(groups)}),
		func(row pgx.CollectableRow) (none struct{}, err error) {
			var group kb.GroupID
			var slug string
			err = row.Scan(&group, &slug)
			slugs[group] = slug
			return none, err
		})
	return slugs, err
}

// Shelves implements publish.Reading.
func (db *DB) Shelves(ctx context.Context, lang kb.Lang, audience kb.Audience) (_ []publish.Shelf, err error) {
	defer problem.Wrap(&err, "Shelves(%s)", lang)
	return list(ctx, db.pool, listShelves, reader(lang, audience, nil), func(row pgx.CollectableRow) (s publish.Shelf, err error) {
		c := &s.Collection
		return s, row.Scan(&c.Key, &c.Position, &c.Titles, &c.Description, &s.Articles)
	})
}

// Shelf implements publish.Reading.
func (db *DB) Shelf(ctx context.Context, lang kb.Lang, key kb.CollectionKey, audience kb.Audience) (s publish.Shelf, cards []publish.Card, err error) {
	defer problem.Wrap(&err, "Shelf(%s, %s)", lang, key)
	if s.Collection, err = one(ctx, db.pool, findCollection, args{"key": key}, pgx.RowToStructByPos[kb.Collection]); err != nil {
		return s, nil, err
	}
	cards, err = list(ctx, db.pool, shelfCards, reader(lang, audience, args{"collection": key}), pgx.RowToStructByPos[publish.Card])
	// As a reader of the language looks titles up; the database may know no language's order.
	order := collate.New(language.Make(lang.Tag()), collate.IgnoreCase)
	slices.SortFunc(cards, func(a, b publish.Card) int {
		return cmp.Or(order.CompareString(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	s.Articles = len(cards)
	return s, cards, err
}

// Popular implements publish.Reading.
func (db *DB) Popular(ctx context.Context, lang kb.Lang, audience kb.Audience, limit int) (_ []publish.Card, err error) {
	defer problem.Wrap(&err, "Popular(%s)", lang)
	return list(ctx, db.pool, popularCards, reader(lang, audience, args{"limit": limit}), pgx.RowToStructByPos[publish.Card])
}

// Latest implements publish.Reading.
func (db *DB) Latest(ctx context.Context, lang kb.Lang, audience kb.Audience, limit int) (_ []publish.Card, err error) {
	defer problem.Wrap(&err, "Latest(%s)", lang)
	return list(ctx, db.pool, latestCards, reader(lang, audience, args{"limit": limit}), pgx.RowToStructByPos[publish.Card])
}

// Places implements publish.Reading.
func (db *DB) Places(ctx context.Context, audience kb.Audience) (_ []publish.Place, err error) {
	defer problem.Wrap(&err, "Places()")
	return list(ctx, db.pool, listPlaces, args{"langs": langOrder, "audience": audience}, pgx.RowToStructByPos[publish.Place])
}
