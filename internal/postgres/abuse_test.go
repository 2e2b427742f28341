package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"guichet/internal/handoff"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/seal"
	"guichet/internal/support"
)

// TestRingOfKeys: nodes of one secret sign for each other, keys are made anew after a month and still
// tell what they signed, and what another secret made is left alone.
func TestRingOfKeys(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	var mu sync.Mutex
	clock := time.Now()
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	forward := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); clock = clock.Add(d) }
	node := func(secret byte) *seal.Ring {
		box, err := seal.New(bytes.Repeat([]byte{secret}, 32), "signing keys")
		if err != nil {
			t.Fatal(err)
		}
		r := seal.NewRing(box, db, now)
		if err := r.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		return r
	}
	sign := func(r *seal.Ring) string {
		s, err := r.Sign(ctx, "test", "text.with.dots")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := func(r *seal.Ring, use, signed string) bool {
		text, ok, err := r.Verify(ctx, use, signed)
		if err != nil || ok && text != "text.with.dots" {
			t.Fatalf("%q %v", text, err)
		}
		return ok
	}
	keys := func() (n int) {
		if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM signing_keys`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	a := node('a')
	b := node('a')
	if n := keys(); n != 1 {
		t.Fatalf("two nodes have %d keys, want one", n)
	}
	first := sign(a)
	for name, ok := range map[string]bool{
		"Same": good(a, "test", first), "OtherNode": good(b, "test", first),
		"OtherUse": !good(a, "other", first), "Changed": !good(a, "test", "x"+first), "Cut": !good(a, "test", first[:len(first)-1]),
		"Empty": !good(a, "test", ""), "NoKey": !good(a, "test", "text.with.dots.000000000000.AAAA"),
	} {
		if !ok {
			t.Errorf("%s is not told rightly", name)
		}
	}
	forward(seal.KeySigns + time.Minute)
	second := sign(a) // a month later, by a key of its own
	if keys() != 2 || second == first {
		t.Errorf("after a month there are %d keys", keys())
	}
	if !good(b, "test", second) || !good(b, "test", first) {
		t.Error("a node does not know what another one signed meanwhile, or what it signed before")
	}
	forward(seal.KeySigns)
	third := sign(b)
	if good(node('a'), "test", first) || !good(node('a'), "test", third) {
		t.Error("after two months the first key is still known, or the last one is not")
	}
	stranger := node('z')
	if good(stranger, "test", third) || !good(stranger, "test", sign(stranger)) {
		t.Error("a node with another secret does not keep to its own keys")
	}
	if !good(a, "test", sign(a)) {
		t.Error("another secret's key stops the others")
	}
}

// TestSpentProofs: of many at once one alone spends a proof; a transaction that fails spends none; what
// has expired is forgotten.
func TestSpentProofs(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	p := support.Proof{ID: bytes.Repeat([]byte{7}, 32), ExpiresAt: time.Now().Add(time.Hour)}
	failed := errors.New("something else")
	spend := func(then error) (fresh bool, err error) {
		err = db.InHandoff(ctx, func(ctx context.Context, tx handoff.Tx) (err error) {
			fresh, err = tx.SpendProof(ctx, p)
			return errors.Join(err, then)
		})
		return fresh, err
	}
	if fresh, err := spend(failed); !fresh || !errors.Is(err, failed) {
		t.Fatalf("%v %v", fresh, err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	spent := 0
	for range 20 {
		group.Go(func() {
			fresh, err := spend(nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if fresh {
				spent++
			}
		})
	}
	group.Wait()
	if spent != 1 {
		t.Errorf("a proof was spent %d times", spent)
	}
	for _, c := range []struct {
		before time.Time
		want   int
	}{{time.Now(), 0}, {p.ExpiresAt.Add(time.Second), 1}} {
		if n, err := db.DeleteSpentProofs(ctx, c.before); n != c.want || err != nil {
			t.Errorf("forgotten: %d %v, want %d", n, err, c.want)
		}
	}
}
