-- +goose Up
-- The more vectors there are, the wider the walk through their index has to be to find the same share of
-- the nearest: as wide again for three times as many, from 20,000 on. decisions/0013 has the figures.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION near_vectors(of_model text, of_means integer, question halfvec, raw halfvec, reader integer, within text, wanted integer)
RETURNS TABLE (passage_id text, article_id text, group_id text, lang text, kind smallint, distance float8, lift float8)
STABLE ROWS 300 LANGUAGE plpgsql SET enable_sort = on AS $$
DECLARE
    vectors float8 := (SELECT reltuples FROM pg_class WHERE oid = to_regclass(vector_index(of_model, of_means)));
BEGIN
    PERFORM set_config('hnsw.ef_search', least(greatest(200, wanted * 5 / 4) * power(greatest(vectors, 20000) / 20000, 0.65), 1000)::int::text, true),
        set_config('hnsw.iterative_scan', 'strict_order', true),
        set_config('enable_sort', CASE WHEN within = '' THEN 'off' ELSE 'on' END, true);
    RETURN QUERY EXECUTE format(
        'SELECT passage_id, article_id, group_id, lang, kind, centred::halfvec(%1$s) <#> $1, length * -(centred <#> $2)
        FROM passage_vectors WHERE model = %2$L AND means = %3$s AND audience <= %4$s %5$s
        ORDER BY centred::halfvec(%1$s) <#> $1 LIMIT %6$s',
        vector_dims(question), of_model, of_means, reader,
        CASE WHEN within <> '' THEN format('AND collection = %L', within) END, wanted) USING question, raw;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION near_vectors(of_model text, of_means integer, question halfvec, raw halfvec, reader integer, within text, wanted integer)
RETURNS TABLE (passage_id text, article_id text, group_id text, lang text, kind smallint, distance float8, lift float8)
STABLE ROWS 300 LANGUAGE plpgsql SET enable_sort = on AS $$
BEGIN
    PERFORM set_config('hnsw.ef_search', least(greatest(200, wanted * 5 / 4), 1000)::text, true), set_config('hnsw.iterative_scan', 'strict_order', true),
        set_config('enable_sort', CASE WHEN within = '' THEN 'off' ELSE 'on' END, true);
    RETURN QUERY EXECUTE format(
        'SELECT passage_id, article_id, group_id, lang, kind, centred::halfvec(%1$s) <#> $1, length * -(centred <#> $2)
        FROM passage_vectors WHERE model = %2$L AND means = %3$s AND audience <= %4$s %5$s
        ORDER BY centred::halfvec(%1$s) <#> $1 LIMIT %6$s',
        vector_dims(question), of_model, of_means, reader,
        CASE WHEN within <> '' THEN format('AND collection = %L', within) END, wanted) USING question, raw;
END $$;
-- +goose StatementEnd
