package demo

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guichet/kb"
)

// person is a member of the shop.
type person struct {
	Key  string // the shop's own id of them
	Name string
}

// people are the shop's members. The first two are those whom anybody may try the shop as.
var people = []person{{"camille", "Camille Roux"}, {"vasseur", "Atelier Vasseur"}, {"jonas", "Jonas Keller"},
	{"orsini", "Maison Orsini"}, {"lagrange", "La Grange"}}

const tryable = 2

// personCookie holds who is signed in, for anybody to choose: the shop sells nothing.
const personCookie = "brocante"

// keyOf is the key of who goes by a name.
func keyOf(name string) string {
	return people[slices.IndexFunc(people, func(p person) bool { return p.Name == name })].Key
}

// who is signed in; nil for nobody.
func (s *Shop) who(r *http.Request) *person {
	cookie, err := r.Cookie(personCookie)
	if err != nil || s.KID == "" {
		return nil
	}
	i := slices.IndexFunc(people[:tryable], func(p person) bool { return p.Key == cookie.Value })
	if i < 0 {
		return nil
	}
	return &people[i]
}

// signedIn puts on a page who is signed in, and what is theirs. To nobody it shows a buyer's orders.
func (s *Shop) signedIn(r *http.Request, v *view) (err error) {
	v.Person = s.who(r)
	buyer := "camille"
	if s.KID != "" {
		v.People = people[:tryable]
	}
	if v.Person != nil {
		buyer = v.Person.Key
		if v.Token, err = s.sign(*v.Person, v.Lang); err != nil {
			return err
		}
	}
	for _, o := range orders {
		if o.Buyer == buyer {
			v.Orders = append(v.Orders, o)
		}
		if v.Person != nil && keyOf(o.Product.Seller) == v.Person.Key {
			v.Sales = append(v.Sales, o)
		}
	}
	return nil
}

// List is the page with other orders, for the template that lists them.
func (v view) List(of []order) view {
	v.Orders = of
	return v
}

// tokenLife is how long the help center has to exchange a token.
const tokenLife = 5 * time.Minute

// sign vouches for a person, as a site's server does.
func (s *Shop) sign(p person, l kb.Lang) (string, error) {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud": s.Help, "sub": p.Key, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "jti": rand.Text(),
		"name": p.Name, "email": p.Key + "@brocante.example", "email_verified": true, "locale": l.Tag(), "zoneinfo": "Europe/Paris",
	})
	t.Header["kid"] = s.KID
	return t.SignedString([]byte(s.Secret))
}

// signIn signs in as whom the form names, or out.
func (s *Shop) signIn(w http.ResponseWriter, r *http.Request) {
	as := r.FormValue("as")
	if as != "" && !slices.ContainsFunc(people[:tryable], func(p person) bool { return p.Key == as }) {
		http.Error(w, "nobody goes by that name", http.StatusBadRequest)
		return
	}
	age := 0
	if as == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{Name: personCookie, Value: as, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	to := r.FormValue("to")
	if to != "/orders" && !strings.HasPrefix(to, "/products/") {
		to = "/"
	}
	http.Redirect(w, r, to+"?lang="+string(langOf(r)), http.StatusSeeOther)
}

// token is a fresh token for who is signed in, for the page's own script.
func (s *Shop) token(w http.ResponseWriter, r *http.Request) {
	p := s.who(r)
	if p == nil {
		http.Error(w, "nobody is signed in", http.StatusUnauthorized)
		return
	}
	t, err := s.sign(*p, langOf(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(t))
}
