package locale_test

import (
	"testing"

	"guichet/internal/locale"
	"guichet/kb"
	"guichet/web"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	c, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		lang  kb.Lang
		minor int64
		code  string
		want  string
	}{
		{kb.English, 18000, "EUR", "€180.00"}, {kb.French, 123456, "EUR", "1\u202f234,56\u00a0€"}, {kb.German, 123456, "EUR", "1.234,56\u00a0€"},
		{kb.Dutch, 18000, "EUR", "€\u00a0180,00"}, {kb.Chinese, 18000, "EUR", "€180.00"}, {kb.Polish, 6500, "PLN", "65,00\u00a0zł"},
		{kb.English, 500, "JPY", "JPY\u00a0500"}, {kb.French, -1250, "CHF", "−12,50\u00a0CHF"}, {kb.English, 1, "XQQ", "XQQ\u00a00.01"},
	} {
		if got := c.For(x.lang).Money(x.minor, x.code); got != x.want {
			t.Errorf("%s: %d %s is %q, want %q", x.lang, x.minor, x.code, got, x.want)
		}
	}
}
