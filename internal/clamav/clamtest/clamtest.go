// Package clamtest is a ClamAV daemon for tests: it speaks INSTREAM as clamd does, and knows one
// virus. Real ones can be held to the same test (see clamav_test.go).
package clamtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// EICAR is the string that every scanner takes for a virus, and that is none.
const EICAR = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR` + `-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// Daemon is a running one.
type Daemon struct {
	Addr  string // for clamav.New
	Max   int    // bytes of a content, as StreamMaxLength
	Calls atomic.Int64
	t     testing.TB
	l     net.Listener
}

// New starts a Daemon on a unix socket.
func New(t testing.TB) *Daemon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clamd.ctl")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{Addr: path, Max: 25 << 20, t: t, l: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	return d
}

// Stop ends it: nobody answers any more.
func (d *Daemon) Stop() { d.l.Close() }

func (d *Daemon) serve(conn net.Conn) {
	defer conn.Close()
	d.Calls.Add(1)
	r := bufio.NewReader(conn)
	command, err := r.ReadString(0)
	if err != nil {
		return
	}
	if command != "zINSTREAM\x00" {
		fmt.Fprint(conn, "UNKNOWN COMMAND\x00")
		return
	}
	var content bytes.Buffer
	for {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return
		}
		if size == 0 {
			break
		}
		if content.Len()+int(size) > d.Max { // says so and hangs up, in the middle of what is sent
			fmt.Fprint(conn, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
		if _, err := io.CopyN(&content, r, int64(size)); err != nil {
			return
		}
	}
	if bytes.Contains(content.Bytes(), []byte(EICAR)) {
		fmt.Fprint(conn, "stream: Eicar-Test-Signature FOUND\x00")
		return
	}
	fmt.Fprint(conn, "stream: OK\x00")
}
