package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"

	"guichet/internal/problem"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]string{
		"":                                  "desk.password.missing",
		"onze lettre":                       "desk.password.short",
		"douze lettre":                      "",
		"éééàààèèèùùù":                      "",
		"中文密码要有十二个字符长":                      "",
		"password1234":                      "desk.password.common",
		"PassWord123456!":                   "desk.password.common",
		"motdepasse2026":                    "desk.password.common",
		"Azertyuiop123":                     "desk.password.common",
		"123456789012":                      "desk.password.common",
		"aaaaaaaaaaaaaaa":                   "desk.password.common",
		"abcabcabcabcabc":                   "desk.password.common",
		"ines.durand@example.com":           "desk.password.address",
		"INES.DURAND12":                     "desk.password.address",
		"ines.durand aime la pluie":         "",
		strings.Repeat("mot ", 50):          "desk.password.common",
		strings.Repeat("mot ", 49) + "fin.": "",
		strings.Repeat("mot ", 50) + "!":    "problem.too_long",
	} {
		err := CheckPassword(password, "ines.durand@example.com")
		got := ""
		var p *problem.Error
		if errors.As(err, &p) {
			got = p.Fields[0].Key
			if p.Fields[0].Name != "password" {
				t.Errorf("%q: the field is %q", password, p.Fields[0].Name)
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
}

// TestHash holds the costs against what OWASP asks of argon2id at least (m=19 MiB, t=2, p=1), and what
// is kept against the reference's own function.
func TestHash(t *testing.T) {
	t.Parallel()
	if costs.memory < 19*1024 || costs.time < 2 || costs.threads != 1 {
		t.Errorf("the costs are %+v", costs)
	}
	h := newHasher(nil)
	kept, err := h.hash(t.Context(), "quatre mots à la suite")
	if err != nil || !strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", kept, err)
	}
	again, err := h.hash(t.Context(), "quatre mots à la suite")
	if err != nil || again == kept {
		t.Errorf("the same salt twice: %v", err)
	}
	p, salt, key, err := readPHC(kept)
	if want := argon2.IDKey([]byte("quatre mots à la suite"), salt, 2, 19*1024, 1, 32); err != nil || p != costs || len(salt) != 16 || string(key) != string(want) {
		t.Errorf("%+v, %v: not argon2id", p, err)
	}
	cheap := params{memory: 64, time: 1, threads: 1}
	old := phc(cheap, salt, argon2.IDKey([]byte("quatre mots à la suite"), salt, 1, 64, 1, 32))
	for _, c := range []struct {
		name, kept, password string
		ok, stale            bool
	}{
		{"right", kept, "quatre mots à la suite", true, false},
		{"composed otherwise", kept, "quatre mots a\u0300 la suite", true, false},
		{"wrong", kept, "quatre mots à la suitE", false, false},
		{"with other costs", old, "quatre mots à la suite", true, true},
		{"nothing kept", "", "quatre mots à la suite", false, false},
		{"no hash", "$argon2id$v=19$m=9999999999,t=2,p=1$AAAA$AAAA", "x", false, false},
		{"other function", strings.Replace(kept, "argon2id", "argon2i", 1), "quatre mots à la suite", false, false},
		{"far too long", kept, "quatre mots à la suite" + strings.Repeat("x", 5*MaxPassword), false, false},
	} {
		ok, stale, err := h.verify(t.Context(), c.kept, c.password)
		if err != nil || ok != c.ok || stale != c.stale {
			t.Errorf("%s: %t %t %v, want %t %t", c.name, ok, stale, err, c.ok, c.stale)
		}
	}
}

// TestHashesAreBounded: two are made at once, some wait, and the others are told to come back.
func TestHashesAreBounded(t *testing.T) {
	t.Parallel()
	begun, on := make(chan struct{}, 100), make(chan struct{})
	h := newHasher(func(_, _ []byte, _, _ uint32, _ uint8, n uint32) []byte {
		begun <- struct{}{}
		<-on
		return make([]byte, n)
	})
	results := make(chan error, 100)
	const all = hashesAtOnce + hashesWaiting + 5
	for range all {
		go func() { _, err := h.hash(context.Background(), "x"); results <- err }()
	}
	for range 5 { // who finds no place is told at once
		if err := <-results; !problem.Is(err, problem.TooMany) {
			t.Errorf("one too many: %v", err)
		}
	}
	for range hashesAtOnce {
		<-begun
	}
	select {
	case <-begun:
		t.Error("more are made at once")
	default:
	}
	close(on)
	for range all - 5 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	b, now := newBackoff(), time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	here := []budget{{"a", 20}, {"h", 5}}
	wait := func(budgets ...budget) time.Duration {
		var p *problem.Error
		if err := b.take(now, budgets...); errors.As(err, &p) {
			return p.RetryAfter
		}
		return 0
	}
	for i := range 5 {
		if w := wait(here...); w != 0 {
			t.Fatalf("try %d waits %s", i+1, w)
		}
	}
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if w := wait(here...); w != want {
			t.Errorf("waits %s, want %s", w, want)
		}
		now = now.Add(want)
		if w := wait(here...); w != 0 {
			t.Errorf("after its time it still waits %s", w)
		}
	}
	// Somebody elsewhere still gets in at the same address.
	if w := wait(budget{"a", 20}, budget{"elsewhere", 5}); w != 0 {
		t.Errorf("somebody elsewhere waits %s", w)
	}
	b.good("n", "a", "h")
	if w := wait(here...); w != 0 {
		t.Errorf("who got in waits %s", w)
	}
	for range 60 { // the wait has an end
		now = now.Add(wait(here...))
	}
	if w := wait(here...); w > longestWait {
		t.Errorf("waits %s", w)
	}
	now = now.Add(100 * forgiven)
	if w := wait(here...); w != 0 {
		t.Errorf("a day later it waits %s", w)
	}
}

// TestBackoffIsBounded: whatever strangers invent, no more than so much is remembered, and who has been
// tried again and again is not forgotten for those tried once.
func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	b, now := newBackoff(), time.Now()
	for range 30 {
		_ = b.take(now, budget{"victim", 5})
		now = now.Add(longestWait / 30)
	}
	before := b.tried["victim"].n
	rapid.Check(t, func(r *rapid.T) {
		_ = b.take(now, budget{rapid.String().Draw(r, "key"), 5})
	})
	for i := range 3 * maxTried {
		_ = b.take(now, budget{string(rune('a'+i%26)) + time.Duration(i).String(), 5})
	}
	if len(b.tried) > maxTried {
		t.Errorf("%d are remembered", len(b.tried))
	}
	if b.tried["victim"] == nil || b.tried["victim"].n != before {
		t.Error("the one under attack was forgotten")
	}
}
