package site_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"guichet/internal/problem"
	"guichet/internal/site"
)

func picture(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.NRGBA{uint8(x), uint8(y), 120, uint8(255 - x%200)})
		}
	}
	return img
}

func encoded(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif is a JPEG with a place in its metadata, as cameras write it.
func withExif(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(300, 100), nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08GPSLatitude 48.8566 GPSLongitude 2.3522")
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	raw := b.Bytes()
	return append(append(append(bytes.Clone(raw[:2]), segment...), exif...), raw[2:]...)
}

// bomb is a PNG that says it is 10,000 pixels wide and high, in a few bytes.
func bomb(t *testing.T) []byte {
	b := encoded(t, 2, 2)
	binary.BigEndian.PutUint32(b[16:], 10_000)
	binary.BigEndian.PutUint32(b[20:], 10_000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestReadLogo(t *testing.T) {
	t.Parallel()
	var animated bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{color.Black, color.White})
	if err := gif.EncodeAll(&animated, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		sent []byte
		w, h int
		wide bool
	}{
		{"Small", encoded(t, 64, 40), 64, 40, false},
		{"Wide", encoded(t, 1500, 300), 512, 102, true},
		{"High", encoded(t, 400, 1600), 40, 160, false},
		{"OnePixel", encoded(t, 1, 1), 1, 1, false},
		{"Thin", encoded(t, 2000, 1), 512, 1, true},
		{"JPEG", withExif(t), 300, 100, true},
		{"GIF", animated.Bytes(), 40, 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			logo, out, err := site.ReadLogo(c.sent)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if d := img.Bounds().Size(); d.X != c.w || d.Y != c.h || logo.Width != c.w || logo.Height != c.h || logo.Wide() != c.wide {
				t.Errorf("%v, said to be %+v; want %d × %d", d, logo, c.w, c.h)
			}
			if bytes.Contains(out, []byte("GPS")) || bytes.Contains(out, []byte("Exif")) {
				t.Error("the camera's place is still in it")
			}
			again, same, err := site.ReadLogo(out)
			if err != nil || again != logo || !bytes.Equal(same, out) {
				t.Errorf("read again it is another: %+v, %v", again, err)
			}
		})
	}
}

func TestReadLogoRefuses(t *testing.T) {
	t.Parallel()
	whole := encoded(t, 200, 100)
	for name, c := range map[string]struct {
		sent []byte
		key  string
	}{
		"Zip":      {append([]byte("PK\x03\x04"), whole...), "desk.settings.wrong_logo_kind"},
		"SVG":      {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "desk.settings.wrong_logo_kind"},
		"Empty":    {nil, "desk.settings.wrong_logo_kind"},
		"Cut":      {whole[:len(whole)/2], "desk.settings.wrong_logo_kind"},
		"NameOnly": {[]byte("\x89PNG\r\n\x1a\n"), "desk.settings.wrong_logo_kind"},
		"Bomb":     {bomb(t), "desk.settings.wrong_logo_size"},
		"TooWide":  {encoded(t, 2001, 1), "desk.settings.wrong_logo_size"},
		"TooLarge": {append(bytes.Clone(whole), make([]byte, site.MaxLogoBytes)...), "desk.settings.wrong_logo_bytes"},
	} {
		_, out, err := site.ReadLogo(c.sent)
		var p *problem.Error
		if !errors.As(err, &p) || len(p.Fields) != 1 || p.Fields[0].Name != "logo" || p.Fields[0].Key != c.key || out != nil {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
}
