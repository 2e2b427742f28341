package site

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Contrast is the least that text needs against what it stands on (WCAG 2.2, 1.4.3).
const Contrast = 4.5

// Colour is an sRGB colour, red, green and blue from 0 to 1.
type Colour [3]float64

// ParseColour reads #rrggbb.
func ParseColour(s string) (c Colour, err error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return c, errors.New("a colour is written like #0b6b50")
	}
	return Colour{float64(v>>16) / 255, float64(v>>8&255) / 255, float64(v&255) / 255}, nil
}

// String writes #rrggbb.
func (c Colour) String() string {
	b := func(v float64) int { return int(math.Round(min(max(v, 0), 1) * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", b(c[0]), b(c[1]), b(c[2]))
}

// rounded is the colour that String names: what a browser shows, and so what contrast is measured of.
func (c Colour) rounded() Colour {
	out, _ := ParseColour(c.String())
	return out
}

// linear takes the display's gamma out of a channel.
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func (c Colour) luminance() float64 {
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// ContrastWith is the contrast of two colours, from 1 to 21.
func (c Colour) ContrastWith(d Colour) float64 {
	a, b := c.luminance(), d.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// over mixes share of c into ground, as color-mix(in srgb) does.
func (c Colour) over(ground Colour, share float64) (out Colour) {
	for i := range out {
		out[i] = c[i]*share + ground[i]*(1-share)
	}
	return out
}

// oklch is lightness (0 to 1), chroma and hue (radians) of a colour, as people see them: moving the
// lightness alone leaves the colour the same colour.
func (c Colour) oklch() (l, chroma, hue float64) {
	r, g, b := linear(c[0]), linear(c[1]), linear(c[2])
	x := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	y := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	z := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	l = 0.2104542553*x + 0.7936177850*y - 0.0040720468*z
	u := 1.9779984951*x - 2.4285922050*y + 0.4505937099*z
	v := 0.0259040371*x + 0.7827717662*y - 0.8086757660*z
	return l, math.Hypot(u, v), math.Atan2(v, u)
}

// fromOKLCH is the colour of that lightness, chroma and hue; where a display cannot show so much
// chroma, the most that it can.
func fromOKLCH(l, chroma, hue float64) Colour {
	if l >= 1 {
		return Colour{1, 1, 1}
	}
	if l <= 0 {
		return Colour{}
	}
	c, ok := display(l, chroma, hue)
	for low, high := 0.0, chroma; !ok && high-low > 1e-4; {
		mid := (low + high) / 2
		if tried, fits := display(l, mid, hue); fits {
			low, c = mid, tried
		} else {
			high = mid
		}
	}
	return c
}

// display turns OKLCH into sRGB; ok is false where that is beyond what sRGB holds.
func display(l, chroma, hue float64) (c Colour, ok bool) {
	u, v := chroma*math.Cos(hue), chroma*math.Sin(hue)
	x := math.Pow(l+0.3963377774*u+0.2158037573*v, 3)
	y := math.Pow(l-0.1055613458*u-0.0638541728*v, 3)
	z := math.Pow(l-0.0894841775*u-1.2914855480*v, 3)
	c = Colour{gamma(4.0767416621*x - 3.3077115913*y + 0.2309699292*z), gamma(-1.2684380046*x + 2.6097574011*y - 0.3413193965*z),
		gamma(-0.0041960863*x - 0.7034186147*y + 1.7076147010*z)}
	ok = true
	for i := range c {
		if c[i] < -1e-4 || c[i] > 1+1e-4 {
			ok = false
		}
		c[i] = min(max(c[i], 0), 1)
	}
	return c, ok
}

// scheme is what the accent stands on in light or in dark; see web/styles/tokens.css.
type scheme struct {
	grounds []Colour // paper, surface, sunk; the tint comes of surface and accent
	surface Colour
	tint    float64 // share of the accent in the tint
	step    float64 // of lightness, away from the grounds
	strong  float64 // how much further the accent goes that a pointer is on
}

func mustColour(s string) Colour {
	c, err := ParseColour(s)
	if err != nil {
		panic(err)
	}
	return c
}

var (
	lightScheme = scheme{[]Colour{mustColour("#faf9f6"), mustColour("#ffffff"), mustColour("#f3f1ec")}, mustColour("#ffffff"), 0.08, -0.004, -0.075}
	darkScheme  = scheme{[]Colour{mustColour("#14171a"), mustColour("#1c2024"), mustColour("#101315")}, mustColour("#1c2024"), 0.10, 0.004, 0.065}

	white = mustColour("#ffffff")
	ink   = mustColour("#0c1512") // text on an accent that is light
)

// readable reports whether the accent can be read as text everywhere it stands.
func (s scheme) readable(c Colour) bool {
	c = c.rounded()
	for _, ground := range append([]Colour{c.over(s.surface, s.tint).rounded()}, s.grounds...) {
		if c.ContrastWith(ground) < Contrast {
			return false
		}
	}
	_, on := onColour(c)
	return on >= Contrast
}

// onColour is the text colour that reads best on c, and how well.
func onColour(c Colour) (Colour, float64) {
	w, i := white.ContrastWith(c.rounded()), ink.ContrastWith(c.rounded())
	if w >= i {
		return white, w
	}
	return ink, i
}

// shade moves the lightness of c until it is readable; the other end, black or white, always is.
func (s scheme) shade(c Colour) Shade {
	l, chroma, hue := c.oklch()
	out := c
	moved := false
	for !s.readable(out) {
		l += s.step
		out, moved = fromOKLCH(l, chroma, hue), true
	}
	strong := fromOKLCH(l+s.strong, chroma, hue)
	on, _ := onColour(out)
	if strong.rounded().ContrastWith(on) < Contrast {
		strong = out
	}
	return Shade{Accent: out.String(), Strong: strong.String(), On: on.String(), Moved: moved}
}

// Shade is the accent in one scheme, all as #rrggbb.
type Shade struct {
	Accent string // text, icons, the ground of buttons
	Strong string // the same under a pointer
	On     string // text on either
	Moved  bool   // not the colour that was chosen: it could not be read
}

// Theme is an accent colour, fit for both schemes.
type Theme struct {
	Chosen      string
	Light, Dark Shade
	Version     string // of CSS, for its address
}

// NewTheme derives a theme from #rrggbb.
func NewTheme(chosen string) (Theme, error) {
	c, err := ParseColour(chosen)
	if err != nil {
		return Theme{}, err
	}
	t := Theme{Chosen: c.String(), Light: lightScheme.shade(c), Dark: darkScheme.shade(c)}
	sum := sha256.Sum256([]byte(t.CSS()))
	t.Version = hex.EncodeToString(sum[:6])
	return t, nil
}

// CSS is the stylesheet that puts the theme over the product's own.
func (t Theme) CSS() string {
	vars := func(s Shade) string {
		return "--accent:" + s.Accent + ";--accent-strong:" + s.Strong + ";--on-accent:" + s.On
	}
	return ":root{" + vars(t.Light) + "}\n@media (prefers-color-scheme:dark){:root{" + vars(t.Dark) + "}}\n"
}
