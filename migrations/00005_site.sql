-- +goose Up
-- What admins decide about the help center: every version of it, with who and when. The newest
-- holds. Two who save at once want the same number, and the second is told.

CREATE TABLE site_versions (
    version    bigint PRIMARY KEY CHECK (version > 0),
    choices    jsonb NOT NULL,
    password   text NOT NULL DEFAULT '',   -- of the mail server, sealed; of the newest version alone
    agent_id   uuid REFERENCES agents (id),
    created_at timestamptz NOT NULL
);

CREATE TABLE site_logos (
    hash       text PRIMARY KEY,
    png        bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE site_logos, site_versions;
