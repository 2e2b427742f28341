// Package seal keeps small secrets, such as a mail server's password, unreadable to whoever reads
// the database without the installation's own secret. AES-256-GCM; each purpose has a key of its own.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// MinSecret is the least length of a secret, in bytes.
const MinSecret = 32

// Open's errors. ErrOtherSecret means that what was sealed is sound, and waits for the secret that it
// was sealed with.
var (
	ErrOtherSecret = errors.New("sealed with another secret")
	ErrBroken      = errors.New("not what was sealed, or not for this use")
)

// Box seals and opens for one purpose. Safe for concurrent use.
type Box struct {
	id   string // names the secret without telling anything of it
	aead cipher.AEAD
}

// New returns the box of a purpose. The secret has at least MinSecret bytes.
func New(secret []byte, purpose string) (*Box, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("seal: the secret has %d bytes, at least %d are needed", len(secret), MinSecret)
	}
	id, err := hkdf.Key(sha256.New, secret, nil, "guichet secret id", 6)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "guichet seal "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Box{hex.EncodeToString(id), aead}, nil
}

// version is the first part of what Seal returns, so that another way of sealing can stand beside it.
const version = "s1"

// Seal returns plain as text that only Open with the same secret, purpose and use reads. use says
// what it is for (a password's server, say); elsewhere it does not open.
func (b *Box) Seal(plain, use string) string {
	sealed := b.aead.Seal(nil, nil, []byte(plain), []byte(use))
	return version + "." + b.id + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns what was sealed. Errors: ErrOtherSecret, ErrBroken.
func (b *Box) Open(sealed, use string) (string, error) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, text, ok := strings.Cut(rest, ".")
	if v != version || !ok {
		return "", ErrBroken
	}
	if id != b.id {
		return "", ErrOtherSecret
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", ErrBroken
	}
	plain, err := b.aead.Open(nil, nil, raw, []byte(use))
	if err != nil {
		return "", ErrBroken
	}
	return string(plain), nil
}

// NewSecret returns a fresh secret.
func NewSecret() []byte {
	b := make([]byte, MinSecret)
	rand.Read(b)
	return b
}

// ReadSecret reads a secret as people write it: base64 (either alphabet, with padding or without) or
// hexadecimal digits, of at least MinSecret bytes.
func ReadSecret(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if b, err := hex.DecodeString(s); err == nil { // as base64 it would pass for longer than it is
		if len(b) >= MinSecret {
			return b, nil
		}
		s = ""
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	if b, err := base64.RawStdEncoding.DecodeString(plain); err == nil && len(b) >= MinSecret {
		return b, nil
	}
	return nil, fmt.Errorf("want at least %d random bytes in base64 or hexadecimal", MinSecret)
}

// WriteSecret is the form in which ReadSecret reads a secret.
func WriteSecret(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
