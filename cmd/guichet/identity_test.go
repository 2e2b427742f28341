package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeys: keys of both kinds are made, listed without their secrets, and revoked.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"), "EMBEDDINGS_URL=off", "GUICHET_STARTER=none")
	run := func(v any, args ...string) string {
		t.Helper()
		out, err := s.run(t, append(args, "--json")...)
		if err != nil {
			t.Fatalf("%v: %v, %s", args, err, out)
		}
		if err := json.Unmarshal([]byte(out), v); err != nil {
			t.Fatalf("%v: %v, %s", args, err, out)
		}
		return out
	}
	var made, api map[string]string
	run(&made, "identity-key", "add", "HTTPS://Shop.example:443/")
	run(&api, "api-key", "add", "https://shop.example", "--name", "orders")
	if made["site"] != "https://shop.example" || made["alg"] != "HS256" || len(made["secret"]) < 40 || made["aud"] != s.url || len(api["key"]) < 40 {
		t.Errorf("made %v and %v", made, api)
	}
	type row struct {
		ID, Site  string
		RevokedAt string `json:"revoked_at"`
	}
	var keys, apis []row
	if out := run(&keys, "identity-key", "list"); strings.Contains(out, made["secret"]) || len(keys) != 1 || keys[0].ID != made["kid"] || keys[0].RevokedAt != "" {
		t.Errorf("listed %s", out)
	}
	if out := run(&apis, "api-key", "list"); strings.Contains(out, api["key"]) || len(apis) != 1 || apis[0].RevokedAt != "" {
		t.Fatalf("listed %s", out)
	}
	var done map[string]string
	run(&done, "identity-key", "revoke", made["kid"])
	run(&done, "api-key", "revoke", apis[0].ID)
	if run(&keys, "identity-key", "list"); keys[0].RevokedAt == "" {
		t.Error("the key is not revoked")
	}
	if run(&apis, "api-key", "list"); apis[0].RevokedAt == "" {
		t.Error("the API key is not revoked")
	}
	for _, wrong := range [][]string{{"identity-key", "add", "shop.example"}, {"identity-key", "add", "https://shop.example/x"}, {"identity-key", "revoke", "nobody"},
		{"identity-key", "add", "https://shop.example", "--alg", "EdDSA"}, {"api-key", "revoke", "nobody"}} {
		if out, err := s.run(t, wrong...); err == nil {
			t.Errorf("%v: %s", wrong, out)
		}
	}
}
