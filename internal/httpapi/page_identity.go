package httpapi

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/internal/support"
)

const identityPath = "/desk/identity"

// siteIdentity is what a site has to vouch for its members, and to tell of them.
type siteIdentity struct {
	Origin   string
	Trusted  bool // it may embed the help center
	Enforced bool
	Keys     []support.IdentityKey
	APIKeys  []support.APIKey
}

// identityPage is who vouches for members. A secret that was just made is on it this once.
type identityPage struct {
	deskView
	Sites     []siteIdentity
	Origins   []string // that a key can be made for
	Audience  string
	Site      string // chosen
	Alg       string
	PublicKey string // typed
	Name      string
	Errors    formErrors
	Notice    string
	Made      string // a secret, to be copied
	MadeID    string
	MadeKind  string // "secret", "public" or "api"
}

// pageIdentity shows the keys of the sites that embed the help center, to admins.
func (s *Server) pageIdentity(c *gin.Context) error {
	return s.identityPage(c, http.StatusOK, func(p *identityPage) {
		for _, n := range []string{"revoked", "enforced", "relaxed"} {
			if c.Query(n) != "" {
				p.Notice = p.T("desk.identity.notice." + n)
			}
		}
	})
}

func (s *Server) identityPage(c *gin.Context, status int, with func(*identityPage)) error {
	v, err := s.staff(c, "identity", "desk.identity")
	if err != nil {
		return err
	}
	if !v.Admin {
		return problem.New(problem.Forbidden, "")
	}
	p := identityPage{deskView: v, Audience: s.Identities.Audience(), Alg: string(support.HS256)}
	ctx := c.Request.Context()
	keys, err := s.Identities.Keys(ctx)
	if err != nil {
		return err
	}
	apiKeys, err := s.Identities.APIKeys(ctx)
	if err != nil {
		return err
	}
	enforced, err := s.Identities.Enforced(ctx)
	if err != nil {
		return err
	}
	p.Origins = decided(c).Sites
	of := func(origin string) *siteIdentity {
		i := slices.IndexFunc(p.Sites, func(x siteIdentity) bool { return x.Origin == origin })
		if i < 0 {
			p.Sites = append(p.Sites, siteIdentity{Origin: origin, Trusted: decided(c).Trusts(origin), Enforced: slices.Contains(enforced, origin)})
			i = len(p.Sites) - 1
		}
		return &p.Sites[i]
	}
	for _, o := range p.Origins {
		of(o)
	}
	for _, k := range keys {
		x := of(k.Site)
		x.Keys = append(x.Keys, k)
	}
	for _, k := range apiKeys {
		x := of(k.Site)
		x.APIKeys = append(x.APIKeys, k)
	}
	with(&p)
	return s.render(c, status, "desk/identity", p)
}

// pageIdentitySend makes or revokes a key, or enforces identity on a site, for admins.
func (s *Server) pageIdentitySend(c *gin.Context) error {
	if _, err := s.staff(c, "identity", "desk.identity"); err != nil {
		return err
	}
	if !actor(c).IsAdmin() {
		return problem.New(problem.Forbidden, "")
	}
	fields, err := form(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	done := func(notice string, err error) error {
		if err == nil {
			c.Redirect(http.StatusSeeOther, identityPath+"?"+notice+"=1")
		}
		return err
	}
	switch fields.Get("do") {
	case "revoke":
		return done("revoked", s.Identities.RevokeKey(ctx, fields.Get("kid")))
	case "revoke_api":
		return done("revoked", s.Identities.RevokeAPIKey(ctx, fields.Get("id")))
	case "enforce", "relax":
		on := fields.Get("do") == "enforce"
		origin, _, err := site.ParseOrigin(fields.Get("site"))
		if err != nil {
			return problem.From(problem.Invalid, "problem.form", err)
		}
		if on {
			return done("enforced", s.Identities.Enforce(ctx, origin, true))
		}
		return done("relaxed", s.Identities.Enforce(ctx, origin, false))
	case "add", "add_api":
		return s.addIdentity(c, fields)
	}
	return problem.New(problem.Invalid, "problem.form")
}

// addIdentity makes a key and shows what the site needs of it, this once; a wrong form comes back.
func (s *Server) addIdentity(c *gin.Context, fields url.Values) error {
	ctx := c.Request.Context()
	origin, _, err := site.ParseOrigin(fields.Get("site"))
	if err != nil || !decided(c).Trusts(origin) {
		err = problem.InvalidField("site", "desk.identity.wrong_site")
	}
	var made func(*identityPage)
	switch {
	case err != nil:
	case fields.Get("do") == "add_api":
		var t support.Token
		t, err = s.Identities.AddAPIKey(ctx, origin, fields.Get("name"))
		made = func(p *identityPage) { p.Made, p.MadeKind = string(t), "api" }
	default:
		var k support.IdentityKey
		var secret string
		k, secret, err = s.Identities.AddKey(ctx, origin, support.IdentityAlg(fields.Get("alg")), fields.Get("public_key"))
		made = func(p *identityPage) {
			p.Made, p.MadeID, p.MadeKind = secret, k.KID, "secret"
			if k.Alg == support.EdDSA {
				p.Made, p.MadeKind = k.KID, "public"
			}
		}
	}
	if err == nil {
		return s.identityPage(c, http.StatusOK, made)
	}
	problems, status, again := s.formProblem(c, err, nil)
	if !again {
		return err
	}
	return s.identityPage(c, status, func(p *identityPage) {
		p.Errors, p.Site, p.PublicKey, p.Name = problems, fields.Get("site"), fields.Get("public_key"), fields.Get("name")
		if alg := fields.Get("alg"); alg != "" {
			p.Alg = alg
		}
	})
}
