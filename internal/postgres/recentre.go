package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"guichet/internal/problem"
	"guichet/kb"
)

const (
	firstMeans = 20   // texts that are enough for the first means while others are still to come
	minTitles  = 2    // without which there are no means: of one article alone they are itself
	freshShare = 20   // one text in this many added since is reason enough for new ones
	smallTexts = 5000 // below, new ones cost so little that they are taken whenever nothing is to come
	// Texts' worth of what is known beforehand that stand in each language's mean: of titles, the
	// questions of kb.Asked in that language; of passages, the mean over all languages.
	meansPrior = 20

	recentreClass = 0x67756963 // of the advisory lock; its other half is the model
)

var (
	tryRecentreLock = query("try_recentre_lock", `SELECT pg_try_advisory_lock(@class::int, hashtext(@model))`)
	recentreUnlock  = query("recentre_unlock", `SELECT pg_advisory_unlock(@class::int, hashtext(@model))`)

	// What is there of the current version, what came since, and whether something is on its way.
	meansState = query("means_state", `
		SELECT vm.means,
			(SELECT coalesce(sum(m.texts), 0)::int FROM vector_means m
			 WHERE m.model = vm.model AND m.version = vm.means AND m.lang = ''),
			(SELECT count(*)::int FROM passage_vectors v WHERE v.model = vm.model AND v.means = vm.means AND v.fresh),
			(SELECT count(*)::int FROM passage_vectors v WHERE v.model = vm.model AND v.means = vm.means AND v.kind = 1),
			EXISTS (SELECT FROM embedding_units u WHERE NOT EXISTS
				(SELECT FROM embeddings e WHERE (e.model, e.side, e.hash) = (vm.model, u.side, u.hash)))
		FROM vector_models vm WHERE vm.model = @model`)

	takeMeans = query("take_means", `
		WITH text AS (
			SELECT u.side, u.lang, e.embedding FROM embedding_units u
			JOIN embeddings e ON (e.model, e.side, e.hash) = (@model, u.side, u.hash)
			WHERE u.kind < 2),
		overall AS (SELECT side, count(*)::int AS n, avg(embedding) AS mean FROM text GROUP BY side),
		own AS (SELECT side, lang, count(*)::int AS n, avg(embedding) AS mean FROM text GROUP BY side, lang),
		asked AS (
			SELECT a.lang, avg(e.embedding) AS mean FROM asked_questions a
			JOIN embeddings e ON (e.model, e.side, e.hash) = (@model, 0, a.hash) GROUP BY a.lang),
		prior AS (
			SELECT o.side, l.lang, CASE WHEN o.side = 0 THEN coalesce(asked.mean, o.mean) ELSE o.mean END AS mean
			FROM overall o CROSS JOIN unnest(@langs::text[]) AS l (lang) LEFT JOIN asked ON asked.lang = l.lang)
		INSERT INTO vector_means (model, version, side, lang, texts, mean)
		SELECT @model, @version::int, side, '', n, mean FROM overall
		UNION ALL
		SELECT @model, @version, p.side, p.lang, coalesce(own.n, 0), CASE WHEN own.n IS NULL THEN p.mean ELSE
			array_fill((own.n / (own.n + @prior::float8))::real, ARRAY[vector_dims(own.mean)])::vector * own.mean +
			array_fill((@prior / (own.n + @prior))::real, ARRAY[vector_dims(own.mean)])::vector * p.mean END
		FROM prior p LEFT JOIN own ON own.side = p.side AND own.lang = p.lang`)

	attachAll = query("attach_all", attachUnits+`e.model = @model ON CONFLICT DO NOTHING`)
	detachAll = query("detach_all", detachUnits+`v.model = @model AND v.means = @version`)

	switchMeans = query("switch_means", `
		WITH from_now AS (UPDATE vector_means SET since = clock_timestamp() WHERE model = @model AND version = @version)
		UPDATE vector_models SET means = @version WHERE model = @model`)

	// Only the vectors of the version that searches read stay: older ones, and those of one whose making
	// was cut short, go. Means stay as long as an answer that was given with them, so that it can be
	// made again.
	dropOtherVectors = query("drop_other_vectors", `
		DELETE FROM passage_vectors v USING vector_models vm
		WHERE vm.model = @model AND v.model = vm.model AND v.means <> vm.means`)
	dropOtherMeans = query("drop_other_means", `
		WITH version AS (
			SELECT m.version, min(m.since) AS since, lead(min(m.since)) OVER (ORDER BY m.version) AS until
			FROM vector_means m WHERE m.model = @model GROUP BY m.version)
		DELETE FROM vector_means m USING vector_models vm, version v
		WHERE vm.model = @model AND m.model = vm.model AND m.version <> vm.means AND v.version = m.version
			AND (m.version > vm.means OR NOT EXISTS (
				SELECT FROM answers a WHERE a.created_at >= v.since AND a.created_at <= coalesce(v.until, now())))`)
)

// Recentre implements publish.Store. The first means are taken as soon as there are 20 texts, two of
// them titles, or nothing more is to come. The next version's rows are written beside those that searches read, so
// that publishing waits only for the last step: what changed meanwhile, and the switch. While
// another process does the same it does nothing.
func (db *DB) Recentre(ctx context.Context, model string) (err error) {
	defer problem.Wrap(&err, "Recentre(%s)", model)
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return mapped("recentre", err)
	}
	defer conn.Release()
	lock := args{"class": recentreClass, "model": model}
	mine, err := one(ctx, conn, tryRecentreLock, lock, value[bool])
	if err != nil || !mine {
		return err
	}
	defer func() {
		if _, err := recentreUnlock.exec(context.WithoutCancel(ctx), conn, lock); err != nil {
			conn.Conn().Close(context.WithoutCancel(ctx)) // which ends the lock too
		}
	}()

	version, due, err := nextMeans(ctx, conn, model)
	if err != nil {
		return err
	}
	if !due { // a restored database, or one of before, has the rows without the index
		return db.buildIndex(ctx, conn, model, version-1)
	}
	if err := dropOthers(ctx, conn, model); err != nil { // of a process that died at this
		return err
	}
	if _, err := takeMeans.exec(ctx, conn, args{"model": model, "version": version, "prior": meansPrior, "langs": texts(kb.Langs[:])}); err != nil {
		return err
	}
	attach := args{"model": model, "version": version, "fresh": false}
	if _, err := attachAll.exec(ctx, conn, attach); err != nil {
		return err
	}
	if version > 1 { // the first means are waited for: an exact search is better than none
		if err := db.buildIndex(ctx, conn, model, version); err != nil {
			return err
		}
	}
	err = change(ctx, conn, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := detachAll.exec(ctx, tx, args{"model": model, "version": version}); err != nil {
			return err
		}
		if _, err := attachAll.exec(ctx, tx, attach); err != nil {
			return err
		}
		_, err := switchMeans.exec(ctx, tx, args{"model": model, "version": version})
		return err
	})
	if err != nil {
		return err
	}
	if err := dropOthers(ctx, conn, model); err != nil {
		return err
	}
	if err := db.buildIndex(ctx, conn, model, version); err != nil {
		return err
	}
	// An exact scan reads dead rows too, until they are swept; and after a large import the planner
	// still believes the tables to be as small as they were.
	for _, sweep := range []string{"VACUUM (ANALYZE) passage_vectors", "ANALYZE passages, embedding_units, embeddings"} {
		if _, err := conn.Exec(ctx, sweep); err != nil {
			return mapped(sweep, err)
		}
	}
	return nil
}

// nextMeans returns the number of the next version of the means, and whether it is time for it.
func nextMeans(ctx context.Context, conn *pgxpool.Conn, model string) (version int, due bool, err error) {
	_, err = one(ctx, conn, meansState, args{"model": model}, func(row pgx.CollectableRow) (none struct{}, err error) {
		var current, texts, fresh, titles int
		var pending bool
		if err := row.Scan(&current, &texts, &fresh, &titles, &pending); err != nil {
			return none, err
		}
		version = current + 1
		switch {
		case titles < minTitles:
		case current == 0:
			due = fresh >= firstMeans || !pending
		default:
			due = fresh > 0 && (fresh*freshShare >= texts || !pending && texts < smallTexts)
		}
		return none, nil
	})
	if problem.Is(err, problem.NotFound) {
		err = nil // no vector yet
	}
	return version, due, err
}

func dropOthers(ctx context.Context, conn *pgxpool.Conn, model string) error {
	if err := dropIndexes(ctx, conn, model); err != nil { // before their rows, which need not be taken out of them then
		return err
	}
	for _, s := range []*statement{dropOtherVectors, dropOtherMeans} {
		if _, err := s.exec(ctx, conn, args{"model": model}); err != nil {
			return err
		}
	}
	return nil
}
