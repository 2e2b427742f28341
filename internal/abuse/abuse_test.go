package abuse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
)

var update = flag.Bool("update", false, "write testdata/challenges.json anew")

// keys keeps a ring in memory.
type keys struct{ all []seal.SealedKey }

func (k *keys) SigningKeys(_ context.Context, fresh seal.SealedKey, signs, _ time.Time) ([]seal.SealedKey, error) {
	if len(k.all) == 0 || k.all[0].MadeAt.Before(signs) {
		k.all = append([]seal.SealedKey{fresh}, k.all...)
	}
	return k.all, nil
}

// house is a Service with a clock of its own.
type house struct {
	*Service
	now time.Time
}

var guest = support.Actor{Network: "192.0.2.0/24"}

func setup(t testing.TB, store *keys) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.now }
	box, err := seal.New([]byte(strings.Repeat("s", 32)), "signing keys")
	if err != nil {
		t.Fatal(err)
	}
	ring := seal.NewRing(box, store, now)
	if err := ring.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Service = New(Config{Ring: ring, Least: 2 * time.Second, Now: now})
	return h
}

// solved returns a challenge's solution as a browser sends it.
func solved(t testing.TB, c altcha.Challenge) altcha.Payload {
	t.Helper()
	s, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, int(c.MaxNumber), 0, nil)
	if err != nil || s == nil {
		t.Fatalf("no solution: %v", err)
	}
	return altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(s.Number), Salt: c.Salt, Signature: c.Signature}
}

func encode(t testing.TB, p altcha.Payload) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (h *house) proof(t testing.TB, p Purpose) altcha.Payload {
	t.Helper()
	c, err := h.Challenge(t.Context(), guest, p)
	if err != nil {
		t.Fatal(err)
	}
	return solved(t, c.Challenge)
}

// TestProof: a solution is good once for its purpose and time, from any node, and nothing else is.
func TestProof(t *testing.T) {
	t.Parallel()
	store := &keys{}
	h := setup(t, store)
	good := h.proof(t, ForRequest)
	judge := func(h *house, p Purpose, proof string) (string, support.Proof, error) {
		return h.Judge(t.Context(), p, Signs{Actor: guest, Proof: proof})
	}
	h.now = h.now.Add(time.Minute)
	held, proof, err := judge(h, ForRequest, encode(t, good))
	if err != nil || held != support.HeldUnproven || len(proof.ID) != 32 || proof.ExpiresAt.Sub(proof.MadeAt) != ChallengeTTL {
		t.Fatalf("a good proof: %s %+v %v", held, proof, err)
	}
	if other := setup(t, store); true { // a node of the same database
		if held, _, err := judge(other, ForRequest, encode(t, good)); err != nil || held == support.HeldNoProof {
			t.Errorf("a proof of another node's challenge: %s %v", held, err)
		}
	}
	forged := func(change func(*altcha.Payload)) string {
		p := good
		change(&p)
		return encode(t, p)
	}
	for name, c := range map[string]struct {
		purpose Purpose
		proof   string
	}{
		"NotBase64":         {ForRequest, "§"},
		"NotJSON":           {ForRequest, "AAAA"},
		"FarTooLong":        {ForRequest, strings.Repeat("A", 10_000)},
		"OtherPurpose":      {ForSignUp, encode(t, good)},
		"OtherNumber":       {ForRequest, forged(func(p *altcha.Payload) { p.Number++ })},
		"LaterExpiry":       {ForRequest, forged(func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "expires=1", "expires=2", 1) })},
		"PurposeChanged":    {ForSignUp, forged(func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "for=request", "for=sign_up", 1) })},
		"OwnChallenge":      {ForRequest, forged(func(p *altcha.Payload) { p.Challenge = strings.Repeat("0", 64) })},
		"OwnSignature":      {ForRequest, forged(func(p *altcha.Payload) { p.Signature = strings.Repeat("0", 64) })},
		"WeakerHash":        {ForRequest, forged(func(p *altcha.Payload) { p.Algorithm = "SHA-1" })},
		"KeyThatNeverWas":   {ForRequest, forged(func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "key=", "key=0", 1) })},
		"ParametersSpliced": {ForRequest, forged(func(p *altcha.Payload) { p.Salt += "expires=9999999999&" })},
	} {
		_, proof, err := judge(h, c.purpose, c.proof)
		if !problem.Is(err, problem.Invalid) || !proof.None() || !strings.Contains(err.Error(), "proof: problem.proof") {
			t.Errorf("%s: %+v %v, want the field named", name, proof, err)
		}
	}
	h.now = h.now.Add(ChallengeTTL - time.Minute)
	if _, _, err := judge(h, ForRequest, encode(t, good)); !problem.Is(err, problem.Invalid) {
		t.Errorf("an expired proof: %v", err)
	}
}

// TestJudge is what each sign weighs.
func TestJudge(t *testing.T) {
	t.Parallel()
	h := setup(t, &keys{})
	begun, err := h.Stamp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good := encode(t, h.proof(t, ForRequest))
	staff := support.Actor{Network: guest.Network, Agent: &support.Agent{Role: support.RoleAgent}}
	const fast, slow = 1999 * time.Millisecond, 2 * time.Second
	start := h.now
	for _, c := range []struct {
		name  string
		after time.Duration
		signs Signs
		want  string
	}{
		{"Form", slow, Signs{Actor: guest, Form: true, Stamp: begun, Proof: good}, support.HeldUnproven},
		{"FormWithoutScripts", slow, Signs{Actor: guest, Form: true, Stamp: begun}, support.HeldNoProof},
		{"FormOfYesterday", 24 * time.Hour, Signs{Actor: guest, Form: true, Stamp: begun}, support.HeldNoProof},
		{"FormTooFast", fast, Signs{Actor: guest, Form: true, Stamp: begun, Proof: good}, support.HeldBot},
		{"FormWithoutStamp", slow, Signs{Actor: guest, Form: true, Proof: good}, support.HeldBot},
		{"FormWithItsOwnStamp", slow, Signs{Actor: guest, Form: true, Stamp: "0" + begun, Proof: good}, support.HeldBot},
		{"FormWithAnEndlessStamp", slow, Signs{Actor: guest, Form: true, Stamp: strings.Repeat(".", 5000)}, support.HeldBot},
		{"Trap", slow, Signs{Actor: guest, Form: true, Stamp: begun, Proof: good, Trap: "https://example.org"}, support.HeldBot},
		{"Panel", slow, Signs{Actor: guest, Proof: good}, support.HeldUnproven},
		{"PanelTooFast", fast, Signs{Actor: guest, Proof: good}, support.HeldBot},
		{"PanelWithoutProof", fast, Signs{Actor: guest}, support.HeldNoProof},
		{"Staff", 0, Signs{Actor: staff, Form: true, Trap: "x"}, support.HeldUnproven},
		{"ThisMachine", 0, Signs{}, support.HeldUnproven},
	} {
		h.now = start.Add(c.after)
		if got, _, err := h.Judge(t.Context(), ForRequest, c.signs); err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.name, got, err, c.want)
		}
	}
}

// TestWorkIsBounded: more challenges make more work, never more than a slow phone does in two seconds.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		network, site := rapid.Float64Range(0, 1e6).Draw(t, "network"), rapid.Float64Range(0, 1e6).Draw(t, "site")
		d := Difficulty(network, site)
		if d < LeastWork || d > MostWork || Difficulty(network+1, site) < d || Difficulty(network, site+1) < d {
			t.Fatalf("Difficulty(%f, %f) = %d", network, site, d)
		}
	})
	h := setup(t, &keys{})
	work := func(network string) int64 {
		c, err := h.Challenge(t.Context(), support.Actor{Network: network}, ForRequest)
		if err != nil {
			t.Fatal(err)
		}
		return c.MaxNumber
	}
	first := work("a")
	for range 40 {
		work("a")
	}
	if busy, calm := work("a"), work("b"); first != LeastWork || busy != MostWork || calm >= busy/2 {
		t.Errorf("the first challenge costs %d, the 42nd of its network %d, another network's %d", first, busy, calm)
	}
	h.now = h.now.Add(time.Hour)
	if later := work("a"); later > LeastWork*6/5 {
		t.Errorf("an hour later it costs %d", later)
	}
	for range 5000 { // an attack from everywhere
		h.pace.count("x", h.now)
	}
	if work("new") != MostWork {
		t.Error("a flood does not reach a new network's work")
	}
	for i := range maxPaces + 10 {
		h.pace.count(string(rune(i+1000)), h.now)
	}
	if n := len(h.pace.networks); n > maxPaces {
		t.Errorf("%d networks are remembered", n)
	}
}

// vector is a challenge and its number, for the test of the script that solves them.
type vector struct {
	altcha.Challenge
	Number int64 `json:"number"`
}

// TestVectors holds testdata/challenges.json, which the browser's solver is tested with, to what is made
// here. go test ./internal/abuse -update writes it.
func TestVectors(t *testing.T) {
	t.Parallel()
	var got []vector
	for i, number := range []int64{0, 9, 10, 99, 4_711, 19_999, 20_000} {
		for _, salt := range []string{"00", strings.Repeat("ab", 12), strings.Repeat("c", 50+i), strings.Repeat("d", 130), "é€🙂"} {
			c, err := altcha.CreateChallenge(altcha.ChallengeOptions{Algorithm: altcha.SHA256, HMACKey: "a key of tests", MaxNumber: LeastWork, Salt: salt, Number: &number})
			if err != nil {
				t.Fatal(err)
			}
			if p := solved(t, c); p.Number != number {
				t.Errorf("%q: %d, want %d", c.Salt, p.Number, number)
			}
			got = append(got, vector{c, number})
		}
	}
	const path = "testdata/challenges.json"
	b, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(b)+"\n"); diff != "" {
		t.Errorf("%s is not what is made here:\n%s", path, diff)
	}
}

// TestMembersNeedNone: of whom a site vouches for no proof and no time is asked.
func TestMembersNeedNone(t *testing.T) {
	t.Parallel()
	h := setup(t, &keys{})
	for _, test := range []struct {
		actor support.Actor
		want  string
	}{
		{support.Actor{Member: &support.Member{ID: "m"}, Network: guest.Network}, support.HeldUnproven},
		{guest, support.HeldBot}, // the same without a name: too soon
	} {
		held, proof, err := h.Judge(t.Context(), ForRequest, Signs{Actor: test.actor, Form: true})
		if held != test.want || !proof.None() || err != nil {
			t.Errorf("held for %q, %v, %v; want %q", held, proof, err, test.want)
		}
	}
}
