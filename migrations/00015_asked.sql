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

-- All passages of a translation group are measured together.
CREATE INDEX passage_vectors_by_group ON passage_vectors (group_id);

-- +goose Down
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
