-- +goose Up
-- Guests' requests: the keys that sign challenges and the times of forms, and the proofs of work that
-- were spent.

-- A key ring: the newest signs, older ones still tell what they signed. Each is sealed by
-- GUICHET_SECRET; the id names it without telling anything of it.
CREATE TABLE signing_keys (
    id      text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{12}$'),
    sealed  text NOT NULL,
    made_at timestamptz NOT NULL
);

-- A solution is worth one request. Its row goes when it would have expired anyway.
CREATE TABLE spent_proofs (
    id         bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_proofs_by_expiry ON spent_proofs (expires_at);

-- +goose Down
DROP TABLE spent_proofs, signing_keys;
