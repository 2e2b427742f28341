package seal

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// How long a key of the ring signs, and how long it then still tells what it signed. What is signed
// lives far shorter than the difference.
const (
	KeySigns = 30 * 24 * time.Hour
	KeyKnown = 60 * 24 * time.Hour
)

const (
	ringFresh = time.Hour        // a ring older than this is read anew before it signs
	ringAgain = 10 * time.Second // an id that is not known makes the ring be read anew, at most so often
)

// SealedKey is a key of the ring as it is kept.
type SealedKey struct {
	ID     string // 12 hexadecimal digits
	Sealed string
	MadeAt time.Time
}

// KeyStore keeps the ring of one database.
type KeyStore interface {
	// SigningKeys returns the keys made since known, newest first. Where none was made since signs,
	// fresh is kept first. Two nodes at once may each keep one: both are good.
	SigningKeys(ctx context.Context, fresh SealedKey, signs, known time.Time) ([]SealedKey, error)
}

// Ring signs what is handed out and comes back: challenges, times of forms. All nodes of a database
// share its keys. Safe for concurrent use.
type Ring struct {
	box   *Box
	store KeyStore
	now   func() time.Time

	mu   sync.Mutex
	keys []ringKey // newest first
	read time.Time
}

type ringKey struct {
	id     string
	secret []byte
}

// NewRing returns a ring that has read no key yet; Refresh does. now nil means time.Now.
func NewRing(box *Box, store KeyStore, now func() time.Time) *Ring {
	if now == nil {
		now = time.Now
	}
	return &Ring{box: box, store: store, now: now}
}

// keyUse ties what is sealed to the key that it is.
func keyUse(id string) string { return "signing key " + id }

func (r *Ring) fresh(now time.Time) SealedKey {
	var id [6]byte
	rand.Read(id[:])
	k := SealedKey{ID: hex.EncodeToString(id[:]), MadeAt: now}
	k.Sealed = r.box.Seal(WriteSecret(NewSecret()), keyUse(k.ID))
	return k
}

// Refresh reads the ring, and makes a key where there is none, where the newest has signed for long
// enough, or where none opens with this installation's secret.
func (r *Ring) Refresh(ctx context.Context) error {
	now := r.now()
	for _, signs := range []time.Time{now.Add(-KeySigns), now.Add(time.Hour)} {
		sealed, err := r.store.SigningKeys(ctx, r.fresh(now), signs, now.Add(-KeyKnown))
		if err != nil {
			return fmt.Errorf("read the signing keys: %w", err)
		}
		var keys []ringKey
		for _, k := range sealed {
			plain, err := r.box.Open(k.Sealed, keyUse(k.ID))
			if err != nil { // of another secret: whatever it signed is not ours to tell
				continue
			}
			secret, err := ReadSecret(plain)
			if err != nil {
				continue
			}
			keys = append(keys, ringKey{k.ID, secret})
		}
		if len(keys) == 0 {
			continue
		}
		r.mu.Lock()
		r.keys, r.read = keys, now
		r.mu.Unlock()
		return nil
	}
	return fmt.Errorf("no signing key opens: %w", ErrOtherSecret)
}

// Newest returns the key that signs for a use, and its id. Keys of two uses tell nothing of each other.
func (r *Ring) Newest(ctx context.Context, use string) (id string, key []byte, err error) {
	r.mu.Lock()
	old := r.now().Sub(r.read) > ringFresh
	r.mu.Unlock()
	if old {
		if err := r.Refresh(ctx); err != nil {
			return "", nil, err
		}
	}
	r.mu.Lock()
	k := r.keys[0]
	r.mu.Unlock()
	key, err = k.derive(use)
	return k.id, key, err
}

// Key returns the key of an id for a use; ok is false where the ring does not know it.
func (r *Ring) Key(ctx context.Context, id, use string) (key []byte, ok bool, err error) {
	if k, known, late := r.find(id); known {
		key, err = k.derive(use)
		return key, err == nil, err
	} else if !late || len(id) != 12 {
		return nil, false, nil
	}
	if err := r.Refresh(ctx); err != nil { // another node's, perhaps
		return nil, false, err
	}
	k, known, _ := r.find(id)
	if !known {
		return nil, false, nil
	}
	key, err = k.derive(use)
	return key, err == nil, err
}

func (r *Ring) find(id string) (k ringKey, known, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.keys {
		if k.id == id {
			return k, true, false
		}
	}
	return k, false, r.now().Sub(r.read) >= ringAgain
}

func (k ringKey) derive(use string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nil, "guichet sign "+use, 32)
}

// Sign returns text with the key's id and a signature of it; Verify takes it apart again.
func (r *Ring) Sign(ctx context.Context, use, text string) (string, error) {
	id, key, err := r.Newest(ctx, use)
	if err != nil {
		return "", err
	}
	return text + "." + id + "." + mac(key, text), nil
}

// Verify returns the text that Sign signed for the use; ok is false for anything else.
func (r *Ring) Verify(ctx context.Context, use, signed string) (text string, ok bool, err error) {
	rest, sum, ok := cutLast(signed)
	text, id, ok2 := cutLast(rest)
	if !ok || !ok2 {
		return "", false, nil
	}
	key, ok, err := r.Key(ctx, id, use)
	if err != nil || !ok || !hmac.Equal([]byte(sum), []byte(mac(key, text))) {
		return "", false, err
	}
	return text, true, nil
}

func mac(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
