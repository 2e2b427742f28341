package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"guichet/internal/problem"
)

// Bounds of a password, in characters. Nothing is asked of what it is made of.
const (
	MinPassword = 12
	MaxPassword = 200
)

// common are the passwords that are guessed first, or begin so: a line each, folded.
//
//go:embed common.txt
var common string

// CheckPassword returns a problem that names the field password if it is too short or too long, or
// easily guessed by somebody who knows the address.
func CheckPassword(password, email string) error {
	switch n := utf8.RuneCountInString(password); {
	case password == "":
		return problem.InvalidField("password", "desk.password.missing")
	case n < MinPassword:
		return problem.InvalidField("password", "desk.password.short").With("min", MinPassword).With("n", n)
	case n > MaxPassword:
		return problem.InvalidField("password", "problem.too_long").With("max", MaxPassword).With("n", n)
	}
	folded := strings.ToLower(norm.NFKC.String(password))
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	for _, known := range []string{local, domain, strings.Split(domain, ".")[0]} {
		if len(known) >= 3 {
			folded = strings.ReplaceAll(folded, known, "")
		}
	}
	if utf8.RuneCountInString(folded) < MinPassword/2 {
		return problem.InvalidField("password", "desk.password.address")
	}
	// What is left of a word when figures and signs are put behind it is still that word.
	word := strings.TrimRight(folded, "0123456789!?.*#-_@$€ ")
	for line := range strings.Lines(common) {
		if line = strings.TrimSpace(line); line != "" && (folded == line || word == line) {
			return problem.InvalidField("password", "desk.password.common")
		}
	}
	if word == "" || repeats(folded) {
		return problem.InvalidField("password", "desk.password.common")
	}
	return nil
}

// repeats reports whether s is a few characters again and again.
func repeats(s string) bool {
	runes := []rune(s)
	for n := 1; n <= 4; n++ {
		same := true
		for i := n; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-n]
		}
		if same {
			return true
		}
	}
	return false
}

// params are the costs of a hash. These are what OWASP asks of argon2id at least.
type params struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

var costs = params{memory: 19 * 1024, time: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
	// What a hash may cost that is read from the database: a damaged one must not take the machine.
	maxMemory = 1 << 20
	maxTime   = 16
)

// Hashes that are made at the same time, and that may wait for it: each takes its memory.
const (
	hashesAtOnce  = 2
	hashesWaiting = 32
)

// Derive is argon2id; tests count its calls.
type Derive func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte

// hasher makes and checks the PHC strings that are kept of passwords.
type hasher struct {
	derive           Derive
	working, waiting chan struct{}
}

func newHasher(d Derive) *hasher {
	if d == nil {
		d = argon2.IDKey
	}
	return &hasher{d, make(chan struct{}, hashesAtOnce), make(chan struct{}, hashesAtOnce+hashesWaiting)}
}

// key derives in turn; TooMany where too many wait.
func (h *hasher) key(ctx context.Context, password string, salt []byte, p params) ([]byte, error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, &problem.Error{Kind: problem.TooMany, Key: "problem.too_many", RetryAfter: 5 * time.Second}
	}
	select {
	case h.working <- struct{}{}:
		defer func() { <-h.working }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// The same letters may come composed from one keyboard and in parts from another.
	password = norm.NFC.String(password[:min(len(password), 4*MaxPassword)])
	return h.derive([]byte(password), salt, p.time, p.memory, p.threads, keyBytes), nil
}

// hash returns what is kept of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt, costs)
	if err != nil {
		return "", err
	}
	return phc(costs, salt, key), nil
}

// verify reports whether kept is of the password, and whether it was made with other costs than
// today's. Of nothing, or of what is no hash, it is false after the same work.
func (h *hasher) verify(ctx context.Context, kept, password string) (ok, stale bool, err error) {
	p, salt, want, err := readPHC(kept)
	if err != nil {
		p, salt, want = costs, make([]byte, saltBytes), nil
	}
	key, err := h.key(ctx, password, salt, p)
	if err != nil {
		return false, false, err
	}
	return want != nil && len(password) <= 4*MaxPassword && subtle.ConstantTimeCompare(key, want) == 1, p != costs, nil
}

func phc(p params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func readPHC(s string) (p params, salt, key []byte, err error) {
	wrong := fmt.Errorf("not the hash of a password")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, wrong
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil || n != 3 {
		return p, nil, nil, wrong
	}
	if p.memory < 8 || p.memory > maxMemory || p.time < 1 || p.time > maxTime || p.threads < 1 {
		return p, nil, nil, wrong
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return p, nil, nil, wrong
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) != keyBytes {
		return p, nil, nil, wrong
	}
	return p, salt, key, nil
}
