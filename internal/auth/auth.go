// Package auth says who acts: accounts, passwords, sign-in links, sessions and roles for the people
// who work here.
package auth

import (
	"context"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Store keeps agents and tokens.
type Store interface {
	// SaveAgent creates an agent or changes name and role of the one with the same address; the id
	// of the one stored is returned.
	SaveAgent(ctx context.Context, a support.Agent) (support.AgentID, error)
	FindAgentByEmail(ctx context.Context, email string) (support.Agent, error)
	CountAgents(ctx context.Context) (int, error)
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	// FindSession returns the agent whose session the token is; Unauthorized for any other token.
	FindSession(ctx context.Context, t support.Token, now time.Time) (support.Agent, error)
	RevokeToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) error

	InAccounts(ctx context.Context, do func(context.Context, Tx) error) error
	// FindAccount returns the account with an address in lower case; NotFound.
	FindAccount(ctx context.Context, email string) (Account, error)
	// FindHolder returns the account that a token speaks for and spends nothing. NotFound, or Gone for
	// a token that is used, expired, revoked or of somebody disabled.
	FindHolder(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (Account, error)
	// Accounts lists all of them by name and address.
	Accounts(ctx context.Context, now time.Time) ([]Account, error)
	// Sessions lists where an agent is signed in, the newest first, at most fifty.
	Sessions(ctx context.Context, id support.AgentID, now time.Time) ([]Session, error)
	// FindAccountMail reads a promised mail with whose it is.
	FindAccountMail(ctx context.Context, id support.MailID) (support.Mail, Account, error)
	MarkMail(ctx context.Context, id support.MailID, state, cause string) error
}

// Config of a Service. Commands that send nothing leave all but Store out.
type Config struct {
	Store      Store
	Mailer     Mailer
	Links      Links
	MailDomain string           // right side of Message-IDs
	Lang       func() kb.Lang   // the help center's own; nil means English
	Derive     Derive           // nil means argon2id
	Now        func() time.Time // nil means time.Now
}

// Service knows people. Safe for concurrent use.
type Service struct {
	c      Config
	hasher *hasher
	tries  *backoff
}

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c: c, hasher: newHasher(c.Derive), tries: newBackoff()}
}

// AddAgent adds a person, or changes the role of one who is there.
func (s *Service) AddAgent(ctx context.Context, email, name string, role support.Role) (err error) {
	defer problem.Wrap(&err, "auth.AddAgent")
	email, err = support.CheckEmail(email)
	if err != nil {
		return err
	}
	if err := checkRole(role); err != nil {
		return err
	}
	_, err = s.c.Store.SaveAgent(ctx, support.Agent{ID: support.NewID[support.AgentID](), Email: strings.ToLower(email), Name: name, Role: role})
	return err
}

// SignInToken returns a token that signs the agent in once, within the hour. NotFound if nobody has
// the address.
func (s *Service) SignInToken(ctx context.Context, email string) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.SignInToken")
	a, err := s.c.Store.FindAgentByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if err != nil {
		return "", err
	}
	t = support.NewToken()
	return t, s.c.Store.SaveToken(ctx, support.PurposeSignIn, t, string(a.ID), "", s.c.Now().Add(support.SignInTTL))
}

// FirstAdmin makes the first admin where nobody works here yet and returns a sign-in token; "" where
// somebody does.
func (s *Service) FirstAdmin(ctx context.Context, email string) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.FirstAdmin")
	n, err := s.c.Store.CountAgents(ctx)
	if err != nil || n > 0 {
		return "", err
	}
	if err := s.AddAgent(ctx, email, "", support.RoleAdmin); err != nil {
		return "", err
	}
	return s.SignInToken(ctx, email)
}

// Session returns the agent of a session; Unauthorized for a token that is none.
func (s *Service) Session(ctx context.Context, session support.Token) (support.Agent, error) {
	return s.c.Store.FindSession(ctx, session, s.c.Now())
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, session support.Token) error {
	return s.c.Store.RevokeToken(ctx, support.PurposeSession, session, s.c.Now())
}
