// Package demo is a small shop on an origin of its own that embeds the help center as a real site
// would, with a content policy as strict as a careful site's: for trying, and for the browser tests.
// It sells nothing and keeps nothing; who is signed in stands in a cookie, and is whoever one likes.
package demo

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"guichet/kb"
)

//go:embed shop.html shop.css shop.js texts.json
var files embed.FS

// Config of a shop.
type Config struct {
	Origin string // where it is served, such as http://127.0.0.1:8090
	Help   string // address of the help center, without a slash at its end

	KID    string // of the key that it signs with; "" lets nobody sign in
	Secret string // of that key
	APIKey string // for the help center's host API
}

// Shop serves the shop's pages.
type Shop struct {
	Config
	pages http.Handler
	host  string
	page  *template.Template
	texts map[string]map[kb.Lang]string
	csp   string // with the place of the nonce
}

const noncePlace = "{nonce}"

type product struct {
	ID     string // also the key of its name
	Price  int    // in euros
	Seller string
}

type order struct {
	Number  string
	Product product
	State   string // also the key of its name, and with _ask of what one asks then
	Buyer   string // key of a person
	Days    int    // since it was placed
}

var products = []product{{"desk", 180, "Atelier Vasseur"}, {"globe", 420, "Maison Orsini"}, {"lantern", 65, "La Grange"}}

var orders = []order{{"2041", products[0], "shipped", "camille", 3}, {"2017", products[1], "delivered", "camille", 12},
	{"1988", products[2], "returned", "camille", 25}, {"2035", products[0], "delivered", "jonas", 6}, {"1990", products[1], "delivered", "vasseur", 20}}

// New returns the shop; an error means that its texts or templates are broken.
func New(c Config) (*Shop, error) {
	s := &Shop{Config: c}
	origin, err := url.Parse(c.Origin)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	help, err := url.Parse(c.Help)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	s.host = origin.Host
	from := help.Scheme + "://" + help.Host
	s.csp = "default-src 'none'; script-src 'self' 'nonce-" + noncePlace + "' " + from + "; frame-src " + from +
		"; connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	raw, err := files.ReadFile("texts.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &s.texts); err != nil {
		return nil, fmt.Errorf("demo: texts.json: %w", err)
	}
	if s.page, err = template.ParseFS(files, "shop.html"); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, view{Page: "shop", Products: products})
	})
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, view{Page: "orders", titleKey: "orders"})
	})
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(products, func(p product) bool { return p.ID == r.PathValue("id") })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		s.viewed(r, products[i].ID)
		s.show(w, r, view{Page: "product", Product: &products[i], titleKey: products[i].ID})
	})
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("GET /token", s.token)
	for _, name := range []string{"shop.css", "shop.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, name) })
	}
	s.pages = s.guard(http.NewCrossOriginProtection().Handler(mux))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.pages.ServeHTTP(w, r) }

// guard sends whoever came by another name to the origin that the help center knows, and sets the
// headers of every answer.
func (s *Shop) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != s.host {
			http.Redirect(w, r, s.Origin+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// view is what a page shows; its methods are the words of the template.
type view struct {
	Page, Title, Nonce, Help string
	Lang                     kb.Lang
	Products                 []product
	Product                  *product
	Orders, Sales            []order
	Languages                []langLink
	Path                     string   // of the page
	Person                   *person  // who is signed in; nil for nobody
	People                   []person // who may
	Token                    string   // that vouches for them
	titleKey                 string
	texts                    map[string]map[kb.Lang]string
}

type langLink struct {
	URL, Tag, Name string
	Current        bool
}

var names = map[kb.Lang]string{kb.English: "English", kb.Spanish: "Español", kb.Italian: "Italiano", kb.French: "Français",
	kb.Dutch: "Nederlands", kb.German: "Deutsch", kb.Chinese: "中文", kb.Portuguese: "Português", kb.Polish: "Polski"}

// T is a text; there is none that a test has not seen in all nine languages.
func (v view) T(key string) string { return v.texts[key][v.Lang] }

// Tag is the language as HTML names it.
func (v view) Tag() string { return v.Lang.Tag() }

// To is another page in the same language.
func (v view) To(path string) string { return path + "?lang=" + string(v.Lang) }

// Price says a number of euros.
func (v view) Price(n int) string { return strings.ReplaceAll(v.T("price"), "{n}", strconv.Itoa(n)) }

// Order names an order.
func (v view) Order(number string) string { return strings.ReplaceAll(v.T("order"), "{n}", number) }

// Seller says who sells.
func (v view) Seller(name string) string { return strings.ReplaceAll(v.T("seller"), "{name}", name) }

// Ask is the help center's page that answers the question of a key.
func (v view) Ask(key string) string {
	return v.Help + "/" + string(v.Lang) + "/ask?q=" + url.QueryEscape(v.T(key+"_ask"))
}

func (s *Shop) show(w http.ResponseWriter, r *http.Request, v view) {
	v.texts, v.Help, v.Nonce, v.Lang = s.texts, s.Help, rand.Text(), langOf(r)
	if v.titleKey != "" {
		v.Title = v.T(v.titleKey)
	}
	v.Path = r.URL.Path
	if err := s.signedIn(r, &v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, l := range kb.Langs {
		v.Languages = append(v.Languages, langLink{r.URL.Path + "?lang=" + string(l), l.Tag(), names[l], l == v.Lang})
	}
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, "page", v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", strings.ReplaceAll(s.csp, noncePlace, v.Nonce))
	w.Write(b.Bytes())
}

// langOf is the language of the address, else the first of the browser's that is one of ours.
func langOf(r *http.Request) kb.Lang {
	if l, err := kb.ParseLang(r.URL.Query().Get("lang")); err == nil {
		return l
	}
	tags, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")) // what cannot be read asks for nothing
	for _, t := range tags {
		if l, err := kb.ParseLang(t.String()); err == nil {
			return l
		}
	}
	return kb.English
}
