// Package bleveindex finds passages by their words, with a bleve index on this machine's disk.
//
// The index is derived: it can be deleted at any time and is built again from the database. It
// carries a cursor, the number of the last change that it has seen, written in the same batch as
// the change itself.
//
// bleve keeps dictionaries, postings and the typo automaton; what is stored is read by our own
// scoring (score.go), because bleve's has one average length for all the languages of a field
// (taken from its distinct words, not from its texts), squares the rarity of a word, and cannot
// say how much of a question a text explains.
package bleveindex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/registry"
	index "github.com/blevesearch/bleve_index_api"

	"guichet/internal/problem"
	"guichet/kb"
)

// Config of an Index.
type Config struct {
	Dir string       // a folder of its own, made if it is not there; "" keeps the index in memory
	Log *slog.Logger // nil means silence
}

// Index is a word index over passages. Safe for concurrent use.
type Index struct {
	bleve   bleve.Index
	stem    map[kb.Lang]*analyzer
	exact   map[kb.Lang]*analyzer
	keyword analysis.Analyzer

	open   sync.RWMutex // held for reading while the index is used, for writing by Close
	closed bool
	apply  sync.Mutex // one Apply at a time
	stats  atomic.Pointer[stats]
	sheets sync.Pool // of *sheets; each is reset before it is used
}

// Change is an article whose passages are now these; none means that it is gone.
type Change struct {
	Article  kb.ArticleID
	Passages []kb.Passage
}

var (
	generationKey = []byte("guichet.generation")
	cursorKey     = []byte("guichet.cursor")
)

// lockTimeout is how long Open waits for another process to let go of the folder.
const lockTimeout = "2s"

// Open opens the index in c.Dir, or begins an empty one: where there is none, where it was
// written by another generation of this package, or where it cannot be read. It fails where another
// process has the folder open.
func Open(c Config) (*Index, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	x := &Index{stem: map[kb.Lang]*analyzer{}, exact: map[kb.Lang]*analyzer{}}
	x.sheets.New = func() any { return new(sheets) }
	var err error
	for _, l := range kb.Langs {
		if x.stem[l], x.exact[l], err = newAnalyzers(l); err != nil {
			return nil, err
		}
	}
	if x.keyword, err = registry.NewCache().AnalyzerNamed(keyword.Name); err != nil {
		return nil, err
	}
	if x.bleve, err = openBleve(c); err != nil {
		return nil, err
	}
	if err := x.measure(); err != nil {
		return nil, errors.Join(err, x.bleve.Close())
	}
	return x, nil
}

func openBleve(c Config) (bleve.Index, error) {
	mapping := bleve.NewIndexMapping()
	if c.Dir == "" {
		return bleve.NewUsing("", mapping, scorch.Name, scorch.Name, nil)
	}
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o755); err != nil {
		return nil, err
	}
	config := map[string]any{"bolt_timeout": lockTimeout}
	ix, err := bleve.OpenUsing(c.Dir, config)
	switch {
	case err == nil:
		got, err := ix.GetInternal(generationKey)
		if err == nil && string(got) == generation {
			return ix, nil
		}
		c.Log.Info("the word index was written by another version; it is built anew", "dir", c.Dir)
		if err := ix.Close(); err != nil {
			return nil, err
		}
	case errors.Is(err, bleve.ErrorIndexPathDoesNotExist):
	case strings.Contains(err.Error(), "timeout"):
		return nil, fmt.Errorf("the word index in %s is in use by another process: stop it, or give this one a data folder of its own", c.Dir)
	default:
		c.Log.Warn("the word index cannot be read; it is built anew", "dir", c.Dir, "error", err)
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		return nil, err
	}
	if ix, err = bleve.NewUsing(c.Dir, mapping, scorch.Name, scorch.Name, config); err != nil {
		return nil, err
	}
	if err := ix.SetInternal(generationKey, []byte(generation)); err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	return ix, nil
}

// Close ends the index's use; searches that are under way come to their end first.
func (x *Index) Close() error {
	x.open.Lock()
	defer x.open.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	return x.bleve.Close()
}

var errClosed = errors.New("the word index is closed")

// use marks the index as in use; call the function returned when done.
func (x *Index) use() (done func(), err error) {
	x.open.RLock()
	if x.closed {
		x.open.RUnlock()
		return nil, errClosed
	}
	return x.open.RUnlock, nil
}

// Cursor returns the number of the last change applied; zero for an empty index.
func (x *Index) Cursor() (int64, error) {
	done, err := x.use()
	if err != nil {
		return 0, err
	}
	defer done()
	raw, err := x.bleve.GetInternal(cursorKey)
	if err != nil || raw == nil {
		return 0, err
	}
	return strconv.ParseInt(string(raw), 10, 64)
}

// Apply replaces the passages of articles and moves the cursor, in one batch: both are on disk, and
// found by searches, when it returns, or neither is. Where an article stands in changes
// twice, the later one counts.
func (x *Index) Apply(ctx context.Context, changes []Change, cursor int64) (err error) {
	defer problem.Wrap(&err, "bleveindex.Apply(%d changes, %d)", len(changes), cursor)
	done, err := x.use()
	if err != nil {
		return err
	}
	defer done()
	x.apply.Lock()
	defer x.apply.Unlock()
	reader, err := x.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	batch := x.bleve.NewBatch()
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		old, err := docsOf(ctx, reader, c.Article)
		if err != nil {
			return err
		}
		for _, id := range old {
			batch.Delete(id)
		}
	}
	last := map[kb.ArticleID]int{}
	for i, c := range changes {
		last[c.Article] = i
	}
	for i, c := range changes {
		if last[c.Article] != i {
			continue
		}
		for _, p := range c.Passages {
			doc, err := x.document(p)
			if err != nil {
				return err
			}
			if err := batch.IndexAdvanced(doc); err != nil {
				return err
			}
		}
	}
	batch.SetInternal(cursorKey, strconv.AppendInt(nil, cursor, 10))
	if err := x.bleve.Batch(batch); err != nil {
		return err
	}
	return x.measure()
}

// The fields of a document, each followed by the language: stems of the title, the headings and
// the text, and the words of all three as they are written.
const (
	fieldTitle    = "t_"
	fieldHeadings = "h_"
	fieldText     = "b_"
	fieldWords    = "w_"
)

// The fields of a document that only filter.
const (
	fieldArticle    = "article"
	fieldCollection = "collection"
	fieldAudience   = "audience"
)

// document is how a passage is stored. Its id carries what a hit needs, so that nothing more is
// read from disk for it.
func (x *Index) document(p kb.Passage) (*document.Document, error) {
	id, err := docID(p)
	if err != nil {
		return nil, err
	}
	doc := document.NewDocument(id)
	add := func(field, text string, a analysis.Analyzer) {
		doc.AddField(document.NewTextFieldCustom(field, nil, []byte(text), index.IndexField, a))
	}
	lang, headings := string(p.Lang), strings.Join(p.Headings, "\n")
	add(fieldTitle+lang, p.Title, x.stem[p.Lang])
	if headings != "" {
		add(fieldHeadings+lang, headings, x.stem[p.Lang])
	}
	add(fieldText+lang, p.Text, x.stem[p.Lang])
	add(fieldWords+lang, p.Title+"\n"+headings+"\n"+p.Text, x.exact[p.Lang])
	add(fieldArticle, string(p.Article), x.keyword)
	add(fieldCollection, string(p.Collection), x.keyword)
	add(fieldAudience, strconv.Itoa(int(p.Audience)), x.keyword)
	return doc, nil
}

// docID joins what a hit tells of its passage.
func docID(p kb.Passage) (string, error) {
	if _, err := kb.ParseLang(string(p.Lang)); err != nil {
		return "", fmt.Errorf("passage %q: %w", p.ID, err)
	}
	for _, id := range []string{string(p.ID), string(p.Article), string(p.Group)} {
		if id == "" || strings.Contains(id, " ") {
			return "", fmt.Errorf("passage %q of article %q, group %q: an id is empty or holds a space", p.ID, p.Article, p.Group)
		}
	}
	return strings.Join([]string{string(p.ID), string(p.Article), string(p.Group), string(p.Lang)}, " "), nil
}

// hitOf is docID read backwards.
func hitOf(docID string) (kb.Hit, error) {
	parts := strings.Split(docID, " ")
	if len(parts) != 4 {
		return kb.Hit{}, fmt.Errorf("document %q is none of ours", docID)
	}
	return kb.Hit{Passage: kb.PassageID(parts[0]), Article: kb.ArticleID(parts[1]), Group: kb.GroupID(parts[2]), Lang: kb.Lang(parts[3])}, nil
}

// reader returns a snapshot of the index; close it.
func (x *Index) reader() (index.IndexReader, error) {
	advanced, err := x.bleve.Advanced()
	if err != nil {
		return nil, err
	}
	return advanced.Reader()
}

// docsOf returns the ids of an article's documents.
func docsOf(ctx context.Context, r index.IndexReader, a kb.ArticleID) ([]string, error) {
	postings, err := r.TermFieldReader(ctx, []byte(a), fieldArticle, false, false, false)
	if err != nil {
		return nil, err
	}
	defer postings.Close()
	var ids []string
	for {
		d, err := postings.Next(nil)
		if err != nil || d == nil {
			return ids, err
		}
		id, err := r.ExternalID(d.ID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
}
