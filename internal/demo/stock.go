package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"guichet/kb"
)

// Stock tells the help center of the shop's members, orders and objects, as a site's server does.
func (s *Shop) Stock(ctx context.Context) error {
	type obj = map[string]any
	var members, told, objects []obj
	for _, p := range people {
		members = append(members, obj{"id": p.Key, "name": p.Name, "email": p.Key + "@brocante.example", "email_verified": true, "zoneinfo": "Europe/Paris"})
	}
	fact := func(key, value string, values map[kb.Lang]string) obj {
		return obj{"key": key, "labels": s.texts[key], "value": value, "values": values, "prompt": true}
	}
	now := time.Now().UTC()
	for _, o := range orders {
		facts := []obj{fact("tracking", "LX"+o.Number+"9020FR", nil)}
		if o.State == "shipped" {
			facts = append(facts, fact("eta", "", s.texts["eta_value"]))
		}
		told = append(told, obj{"id": o.Number, "number": o.Number, "buyer": o.Buyer, "seller": keyOf(o.Product.Seller), "titles": s.texts[o.Product.ID],
			"statuses": s.texts[o.State], "total": obj{"minor": 100 * o.Product.Price, "currency": "EUR"},
			"placed_at": now.AddDate(0, 0, -o.Days).Format(time.RFC3339), "url": s.Origin + "/orders", "facts": facts})
	}
	for _, p := range products {
		objects = append(objects, obj{"id": p.ID, "titles": s.texts[p.ID], "seller": keyOf(p.Seller), "price": obj{"minor": 100 * p.Price, "currency": "EUR"},
			"url": s.Origin + "/products/" + p.ID, "facts": []obj{fact("description", "", s.texts[p.ID+"_text"])}})
	}
	for _, c := range []struct {
		path string
		body obj
	}{{"members", obj{"members": members}}, {"objects", obj{"objects": objects}}, {"orders", obj{"orders": told}}} {
		if err := s.call(ctx, http.MethodPut, c.path, c.body); err != nil {
			return err
		}
	}
	return nil
}

// viewed tells the help center that whoever is signed in looks at an object. The page does not depend
// on it.
func (s *Shop) viewed(r *http.Request, id string) {
	p := s.who(r)
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	_ = s.call(ctx, http.MethodPost, "members/"+p.Key+"/recently-viewed", map[string]any{"objects": []map[string]string{{"id": id}}})
}

// call calls the help center's host API.
func (s *Shop) call(ctx context.Context, method, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.Help+"/api/v1/host/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.APIKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 2000)) // what could not be read says nothing
		return fmt.Errorf("demo: %s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(said)))
	}
	return nil
}
