package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"guichet/internal/embedded/embeddedtest"
)

// binary is guichet, built once for these tests.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "guichet")
	if err == nil {
		binary = filepath.Join(dir, "guichet")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

type server struct {
	*exec.Cmd
	url  string
	data string
	env  []string
	out  *bytes.Buffer
	exit chan error
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func environment(t *testing.T, data, addr string) []string {
	t.Helper()
	return append(os.Environ(), "GUICHET_ADDR="+addr, "GUICHET_OPS_ADDR=off", "GUICHET_DATA_DIR="+data,
		"GUICHET_INSTALL_DIR="+embeddedtest.Install(t), "DATABASE_URL=", "EMBEDDINGS_URL=", "SMTP_URL=")
}

// start runs `guichet serve` and waits until it says that it is ready.
func start(t *testing.T, data string, more ...string) *server {
	t.Helper()
	addr := freeAddr(t)
	s := &server{Cmd: exec.Command(binary, "serve"), url: "http://" + addr, data: data, out: &bytes.Buffer{}, exit: make(chan error, 1)}
	s.env = append(environment(t, data, addr), more...)
	s.Env = s.env
	s.Stderr = s.out
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
		close(lines)
	}()
	t.Cleanup(func() {
		s.Process.Kill()
		<-s.exit
	})
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case line, open := <-lines:
			if !open {
				err := s.Wait()
				s.exit <- err
				t.Fatalf("it ended (%v): %s", err, s.out)
			}
			if strings.HasPrefix(line, "guichet is ready") {
				go func() {
					for range lines { // drain
					}
					s.exit <- s.Wait()
				}()
				return s
			}
		case <-deadline:
			t.Fatalf("not ready within two minutes: %s", s.out)
		}
	}
}

// stop asks the server to end and waits until it has.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.Process.Signal(syscall.SIGTERM)
	err := <-s.exit
	s.exit <- err
	if err != nil {
		t.Errorf("it did not stop cleanly: %v: %s", err, s.out)
	}
}

// kill ends the server as a power cut would.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.Process.Kill()
	err := <-s.exit
	s.exit <- err
}

func (s *server) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = s.env
	out, err := c.CombinedOutput()
	return string(out), err
}

func ask(t *testing.T, url, text string) (outcome, said string) {
	t.Helper()
	// curl's own Content-Type for -d: any body that is JSON is accepted.
	body, _ := json.Marshal(map[string]string{"text": text})
	r, err := http.Post(url+"/api/v1/ask", "application/x-www-form-urlencoded", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var a struct{ Outcome, Text string }
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a.Outcome, a.Text
}

// TestServe is a newcomer's day: start, ask, kill, start again, commands beside it, stop.
func TestServe(t *testing.T) {
	t.Parallel()
	private := t.TempDir() // 0700, as a home folder is
	data := filepath.Join(private, "data")
	s := start(t, data)
	if outcome, said := ask(t, s.url, "Combien de temps prend un remboursement ?"); outcome != "answered" || !strings.Contains(said, "7 à 14 jours") {
		t.Errorf("minutes before the vectors are there, words answer: %s %q", outcome, said)
	}
	if out, err := s.run(t, "agent", "link", "admin@localhost"); err != nil || !strings.HasPrefix(out, s.url+"/desk/sign-in/") {
		t.Errorf("agent link: %v %s", err, out)
	}
	if out, err := s.run(t, "article", "unpublish", "refund-request.fr"); err != nil {
		t.Errorf("unpublish beside the server: %v %s", err, out)
	}
	if out, err := s.run(t, "article", "list", "--lang", "fr", "--json"); err != nil || !strings.Contains(out, `"status": "unpublished"`) {
		t.Errorf("list: %v %s", err, out)
	}
	s.kill(t)

	began := time.Now()
	s = start(t, data)
	t.Logf("a warm start after kill -9 took %v", time.Since(began).Round(time.Millisecond))
	if out, err := s.run(t, "article", "list", "--lang", "fr", "--json"); err != nil || !strings.Contains(out, `"status": "unpublished"`) {
		t.Errorf("the data did not survive: %v %s", err, out)
	}
	if out, err := s.run(t, "search", "--json", "remboursement"); err != nil || strings.Contains(out, `"refund-request.fr"`) {
		t.Errorf("an unpublished article is found: %v %s", err, out)
	}
	if out, err := s.run(t, "reindex"); err == nil || !strings.Contains(out, "stop it, then reindex") {
		t.Errorf("reindex beside a server: %v %s", err, out)
	}
	s.stop(t)

	// Without a server a command starts what it needs, and leaves nothing behind.
	if out, err := s.run(t, "ask", "--json", "Wie lange dauert eine Rückerstattung?"); err != nil || !strings.Contains(out, "7 bis 14 Tage") {
		t.Errorf("ask without a server: %v %s", err, out)
	}
	if out, err := s.run(t, "reindex"); err != nil || !strings.Contains(out, "articles indexed") {
		t.Errorf("reindex: %v %s", err, out)
	}
}

// TestOneSentence holds the promise that what is missing is said in one sentence, with exit code 1.
func TestOneSentence(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // after the subtests, which run beside one another
	silent := freeAddr(t)
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"PortInUse":       {[]string{"GUICHET_ADDR=" + taken.Addr().String()}, []string{"serve"}, "is in use"},
		"DatabaseAway":    {[]string{"DATABASE_URL=postgres://guichet:secret@" + silent + "/guichet"}, []string{"serve"}, silent},
		"DatabaseNoURL":   {[]string{"DATABASE_URL=secret"}, []string{"migrate"}, "database"},
		"NotInstalled":    {[]string{"GUICHET_INSTALL_DIR=" + t.TempDir()}, []string{"serve"}, "make install"},
		"BadBaseURL":      {[]string{"GUICHET_BASE_URL=help"}, []string{"serve"}, "GUICHET_BASE_URL"},
		"ShopPortInUse":   {[]string{"GUICHET_DEMO_ADDR=" + taken.Addr().String()}, []string{"serve"}, "GUICHET_DEMO_ADDR"},
		"ShopFarAway":     {[]string{"GUICHET_DEMO_ADDR=127.0.0.1:8090", "GUICHET_BASE_URL=https://help.example"}, []string{"serve"}, "GUICHET_DEMO_ADDR"},
		"BadZone":         {[]string{"GUICHET_ZONE=Paris"}, []string{"serve"}, "GUICHET_ZONE"},
		"NothingToImport": {nil, []string{"import", t.TempDir()}, "no articles"},
		"UnknownLanguage": {nil, []string{"article", "list", "--lang", "sv"}, `"sv"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary, c.args...)
			cmd.Env = append(environment(t, filepath.Join(t.TempDir(), "data"), freeAddr(t)), c.env...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if e, ok := err.(*exec.ExitError); ok {
				exit = e
			}
			if exit == nil || exit.ExitCode() != 1 {
				t.Errorf("exit: %v", err)
			}
			said := strings.TrimSpace(string(out))
			if !strings.Contains(said, c.want) || strings.Contains(said, "secret") || strings.Contains(said, "goroutine") {
				t.Errorf("it said %q, want %q in it and no secret", said, c.want)
			}
			if lines := strings.Count(said, "\n"); lines > 0 {
				t.Errorf("%d lines instead of one: %s", lines+1, said)
			}
		})
	}
}

// TestWithoutEmbedder holds the promise that guichet runs on words alone and says so.
func TestWithoutEmbedder(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"), "EMBEDDINGS_URL=off")
	r, err := http.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK || !strings.Contains(string(body), "embedder_missing") {
		t.Errorf("readyz: %s %s", r.Status, body)
	}
	if outcome, said := ask(t, s.url, "Combien de temps prend un remboursement ?"); outcome != "answered" || !strings.Contains(said, "7 à 14 jours") {
		t.Errorf("by words alone: %s %q", outcome, said)
	}
}
