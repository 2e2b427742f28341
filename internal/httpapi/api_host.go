package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/host"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

const hostPath = "/api/v1/host/"

// isHost reports whether a request is of the host API.
func isHost(c *gin.Context) bool { return strings.HasPrefix(c.Request.URL.Path, hostPath) }

// host is the site whose server calls, by its API key. Unauthorized for anybody else; TooMany where
// the site calls too often.
func (s *Server) host(c *gin.Context) (site string, err error) {
	c.Header("Cache-Control", "no-store")
	t := bearer(c)
	if t == "" {
		return "", problem.New(problem.Unauthorized, "problem.api_key")
	}
	key, err := s.Identities.APIKey(c.Request.Context(), t)
	if err != nil {
		return "", err
	}
	return key.Site, s.limiter.host(key.ID)
}

func texts(in map[kb.Lang]string) host.Texts {
	if len(in) == 0 {
		return nil
	}
	out := host.Texts{}
	for l, s := range in {
		out[string(l)] = s
	}
	return out
}

func moneyIn(m support.Money) *host.MoneyInput {
	if m.Currency == "" {
		return nil
	}
	return &host.MoneyInput{Minor: m.Minor, Currency: m.Currency}
}

func factsIn(in []support.Fact) []host.FactInput {
	out := []host.FactInput{}
	for _, f := range in {
		out = append(out, host.FactInput{Key: f.Key, Labels: texts(f.Labels), Value: f.Value, Values: texts(f.Values), Prompt: f.Prompt})
	}
	return out
}

// memberIn, orderIn and objectIn are what is kept, in the form in which it is told.
func memberIn(m support.Member) host.MemberInput {
	return host.MemberInput{ID: m.External, Email: m.Email, EmailVerified: m.EmailVerified, Name: m.Name, Lang: string(m.Lang), Phone: m.Phone, Zone: m.Zone}
}

func orderIn(o support.Order) host.OrderInput {
	return host.OrderInput{ID: o.ID, Number: o.Number, Buyer: o.Buyer, Seller: o.Seller, Title: o.Title, Titles: texts(o.Titles), Status: o.Status,
		Statuses: texts(o.Statuses), Total: moneyIn(o.Total), PlacedAt: o.PlacedAt.Format(time.RFC3339), URL: o.URL, Image: o.Image, Facts: factsIn(o.Facts)}
}

func objectIn(o support.Object) host.ObjectInput {
	return host.ObjectInput{ID: o.ID, Title: o.Title, Titles: texts(o.Titles), Seller: o.Seller, Price: moneyIn(o.Price), URL: o.URL, Image: o.Image, Facts: factsIn(o.Facts)}
}

// hosted is the site whose server calls, and its own id of what the call is about.
func (s *Server) hosted(c *gin.Context) (site, id string, err error) {
	if site, err = s.host(c); err != nil {
		return "", "", err
	}
	id = c.Param("id")
	return site, id, support.CheckExternal("id", id)
}

// putFunc keeps what a site tells, as the methods of host.Service do.
type putFunc[In, Kept any] func(ctx context.Context, site, field string, in []In) ([]Kept, error)

// putOne keeps one thing that a site tells, under the id of the address, and responds with what is kept;
// an id in the body must be the same.
func putOne[In, Kept, Out any](s *Server, c *gin.Context, name string, idOf func(*In) *string, put putFunc[In, Kept], show func(Kept) Out) error {
	site, id, err := s.hosted(c)
	if err != nil {
		return err
	}
	var in In
	if err := decode(c, &in); err != nil {
		return err
	}
	given := idOf(&in)
	if *given != "" && *given != id {
		return problem.InvalidField("id", "problem.type").With("want", clip(id, 40))
	}
	*given = id
	kept, err := put(c.Request.Context(), site, "", []In{in})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{name: show(kept[0])})
	return nil
}

// putMany keeps the list in of the body, all or none, and responds with how many there are.
func putMany[In, Kept any](s *Server, c *gin.Context, name string, body any, in *[]In, put putFunc[In, Kept]) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	if err := decode(c, body); err != nil {
		return err
	}
	kept, err := put(c.Request.Context(), site, name, *in)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"kept": len(kept)})
	return nil
}

// getOne responds with one thing that a site told: NotFound for what it never did.
func getOne[Kept, Out any](s *Server, c *gin.Context, name string, get func(ctx context.Context, site, id string) (Kept, error), show func(Kept) Out) error {
	site, id, err := s.hosted(c)
	if err != nil {
		return err
	}
	kept, err := get(c.Request.Context(), site, id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{name: show(kept)})
	return nil
}

// forget forgets one thing that a site told; what is gone already is gone.
func (s *Server) forget(c *gin.Context, do func(ctx context.Context, site, id string) error) error {
	site, id, err := s.hosted(c)
	if err != nil {
		return err
	}
	if err := do(c.Request.Context(), site, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiPutMember serves PUT /api/v1/host/members/:id, for a site's server.
func (s *Server) apiPutMember(c *gin.Context) error {
	return putOne(s, c, "member", func(x *host.MemberInput) *string { return &x.ID }, s.Host.PutMembers, memberIn)
}

// apiPutOrder serves PUT /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiPutOrder(c *gin.Context) error {
	return putOne(s, c, "order", func(x *host.OrderInput) *string { return &x.ID }, s.Host.PutOrders, orderIn)
}

// apiPutObject serves PUT /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiPutObject(c *gin.Context) error {
	return putOne(s, c, "object", func(x *host.ObjectInput) *string { return &x.ID }, s.Host.PutObjects, objectIn)
}

// apiPutMembers serves PUT /api/v1/host/members, for a site's server: many at once, all or none.
func (s *Server) apiPutMembers(c *gin.Context) error {
	var in struct {
		Members []host.MemberInput `json:"members"`
	}
	return putMany(s, c, "members", &in, &in.Members, s.Host.PutMembers)
}

// apiPutOrders serves PUT /api/v1/host/orders, for a site's server: many at once, all or none.
func (s *Server) apiPutOrders(c *gin.Context) error {
	var in struct {
		Orders []host.OrderInput `json:"orders"`
	}
	return putMany(s, c, "orders", &in, &in.Orders, s.Host.PutOrders)
}

// apiPutObjects serves PUT /api/v1/host/objects, for a site's server: many at once, all or none.
func (s *Server) apiPutObjects(c *gin.Context) error {
	var in struct {
		Objects []host.ObjectInput `json:"objects"`
	}
	return putMany(s, c, "objects", &in, &in.Objects, s.Host.PutObjects)
}

// apiGetMember serves GET /api/v1/host/members/:id, for a site's server.
func (s *Server) apiGetMember(c *gin.Context) error {
	return getOne(s, c, "member", s.Host.Member, memberIn)
}

// apiGetOrder serves GET /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiGetOrder(c *gin.Context) error {
	return getOne(s, c, "order", s.Host.Order, orderIn)
}

// apiGetObject serves GET /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiGetObject(c *gin.Context) error {
	return getOne(s, c, "object", s.Host.Object, objectIn)
}

// apiDeleteMember serves DELETE /api/v1/host/members/:id, for a site's server.
func (s *Server) apiDeleteMember(c *gin.Context) error {
	return s.forget(c, s.Host.DeleteMember)
}

// apiDeleteOrder serves DELETE /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiDeleteOrder(c *gin.Context) error {
	return s.forget(c, s.Host.DeleteOrder)
}

// apiDeleteObject serves DELETE /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiDeleteObject(c *gin.Context) error {
	return s.forget(c, s.Host.DeleteObject)
}

// apiViewed serves POST /api/v1/host/members/:id/recently-viewed, for a site's server.
func (s *Server) apiViewed(c *gin.Context) error {
	site, id, err := s.hosted(c)
	if err != nil {
		return err
	}
	var in struct {
		Objects []host.ViewInput `json:"objects"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := s.Host.Viewed(c.Request.Context(), site, id, in.Objects); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
