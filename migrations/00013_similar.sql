-- +goose Up
-- What requests are about, as vectors: the duplicate guard compares a new one with its member's open
-- ones, and categories are learnt from past ones. Written after a request is released to its team; it
-- goes with its ticket. A change of the model writes rows beside the old ones.
CREATE TABLE request_vectors (
    ticket_id uuid NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    model     text NOT NULL,               -- with its dimensions; different models are never compared
    embedding vector NOT NULL,             -- of the first message, embedded as a question
    PRIMARY KEY (ticket_id, model)
);

-- What a member has open.
CREATE INDEX tickets_open_by_email ON tickets (lower(email), created_at DESC)
    WHERE email_proven_at IS NOT NULL AND held_at IS NULL
        AND status IN ('new','open','waiting_member','waiting_third_party');
-- The newest that were worked on, to learn from.
CREATE INDEX tickets_learnt ON tickets (created_at DESC, id DESC) WHERE held_at IS NULL AND status NOT IN ('spam','merged');

-- +goose Down
DROP TABLE request_vectors;
DROP INDEX tickets_open_by_email, tickets_learnt;
