package httpapi

import (
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/kb"
)

// popularArticles is how many articles a list holds that names no collection.
const popularArticles = 6

type translationJSON struct {
	Lang  kb.Lang `json:"lang"`
	Title string  `json:"title"`
	URL   string  `json:"url"`
}

type collectionJSON struct {
	Key         kb.CollectionKey `json:"key"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Articles    int              `json:"articles"` // translation groups in it
}

func (s *Server) cardsJSON(cards []publish.Card) []articleJSON {
	out := []articleJSON{}
	for _, c := range cards {
		out = append(out, articleJSON{ID: c.ID, Group: c.Group, Lang: c.Lang, Title: c.Title,
			URL: s.absolute(articlePath(c.Lang, c.Slug)), UpdatedAt: c.UpdatedAt})
	}
	return out
}

// apiArticles serves GET /api/v1/articles, for anybody: the articles of a collection, or without one
// those that are asked about most; and the collections.
func (s *Server) apiArticles(c *gin.Context) error {
	l, err := langParam("lang", c.Query("lang"))
	if err != nil {
		return err
	}
	if l == "" {
		l = lang(c)
	}
	ctx, audience := c.Request.Context(), actor(c).Audience()
	var cards []publish.Card
	if key := c.Query("collection"); key != "" {
		_, cards, err = s.Reading.Shelf(ctx, l, kb.CollectionKey(key), audience)
	} else {
		cards, err = s.Reading.Popular(ctx, l, audience, popularArticles)
	}
	if err != nil {
		return err
	}
	shelves, err := s.Reading.Shelves(ctx, l, audience)
	if err != nil {
		return err
	}
	collections := []collectionJSON{}
	for _, shelf := range shelves {
		collections = append(collections, collectionJSON{shelf.Collection.Key, shelf.Collection.Title(l),
			shelf.Collection.Description[l], shelf.Articles})
	}
	c.Header("Cache-Control", "no-cache")
	c.JSON(http.StatusOK, gin.H{"articles": s.cardsJSON(cards), "collections": collections})
	return nil
}

// article reads the article of the address; NotFound where that begins with none of the nine.
func (s *Server) article(c *gin.Context) (publish.Page, error) {
	if string(lang(c)) != c.Param("lang") {
		return publish.Page{}, problem.New(problem.NotFound, "")
	}
	return s.Reading.Page(c.Request.Context(), lang(c), c.Param("slug"), actor(c).Audience())
}

// apiArticle serves GET /api/v1/articles/:lang/:slug, for anybody who may read it. An old slug leads
// to the same article, whose url is the new one.
func (s *Server) apiArticle(c *gin.Context) error {
	page, err := s.article(c)
	if err != nil {
		return err
	}
	text, err := s.renderArticle(c.Request.Context(), s.view(c, ""), page, c.Query("cite"), actor(c).Audience(), "")
	if err != nil {
		return err
	}
	translations := []translationJSON{}
	for _, t := range page.Translations {
		translations = append(translations, translationJSON{t.Lang, t.Title, s.absolute(articlePath(t.Lang, t.Slug))})
	}
	a := page.Article
	c.Header("Cache-Control", "no-cache")
	c.JSON(http.StatusOK, struct {
		Article      articleJSON       `json:"article"`
		HTML         template.HTML     `json:"html"`
		Cited        string            `json:"cited"`
		Translations []translationJSON `json:"translations"`
		Related      []articleJSON     `json:"related"`
	}{articleJSON{a.ID, a.Group, a.Lang, a.Title, s.absolute(articlePath(a.Lang, a.Slug)), page.Version, page.UpdatedAt},
		text.Body, text.Cite, translations, s.cardsJSON(page.Related)})
	return nil
}

// apiArticleFeedback serves POST /api/v1/articles/:lang/:slug/feedback, for anybody who may read the
// article. One vote a visitor; a later one replaces it.
func (s *Server) apiArticleFeedback(c *gin.Context) error {
	var in struct {
		Helpful *bool  `json:"helpful"`
		Comment string `json:"comment"`
		Visitor string `json:"visitor"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := checkVote(in.Helpful, in.Visitor); err != nil {
		return err
	}
	comment := strings.TrimSpace(strings.ToValidUTF8(strings.NewReplacer("\x00", "", "\r\n", "\n").Replace(in.Comment), "\uFFFD"))
	if n := utf8.RuneCountInString(comment); n > publish.MaxComment {
		return problem.InvalidField("comment", "problem.too_long").With("max", publish.MaxComment).With("n", n)
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	page, err := s.article(c)
	if err != nil {
		return err
	}
	if err := s.Reading.SaveFeedback(c.Request.Context(), publish.Feedback{Article: page.Article.ID, Version: page.Version,
		Visitor: visitorHash(in.Visitor), Helpful: *in.Helpful, Comment: comment, CreatedAt: s.Now()}); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"helpful": *in.Helpful, "comment": comment})
	return nil
}
