package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/publish"
	"guichet/kb"
)

// pageRoot sends a reader to the home page in the first of the browser's languages that is offered.
func (s *Server) pageRoot(c *gin.Context) error {
	c.Header("Vary", "Accept-Language")
	c.Header("Cache-Control", "no-cache")
	c.Redirect(http.StatusFound, "/"+string(lang(c)))
	return nil
}

// pageHome shows the question box, the collections and what is often asked about, to anybody.
func (s *Server) pageHome(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	ctx, audience := c.Request.Context(), actor(c).Audience()
	data := struct {
		view
		Shelves []publish.Shelf
		Popular []publish.Card
	}{view: v}
	if data.Shelves, err = s.Reading.Shelves(ctx, v.Lang, audience); err != nil {
		return err
	}
	if data.Popular, err = s.Reading.Popular(ctx, v.Lang, audience, 6); err != nil {
		return err
	}
	data.Description = data.T("home.description")
	data.Feed, data.Box = feedPath(v.Lang), true
	s.describe(c, &data.view, nil)
	data.XDefault = s.absolute("/") // which finds out the reader's language
	return s.render(c, http.StatusOK, "home", data)
}

func homePath(l kb.Lang) string { return "/" + string(l) }

func collectionPath(l kb.Lang, key kb.CollectionKey) string {
	return "/" + string(l) + "/collections/" + url.PathEscape(string(key))
}

// pageCollection lists the articles of a collection, for anybody.
func (s *Server) pageCollection(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	data := struct {
		view
		Shelf publish.Shelf
		Cards []publish.Card
	}{view: v}
	data.Shelf, data.Cards, err = s.Reading.Shelf(c.Request.Context(), v.Lang, kb.CollectionKey(c.Param("key")), actor(c).Audience())
	if err != nil {
		return err
	}
	data.Title = data.Shelf.Collection.Title(v.Lang)
	data.Description = data.Shelf.Collection.Description[v.Lang]
	data.Feed = feedPath(v.Lang)
	s.describe(c, &data.view, nil)
	return s.render(c, http.StatusOK, "collection", data)
}

// describe sets what search engines read: the page's own address and its other languages, which are
// all that are offered where in is nil.
func (s *Server) describe(c *gin.Context, v *view, in []link) {
	v.Canonical = s.absolute(c.Request.URL.EscapedPath())
	if in == nil {
		in = v.Switch
	}
	for _, l := range in {
		u, err := url.Parse(l.URL)
		if err != nil {
			continue
		}
		v.Alternates = append(v.Alternates, link{l.Lang, s.absolute(u.EscapedPath())})
	}
	v.XDefault = defaultOf(v.Alternates, decided(c).Default)
	v.OpenGraph = "website"
}

// hitView is one result of a search: an article by its best passage.
type hitView struct {
	Lang                    kb.Lang
	URL                     string
	Title, Heading, Snippet string
	UpdatedAt               time.Time
}

// snippetLength is how much of a passage a result shows, in characters.
const snippetLength = 260

// pageSearch lists the articles that match, for anybody.
func (s *Server) pageSearch(c *gin.Context) error {
	v, err := s.reader(c, "search.title")
	if err != nil {
		return err
	}
	data := struct {
		view
		Q, Error string
		Hits     []hitView
	}{view: v, Q: c.Query("q")}
	data.NoIndex, data.Box = true, true
	status := http.StatusOK
	if _, asked := c.GetQuery("q"); asked {
		hits, _, _, err := s.search(c, assistant.Question{Text: data.Q, Lang: v.Lang, Collection: kb.CollectionKey(c.Query("collection"))}, 10)
		if err != nil {
			problems, code, again := s.formProblem(c, err, nil)
			if !again {
				return err
			}
			status, data.Error = code, problems.For("q")
			if data.Error == "" {
				data.Error = problems.Title
			}
		}
		for _, h := range hits {
			data.Hits = append(data.Hits, newHitView(h))
		}
		data.Title = data.T("search.title_for", "q", clip(data.Q, 60))
	}
	return s.render(c, status, "search", data)
}

func newHitView(h assistant.SearchHit) hitView {
	v := hitView{Lang: h.Article.Lang, URL: articlePath(h.Article.Lang, h.Article.Slug), Title: h.Article.Title,
		Heading: h.Passage.Heading(), Snippet: clip(cells(strings.ReplaceAll(h.Passage.Text, "\n", " ")), snippetLength),
		UpdatedAt: h.Article.UpdatedAt}
	if h.Passage.Anchor != "" {
		v.URL += "#" + url.PathEscape(h.Passage.Anchor)
	}
	return v
}
