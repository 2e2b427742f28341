package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"guichet/kb"
	"guichet/kb/starter"
)

// ReadImports reads articles from Markdown folders, single Markdown files and JSONL files
// ({"id","group","lang","collection","title","body"}, one a line). Errors name file and line.
func ReadImports(paths []string) (articles []kb.Article, collections []kb.Collection, err error) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, nil, fmt.Errorf("%s cannot be read: %w", p, err)
		}
		switch {
		case info.IsDir():
			as, err := starter.ReadArticles(os.DirFS(p))
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", p, err)
			}
			cs, err := starter.ReadCollections(os.DirFS(p))
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", p, err)
			}
			articles, collections = append(articles, as...), append(collections, cs...)
		case strings.HasSuffix(p, ".md"):
			b, err := os.ReadFile(p)
			if err != nil {
				return nil, nil, err
			}
			a, err := starter.ReadArticle(filepath.ToSlash(p), b)
			if err != nil {
				return nil, nil, err
			}
			articles = append(articles, a)
		default:
			as, err := readJSONL(p)
			if err != nil {
				return nil, nil, err
			}
			articles = append(articles, as...)
		}
	}
	if len(articles) == 0 {
		return nil, nil, fmt.Errorf("no articles in %s", strings.Join(paths, ", "))
	}
	return articles, collections, nil
}

// readJSONL reads one JSONL file.
func readJSONL(path string) ([]kb.Article, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []kb.Article
	lines := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			a, err := parseLine(line)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
			out = append(out, a)
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
}

func parseLine(line []byte) (kb.Article, error) {
	var in struct {
		ID         kb.ArticleID
		Group      kb.GroupID
		Lang       string
		Collection kb.CollectionKey
		Title      string
		Body       string
		Slug       string
		Audience   string
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return kb.Article{}, err
	}
	if in.ID == "" {
		return kb.Article{}, fmt.Errorf("id is missing")
	}
	lang, err := kb.ParseLang(in.Lang)
	if err != nil {
		return kb.Article{}, err
	}
	audience, err := kb.ParseAudience(in.Audience)
	if err != nil {
		return kb.Article{}, err
	}
	return kb.Article{ID: in.ID, Group: in.Group, Lang: lang, Collection: in.Collection, Title: in.Title,
		Body: in.Body, Slug: in.Slug, Audience: audience}, nil
}
