package attach

import (
	"context"
	"errors"
	"io"

	"guichet/internal/problem"
	"guichet/internal/support"
)

// ChunkSize is how much of a content stands in one row, and how much of it is in memory.
const ChunkSize = 256 << 10

// receive writes what comes into the blob of a, piece by piece.
func (s *Service) receive(ctx context.Context, a *support.Attachment, kind support.FileType, u Upload, r io.Reader) error {
	max := a.Size // what was announced, or the most there may be
	chunk := make([]byte, ChunkSize)
	a.Size = 0
	for n := 0; ; n++ {
		got, err := io.ReadFull(r, chunk)
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			if p, ok := errors.AsType[*problem.Error](err); ok {
				return p
			}
			return problem.From(problem.Invalid, "problem.file_broken", err)
		}
		if n == 0 {
			if got == 0 {
				return support.FileProblem(problem.Invalid, "problem.file_empty", u.Name)
			}
			if a.Type, err = sniff(chunk[:got], u.Name, kind); err != nil {
				return err
			}
		}
		if a.Size += int64(got); a.Size > max {
			if a.Size > kind.Max {
				return tooLarge(u.Name, kind)
			}
			return support.FileProblem(problem.Invalid, "problem.file_broken", u.Name) // more than was announced
		}
		if got > 0 {
			if err := s.c.Blobs.WriteChunk(ctx, a.Blob, n, chunk[:got]); err != nil {
				return err
			}
		}
		if end {
			break
		}
	}
	if u.Size >= 0 && a.Size != u.Size {
		return support.FileProblem(problem.Invalid, "problem.file_broken", u.Name)
	}
	return nil
}

// writer writes a content into a blob, and keeps no more of it than a chunk.
type writer struct {
	ctx   context.Context
	blobs Blobs
	id    support.BlobID
	n     int
	size  int64
	max   int64
	part  []byte
}

var errTooLong = errors.New("more than may be kept")

func (w *writer) Write(b []byte) (int, error) {
	if w.size += int64(len(b)); w.size > w.max {
		return 0, errTooLong
	}
	all := len(b)
	for len(b) > 0 {
		k := min(ChunkSize-len(w.part), len(b))
		w.part, b = append(w.part, b[:k]...), b[k:]
		if len(w.part) == ChunkSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return all, nil
}

func (w *writer) flush() error {
	if len(w.part) == 0 {
		return nil
	}
	err := w.blobs.WriteChunk(w.ctx, w.id, w.n, w.part)
	w.n, w.part = w.n+1, w.part[:0]
	return err
}

// Content reads a file's content from wherever it is asked to, a chunk at a time.
type Content struct {
	ctx   context.Context
	blobs Blobs
	id    support.BlobID
	size  int64
	at    int64
	n     int // of the chunk that is there
	chunk []byte
}

// content opens the content of a.
func (s *Service) content(ctx context.Context, a support.Attachment) *Content {
	return &Content{ctx: ctx, blobs: s.c.Blobs, id: a.Blob, size: a.Size, n: -1}
}

// Read implements io.Reader. A content that has been removed meanwhile ends in an error.
func (c *Content) Read(b []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if n := int(c.at / ChunkSize); n != c.n {
		chunk, err := c.blobs.ReadChunk(c.ctx, c.id, n)
		if err != nil {
			return 0, err
		}
		c.n, c.chunk = n, chunk
	}
	from := int(c.at % ChunkSize)
	if from >= len(c.chunk) {
		return 0, io.ErrUnexpectedEOF
	}
	k := copy(b, c.chunk[from:])
	c.at += int64(k)
	return k, nil
}

// Seek implements io.Seeker.
func (c *Content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("attach: before the beginning")
	}
	c.at = offset
	return offset, nil
}
