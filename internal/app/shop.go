package app

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"guichet/internal/demo"
	"guichet/internal/site"
	"guichet/internal/support"
)

// shop is the sample shop; nil where none is set.
type shop struct {
	net.Listener
	pages *demo.Shop // once it is furnished
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
	return &shop{Listener: l}, nil
}

func (s *shop) origin() string { return "http://" + s.Addr().String() }

// furnish makes the shop, with keys that live as long as this process: those of one that was killed end
// now. What it sells it tells when the help center answers.
func (a *App) furnish(ctx context.Context) error {
	origin := a.shop.origin()
	if err := a.Identities.Forget(ctx, origin); err != nil {
		return err
	}
	k, secret, err := a.Identities.AddKey(ctx, origin, support.HS256, "")
	if err != nil {
		return err
	}
	api, err := a.Identities.AddAPIKey(ctx, origin, "sample shop")
	if err != nil {
		return err
	}
	a.stops = append(a.stops, func(ctx context.Context) error { return a.Identities.Forget(ctx, origin) })
	a.shop.pages, err = demo.New(demo.Config{Origin: origin, Help: strings.TrimSuffix(a.cfg.Base.String(), "/"),
		KID: k.KID, Secret: secret, APIKey: string(api)})
	if err != nil {
		return fmt.Errorf("the sample shop: %w", err)
	}
	return nil
}

// stock has the shop tell what it sells. Whoever only tries it can do without.
func (a *App) stock(ctx context.Context) {
	if a.shop == nil {
		return
	}
	if err := a.shop.pages.Stock(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("the sample shop could not tell of its orders", "err", err)
	}
}

// decided is what admins have decided; the sample shop, while it runs, may embed the help center too.
func (a *App) decided() site.Settings {
	now := a.Site.Current()
	if a.shop != nil {
		now.Sites = append(slices.Clone(now.Sites), a.shop.origin())
	}
	return now
}
