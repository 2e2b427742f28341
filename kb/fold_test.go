package kb

import "testing"

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain text 7.5", "plain text 7.5"},
		{"Reçu À ÉTÉ", "recu a ete"},
		{"L’étape", "l'etape"},
		{"Łódź, ŁĄKA", "lodz, laka"},
		{"Straße GRÖẞE", "strasse grosse"},
		{"Œuvre, cœur, Ærø", "oeuvre, coeur, aero"},
		{"ＡＢＣ１２３", "abc123"},
		{"ﬁn №5", "fin no5"},
		{"e\u0301te\u0301", "ete"},
		{"İstanbul", "istanbul"},
		{"我的订单", "我的订单"},
		{"ñandú ção ü", "nandu cao u"},
	} {
		if got := Fold(tt.in); got != tt.want {
			t.Errorf("Fold(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Été", "ẞ", "Ⅳ", "İ", "한국어", "\xffʰ", "ϴ", "K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, folded again %q", s, once, twice)
		}
	})
}
