-- +goose Up
-- Files of conversations. Content stands in chunks of one size, so that one of any length is written
-- and read a piece at a time, and every node sees it.

CREATE TABLE blobs (
    id         uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE blob_chunks (
    blob_id uuid NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    n       integer NOT NULL,
    data    bytea NOT NULL,
    PRIMARY KEY (blob_id, n)
);
-- Pictures and recordings do not get smaller, and the try takes time.
ALTER TABLE blob_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE attachments (
    id              uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    entry_seq       bigint,                -- null until it is sent
    position        integer NOT NULL DEFAULT 0, -- among the files of its entry
    author          text NOT NULL CONSTRAINT attachments_author CHECK (author IN ('member','agent')),
    owner           text NOT NULL DEFAULT '',   -- the member whose budget it counts in; '' for a guest, or staff
    client_id       text NOT NULL,
    name            text NOT NULL,
    type            text NOT NULL,
    size            bigint NOT NULL,       -- while it is received: what it was let in for
    state           text NOT NULL CONSTRAINT attachments_state CHECK (state IN
        ('receiving','scanning','ready','refused','deleted')),
    scan            text NOT NULL CONSTRAINT attachments_scan CHECK (scan IN
        ('pending','clean','infected','not_scanned')),
    blob_id         uuid REFERENCES blobs (id) ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT attachments_client_id UNIQUE (conversation_id, author, client_id),
    FOREIGN KEY (conversation_id, entry_seq) REFERENCES entries (conversation_id, seq) ON DELETE CASCADE
);
CREATE INDEX attachments_unsent ON attachments (created_at) INCLUDE (size) WHERE entry_seq IS NULL;
CREATE INDEX attachments_by_owner ON attachments (owner) WHERE owner <> '';
CREATE INDEX attachments_by_blob ON attachments (blob_id);

-- +goose Down
DROP TABLE attachments, blob_chunks, blobs;
