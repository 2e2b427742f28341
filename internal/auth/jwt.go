package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Bounds of a site's token.
const (
	maxJWT        = 8 << 10 // bytes
	maxJWTLife    = time.Hour
	jwtLeeway     = 30 * time.Second // that clocks may differ by
	maxMemberName = 200              // characters
	maxKIDBytes   = 100
	maxJTIBytes   = 500
)

// claims are what a site says of its member. What is not verified is not worth more than what the
// member could have typed.
type claims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
	Lang          string `json:"lang"`
	Locale        string `json:"locale"` // as OpenID Connect calls it
	Zone          string `json:"zoneinfo"`
	Phone         string `json:"phone_number"`
	PhoneVerified bool   `json:"phone_number_verified"`
}

// verified is what a checked token says.
type verified struct {
	member   support.Member
	kid, jti string
	expires  time.Time
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// verify checks a token. Which key it claims is read first, unchecked; what it is then held against,
// the algorithm above all, is the key's record's alone.
func (s *Identities) verify(ctx context.Context, token string) (v verified, err error) {
	if token == "" {
		return v, problem.InvalidField("token", "problem.identity.missing")
	}
	if len(token) > maxJWT {
		return v, refused("malformed", fmt.Errorf("it has %d bytes", len(token)))
	}
	unchecked, _, err := jwt.NewParser().ParseUnverified(token, &claims{})
	if unchecked == nil || unchecked.Header == nil {
		return v, refused("malformed", err)
	}
	kid, _ := unchecked.Header["kid"].(string)
	if kid == "" || len(kid) > maxKIDBytes {
		return v, refused("key", errors.New("no kid"))
	}
	key, err := s.c.Store.FindIdentityKey(ctx, kid)
	if problem.Is(err, problem.NotFound) {
		return v, refused("key", err)
	}
	if err != nil {
		return v, err
	}
	if !key.RevokedAt.IsZero() {
		return v, refused("key", fmt.Errorf("%s is revoked", kid))
	}
	check, err := s.keyOf(key)
	if err != nil {
		return v, err
	}
	var c claims
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{string(key.Alg)}), jwt.WithAudience(s.c.Audience, s.c.Audience+"/"),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(jwtLeeway), jwt.WithTimeFunc(s.c.Now), jwt.WithStrictDecoding()).
		ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return check, nil })
	if err != nil {
		fault := faultOf(err)
		if fault == "lifetime" && c.ExpiresAt != nil { // the other claim that is required
			fault = "audience"
		}
		return v, refused(fault, err)
	}
	from := s.c.Now()
	if c.IssuedAt != nil {
		from = c.IssuedAt.Time
	}
	if life := c.ExpiresAt.Sub(from); life > maxJWTLife+jwtLeeway {
		return v, refused("lifetime", fmt.Errorf("it lives for %s", life))
	}
	if err := support.CheckExternal("sub", c.Subject); err != nil {
		return v, refused("sub", err)
	}
	if len(c.ID) > maxJTIBytes {
		return v, refused("malformed", errors.New("the jti is too long"))
	}
	v = verified{member: c.member(key.Site), kid: kid, jti: c.ID, expires: c.ExpiresAt.Add(jwtLeeway)}
	return v, nil
}

// faultOf names what the library found wrong, the end of the message's key.
func faultOf(err error) string {
	for _, f := range []struct {
		err error
		key string
	}{
		// First the signature: of what nobody has signed nothing is told.
		{jwt.ErrTokenMalformed, "malformed"}, {jwt.ErrTokenSignatureInvalid, "signature"}, {jwt.ErrTokenUnverifiable, "signature"},
		{jwt.ErrTokenExpired, "expired"}, {jwt.ErrTokenNotValidYet, "not_yet"}, {jwt.ErrTokenUsedBeforeIssued, "not_yet"},
		{jwt.ErrTokenInvalidAudience, "audience"}, {jwt.ErrTokenRequiredClaimMissing, "lifetime"},
	} {
		if errors.Is(err, f.err) {
			return f.key
		}
	}
	return "malformed"
}

// member is who the claims speak of. What cannot be kept as it is said is as if not said; a number
// that the site has not verified is nobody's.
func (c claims) member(site string) support.Member {
	m := support.Member{Site: site, External: c.Subject}
	if email, err := support.CheckEmail(c.Email); err == nil {
		m.Email, m.EmailVerified = email, c.EmailVerified
	}
	if name, err := support.CheckText("name", strings.ReplaceAll(c.Name, "\n", " "), maxMemberName); err == nil {
		m.Name = name
	}
	for _, given := range []string{c.Locale, c.Lang} {
		if l, err := kb.ParseLang(given); err == nil {
			m.Lang = l
		}
	}
	if _, err := time.LoadLocation(c.Zone); err == nil && c.Zone != "" && c.Zone != "Local" {
		m.Zone = c.Zone
	}
	if c.PhoneVerified && e164.MatchString(c.Phone) {
		m.Phone = c.Phone
	}
	return m
}
