package attach

import (
	"bufio"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"strings"

	"golang.org/x/image/webp"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// jpegQuality is that of most cameras.
const jpegQuality = 90

// renew makes the picture of a anew: what one sees of it, the right way up, and nothing else. Where it
// was taken, by which camera, its thumbnail and any program behind its last pixel are gone. A WebP
// becomes a JPEG, or a PNG where it has transparent parts. The new one stands in a blob of its own.
//
// Its pixels are counted before one of them is made: a file of a few kilobytes may unfold into
// gigabytes.
func (s *Service) renew(ctx context.Context, a *support.Attachment) error {
	content := s.content(ctx, *a)
	pixels, err := countPixels(content, a.Type)
	if err != nil {
		return unreadable(a.Name, err)
	}
	if pixels > support.MaxPixels {
		return support.FileProblem(problem.Invalid, "problem.file_pixels", a.Name).With("max", support.MaxPixels/1_000_000)
	}
	if err := s.pixels.Acquire(ctx, pixels); err != nil {
		return err
	}
	defer s.pixels.Release(pixels)
	blob := support.NewSecretID[support.BlobID]()
	if err := s.c.Blobs.CreateBlob(ctx, blob); err != nil {
		return err
	}
	out := &writer{ctx: ctx, blobs: s.c.Blobs, id: blob, max: support.MaxFile}
	kind, ext, err := remake(out, content, a.Type)
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		if e := s.c.Blobs.DeleteBlob(context.WithoutCancel(ctx), blob); e != nil {
			s.c.Log.Warn("attach: a picture that could not be made is left to the purge", "err", e)
		}
		return unreadable(a.Name, err)
	}
	if kind != a.Type {
		a.Name = support.CleanFileName(strings.TrimSuffix(a.Name, path.Ext(a.Name)) + ext)
	}
	a.Blob, a.Type, a.Size = blob, kind, out.size
	return nil
}

// unreadable is the problem of a picture that is broken; what the store says stays as it is.
func unreadable(name string, err error) error {
	if _, ours := errors.AsType[*problem.Error](err); ours || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p := support.FileProblem(problem.Invalid, "problem.file_picture", name)
	p.Err = err
	return p
}

// countPixels returns how many pixels decoding would make.
func countPixels(r io.ReadSeeker, kind string) (int64, error) {
	defer r.Seek(0, io.SeekStart)
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	in := bufio.NewReaderSize(r, 32<<10)
	var c image.Config
	var err error
	switch kind {
	case "image/png":
		c, err = png.DecodeConfig(in)
	case "image/jpeg":
		c, err = jpeg.DecodeConfig(in)
	case "image/webp":
		c, err = webp.DecodeConfig(in)
	case "image/gif":
		return gifPixels(in)
	default:
		err = image.ErrFormat
	}
	if err == nil && (c.Width <= 0 || c.Height <= 0) {
		err = image.ErrFormat
	}
	return int64(c.Width) * int64(c.Height), err
}

// remake decodes and encodes; it returns the media type and extension of what it wrote.
func remake(w io.Writer, r io.ReadSeeker, kind string) (string, string, error) {
	if kind == "image/gif" {
		g, err := gif.DecodeAll(bufio.NewReader(r))
		if err != nil {
			return "", "", err
		}
		return "image/gif", ".gif", gif.EncodeAll(w, g)
	}
	var img image.Image
	var err error
	upright := 1
	switch kind {
	case "image/png":
		img, err = png.Decode(r)
	case "image/webp":
		if img, err = webp.Decode(bufio.NewReader(r)); err == nil {
			kind = "image/png"
			if _, opaque := img.(*image.YCbCr); opaque {
				kind = "image/jpeg"
			}
		}
	case "image/jpeg":
		upright = orientation(bufio.NewReader(r))
		if _, err = r.Seek(0, io.SeekStart); err == nil {
			img, err = jpeg.Decode(r)
		}
	}
	if err != nil {
		return "", "", err
	}
	if kind == "image/png" {
		return kind, ".png", (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
	}
	return kind, ".jpg", jpeg.Encode(w, turn(img, upright), &jpeg.Options{Quality: jpegQuality})
}

// turn returns img as one is meant to see it, by Exif's number for how the camera was held.
func turn(img image.Image, o int) image.Image {
	if o <= 1 || o > 8 {
		return img
	}
	c, ok := img.(*image.YCbCr)
	if !ok {
		return turned{img, o}
	}
	// Plane by plane, in whole rows of bytes: asking for each pixel's colour takes twenty times as long.
	b := c.Rect
	out := &image.YCbCr{Rect: image.Rect(0, 0, b.Dx(), b.Dy()), SubsampleRatio: c.SubsampleRatio}
	if o >= 5 {
		out.Rect = image.Rect(0, 0, b.Dy(), b.Dx())
		switch c.SubsampleRatio {
		case image.YCbCrSubsampleRatio422:
			out.SubsampleRatio = image.YCbCrSubsampleRatio440
		case image.YCbCrSubsampleRatio440:
			out.SubsampleRatio = image.YCbCrSubsampleRatio422
		case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
			return turned{img, o}
		}
	}
	small := image.NewYCbCr(image.Rect(0, 0, b.Dx(), b.Dy()), c.SubsampleRatio) // only for its measures
	cw, ch := small.CStride, len(small.Cb)/max(1, small.CStride)
	out.Y, out.YStride = turnPlane(c.Y[c.YOffset(b.Min.X, b.Min.Y):], c.YStride, b.Dx(), b.Dy(), o)
	at := c.COffset(b.Min.X, b.Min.Y)
	out.Cb, out.CStride = turnPlane(c.Cb[at:], c.CStride, cw, ch, o)
	out.Cr, _ = turnPlane(c.Cr[at:], c.CStride, cw, ch, o)
	return out
}

// turnPlane turns w × h bytes.
func turnPlane(p []byte, stride, w, h, o int) (out []byte, outStride int) {
	ow, oh := w, h
	if o >= 5 {
		ow, oh = h, w
	}
	out = make([]byte, ow*oh)
	for y := range oh {
		for x := range ow {
			u, v := source(x, y, w, h, o)
			out[y*ow+x] = p[v*stride+u]
		}
	}
	return out, ow
}

// source is the pixel of a picture of w × h that stands at x, y when it is turned.
func source(x, y, w, h, o int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}
