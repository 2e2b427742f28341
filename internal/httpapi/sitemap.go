package httpapi

import (
	"bufio"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/internal/site"
	"guichet/kb"
)

// maxSitemapURLs is how many addresses one file of the sitemap holds. The protocol allows 50,000 in
// 50 MB: with every address's other languages beside it, the bytes are reached first.
const maxSitemapURLs = 10_000

type sitemapURL struct {
	Loc        string        `xml:"loc"`
	LastMod    string        `xml:"lastmod,omitempty"`
	Alternates []sitemapLink `xml:"xhtml:link"`
}

type sitemapLink struct {
	Rel  string `xml:"rel,attr"`
	Lang string `xml:"hreflang,attr"`
	Href string `xml:"href,attr"`
}

type sitemapSet struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	XHTML   string       `xml:"xmlns:xhtml,attr"`
	URLs    []sitemapURL `xml:"url"`
}

type sitemapIndex struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []sitemapURL `xml:"sitemap"`
}

// sitemap lists every public page for search engines. ?part= is one file of those that the index
// names where there are too many for one.
func (s *Server) sitemap(c *gin.Context) error {
	places, err := s.Reading.Places(c.Request.Context(), kb.Public)
	if err != nil {
		return err
	}
	document, err := sitemapPart(s.sitemapURLs(decided(c), places), maxSitemapURLs, c.Query("part"), s.absolute("/sitemap.xml"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=3600")
	c.Header("Content-Type", "application/xml; charset=utf-8")
	c.Status(http.StatusOK)
	// The document may be long: it is written as it is encoded.
	w := bufio.NewWriter(c.Writer)
	w.WriteString(xml.Header)
	if err := xml.NewEncoder(w).Encode(document); err != nil {
		return err
	}
	return w.Flush()
}

// sitemapPart is the document that part names: "" is all of urls, or the index of the parts where
// they are more than most; else a number from 1.
func sitemapPart(urls []sitemapURL, most int, part, address string) (any, error) {
	if part == "" && len(urls) > most {
		var index sitemapIndex
		for i := range (len(urls) + most - 1) / most {
			index.Maps = append(index.Maps, sitemapURL{Loc: address + "?part=" + strconv.Itoa(i+1)})
		}
		return index, nil
	}
	if part != "" {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > (len(urls)+most-1)/most {
			return nil, problem.New(problem.NotFound, "")
		}
		urls = urls[(n-1)*most : min(n*most, len(urls))]
	}
	return sitemapSet{XHTML: "http://www.w3.org/1999/xhtml", URLs: urls}, nil
}

// sitemapURLs are the homes, the collections that hold something, and the articles, in the languages
// that are offered.
func (s *Server) sitemapURLs(site site.Settings, places []publish.Place) []sitemapURL {
	var newest time.Time
	shelves := map[kb.CollectionKey]time.Time{}
	var keys []kb.CollectionKey
	var articles []sitemapURL
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].Group == places[0].Group {
			n++
		}
		var pages []link
		var changed []time.Time
		for _, p := range places[:n] {
			if site.Offers(p.Lang) {
				pages = append(pages, link{p.Lang, s.absolute(articlePath(p.Lang, p.Slug))})
				changed = append(changed, p.UpdatedAt)
			}
			newest = later(newest, p.UpdatedAt)
			if p.Collection != "" {
				if _, known := shelves[p.Collection]; !known {
					keys = append(keys, p.Collection)
				}
				shelves[p.Collection] = later(shelves[p.Collection], p.UpdatedAt)
			}
		}
		articles = append(articles, s.sitemapPages(pages, defaultOf(pages, site.Default), func(i int) time.Time { return changed[i] })...)
		places = places[n:]
	}
	slices.Sort(keys)
	in := func(path func(kb.Lang) string) (pages []link) {
		for _, l := range site.Langs {
			pages = append(pages, link{l, s.absolute(path(l))})
		}
		return pages
	}
	out := s.sitemapPages(in(homePath), s.absolute("/"), func(int) time.Time { return newest })
	for _, key := range keys {
		pages := in(func(l kb.Lang) string { return collectionPath(l, key) })
		out = append(out, s.sitemapPages(pages, defaultOf(pages, site.Default), func(int) time.Time { return shelves[key] })...)
	}
	return append(out, articles...)
}

// sitemapPages are the languages of one page; all of them name all of them.
func (s *Server) sitemapPages(pages []link, other string, changed func(i int) time.Time) (urls []sitemapURL) {
	var links []sitemapLink
	for _, p := range pages {
		links = append(links, sitemapLink{"alternate", p.Lang.Tag(), p.URL})
	}
	links = append(links, sitemapLink{"alternate", "x-default", other})
	for i, p := range pages {
		u := sitemapURL{Loc: p.URL, Alternates: links}
		if t := changed(i); !t.IsZero() {
			u.LastMod = t.UTC().Format(time.RFC3339)
		}
		urls = append(urls, u)
	}
	return urls
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// defaultOf is which of a page's languages is for readers of none of them: the default language,
// else English, else the first; "" if there is none.
func defaultOf(pages []link, byDefault kb.Lang) string {
	for _, l := range []kb.Lang{byDefault, kb.English} {
		if i := slices.IndexFunc(pages, func(p link) bool { return p.Lang == l }); i >= 0 {
			return pages[i].URL
		}
	}
	if len(pages) > 0 {
		return pages[0].URL
	}
	return ""
}
