-- +goose Up
-- Accounts of the people who work here: a password, a language, and what happened to whom. Tickets
-- that somebody has taken, and the mails that tell a team of a request and a member of a status.

ALTER TABLE agents
    ADD COLUMN password text NOT NULL DEFAULT '',  -- argon2id, as a PHC string; '' before one is set
    ADD COLUMN lang     text NOT NULL DEFAULT '' CONSTRAINT agents_lang CHECK (lang IN ('','fr','en'));

-- Tokens and mails get their kinds from several migrations: a list in one of them would undo the
-- others'. Which there are says internal/support.
ALTER TABLE tokens DROP CONSTRAINT tokens_purpose,
    ADD CONSTRAINT tokens_purpose CHECK (purpose ~ '^[a-z_]{1,40}$');
ALTER TABLE mails DROP CONSTRAINT mails_kind,
    ADD CONSTRAINT mails_kind CHECK (kind ~ '^[a-z_]{1,40}$'),
    ADD COLUMN agent_id uuid REFERENCES agents (id) ON DELETE CASCADE;  -- whose invitation or reset
CREATE UNIQUE INDEX mails_one_status ON mails (ticket_id, entry_seq) WHERE kind = 'status';

CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    agent_id uuid REFERENCES agents (id),  -- who did it; null: a command on this machine
    subject  uuid REFERENCES agents (id),  -- to whom
    action   text NOT NULL CHECK (action ~ '^[a-z_]{1,40}$'),
    detail   text NOT NULL DEFAULT '' CHECK (char_length(detail) <= 200)
);
CREATE INDEX audit_by_subject ON audit (subject, id DESC);

ALTER TABLE tickets ADD COLUMN assignee_id uuid REFERENCES agents (id);
CREATE INDEX tickets_list_mine ON tickets (assignee_id, updated_at DESC, id DESC)
    WHERE held_at IS NULL AND assignee_id IS NOT NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_unassigned ON tickets (updated_at DESC, id DESC)
    WHERE held_at IS NULL AND assignee_id IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');
-- What is to be closed, the longest solved first.
CREATE INDEX tickets_solved_at ON tickets (solved_at) WHERE status = 'solved';

-- +goose Down
DROP INDEX tickets_solved_at, tickets_list_unassigned, tickets_list_mine;
ALTER TABLE tickets DROP COLUMN assignee_id;
DROP TABLE audit;
DROP INDEX mails_one_status;
DELETE FROM mails WHERE kind NOT IN ('confirmation','reply');
ALTER TABLE mails DROP COLUMN agent_id, DROP CONSTRAINT mails_kind,
    ADD CONSTRAINT mails_kind CHECK (kind IN ('confirmation','reply'));
DELETE FROM tokens WHERE purpose IN ('invitation','password_reset');
ALTER TABLE tokens DROP CONSTRAINT tokens_purpose,
    ADD CONSTRAINT tokens_purpose CHECK (purpose IN
        ('session','conversation','ticket_link','address_proof','sign_in','api_key'));
ALTER TABLE agents DROP COLUMN lang, DROP COLUMN password;
