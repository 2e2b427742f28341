-- +goose Up
-- The members' space: their own requests, what they have read of them, and what follows what.

ALTER TABLE tickets
    ADD follows uuid REFERENCES tickets (id) ON DELETE SET NULL; -- the request that this one takes up again
CREATE INDEX tickets_following ON tickets (follows) WHERE follows IS NOT NULL;
-- Who has proven an address has asked what was asked, and proven, under it. A claimed one is in no list.
CREATE INDEX tickets_by_address ON tickets (email, updated_at DESC, id DESC) WHERE email_proven_at IS NOT NULL;

CREATE TABLE ticket_reads (
    ticket_id uuid NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    member_id uuid NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    pub_seq   bigint NOT NULL,             -- of the last entry that the member has had before their eyes
    PRIMARY KEY (ticket_id, member_id)
);

-- Mailboxes may tell upper from lower case in front of the @: two of them are two people's.
DROP INDEX members_signed_up;
CREATE UNIQUE INDEX members_signed_up ON members (email) WHERE site = '';

-- +goose Down
DELETE FROM tokens WHERE purpose IN ('member_sign_in', 'space_session');
DELETE FROM mails WHERE kind = 'member_sign_in';
DELETE FROM members m USING members o WHERE m.site = '' AND o.site = '' AND lower(m.email) = lower(o.email) AND m.id > o.id;
DROP INDEX members_signed_up;
CREATE UNIQUE INDEX members_signed_up ON members (lower(email)) WHERE site = '';
DROP TABLE ticket_reads;
DROP INDEX tickets_by_address, tickets_following;
ALTER TABLE tickets DROP follows;
