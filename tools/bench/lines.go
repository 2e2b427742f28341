package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"guichet/internal/assistant"
	"guichet/internal/openai"
	"guichet/internal/postgres"
	"guichet/internal/publish"
	"guichet/kb"
)

// The lines' names, as the lines that are compared with them call them.
const (
	lineBleve   = "bleve match query"
	lineWords   = "search by words"
	lineExact   = "pgvector exact"
	lineHNSW    = "pgvector hnsw"
	lineNearest = "nearest passages"
	lineMeaning = "search by meaning"
	lineHybrid  = "hybrid search"
	lineAnswer  = "answer"
	lineAlone   = "search without embedder"
	lineFull    = "search, embedder's line full"
	lineEmbed   = "embedding call"
	lineCovered = "coverage check"
	lineReady   = "readiness check"
	lineEdit    = "edit to found by words"
)

// depth is how many passages a leg is asked for, as kb.Hybrid does.
var depth = kb.DefaultParams.Depth

// measure takes all lines over n passages.
func (s setup) measure(ctx context.Context, n int) (size Size, err error) {
	t := s.real.multiply(n)
	h, err := s.fill(ctx, t, fmt.Sprintf("bench_%d", n))
	defer func() {
		if cerr := h.close(); err == nil {
			err = cerr
		}
	}()
	if err != nil {
		return size, err
	}
	size = Size{Passages: n, Articles: len(t.articles), Rounds: 5}
	last := t.articles[len(t.articles)-1][0]
	t = nil // so that the memory reported is guichet's
	switch {
	case *quick:
		size.Rounds = 1
	case n >= hnswFrom: // each takes ten times as long
		size.Rounds = 3
		s.questions = alternate(s.questions)
	}
	size.Questions = len(s.questions)
	if err := h.rawVectors(ctx, n); err != nil {
		return size, err
	}
	if err := h.exact.QueryRow(ctx, "SELECT count(*) FROM raw").Scan(&size.Vectors); err != nil {
		return size, err
	}
	if _, err := h.exact.Exec(ctx, "CHECKPOINT"); err != nil { // not in the middle of the measuring
		return size, err
	}
	say("measuring over %d passages", n)
	return size, profiled(func() error { return s.race(ctx, h, &size, last) })
}

func (s setup) race(ctx context.Context, h *house, size *Size, last kb.Passage) error {
	vectors := known{}
	for _, q := range s.questions {
		vectors[q.Text] = q.Vector
	}
	parts := samples{}
	meaning := postgres.NewVectorLeg(h.db, vectors.Model)
	hybrid := kb.NewHybrid(kb.HybridConfig{Words: h.index, Meaning: meaning, Embedder: vectors, Library: h.db})
	answers := assistant.New(assistant.Config{Search: timedSearch{hybrid, parts}, Store: timedStore{h.db, parts},
		Extractor: timedExtractor{kb.NewExtractor(kb.ExtractorConfig{Scorer: meaning}), parts}})
	alone := kb.NewHybrid(kb.HybridConfig{Words: h.index, Library: h.db})
	byMeaning := kb.NewHybrid(kb.HybridConfig{Words: nothing{}, Meaning: meaning, Embedder: vectors, Library: h.db})
	line, stop, err := fullLine(ctx)
	if err != nil {
		return err
	}
	defer stop()
	blocked := kb.NewHybrid(kb.HybridConfig{Words: h.index, Meaning: meaning, Embedder: line, Library: h.db})
	all := []contender{
		{lineBleve, func(ctx context.Context, q kb.Query) error { return match(ctx, h.index.Bleve(), q) }},
		{lineWords, func(ctx context.Context, q kb.Query) error {
			q.Limit = depth
			_, err := h.index.Retrieve(ctx, q)
			return err
		}},
		{lineExact, nearest(h.exact)},
		{lineNearest, func(ctx context.Context, q kb.Query) error {
			q.Limit = depth
			_, err := meaning.Retrieve(ctx, q)
			return err
		}},
		{lineMeaning, func(ctx context.Context, q kb.Query) error { return whole(byMeaning.Search(ctx, q)) }},
		{lineHybrid, func(ctx context.Context, q kb.Query) error { return whole(hybrid.Search(ctx, q)) }},
		{lineAnswer, func(ctx context.Context, q kb.Query) error {
			a, err := answers.Ask(ctx, assistant.Question{Text: q.Text, Lang: q.Lang}, nil)
			if err == nil && len(a.Degraded) > 0 {
				err = fmt.Errorf("degraded: %v", a.Degraded)
			}
			return err
		}},
		{lineAlone, func(ctx context.Context, q kb.Query) error {
			q.Vector = nil
			return whole(alone.Search(ctx, q))
		}},
		{lineFull, func(ctx context.Context, q kb.Query) error {
			q.Vector = nil
			r, err := blocked.Search(ctx, q)
			if err == nil && len(r.Degraded) != 1 {
				err = fmt.Errorf("the line is not full")
			}
			return err
		}},
	}
	if h.hnsw != nil {
		all = append(all, contender{lineHNSW, nearest(h.hnsw)})
	}
	got, err := race(ctx, s.questions, size.Rounds, all)
	if err != nil {
		return err
	}
	slower := got.slower(lineAlone, lineMeaning)
	both := got.line(lineHybrid, slower)
	answer := got.line(lineAnswer, lineHybrid)
	switch size.Passages {
	case 10_000:
		answer = answer.want("p95 < 10 ms", answer.P95 < 10)
	case 100_000:
		answer = answer.want("p95 < 40 ms", answer.P95 < 40)
	}
	add := func(l Line) {
		if l.Name != "" {
			size.Lines = append(size.Lines, l)
		}
	}
	add(got.line(lineBleve, ""))
	add(got.line(lineWords, lineBleve))
	add(got.line(lineExact, ""))
	add(got.line(lineHNSW, lineExact))
	add(got.line(lineNearest, lineExact))
	add(got.line(lineMeaning, lineNearest))
	add(both.want("≤ 1.3", both.Ratio <= 1.3))
	add(answer)
	for _, part := range []string{partSearch, partExtract, partStore} {
		add(parts.line(part, ""))
	}
	add(got.line(lineAlone, ""))
	full := got.line(lineFull, lineAlone)
	add(full.want("≤ 1.3", full.Ratio <= 1.3))
	if *only != "" {
		return nil
	}
	if err := s.others(ctx, h, size, last); err != nil {
		return err
	}
	if err := s.amounts(ctx, h, size); err != nil {
		return err
	}
	found, err := recall(ctx, h, meaning, s.questions)
	size.Amounts = append(size.Amounts, found...)
	return err
}

// alternate returns every other question.
func alternate(all []kb.Query) (half []kb.Query) {
	for i := 0; i < len(all); i += 2 {
		half = append(half, all[i])
	}
	return half
}

// whole is the error of a search, or that a leg was missing.
func whole(r kb.Results, err error) error {
	if err == nil && len(r.Degraded) > 0 {
		err = fmt.Errorf("degraded: %v", r.Degraded)
	}
	return err
}

// match asks bleve itself: the same index, its own match query over the three fields of the question's
// language, read by the same analyzer, for as many hits.
func match(ctx context.Context, x bleve.Index, q kb.Query) error {
	fields := bleve.NewDisjunctionQuery()
	for field, boost := range map[string]float64{"t_": 3, "h_": 1.5, "b_": 1} {
		one := bleve.NewMatchQuery(q.Text)
		one.Analyzer = "guichet_" + string(q.Lang)
		one.SetField(field + string(q.Lang))
		one.SetBoost(boost)
		fields.AddQuery(one)
	}
	_, err := x.SearchInContext(ctx, bleve.NewSearchRequestOptions(fields, depth, 0, false))
	return err
}

// nearest asks plain pgvector.
func nearest(conn *pgx.Conn) func(context.Context, kb.Query) error {
	return func(ctx context.Context, q kb.Query) error {
		rows, err := conn.Query(ctx, "SELECT id FROM raw ORDER BY embedding <=> $1 LIMIT $2", pgvector.NewVector(q.Vector), depth)
		if err != nil {
			return err
		}
		_, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
}

// recall is how much of what an exact search finds guichet's own approximate index finds too, among the
// best ten and among all that are asked for. The exact one is the very same search without the index,
// which is gone afterwards.
func recall(ctx context.Context, h *house, leg kb.Retriever, questions []kb.Query) ([]Amount, error) {
	ask := func() (map[string][]string, error) {
		all := map[string][]string{}
		for _, q := range questions {
			q.Limit = depth
			hits, err := leg.Retrieve(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, hit := range hits {
				all[q.Text] = append(all[q.Text], string(hit.Passage))
			}
		}
		return all, nil
	}
	approximate, err := ask()
	if err != nil {
		return nil, err
	}
	if err := h.dropVectorIndex(ctx); err != nil {
		return nil, err
	}
	exact, err := ask()
	if err != nil {
		return nil, err
	}
	var out []Amount
	for _, n := range []int{10, depth} {
		hits, all := 0, 0
		for q, ids := range exact {
			ids, got := ids[:min(n, len(ids))], approximate[q]
			got = got[:min(n, len(got))]
			for _, id := range ids {
				if slices.Contains(got, id) {
					hits++
				}
			}
			all += len(ids)
		}
		out = append(out, Amount{fmt.Sprintf("exact best %d found by index", n), 100 * float64(hits) / float64(max(all, 1)), "%"})
	}
	return out, nil
}

// others takes the lines that no question is put to.
func (s setup) others(ctx context.Context, h *house, size *Size, last kb.Passage) error {
	own := samples{}
	timed := func(name string, n int, f func(i int) error) error {
		for i := -1; i < n; i++ { // once to warm up
			start := time.Now()
			if err := f(i); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if i >= 0 {
				own.add(name, 0, time.Since(start))
			}
		}
		return nil
	}
	if err := timed(lineCovered, 20, func(int) error { _, err := h.db.Coverage(ctx, modelID); return err }); err != nil {
		return err
	}
	if err := timed(lineReady, 20, func(int) error { _, _, err := h.db.Missing(ctx, modelID); return err }); err != nil {
		return err
	}
	if s.embedder.servers != nil {
		line, err := openai.NewLine(openai.LineConfig{Config: config(s.embedder.servers.QuestionURL)})
		if err != nil {
			return err
		}
		if err := timed(lineEmbed, 100, func(i int) error { // never the same text: a line remembers
			q := s.questions[(i+1)%len(s.questions)]
			_, err := line.Embed(ctx, kb.AsQuestion, []string{fmt.Sprint(q.Text, " ", size.Passages+i)})
			return err
		}); err != nil {
			return err
		}
	}
	editor := publish.New(publish.Config{Store: h.db, Embedder: known{}})
	if err := timed(lineEdit, 20, func(i int) error {
		word := fmt.Sprintf("zyx%dword", i+1)
		a, _, err := h.db.Version(ctx, last.Article, 0)
		if err != nil {
			return err
		}
		a.Body += "\n\n" + word
		if _, _, err := editor.Save(ctx, a, "bench"); err != nil {
			return err
		}
		if err := editor.Publish(ctx, a.ID); err != nil {
			return err
		}
		if err := h.follow(ctx, 100); err != nil {
			return err
		}
		hits, err := h.index.Retrieve(ctx, kb.Query{Text: word, Lang: a.Lang})
		if err == nil && (len(hits) == 0 || hits[0].Article != a.ID) {
			err = fmt.Errorf("the edit is not found")
		}
		return err
	}); err != nil {
		return err
	}
	// The indexer asks three times a second: what an edit waits for it comes on top.
	edit := own.line(lineEdit, "")
	size.Lines = append(size.Lines, edit.want("+ 300 ms < 1 s", edit.P95+300 < 1000))
	for _, name := range []string{lineCovered, lineReady, lineEmbed} {
		if l := own.line(name, ""); l.Name != "" {
			size.Lines = append(size.Lines, l)
		}
	}
	return nil
}

// amounts tells what guichet takes up.
func (s setup) amounts(ctx context.Context, h *house, size *Size) error {
	const mega = 1 << 20
	bytes := 0.0
	err := filepath.WalkDir(h.folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += float64(info.Size())
		}
		return nil
	})
	if err != nil {
		return err
	}
	var scanned, total float64
	if err := h.exact.QueryRow(ctx, `SELECT pg_total_relation_size('passage_vectors'),
		pg_database_size(current_database()) - pg_total_relation_size('raw')`).Scan(&scanned, &total); err != nil {
		return err
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	size.Amounts = append(size.Amounts, Amount{"word index", bytes / mega, "MiB"}, Amount{"vectors searched", scanned / mega, "MiB"},
		Amount{"database", total / mega, "MiB"}, Amount{"Go heap", float64(m.HeapAlloc) / mega, "MiB"})
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			var kilo float64
			if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kilo); err == nil {
				size.Amounts = append(size.Amounts, Amount{"resident", kilo / 1024, "MiB"})
			}
		}
	}
	return nil
}

// nothing is a leg that finds nothing.
type nothing struct{}

func (nothing) Retrieve(context.Context, kb.Query) ([]kb.Hit, error) { return nil, nil }
