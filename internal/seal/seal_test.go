package seal_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/internal/seal"
)

func box(t interface{ Fatal(...any) }, secret []byte, purpose string) *seal.Box {
	b, err := seal.New(secret, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpensWhatWasSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), seal.MinSecret, 64).Draw(t, "secret")
		plain, use := rapid.String().Draw(t, "plain"), rapid.String().Draw(t, "use")
		b := box(t, secret, "mail")
		sealed := b.Seal(plain, use)
		if got, err := b.Open(sealed, use); err != nil || got != plain {
			t.Fatalf("%q, %v", got, err)
		}
		if len(plain) > 3 && strings.Contains(sealed, plain) {
			t.Fatal("the plain text is in what was sealed")
		}
	})
}

func TestOpensNothingElse(t *testing.T) {
	t.Parallel()
	secret := seal.NewSecret()
	b := box(t, secret, "mail")
	sealed := b.Seal("sesame", "mail.example")
	spoiled := []byte(sealed)
	spoiled[len(spoiled)-2] ^= 1
	for name, c := range map[string]struct {
		box         *seal.Box
		sealed, use string
		want        error
	}{
		"OtherSecret":  {box(t, seal.NewSecret(), "mail"), sealed, "mail.example", seal.ErrOtherSecret},
		"OtherPurpose": {box(t, secret, "links"), sealed, "mail.example", seal.ErrBroken},
		"OtherUse":     {b, sealed, "evil.example", seal.ErrBroken},
		"Spoiled":      {b, string(spoiled), "mail.example", seal.ErrBroken},
		"Empty":        {b, "", "mail.example", seal.ErrBroken},
		"Plain":        {b, "sesame", "mail.example", seal.ErrBroken},
		"OtherVersion": {b, "s2" + sealed[2:], "mail.example", seal.ErrBroken},
		"NoBase64":     {b, sealed[:strings.LastIndex(sealed, ".")+1] + "!!", "mail.example", seal.ErrBroken},
	} {
		if got, err := c.box.Open(c.sealed, c.use); !errors.Is(err, c.want) || got != "" {
			t.Errorf("%s: %q, %v; want %v", name, got, err, c.want)
		}
	}
	if b.Seal("sesame", "mail.example") == sealed {
		t.Error("sealed twice, it reads the same")
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.Repeat("\xfb\xff", 16))
	for _, s := range []string{hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
		" " + seal.WriteSecret(raw) + "\n"} {
		if got, err := seal.ReadSecret(s); err != nil || string(got) != string(raw) {
			t.Errorf("%q: %x, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "short", hex.EncodeToString(raw[:31]), strings.Repeat("é", 40)} {
		if _, err := seal.ReadSecret(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
	if _, err := seal.New(raw[:31], "mail"); err == nil {
		t.Error("a short secret is taken")
	}
}
