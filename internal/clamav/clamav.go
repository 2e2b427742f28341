// Package clamav has contents looked at by a ClamAV daemon, over its socket. A content goes there in
// pieces, as it is read.
package clamav

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"guichet/internal/problem"
)

// Scanner asks one daemon. Safe for concurrent use.
type Scanner struct {
	network, address string
	patience         time.Duration
}

// New returns a Scanner for the daemon at address: the path of its socket, or host:port.
func New(address string) *Scanner {
	s := &Scanner{network: "tcp", address: address, patience: time.Minute}
	if strings.HasPrefix(address, "/") {
		s.network = "unix"
	}
	return s
}

// Scan reads r to its end and returns the name of the virus that was found; "" for none. Errors:
// Invalid where the daemon does not look at such a content, such as one that is longer than its
// StreamMaxLength; Unavailable where it does not answer, or ends the talk early; those of r.
func (s *Scanner) Scan(ctx context.Context, r io.Reader) (virus string, err error) {
	defer problem.Wrap(&err, "clamav.Scan")
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, s.network, s.address)
	if err != nil {
		return "", away(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := s.say(conn, []byte("zINSTREAM\x00")); err != nil {
		return "", away(err)
	}
	frame := make([]byte, 4+64<<10)
	for {
		n, err := io.ReadFull(r, frame[4:])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return "", err
		}
		if n > 0 {
			binary.BigEndian.PutUint32(frame, uint32(n))
			if err := s.say(conn, frame[:4+n]); err != nil {
				break // it has heard enough, and may have said so
			}
		}
		if end {
			if err := s.say(conn, []byte{0, 0, 0, 0}); err != nil {
				return "", away(err)
			}
			break
		}
	}
	conn.SetReadDeadline(time.Now().Add(s.patience))
	answer, err := bufio.NewReader(io.LimitReader(conn, 4096)).ReadString(0)
	if err != nil {
		return "", away(err)
	}
	return read(strings.TrimSuffix(answer, "\x00"))
}

// read understands an answer: « stream: OK », « stream: Name FOUND », « … ERROR ».
func read(answer string) (virus string, err error) {
	said := strings.TrimPrefix(answer, "stream: ")
	if said == "OK" {
		return "", nil
	}
	if name, found := strings.CutSuffix(said, " FOUND"); found && name != "" {
		return name, nil
	}
	if strings.HasSuffix(said, "ERROR") {
		return "", problem.From(problem.Invalid, "", fmt.Errorf("the scanner said %q", answer))
	}
	return "", away(fmt.Errorf("the scanner said %q", answer))
}

func (s *Scanner) say(conn net.Conn, b []byte) error {
	conn.SetWriteDeadline(time.Now().Add(s.patience))
	_, err := conn.Write(b)
	return err
}

func away(err error) error { return problem.From(problem.Unavailable, "", err) }
