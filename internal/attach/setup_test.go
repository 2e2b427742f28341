package attach_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"guichet/internal/attach"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a service on a database of its own.
type house struct {
	*attach.Service
	t  *testing.T
	db *postgres.DB
	c  support.ConversationID
}

func setup(t *testing.T, options ...func(*attach.Config)) *house {
	t.Helper()
	h := &house{t: t, db: pgtest.New(t)}
	c := attach.Config{Store: h.db, Blobs: h.db, Log: slog.New(slog.DiscardHandler)}
	for _, o := range options {
		o(&c)
	}
	h.Service = attach.New(c)
	h.c = h.conversation()
	return h
}

func (h *house) conversation() support.ConversationID {
	h.t.Helper()
	c := support.Conversation{ID: support.NewID[support.ConversationID](), Lang: kb.French, Owner: support.OwnerAssistant, CreatedAt: time.Now()}
	if err := h.db.OpenConversation(h.t.Context(), c, support.NewToken()); err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

// upload is a member's file in the house's conversation, of a size that nobody said.
func (h *house) upload(clientID, name string) attach.Upload {
	return attach.Upload{Conversation: h.c, Author: support.AuthorMember, ClientID: clientID, Name: name, Size: -1}
}

func (h *house) take(clientID, name string, content []byte) support.Attachment {
	h.t.Helper()
	got, err := h.Receive(h.t.Context(), h.upload(clientID, name), bytes.NewReader(content))
	if err != nil {
		h.t.Fatalf("%s: %v", name, err)
	}
	return got.Attachment
}

// content reads what is kept of a file.
func (h *house) content(a support.Attachment) []byte {
	h.t.Helper()
	h.exec(`UPDATE attachments SET entry_seq = NULL`)
	var out []byte
	for n := 0; int64(len(out)) < a.Size; n++ {
		chunk, err := h.db.ReadChunk(h.t.Context(), a.Blob, n)
		if err != nil {
			h.t.Fatalf("chunk %d of %s: %v", n, a.Name, err)
		}
		out = append(out, chunk...)
	}
	return out
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Pool().Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) count(sql string, args ...any) (n int) {
	h.t.Helper()
	if err := h.db.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// wrong is the message at the field "file", or the problem's own.
func wrong(err error) string {
	for e := err; e != nil; {
		if p, ok := e.(*problem.Error); ok {
			if len(p.Fields) == 1 && p.Fields[0].Name == "file" && p.Fields[0].Key == p.Key {
				return p.Key
			}
			return string(p.Kind) + " " + p.Key
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			return e.Error()
		}
		e = u.Unwrap()
	}
	return ""
}

// picture is red in its top left quarter, blue elsewhere.
func picture(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{B: 255, A: 255}
			if x < w/2 && y < h/2 {
				c = color.NRGBA{R: 255, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, kind string, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "jpg":
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif puts into a JPEG what a phone does: how it was held, its name, and where it was.
func withExif(jpg []byte, orientation uint16, order binary.ByteOrder) []byte {
	var tiff bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			_ = binary.Write(&tiff, order, x)
		}
	}
	if order == binary.LittleEndian {
		tiff.WriteString("II*\x00")
	} else {
		tiff.WriteString("MM\x00*")
	}
	put(uint32(8), uint16(3))
	put(uint16(0x010F), uint16(2), uint32(12), uint32(50)) // Make
	put(uint16(0x0112), uint16(3), uint32(1), orientation, uint16(0))
	put(uint16(0x8825), uint16(4), uint32(1), uint32(62)) // GPS directory
	put(uint32(0))
	tiff.WriteString("TelephoneCo\x00") // at 50
	put(uint16(1))
	put(uint16(0x0002), uint16(5), uint32(3), uint32(80)) // GPSLatitude
	put(uint32(0))
	put(uint32(48), uint32(1), uint32(51), uint32(1), uint32(29_123), uint32(1000))
	body := append([]byte("Exif\x00\x00"), tiff.Bytes()...)
	segment := append([]byte{0xFF, 0xE1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	return append(append([]byte{0xFF, 0xD8}, segment...), jpg[2:]...)
}

// pngOf is a PNG of any size that says nothing of its pixels.
func pngOf(w, h uint32) []byte {
	b := bytes.NewBufferString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		_ = binary.Write(b, binary.BigEndian, uint32(len(data)))
		body := append([]byte(kind), data...)
		b.Write(body)
		_ = binary.Write(b, binary.BigEndian, crc32.ChecksumIEEE(body))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	chunk("IHDR", append(head, 8, 6, 0, 0, 0))
	chunk("IDAT", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01"))
	chunk("IEND", nil)
	return b.Bytes()
}

// pdf is something of n bytes that begins as a PDF does.
func pdf(n int) []byte {
	return []byte("%PDF-1.7\n" + strings.Repeat("0123456789abcdef", n/16+1))[:n]
}

// endless never ends, and counts what was taken of it.
type endless struct {
	head  []byte
	taken int64
	each  func(taken int64)
}

func (e *endless) Read(b []byte) (int, error) {
	clear(b)
	if e.taken < int64(len(e.head)) {
		copy(b, e.head[e.taken:])
	}
	e.taken += int64(len(b))
	if e.each != nil {
		e.each(e.taken)
	}
	return len(b), nil
}

var _ io.Reader = (*endless)(nil)
