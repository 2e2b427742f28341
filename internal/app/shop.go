package app

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"guichet/internal/demo"
	"guichet/internal/site"
)

// shop is the sample shop; nil where none is set.
type shop struct {
	net.Listener
}

// openShop takes the sample shop's address.
func openShop(addr string) (*shop, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := listen("GUICHET_DEMO_ADDR", addr)
	if err != nil {
		return nil, err
	}
	return &shop{l}, nil
}

func (s *shop) origin() string { return "http://" + s.Addr().String() }

func (s *shop) handler(help string) (http.Handler, error) {
	return demo.New(demo.Config{Origin: s.origin(), Help: strings.TrimSuffix(help, "/")})
}

// decided is what admins have decided; the sample shop, while it runs, may embed the help center too.
func (a *App) decided() site.Settings {
	now := a.Site.Current()
	if a.shop != nil {
		now.Sites = append(slices.Clone(now.Sites), a.shop.origin())
	}
	return now
}
