-- +goose Up
-- Conversations, their entries, and the tickets that stand on them.

CREATE TABLE agents (
    id         uuid PRIMARY KEY,
    email      text NOT NULL CONSTRAINT agents_email UNIQUE CHECK (email = lower(email)),
    name       text NOT NULL DEFAULT '',
    role       text NOT NULL CONSTRAINT agents_role CHECK (role IN ('agent','editor','admin')),
    disabled   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One thread. next numbers are handed out under the row's lock, so both sequences are gap-free.
CREATE TABLE conversations (
    id         uuid PRIMARY KEY,
    lang       text NOT NULL,
    site       text NOT NULL DEFAULT '',
    owner      text NOT NULL DEFAULT 'assistant' CONSTRAINT conversations_owner CHECK (owner IN ('assistant','queue','human','closed')),
    epoch      integer NOT NULL DEFAULT 0,
    seq        bigint NOT NULL DEFAULT 0,  -- of the last entry
    pub_seq    bigint NOT NULL DEFAULT 0,  -- of the last entry that members may see
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entries (
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq             bigint NOT NULL,
    pub_seq         bigint,                -- null: staff only
    kind            text NOT NULL CONSTRAINT entries_kind CHECK (kind IN ('message','note','answer','status')),
    author          text NOT NULL CONSTRAINT entries_author CHECK (author IN ('member','assistant','agent','system')),
    agent_id        uuid REFERENCES agents (id),
    channel         text NOT NULL DEFAULT 'web',
    client_id       text,
    body            text NOT NULL,
    data            jsonb,                 -- an answer's citations, a status change's from and to
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, seq),
    CONSTRAINT entries_note CHECK (kind <> 'note' OR pub_seq IS NULL)
);
CREATE UNIQUE INDEX entries_pub_seq ON entries (conversation_id, pub_seq) WHERE pub_seq IS NOT NULL;
CREATE UNIQUE INDEX entries_client_id ON entries (conversation_id, author, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE tickets (
    id              uuid PRIMARY KEY,
    ref             text NOT NULL CONSTRAINT tickets_ref UNIQUE CHECK (ref ~ '^G-[0-9A-HJKMNP-TV-Z]{5}$'),
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    client_id       text NOT NULL CONSTRAINT tickets_client_id UNIQUE,  -- of the handoff that made it
    status          text NOT NULL DEFAULT 'new' CONSTRAINT tickets_status CHECK (status IN
        ('new','open','waiting_member','waiting_third_party','solved','closed','spam','merged')),
    category        text NOT NULL,
    channel         text NOT NULL DEFAULT 'email',
    lang            text NOT NULL,
    subject         text NOT NULL,
    email           text NOT NULL,
    email_proven_at timestamptz,
    held_at         timestamptz,
    held_reason     text,
    promised_at     timestamptz,           -- first answer by; null while held (no clock runs)
    solved_at       timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tickets_held CHECK ((held_at IS NULL) = (held_reason IS NULL))
);
CREATE UNIQUE INDEX tickets_one_open ON tickets (conversation_id) WHERE status NOT IN ('closed','spam','merged');
-- One index for each list that agents look at, newest movement first.
CREATE INDEX tickets_list_open ON tickets (updated_at DESC, id DESC)
    WHERE held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_held ON tickets (updated_at DESC, id DESC)
    WHERE held_at IS NOT NULL AND status NOT IN ('closed','spam','merged');
CREATE INDEX tickets_list_solved ON tickets (updated_at DESC, id DESC) WHERE held_at IS NULL AND status = 'solved';
CREATE INDEX tickets_list_all ON tickets (updated_at DESC, id DESC) WHERE held_at IS NULL;

-- Tokens are 256 random bits; only their SHA-256 is kept.
CREATE TABLE tokens (
    hash       bytea PRIMARY KEY,
    purpose    text NOT NULL CONSTRAINT tokens_purpose CHECK (purpose IN
        ('session','conversation','ticket_link','address_proof','sign_in','api_key')),
    subject    text NOT NULL,              -- id of the agent, conversation or ticket it speaks for
    detail     text NOT NULL DEFAULT '',   -- an address proof: the address it was sent to
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX tokens_by_subject ON tokens (purpose, subject);

-- Mails that were promised. The Message-ID is fixed with the promise: a mail sent twice because
-- the process died at the wrong moment is the same mail to whoever receives it.
CREATE TABLE mails (
    id         uuid PRIMARY KEY,
    message_id text NOT NULL CONSTRAINT mails_message_id UNIQUE,
    kind       text NOT NULL CONSTRAINT mails_kind CHECK (kind IN ('confirmation','reply')),
    ticket_id  uuid REFERENCES tickets (id) ON DELETE CASCADE,
    entry_seq  bigint,                     -- the entry that a reply announces
    recipient  text NOT NULL,
    lang       text NOT NULL,
    state      text NOT NULL DEFAULT 'queued' CONSTRAINT mails_state CHECK (state IN ('queued','sent','failed','withheld')),
    cause      text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz
);
CREATE INDEX mails_by_recipient ON mails (lower(recipient), created_at);
CREATE INDEX mails_by_kind ON mails (kind, created_at);
CREATE UNIQUE INDEX mails_one_reply ON mails (ticket_id, entry_seq) WHERE kind = 'reply';

-- Where mail goes while no SMTP server is set; admins read it at a page.
CREATE TABLE local_mailbox (
    message_id text PRIMARY KEY,
    recipient  text NOT NULL,
    subject    text NOT NULL,
    raw        bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Keys that sign what is not a token; wrapped by GUICHET_SECRET.
CREATE TABLE settings (
    key   text PRIMARY KEY,
    value jsonb NOT NULL
);

-- +goose Down
DROP TABLE settings, local_mailbox, mails, tokens, tickets, entries, conversations, agents;
