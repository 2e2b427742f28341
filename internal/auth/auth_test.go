package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/internal/auth"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/problem"
	"guichet/internal/support"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type house struct {
	*auth.Service
	t  *testing.T
	db *postgres.DB

	mu      sync.Mutex
	later   time.Duration
	letters []support.Letter
	hashes  atomic.Int32
}

func setup(t *testing.T) *house {
	h := &house{t: t, db: pgtest.New(t)}
	h.Service = auth.New(auth.Config{Store: h.db, Mailer: h, Links: links{}, MailDomain: "example.com", Derive: h.derive, Now: func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return time.Now().Add(h.later)
	}})
	return h
}

func (h *house) forward(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.later += d
}

// signIn adds an agent and signs them in.
func (h *house) signIn(email string, role support.Role) support.Token {
	h.t.Helper()
	if err := h.AddAgent(h.t.Context(), email, "Inès", role); err != nil {
		h.t.Fatal(err)
	}
	link, err := h.SignInToken(h.t.Context(), email)
	if err != nil {
		h.t.Fatal(err)
	}
	session, err := h.SignIn(h.t.Context(), support.Actor{}, link)
	if err != nil {
		h.t.Fatal(err)
	}
	return session
}

// TestSignInOnce: of ten who come with one link, one gets in.
func TestSignInOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if err := h.AddAgent(t.Context(), "ines@example.com", "", support.RoleAgent); err != nil {
		t.Fatal(err)
	}
	link, err := h.SignInToken(t.Context(), " Ines@Example.com ")
	if err != nil {
		t.Fatal(err)
	}
	var in atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if session, err := h.SignIn(t.Context(), support.Actor{}, link); err == nil {
				in.Add(1)
			} else if !problem.Is(err, problem.Gone) || session != "" {
				t.Errorf("%q, %v; want Gone", session, err)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d got in", in.Load())
	}
	if _, err := h.SignIn(t.Context(), support.Actor{}, support.NewToken()); !problem.Is(err, problem.NotFound) {
		t.Errorf("a made-up link: %v, want NotFound", err)
	}
	late, err := h.SignInToken(t.Context(), "ines@example.com")
	if err != nil {
		t.Fatal(err)
	}
	h.forward(support.SignInTTL)
	if _, err := h.SignIn(t.Context(), support.Actor{}, late); !problem.Is(err, problem.Gone) {
		t.Errorf("an hour later: %v, want Gone", err)
	}
	if _, err := h.SignInToken(t.Context(), "nobody@example.com"); !problem.Is(err, problem.NotFound) {
		t.Errorf("nobody: %v, want NotFound", err)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	h := setup(t)
	session := h.signIn("ines@example.com", support.RoleEditor)
	agent, err := h.Session(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	want := support.Agent{ID: agent.ID, Email: "ines@example.com", Name: "Inès", Role: support.RoleEditor}
	if diff := cmp.Diff(want, agent); diff != "" || agent.ID == "" {
		t.Errorf("agent (-want +got):\n%s", diff)
	}
	refused := func(why string, token support.Token) {
		t.Helper()
		if a, err := h.Session(t.Context(), token); !problem.Is(err, problem.Unauthorized) || a != (support.Agent{}) {
			t.Errorf("%s: %+v, %v; want Unauthorized", why, a, err)
		}
	}
	refused("no token", "")
	refused("a made-up token", support.NewToken())
	link, err := h.SignInToken(t.Context(), "ines@example.com")
	if err != nil {
		t.Fatal(err)
	}
	refused("a sign-in link", link)

	if _, err := h.db.Pool().Exec(t.Context(), `UPDATE agents SET disabled = true`); err != nil {
		t.Fatal(err)
	}
	refused("a disabled agent", session)
	if _, err := h.db.Pool().Exec(t.Context(), `UPDATE agents SET disabled = false`); err != nil {
		t.Fatal(err)
	}

	other := h.signIn("ines@example.com", support.RoleEditor)
	for range 2 { // the second time finds nothing to end
		if err := h.SignOut(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	refused("signed out", session)
	if _, err := h.Session(t.Context(), other); err != nil {
		t.Errorf("the other session: %v", err)
	}
	h.forward(support.SessionTTL)
	refused("two weeks later", other)
}

func TestAddAgent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	session := h.signIn("Ines@EXAMPLE.com", support.RoleAgent)
	before, err := h.Session(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.AddAgent(t.Context(), "ines@example.com", "", support.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	after, err := h.Session(t.Context(), session)
	want := before
	want.Role = support.RoleAdmin
	if diff := cmp.Diff(want, after); diff != "" || err != nil {
		t.Errorf("the same person in another role: %v (-want +got):\n%s", err, diff)
	}
	if err := h.AddAgent(t.Context(), "ines", "", support.RoleAdmin); !problem.Is(err, problem.Invalid) {
		t.Errorf("no address: %v, want Invalid", err)
	}
	if err := h.AddAgent(t.Context(), "ines@example.com", "", "king"); !problem.Is(err, problem.Invalid) {
		t.Errorf("no role: %v, want Invalid", err)
	}
}

func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	h := setup(t)
	link, err := h.FirstAdmin(t.Context(), "admin@localhost")
	if err != nil || link == "" {
		t.Fatalf("FirstAdmin: %q, %v", link, err)
	}
	session, err := h.SignIn(t.Context(), support.Actor{}, link)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := h.Session(t.Context(), session)
	if err != nil || !(support.Actor{Agent: &agent}).IsAdmin() {
		t.Errorf("the first admin is %+v, %v", agent, err)
	}
	if link, err := h.FirstAdmin(t.Context(), "other@localhost"); err != nil || link != "" {
		t.Errorf("where somebody works: %q, %v", link, err)
	}
}
