-- +goose Up
-- Who the member is, and what their site tells of them.

-- Whom a site has vouched for, or who has proven an address here (site and external are then '').
CREATE TABLE members (
    id             uuid PRIMARY KEY,
    site           text NOT NULL DEFAULT '',   -- origin of the embedding site
    external       text NOT NULL DEFAULT '',   -- the site's own id: the token's sub
    email          text NOT NULL DEFAULT '',
    email_verified boolean NOT NULL DEFAULT false,
    name           text NOT NULL DEFAULT '',
    lang           text NOT NULL DEFAULT '',
    phone          text NOT NULL DEFAULT '',
    zone           text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_vouched CHECK ((site = '') = (external = '')),
    CONSTRAINT members_proven CHECK (site <> '' OR email_verified)
);
CREATE UNIQUE INDEX members_external ON members (site, external) WHERE site <> '';
CREATE UNIQUE INDEX members_signed_up ON members (lower(email)) WHERE site = '';

-- Keys by which a site's server signs its tokens. Several of a site live beside one another, so that
-- one can take over from the other.
CREATE TABLE identity_keys (
    kid        text PRIMARY KEY,
    site       text NOT NULL,
    alg        text NOT NULL CONSTRAINT identity_keys_alg CHECK (alg IN ('HS256','EdDSA')),
    key        text NOT NULL,              -- HS256: the secret, sealed; EdDSA: the public key, base64
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX identity_keys_by_site ON identity_keys (site);

-- Sites whose members' conversations open by a session alone, no longer by a token that a browser kept.
CREATE TABLE identity_enforced (
    site       text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The ids of tokens that were exchanged, until they expire by themselves.
CREATE TABLE identity_spent (
    kid        text NOT NULL REFERENCES identity_keys (kid) ON DELETE CASCADE,
    jti        bytea NOT NULL,             -- its SHA-256
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (kid, jti)
);
CREATE INDEX identity_spent_expired ON identity_spent (expires_at);

-- What the site's server tells of purchases, and of what it offers. Buyers and sellers are named by
-- the site's ids, whether they have been here or not.
CREATE TABLE orders (
    site       text NOT NULL,
    id         text NOT NULL,
    buyer      text NOT NULL,
    seller     text NOT NULL DEFAULT '',
    placed_at  timestamptz NOT NULL,
    what       jsonb NOT NULL,             -- number, titles, status, total, address, picture, facts
    search     text NOT NULL,              -- folded: number, titles, status
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, id)
);
CREATE INDEX orders_by_buyer ON orders (site, buyer, placed_at DESC, id);
CREATE INDEX orders_by_seller ON orders (site, seller, placed_at DESC, id) WHERE seller <> '';

CREATE TABLE objects (
    site       text NOT NULL,
    id         text NOT NULL,
    seller     text NOT NULL DEFAULT '',
    what       jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, id)
);

CREATE TABLE recently_viewed (
    site      text NOT NULL,
    member    text NOT NULL,               -- the site's id
    object    text NOT NULL,
    viewed_at timestamptz NOT NULL,
    PRIMARY KEY (site, member, object)
);

ALTER TABLE conversations
    ADD member_id    uuid REFERENCES members (id) ON DELETE SET NULL,
    ADD subject_type text NOT NULL DEFAULT '' CONSTRAINT conversations_subject CHECK (subject_type IN ('','order','object')),
    ADD subject_id   text NOT NULL DEFAULT '';
CREATE INDEX conversations_by_member ON conversations (member_id, created_at DESC) WHERE member_id IS NOT NULL;

-- What tokens are for is said by support.Purpose alone: a list here would have to be changed with it.
ALTER TABLE tokens DROP CONSTRAINT tokens_purpose;
ALTER TABLE tokens ADD CONSTRAINT tokens_purpose CHECK (purpose ~ '^[a-z_]+$');

-- +goose Down
DELETE FROM tokens WHERE purpose IN ('member_session');
ALTER TABLE conversations DROP subject_id, DROP subject_type, DROP member_id;
DROP TABLE recently_viewed, objects, orders, identity_spent, identity_enforced, identity_keys, members;
