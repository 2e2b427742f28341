package clamav_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"guichet/internal/clamav"
	"guichet/internal/clamav/clamtest"
	"guichet/internal/problem"
)

// TestDaemons holds the daemon that the tests use, and a real one where GUICHET_TEST_CLAMAV names its
// socket, to the same: what a Scanner relies on.
func TestDaemons(t *testing.T) {
	t.Parallel()
	daemons := map[string]string{"Ours": clamtest.New(t).Addr}
	if real := os.Getenv("GUICHET_TEST_CLAMAV"); real != "" {
		daemons["Real"] = real
	}
	for name, addr := range daemons {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clamav.New(addr)
			for what, test := range map[string]struct {
				content io.Reader
				found   bool
				kind    problem.Kind
			}{
				"Clean":     {strings.NewReader("A letter."), false, ""},
				"Empty":     {strings.NewReader(""), false, ""},
				"EICAR":     {strings.NewReader(clamtest.EICAR), true, ""},
				"InPieces":  {iotest.OneByteReader(strings.NewReader(clamtest.EICAR)), true, ""},
				"Several":   {io.LimitReader(zeros{}, 1<<20), false, ""},
				"FarTooBig": {io.LimitReader(zeros{}, 120<<20), false, problem.Invalid},
			} {
				virus, err := s.Scan(t.Context(), test.content)
				if (virus != "") != test.found || problem.KindOf(err) != test.kind {
					t.Errorf("%s: %q, %v", what, virus, err)
				}
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestAway(t *testing.T) {
	t.Parallel()
	if _, err := clamav.New(filepath.Join(t.TempDir(), "nobody")).Scan(t.Context(), strings.NewReader("x")); !problem.Is(err, problem.Unavailable) {
		t.Errorf("nobody listens: %v", err)
	}
	broken := errors.New("the disk")
	if _, err := clamav.New(clamtest.New(t).Addr).Scan(t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("the content breaks off: %v", err)
	}
	for _, says := range []string{"", "stream: ", "stream: FOUND\x00", "nonsense\x00", strings.Repeat("x", 10_000) + "\x00"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.CopyN(io.Discard, conn, int64(len("zINSTREAM\x00")+4+1+4))
			fmt.Fprint(conn, says)
		}()
		if virus, err := clamav.New(l.Addr().String()).Scan(t.Context(), bytes.NewReader([]byte("x"))); !problem.Is(err, problem.Unavailable) {
			t.Errorf("a daemon that says %.20q: %q, %v", says, virus, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := clamav.New(clamtest.New(t).Addr).Scan(ctx, strings.NewReader("x")); err == nil {
		t.Error("nobody waits, and yet it was scanned")
	}
}
