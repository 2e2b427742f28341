// Package auth says who acts: sign-in links, sessions and roles for the people who work here.
package auth

import (
	"context"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// Store keeps agents and tokens.
type Store interface {
	// SaveAgent creates an agent or changes name and role of the one with the same address; the id
	// of the one stored is returned.
	SaveAgent(ctx context.Context, a support.Agent) (support.AgentID, error)
	FindAgentByEmail(ctx context.Context, email string) (support.Agent, error)
	CountAgents(ctx context.Context) (int, error)
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	// SpendToken marks a token used; NotFound, or Gone if it is used, expired or revoked.
	SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error)
	// FindSession returns the agent whose session the token is; Unauthorized for any other token.
	FindSession(ctx context.Context, t support.Token, now time.Time) (support.Agent, error)
	RevokeToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) error
}

// Service knows people.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns a Service; now nil means time.Now.
func New(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store, now}
}

// AddAgent adds a person, or changes the role of one who is there.
func (s *Service) AddAgent(ctx context.Context, email, name string, role support.Role) (err error) {
	defer problem.Wrap(&err, "auth.AddAgent")
	email, err = support.CheckEmail(email)
	if err != nil {
		return err
	}
	switch role {
	case support.RoleAgent, support.RoleEditor, support.RoleAdmin:
	default:
		return problem.InvalidField("role", "problem.role")
	}
	_, err = s.store.SaveAgent(ctx, support.Agent{ID: support.NewID[support.AgentID](), Email: strings.ToLower(email), Name: name, Role: role})
	return err
}

// SignInToken returns a token that signs the agent in once, within the hour. NotFound if nobody has
// the address.
func (s *Service) SignInToken(ctx context.Context, email string) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.SignInToken")
	a, err := s.store.FindAgentByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if err != nil {
		return "", err
	}
	t = support.NewToken()
	return t, s.store.SaveToken(ctx, support.PurposeSignIn, t, string(a.ID), "", s.now().Add(support.SignInTTL))
}

// FirstAdmin makes the first admin where nobody works here yet and returns a sign-in token; "" where
// somebody does.
func (s *Service) FirstAdmin(ctx context.Context, email string) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.FirstAdmin")
	n, err := s.store.CountAgents(ctx)
	if err != nil || n > 0 {
		return "", err
	}
	if err := s.AddAgent(ctx, email, "", support.RoleAdmin); err != nil {
		return "", err
	}
	return s.SignInToken(ctx, email)
}

// SignIn spends a sign-in token and opens a session. NotFound; Gone for a used or expired token.
func (s *Service) SignIn(ctx context.Context, t support.Token) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.SignIn")
	agent, _, err := s.store.SpendToken(ctx, support.PurposeSignIn, t, s.now())
	if err != nil {
		return "", err
	}
	session = support.NewToken()
	return session, s.store.SaveToken(ctx, support.PurposeSession, session, agent, "", s.now().Add(support.SessionTTL))
}

// Session returns the agent of a session; Unauthorized for a token that is none.
func (s *Service) Session(ctx context.Context, session support.Token) (support.Agent, error) {
	return s.store.FindSession(ctx, session, s.now())
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, session support.Token) error {
	return s.store.RevokeToken(ctx, support.PurposeSession, session, s.now())
}
