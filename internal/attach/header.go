package attach

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
)

// turned is an image seen from another side, pixel by pixel.
type turned struct {
	image.Image
	o int
}

func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.o >= 5 {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	u, v := source(x, y, b.Dx(), b.Dy(), t.o)
	return t.Image.At(b.Min.X+u, b.Min.Y+v)
}

// orientation reads from a JPEG how the camera was held: 1 to 8 as Exif numbers it, 1 where it does
// not say.
func orientation(r *bufio.Reader) int {
	var marker [4]byte
	if _, err := io.ReadFull(r, marker[:2]); err != nil {
		return 1
	}
	for { // segments, until the picture begins
		if _, err := io.ReadFull(r, marker[:]); err != nil || marker[0] != 0xFF || marker[1] == 0xDA {
			return 1
		}
		n := int(binary.BigEndian.Uint16(marker[2:])) - 2
		if n < 0 {
			return 1
		}
		if marker[1] != 0xE1 {
			if _, err := r.Discard(n); err != nil {
				return 1
			}
			continue
		}
		segment := make([]byte, n)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 1
		}
		if o := exifOrientation(segment); o > 0 {
			return o
		}
	}
}

// exifOrientation reads the tag 0x0112 of the first directory; 0 where there is none.
func exifOrientation(b []byte) int {
	if len(b) < 14 || string(b[:6]) != "Exif\x00\x00" {
		return 0
	}
	b = b[6:]
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	count := int64(order.Uint16(b[at:]))
	for i := range count {
		e := at + 2 + 12*i
		if e+12 > int64(len(b)) {
			return 0
		}
		if order.Uint16(b[e:]) == 0x0112 {
			if o := int(order.Uint16(b[e+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}

var errGIF = errors.New("gif: broken")

// gifPixels counts the pixels of all pictures of a GIF without making one: a moving picture has many,
// and nothing in its head says how many.
func gifPixels(r *bufio.Reader) (total int64, err error) {
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, err
	}
	screen := int64(binary.LittleEndian.Uint16(head[6:])) * int64(binary.LittleEndian.Uint16(head[8:]))
	palette := func(flags byte) error {
		if flags&0x80 == 0 {
			return nil
		}
		_, err := r.Discard(3 << (flags&7 + 1))
		return err
	}
	blocks := func() error { // until the empty one
		for {
			n, err := r.ReadByte()
			if err != nil || n == 0 {
				return err
			}
			if _, err := r.Discard(int(n)); err != nil {
				return err
			}
		}
	}
	if err := palette(head[10]); err != nil {
		return 0, err
	}
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch kind {
		case 0x3B: // the end
			if total == 0 {
				return 0, errGIF
			}
			return max(total, screen), nil
		case 0x21:
			if _, err := r.ReadByte(); err != nil {
				return 0, err
			}
		case 0x2C:
			if _, err := io.ReadFull(r, head[:9]); err != nil {
				return 0, err
			}
			total += int64(binary.LittleEndian.Uint16(head[4:])) * int64(binary.LittleEndian.Uint16(head[6:]))
			if err := palette(head[8]); err != nil {
				return 0, err
			}
			if _, err := r.ReadByte(); err != nil { // the least code's size
				return 0, err
			}
		default:
			return 0, errGIF
		}
		if err := blocks(); err != nil {
			return 0, err
		}
	}
}
