-- +goose Up
-- Questions of the kind that any help center gets, by language: beside the articles' titles their
-- vectors tell what all questions of a language have in common. The program fills them in.
CREATE TABLE asked_questions (
    lang  text NOT NULL,
    hash  bytea NOT NULL,                  -- of input; embedded as a question (side 0)
    input text NOT NULL,
    PRIMARY KEY (lang, hash)
);

-- A sentence is embedded under its article's title: by itself, "It takes 14 days" is about nothing.
UPDATE embedding_units u SET input = t.input, hash = substring(sha256(convert_to(t.input, 'UTF8')) FROM 1 FOR 16)
FROM (
    SELECT u.passage_id, u.n, v.title || E'\n' || u.input AS input
    FROM embedding_units u
    JOIN passages p ON p.id = u.passage_id
    JOIN article_versions v ON (v.article_id, v.number) = (p.article_id, p.version)
    WHERE u.kind = 2) t
WHERE (u.passage_id, u.kind, u.n) = (t.passage_id, 2, t.n);

-- Fewer passages are asked of each leg: the walk through the index need not be so wide.
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

-- All passages of a translation group are measured together.
CREATE INDEX passage_vectors_by_group ON passage_vectors (group_id);

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION near_vectors(of_model text, of_means integer, question halfvec, raw halfvec, reader integer, within text, wanted integer)
RETURNS TABLE (passage_id text, article_id text, group_id text, lang text, kind smallint, distance float8, lift float8)
STABLE ROWS 300 LANGUAGE plpgsql SET enable_sort = on AS $$
BEGIN
    PERFORM set_config('hnsw.ef_search', '350', true), set_config('hnsw.iterative_scan', 'strict_order', true),
        set_config('enable_sort', CASE WHEN within = '' THEN 'off' ELSE 'on' END, true);
    RETURN QUERY EXECUTE format(
        'SELECT passage_id, article_id, group_id, lang, kind, centred::halfvec(%1$s) <#> $1, length * -(centred <#> $2)
        FROM passage_vectors WHERE model = %2$L AND means = %3$s AND audience <= %4$s %5$s
        ORDER BY centred::halfvec(%1$s) <#> $1 LIMIT %6$s',
        vector_dims(question), of_model, of_means, reader,
        CASE WHEN within <> '' THEN format('AND collection = %L', within) END, wanted) USING question, raw;
END $$;
-- +goose StatementEnd
DROP INDEX passage_vectors_by_group;
UPDATE embedding_units u SET input = t.input, hash = substring(sha256(convert_to(t.input, 'UTF8')) FROM 1 FOR 16)
FROM (
    SELECT u.passage_id, u.n, substring(u.input FROM char_length(v.title) + 2) AS input
    FROM embedding_units u
    JOIN passages p ON p.id = u.passage_id
    JOIN article_versions v ON (v.article_id, v.number) = (p.article_id, p.version)
    WHERE u.kind = 2) t
WHERE (u.passage_id, u.kind, u.n) = (t.passage_id, 2, t.n);
DROP TABLE asked_questions;
