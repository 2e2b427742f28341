package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// progressEvery is how often somebody who watches is told how far a table is.
const progressEvery = 500 * time.Millisecond

// writeTable writes the rows of t into a file of its own and notes in t what the file holds.
func writeTable(ctx context.Context, dir string, t *Table, out CopyOut, progress func(string, int64, int64)) (err error) {
	t.File = t.Name + ".copy.gz"
	file, err := os.OpenFile(filepath.Join(dir, t.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<16)
	// Most of it is vectors, which no level makes much smaller.
	packed, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	watched := &watch{table: t.Name, total: t.Rows, progress: progress, next: time.Now().Add(progressEvery)}
	if t.Rows, err = out(ctx, *t, io.MultiWriter(packed, watched)); err != nil {
		return err
	}
	if err := errors.Join(packed.Close(), buffered.Flush(), file.Sync()); err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	t.Bytes, t.SHA256 = info.Size(), hex.EncodeToString(sum.Sum(nil))
	return nil
}

// watch counts the rows that pass: COPY writes each on a line of its own.
type watch struct {
	table       string
	rows, total int64
	progress    func(string, int64, int64)
	next        time.Time
}

func (w *watch) Write(p []byte) (int, error) {
	w.rows += int64(bytes.Count(p, []byte{'\n'}))
	if now := time.Now(); w.progress != nil && now.After(w.next) {
		w.next = now.Add(progressEvery)
		w.progress(w.table, w.rows, max(w.total, w.rows))
	}
	return len(p), nil
}

// tableReader reads a table's rows back.
type tableReader struct {
	io.Reader
	file *os.File
}

func (r tableReader) Close() error { return r.file.Close() }

func openTable(folder *os.Root, t Table, progress func(string, int64, int64)) (io.ReadCloser, error) {
	file, err := folder.Open(t.File)
	if err != nil {
		return nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s cannot be read: %w", t.File, err), file.Close())
	}
	watched := &watch{table: t.Name, total: t.Rows, progress: progress, next: time.Now().Add(progressEvery)}
	return tableReader{io.TeeReader(unpacked, watched), file}, nil
}

// verify sees that a file is the one that was backed up.
func verify(ctx context.Context, folder *os.Root, name, want string) error {
	file, err := folder.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the backup is not whole: %s is missing", name)
	}
	if err != nil {
		return fmt.Errorf("the backup cannot be read: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return fmt.Errorf("%s is not the file that was backed up: its checksum differs", name)
	}
	return ctx.Err()
}

// copySecret copies the key into the backup and returns its checksum; "" where there is no key.
func copySecret(from, to string) (sum string, err error) {
	text, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the key of the data folder cannot be read: %w", err)
	}
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:]), writeFile(to, text)
}

// newSecret returns the backup's key for a data folder that has none, and nil for one that has the
// same. One with another key keeps it, and the restore is refused: what that key has sealed would be
// lost.
func newSecret(folder *os.Root, to string) ([]byte, error) {
	text, err := folder.ReadFile(secretFile)
	if err != nil {
		return nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	have, err := os.ReadFile(to)
	switch {
	case err == nil && bytes.Equal(have, text):
		return nil, nil
	case err == nil:
		return nil, fmt.Errorf("%s holds another key than the backup; restore into a new data folder", to)
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("the key of the data folder cannot be read: %w", err)
	}
	return text, nil
}

// writeFile writes a new file that its owner alone reads, down to the disk.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

// syncFolder brings the names in a folder down to the disk.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
