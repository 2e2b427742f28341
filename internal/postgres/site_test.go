package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/internal/support"
	"guichet/kb"
)

func TestSite(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	if n, err := db.SiteVersion(ctx); err != nil || n != 0 {
		t.Fatalf("version of nothing: %d, %v", n, err)
	}
	admin, err := db.SaveAgent(ctx, support.Agent{ID: support.NewID[support.AgentID](), Email: "ada@example.org", Role: support.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	first := site.Saved{Version: 1, Password: "s1.a.b", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		Choices: site.Choices{Name: "Aide", Langs: []kb.Lang{kb.French}, Default: kb.French, Sites: []string{"https://shop.example"},
			Logo: site.Logo{Hash: "abc", Width: 2, Height: 1}, Mail: site.Mail{Host: "mail.example", Port: 587, Security: site.StartTLS, User: "u"}}}
	if err := db.SaveSite(ctx, first, admin, []byte("png")); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveSite(ctx, first, "", nil); !problem.Is(err, problem.Conflict) {
		t.Errorf("the same number twice: %v", err)
	}
	second := first
	second.Version, second.Password = 2, "s1.a.c"
	if err := db.SaveSite(ctx, second, "", []byte("png")); err != nil { // the same logo again
		t.Fatal(err)
	}
	first.By, first.Password = "ada@example.org", "" // only the newest password stays
	for _, want := range []site.Saved{first, second} {
		got, err := db.Site(ctx, want.Version)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("version %d (-want +got):\n%s", want.Version, d)
		}
	}
	if n, err := db.SiteVersion(ctx); err != nil || n != 2 {
		t.Errorf("version %d, %v", n, err)
	}
	if _, err := db.Site(ctx, 3); !problem.Is(err, problem.NotFound) {
		t.Errorf("a version that is not: %v", err)
	}
	if png, err := db.SiteLogo(ctx, "abc"); err != nil || string(png) != "png" {
		t.Errorf("logo %q, %v", png, err)
	}
	if _, err := db.SiteLogo(ctx, "none"); !problem.Is(err, problem.NotFound) {
		t.Errorf("a logo that is not: %v", err)
	}
}
