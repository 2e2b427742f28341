package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/internal/config"
)

func valid(t *testing.T) config.Settings {
	return config.Settings{Addr: "127.0.0.1:8080", DataDir: t.TempDir(), Zone: "Europe/Paris"}
}

func TestCheckFillsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	s := valid(t)
	s.Proxies = []string{"10.0.0.0/8", "192.0.2.7"}
	c, err := s.Check()
	if err != nil {
		t.Fatal(err)
	}
	if c.Base.String() != "http://127.0.0.1:8080" || c.NoReply != "no-reply@127.0.0.1" || c.Place.String() != "Europe/Paris" {
		t.Errorf("%s, %s, %s", c.Base, c.NoReply, c.Place)
	}
	if len(c.Trusted) != 2 || c.Trusted[1].Bits() != 32 {
		t.Errorf("proxies %v", c.Trusted)
	}
	if !filepath.IsAbs(c.DataDir) || c.InstallDir == "" {
		t.Errorf("folders %q, %q", c.DataDir, c.InstallDir)
	}
	s.Addr = "0.0.0.0:80"
	if c, err := s.Check(); err != nil || c.Base.String() != "http://localhost:80" {
		t.Errorf("%v, %v", c.Base, err)
	}
}

func TestCheckNamesTheSetting(t *testing.T) {
	t.Parallel()
	for setting, spoil := range map[string]func(*config.Settings){
		"GUICHET_ADDR":                          func(s *config.Settings) { s.Addr = "8080" },
		"GUICHET_BASE_URL":                      func(s *config.Settings) { s.BaseURL = "help.example" },
		"GUICHET_LEGAL_URL":                     func(s *config.Settings) { s.LegalURL = "javascript:alert(1)" },
		"GUICHET_DEMO_ADDR is \"0.0.0.0:8090\"": func(s *config.Settings) { s.DemoAddr = "0.0.0.0:8090" },
		"GUICHET_DEMO_ADDR is set, but":         func(s *config.Settings) { s.DemoAddr, s.BaseURL = "127.0.0.1:8090", "https://help.example" },
		"GUICHET_ZONE":                          func(s *config.Settings) { s.Zone = "Paris" },
		"LLM_URL":                               func(s *config.Settings) { s.LLMURL = "llm.example" },
		"LLM_MODEL":                             func(s *config.Settings) { s.LLMURL = "http://llm.example/v1" },
		"GUICHET_LLM_DEADLINE": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline = "http://llm.example/v1", "m", time.Minute
		},
		"GUICHET_LLM_DAILY": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline = "http://llm.example/v1", "m", time.Second
		},
		"GUICHET_LLM_HOURLY": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline, s.LLMDaily, s.LLMSite = "http://llm.example/v1", "m", time.Second, 1, 1
		},
		"GUICHET_LLM_SITE": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline, s.LLMDaily = "http://llm.example/v1", "m", time.Second, 1
		},
		"GUICHET_LLM_MEMBER": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline, s.LLMDaily, s.LLMSite, s.LLMHourly = "http://llm.example/v1", "m", time.Second, 1, 1, 1
		},
		"GUICHET_LLM_TOKENS": func(s *config.Settings) {
			s.LLMURL, s.LLMModel, s.LLMDeadline, s.LLMDaily, s.LLMSite, s.LLMHourly, s.LLMMember = "http://llm.example/v1", "m", time.Second, 1, 1, 1, 1
		},
		"GUICHET_SETTLE":          func(s *config.Settings) { s.Settle = time.Minute },
		"GUICHET_TRUSTED_PROXIES": func(s *config.Settings) { s.Proxies = []string{"everybody"} },
	} {
		s := valid(t)
		spoil(&s)
		if _, err := s.Check(); err == nil || !strings.Contains(err.Error(), setting) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
