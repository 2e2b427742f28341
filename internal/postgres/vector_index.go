package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// indexFrom is how many vectors of one model are sooner searched by an approximate index than compared
// one by one. Below, every search is exact.
const indexFrom = 6000

// denseFrom is how many vectors need a graph with more edges than pgvector draws by itself.
const denseFrom = 50_000

var (
	// What is to be done for an index to be there: nothing where it is, where there is too little to
	// search, more dimensions than it can hold, or a pgvector without iterative scans. One row or none.
	//
	// It is built beside the others' work, so that publishing goes on meanwhile. A large library's graph
	// has more edges, without which a wider walk finds no more: twice the time to build, once.
	missingIndex = query("missing_index", `
		SELECT format('CREATE INDEX CONCURRENTLY %I ON passage_vectors USING hnsw ((centred::halfvec(%s)) halfvec_ip_ops) %s
			WHERE model = %L AND means = %s', vector_index(@model, @version::int), vector_dims(m.mean),
			CASE WHEN @dense::int <= (SELECT count(*) FROM (
				SELECT FROM passage_vectors WHERE model = @model AND means = @version::int LIMIT @dense::int) row)
			THEN 'WITH (m = 24, ef_construction = 128)' END, m.model, m.version)
		FROM vector_means m
		WHERE (m.model, m.version, m.side, m.lang) = (@model, @version::int, 1, '') AND vector_dims(m.mean) <= 4000
			AND to_regclass(vector_index(@model, @version::int)) IS NULL
			AND current_setting('hnsw.iterative_scan', true) IS NOT NULL
			AND @from::int <= (SELECT count(*) FROM (
				SELECT FROM passage_vectors WHERE model = @model AND means = @version::int LIMIT @from::int) row)`)

	// Of a model, all but the one that searches read: of older means, or of some whose making was cut short.
	otherIndexes = query("other_indexes", `
		SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I', c.relname)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, vector_models vm
		WHERE vm.model = @model AND i.indrelid = 'passage_vectors'::regclass
			AND c.relname LIKE replace(regexp_replace(vector_index(vm.model, 0), '0$', ''), '_', '\_') || '%'
			AND (c.relname <> vector_index(vm.model, vm.means) OR NOT i.indisvalid)`)
)

// buildIndex gives the vectors of one version of the means their approximate index, if there are enough
// of them. It takes a second for some 4,000.
func (db *DB) buildIndex(ctx context.Context, conn *pgxpool.Conn, model string, version int) error {
	orders, err := list(ctx, conn, missingIndex, args{"model": model, "version": version, "from": db.indexFrom, "dense": denseFrom}, pgx.RowTo[string])
	if err != nil || len(orders) == 0 {
		return err
	}
	// The graph has to fit, or its building takes many times as long; no more is used than it needs. A
	// second worker would want as much shared memory, of which a container often has little.
	orders = append([]string{"SET maintenance_work_mem = '1GB'", "SET max_parallel_maintenance_workers = 0"}, orders...)
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "RESET maintenance_work_mem; RESET max_parallel_maintenance_workers")
	}()
	return execAll(ctx, conn, orders)
}

// dropIndexes removes the indexes of a model that no search reads.
func dropIndexes(ctx context.Context, conn *pgxpool.Conn, model string) error {
	orders, err := list(ctx, conn, otherIndexes, args{"model": model}, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return execAll(ctx, conn, orders)
}

// execAll runs statements that stand alone, each outside of any transaction.
func execAll(ctx context.Context, conn *pgxpool.Conn, orders []string) error {
	for _, order := range orders {
		if _, err := conn.Exec(ctx, order); err != nil {
			return mapped(order, err)
		}
	}
	return nil
}
