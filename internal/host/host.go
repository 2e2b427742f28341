// Package host keeps what an embedding site's server tells of its members, orders and objects, and
// shows each member what is theirs. A site is named by its origin; ids are the site's own.
package host

import (
	"context"
	"fmt"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// Store keeps members, orders and objects. Get methods return NotFound for what the site never told,
// or has taken back.
type Store interface {
	// PutMembers keeps members under their sites' ids, all or none; one that was signed in stays so.
	PutMembers(ctx context.Context, ms []support.Member) error
	GetMember(ctx context.Context, site, id string) (support.Member, error)
	MemberByID(ctx context.Context, id support.MemberID) (support.Member, error)
	// DeleteMember forgets a member: sessions end, conversations stay as a guest's.
	DeleteMember(ctx context.Context, site, id string) error

	PutOrders(ctx context.Context, os []support.Order) error
	GetOrder(ctx context.Context, site, id string) (support.Order, error)
	DeleteOrder(ctx context.Context, site, id string) error

	PutObjects(ctx context.Context, os []support.Object) error
	GetObject(ctx context.Context, site, id string) (support.Object, error)
	DeleteObject(ctx context.Context, site, id string) error

	// Viewed notes that a member looked at objects, and forgets all but the last keep.
	Viewed(ctx context.Context, site, member string, vs []View, keep int) error

	// OrdersOf lists the orders that a member is buyer or seller of, the newest first; q is folded,
	// "" for all.
	OrdersOf(ctx context.Context, m support.Member, q string, limit int) ([]support.Order, error)
	// ObjectsOf lists what a member looked at, the latest first.
	ObjectsOf(ctx context.Context, m support.Member, limit int) ([]support.Object, error)
	// HasViewed reports whether a member looked at an object.
	HasViewed(ctx context.Context, m support.Member, object string) (bool, error)
	// NamesOf are the names of a site's members by its ids; who is not known has none.
	NamesOf(ctx context.Context, site string, ids []string) (map[string]string, error)
}

// View is a look at an object.
type View struct {
	Object string
	At     time.Time
}

// Bounds of what a site tells.
const (
	MaxBulk   = 100 // of a call
	MaxViewed = 50  // kept of a member
)

// Service knows what sites tell.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns a Service; now nil means time.Now.
func New(store Store, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store, now}
}

// bulk checks how many there are; name is what the caller calls them.
func bulk(name string, n int) error {
	if n == 0 || n > MaxBulk {
		return problem.InvalidField(name, "problem.type").With("want", fmt.Sprintf("1–%d of them", MaxBulk))
	}
	return nil
}

// put reads what a site tells and keeps all of it, or says all that is wrong and keeps nothing.
func put[In, Out any](ctx context.Context, field string, in []In, read func(In, place) Out, keep func(context.Context, []Out) error) (out []Out, err error) {
	if err := bulk(field, len(in)); err != nil {
		return nil, err
	}
	c := checker{}
	for i, x := range in {
		out = append(out, read(x, c.at(field, i)))
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return out, keep(ctx, out)
}

// PutMembers keeps what a site tells of members; told again, it replaces what was told before. field
// names the list in errors, as in "members[3].email"; "" stands for one alone.
func (s *Service) PutMembers(ctx context.Context, site, field string, in []MemberInput) (out []support.Member, err error) {
	defer problem.Wrap(&err, "host.PutMembers(%s, %d)", site, len(in))
	read := func(x MemberInput, p place) support.Member { return x.read(p, site, s.now()) }
	return put(ctx, field, in, read, s.store.PutMembers)
}

// PutOrders is PutMembers for orders.
func (s *Service) PutOrders(ctx context.Context, site, field string, in []OrderInput) (out []support.Order, err error) {
	defer problem.Wrap(&err, "host.PutOrders(%s, %d)", site, len(in))
	return put(ctx, field, in, func(x OrderInput, p place) support.Order { return x.read(p, site) }, s.store.PutOrders)
}

// PutObjects is PutMembers for objects.
func (s *Service) PutObjects(ctx context.Context, site, field string, in []ObjectInput) (out []support.Object, err error) {
	defer problem.Wrap(&err, "host.PutObjects(%s, %d)", site, len(in))
	return put(ctx, field, in, func(x ObjectInput, p place) support.Object { return x.read(p, site) }, s.store.PutObjects)
}

// Member, Order and Object return what a site told; NotFound.
func (s *Service) Member(ctx context.Context, site, id string) (support.Member, error) {
	return s.store.GetMember(ctx, site, id)
}

// Order is Member for an order.
func (s *Service) Order(ctx context.Context, site, id string) (support.Order, error) {
	return s.store.GetOrder(ctx, site, id)
}

// Object is Member for an object.
func (s *Service) Object(ctx context.Context, site, id string) (support.Object, error) {
	return s.store.GetObject(ctx, site, id)
}

// DeleteMember forgets a member; who is not known is forgotten already.
func (s *Service) DeleteMember(ctx context.Context, site, id string) error {
	return s.store.DeleteMember(ctx, site, id)
}

// DeleteOrder is DeleteMember for an order.
func (s *Service) DeleteOrder(ctx context.Context, site, id string) error {
	return s.store.DeleteOrder(ctx, site, id)
}

// DeleteObject is DeleteMember for an object.
func (s *Service) DeleteObject(ctx context.Context, site, id string) error {
	return s.store.DeleteObject(ctx, site, id)
}

// Viewed notes what a member looked at. A moment that is missing or still to come is now.
func (s *Service) Viewed(ctx context.Context, site, member string, in []ViewInput) (err error) {
	defer problem.Wrap(&err, "host.Viewed(%s, %d)", site, len(in))
	if err := support.CheckExternal("id", member); err != nil {
		return err
	}
	if err := bulk("objects", len(in)); err != nil {
		return err
	}
	c := checker{}
	now := s.now()
	var vs []View
	for i, x := range in {
		f := c.at("objects", i)
		f.id("id", x.ID)
		v := View{x.ID, now}
		if x.ViewedAt != "" {
			if at := f.moment("viewed_at", x.ViewedAt); at.Before(now) {
				v.At = at
			}
		}
		vs = append(vs, v)
	}
	if err := c.err(); err != nil {
		return err
	}
	return s.store.Viewed(ctx, site, member, vs, MaxViewed)
}

// MemberOrder is an order as a member of it sees it.
type MemberOrder struct {
	support.Order
	Role      support.Party // the member's
	Other     support.Party // whom they deal with
	OtherName string        // "" where the site does not say
}

// Orders lists a member's orders, as buyer and as seller, the newest first; q are words of them.
func (s *Service) Orders(ctx context.Context, m support.Member, q string, limit int) (out []MemberOrder, err error) {
	defer problem.Wrap(&err, "host.Orders")
	if m.External == "" {
		return nil, nil // signed up here: no site tells of them
	}
	orders, err := s.store.OrdersOf(ctx, m, foldQuery(q), limit)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, o := range orders {
		x := MemberOrder{Order: o, Role: o.Role(m)}
		var id string
		x.Other, id = o.Other(x.Role)
		out, others = append(out, x), append(others, id)
	}
	names, err := s.store.NamesOf(ctx, m.Site, others)
	for i, id := range others {
		out[i].OtherName = names[id]
	}
	return out, err
}

// MemberOrder is an order that a member is buyer or seller of; NotFound for any other.
func (s *Service) MemberOrder(ctx context.Context, m support.Member, id string) (x MemberOrder, err error) {
	defer problem.Wrap(&err, "host.MemberOrder")
	if x.Order, _, err = s.About(ctx, m, support.Subject{Type: support.SubjectOrder, ID: id}); err != nil {
		return x, err
	}
	x.Role = x.Order.Role(m)
	var other string
	x.Other, other = x.Order.Other(x.Role)
	names, err := s.store.NamesOf(ctx, m.Site, []string{other})
	x.OtherName = names[other]
	return x, err
}

// Told is what a site tells of what a member asked about, for staff: the order, or the object. NotFound
// where it tells of it no longer, or it is not the member's any more.
func (s *Service) Told(ctx context.Context, id support.MemberID, about support.Subject) (x MemberOrder, o support.Object, err error) {
	defer problem.Wrap(&err, "host.Told(%s)", id)
	m, err := s.store.MemberByID(ctx, id)
	if err != nil {
		return x, o, err
	}
	if about.Type == support.SubjectOrder {
		x, err = s.MemberOrder(ctx, m, about.ID)
		return x, o, err
	}
	_, o, err = s.About(ctx, m, about)
	return x, o, err
}

// Objects lists what a member looked at, the latest first.
func (s *Service) Objects(ctx context.Context, m support.Member, limit int) ([]support.Object, error) {
	if m.External == "" {
		return nil, nil
	}
	return s.store.ObjectsOf(ctx, m, limit)
}

// About returns the order or object that a member may ask about: they are buyer or seller of the
// order, or have looked at the object or sell it. NotFound for any other, whether it is there or not.
func (s *Service) About(ctx context.Context, m support.Member, about support.Subject) (o support.Order, x support.Object, err error) {
	defer problem.Wrap(&err, "host.About(%s)", about.Type)
	no := problem.From(problem.NotFound, "problem.subject", fmt.Errorf("not the member's"))
	if m.External == "" || support.CheckExternal("id", about.ID) != nil {
		return o, x, no
	}
	switch about.Type {
	case support.SubjectOrder:
		o, err = s.store.GetOrder(ctx, m.Site, about.ID)
		if problem.Is(err, problem.NotFound) || err == nil && o.Role(m) == support.NoParty {
			return support.Order{}, x, no
		}
	case support.SubjectObject:
		x, err = s.store.GetObject(ctx, m.Site, about.ID)
		seen := x.Seller == m.External
		if err == nil && !seen {
			seen, err = s.store.HasViewed(ctx, m, about.ID)
		}
		if problem.Is(err, problem.NotFound) || err == nil && !seen {
			return o, support.Object{}, no
		}
	default:
		return o, x, problem.InvalidField("subject.type", "problem.type").With("want", "order, object")
	}
	return o, x, err
}
