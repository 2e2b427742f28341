package routing_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"guichet/internal/locale"
	"guichet/internal/postgres"
	"guichet/internal/postgres/pgtest"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/web"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var admin = support.Actor{Agent: &support.Agent{Role: support.RoleAdmin}}

// node is one guichet on a database.
func node(t testing.TB, db *postgres.DB) *routing.Service {
	t.Helper()
	s := routing.New(routing.Config{Store: db, Words: words(t), Log: quiet})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

var quiet = slog.New(slog.DiscardHandler)

func words(t testing.TB) *locale.Catalogs {
	t.Helper()
	c, err := locale.Load(web.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// memory is a store that holds one state, and counts how often it is read.
type memory struct {
	routing.Store
	mu    sync.Mutex
	state routing.State
	err   error
	reads atomic.Int64
}

func (m *memory) set(change func(*memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *memory) RoutingVersion(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Version, m.err
}

func (m *memory) Routing(context.Context) (routing.State, error) {
	m.reads.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, m.err
}
