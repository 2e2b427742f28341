package support_test

import (
	"encoding/base64"
	"regexp"
	"testing"

	"guichet/internal/support"
	"guichet/kb"
)

func TestRefs(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^G-[0-9A-HJKMNP-TV-Z]{5}$`)
	seen := map[rune]bool{}
	for range 2000 {
		ref := support.NewRef()
		if !form.MatchString(ref) {
			t.Fatalf("NewRef() = %q", ref)
		}
		if got := support.NormalRef(ref); got != ref {
			t.Fatalf("NormalRef(%q) = %q", ref, got)
		}
		for _, c := range ref[2:] {
			seen[c] = true
		}
	}
	if len(seen) != 32 {
		t.Errorf("references are made of %d characters, want 32", len(seen))
	}
	for in, want := range map[string]string{
		"g-4f7k2": "G-4F7K2", " G-OIL01 ": "G-01101", "g-o1l0i": "G-01101",
		"": "", "hello": "HELLO", "G-": "G-",
	} {
		if got := support.NormalRef(in); got != want {
			t.Errorf("NormalRef(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a, b := support.NewToken(), support.NewToken()
	if a == b || string(a.Hash()) == string(b.Hash()) {
		t.Error("two tokens are one")
	}
	if raw, err := base64.RawURLEncoding.DecodeString(string(a)); err != nil || len(raw) != 32 {
		t.Errorf("token %q: %d bytes, %v", a, len(raw), err)
	}
	if len(a.Hash()) != 32 || string(a.Hash()) != string(support.Token(string(a)).Hash()) {
		t.Error("a token's hash is not its own")
	}
}

func TestPublicStatus(t *testing.T) {
	t.Parallel()
	want := map[support.Status]string{
		support.StatusNew: "received", support.StatusOpen: "in_progress", support.StatusWaitingThirdParty: "in_progress",
		support.StatusWaitingMember: "waiting", support.StatusSolved: "solved", support.StatusClosed: "closed",
		support.StatusSpam: "closed", support.StatusMerged: "closed",
	}
	for _, s := range statuses {
		if s.Public() != want[s] {
			t.Errorf("%s is said as %q, want %q", s, s.Public(), want[s])
		}
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		agent        *support.Agent
		staff, admin bool
		audience     kb.Audience
	}{
		{"Guest", nil, false, false, kb.Public},
		{"Agent", &support.Agent{Role: support.RoleAgent}, true, false, kb.Staff},
		{"Editor", &support.Agent{Role: support.RoleEditor}, true, false, kb.Staff},
		{"Admin", &support.Agent{Role: support.RoleAdmin}, true, true, kb.Staff},
		{"Disabled", &support.Agent{Role: support.RoleAdmin, Disabled: true}, false, false, kb.Public},
	} {
		a := support.Actor{Agent: test.agent}
		if a.IsStaff() != test.staff || a.IsAdmin() != test.admin || a.Audience() != test.audience {
			t.Errorf("%s: staff %v, admin %v, audience %v", test.name, a.IsStaff(), a.IsAdmin(), a.Audience())
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	a, b := support.NewToken(), support.NewToken()
	if a.Derive("x") != a.Derive("x") || a.Derive("x") == a.Derive("y") || a.Derive("x") == b.Derive("x") || a.Derive("x") == a {
		t.Error("a derived token is the holder's and the use's own")
	}
	if len(a.Derive("x")) != len(a) {
		t.Errorf("it has %d characters, want %d", len(a.Derive("x")), len(a))
	}
}
