-- +goose Up
-- Which version of an article was live when, so that an old answer can be made again from what members
-- read that day. Of the time before this table only what is live now is known.
CREATE TABLE publications (
    article_id     text NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version        integer NOT NULL,
    published_at   timestamptz NOT NULL,
    unpublished_at timestamptz,            -- null: live
    PRIMARY KEY (article_id, published_at)
);
CREATE UNIQUE INDEX publications_live ON publications (article_id) WHERE unpublished_at IS NULL;
INSERT INTO publications (article_id, version, published_at)
    SELECT id, live, updated_at FROM articles WHERE live IS NOT NULL;

-- Means are kept as long as the answers that were given with them.
ALTER TABLE vector_means ADD COLUMN since timestamptz NOT NULL DEFAULT now(); -- when searches began to read it

-- +goose Down
ALTER TABLE vector_means DROP COLUMN since;
DROP TABLE publications;
