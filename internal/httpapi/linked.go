package httpapi

// linkedData is what a page says of itself as JSON-LD, in the words of schema.org.
type linkedData struct {
	Context string `json:"@context"`
	Graph   []any  `json:"@graph"`
}

type linkedArticle struct {
	Type        string      `json:"@type"`
	URL         string      `json:"url"`
	Headline    string      `json:"headline"`
	Description string      `json:"description,omitempty"`
	Lang        string      `json:"inLanguage"`
	Modified    string      `json:"dateModified"`
	Section     string      `json:"articleSection,omitempty"`
	Author      linkedMaker `json:"author"`
	Publisher   linkedMaker `json:"publisher"`
}

type linkedMaker struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type linkedCrumbs struct {
	Type  string        `json:"@type"`
	Steps []linkedCrumb `json:"itemListElement"`
}

type linkedCrumb struct {
	Type     string `json:"@type"`
	Position int    `json:"position"`
	Name     string `json:"name"`
	URL      string `json:"item"`
}

// linked describes an article and the way to it.
func (s *Server) linked(p *articlePage) linkedData {
	home := s.absolute(homePath(p.Lang))
	maker := linkedMaker{"Organization", p.SiteName, home}
	article := linkedArticle{Type: "Article", URL: p.Canonical, Headline: p.Article.Title, Description: p.Description,
		Lang: p.Tag(), Modified: p.ISO(p.UpdatedAt), Author: maker, Publisher: maker}
	way := linkedCrumbs{Type: "BreadcrumbList"}
	step := func(name, url string) {
		way.Steps = append(way.Steps, linkedCrumb{"ListItem", len(way.Steps) + 1, name, url})
	}
	step(p.T("nav.home"), home)
	for _, c := range p.Crumbs {
		article.Section = c.Text
		step(c.Text, s.absolute(c.URL))
	}
	step(p.Article.Title, p.Canonical)
	return linkedData{"https://schema.org", []any{article, way}}
}
