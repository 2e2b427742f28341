// Command vectors is the embedding server of the browser tests: the real one, behind the vectors that
// the Go tests have kept, so that the starter articles are not embedded again for each run. Its first
// line is the address to set as EMBEDDINGS_URL; it ends when its input does.
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

	"guichet/internal/embedded/e5"
	"guichet/internal/openai"
	"guichet/kb"
)

var install = flag.String("install", ".local", "folder that `make install` filled")

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
		e, err := openai.New(openai.Config{Base: base, Model: "e5", Name: "multilingual-e5-small-q4", Dimensions: 384})
		if err != nil {
			return err
		}
		if cached[task], err = openai.NewCache(filepath.Join(*install, "cache", "vectors"), model, e); err != nil {
			return err
		}
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
