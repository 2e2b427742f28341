-- +goose Up
-- What visitors say of answers. An answer is deleted after GUICHET_KEEP_ANSWERS because its question
-- may say something of who asked; a comment may as well, so it goes with its answer.
CREATE TABLE answer_feedback (
    id         uuid PRIMARY KEY,           -- version 7, a new one at each change: the list's order
    answer_id  uuid NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
    visitor    bytea NOT NULL,             -- hash of a random secret: one vote a visitor, changeable
    helpful    boolean NOT NULL,
    reasons    text[] NOT NULL DEFAULT '{}' CONSTRAINT answer_feedback_reasons
        CHECK (reasons <@ '{wrong,incomplete,off_topic,wrong_language}' AND (NOT helpful OR reasons = '{}')),
    comment    text NOT NULL DEFAULT '' CONSTRAINT answer_feedback_comment CHECK (char_length(comment) <= 2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT answer_feedback_once UNIQUE (answer_id, visitor)
);

-- +goose Down
DROP TABLE answer_feedback;
