package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Account is an agent with what signs them in.
type Account struct {
	support.Agent
	Password string  // argon2id, as a PHC string; "" before one is set
	Lang     kb.Lang // French or English; "" where they never chose
	Invited  bool    // there is an invitation that can still be used
}

// Session is one place where somebody is signed in.
type Session struct {
	Hash    []byte
	Since   time.Time
	Network string // a /24 or /64; "" for this machine
}

// Event is a line of the audit.
type Event struct {
	At      time.Time
	Agent   support.AgentID // who; "" for a command on this machine
	Subject support.AgentID // to whom
	Action  Action
	Detail  string // at most 200 characters
}

// Action is what an event tells of.
type Action string

// The actions.
const (
	ActionSignIn     Action = "sign_in"          // Detail: from where
	ActionSignInLink Action = "sign_in_by_link"  // Detail: from where
	ActionInvited    Action = "invited"          // Detail: as what
	ActionAccepted   Action = "invitation_taken" //
	ActionAskedReset Action = "reset_asked"      // Detail: from where
	ActionReset      Action = "password_reset"   // Detail: from where
	ActionPassword   Action = "password_changed" //
	ActionElsewhere  Action = "signed_out_elsewhere"
	ActionRole       Action = "role_changed" // Detail: old and new
	ActionDisabled   Action = "disabled"
	ActionEnabled    Action = "enabled"
)

// Tx is what one change of an account does to the tables.
type Tx interface {
	SaveAgent(ctx context.Context, a support.Agent) (support.AgentID, error)
	// LockAccount reads an agent and locks the row; NotFound.
	LockAccount(ctx context.Context, id support.AgentID) (Account, error)
	// LockAdmins locks the rows of the admins who are not disabled.
	LockAdmins(ctx context.Context) ([]support.AgentID, error)
	// UpdateAccount changes name, role, disabled, password and language.
	UpdateAccount(ctx context.Context, a Account) error
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error)
	// RevokeTokens ends every token of the purpose and subject but one; "" spares none.
	RevokeTokens(ctx context.Context, p support.Purpose, subject string, but support.Token, now time.Time) error
	CountMails(ctx context.Context, kind support.MailKind, recipient string, since time.Time) (to, all int, err error)
	CreateMail(ctx context.Context, m support.Mail) error
	Enqueue(ctx context.Context, job interface{ Kind() string }) error
	Audit(ctx context.Context, e Event) error
}

// Mailer and Links are as in handoff.
type (
	Mailer interface {
		Send(ctx context.Context, l support.Letter) error
	}
	Links interface {
		// Invitation and Reset are the pages behind the letters of these names.
		Invitation(t support.Token) string
		Reset(t support.Token) string
	}
)

// SendAccountMail is the job that sends an invitation, or the link to a lost password.
type SendAccountMail struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (SendAccountMail) Kind() string { return "send_account_mail" }

const maxName = 80

// cleanName is a person's name on one line; a problem names the field.
func cleanName(s string) (string, error) {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if n := utf8.RuneCountInString(s); n > maxName {
		return "", problem.InvalidField("name", "problem.too_long").With("max", maxName).With("n", n)
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", problem.InvalidField("name", "desk.settings.wrong_name")
	}
	return s, nil
}

func checkRole(r support.Role) error {
	switch r {
	case support.RoleAgent, support.RoleEditor, support.RoleAdmin:
		return nil
	}
	return problem.InvalidField("role", "problem.role")
}

// joined is every wrong field of the errors as one problem; nil for none. An error of another kind
// comes first.
func joined(errs ...error) error {
	var fields []problem.Field
	for _, err := range errs {
		var p *problem.Error
		switch {
		case err == nil:
		case errors.As(err, &p) && len(p.Fields) > 0:
			fields = append(fields, p.Fields...)
		default:
			return err
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: fields}
}

// Lang is the language in which the desk speaks to an agent: what they chose, else the help center's
// own where the desk speaks it, else English.
func (s *Service) Lang(a Account) kb.Lang {
	if a.Lang != "" {
		return a.Lang
	}
	if s.c.Lang != nil && s.c.Lang() == kb.French {
		return kb.French
	}
	return kb.English
}

// Accounts lists everybody who works here, for admins.
func (s *Service) Accounts(ctx context.Context, actor support.Actor) (as []Account, err error) {
	defer problem.Wrap(&err, "auth.Accounts")
	if !actor.IsAdmin() {
		return nil, problem.New(problem.Forbidden, "")
	}
	return s.c.Store.Accounts(ctx, s.c.Now())
}

// Account is the actor's own.
func (s *Service) Account(ctx context.Context, actor support.Actor) (a Account, sessions []Session, err error) {
	defer problem.Wrap(&err, "auth.Account")
	if !actor.IsStaff() || actor.Agent.ID == "" {
		return a, nil, problem.New(problem.Forbidden, "")
	}
	if a, err = s.c.Store.FindAccount(ctx, actor.Agent.Email); err != nil {
		return a, nil, err
	}
	sessions, err = s.c.Store.Sessions(ctx, a.ID, s.c.Now())
	return a, sessions, err
}

// Invite adds a person and promises them a letter with a link, in one transaction; somebody who has
// not taken an earlier invitation gets another, with the name and role of this one. Errors: Invalid
// names every wrong field; Conflict for somebody who has a password already, or is disabled; TooMany
// for an address that had three letters within the hour.
func (s *Service) Invite(ctx context.Context, actor support.Actor, email, name string, role support.Role) (err error) {
	defer problem.Wrap(&err, "auth.Invite")
	if !actor.IsAdmin() {
		return problem.New(problem.Forbidden, "")
	}
	email, wrongEmail := support.CheckEmail(strings.ToLower(email))
	name, wrongName := cleanName(name)
	if err := joined(wrongEmail, wrongName, checkRole(role)); err != nil {
		return err
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		now := s.c.Now()
		to, _, err := tx.CountMails(ctx, support.MailInvitation, email, now.Add(-time.Hour))
		if err != nil {
			return err
		}
		if to >= support.MaxReset {
			return &problem.Error{Kind: problem.TooMany, Key: "problem.too_many_mails", RetryAfter: time.Hour}
		}
		a, err := s.invited(ctx, tx, actor, email, name, role)
		if err != nil {
			return err
		}
		return s.promise(ctx, tx, support.MailInvitation, a)
	})
}

// InviteLink is Invite by a command on this machine: it returns the token of the link instead of
// sending it. Somebody who has a password already has their role changed; the token is "" then.
func (s *Service) InviteLink(ctx context.Context, email, name string, role support.Role) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.InviteLink")
	email, wrongEmail := support.CheckEmail(strings.ToLower(email))
	name, wrongName := cleanName(name)
	if err := joined(wrongEmail, wrongName, checkRole(role)); err != nil {
		return "", err
	}
	err = s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		t = ""
		a, err := s.invited(ctx, tx, support.Actor{}, email, name, role)
		if problem.Is(err, problem.Conflict) && !a.Disabled {
			return s.audit(ctx, tx, support.Actor{}, a.ID, ActionRole, string(role))
		}
		if err != nil {
			return err
		}
		t = support.NewToken()
		return tx.SaveToken(ctx, support.PurposeInvitation, t, string(a.ID), "", s.c.Now().Add(support.InvitationTTL))
	})
	return t, err
}

// invited makes or changes the agent that is invited. A Conflict comes with the account that is there.
func (s *Service) invited(ctx context.Context, tx Tx, actor support.Actor, email, name string, role support.Role) (Account, error) {
	id, err := tx.SaveAgent(ctx, support.Agent{ID: support.NewID[support.AgentID](), Email: email, Name: name, Role: role})
	if err != nil {
		return Account{}, err
	}
	a, err := tx.LockAccount(ctx, id)
	switch {
	case err != nil:
		return a, err
	case a.Disabled:
		return a, problem.New(problem.Conflict, "desk.accounts.is_disabled")
	case a.Password != "":
		return a, problem.New(problem.Conflict, "desk.accounts.exists")
	}
	return a, s.audit(ctx, tx, actor, a.ID, ActionInvited, string(role))
}

// promise keeps a letter to an agent and its job.
func (s *Service) promise(ctx context.Context, tx Tx, kind support.MailKind, a Account) error {
	id := support.NewID[support.MailID]()
	if err := tx.CreateMail(ctx, support.Mail{ID: id, MessageID: string(id) + "@" + s.c.MailDomain, Kind: kind,
		Agent: a.ID, Recipient: a.Email, Lang: s.Lang(a), State: "queued"}); err != nil {
		return err
	}
	return tx.Enqueue(ctx, SendAccountMail{Mail: id})
}

func (s *Service) audit(ctx context.Context, tx Tx, actor support.Actor, subject support.AgentID, what Action, detail string) error {
	e := Event{At: s.c.Now(), Subject: subject, Action: what, Detail: detail}
	if actor.Agent != nil {
		e.Agent = actor.Agent.ID
	}
	return tx.Audit(ctx, e)
}

// Deliver sends a promised letter to an agent; see handoff.Deliver on running twice. A second copy
// carries another token: whichever is used ends the other.
func (s *Service) Deliver(ctx context.Context, id support.MailID) (err error) {
	defer problem.Wrap(&err, "auth.Deliver(%s)", id)
	m, a, err := s.c.Store.FindAccountMail(ctx, id)
	if err != nil || m.State != "queued" {
		return err
	}
	if a.Disabled || m.Kind == support.MailInvitation && a.Password != "" {
		return s.c.Store.MarkMail(ctx, id, "withheld", "no longer wanted")
	}
	t := support.NewToken()
	purpose, link, ttl := support.PurposeInvitation, s.c.Links.Invitation(t), support.InvitationTTL
	if m.Kind == support.MailReset {
		purpose, link, ttl = support.PurposeReset, s.c.Links.Reset(t), support.ResetTTL
	}
	if err := s.c.Store.SaveToken(ctx, purpose, t, string(a.ID), "", s.c.Now().Add(ttl)); err != nil {
		return err
	}
	failpoint.At(failpoint.MailBeforeSend)
	err = s.c.Mailer.Send(ctx, support.Letter{Kind: m.Kind, MessageID: m.MessageID, To: m.Recipient, Lang: m.Lang, Link: link})
	if problem.Is(err, problem.Invalid) {
		return s.c.Store.MarkMail(ctx, id, "failed", err.Error())
	}
	if err != nil {
		return err
	}
	failpoint.At(failpoint.MailSent)
	return s.c.Store.MarkMail(ctx, id, "sent", "")
}

// GiveUp notes that a promised letter could not be sent, after the last try.
func (s *Service) GiveUp(ctx context.Context, id support.MailID, cause error) error {
	return s.c.Store.MarkMail(ctx, id, "failed", cause.Error())
}

// SetRole changes what somebody may do, for admins; not their own (Conflict), so that one is left.
func (s *Service) SetRole(ctx context.Context, actor support.Actor, id support.AgentID, role support.Role) (err error) {
	defer problem.Wrap(&err, "auth.SetRole(%s)", id)
	return s.change(ctx, actor, id, func(ctx context.Context, tx Tx, a *Account) error {
		if err := checkRole(role); err != nil || a.Role == role {
			return err
		}
		was := a.Role
		a.Role = role
		return s.audit(ctx, tx, actor, id, ActionRole, string(was)+" → "+string(role))
	})
}

// SetDisabled lets somebody in no more, or again, for admins; not themselves (Conflict). Who is
// disabled loses every session and link at once, and gets none back.
func (s *Service) SetDisabled(ctx context.Context, actor support.Actor, id support.AgentID, disabled bool) (err error) {
	defer problem.Wrap(&err, "auth.SetDisabled(%s)", id)
	return s.change(ctx, actor, id, func(ctx context.Context, tx Tx, a *Account) error {
		if a.Disabled == disabled {
			return nil
		}
		a.Disabled = disabled
		if !disabled {
			return s.audit(ctx, tx, actor, id, ActionEnabled, "")
		}
		if err := s.revoke(ctx, tx, id, "", support.PurposeSession, support.PurposeSignIn, support.PurposeInvitation, support.PurposeReset); err != nil {
			return err
		}
		return s.audit(ctx, tx, actor, id, ActionDisabled, "")
	})
}

// change does something to somebody else's account. The admins' rows are locked first, so that two
// admins who take each other's role leave one.
func (s *Service) change(ctx context.Context, actor support.Actor, id support.AgentID, do func(context.Context, Tx, *Account) error) error {
	if !actor.IsAdmin() {
		return problem.New(problem.Forbidden, "")
	}
	if actor.Agent.ID == id {
		return problem.New(problem.Conflict, "desk.accounts.own")
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		admins, err := tx.LockAdmins(ctx)
		if err != nil {
			return err
		}
		if actor.Agent.ID != "" && !slices.Contains(admins, actor.Agent.ID) { // no longer
			return problem.New(problem.Forbidden, "")
		}
		a, err := tx.LockAccount(ctx, id)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, &a); err != nil {
			return err
		}
		return tx.UpdateAccount(ctx, a)
	})
}

func (s *Service) revoke(ctx context.Context, tx Tx, id support.AgentID, but support.Token, purposes ...support.Purpose) error {
	for _, p := range purposes {
		if err := tx.RevokeTokens(ctx, p, string(id), but, s.c.Now()); err != nil {
			return err
		}
	}
	return nil
}
