-- +goose Up
-- What a request brings and where it goes: whose it is, what it is about, the fields of its category,
-- the team, and the clocks of what was promised.

ALTER TABLE tickets
    ADD member_id    uuid REFERENCES members (id) ON DELETE SET NULL, -- null: a guest's
    ADD team_id      text NOT NULL DEFAULT 'support' REFERENCES teams (id),
    ADD priority     text NOT NULL DEFAULT 'normal' CONSTRAINT tickets_priority CHECK (priority IN ('urgent','high','normal','low')),
    ADD subject_type text NOT NULL DEFAULT '' CONSTRAINT tickets_subject CHECK (subject_type IN ('','order','object')),
    ADD subject_id   text NOT NULL DEFAULT '',
    ADD fields       jsonb NOT NULL DEFAULT '{}', -- the category's, by key, in the form they are kept
    -- support.SLAClock; promised_at is its FirstDue.
    ADD sla_started_at           timestamptz,
    ADD sla_first_paused_at      timestamptz,
    ADD sla_first_at             timestamptz,
    ADD sla_resolution_due       timestamptz,
    ADD sla_resolution_paused_at timestamptz,
    ADD sla_resolved_at          timestamptz,
    ADD sla_ended                boolean NOT NULL DEFAULT false,
    ADD due_at       timestamptz NOT NULL DEFAULT 'infinity'; -- by when the next of it is owed, while its clock runs

UPDATE tickets t SET team_id = c.team_id, priority = c.priority FROM categories c WHERE c.key = t.category;
UPDATE tickets t SET member_id = c.member_id, subject_type = c.subject_type, subject_id = c.subject_id
FROM conversations c WHERE c.id = t.conversation_id AND c.member_id IS NOT NULL;
-- The clocks of before knew one promise, and no pause.
UPDATE tickets t SET sla_started_at = created_at, sla_first_at = (
        SELECT min(e.created_at) FROM entries e
        WHERE e.conversation_id = t.conversation_id AND e.author = 'agent' AND e.kind = 'message'),
    sla_resolved_at = solved_at, sla_ended = status = 'merged'
WHERE promised_at IS NOT NULL;
UPDATE tickets SET due_at = promised_at
WHERE promised_at IS NOT NULL AND sla_first_at IS NULL AND status IN ('new','open','waiting_third_party');
UPDATE tickets SET sla_first_paused_at = COALESCE(solved_at, updated_at)
WHERE promised_at IS NOT NULL AND sla_first_at IS NULL AND status IN ('waiting_member','solved','closed','spam');

-- What a member has asked, newest movement first.
CREATE INDEX tickets_by_member ON tickets (member_id, updated_at DESC, id DESC) WHERE member_id IS NOT NULL;
-- Work is listed by when it is owed; whoever sees some teams alone is counted in the same index.
DROP INDEX tickets_list_open, tickets_list_mine, tickets_list_unassigned;
CREATE INDEX tickets_list_open ON tickets (due_at, id) INCLUDE (team_id)
    WHERE held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_mine ON tickets (assignee_id, due_at, id) INCLUDE (team_id)
    WHERE held_at IS NULL AND assignee_id IS NOT NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_unassigned ON tickets (due_at, id) INCLUDE (team_id)
    WHERE held_at IS NULL AND assignee_id IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');

-- +goose Down
DROP INDEX tickets_by_member, tickets_list_open, tickets_list_mine, tickets_list_unassigned;
CREATE INDEX tickets_list_open ON tickets (updated_at DESC, id DESC)
    WHERE held_at IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_mine ON tickets (assignee_id, updated_at DESC, id DESC)
    WHERE held_at IS NULL AND assignee_id IS NOT NULL AND status IN ('new','open','waiting_member','waiting_third_party');
CREATE INDEX tickets_list_unassigned ON tickets (updated_at DESC, id DESC)
    WHERE held_at IS NULL AND assignee_id IS NULL AND status IN ('new','open','waiting_member','waiting_third_party');
ALTER TABLE tickets DROP due_at, DROP sla_ended, DROP sla_resolved_at, DROP sla_resolution_paused_at, DROP sla_resolution_due,
    DROP sla_first_at, DROP sla_first_paused_at, DROP sla_started_at, DROP fields, DROP subject_id, DROP subject_type,
    DROP priority, DROP team_id, DROP member_id;
