package postgres_test

import (
	"testing"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/routing"
	"guichet/internal/support"
)

// TestAdoptZone: the calendar of a new house is in its operator's zone, until somebody has saved it.
func TestAdoptZone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	state := func() routing.State {
		t.Helper()
		s, err := db.Routing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	adopt := func(zone, want string) {
		t.Helper()
		if err := db.AdoptZone(t.Context(), zone); err != nil {
			t.Fatal(err)
		}
		s := state()
		if c, _ := s.Calendar("default"); c.Value.Zone != want {
			t.Errorf("the zone is %s, want %s", c.Value.Zone, want)
		}
	}
	before := state().Version
	adopt("Europe/Paris", "Europe/Paris")
	if v := state().Version; v != before {
		t.Errorf("nothing has changed, and the version is %d after %d", v, before)
	}
	adopt("Asia/Tokyo", "Asia/Tokyo")
	if v := state().Version; v == before {
		t.Error("no node would hear of it")
	}
	c := support.DefaultCalendar("Europe/Lisbon")
	if err := db.SaveCalendar(t.Context(), routing.Saved[support.Calendar]{Value: c, Version: 2}, ""); err != nil {
		t.Fatal(err)
	}
	adopt("Asia/Tokyo", "Europe/Lisbon")
}
