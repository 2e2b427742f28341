package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"guichet/internal/problem"
)

// Bounds of a logo as it is sent, and as it is kept.
const (
	MaxLogoBytes  = 512 << 10
	MaxLogoPixels = 2000 // a side
	logoWidth     = 512
	logoHeight    = 160
)

// Logo names a picture that is kept.
type Logo struct {
	Hash   string `json:"hash"` // of the bytes, for its address
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Wide reports whether the logo is a word rather than a sign: it stands in the name's place then, not
// beside it.
func (l Logo) Wide() bool { return l.Width >= 2*l.Height }

// ReadLogo makes what somebody sent into a PNG of at most 512 × 160 px: decoded and encoded anew, so
// that nothing else travels with it, neither a camera's place nor a script. PNG, JPEG, and the first
// picture of a GIF. Errors: Invalid on the field "logo".
func ReadLogo(sent []byte) (Logo, []byte, error) {
	if len(sent) > MaxLogoBytes {
		return Logo{}, nil, problem.InvalidField("logo", "desk.settings.wrong_logo_bytes").With("max", MaxLogoBytes>>10)
	}
	// By the first bytes, whatever the file is called; and the size before a pixel is made.
	var size func([]byte) (image.Config, error)
	var decode func([]byte) (image.Image, error)
	switch {
	case bytes.HasPrefix(sent, []byte("\x89PNG\r\n\x1a\n")):
		size = func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) }
		decode = func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) }
	case bytes.HasPrefix(sent, []byte("\xff\xd8\xff")):
		size = func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) }
		decode = func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) }
	case bytes.HasPrefix(sent, []byte("GIF87a")), bytes.HasPrefix(sent, []byte("GIF89a")):
		size = func(b []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(b)) }
		decode = func(b []byte) (image.Image, error) { return gif.Decode(bytes.NewReader(b)) }
	default:
		return Logo{}, nil, problem.InvalidField("logo", "desk.settings.wrong_logo_kind")
	}
	c, err := size(sent)
	if err == nil && (c.Width > MaxLogoPixels || c.Height > MaxLogoPixels) {
		return Logo{}, nil, problem.InvalidField("logo", "desk.settings.wrong_logo_size").With("max", MaxLogoPixels)
	}
	var img image.Image
	if err == nil {
		img, err = decode(sent)
	}
	if err == nil && img.Bounds().Empty() {
		err = image.ErrFormat
	}
	if err != nil {
		p := problem.InvalidField("logo", "desk.settings.wrong_logo_kind")
		p.Err = err
		return Logo{}, nil, p
	}
	var out bytes.Buffer
	small := fit(img, logoWidth, logoHeight)
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		return Logo{}, nil, err
	}
	sum := sha256.Sum256(out.Bytes())
	return Logo{hex.EncodeToString(sum[:6]), small.Rect.Dx(), small.Rect.Dy()}, out.Bytes(), nil
}

// fit makes an image small enough to lie in width × height, never larger: each pixel is the mean of
// those that it stands for.
func fit(img image.Image, width, height int) *image.NRGBA {
	from := img.Bounds()
	scale := max(1, float64(from.Dx())/float64(width), float64(from.Dy())/float64(height))
	w, h := max(1, int(float64(from.Dx())/scale)), max(1, int(float64(from.Dy())/scale))
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		top, bottom := y*from.Dy()/h, max((y+1)*from.Dy()/h, y*from.Dy()/h+1)
		for x := range w {
			left, right := x*from.Dx()/w, max((x+1)*from.Dx()/w, x*from.Dx()/w+1)
			var sum [4]uint64 // premultiplied, so that what cannot be seen lends no colour
			for v := top; v < bottom; v++ {
				for u := left; u < right; u++ {
					r, g, b, a := img.At(from.Min.X+u, from.Min.Y+v).RGBA()
					sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(b), sum[3]+uint64(a)
				}
			}
			n := uint64((bottom - top) * (right - left))
			var p color.NRGBA
			if a := sum[3]; a > 0 {
				mean := func(v uint64) uint8 { return uint8(min((v*255+a/2)/a, 255)) }
				p = color.NRGBA{mean(sum[0]), mean(sum[1]), mean(sum[2]), uint8((a/n + 128) / 257)}
			}
			out.SetNRGBA(x, y, p)
		}
	}
	return out
}
