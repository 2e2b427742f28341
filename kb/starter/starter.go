// Package starter is the help center that a new installation begins with: articles of a marketplace
// in several languages, written for guichet and free to change.
package starter

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"guichet/kb"
	"guichet/kb/markdown"
)

//go:embed collections.yaml */*.md
var files embed.FS

// Articles returns the starter articles.
func Articles() ([]kb.Article, error) { return ReadArticles(files) }

// Collections returns the starter collections.
func Collections() ([]kb.Collection, error) { return ReadCollections(files) }

// ReadArticles reads every Markdown file of a folder, in the order of their paths. An article
// without an id takes its path without the suffix.
func ReadArticles(fsys fs.FS) ([]kb.Article, error) {
	var out []kb.Article
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".md" {
			return err
		}
		b, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		a, err := ReadArticle(p, b)
		if err != nil {
			return err
		}
		out = append(out, a)
		return nil
	})
	return out, err
}

// ReadArticle reads one Markdown file. What its front matter leaves out is taken from its path: the
// id is the path without the suffix, the language the name of one of its folders.
func ReadArticle(p string, b []byte) (kb.Article, error) {
	a, err := markdown.ParseFile(b)
	if err != nil {
		return a, fmt.Errorf("%s: %w", p, err)
	}
	if a.ID == "" {
		a.ID = kb.ArticleID(strings.Trim(strings.TrimSuffix(p, ".md"), "/"))
	}
	for _, folder := range strings.Split(path.Dir(p), "/") {
		if l, err := kb.ParseLang(folder); err == nil && a.Lang == "" {
			a.Lang = l
		}
	}
	if a.Lang == "" {
		return a, fmt.Errorf("%s: lang is missing", p)
	}
	return a, nil
}

// ReadCollections reads collections.yaml of a folder; a folder without one has none.
func ReadCollections(fsys fs.FS) ([]kb.Collection, error) {
	b, err := fs.ReadFile(fsys, "collections.yaml")
	if err != nil {
		return nil, nil
	}
	var rows []struct {
		Key          kb.CollectionKey
		Titles       map[kb.Lang]string
		Descriptions map[kb.Lang]string
	}
	if err := yaml.Unmarshal(b, &rows); err != nil {
		return nil, fmt.Errorf("collections.yaml: %w", err)
	}
	var out []kb.Collection
	for i, r := range rows {
		out = append(out, kb.Collection{Key: r.Key, Position: i, Titles: r.Titles, Description: r.Descriptions})
	}
	return out, nil
}
