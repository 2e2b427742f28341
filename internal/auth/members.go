package auth

import (
	"context"
	"time"

	"guichet/internal/failpoint"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// MemberTx is what one sign-in of a member does to the tables.
type MemberTx interface {
	CountMails(ctx context.Context, kind support.MailKind, recipient string, since time.Time) (to, all int, err error)
	CreateMail(ctx context.Context, m support.Mail) error
	SaveToken(ctx context.Context, p support.Purpose, t support.Token, subject, detail string, expires time.Time) error
	SpendToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) (subject, detail string, err error)
	RevokeTokens(ctx context.Context, p support.Purpose, subject string, but support.Token, now time.Time) error
	// SignUp returns the member who has proven the address, and makes them one where nobody has yet.
	SignUp(ctx context.Context, m support.Member) (support.Member, error)
	Enqueue(ctx context.Context, job interface{ Kind() string }) error
}

// MemberStore keeps members who signed up here, and their sessions.
type MemberStore interface {
	InMembers(ctx context.Context, do func(context.Context, MemberTx) error) error
	// FindSpace returns the member whose session the token is; Unauthorized for any other token.
	FindSpace(ctx context.Context, t support.Token, now time.Time) (support.Member, error)
	// FindSignIn returns the address that a link was sent to and spends nothing. NotFound; Gone.
	FindSignIn(ctx context.Context, t support.Token, now time.Time) (email string, err error)
	// FindPlainMail reads a promised mail that belongs to nobody yet.
	FindPlainMail(ctx context.Context, id support.MailID) (support.Mail, error)
	MarkMail(ctx context.Context, id support.MailID, state, cause string) error
	RevokeToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) error
}

// MemberLinks builds the address that a letter carries.
type MemberLinks interface {
	MemberSignIn(lang kb.Lang, t support.Token) string
}

// SendMemberLink is the job that sends a link to « My requests ».
type SendMemberLink struct {
	Mail support.MailID `json:"mail"`
}

// Kind names the job.
func (SendMemberLink) Kind() string { return "send_member_link" }

// MembersConfig of a Members.
type MembersConfig struct {
	Store      MemberStore
	Mailer     Mailer
	Links      MemberLinks
	MailDomain string           // right side of Message-IDs
	SiteBudget int              // links an hour over all addresses; zero means 300
	Now        func() time.Time // nil means time.Now
}

// Members signs members in by a link that is mailed: there is no password, and whoever has the address
// has the requests that were proven under it.
type Members struct{ c MembersConfig }

// NewMembers returns a Members.
func NewMembers(c MembersConfig) *Members {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SiteBudget == 0 {
		c.SiteBudget = 300
	}
	return &Members{c}
}

// Ask promises a letter with a link to an address, whoever has it: nothing tells whether it is known
// here. Past three an hour, or the site's budget, nothing more is sent, and that is not told either.
// Invalid for what is no address.
func (s *Members) Ask(ctx context.Context, email string, lang kb.Lang) (err error) {
	defer problem.Wrap(&err, "auth.Members.Ask")
	if email, err = support.CheckEmail(email); err != nil {
		return err
	}
	return s.c.Store.InMembers(ctx, func(ctx context.Context, tx MemberTx) error {
		to, all, err := tx.CountMails(ctx, support.MailSignIn, email, s.c.Now().Add(-time.Hour))
		if err != nil || to >= support.MaxSignIn || all >= s.c.SiteBudget {
			return err
		}
		id := support.NewID[support.MailID]()
		if err := tx.CreateMail(ctx, support.Mail{ID: id, MessageID: string(id) + "@" + s.c.MailDomain, Kind: support.MailSignIn,
			Recipient: email, Lang: lang, State: "queued"}); err != nil {
			return err
		}
		return tx.Enqueue(ctx, SendMemberLink{Mail: id})
	})
}

// Deliver sends a promised link; see handoff.Deliver on running twice. A second copy carries another
// token, which works as well.
func (s *Members) Deliver(ctx context.Context, id support.MailID) (err error) {
	defer problem.Wrap(&err, "auth.Members.Deliver(%s)", id)
	m, err := s.c.Store.FindPlainMail(ctx, id)
	if err != nil || m.State != "queued" {
		return err
	}
	t := support.NewToken()
	if err := s.c.Store.InMembers(ctx, func(ctx context.Context, tx MemberTx) error {
		return tx.SaveToken(ctx, support.PurposeMemberSignIn, t, m.Recipient, string(m.Lang), s.c.Now().Add(support.MemberSignInTTL))
	}); err != nil {
		return err
	}
	failpoint.At(failpoint.MailBeforeSend)
	err = s.c.Mailer.Send(ctx, support.Letter{Kind: m.Kind, MessageID: m.MessageID, To: m.Recipient, Lang: m.Lang,
		Link: s.c.Links.MemberSignIn(m.Lang, t)})
	if problem.Is(err, problem.Invalid) {
		return s.c.Store.MarkMail(ctx, id, "failed", err.Error())
	}
	if err != nil {
		return err
	}
	failpoint.At(failpoint.MailSent)
	return s.c.Store.MarkMail(ctx, id, "sent", "")
}

// GiveUp notes that a promised link could not be sent, after the last try.
func (s *Members) GiveUp(ctx context.Context, id support.MailID, cause error) error {
	return s.c.Store.MarkMail(ctx, id, "failed", cause.Error())
}

// Holder is the address that a link was sent to. It spends nothing. NotFound; Gone for a link that is
// used, expired or revoked.
func (s *Members) Holder(ctx context.Context, t support.Token) (email string, err error) {
	defer problem.Wrap(&err, "auth.Members.Holder")
	return s.c.Store.FindSignIn(ctx, t, s.c.Now())
}

// SignIn spends a link: whoever holds it has the address, is a member from now on, and gets a session
// that nobody has known before. NotFound; Gone.
func (s *Members) SignIn(ctx context.Context, t support.Token) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.Members.SignIn")
	err = s.c.Store.InMembers(ctx, func(ctx context.Context, tx MemberTx) error {
		email, lang, err := tx.SpendToken(ctx, support.PurposeMemberSignIn, t, s.c.Now())
		if err == nil {
			session, err = s.open(ctx, tx, email, kb.Lang(lang))
		}
		return err
	})
	return session, err
}

// Enter opens a session for whoever has just proven an address by another letter of ours.
func (s *Members) Enter(ctx context.Context, email string, lang kb.Lang) (session support.Token, err error) {
	defer problem.Wrap(&err, "auth.Members.Enter")
	err = s.c.Store.InMembers(ctx, func(ctx context.Context, tx MemberTx) error {
		session, err = s.open(ctx, tx, email, lang)
		return err
	})
	return session, err
}

func (s *Members) open(ctx context.Context, tx MemberTx, email string, lang kb.Lang) (support.Token, error) {
	now := s.c.Now()
	m, err := tx.SignUp(ctx, support.Member{ID: support.NewID[support.MemberID](), Email: email, EmailVerified: true, Lang: lang, CreatedAt: now})
	if err != nil {
		return "", err
	}
	t := support.NewToken()
	return t, tx.SaveToken(ctx, support.PurposeSpace, t, string(m.ID), "", now.Add(support.SpaceTTL))
}

// Session returns the member of a session; Unauthorized for a token that is none.
func (s *Members) Session(ctx context.Context, session support.Token) (support.Member, error) {
	return s.c.Store.FindSpace(ctx, session, s.c.Now())
}

// SignOut ends a session; of a token that is none nothing is said.
func (s *Members) SignOut(ctx context.Context, session support.Token) error {
	return s.c.Store.RevokeToken(ctx, support.PurposeSpace, session, s.c.Now())
}

// SignOutEverywhere ends every session of a member who signed up here, and every link to another one
// that is still on its way.
func (s *Members) SignOutEverywhere(ctx context.Context, m support.Member) (err error) {
	defer problem.Wrap(&err, "auth.Members.SignOutEverywhere")
	return s.c.Store.InMembers(ctx, func(ctx context.Context, tx MemberTx) error {
		now := s.c.Now()
		if err := tx.RevokeTokens(ctx, support.PurposeSpace, string(m.ID), "", now); err != nil {
			return err
		}
		return tx.RevokeTokens(ctx, support.PurposeMemberSignIn, m.Email, "", now)
	})
}
