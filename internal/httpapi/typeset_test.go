package httpapi

import (
	"testing"

	"guichet/kb"
)

func TestTypeset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang kb.Lang
		in   string
		want string
	}{
		{kb.French, "Choisissez « Facturation » : où est-ce ?", "Choisissez «\u00a0Facturation\u00a0»\u00a0: où est-ce\u202f?"},
		{kb.German, "Wählen Sie « Abrechnung » : jetzt ?", "Wählen Sie « Abrechnung » : jetzt ?"},
	} {
		if got := typeset(c.lang, c.in); got != c.want {
			t.Errorf("typeset(%s, %q) = %q, want %q", c.lang, c.in, got, c.want)
		}
	}
}
