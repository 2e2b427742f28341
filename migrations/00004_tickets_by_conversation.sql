-- +goose Up
-- Whoever holds a conversation asks for the ticket that stands on it, again and again.
CREATE INDEX tickets_by_conversation ON tickets (conversation_id, created_at DESC);

-- +goose Down
DROP INDEX tickets_by_conversation;
