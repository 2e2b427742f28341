// Package eval measures search and answers on judged questions.
//
// It reads three formats, folders of UTF-8 JSON lines. FAQ (articles.jsonl, queries.jsonl): which
// articles should a question find, or none. QA (passages.jsonl, questions.jsonl): which span of text
// answers it. Routing (pairs.jsonl, history.jsonl, queries.jsonl): which requests are one, and which
// category a request is of. What is measured is a function that the caller hands in, so the same figures can
// be had of one leg, of both, or of a server.
package eval

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"guichet/kb"
)

// FAQ is a set of articles and questions about them.
type FAQ struct {
	Articles  []kb.Article
	Questions []Question
}

// Question is a judged question. Relevant are the groups that answer it; none means that nothing
// in its collection does.
type Question struct {
	ID         string
	Text       string
	Lang       kb.Lang
	Collection kb.CollectionKey
	Relevant   []kb.GroupID
	Kind       string // paraphrase, crosslingual, keyword, typo, none; answerable, unanswerable
	Subkind    string
	Answers    []string // QA: spans, any of which counts
}

// ReadFAQ reads articles.jsonl and queries.jsonl in dir.
func ReadFAQ(dir string) (*FAQ, error) {
	var f FAQ
	var err error
	group := map[string]kb.GroupID{}
	if f.Articles, err = readArticles(filepath.Join(dir, "articles.jsonl"), group); err != nil {
		return nil, err
	}
	f.Questions, err = readLines(filepath.Join(dir, "queries.jsonl"), func(l struct {
		ID, Query, Kind, Subkind string
		Lang                     kb.Lang
		Collection               kb.CollectionKey
		Relevant                 []string
	}) (Question, error) {
		q := Question{ID: l.ID, Text: l.Query, Lang: l.Lang, Collection: l.Collection, Kind: l.Kind, Subkind: l.Subkind}
		return q, q.judge(l.Relevant, group)
	})
	return &f, err
}

// ReadQA reads passages.jsonl and questions.jsonl in dir; each passage is an article.
func ReadQA(dir string) (*FAQ, error) {
	var f FAQ
	var err error
	group := map[string]kb.GroupID{}
	if f.Articles, err = readArticles(filepath.Join(dir, "passages.jsonl"), group); err != nil {
		return nil, err
	}
	f.Questions, err = readLines(filepath.Join(dir, "questions.jsonl"), func(l struct {
		ID, Question, Kind, Subkind string
		Lang                        kb.Lang
		Collection                  kb.CollectionKey
		Passages, Answers           []string
	}) (Question, error) {
		q := Question{ID: l.ID, Text: l.Question, Lang: l.Lang, Collection: l.Collection, Kind: l.Kind, Subkind: l.Subkind, Answers: l.Answers}
		if l.Kind == "unanswerable" {
			return q, nil
		}
		return q, q.judge(l.Passages, group)
	})
	return &f, err
}

// judge fills q.Relevant from article ids.
func (q *Question) judge(articles []string, group map[string]kb.GroupID) error {
	seen := map[kb.GroupID]bool{}
	for _, id := range articles {
		g, ok := group[id]
		if !ok {
			return fmt.Errorf("question %s: there is no article %q", q.ID, id)
		}
		if !seen[g] {
			seen[g] = true
			q.Relevant = append(q.Relevant, g)
		}
	}
	return nil
}

func readArticles(path string, group map[string]kb.GroupID) ([]kb.Article, error) {
	return readLines(path, func(l struct {
		ID, Group, Title, Body, Text string
		Lang                         kb.Lang
		Collection                   kb.CollectionKey
	}) (kb.Article, error) {
		if _, err := kb.ParseLang(string(l.Lang)); err != nil {
			return kb.Article{}, err
		}
		if l.Group == "" {
			l.Group = l.ID
		}
		group[l.ID] = kb.GroupID(l.Group)
		return kb.Article{ID: kb.ArticleID(l.ID), Group: kb.GroupID(l.Group), Lang: l.Lang, Collection: l.Collection,
			Title: l.Title, Body: markdown(l.Body + l.Text)}, nil
	})
}

// readLines reads JSON lines of L and makes a T of each.
func readLines[L, T any](path string, make func(L) (T, error)) ([]T, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var l L
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		t, err := make(l)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		all = append(all, t)
	}
	return all, lines.Err()
}

// markdown writes plain text, one paragraph a line, as Markdown that reads the same.
func markdown(plain string) string {
	var b strings.Builder
	for line := range strings.Lines(plain) {
		line = strings.TrimSpace(line)
		for i, r := range line {
			if strings.ContainsRune("\\`*_[]<>#~|&", r) || i == 0 && strings.ContainsRune("+-=:!", r) ||
				(r == '.' || r == ')') && i > 0 && strings.Trim(line[:i], "0123456789") == "" {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		b.WriteString("\n\n")
	}
	return b.String()
}
