package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"guichet/internal/app"
	"guichet/internal/auth"
	"guichet/internal/site"
	"guichet/internal/support"
)

// withIdentities runs a command on who vouches for members.
func (e *env) withIdentities(do func(*auth.Identities) error) error {
	d, err := app.Beside(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer d.Close()
	i, err := d.Identities()
	if err != nil {
		return err
	}
	return do(i)
}

type identityKeyCmd struct {
	Add    identityKeyAdd    `cmd:"" help:"Make a key of a site; its secret is printed this once."`
	List   identityKeyList   `cmd:"" help:"List the keys."`
	Revoke identityKeyRevoke `cmd:"" help:"Revoke a key, and end the sessions that it vouched for."`
}

type identityKeyAdd struct {
	Site      string `arg:"" help:"Origin of the site, such as https://shop.example."`
	Alg       string `default:"HS256" enum:"HS256,EdDSA" help:"How the site signs: HS256 with a secret that is made here, or EdDSA with a key of its own."`
	PublicKey string `type:"existingfile" help:"File with the site's Ed25519 public key, PEM or base64, for EdDSA."`
}

func (c *identityKeyAdd) Run(e *env) error {
	origin, _, err := site.ParseOrigin(c.Site)
	if err != nil {
		return err
	}
	public := ""
	if c.PublicKey != "" {
		b, err := os.ReadFile(c.PublicKey)
		if err != nil {
			return err
		}
		public = string(b)
	} else if c.Alg == string(support.EdDSA) {
		return fmt.Errorf("EdDSA needs --public-key FILE")
	}
	return e.withIdentities(func(i *auth.Identities) error {
		k, secret, err := i.AddKey(e.ctx, origin, support.IdentityAlg(c.Alg), public)
		if err != nil {
			return err
		}
		out := map[string]string{"kid": k.KID, "site": k.Site, "alg": string(k.Alg), "aud": i.Audience()}
		if secret != "" {
			out["secret"] = secret
		}
		return e.print(out, func() {
			fmt.Printf("kid:    %s\nalg:    %s\naud:    %s\n", k.KID, k.Alg, i.Audience())
			if secret != "" {
				fmt.Printf("secret: %s\n", secret)
			}
		})
	})
}

// keyRow is a key as lists print it.
type keyRow struct {
	ID        string     `json:"id"`
	Site      string     `json:"site"`
	Alg       string     `json:"alg,omitempty"`
	Name      string     `json:"name,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

func (e *env) keys(rows []keyRow, none string) error {
	return e.print(rows, func() {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			state := "live"
			if r.RevokedAt != nil {
				state = "revoked " + r.RevokedAt.Format(time.DateOnly)
			}
			fmt.Fprintf(w, "%s\t%s\t%s%s\t%s\t%s\n", r.ID, r.Site, r.Alg, r.Name, r.CreatedAt.Format(time.DateOnly), state)
		}
		w.Flush()
		if len(rows) == 0 {
			fmt.Println(none)
		}
	})
}

func revokedAt(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type identityKeyList struct{}

func (identityKeyList) Run(e *env) error {
	return e.withIdentities(func(i *auth.Identities) error {
		keys, err := i.Keys(e.ctx)
		if err != nil {
			return err
		}
		rows := []keyRow{}
		for _, k := range keys {
			rows = append(rows, keyRow{ID: k.KID, Site: k.Site, Alg: string(k.Alg), CreatedAt: k.CreatedAt, RevokedAt: revokedAt(k.RevokedAt)})
		}
		return e.keys(rows, "no keys; guichet identity-key add SITE makes one")
	})
}

type identityKeyRevoke struct {
	KID string `arg:"" help:"The key, as list prints it."`
}

func (c *identityKeyRevoke) Run(e *env) error {
	return e.withIdentities(func(i *auth.Identities) error {
		if err := i.RevokeKey(e.ctx, c.KID); err != nil {
			return err
		}
		return e.print(map[string]string{"revoked": c.KID}, func() { fmt.Println("revoked", c.KID) })
	})
}

type apiKeyCmd struct {
	Add    apiKeyAdd    `cmd:"" help:"Make an API key of a site; it is printed this once."`
	List   apiKeyList   `cmd:"" help:"List the API keys."`
	Revoke apiKeyRevoke `cmd:"" help:"Revoke an API key."`
}

type apiKeyAdd struct {
	Site string `arg:"" help:"Origin of the site, such as https://shop.example."`
	Name string `help:"What it is used for."`
}

func (c *apiKeyAdd) Run(e *env) error {
	origin, _, err := site.ParseOrigin(c.Site)
	if err != nil {
		return err
	}
	return e.withIdentities(func(i *auth.Identities) error {
		t, err := i.AddAPIKey(e.ctx, origin, c.Name)
		if err != nil {
			return err
		}
		return e.print(map[string]string{"site": origin, "key": string(t)}, func() { fmt.Println(t) })
	})
}

type apiKeyList struct{}

func (apiKeyList) Run(e *env) error {
	return e.withIdentities(func(i *auth.Identities) error {
		keys, err := i.APIKeys(e.ctx)
		if err != nil {
			return err
		}
		rows := []keyRow{}
		for _, k := range keys {
			rows = append(rows, keyRow{ID: k.ID, Site: k.Site, Name: k.Name, CreatedAt: k.CreatedAt, RevokedAt: revokedAt(k.RevokedAt)})
		}
		return e.keys(rows, "no API keys; guichet api-key add SITE makes one")
	})
}

type apiKeyRevoke struct {
	ID string `arg:"" help:"The key, as list prints it."`
}

func (c *apiKeyRevoke) Run(e *env) error {
	return e.withIdentities(func(i *auth.Identities) error {
		if err := i.RevokeAPIKey(e.ctx, c.ID); err != nil {
			return err
		}
		return e.print(map[string]string{"revoked": c.ID}, func() { fmt.Println("revoked", c.ID) })
	})
}
