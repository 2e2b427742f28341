package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/kb"
)

type searchRequest struct {
	Q          string `json:"q"`
	Lang       string `json:"lang"`
	Collection string `json:"collection"`
	Limit      *int   `json:"limit"`
	Typing     bool   `json:"typing"`
}

type hitJSON struct {
	Article articleJSON `json:"article"`
	Passage passageJSON `json:"passage"`
	Score   float64     `json:"score"`
}

type passageJSON struct {
	ID      kb.PassageID `json:"id"`
	Heading string       `json:"heading"`
	Text    string       `json:"text"`
	URL     string       `json:"url"`
}

// apiSearch serves GET and POST /api/v1/search, for anybody. With typing it searches by words alone,
// and takes the last one for the beginning of a word.
func (s *Server) apiSearch(c *gin.Context) error {
	in := searchRequest{Q: c.Query("q"), Lang: c.Query("lang"), Collection: c.Query("collection"), Typing: c.Query("typing") == "1"}
	limit, err := limitParam(c.Query("limit"))
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodPost {
		if err := decode(c, &in); err != nil {
			return err
		}
		if in.Limit != nil {
			if limit, err = limitParam(strconv.Itoa(*in.Limit)); err != nil {
				return err
			}
		}
	}
	l, err := langParam("lang", in.Lang)
	if err != nil {
		return err
	}
	hits, _, degraded, err := s.search(c, assistant.Question{Text: in.Q, Lang: l, Collection: kb.CollectionKey(in.Collection), Typing: in.Typing}, limit)
	if err != nil {
		return err
	}
	if degraded == nil {
		degraded = []string{}
	}
	out := []hitJSON{}
	for _, h := range hits {
		path := articlePath(h.Article.Lang, h.Article.Slug)
		if h.Passage.Anchor != "" {
			path += "#" + url.PathEscape(h.Passage.Anchor)
		}
		out = append(out, hitJSON{Article: s.articleJSON(h.Article), Score: h.Score,
			Passage: passageJSON{h.Passage.ID, h.Passage.Heading(), h.Passage.Text, s.absolute(path)}})
	}
	c.JSON(http.StatusOK, gin.H{"hits": out, "degraded": degraded})
	return nil
}

// search runs one search within the limits; the field of the text is named q.
func (s *Server) search(c *gin.Context, q assistant.Question, limit int) ([]assistant.SearchHit, kb.Lang, []string, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), askTimeout)
	defer cancel()
	q.Actor = actor(c)
	done, err := s.limiter.search(ctx, q.Actor, q.Typing)
	if err != nil {
		return nil, "", nil, err
	}
	defer done()
	hits, l, degraded, err := s.Assistant.Search(ctx, q, limit)
	if problem.Is(err, problem.Invalid) {
		err = renameField(err, "text", "q")
	}
	return hits, l, degraded, err
}

// renameField gives a field of an Invalid problem the name that this caller used.
func renameField(err error, from, to string) error {
	p := asProblem(err)
	for i := range p.Fields {
		if p.Fields[i].Name == from {
			p.Fields[i].Name = to
		}
	}
	return p
}
