package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"guichet/internal/bleveindex"
	"guichet/internal/postgres"
)

// indexEvery is how often the word index asks whether something was published. Together with the
// wake-up of a publish in this process it keeps an edit answerable within a second, on every node.
const indexEvery = 300 * time.Millisecond

// indexBatch is how many articles are read and indexed at once.
const indexBatch = 100

// openIndex opens the word index of a data folder. One that was made from another database, or from
// a later state of this one (a backup was restored), is thrown away: its cursor means nothing here.
func openIndex(ctx context.Context, dataDir string, db *postgres.DB, log *slog.Logger) (*bleveindex.Index, error) {
	dir, note := filepath.Join(dataDir, "index"), filepath.Join(dataDir, "index.database")
	instance, err := db.Instance(ctx)
	if err != nil {
		return nil, err
	}
	made, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	open := func() (*bleveindex.Index, error) { return bleveindex.Open(bleveindex.Config{Dir: dir, Log: log}) }
	if string(made) == instance {
		x, err := open()
		if err != nil {
			return nil, err
		}
		cursor, err := x.Cursor()
		head, dbErr := db.IndexSeq(ctx)
		if err := errors.Join(err, dbErr); err != nil {
			return nil, errors.Join(err, x.Close())
		}
		if cursor <= head {
			return x, nil
		}
		if err := x.Close(); err != nil {
			return nil, err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	x, err := open()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(note, []byte(instance), 0o600); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// indexer keeps one node's word index in step with what is live. The index holds its own cursor, so
// a node that was away reads what it missed.
type indexer struct {
	db    *postgres.DB
	index *bleveindex.Index
	log   *slog.Logger
	lag   atomic.Int64
	ready atomic.Bool // it has caught up once
	once  sync.Once
	first chan struct{} // closed when it has
}

func newIndexer(db *postgres.DB, index *bleveindex.Index, log *slog.Logger) *indexer {
	return &indexer{db: db, index: index, log: log, first: make(chan struct{})}
}

// run follows the changes until ctx ends.
func (x *indexer) run(ctx context.Context) error {
	tick := time.NewTicker(indexEvery)
	defer tick.Stop()
	failed := false
	for {
		err := x.catchUp(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failed: // said once, not three times a second
			x.log.Error("word index: cannot follow", "err", err)
		case err == nil && failed:
			x.log.Info("word index: following again")
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// catchUp reads changes until there are none.
func (x *indexer) catchUp(ctx context.Context) error {
	for {
		cursor, err := x.index.Cursor()
		if err != nil {
			return err
		}
		ids, upto, err := x.db.Changes(ctx, cursor, indexBatch)
		if err != nil {
			return err
		}
		if upto == cursor {
			x.lag.Store(0)
			x.ready.Store(true)
			x.once.Do(func() { close(x.first) })
			return nil
		}
		if head, err := x.db.IndexSeq(ctx); err == nil {
			x.lag.Store(head - cursor)
		}
		passages, err := x.db.ArticlePassages(ctx, ids)
		if err != nil {
			return err
		}
		changes := make([]bleveindex.Change, 0, len(ids))
		for _, id := range ids {
			changes = append(changes, bleveindex.Change{Article: id, Passages: passages[id]})
		}
		if err := x.index.Apply(ctx, changes, upto); err != nil {
			return fmt.Errorf("apply changes up to %d: %w", upto, err)
		}
	}
}
