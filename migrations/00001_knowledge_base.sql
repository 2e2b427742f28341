-- +goose Up
CREATE EXTENSION IF NOT EXISTS vector;

-- The knowledge base: articles, their immutable versions, and the live passages made of them.

CREATE TABLE collections (
    key          text PRIMARY KEY,
    position     integer NOT NULL DEFAULT 0,
    titles       jsonb NOT NULL DEFAULT '{}',
    descriptions jsonb NOT NULL DEFAULT '{}'
);

-- A translation group: the same article in several languages. The collection belongs to the group.
CREATE TABLE article_groups (
    id         text PRIMARY KEY CONSTRAINT article_groups_id CHECK (id ~ '^[A-Za-z0-9._/-]{1,200}$'),
    collection text NOT NULL DEFAULT ''
);

CREATE TABLE articles (
    id           text PRIMARY KEY CONSTRAINT articles_id CHECK (id ~ '^[A-Za-z0-9._/-]{1,200}$'),
    group_id     text NOT NULL REFERENCES article_groups (id),
    lang         text NOT NULL CONSTRAINT articles_lang CHECK (lang IN ('en','es','it','fr','nl','de','zh','pt','pl')),
    slug         text NOT NULL CONSTRAINT articles_slug CHECK (slug <> ''),  -- of the live version, else of the latest
    status       text NOT NULL DEFAULT 'draft' CONSTRAINT articles_status CHECK (status IN ('draft','published','unpublished')),
    latest       integer NOT NULL DEFAULT 0,  -- highest version number
    live         integer,                     -- version that members read; null unless published
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),  -- of the live text as members see it
    published_at timestamptz,
    CONSTRAINT articles_group_lang UNIQUE (group_id, lang),
    CONSTRAINT articles_live CHECK ((status = 'published') = (live IS NOT NULL))
);
CREATE INDEX articles_by_status ON articles (status, lang);

CREATE TABLE article_versions (
    article_id text NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    number     integer NOT NULL CONSTRAINT article_versions_number CHECK (number >= 1),
    title      text NOT NULL,
    body       text NOT NULL,
    audience   smallint NOT NULL CONSTRAINT article_versions_audience CHECK (audience BETWEEN 0 AND 2),
    slug       text NOT NULL,              -- becomes the article's when this version goes live
    author     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (article_id, number)
);

-- Every slug an article ever had; the old ones redirect to articles.slug.
CREATE TABLE article_slugs (
    lang       text NOT NULL,
    slug       text NOT NULL,
    article_id text NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (lang, slug)
);

-- The passages of live versions only: publishing replaces them, unpublishing deletes them, so
-- what is not here cannot be cited.
CREATE TABLE passages (
    id         text PRIMARY KEY,
    article_id text NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version    integer NOT NULL,
    position   integer NOT NULL,
    group_id   text NOT NULL,
    lang       text NOT NULL,
    collection text NOT NULL,
    audience   smallint NOT NULL,
    headings   text[] NOT NULL,
    anchor     text NOT NULL,
    text       text NOT NULL,
    sentences  jsonb NOT NULL,             -- [[start, end, block, kind, list], …] in bytes of text
    hash       bytea NOT NULL,             -- kb.Passage.Hash
    CONSTRAINT passages_position UNIQUE (article_id, position) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX passages_by_group ON passages (group_id);

-- What has to be embedded of the live passages: kind 0 the passage, 1 its article's title (asked
-- as a question; on the first passage only), 2 its sentences. side 0 is embedded as a question,
-- 1 as a passage.
CREATE TABLE embedding_units (
    passage_id text NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    kind       smallint NOT NULL CONSTRAINT embedding_units_kind CHECK (kind BETWEEN 0 AND 2),
    n          integer NOT NULL,
    side       smallint NOT NULL CONSTRAINT embedding_units_side CHECK (side BETWEEN 0 AND 1),
    lang       text NOT NULL,
    hash       bytea NOT NULL,             -- of input
    input      text NOT NULL,
    PRIMARY KEY (passage_id, kind, n)
);
CREATE INDEX embedding_units_by_hash ON embedding_units (hash, side);

-- Vectors by what was embedded: an unchanged text is never embedded twice, and a draft's texts can
-- be embedded before it is published.
CREATE TABLE embeddings (
    model     text NOT NULL,               -- with its dimensions; different models are never compared
    side      smallint NOT NULL,
    hash      bytea NOT NULL,
    embedding vector NOT NULL,
    PRIMARY KEY (model, side, hash)
);

-- Mean vectors by side and language, versioned: of titles (side 0) and of passages (side 1).
-- Subtracting them removes e5's preference for articles in the question's own language. A language
-- with few texts, or none, leans on the mean over all of them.
CREATE TABLE vector_means (
    model   text NOT NULL,
    version integer NOT NULL,
    side    smallint NOT NULL,
    lang    text NOT NULL,                 -- one of the nine, or '' for the mean over all of them
    texts   integer NOT NULL,              -- how many vectors it was taken from
    mean    vector NOT NULL,
    PRIMARY KEY (model, version, side, lang)
);
CREATE TABLE vector_models (
    model   text PRIMARY KEY,
    means   integer NOT NULL DEFAULT 0     -- current version in vector_means; 0 before the first
);

-- What the vector search reads: centred, normalised vectors, with the columns that it filters by, so
-- that an exact scan reads this table alone. The next version of the means gets its rows beside those
-- of the current one, then vector_models.means switches. There is no reference to passages: building a
-- version locks none of them, and what changes passages changes their rows here in the same
-- transaction. Sentences have none: only those of the best passages are compared, from embeddings.
CREATE TABLE passage_vectors (
    model      text NOT NULL,
    means      integer NOT NULL,
    passage_id text NOT NULL,
    kind       smallint NOT NULL,          -- 0 the passage; 1 its article's title, on the first passage
    article_id text NOT NULL,
    collection text NOT NULL,
    audience   smallint NOT NULL,
    hash       bytea NOT NULL,             -- of the unit
    fresh      boolean NOT NULL,           -- came after the means were taken
    centred    vector NOT NULL,
    PRIMARY KEY (model, means, passage_id, kind)
);
CREATE INDEX passage_vectors_by_article ON passage_vectors (article_id);

-- One row, locked first by everything that changes articles, what is live, or its vectors: such
-- changes are short and take their turns. So sequence numbers are handed out in commit order, and an
-- index that has read up to n has missed nothing below n.
CREATE TABLE index_clock (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq  bigint NOT NULL DEFAULT 0
);
INSERT INTO index_clock DEFAULT VALUES;

-- The last change of each article that was ever live.
CREATE TABLE index_changes (
    article_id text PRIMARY KEY,           -- no reference: a deleted article is a change too
    seq        bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX index_changes_by_seq ON index_changes (seq);

CREATE TABLE article_feedback (
    id         uuid PRIMARY KEY,
    article_id text NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version    integer NOT NULL,
    visitor    bytea NOT NULL,             -- hash of a random cookie: one vote a visitor, changeable
    helpful    boolean NOT NULL,
    comment    text NOT NULL DEFAULT '' CONSTRAINT article_feedback_comment CHECK (char_length(comment) <= 2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT article_feedback_once UNIQUE (article_id, visitor)
);

-- Answers and what they were made from; deleted after GUICHET_KEEP_ANSWERS.
CREATE TABLE answers (
    id         uuid PRIMARY KEY,
    lang       text NOT NULL,
    question   text NOT NULL,
    outcome    text NOT NULL CONSTRAINT answers_outcome CHECK (outcome IN ('answered','clarify','unknown')),
    confidence real NOT NULL,
    answer     jsonb NOT NULL,             -- as it was given
    trace      jsonb NOT NULL,             -- what was found, measured, chosen; and how long it took
    cited      text[] NOT NULL,            -- groups of the articles cited
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX answers_by_age ON answers (created_at);

-- +goose Down
DROP TABLE answers, article_feedback, index_changes, index_clock, passage_vectors,
    vector_models, vector_means, embeddings, embedding_units, passages, article_slugs,
    article_versions, articles, article_groups, collections;
