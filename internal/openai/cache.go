package openai

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"guichet/kb"
)

// Cache is an Embedder that keeps vectors in files: one file a vector, found by model, task and
// the text's hash. Several processes may share a folder. It is for tests and evaluations, where the
// same texts are embedded again and again; members' questions are never put there.
type Cache struct {
	dir   string
	model string
	dims  int
	e     kb.Embedder
}

// NewCache returns a cache of e's vectors below dir. model is what e.Model returns; it is given, so
// that a cache that knows every text works without a server.
func NewCache(dir, model string, e kb.Embedder) (*Cache, error) {
	name, dims, _ := strings.Cut(model, "/")
	n, err := strconv.Atoi(dims)
	if err != nil || n < 1 || name != filepath.Base(name) {
		return nil, fmt.Errorf("%q names no model and its dimensions", model)
	}
	return &Cache{dir: filepath.Join(dir, name+"-"+dims), model: model, dims: n, e: e}, nil
}

// Model is the model's name.
func (c *Cache) Model() string { return c.model }

// Embed reads what it can and has the rest embedded, a few texts at a time, so that a long run that
// is stopped has not been for nothing.
func (c *Cache) Embed(ctx context.Context, task kb.Task, texts []string) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	var missing []int
	for i, t := range texts {
		if vectors[i] = c.read(task, t); vectors[i] == nil {
			missing = append(missing, i)
		}
	}
	for len(missing) > 0 {
		n := min(len(missing), 16)
		batch := make([]string, n)
		for k, i := range missing[:n] {
			batch[k] = texts[i]
		}
		got, err := c.e.Embed(ctx, task, batch)
		if err != nil {
			return nil, err
		}
		for k, i := range missing[:n] {
			if len(got[k]) != c.dims {
				return nil, fmt.Errorf("a vector of %d dimensions from %s", len(got[k]), c.model)
			}
			vectors[i] = got[k]
			if err := c.write(task, texts[i], got[k]); err != nil {
				return nil, err
			}
		}
		missing = missing[n:]
	}
	return vectors, nil
}

func (c *Cache) path(task kb.Task, text string) string {
	hash := kb.HashText(text).String()
	side := map[kb.Task]string{kb.AsQuestion: "question", kb.AsPassage: "passage"}[task]
	return filepath.Join(c.dir, side, hash[:2], hash)
}

// read returns a vector, or nil where there is none (or none that is whole).
func (c *Cache) read(task kb.Task, text string) []float32 {
	raw, err := os.ReadFile(c.path(task, text))
	if err != nil || len(raw) != 4*c.dims {
		return nil
	}
	v := make([]float32, c.dims)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return v
}

func (c *Cache) write(task kb.Task, text string, v []float32) error {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	path := c.path(task, text)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// Others may read or write the same file: it appears whole or not at all.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(raw); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
