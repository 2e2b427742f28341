package embedded

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// launch starts cmd in a process group of its own, so that a Ctrl-C in the terminal reaches guichet
// alone, which then stops its children in order. The channel gets the result of Wait.
//
// The kernel sends the death signal when the *thread* that started the child ends, not the process.
// So the thread stays locked to a goroutine that waits for the child.
func launch(cmd *exec.Cmd, death syscall.Signal) (<-chan error, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	setDeathSignal(cmd.SysProcAttr, death)
	cmd.WaitDelay = time.Second

	started, exited := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	return exited, <-started
}

// Run runs a short command to its end and returns what it wrote. It is killed when ctx ends or
// guichet dies; the error carries the last line that it wrote.
func Run(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	exited, err := launch(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	select {
	case err = <-exited:
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-exited
		return nil, context.Cause(ctx)
	}
	if err != nil {
		if line := complaint(out.Bytes()); line != "" {
			err = fmt.Errorf("%s (%w)", line, err)
		}
		return out.Bytes(), err
	}
	return out.Bytes(), nil
}

const (
	maxLog  = 10 << 20
	maxTail = 64 << 10 // how much of a log is searched for the reason of a death
)

// logFile is a child's log, and where this start's part of it begins.
type logFile struct {
	*os.File
	from int64
}

func openLog(path string) (logFile, error) {
	flags := os.O_CREATE | os.O_RDWR | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		flags |= os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return logFile{}, fmt.Errorf("open log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return logFile{}, errors.Join(fmt.Errorf("open log: %w", err), file.Close())
	}
	return logFile{file, info.Size()}, nil
}

// explain adds to err what a child that never became ready said last, since an exit status alone tells
// nobody anything.
func (l logFile) explain(err error) error {
	size, serr := l.Seek(0, io.SeekEnd)
	if serr != nil {
		return err
	}
	text := make([]byte, min(size-l.from, maxTail))
	n, _ := l.ReadAt(text, size-int64(len(text)))
	if line := complaint(text[:n]); line != "" {
		return fmt.Errorf("%s (%w)", line, err)
	}
	return err
}

// complaint returns the line of a program's output that says what went wrong: the last one that
// PostgreSQL marks as fatal, else the last line.
func complaint(text []byte) string {
	last, fatal := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"FATAL:", "PANIC:", "initdb: error:"} {
			if _, after, found := strings.Cut(line, mark); found {
				fatal = strings.TrimSpace(after)
			}
		}
		if line != "" {
			last = line
		}
	}
	return cmp.Or(fatal, last)
}
