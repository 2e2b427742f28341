package packaging_test

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"guichet/internal/mail"
)

type service struct {
	Build *struct {
		Context string
		Target  string
	}
	Image       string
	EnvFile     string `yaml:"env_file"`
	Environment map[string]string
	Ports       []string
	Volumes     []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck *struct {
		Test        []string
		Interval    string
		Timeout     string
		StartPeriod string `yaml:"start_period"`
		Retries     int
	}
	Restart string
	// The rest is Docker's business alone; named so that a misspelt key is an error.
	StopGracePeriod string   `yaml:"stop_grace_period"`
	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	ShmSize         string   `yaml:"shm_size"`
	Tmpfs           []string
}

type composition struct {
	Name     string
	Services map[string]service
	Volumes  map[string]any
}

func compose(t *testing.T) composition {
	t.Helper()
	var c composition
	d := yaml.NewDecoder(strings.NewReader(read(t, "compose.yaml")))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

var substitution = regexp.MustCompile(`\$\{([A-Z_]+)(?::([-?])([^}]*))?\}`)

// interpolated are the variables that compose.yaml takes from .env.
func interpolated(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, m := range substitution.FindAllStringSubmatch(read(t, "compose.yaml"), -1) {
		out[m[1]] = true
	}
	return out
}

// filled is a value with its defaults, and "x" for what has none.
func filled(value string) string {
	return substitution.ReplaceAllStringFunc(value, func(s string) string {
		if m := substitution.FindStringSubmatch(s); m[2] == "-" {
			return m[3]
		}
		return "x"
	})
}

func TestCompose(t *testing.T) {
	t.Parallel()
	c := compose(t)
	stages := dockerfile(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		if s.Build != nil {
			if stage, ok := stages[s.Build.Target]; !ok || s.Build.Context != "." {
				t.Errorf("%s is built from the stage %q, which the Dockerfile lacks", name, s.Build.Target)
			} else if health := stage.health(t); !slices.Equal(health, s.Healthcheck.Test[1:]) {
				t.Errorf("%s: its image is asked %q and the service %q", name, health, s.Healthcheck.Test)
			}
		}
		if tag := s.Image[strings.LastIndexByte(s.Image, ':')+1:]; tag == s.Image || tag == "latest" {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
		if h := s.Healthcheck; h == nil || len(h.Test) < 2 || h.Test[0] != "CMD" || h.Interval == "" || h.Timeout == "" || h.StartPeriod == "" || h.Retries == 0 {
			t.Errorf("%s has no whole health check: %+v", name, h)
		}
		if s.Restart != "unless-stopped" {
			t.Errorf("%s is not started again", name)
		}
		for other, d := range s.DependsOn {
			if _, ok := c.Services[other]; !ok || d.Condition != "service_healthy" {
				t.Errorf("%s depends on %s, %s", name, other, d.Condition)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is open to everybody at %s", name, p)
			}
		}
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[volume]; !ok {
				t.Errorf("%s uses the volume %s, which is not declared", name, volume)
			}
			used[volume] = true
		}
	}
	for volume := range c.Volumes {
		if !used[volume] {
			t.Errorf("the volume %s is declared and not used", volume)
		}
	}
}

// TestComposeMeetsTheSettings reads guichet's environment as guichet would.
func TestComposeMeetsTheSettings(t *testing.T) {
	t.Parallel()
	c := compose(t)
	known := settings(t)
	stages := dockerfile(t)
	env := map[string]string{}
	for name, value := range stages["guichet"].env(t) {
		env[name] = value
	}
	g := c.Services["guichet"]
	for name, value := range g.Environment {
		env[name] = filled(value)
	}
	for name := range env {
		if _, ok := known[name]; !ok {
			t.Errorf("guichet is given %s, which is no setting", name)
		}
	}
	cfg := given(t, env)

	_, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil || !slices.Contains(g.Ports, "127.0.0.1:"+port+":"+port) || !slices.Contains(stages["guichet"].all("EXPOSE"), port) {
		t.Errorf("it listens on %s; published %v, exposed %v", cfg.Addr, g.Ports, stages["guichet"].all("EXPOSE"))
	}
	if cfg.Base.Port() != port {
		t.Errorf("links lead to %s, and it listens on %s", cfg.Base, port)
	}
	if !slices.Contains(g.Volumes, "data:"+cfg.DataDir) || !slices.Contains(stages["guichet"].all("VOLUME"), cfg.DataDir) {
		t.Errorf("the data folder %s is kept by none of %v and %v", cfg.DataDir, g.Volumes, stages["guichet"].all("VOLUME"))
	}
	for setting, at := range map[string]struct{ service, port string }{
		"DATABASE_URL":   {"database", "5432"},
		"EMBEDDINGS_URL": {"embedder", stages["embedder"].all("EXPOSE")[0]},
		"SMTP_URL":       {"mail", "1025"},
	} {
		u, err := url.Parse(env[setting])
		if err != nil || u.Hostname() != at.service || u.Port() != at.port {
			t.Errorf("%s is %s (%v), want %s:%s", setting, env[setting], err, at.service, at.port)
		}
		if _, ok := g.DependsOn[at.service]; !ok {
			t.Errorf("guichet does not wait for %s", at.service)
		}
	}
	if _, err := mail.New(mail.Config{URL: cfg.SMTPURL, From: "help@example.org", Words: nil}); err != nil {
		t.Error(err)
	}
	if g.EnvFile != ".env" {
		t.Errorf("secrets come from %q", g.EnvFile)
	}

	db := c.Services["database"]
	u, err := url.Parse(env["DATABASE_URL"])
	if err != nil || u.User.Username() != db.Environment["POSTGRES_USER"] || u.Path != "/"+db.Environment["POSTGRES_DB"] {
		t.Errorf("DATABASE_URL is %s, and the database %v", env["DATABASE_URL"], db.Environment)
	}
	if password, _ := u.User.Password(); password != filled(db.Environment["POSTGRES_PASSWORD"]) {
		t.Error("guichet and the database have different passwords")
	}
	// The same PostgreSQL and pgvector as the private one's, so that both are tested together.
	m := regexp.MustCompile(`# PostgreSQL (\d+)\.\d+ with pgvector (\S+),`).FindStringSubmatch(read(t, "tools/wheels/postgres.txt"))
	if m == nil || db.Image != "pgvector/pgvector:"+m[2]+"-pg"+m[1] {
		t.Errorf("the database is %s, and the private one %q", db.Image, m)
	}
}
