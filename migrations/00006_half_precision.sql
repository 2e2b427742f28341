-- +goose Up
-- What the vector search reads, in half precision: half the pages to walk, and neighbours change places
-- only where they are a ten-thousandth apart. What is told of a hit stands in its row, so that none but
-- the passages that their title alone brought in need be looked up: the group and language, and how
-- long the vector was before it was normalised, from which the raw cosine follows.
ALTER TABLE passage_vectors RENAME TO passage_vectors_before;
ALTER TABLE passage_vectors_before DROP CONSTRAINT passage_vectors_pkey;
DROP INDEX passage_vectors_by_article;
CREATE TABLE passage_vectors (
    model      text NOT NULL,
    means      integer NOT NULL,
    passage_id text NOT NULL,
    kind       smallint NOT NULL,          -- 0 the passage; 1 its article's title, on the first passage
    article_id text NOT NULL,
    group_id   text NOT NULL,
    lang       text NOT NULL,
    collection text NOT NULL,
    audience   smallint NOT NULL,
    hash       bytea NOT NULL,             -- of the unit
    fresh      boolean NOT NULL,           -- came after the means were taken
    length     real NOT NULL,              -- of the vector less its mean
    centred    halfvec NOT NULL            -- the same, of unit length
);
INSERT INTO passage_vectors
    SELECT v.model, v.means, v.passage_id, v.kind, v.article_id, p.group_id, p.lang, v.collection, v.audience, v.hash, v.fresh,
        vector_norm(coalesce(e.embedding - m.mean, e.embedding)), v.centred::halfvec
    FROM passage_vectors_before v
    JOIN passages p ON p.id = v.passage_id
    JOIN embeddings e ON (e.model, e.side, e.hash) = (v.model, 1 - v.kind, v.hash)
    LEFT JOIN vector_means m ON (m.model, m.version, m.side, m.lang) = (v.model, v.means, 1 - v.kind, p.lang);
DROP TABLE passage_vectors_before;
ALTER TABLE passage_vectors ADD PRIMARY KEY (model, means, passage_id, kind);
CREATE INDEX passage_vectors_by_article ON passage_vectors (article_id);
CREATE INDEX passage_vectors_by_collection ON passage_vectors (collection);

-- A large library has an approximate index for each model and version of the means, which knows neither
-- before it is there: its name says what it is of.
-- +goose StatementBegin
CREATE FUNCTION vector_index(model text, means integer) RETURNS text IMMUTABLE LANGUAGE sql AS
$$ SELECT 'passage_vectors_' || left(md5(model), 12) || '_' || means $$;
-- +goose StatementEnd

-- near_vectors reads the rows nearest to question by that index. The planner takes a partial index only
-- for a statement that names model and version outright, so the statement is written here, for one
-- use. For a collection the planner chooses, by its size: all rows of a small one are sooner compared
-- than it is found among the nearest of all. raw is the question before it was centred; lift is its
-- cosine with the row's text before that was centred, less the share of the mean.
-- +goose StatementBegin
CREATE FUNCTION near_vectors(of_model text, of_means integer, question halfvec, raw halfvec, reader integer, within text, wanted integer)
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

-- +goose Down
DROP FUNCTION near_vectors;
DROP TABLE passage_vectors;
DROP FUNCTION vector_index;
CREATE TABLE passage_vectors (
    model      text NOT NULL,
    means      integer NOT NULL,
    passage_id text NOT NULL,
    kind       smallint NOT NULL,
    article_id text NOT NULL,
    collection text NOT NULL,
    audience   smallint NOT NULL,
    hash       bytea NOT NULL,
    fresh      boolean NOT NULL,
    centred    vector NOT NULL,
    PRIMARY KEY (model, means, passage_id, kind)
);
CREATE INDEX passage_vectors_by_article ON passage_vectors (article_id);
UPDATE vector_models SET means = 0;        -- the next means write its rows anew
