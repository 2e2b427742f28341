package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
)

// IdentityStore keeps members, the keys of the sites that vouch for them, and their sessions.
type IdentityStore interface {
	// SaveIdentityKey keeps a new key; Conflict if its name is taken.
	SaveIdentityKey(ctx context.Context, k support.IdentityKey) error
	// FindIdentityKey returns a key, also one that is revoked; NotFound.
	FindIdentityKey(ctx context.Context, kid string) (support.IdentityKey, error)
	// IdentityKeys are all keys, by site, the newest first.
	IdentityKeys(ctx context.Context) ([]support.IdentityKey, error)
	// RevokeIdentityKey ends a key and every session that its tokens were exchanged for; NotFound. One
	// that is revoked already stays as it is.
	RevokeIdentityKey(ctx context.Context, kid string, now time.Time) error

	// EnforcedSites are the sites where identity is enforced.
	EnforcedSites(ctx context.Context) ([]string, error)
	Enforce(ctx context.Context, site string, on bool) error

	SaveAPIKey(ctx context.Context, t support.Token, k support.APIKey, expires time.Time) error
	// FindAPIKey returns the key that a token is; Unauthorized for any other token.
	FindAPIKey(ctx context.Context, t support.Token, now time.Time) (support.APIKey, error)
	APIKeys(ctx context.Context) ([]support.APIKey, error)
	RevokeAPIKey(ctx context.Context, id string, now time.Time) error

	// SignInMember spends the token's id, keeps what the token says of the member and the session, and
	// gives the member the guest's conversation, all or nothing. Errors: Unauthorized if the id was
	// spent before, or if the conversation's token does not open it.
	SignInMember(ctx context.Context, in MemberSignIn) (m support.Member, merged bool, err error)
	// FindMember returns the member whose session the token is; Unauthorized for any other token, and
	// where the key that vouched is revoked.
	FindMember(ctx context.Context, t support.Token, now time.Time) (support.Member, error)
	RevokeToken(ctx context.Context, p support.Purpose, t support.Token, now time.Time) error
}

// MemberSignIn is a token that has been checked, and what is to come of it.
type MemberSignIn struct {
	Member       support.Member // its ID is taken if the member is new; empty fields leave what is known
	KID          string
	JTI          string    // spent once; "" for a token that has none
	Expires      time.Time // of the site's token
	Session      support.Token
	SessionUntil time.Time
	Now          time.Time
	GuestConversation
}

// GuestConversation is a conversation that a visitor had before signing in; the zero value is none.
type GuestConversation struct {
	ID    support.ConversationID
	Token support.Token // that opens it
}

// IdentityConfig of an Identities.
type IdentityConfig struct {
	Store    IdentityStore
	Box      *seal.Box // seals the secrets that sites sign with
	Audience string    // what a token must be meant for: the help center's base URL
	Now      func() time.Time
}

// Identities knows members: whom a site vouches for, and with which keys.
type Identities struct{ c IdentityConfig }

// NewIdentities returns an Identities; Now nil means time.Now.
func NewIdentities(c IdentityConfig) *Identities {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Audience = strings.TrimSuffix(c.Audience, "/")
	return &Identities{c}
}

// Audience is what tokens must be meant for.
func (s *Identities) Audience() string { return s.c.Audience }

// MemberSession is a session of a member, shown this once.
type MemberSession struct {
	Token   support.Token
	Expires time.Time
	Member  support.Member
	Merged  bool // the guest's conversation is the member's now
}

// Exchange exchanges a site's token for a session. Every fault of the token is Unauthorized and says
// which it is.
func (s *Identities) Exchange(ctx context.Context, token string, guest GuestConversation) (out MemberSession, err error) {
	defer problem.Wrap(&err, "auth.Exchange")
	v, err := s.verify(ctx, token)
	if err != nil {
		return out, err
	}
	now := s.c.Now()
	out = MemberSession{Token: support.NewToken(), Expires: now.Add(support.MemberTTL)}
	v.member.ID, v.member.CreatedAt = support.NewID[support.MemberID](), now
	out.Member, out.Merged, err = s.c.Store.SignInMember(ctx, MemberSignIn{Member: v.member, KID: v.kid, JTI: v.jti, Expires: v.expires,
		Session: out.Token, SessionUntil: out.Expires, Now: now, GuestConversation: guest})
	return out, err
}

// Member returns the member whose session the token is; Unauthorized for any other token.
func (s *Identities) Member(ctx context.Context, session support.Token) (support.Member, error) {
	return s.c.Store.FindMember(ctx, session, s.c.Now())
}

// SignOut ends a member's session; of a token that is none nothing is said.
func (s *Identities) SignOut(ctx context.Context, session support.Token) error {
	return s.c.Store.RevokeToken(ctx, support.PurposeMember, session, s.c.Now())
}

// AddKey makes a key of a site. For HS256 it returns the secret, this once: the site signs with its
// characters as they stand. For EdDSA the site keeps its private key; public is the other half, as PEM
// or as the base64 or hexadecimal digits of its 32 bytes.
func (s *Identities) AddKey(ctx context.Context, site string, alg support.IdentityAlg, public string) (k support.IdentityKey, secret string, err error) {
	defer problem.Wrap(&err, "auth.AddKey(%s)", site)
	k = support.IdentityKey{KID: "k-" + strings.ToLower(rand.Text()[:10]), Site: site, Alg: alg, CreatedAt: s.c.Now()}
	switch alg {
	case support.HS256:
		secret = string(support.NewToken())
		k.Key = s.c.Box.Seal(secret, k.KID)
	case support.EdDSA:
		key, ok := readPublicKey(public)
		if !ok {
			return k, "", problem.InvalidField("public_key", "desk.identity.wrong_key")
		}
		k.Key = base64.StdEncoding.EncodeToString(key)
	default:
		return k, "", problem.InvalidField("alg", "desk.identity.wrong_alg")
	}
	return k, secret, s.c.Store.SaveIdentityKey(ctx, k)
}

// readPublicKey reads an Ed25519 public key as people paste it.
func readPublicKey(s string) (ed25519.PublicKey, bool) {
	s = strings.TrimSpace(s)
	if block, _ := pem.Decode([]byte(s)); block != nil {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		out, ok := key.(ed25519.PublicKey)
		return out, err == nil && ok
	}
	if b, err := hex.DecodeString(s); err == nil {
		return b, len(b) == ed25519.PublicKeySize
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "=")))
	return b, err == nil && len(b) == ed25519.PublicKeySize
}

// Keys are the keys of all sites, without what they sign with.
func (s *Identities) Keys(ctx context.Context) ([]support.IdentityKey, error) {
	keys, err := s.c.Store.IdentityKeys(ctx)
	for i := range keys {
		keys[i].Key = ""
	}
	return keys, err
}

// RevokeKey ends a key, and the sessions that it vouched for. NotFound.
func (s *Identities) RevokeKey(ctx context.Context, kid string) error {
	return s.c.Store.RevokeIdentityKey(ctx, kid, s.c.Now())
}

// AddAPIKey makes a key by which a site's server calls the host API; it is shown this once.
func (s *Identities) AddAPIKey(ctx context.Context, site, name string) (t support.Token, err error) {
	defer problem.Wrap(&err, "auth.AddAPIKey(%s)", site)
	if n := len([]rune(name)); n > 80 {
		return "", problem.InvalidField("name", "problem.too_long").With("max", 80).With("n", n)
	}
	t = support.NewToken()
	now := s.c.Now()
	return t, s.c.Store.SaveAPIKey(ctx, t, support.APIKey{Site: site, Name: strings.TrimSpace(name), CreatedAt: now}, now.Add(support.APIKeyTTL))
}

// APIKey returns the key that a token is; Unauthorized for any other.
func (s *Identities) APIKey(ctx context.Context, t support.Token) (support.APIKey, error) {
	return s.c.Store.FindAPIKey(ctx, t, s.c.Now())
}

// APIKeys are the host API's keys, by site.
func (s *Identities) APIKeys(ctx context.Context) ([]support.APIKey, error) {
	return s.c.Store.APIKeys(ctx)
}

// RevokeAPIKey ends a key by its id. NotFound.
func (s *Identities) RevokeAPIKey(ctx context.Context, id string) error {
	return s.c.Store.RevokeAPIKey(ctx, id, s.c.Now())
}

// Enforced are the sites whose members' conversations open by a session alone.
func (s *Identities) Enforced(ctx context.Context) ([]string, error) {
	return s.c.Store.EnforcedSites(ctx)
}

// Enforce turns that on or off for a site.
func (s *Identities) Enforce(ctx context.Context, site string, on bool) error {
	return s.c.Store.Enforce(ctx, site, on)
}

// Forget ends all keys of a site, of both kinds.
func (s *Identities) Forget(ctx context.Context, site string) (err error) {
	defer problem.Wrap(&err, "auth.Forget(%s)", site)
	keys, err := s.c.Store.IdentityKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Site == site && k.RevokedAt.IsZero() {
			if err := s.RevokeKey(ctx, k.KID); err != nil {
				return err
			}
		}
	}
	api, err := s.c.Store.APIKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range api {
		if k.Site == site && k.RevokedAt.IsZero() {
			if err := s.RevokeAPIKey(ctx, k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused is the answer to a token that vouches for nobody.
func refused(key string, cause error) error {
	return problem.From(problem.Unauthorized, "problem.identity."+key, cause)
}

// keyOf returns what a token signed with a key is checked by.
func (s *Identities) keyOf(k support.IdentityKey) (any, error) {
	if k.Alg == support.HS256 {
		secret, err := s.c.Box.Open(k.Key, k.KID)
		if err != nil {
			return nil, fmt.Errorf("the secret of the key %s: %w", k.KID, err)
		}
		return []byte(secret), nil
	}
	b, err := base64.StdEncoding.DecodeString(k.Key)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("the public key %s is damaged", k.KID)
	}
	return ed25519.PublicKey(b), nil
}
