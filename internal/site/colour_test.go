package site_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/site"
)

func colour(t interface{ Fatal(...any) }, s string) site.Colour {
	c, err := site.ParseColour(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mix is color-mix(in srgb, c share, ground), as a browser rounds it.
func mix(t interface{ Fatal(...any) }, c, ground site.Colour, share float64) site.Colour {
	var out site.Colour
	for i := range out {
		out[i] = c[i]*share + ground[i]*(1-share)
	}
	return colour(t, out.String())
}

// TestEveryAccentCanBeRead takes any colour at all; the grounds are those of web/styles/tokens.css.
func TestEveryAccentCanBeRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		chosen := fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "colour"))
		theme, err := site.NewTheme(chosen)
		if err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []struct {
			name    string
			shade   site.Shade
			grounds []string
			surface string
			tint    float64
		}{
			{"light", theme.Light, []string{"#faf9f6", "#ffffff", "#f3f1ec"}, "#ffffff", 0.08},
			{"dark", theme.Dark, []string{"#14171a", "#1c2024", "#101315"}, "#1c2024", 0.10},
		} {
			accent, strong, on := colour(t, scheme.shade.Accent), colour(t, scheme.shade.Strong), colour(t, scheme.shade.On)
			tint := mix(t, accent, colour(t, scheme.surface), scheme.tint)
			for _, text := range []site.Colour{accent, strong} {
				for _, ground := range scheme.grounds {
					if n := text.ContrastWith(colour(t, ground)); n < site.Contrast {
						t.Fatalf("%s: %s on %s has %.2f", scheme.name, text, ground, n)
					}
				}
				if n := text.ContrastWith(tint); n < site.Contrast {
					t.Fatalf("%s: %s on its tint %s has %.2f", scheme.name, text, tint, n)
				}
				if n := on.ContrastWith(text); n < site.Contrast {
					t.Fatalf("%s: %s on %s has %.2f", scheme.name, on, text, n)
				}
			}
			if scheme.shade.Moved == (scheme.shade.Accent == chosen) {
				t.Fatalf("%s: %s became %s, and moved is %v", scheme.name, chosen, scheme.shade.Accent, scheme.shade.Moved)
			}
		}
	})
}

func TestTheme(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ chosen, light, dark string }{
		{"#0b6b50", "#0b6b50", ""}, // readable in light: it stays
		{"#4cc79e", "", "#4cc79e"},
		{"#000000", "#000000", ""},
		{"#ffffff", "", "#ffffff"},
	} {
		theme, err := site.NewTheme(c.chosen)
		if err != nil {
			t.Fatal(err)
		}
		if c.light != "" && theme.Light.Accent != c.light || c.dark != "" && theme.Dark.Accent != c.dark {
			t.Errorf("%s became %+v, %+v", c.chosen, theme.Light, theme.Dark)
		}
	}
	yellow, err := site.NewTheme("#FFD400")
	if err != nil {
		t.Fatal(err)
	}
	want := ":root{--accent:" + yellow.Light.Accent + ";--accent-strong:" + yellow.Light.Strong + ";--on-accent:#ffffff}\n" +
		"@media (prefers-color-scheme:dark){:root{--accent:#ffd400;--accent-strong:" + yellow.Dark.Strong + ";--on-accent:#0c1512}}\n"
	if d := cmp.Diff(want, yellow.CSS()); d != "" {
		t.Errorf("stylesheet (-want +got):\n%s", d)
	}
	for _, s := range []string{"", "#fff", "red", "0b6b50", "#0b6b5g", "#0b6b501", "#+b6b50", "#0b6b5;"} {
		if _, err := site.NewTheme(s); err == nil {
			t.Errorf("%q is taken for a colour", s)
		}
	}
}
