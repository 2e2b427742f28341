// Package follow keeps in memory what is saved in the database, so that a request asks no database for
// it, and keeps up with what other nodes save there.
package follow

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Every is how often a node asks whether another has saved.
const Every = time.Second

// ReadFunc reads what is saved; old is what was known until now. Where nothing has changed it returns
// old itself, which a version kept beside what is saved tells for little. It never runs twice at once.
type ReadFunc[T any] func(ctx context.Context, old *T) (*T, error)

// Copy is what is known of what is saved. Safe for concurrent use.
type Copy[T any] struct {
	name string
	log  *slog.Logger
	read ReadFunc[T]

	reading sync.Mutex
	now     atomic.Pointer[T]
}

// New returns a Copy that knows nothing but first; Refresh reads. name says in the log what is followed.
func New[T any](name string, log *slog.Logger, first *T, read ReadFunc[T]) *Copy[T] {
	c := &Copy[T]{name: name, log: log, read: read}
	c.now.Store(first)
	return c
}

// Now is what is known, to be read and not to be changed. It asks nobody.
func (c *Copy[T]) Now() *T { return c.now.Load() }

// Refresh reads what is saved. What was known stays where that fails.
func (c *Copy[T]) Refresh(ctx context.Context) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	now, err := c.read(ctx, c.now.Load())
	if err != nil {
		return err
	}
	c.now.Store(now)
	return nil
}

// Follow refreshes every second until ctx ends, and returns nil then. A failure is logged, and what was
// known stays.
func (c *Copy[T]) Follow(ctx context.Context) error {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := c.Refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failed { // said once, not every second
			c.log.Error(c.name+": cannot follow", "err", err)
		}
		failed = err != nil
	}
}
