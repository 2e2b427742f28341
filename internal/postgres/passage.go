package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

var _ kb.Library = (*DB)(nil)

// The kinds of embedding units. Titles are embedded as questions: they are the questions that an
// article answers.
const (
	unitPassage = iota
	unitTitle
	unitSentence
)

var (
	findForPublish = query("find_for_publish", `
		SELECT a.group_id, a.lang, g.collection, v.audience, v.slug, coalesce(a.live, 0)
		FROM articles a
		JOIN article_groups g ON g.id = a.group_id
		JOIN article_versions v ON v.article_id = a.id AND v.number = @number
		WHERE a.id = @id`)

	setLive = query("set_live", `
		UPDATE articles SET status = 'published', live = @number, slug = @slug, updated_at = now(),
			published_at = coalesce(published_at, now())
		WHERE id = @id`)

	// A passage whose text, headings or title changed loses its units with its row.
	dropChangedPassages = query("drop_changed_passages", `
		DELETE FROM passages WHERE article_id = @article AND (id, hash) NOT IN
			(SELECT r.id, decode(r.hash, 'hex') FROM jsonb_to_recordset(@passages) AS r (id text, hash text))`)

	savePassages = query("save_passages", `
		INSERT INTO passages (id, article_id, version, position, group_id, lang, collection, audience,
			headings, anchor, text, sentences, hash)
		SELECT r.id, @article, @version, r.position, @group, @lang, @collection, @audience,
			r.headings, r.anchor, r.text, r.sentences, decode(r.hash, 'hex')
		FROM jsonb_to_recordset(@passages) AS r
			(id text, position int, headings text[], anchor text, text text, sentences jsonb, hash text)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, position = excluded.position,
			group_id = excluded.group_id, collection = excluded.collection, audience = excluded.audience,
			anchor = excluded.anchor, sentences = excluded.sentences`)

	dropChangedUnits = query("drop_changed_units", `
		DELETE FROM embedding_units u USING passages p
		WHERE p.id = u.passage_id AND p.article_id = @article AND (u.passage_id, u.kind, u.n, u.hash) NOT IN
			(SELECT r.passage, r.kind, r.n, decode(r.hash, 'hex')
			 FROM jsonb_to_recordset(@units) AS r (passage text, kind smallint, n int, hash text))`)

	saveUnits = query("save_units", `
		INSERT INTO embedding_units (passage_id, kind, n, side, lang, hash, input)
		SELECT r.passage, r.kind, r.n, r.side, @lang, decode(r.hash, 'hex'), r.input
		FROM jsonb_to_recordset(@units) AS r (passage text, kind smallint, n int, side smallint, hash text, input text)
		ON CONFLICT DO NOTHING`)

	// The clock, not the transaction's beginning: it may have waited long for its turn.
	endPublication = query("end_publication", `
		UPDATE publications SET unpublished_at = clock_timestamp() WHERE article_id = @id AND unpublished_at IS NULL`)
	savePublication = query("save_publication", `
		INSERT INTO publications (article_id, version, published_at) VALUES (@id, @number, clock_timestamp())`)

	setWithdrawn = query("set_withdrawn", `
		UPDATE articles SET status = 'unpublished', live = NULL, updated_at = now()
		WHERE id = @id AND status = 'published'`)

	dropPassages = query("drop_passages", `DELETE FROM passages WHERE article_id = @id`)

	articleExists = query("article_exists", `SELECT true FROM articles WHERE id = @id`)

	findPassages = query("find_passages", selectPassages+`
		WHERE p.id = ANY(@ids) AND p.audience <= @audience`)

	passagesOfArticles = query("passages_of_articles", selectPassages+`
		WHERE p.article_id = ANY(@ids) ORDER BY p.article_id, p.position`)
)

// selectPassages reads rows for scanPassage. The join on the live version is belt and braces: no
// other version has passages.
const selectPassages = `
	SELECT p.id, p.article_id, p.group_id, p.lang, p.collection, p.audience, p.version, a.slug, v.title,
		p.headings, p.anchor, p.position, p.text, p.sentences
	FROM passages p
	JOIN articles a ON a.id = p.article_id AND a.live = p.version
	JOIN article_versions v ON v.article_id = p.article_id AND v.number = p.version`

// PublishVersion implements publish.Store.
func (db *DB) PublishVersion(ctx context.Context, id kb.ArticleID, number int, ps []kb.Passage) (err error) {
	defer problem.Wrap(&err, "PublishVersion(%s, %d)", id, number)
	return change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		var live int
		a, err := one(ctx, tx, findForPublish, args{"id": id, "number": number}, func(row pgx.CollectableRow) (a kb.Article, err error) {
			return a, row.Scan(&a.Group, &a.Lang, &a.Collection, &a.Audience, &a.Slug, &live)
		})
		if err != nil || live == number {
			return err
		}
		if _, err := setLive.exec(ctx, tx, args{"id": id, "number": number, "slug": a.Slug}); err != nil {
			return err
		}
		if _, err := endPublication.exec(ctx, tx, args{"id": id}); err != nil {
			return err
		}
		if _, err := savePublication.exec(ctx, tx, args{"id": id, "number": number}); err != nil {
			return err
		}
		// Group, collection and audience are taken from the rows: they may have changed since ps was made.
		passages, units := passageRows(ps), unitRows(ps)
		if _, err := dropChangedPassages.exec(ctx, tx, args{"article": id, "passages": passages}); err != nil {
			return err
		}
		if _, err := savePassages.exec(ctx, tx, args{"article": id, "version": number, "group": a.Group, "lang": a.Lang,
			"collection": a.Collection, "audience": a.Audience, "passages": passages}); err != nil {
			return err
		}
		if _, err := dropChangedUnits.exec(ctx, tx, args{"article": id, "units": units}); err != nil {
			return err
		}
		if _, err := saveUnits.exec(ctx, tx, args{"lang": a.Lang, "units": units}); err != nil {
			return err
		}
		if err := attachArticle(ctx, tx, id); err != nil {
			return err
		}
		if err := db.enqueue(ctx, tx, publish.EmbedArticle{Article: id}); err != nil {
			return err
		}
		return touch(ctx, tx, []string{string(id)})
	})
}

// Unpublish implements publish.Store. An article that is not published stays as it is; NotFound if
// there is none.
func (db *DB) Unpublish(ctx context.Context, id kb.ArticleID) (err error) {
	defer problem.Wrap(&err, "Unpublish(%s)", id)
	return change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := one(ctx, tx, articleExists, args{"id": id}, value[bool]); err != nil {
			return err
		}
		return withdraw(ctx, tx, id)
	})
}

// withdraw takes a published article from members; it does nothing to any other.
func withdraw(ctx context.Context, tx pgx.Tx, id kb.ArticleID) error {
	n, err := setWithdrawn.exec(ctx, tx, args{"id": id})
	if err != nil || n == 0 {
		return err
	}
	if _, err := endPublication.exec(ctx, tx, args{"id": id}); err != nil {
		return err
	}
	if _, err := dropPassages.exec(ctx, tx, args{"id": id}); err != nil {
		return err
	}
	if err := attachArticle(ctx, tx, id); err != nil {
		return err
	}
	return touch(ctx, tx, []string{string(id)})
}

// Passages implements kb.Library.
func (db *DB) Passages(ctx context.Context, ids []kb.PassageID, audience kb.Audience) (_ []kb.Passage, err error) {
	defer problem.Wrap(&err, "Passages(%d)", len(ids))
	return list(ctx, db.pool, findPassages, args{"ids": texts(ids), "audience": audience}, scanPassage)
}

func scanPassage(row pgx.CollectableRow) (p kb.Passage, err error) {
	var sentences []byte
	if err := row.Scan(&p.ID, &p.Article, &p.Group, &p.Lang, &p.Collection, &p.Audience, &p.Version, &p.Slug, &p.Title,
		&p.Headings, &p.Anchor, &p.Position, &p.Text, &sentences); err != nil {
		return p, err
	}
	var rows [][5]int
	if err := json.Unmarshal(sentences, &rows); err != nil {
		return p, err
	}
	p.Sentences = make([]kb.Sentence, len(rows))
	for i, s := range rows {
		p.Sentences[i] = kb.Sentence{Start: s[0], End: s[1], Block: s[2], Kind: kb.BlockKind(s[3]), List: s[4]}
	}
	if len(p.Headings) == 0 {
		p.Headings = nil
	}
	return p, nil
}

type passageRow struct {
	ID        kb.PassageID `json:"id"`
	Position  int          `json:"position"`
	Headings  []string     `json:"headings"`
	Anchor    string       `json:"anchor"`
	Text      string       `json:"text"`
	Sentences [][5]int     `json:"sentences"`
	Hash      string       `json:"hash"`
}

func passageRows(ps []kb.Passage) []passageRow {
	rows := make([]passageRow, len(ps))
	for i, p := range ps {
		sentences := make([][5]int, len(p.Sentences))
		for j, s := range p.Sentences {
			sentences[j] = [5]int{s.Start, s.End, s.Block, int(s.Kind), s.List}
		}
		rows[i] = passageRow{p.ID, p.Position, append([]string{}, p.Headings...), p.Anchor, p.Text, sentences, p.Hash().String()}
	}
	return rows
}

type unitRow struct {
	Passage kb.PassageID `json:"passage"`
	Kind    int          `json:"kind"`
	N       int          `json:"n"`
	Side    kb.Task      `json:"side"`
	Hash    string       `json:"hash"`
	Input   string       `json:"input"`
}

// unitRows returns what has to be embedded of an article's passages.
func unitRows(ps []kb.Passage) []unitRow {
	rows := []unitRow{}
	add := func(p kb.Passage, kind, n int, side kb.Task, input string) {
		rows = append(rows, unitRow{p.ID, kind, n, side, kb.HashText(input).String(), input})
	}
	for _, p := range ps {
		add(p, unitPassage, 0, kb.AsPassage, p.Input())
		if p.Position == 0 {
			add(p, unitTitle, 0, kb.AsQuestion, p.Title)
		}
		for n := range p.Sentences {
			add(p, unitSentence, n, kb.AsPassage, p.SentenceInput(n))
		}
	}
	return rows
}

// texts turns ids into what a text[] parameter takes.
func texts[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
