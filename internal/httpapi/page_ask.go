package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/publish"
	"guichet/internal/support"
)

// pageAsk answers the question of the address and sends the reader to the answer's own page, so that
// a reload shows the same answer. Scripts ask the API instead, and show the same page. For anybody.
func (s *Server) pageAsk(c *gin.Context) error {
	v, err := s.reader(c, "ask.title")
	if err != nil {
		return err
	}
	v.NoIndex = true
	data := struct {
		view
		Q, Error string
	}{view: v, Q: c.Query("q")}
	if _, asked := c.GetQuery("q"); !asked || c.Request.Method == http.MethodHead {
		return s.render(c, http.StatusOK, "ask", data)
	}
	a, err := s.ask(c, data.Q)
	if err != nil {
		problems, status, again := s.formProblem(c, err, nil)
		if !again {
			return err
		}
		if data.Error = problems.For("text"); data.Error == "" {
			data.Error = problems.Title
		}
		return s.render(c, status, "ask", data)
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, "/"+string(v.Lang)+"/answers/"+string(a.ID))
	return nil
}

// ask answers one question within the limits.
func (s *Server) ask(c *gin.Context, text string) (assistant.Answer, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), askTimeout)
	defer cancel()
	done, err := s.limiter.question(ctx, actor(c))
	if err != nil {
		return assistant.Answer{}, err
	}
	defer done()
	return s.Assistant.Ask(ctx, assistant.Question{Text: text, Lang: lang(c), Actor: actor(c)}, nil)
}

// source is a citation as its card shows it.
type source struct {
	assistant.Citation
	URL string
}

// pageAnswer shows a stored answer to whoever knows its id.
func (s *Server) pageAnswer(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	data := struct {
		view
		A        assistant.Answer
		Sources  []source
		Related  []publish.Card
		Degraded string // for staff: parts of the search that took no part
	}{view: v}
	if data.A, err = s.findAnswer(c, c.Param("id")); err != nil {
		return err
	}
	data.Title, data.NoIndex = clip(data.A.Question, 80), true
	for _, x := range data.A.Citations {
		data.Sources = append(data.Sources, source{x, citationPath(x)})
	}
	for _, r := range data.A.Related {
		data.Related = append(data.Related, publish.Card{ID: r.ID, Group: r.Group, Lang: r.Lang, Slug: r.Slug, Title: r.Title, UpdatedAt: r.UpdatedAt})
	}
	if actor(c).IsStaff() {
		data.Degraded = strings.Join(data.A.Degraded, ", ")
	}
	c.Header("Cache-Control", "private, no-cache")
	return s.render(c, http.StatusOK, "answer", data)
}

// findAnswer reads a stored answer; an id that is none is NotFound like one that is gone.
func (s *Server) findAnswer(c *gin.Context, id string) (assistant.Answer, error) {
	if uuid.Validate(id) != nil {
		return assistant.Answer{}, problem.New(problem.NotFound, "problem.answer_not_found")
	}
	return s.Assistant.Find(c.Request.Context(), support.AnswerID(id))
}
