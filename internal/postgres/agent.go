package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// A name that is not given again stays.
var saveAgent = query("save_agent", `
	INSERT INTO agents (id, email, name, role) VALUES (@id, @email, @name, @role)
	ON CONFLICT (email) DO UPDATE SET name = COALESCE(NULLIF(EXCLUDED.name, ''), agents.name), role = EXCLUDED.role
	RETURNING id`)

// SaveAgent creates an agent or changes the one with the same address; see auth.Store.
func (db *DB) SaveAgent(ctx context.Context, a support.Agent) (support.AgentID, error) {
	return upsertAgent(ctx, db.pool, a)
}

func upsertAgent(ctx context.Context, r runner, a support.Agent) (support.AgentID, error) {
	return one(ctx, r, saveAgent, args{"id": a.ID, "email": a.Email, "name": a.Name, "role": a.Role}, value[support.AgentID])
}

func scanAgent(row pgx.CollectableRow) (a support.Agent, err error) {
	return a, row.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Disabled)
}

var agentByEmail = query("agent_by_email", `
	SELECT id, email, name, role, disabled FROM agents WHERE email = @email`)

// FindAgentByEmail returns the agent with an address in lower case; NotFound.
func (db *DB) FindAgentByEmail(ctx context.Context, email string) (support.Agent, error) {
	return one(ctx, db.pool, agentByEmail, args{"email": email}, scanAgent)
}

var countAgents = query("count_agents", `SELECT count(*) FROM agents`)

// CountAgents returns how many people work here, the disabled ones included.
func (db *DB) CountAgents(ctx context.Context) (int, error) {
	return one(ctx, db.pool, countAgents, nil, value[int])
}

var agentBySession = query("agent_by_session", `
	SELECT a.id, a.email, a.name, a.role, a.disabled
	FROM tokens t JOIN agents a ON a.id::text = t.subject
	WHERE t.hash = @hash AND t.purpose = 'session' AND t.revoked_at IS NULL AND t.expires_at > @now AND NOT a.disabled`)

// FindSession returns the agent whose session a token is; Unauthorized for any other token, and for
// a disabled agent's.
func (db *DB) FindSession(ctx context.Context, t support.Token, now time.Time) (support.Agent, error) {
	a, err := one(ctx, db.pool, agentBySession, args{"hash": t.Hash(), "now": now}, scanAgent)
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "", err)
	}
	return a, err
}
