package auth

import (
	"context"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Keys of the budgets. The address is as it was typed, known or not: both wait alike.
func tries(actor support.Actor, email string) (keys [3]string, budgets []budget) {
	keys = [3]string{"network " + actor.Network, "address " + email, "here " + actor.Network + " " + email}
	budgets = []budget{{keys[1], freeAddress}, {keys[2], freeHere}}
	if actor.Network != "" {
		budgets = append(budgets, budget{keys[0], freeNetwork})
	}
	return keys, budgets
}

// SignInByPassword opens a session. An address that nobody here has, a wrong password, an account
// without one and a disabled one get the same answer after the same work: Invalid, with the key
// desk.sign_in.wrong. TooMany, with the time to wait, after too many of them.
func (s *Service) SignInByPassword(ctx context.Context, actor support.Actor, email, password string) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.SignInByPassword")
	email = clip(strings.ToLower(strings.TrimSpace(email)), support.MaxEmail)
	keys, budgets := tries(actor, email)
	if err := s.tries.take(s.c.Now(), budgets...); err != nil {
		return "", err
	}
	a, err := s.c.Store.FindAccount(ctx, email)
	if err != nil && !problem.Is(err, problem.NotFound) {
		return "", err
	}
	ok, stale, err := s.hasher.verify(ctx, a.Password, password)
	if err != nil {
		return "", err
	}
	if !ok || a.Disabled {
		return "", problem.New(problem.Invalid, "desk.sign_in.wrong")
	}
	kept := a.Password
	if stale {
		if kept, err = s.hasher.hash(ctx, password); err != nil {
			return "", err
		}
	}
	err = s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		now, err := tx.LockAccount(ctx, a.ID)
		if err != nil {
			return err
		}
		if now.Disabled || now.Password != a.Password { // changed while this one was checked
			return problem.New(problem.Invalid, "desk.sign_in.wrong")
		}
		if stale {
			now.Password = kept
			if err := tx.UpdateAccount(ctx, now); err != nil {
				return err
			}
		}
		session, err = s.open(ctx, tx, actor, now, ActionSignIn)
		return err
	})
	if err == nil {
		s.tries.good(keys[0], keys[1], keys[2])
	}
	return session, err
}

// open opens a session for an agent.
func (s *Service) open(ctx context.Context, tx Tx, actor support.Actor, a Account, how Action) (support.Token, error) {
	t := support.NewToken()
	if err := tx.SaveToken(ctx, support.PurposeSession, t, string(a.ID), actor.Network, s.c.Now().Add(support.SessionTTL)); err != nil {
		return "", err
	}
	return t, s.audit(ctx, tx, support.Actor{Agent: &a.Agent}, a.ID, how, actor.Network)
}

// SignIn spends a sign-in token and opens a session. NotFound; Gone for a used or expired token, and
// for one of somebody who is disabled.
func (s *Service) SignIn(ctx context.Context, actor support.Actor, t support.Token) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.SignIn")
	err = s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		subject, _, err := tx.SpendToken(ctx, support.PurposeSignIn, t, s.c.Now())
		if err != nil {
			return err
		}
		a, err := s.enabled(ctx, tx, support.AgentID(subject))
		if err != nil {
			return err
		}
		session, err = s.open(ctx, tx, actor, a, ActionSignInLink)
		return err
	})
	return session, err
}

func (s *Service) enabled(ctx context.Context, tx Tx, id support.AgentID) (Account, error) {
	a, err := tx.LockAccount(ctx, id)
	if err == nil && a.Disabled {
		err = problem.New(problem.Gone, "problem.token_gone")
	}
	return a, err
}

// Holder is the agent whose invitation or reset a token is. It spends nothing. NotFound; Gone.
func (s *Service) Holder(ctx context.Context, p support.Purpose, t support.Token) (a Account, err error) {
	defer problem.Wrap(&err, "auth.Holder(%s)", p)
	return s.c.Store.FindHolder(ctx, p, t, s.c.Now())
}

// AcceptInvitation spends an invitation: the agent has a name and a password, and is signed in. The
// language is the one in which the desk will write to them. Errors: Invalid names every wrong field
// and spends nothing; NotFound; Gone.
func (s *Service) AcceptInvitation(ctx context.Context, actor support.Actor, t support.Token, name, password string, lang kb.Lang) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.AcceptInvitation")
	name, wrong := cleanName(name)
	if wrong == nil && name == "" {
		wrong = problem.InvalidField("name", "desk.accounts.name_missing")
	}
	return s.set(ctx, actor, support.PurposeInvitation, t, password, wrong, ActionAccepted, func(a *Account) {
		a.Name, a.Lang = name, deskLang(lang)
	})
}

// deskLang is one of the languages that the desk speaks.
func deskLang(l kb.Lang) kb.Lang {
	if l == kb.French {
		return l
	}
	return kb.English
}

// ResetPassword spends a reset: the agent has another password, every session of theirs ends, and
// they are signed in anew. Errors as of AcceptInvitation.
func (s *Service) ResetPassword(ctx context.Context, actor support.Actor, t support.Token, password string) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.ResetPassword")
	return s.set(ctx, actor, support.PurposeReset, t, password, nil, ActionReset, func(*Account) {})
}

// set spends a token that sets a password. Only the holder of a good token costs a hash.
func (s *Service) set(ctx context.Context, actor support.Actor, p support.Purpose, t support.Token, password string, wrong error, how Action, with func(*Account)) (session support.Token, err error) {
	holder, err := s.c.Store.FindHolder(ctx, p, t, s.c.Now())
	if err != nil {
		return "", err
	}
	if err := joined(wrong, CheckPassword(password, holder.Email)); err != nil {
		return "", err
	}
	kept, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		if _, _, err := tx.SpendToken(ctx, p, t, s.c.Now()); err != nil {
			return err
		}
		a, err := s.enabled(ctx, tx, holder.ID)
		if err != nil {
			return err
		}
		a.Password = kept
		with(&a)
		if err := tx.UpdateAccount(ctx, a); err != nil {
			return err
		}
		if err := s.revoke(ctx, tx, a.ID, "", support.PurposeSession, support.PurposeSignIn, support.PurposeInvitation, support.PurposeReset); err != nil {
			return err
		}
		session, err = s.open(ctx, tx, actor, a, how)
		return err
	})
	if err == nil {
		keys, _ := tries(actor, holder.Email)
		s.tries.good("", keys[1], keys[2])
	}
	return session, err
}

// maxResets is how many letters to lost passwords the site sends in an hour.
const maxResets = 100

// AskReset promises a letter with a link to whoever has lost a password. Whether somebody here has
// the address makes no difference to the answer: at most three times an hour, one row. Errors: Invalid
// for what is no address; TooMany for a network that asks again and again.
func (s *Service) AskReset(ctx context.Context, actor support.Actor, email string) (err error) {
	defer problem.Wrap(&err, "auth.AskReset")
	if email, err = support.CheckEmail(strings.ToLower(email)); err != nil {
		return err
	}
	now := s.c.Now()
	if actor.Network != "" {
		if err := s.tries.take(now, budget{"asks " + actor.Network, freeAsks}); err != nil {
			return err
		}
	}
	found, err := s.c.Store.FindAccount(ctx, email)
	if err != nil && !problem.Is(err, problem.NotFound) {
		return err
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		to, all, err := tx.CountMails(ctx, support.MailReset, email, now.Add(-time.Hour))
		if err != nil || found.ID == "" || found.Disabled || to >= support.MaxReset || all >= maxResets {
			return err
		}
		if err := s.promise(ctx, tx, support.MailReset, found); err != nil {
			return err
		}
		return s.audit(ctx, tx, support.Actor{}, found.ID, ActionAskedReset, actor.Network)
	})
}

// ChangePassword gives the actor another password; every other session of theirs ends. Errors:
// Invalid names every wrong field, the present password as « current »; TooMany as of
// SignInByPassword.
func (s *Service) ChangePassword(ctx context.Context, actor support.Actor, session support.Token, current, password string) (err error) {
	defer problem.Wrap(&err, "auth.ChangePassword")
	if !actor.IsStaff() || actor.Agent.ID == "" {
		return problem.New(problem.Forbidden, "")
	}
	keys, budgets := tries(actor, actor.Agent.Email)
	if err := s.tries.take(s.c.Now(), budgets...); err != nil {
		return err
	}
	a, err := s.c.Store.FindAccount(ctx, actor.Agent.Email)
	if err != nil {
		return err
	}
	ok, _, err := s.hasher.verify(ctx, a.Password, current)
	if err != nil {
		return err
	}
	var wrong error
	if ok || a.Password == "" { // who has none yet came by a one-time link
		s.tries.good(keys[0], keys[1], keys[2])
	} else {
		wrong = problem.InvalidField("current", "desk.password.wrong_current")
	}
	if err := joined(wrong, CheckPassword(password, a.Email)); err != nil {
		return err
	}
	kept, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		now, err := s.enabled(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if now.Password != a.Password {
			return problem.InvalidField("current", "desk.password.wrong_current")
		}
		now.Password = kept
		if err := tx.UpdateAccount(ctx, now); err != nil {
			return err
		}
		if err := s.revoke(ctx, tx, a.ID, session, support.PurposeSession, support.PurposeReset); err != nil {
			return err
		}
		return s.audit(ctx, tx, actor, a.ID, ActionPassword, "")
	})
}

// SetLang chooses the language in which the desk writes to the actor.
func (s *Service) SetLang(ctx context.Context, actor support.Actor, lang kb.Lang) (err error) {
	defer problem.Wrap(&err, "auth.SetLang")
	if !actor.IsStaff() || actor.Agent.ID == "" {
		return problem.New(problem.Forbidden, "")
	}
	if lang != kb.French && lang != kb.English {
		return problem.InvalidField("lang", "problem.lang").With("lang", clip(string(lang), 20))
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		a, err := tx.LockAccount(ctx, actor.Agent.ID)
		if err != nil {
			return err
		}
		a.Lang = lang
		return tx.UpdateAccount(ctx, a)
	})
}

// SignOutElsewhere ends every session of the actor but this one.
func (s *Service) SignOutElsewhere(ctx context.Context, actor support.Actor, session support.Token) (err error) {
	defer problem.Wrap(&err, "auth.SignOutElsewhere")
	if !actor.IsStaff() || actor.Agent.ID == "" {
		return problem.New(problem.Forbidden, "")
	}
	return s.c.Store.InAccounts(ctx, func(ctx context.Context, tx Tx) error {
		if err := s.revoke(ctx, tx, actor.Agent.ID, session, support.PurposeSession); err != nil {
			return err
		}
		return s.audit(ctx, tx, actor, actor.Agent.ID, ActionElsewhere, "")
	})
}

func clip(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}
