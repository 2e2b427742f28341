-- +goose Up
-- Questions that went unanswered and that somebody has dealt with. The list itself is read from the
-- answers; a mark goes with its answer, and holds nothing of the question.
CREATE TABLE gaps_closed (
    answer_id uuid PRIMARY KEY REFERENCES answers (id) ON DELETE CASCADE,
    agent_id  uuid NOT NULL REFERENCES agents (id),
    closed_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE gaps_closed;
