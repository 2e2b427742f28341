package httpapi

import (
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

// hostID is the site's own id in the address.
func hostID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, support.CheckExternal("id", id)
}

// own reads one thing from the body under the id of the address; one in the body must be the same.
func own[T any](c *gin.Context, in *T, idOf func(*T) *string) error {
	id, err := hostID(c)
	if err != nil {
		return err
	}
	if err := decode(c, in); err != nil {
		return err
	}
	if given := idOf(in); *given != "" && *given != id {
		return problem.InvalidField("id", "problem.type").With("want", clip(id, 40))
	} else {
		*given = id
	}
	return nil
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

// apiPutMember serves PUT /api/v1/host/members/:id, for a site's server.
func (s *Server) apiPutMember(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in host.MemberInput
	if err := own(c, &in, func(x *host.MemberInput) *string { return &x.ID }); err != nil {
		return err
	}
	kept, err := s.Host.PutMembers(c.Request.Context(), site, "", []host.MemberInput{in})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"member": memberIn(kept[0])})
	return nil
}

// apiPutOrder serves PUT /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiPutOrder(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in host.OrderInput
	if err := own(c, &in, func(x *host.OrderInput) *string { return &x.ID }); err != nil {
		return err
	}
	kept, err := s.Host.PutOrders(c.Request.Context(), site, "", []host.OrderInput{in})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"order": orderIn(kept[0])})
	return nil
}

// apiPutObject serves PUT /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiPutObject(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in host.ObjectInput
	if err := own(c, &in, func(x *host.ObjectInput) *string { return &x.ID }); err != nil {
		return err
	}
	kept, err := s.Host.PutObjects(c.Request.Context(), site, "", []host.ObjectInput{in})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"object": objectIn(kept[0])})
	return nil
}

// apiPutMembers serves PUT /api/v1/host/members, for a site's server: many at once, all or none.
func (s *Server) apiPutMembers(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in struct {
		Members []host.MemberInput `json:"members"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	kept, err := s.Host.PutMembers(c.Request.Context(), site, "members", in.Members)
	return many(c, len(kept), err)
}

// apiPutOrders serves PUT /api/v1/host/orders, for a site's server: many at once, all or none.
func (s *Server) apiPutOrders(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in struct {
		Orders []host.OrderInput `json:"orders"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	kept, err := s.Host.PutOrders(c.Request.Context(), site, "orders", in.Orders)
	return many(c, len(kept), err)
}

// apiPutObjects serves PUT /api/v1/host/objects, for a site's server: many at once, all or none.
func (s *Server) apiPutObjects(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	var in struct {
		Objects []host.ObjectInput `json:"objects"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	kept, err := s.Host.PutObjects(c.Request.Context(), site, "objects", in.Objects)
	return many(c, len(kept), err)
}

func many(c *gin.Context, kept int, err error) error {
	if err == nil {
		c.JSON(http.StatusOK, gin.H{"kept": kept})
	}
	return err
}

// hosted serves one GET of what a site told, for its server: NotFound for what it never did.
func (s *Server) hosted(c *gin.Context, read func(site, id string) (gin.H, error)) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	id, err := hostID(c)
	if err != nil {
		return err
	}
	out, err := read(site, id)
	if err == nil {
		c.JSON(http.StatusOK, out)
	}
	return err
}

// apiGetMember serves GET /api/v1/host/members/:id, for a site's server.
func (s *Server) apiGetMember(c *gin.Context) error {
	return s.hosted(c, func(site, id string) (gin.H, error) {
		m, err := s.Host.Member(c.Request.Context(), site, id)
		return gin.H{"member": memberIn(m)}, err
	})
}

// apiGetOrder serves GET /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiGetOrder(c *gin.Context) error {
	return s.hosted(c, func(site, id string) (gin.H, error) {
		o, err := s.Host.Order(c.Request.Context(), site, id)
		return gin.H{"order": orderIn(o)}, err
	})
}

// apiGetObject serves GET /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiGetObject(c *gin.Context) error {
	return s.hosted(c, func(site, id string) (gin.H, error) {
		o, err := s.Host.Object(c.Request.Context(), site, id)
		return gin.H{"object": objectIn(o)}, err
	})
}

// forget serves one DELETE of what a site told, for its server; what is gone already is gone.
func (s *Server) forget(c *gin.Context, do func(site, id string) error) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	id, err := hostID(c)
	if err != nil {
		return err
	}
	if err := do(site, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiDeleteMember serves DELETE /api/v1/host/members/:id, for a site's server.
func (s *Server) apiDeleteMember(c *gin.Context) error {
	return s.forget(c, func(site, id string) error { return s.Host.DeleteMember(c.Request.Context(), site, id) })
}

// apiDeleteOrder serves DELETE /api/v1/host/orders/:id, for a site's server.
func (s *Server) apiDeleteOrder(c *gin.Context) error {
	return s.forget(c, func(site, id string) error { return s.Host.DeleteOrder(c.Request.Context(), site, id) })
}

// apiDeleteObject serves DELETE /api/v1/host/objects/:id, for a site's server.
func (s *Server) apiDeleteObject(c *gin.Context) error {
	return s.forget(c, func(site, id string) error { return s.Host.DeleteObject(c.Request.Context(), site, id) })
}

// apiViewed serves POST /api/v1/host/members/:id/recently-viewed, for a site's server.
func (s *Server) apiViewed(c *gin.Context) error {
	site, err := s.host(c)
	if err != nil {
		return err
	}
	id, err := hostID(c)
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
