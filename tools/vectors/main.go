// Command vectors is the embedding server of the browser tests: the real one, behind the vectors that
// the Go tests have kept, so that the starter articles are not embedded again for each run. Its first
// line is the address to set as EMBEDDINGS_URL; it ends when its input does.
//
// With -warm it embeds the starter articles, as far as they are not
// kept yet, and ends: once, on two cores, before several test programs do it side by side.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"guichet/internal/embedded/e5"
	"guichet/internal/openai"
	"guichet/kb"
	"guichet/kb/markdown"
	"guichet/kb/starter"
)

var (
	install = flag.String("install", ".local", "folder that `make install` filled")
	warm    = flag.Bool("warm", false, "embed what the tests will ask for, and end")
)

const model = "multilingual-e5-small-q4/384"

// maxBody bounds a request, in bytes.
const maxBody = 1 << 20

func main() {
	log.SetFlags(0)
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal("vectors: ", err)
	}
}

func run(ctx context.Context) (err error) {
	logs, err := os.MkdirTemp("", "vectors")
	if err != nil {
		return err
	}
	defer os.RemoveAll(logs)
	servers, err := e5.Start(ctx, e5.Config{Install: filepath.Join(*install, "e5"), Logs: logs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Stop(ctx)) }()
	cached := map[kb.Task]kb.Embedder{}
	for task, base := range map[kb.Task]func() string{kb.AsQuestion: servers.QuestionURL, kb.AsPassage: servers.IndexURL} {
		if cached[task], err = keep(base); err != nil {
			return err
		}
	}
	if *warm {
		return fill(ctx, servers)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) { embed(w, r, cached) })
	go func() { _ = http.Serve(l, mux) }()
	fmt.Printf("http://%s/v1\n", l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// keep is the embedder at base behind the vectors that are kept.
func keep(base func() string) (kb.Embedder, error) {
	e, err := openai.New(openai.Config{Base: base, Model: "e5", Name: "multilingual-e5-small-q4", Dimensions: 384})
	if err != nil {
		return nil, err
	}
	return openai.NewCache(filepath.Join(*install, "cache", "vectors"), model, e)
}

// text is what is to be embedded.
type text struct {
	task  kb.Task
	input string
}

// fill embeds what the tests will ask for, on both servers.
func fill(ctx context.Context, servers *e5.Servers) error {
	articles, err := starter.Articles()
	if err != nil {
		return err
	}
	var all []text
	for _, a := range articles {
		doc, err := markdown.Read(a.Body)
		if err != nil {
			return err
		}
		all = append(all, text{kb.AsQuestion, a.Title})
		for _, p := range kb.Split(a, 1, doc) {
			all = append(all, text{kb.AsPassage, p.Input()})
			for i := range p.Sentences {
				all = append(all, text{kb.AsPassage, p.SentenceInput(i)})
			}
		}
	}
	for _, questions := range kb.Asked() {
		for _, q := range questions {
			all = append(all, text{kb.AsQuestion, q})
		}
	}
	work := make(chan text)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(work)
		for _, t := range all {
			select {
			case work <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for _, base := range []func() string{servers.QuestionURL, servers.IndexURL} {
		e, err := keep(base)
		if err != nil {
			return err
		}
		group.Go(func() error {
			for t := range work {
				if _, err := e.Embed(ctx, t.task, []string{t.input}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// embed answers one call as the embedding server does.
func embed(w http.ResponseWriter, r *http.Request, by map[kb.Task]kb.Embedder) {
	var in struct {
		Input     []string `json:"input"`
		InputType string   `json:"input_type"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	task := kb.AsPassage
	if in.InputType == "query" {
		task = kb.AsQuestion
	}
	vectors, err := by[task].Embed(r.Context(), task, in.Input)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	type row struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	rows := make([]row, len(vectors))
	for i, v := range vectors {
		rows[i] = row{"embedding", i, v}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": "e5", "data": rows})
}
