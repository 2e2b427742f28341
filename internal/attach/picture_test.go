package attach_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"guichet/internal/support"
)

// TestPlaceIsRemoved: what a phone writes into a picture is not kept, and it stands upright.
func TestPlaceIsRemoved(t *testing.T) {
	t.Parallel()
	h := setup(t)
	plain := encoded(t, "jpg", picture(64, 32))
	for o := uint16(1); o <= 8; o++ {
		for name, order := range map[string]binary.ByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
			sent := withExif(plain, o, order)
			if !bytes.Contains(sent, []byte("TelephoneCo")) {
				t.Fatal("the test sends nothing to remove")
			}
			a := h.take(name+string(rune('0'+o)), "photo.jpg", sent)
			kept := h.content(a)
			if bytes.Contains(kept, []byte("Exif")) || bytes.Contains(kept, []byte("TelephoneCo")) || int64(len(kept)) != a.Size {
				t.Errorf("orientation %d: something of the phone is kept", o)
			}
			img, err := jpeg.Decode(bytes.NewReader(kept))
			if err != nil {
				t.Fatal(err)
			}
			want := image.Pt(64, 32)
			if o >= 5 {
				want = image.Pt(32, 64)
			}
			if img.Bounds().Size() != want {
				t.Errorf("orientation %d is %v, want %v", o, img.Bounds().Size(), want)
			}
			// Where the red quarter stands once the picture is the right way up.
			red := map[uint16][2]int{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}[o]
			for qy := range 2 {
				for qx := range 2 {
					r, _, b, _ := img.At(want.X*(1+2*qx)/4, want.Y*(1+2*qy)/4).RGBA()
					if isRed := r > b; isRed != (red == [2]int{qx, qy}) {
						t.Errorf("orientation %d: quarter %d,%d is red: %v", o, qx, qy, isRed)
					}
				}
			}
		}
	}
	// Grey ones are turned too, pixel by pixel.
	grey := image.NewGray(image.Rect(0, 0, 16, 8))
	a := h.take("grey", "photo.jpg", withExif(encoded(t, "jpg", grey), 6, binary.BigEndian))
	if c, err := jpeg.DecodeConfig(bytes.NewReader(h.content(a))); err != nil || c.Width != 8 || c.Height != 16 {
		t.Errorf("a grey picture: %+v, %v", c, err)
	}
}

// TestPicturesAreMadeAnew: nothing that stands beside or behind the picture is kept.
func TestPicturesAreMadeAnew(t *testing.T) {
	t.Parallel()
	h := setup(t)
	secret := []byte("<?php 48.8583N 2.2945E ?>")
	var moving bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}})
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame, frame, frame}, Delay: []int{10, 10, 10}}); err != nil {
		t.Fatal(err)
	}
	// A lossless and a lossy WebP of one pixel.
	lossless, _ := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	lossy, _ := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	for name, test := range map[string]struct {
		content    []byte
		name, kind string
	}{
		"capture.png":  {encoded(t, "png", picture(9, 7)), "capture.png", "image/png"},
		"photo.jpg":    {encoded(t, "jpg", picture(9, 7)), "photo.jpg", "image/jpeg"},
		"moving.gif":   {moving.Bytes(), "moving.gif", "image/gif"},
		"exact.webp":   {lossless, "exact.png", "image/png"},
		"picture.webp": {lossy, "picture.jpg", "image/jpeg"},
	} {
		a := h.take(name, name, append(bytes.Clone(test.content), secret...))
		kept := h.content(a)
		if bytes.Contains(kept, secret) || a.Name != test.name || a.Type != test.kind || a.Size != int64(len(kept)) || !a.Inline() {
			t.Errorf("%s is kept as %+v", name, a)
		}
		if _, _, err := image.Decode(bytes.NewReader(kept)); err != nil {
			t.Errorf("%s cannot be read any more: %v", name, err)
		}
		if name == "moving.gif" {
			if g, err := gif.DecodeAll(bytes.NewReader(kept)); err != nil || len(g.Image) != 3 {
				t.Errorf("it moves no more: %v", err)
			}
		}
	}
	if img, err := png.Decode(bytes.NewReader(h.content(h.take("again", "capture.png", encoded(t, "png", picture(9, 7)))))); err != nil || img.At(8, 6) == img.At(0, 0) {
		t.Errorf("the picture has changed: %v", err)
	}
}

// TestBombs: a few kilobytes that would unfold into gigabytes are refused before they do.
func TestBombs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	frame := []byte("\x2c\x00\x00\x00\x00\x00\x40\x00\x40\x00\x02\x02\x4c\x01\x00") // 16384 × 16384
	bomb := append([]byte("GIF89a\x08\x00\x08\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"), bytes.Repeat(frame, 40)...)
	large := encoded(t, "jpg", picture(16, 16))
	for i := range large[:len(large)-8] {
		if large[i] == 0xFF && large[i+1] == 0xC0 { // start of frame: height and width
			binary.BigEndian.PutUint16(large[i+5:], 65000)
			binary.BigEndian.PutUint16(large[i+7:], 65000)
			break
		}
	}
	for name, content := range map[string][]byte{"bomb.png": pngOf(40_000, 40_000), "long.png": pngOf(1, 60_000_000), "bomb.gif": append(bomb, 0x3B), "bomb.jpg": large} {
		if _, err := h.Receive(t.Context(), h.upload(name, name), bytes.NewReader(content)); wrong(err) != "problem.file_pixels" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, content := range map[string][]byte{"none.png": pngOf(0, 10), "cut.gif": bomb[:40]} {
		if _, err := h.Receive(t.Context(), h.upload(name, name), bytes.NewReader(content)); wrong(err) != "problem.file_picture" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a := h.take("wide", "wide.png", encoded(t, "png", image.NewGray(image.Rect(0, 0, 5000, 400)))); a.State != support.AttachmentReady {
		t.Errorf("an ordinary one is %+v", a)
	}
}
