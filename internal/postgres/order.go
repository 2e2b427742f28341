package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"guichet/internal/host"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

var _ host.Store = (*DB)(nil)

// What a site's server says replaces what it said before, and what a token said; who is signed in
// stays so.
var putMember = query("put_member", `
	INSERT INTO members AS m (id, site, external, email, email_verified, name, lang, phone, zone, created_at)
	VALUES (@id, @site, @external, @email, @email_verified, @name, @lang, @phone, @zone, @created_at)
	ON CONFLICT (site, external) WHERE site <> '' DO UPDATE SET email = EXCLUDED.email, email_verified = EXCLUDED.email_verified,
		name = EXCLUDED.name, lang = EXCLUDED.lang, phone = EXCLUDED.phone, zone = EXCLUDED.zone`)

// each runs do for all of in, in one transaction and in the order of their ids, so that two who tell
// the same at once do not wait for one another.
func each[T any](ctx context.Context, db *DB, in []T, do func(context.Context, pgx.Tx, T) error) error {
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, x := range in {
			if err := do(ctx, tx, x); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutMembers implements host.Store.
func (db *DB) PutMembers(ctx context.Context, ms []support.Member) (err error) {
	defer problem.Wrap(&err, "PutMembers(%d)", len(ms))
	return each(ctx, db, sorted(ms, func(m support.Member) string { return m.External }), func(ctx context.Context, tx pgx.Tx, m support.Member) error {
		_, err := putMember.exec(ctx, tx, memberArgs(m))
		return err
	})
}

var (
	getMember = query("get_member", `SELECT `+memberColumns+` FROM members m WHERE m.site = @site AND m.external = @id AND m.site <> ''`)

	deleteMember = query("delete_member", `
		WITH gone AS (DELETE FROM members WHERE site = @site AND external = @id AND site <> '' RETURNING id),
			seen AS (DELETE FROM recently_viewed WHERE site = @site AND member = @id)
		DELETE FROM tokens t USING gone WHERE t.purpose = 'member_session' AND t.subject = gone.id::text`)

	namesOf = query("names_of", `SELECT external, name FROM members WHERE site = @site AND external = ANY(@ids) AND site <> ''`)
)

// GetMember implements host.Store.
func (db *DB) GetMember(ctx context.Context, site, id string) (support.Member, error) {
	return one(ctx, db.pool, getMember, args{"site": site, "id": id}, scanMember)
}

// DeleteMember implements host.Store.
func (db *DB) DeleteMember(ctx context.Context, site, id string) error {
	_, err := deleteMember.exec(ctx, db.pool, args{"site": site, "id": id})
	return err
}

// NamesOf implements host.Store.
func (db *DB) NamesOf(ctx context.Context, site string, ids []string) (map[string]string, error) {
	type named struct{ ID, Name string }
	rows, err := list(ctx, db.pool, namesOf, args{"site": site, "ids": ids}, pgx.RowToStructByPos[named])
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, err
}

// told is what orders and objects hold beside what they are found by.
type told struct {
	Number   string             `json:"number,omitempty"`
	Title    string             `json:"title,omitempty"`
	Titles   map[kb.Lang]string `json:"titles,omitempty"`
	Status   string             `json:"status,omitempty"`
	Statuses map[kb.Lang]string `json:"statuses,omitempty"`
	Money    support.Money      `json:"money"`
	URL      string             `json:"url,omitempty"`
	Image    string             `json:"image,omitempty"`
	Facts    []support.Fact     `json:"facts,omitempty"`
}

var putOrder = query("put_order", `
	INSERT INTO orders (site, id, buyer, seller, placed_at, what, search)
	VALUES (@site, @id, @buyer, @seller, @placed_at, @what::jsonb, @search)
	ON CONFLICT (site, id) DO UPDATE SET buyer = EXCLUDED.buyer, seller = EXCLUDED.seller, placed_at = EXCLUDED.placed_at,
		what = EXCLUDED.what, search = EXCLUDED.search, updated_at = now()`)

// PutOrders implements host.Store.
func (db *DB) PutOrders(ctx context.Context, os []support.Order) (err error) {
	defer problem.Wrap(&err, "PutOrders(%d)", len(os))
	return each(ctx, db, sorted(os, func(o support.Order) string { return o.ID }), func(ctx context.Context, tx pgx.Tx, o support.Order) error {
		words := []string{o.Number, o.Title, o.Status}
		for _, l := range kb.Langs {
			words = append(words, o.Titles[l], o.Statuses[l])
		}
		_, err := putOrder.exec(ctx, tx, args{"site": o.Site, "id": o.ID, "buyer": o.Buyer, "seller": o.Seller, "placed_at": o.PlacedAt,
			"what":   told{o.Number, o.Title, o.Titles, o.Status, o.Statuses, o.Total, o.URL, o.Image, o.Facts},
			"search": kb.Fold(strings.Join(words, " "))})
		return err
	})
}

func scanOrder(row pgx.CollectableRow) (o support.Order, err error) {
	var raw []byte
	if err := row.Scan(&o.Site, &o.ID, &o.Buyer, &o.Seller, &o.PlacedAt, &raw); err != nil {
		return o, err
	}
	var t told
	err = json.Unmarshal(raw, &t)
	o.Number, o.Title, o.Titles, o.Status, o.Statuses, o.Total = t.Number, t.Title, t.Titles, t.Status, t.Statuses, t.Money
	o.URL, o.Image, o.Facts, o.PlacedAt = t.URL, t.Image, t.Facts, o.PlacedAt.UTC()
	return o, err
}

const orderColumns = `o.site, o.id, o.buyer, o.seller, o.placed_at, o.what`

var (
	getOrder = query("get_order", `SELECT `+orderColumns+` FROM orders o WHERE o.site = @site AND o.id = @id`)

	deleteOrder = query("delete_order", `DELETE FROM orders WHERE site = @site AND id = @id`)

	// Each side by its own index, and of each no more than is wanted.
	ordersOf = query("orders_of", `
		SELECT `+orderColumns+` FROM (
			(SELECT * FROM orders b WHERE b.site = @site AND b.buyer = @member AND (@q = '' OR position(@q IN b.search) > 0)
				ORDER BY b.placed_at DESC, b.id LIMIT @limit)
			UNION
			(SELECT * FROM orders s WHERE s.site = @site AND s.seller = @member AND s.seller <> '' AND (@q = '' OR position(@q IN s.search) > 0)
				ORDER BY s.placed_at DESC, s.id LIMIT @limit)
		) o ORDER BY o.placed_at DESC, o.id LIMIT @limit`)
)

// GetOrder implements host.Store.
func (db *DB) GetOrder(ctx context.Context, site, id string) (support.Order, error) {
	return one(ctx, db.pool, getOrder, args{"site": site, "id": id}, scanOrder)
}

// DeleteOrder implements host.Store.
func (db *DB) DeleteOrder(ctx context.Context, site, id string) error {
	_, err := deleteOrder.exec(ctx, db.pool, args{"site": site, "id": id})
	return err
}

// OrdersOf implements host.Store.
func (db *DB) OrdersOf(ctx context.Context, m support.Member, q string, limit int) ([]support.Order, error) {
	return list(ctx, db.pool, ordersOf, args{"site": m.Site, "member": m.External, "q": q, "limit": limit}, scanOrder)
}

var putObject = query("put_object", `
	INSERT INTO objects (site, id, seller, what) VALUES (@site, @id, @seller, @what::jsonb)
	ON CONFLICT (site, id) DO UPDATE SET seller = EXCLUDED.seller, what = EXCLUDED.what, updated_at = now()`)

// PutObjects implements host.Store.
func (db *DB) PutObjects(ctx context.Context, os []support.Object) (err error) {
	defer problem.Wrap(&err, "PutObjects(%d)", len(os))
	return each(ctx, db, sorted(os, func(o support.Object) string { return o.ID }), func(ctx context.Context, tx pgx.Tx, o support.Object) error {
		_, err := putObject.exec(ctx, tx, args{"site": o.Site, "id": o.ID, "seller": o.Seller,
			"what": told{Title: o.Title, Titles: o.Titles, Money: o.Price, URL: o.URL, Image: o.Image, Facts: o.Facts}})
		return err
	})
}

func scanObject(row pgx.CollectableRow) (o support.Object, err error) {
	var raw []byte
	if err := row.Scan(&o.Site, &o.ID, &o.Seller, &raw); err != nil {
		return o, err
	}
	var t told
	err = json.Unmarshal(raw, &t)
	o.Title, o.Titles, o.Price, o.URL, o.Image, o.Facts = t.Title, t.Titles, t.Money, t.URL, t.Image, t.Facts
	return o, err
}

var (
	getObject = query("get_object", `SELECT o.site, o.id, o.seller, o.what FROM objects o WHERE o.site = @site AND o.id = @id`)

	deleteObject = query("delete_object", `
		WITH seen AS (DELETE FROM recently_viewed WHERE site = @site AND object = @id)
		DELETE FROM objects WHERE site = @site AND id = @id`)

	viewObject = query("view_object", `
		INSERT INTO recently_viewed AS v (site, member, object, viewed_at) VALUES (@site, @member, @object, @at)
		ON CONFLICT (site, member, object) DO UPDATE SET viewed_at = GREATEST(v.viewed_at, EXCLUDED.viewed_at)`)

	forgetViews = query("forget_views", `
		DELETE FROM recently_viewed v USING (
			SELECT object FROM recently_viewed WHERE site = @site AND member = @member ORDER BY viewed_at DESC, object OFFSET @keep
		) old WHERE v.site = @site AND v.member = @member AND v.object = old.object`)

	objectsOf = query("objects_of", `
		SELECT o.site, o.id, o.seller, o.what FROM recently_viewed v JOIN objects o ON o.site = v.site AND o.id = v.object
		WHERE v.site = @site AND v.member = @member ORDER BY v.viewed_at DESC, o.id LIMIT @limit`)

	hasViewed = query("has_viewed", `SELECT EXISTS (SELECT FROM recently_viewed WHERE site = @site AND member = @member AND object = @object)`)
)

// GetObject implements host.Store.
func (db *DB) GetObject(ctx context.Context, site, id string) (support.Object, error) {
	return one(ctx, db.pool, getObject, args{"site": site, "id": id}, scanObject)
}

// DeleteObject implements host.Store.
func (db *DB) DeleteObject(ctx context.Context, site, id string) error {
	_, err := deleteObject.exec(ctx, db.pool, args{"site": site, "id": id})
	return err
}

// Viewed implements host.Store.
func (db *DB) Viewed(ctx context.Context, site, member string, vs []host.View, keep int) (err error) {
	defer problem.Wrap(&err, "Viewed(%d)", len(vs))
	return db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, v := range sorted(vs, func(v host.View) string { return v.Object }) {
			if _, err := viewObject.exec(ctx, tx, args{"site": site, "member": member, "object": v.Object, "at": v.At}); err != nil {
				return err
			}
		}
		_, err := forgetViews.exec(ctx, tx, args{"site": site, "member": member, "keep": keep})
		return err
	})
}

// ObjectsOf implements host.Store.
func (db *DB) ObjectsOf(ctx context.Context, m support.Member, limit int) ([]support.Object, error) {
	return list(ctx, db.pool, objectsOf, args{"site": m.Site, "member": m.External, "limit": limit}, scanObject)
}

// HasViewed implements host.Store.
func (db *DB) HasViewed(ctx context.Context, m support.Member, object string) (bool, error) {
	return one(ctx, db.pool, hasViewed, args{"site": m.Site, "member": m.External, "object": object}, value[bool])
}

// sorted is a copy of in by a key.
func sorted[T any](in []T, by func(T) string) []T {
	return slices.SortedStableFunc(slices.Values(in), func(a, b T) int { return strings.Compare(by(a), by(b)) })
}
