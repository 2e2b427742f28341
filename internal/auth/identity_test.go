package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guichet/internal/auth"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
	"guichet/kb"
)

const (
	audience = "https://help.example"
	shop     = "https://shop.example"
)

// vouching is a help center with a site that vouches for its members.
type vouching struct {
	*auth.Identities
	t      *testing.T
	now    *time.Time
	kid    string
	secret string
}

func newVouching(t *testing.T) vouching {
	t.Helper()
	box, err := seal.New(seal.NewSecret(), "identity key")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	v := vouching{t: t, now: &now}
	v.Identities = auth.NewIdentities(auth.IdentityConfig{Store: pgtest.New(t), Box: box, Audience: audience + "/", Now: func() time.Time { return now }})
	k, secret, err := v.AddKey(t.Context(), shop, support.HS256, "")
	if err != nil {
		t.Fatal(err)
	}
	v.kid, v.secret = k.KID, secret
	return v
}

// claims are what a site's server says of Camille; with changes them.
func (v vouching) claims(with jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"aud": audience, "sub": "camille-7", "iat": v.now.Unix(), "exp": v.now.Add(10 * time.Minute).Unix(),
		"email": "camille@example.org", "email_verified": true, "name": "Camille Roux", "locale": "fr-FR", "zoneinfo": "Europe/Paris"}
	for k, x := range with {
		if c[k] = x; x == nil {
			delete(c, k)
		}
	}
	return c
}

func sign(t *testing.T, m jwt.SigningMethod, key any, kid any, c jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(m, c)
	if kid != nil {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (v vouching) token(with jwt.MapClaims) string {
	v.t.Helper()
	return sign(v.t, jwt.SigningMethodHS256, []byte(v.secret), v.kid, v.claims(with))
}

func TestExchange(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	s, err := v.Exchange(t.Context(), v.token(jwt.MapClaims{"phone_number": "+33123456789", "phone_number_verified": true}), auth.GuestConversation{})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Member
	if m.Site != shop || m.External != "camille-7" || m.Email != "camille@example.org" || !m.EmailVerified || m.Lang != kb.French ||
		m.Zone != "Europe/Paris" || m.Phone != "+33123456789" || m.Name != "Camille Roux" {
		t.Errorf("the member is %+v", m)
	}
	if life := s.Expires.Sub(*v.now); life <= 0 || life > 24*time.Hour {
		t.Errorf("the session lives for %s", life)
	}
	if got, err := v.Member(t.Context(), s.Token); err != nil || got.ID != m.ID {
		t.Errorf("the session is %+v's, %v", got, err)
	}
	// The same member again, with less said: what is known stays.
	again, err := v.Exchange(t.Context(), v.token(jwt.MapClaims{"email": nil, "email_verified": nil, "name": nil, "locale": nil}), auth.GuestConversation{})
	if err != nil || again.Member.ID != m.ID || again.Member.Email != m.Email || !again.Member.EmailVerified || again.Member.Name != m.Name {
		t.Errorf("again: %+v, %v", again.Member, err)
	}
	// Another address that is merely claimed takes the proof away.
	claimed, err := v.Exchange(t.Context(), v.token(jwt.MapClaims{"email": "boss@example.org", "email_verified": false, "phone_number": "+33999999999"}), auth.GuestConversation{})
	if err != nil || claimed.Member.EmailVerified || claimed.Member.Phone != m.Phone {
		t.Errorf("claimed: %+v, %v", claimed.Member, err)
	}
	if err := v.SignOut(t.Context(), s.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Member(t.Context(), s.Token); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("signed out, the session says %v", err)
	}
	if _, err := v.Member(t.Context(), again.Token); err != nil {
		t.Errorf("signing out elsewhere ended this session: %v", err)
	}
	*v.now = v.now.Add(25 * time.Hour)
	if _, err := v.Member(t.Context(), again.Token); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("a day later the session says %v", err)
	}
}

// TestBadTokens tries what a stranger would, and what a site's server gets wrong.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := v.AddKey(t.Context(), shop, support.EdDSA, base64.StdEncoding.EncodeToString(public))
	if err != nil {
		t.Fatal(err)
	}
	gone, goneSecret, err := v.AddKey(t.Context(), shop, support.HS256, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.RevokeKey(t.Context(), gone.KID); err != nil {
		t.Fatal(err)
	}
	h := jwt.SigningMethodHS256
	good := v.token(nil)
	parts := strings.Split(good, ".")
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	minutes := func(n int) int64 { return v.now.Add(time.Duration(n) * time.Minute).Unix() }
	for _, x := range []struct{ name, token, want string }{
		{"rubbish", "rubbish", "malformed"},
		{"two parts", parts[0] + "." + parts[1], "malformed"},
		{"claims that are no JSON", parts[0] + ".e30x." + parts[2], "malformed"},
		{"oversized", v.token(jwt.MapClaims{"name": strings.Repeat("a", 9000)}), "malformed"},
		{"a claim of a wrong type", v.token(jwt.MapClaims{"email_verified": "true"}), "malformed"},
		{"endless jti", v.token(jwt.MapClaims{"jti": strings.Repeat("j", 501)}), "malformed"},
		{"no kid", sign(t, h, []byte(v.secret), nil, v.claims(nil)), "key"},
		{"a kid that is no text", sign(t, h, []byte(v.secret), 7, v.claims(nil)), "key"},
		{"unknown kid", sign(t, h, []byte(v.secret), "k-nobody", v.claims(nil)), "key"},
		{"a kid with a NUL", sign(t, h, []byte(v.secret), "k-\x00", v.claims(nil)), "key"},
		{"revoked kid", sign(t, h, []byte(goneSecret), gone.KID, v.claims(nil)), "key"},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, v.kid, v.claims(nil)), "signature"},
		{"alg none in other letters", part(map[string]string{"alg": "nOnE", "kid": v.kid}) + "." + parts[1] + ".", "signature"},
		{"another HMAC", sign(t, jwt.SigningMethodHS512, []byte(v.secret), v.kid, v.claims(nil)), "signature"},
		{"HMAC with the public key", sign(t, h, []byte(public), ed.KID, v.claims(nil)), "signature"},
		{"HMAC with the public key as it is written", sign(t, h, []byte(base64.StdEncoding.EncodeToString(public)), ed.KID, v.claims(nil)), "signature"},
		{"EdDSA under an HMAC's kid", sign(t, jwt.SigningMethodEdDSA, private, v.kid, v.claims(nil)), "signature"},
		{"another secret", sign(t, h, []byte(goneSecret), v.kid, v.claims(nil)), "signature"},
		{"no signature", parts[0] + "." + parts[1] + ".", "signature"},
		{"other claims", parts[0] + "." + part(v.claims(jwt.MapClaims{"sub": "boss"})) + "." + parts[2], "signature"},
		{"expired", v.token(jwt.MapClaims{"iat": minutes(-20), "exp": minutes(-1)}), "expired"},
		{"not yet", v.token(jwt.MapClaims{"nbf": minutes(1)}), "not_yet"},
		{"made tomorrow", v.token(jwt.MapClaims{"iat": minutes(20), "exp": minutes(40)}), "not_yet"},
		{"no expiry", v.token(jwt.MapClaims{"exp": nil}), "lifetime"},
		{"a long life", v.token(jwt.MapClaims{"exp": minutes(62)}), "lifetime"},
		{"a long life of unknown begin", v.token(jwt.MapClaims{"iat": nil, "exp": minutes(62)}), "lifetime"},
		{"a long life begun long ago", v.token(jwt.MapClaims{"iat": minutes(-100), "exp": minutes(10)}), "lifetime"},
		{"for another", v.token(jwt.MapClaims{"aud": "https://other.example"}), "audience"},
		{"for one that begins alike", v.token(jwt.MapClaims{"aud": audience + ".evil.example"}), "audience"},
		{"for nobody", v.token(jwt.MapClaims{"aud": nil}), "audience"},
		{"no sub", v.token(jwt.MapClaims{"sub": nil}), "sub"},
		{"a long sub", v.token(jwt.MapClaims{"sub": strings.Repeat("é", 201)}), "sub"},
		{"an invisible sub", v.token(jwt.MapClaims{"sub": "camille-7\u200b"}), "sub"},
	} {
		_, err := v.Exchange(t.Context(), x.token, auth.GuestConversation{})
		if !problem.Is(err, problem.Unauthorized) || !strings.Contains(err.Error(), "(problem.identity."+x.want+")") {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
	if _, err := v.Exchange(t.Context(), "", auth.GuestConversation{}); !problem.Is(err, problem.Invalid) {
		t.Errorf("no token: %v", err)
	}
	for _, ok := range []struct{ name, token string }{
		{"a clock that differs a little", v.token(jwt.MapClaims{"iat": v.now.Add(20 * time.Second).Unix(), "exp": v.now.Add(-10*time.Second).Unix() + 60})},
		{"for several", v.token(jwt.MapClaims{"aud": []string{"https://other.example", audience + "/"}})},
		{"EdDSA", sign(t, jwt.SigningMethodEdDSA, private, ed.KID, v.claims(nil))},
		{"a sub of 200 letters", v.token(jwt.MapClaims{"sub": strings.Repeat("é", 200)})},
		{"claims that cannot be kept", v.token(jwt.MapClaims{"email": "nobody", "locale": "sv", "zoneinfo": "Mars/Olympus"})},
	} {
		if _, err := v.Exchange(t.Context(), ok.token, auth.GuestConversation{}); err != nil {
			t.Errorf("%s: %v", ok.name, err)
		}
	}
}

// TestTokensAreSpent: a token that has an id signs in once, however many come with it at a time.
func TestTokensAreSpent(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	token := v.token(jwt.MapClaims{"jti": "once"})
	errs := make(chan error)
	const many = 8
	for range many {
		go func() {
			_, err := v.Exchange(t.Context(), token, auth.GuestConversation{})
			errs <- err
		}()
	}
	in := 0
	for range many {
		switch err := <-errs; {
		case err == nil:
			in++
		case !strings.Contains(err.Error(), "problem.identity.spent"):
			t.Error(err)
		}
	}
	if in != 1 {
		t.Errorf("%d of %d got in", in, many)
	}
	if _, err := v.Exchange(t.Context(), v.token(jwt.MapClaims{"jti": "twice"}), auth.GuestConversation{}); err != nil {
		t.Error(err)
	}
}

// TestKeysRotate: two keys live side by side; a revoked one ends its own sessions and no other.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	next, secret, err := v.AddKey(t.Context(), shop, support.HS256, "")
	if err != nil {
		t.Fatal(err)
	}
	old, err := v.Exchange(t.Context(), v.token(nil), auth.GuestConversation{})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := v.Exchange(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(secret), next.KID, v.claims(nil)), auth.GuestConversation{})
	if err != nil || fresh.Member.ID != old.Member.ID {
		t.Fatalf("by the new key: %+v, %v", fresh.Member, err)
	}
	if err := v.RevokeKey(t.Context(), v.kid); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Member(t.Context(), old.Token); !problem.Is(err, problem.Unauthorized) {
		t.Errorf("the old key's session says %v", err)
	}
	if _, err := v.Member(t.Context(), fresh.Token); err != nil {
		t.Errorf("the new key's session says %v", err)
	}
	keys, err := v.Keys(t.Context())
	if err != nil || len(keys) != 2 || keys[0].Key+keys[1].Key != "" {
		t.Errorf("the list is %+v, %v", keys, err)
	}
	if err := v.RevokeKey(t.Context(), "k-nobody"); !problem.Is(err, problem.NotFound) {
		t.Errorf("a key that is none: %v", err)
	}
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	v := newVouching(t)
	for _, wrong := range []string{"", "k", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----", base64.StdEncoding.EncodeToString(make([]byte, 31))} {
		if _, _, err := v.AddKey(t.Context(), shop, support.EdDSA, wrong); !problem.Is(err, problem.Invalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	pem := "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n" // RFC 8410
	if _, secret, err := v.AddKey(t.Context(), shop, support.EdDSA, pem); err != nil || secret != "" {
		t.Errorf("PEM: %v", err)
	}
	if _, _, err := v.AddKey(t.Context(), shop, "RS256", pem); !problem.Is(err, problem.Invalid) {
		t.Errorf("RS256: %v", err)
	}
}
