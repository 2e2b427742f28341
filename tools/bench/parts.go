package main

import (
	"context"
	"time"

	"guichet/internal/assistant"
	"guichet/kb"
)

// The parts of an answer.
const (
	partSearch  = "· of it search"
	partExtract = "· of it sentences"
	partStore   = "· of it storing"
)

type timedSearch struct {
	assistant.Searcher
	s samples
}

func (t timedSearch) Search(ctx context.Context, q kb.Query) (kb.Results, error) {
	defer t.s.since(partSearch, time.Now())
	return t.Searcher.Search(ctx, q)
}

type timedExtractor struct {
	assistant.Extractor
	s samples
}

func (t timedExtractor) Extract(ctx context.Context, q kb.Query, r kb.Results) (kb.Extraction, error) {
	defer t.s.since(partExtract, time.Now())
	return t.Extractor.Extract(ctx, q, r)
}

type timedStore struct {
	assistant.Store
	s samples
}

func (t timedStore) SaveAnswer(ctx context.Context, a assistant.Answer, trace assistant.Trace) error {
	defer t.s.since(partStore, time.Now())
	return t.Store.SaveAnswer(ctx, a, trace)
}

func (s samples) since(name string, start time.Time) { s.add(name, 0, time.Since(start)) }
