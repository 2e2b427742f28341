// Command bench measures guichet against the raw parts that it is made of, in one process and run:
// its search by words against bleve's own match query on the same index, its search by meaning
// against plain pgvector on the same vectors, both together against the slower of the two, and a
// whole answer without the embedding call against its budget; then what members and agents wait for
// with many tickets in the database. docs/performance.md says what the lines mean.
//
//	go run ./tools/bench [-passages 10000,100000] [-tickets 100000] [-quick] [-cpuprofile FILE] [-out FILE]
//
// -passages "" and -tickets 0 leave their part out. It runs in a private PostgreSQL in a folder for temporary files and needs the programs that `make
// install` fetches.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"guichet/internal/embedded/pg"
	"guichet/kb"
)

var (
	sizes      = flag.String("passages", "10000,100000", "how many passages, once for each number; \"\" leaves them out")
	tickets    = flag.Int("tickets", 100_000, "how many tickets; 0 leaves them out")
	quick      = flag.Bool("quick", false, "one round of a quarter of the questions, for a first look")
	cpuProfile = flag.String("cpuprofile", "", "write a CPU profile of the measured part to this file")
	memProfile = flag.String("memprofile", "", "write a profile of what was allocated to this file")
	only       = flag.String("only", "", "run only these lines, their names with commas, and print them alone")
	out        = flag.String("out", "docs/bench.json", "where the figures go; \"\" for nowhere")
	install    = flag.String("install", ".local", "folder that `make install` filled")
	set        = flag.String("set", "../shared/eval/dev/faq_multilingual", "folder of further articles, left out where it is not there")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// setup is what all sizes are measured with.
type setup struct {
	server    *pg.Server
	folder    string    // for everything that is thrown away
	embedder  *embedder // nil where no passages are measured, as what follows
	real      *texts
	questions []kb.Query // with their vectors
}

func run(ctx context.Context) (err error) {
	counts, err := parseSizes(*sizes)
	if err != nil {
		return err
	}
	if *tickets != 0 && *tickets < minTickets {
		return fmt.Errorf("-tickets %d: want 0, or %d and more", *tickets, minTickets)
	}
	var s setup
	if s.folder, err = os.MkdirTemp("", "guichet-bench"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	if len(counts) > 0 {
		if s.embedder, err = openEmbedder(ctx, s.folder); err != nil {
			return err
		}
		defer s.embedder.stop()
		say("reading the articles and their vectors")
		if s.real, err = readTexts(ctx, s.embedder.cached); err != nil {
			return err
		}
		if s.questions, err = readQuestions(ctx, s.embedder.cached); err != nil {
			return err
		}
	}
	// Loading a hundred thousand vectors at once is the bench's own affair; the rest is as guichet has it.
	s.server, err = pg.Start(ctx, pg.Config{Install: filepath.Join(*install, "pg"), Data: filepath.Join(s.folder, "postgres"),
		Settings: map[string]string{"max_wal_size": "4GB", "checkpoint_timeout": "1h"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.server.Stop(context.WithoutCancel(ctx))) }()

	report := Report{Commit: commit(), Date: time.Now().UTC().Format(time.RFC3339), Go: runtime.Version(), CPUs: runtime.NumCPU()}
	for _, n := range counts {
		size, err := s.measure(ctx, n)
		if err != nil {
			return fmt.Errorf("%d passages: %w", n, err)
		}
		report.Sizes = append(report.Sizes, size)
	}
	if *tickets > 0 {
		size, err := s.measureTickets(ctx, *tickets)
		if err != nil {
			return fmt.Errorf("%d tickets: %w", *tickets, err)
		}
		report.Sizes = append(report.Sizes, size)
	}
	report.print(os.Stdout)
	if *out == "" {
		return nil
	}
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*out, append(b, '\n'), 0o644)
}

func parseSizes(s string) (out []int, err error) {
	if s == "" {
		return nil, nil
	}
	for f := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 100 {
			return nil, fmt.Errorf("-passages %q: want numbers from 100, with commas", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// commit is the state of the source that was measured, as git names it.
func commit() string {
	head, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(head))
	// The figures themselves do not make it another state.
	if changed, err := exec.Command("git", "status", "--porcelain", "--", ".", ":!docs/bench.json").Output(); err != nil || len(changed) > 0 {
		name += "-dirty"
	}
	return name
}

// profiled runs f under the profiles that were asked for.
func profiled(f func() error) (err error) {
	if *cpuProfile != "" {
		file, err := os.Create(*cpuProfile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if *memProfile != "" {
		before := runtime.MemProfileRate
		runtime.MemProfileRate = 8 << 10
		defer func() {
			runtime.MemProfileRate = before
			file, cerr := os.Create(*memProfile)
			if cerr == nil {
				cerr = errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
			}
			err = errors.Join(err, cerr)
		}()
	}
	return f()
}

var started = time.Now()

// say tells on stderr how far the run is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%5.1fs  "+format+"\n", append([]any{time.Since(started).Seconds()}, args...)...)
}
