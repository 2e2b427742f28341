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
	"guichet/kb"
)

// pageAsk answers the question of the address and sends the reader to the answer's own page, so that
// a reload shows the same answer. Scripts ask the API instead, and show the same page. For anybody.
func (s *Server) pageAsk(c *gin.Context) error {
	v, err := s.reader(c, "ask.title")
	if err != nil {
		return err
	}
	v.NoIndex, v.Box = true, true
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
	c.Redirect(http.StatusSeeOther, answerPath(v.Lang, a.ID))
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

// answerPath is the page of a stored answer, from the root.
func answerPath(l kb.Lang, id support.AnswerID) string {
	return "/" + string(l) + "/answers/" + string(id)
}

// answerPage is a stored answer as its reader sees it.
type answerPage struct {
	view
	A        assistant.Answer
	Sources  []source
	Related  []publish.Card
	Why      assistant.Why
	Feedback feedbackView
	Degraded string // for staff: parts of the search that took no part
}

// pageAnswer shows a stored answer to whoever knows its id.
func (s *Server) pageAnswer(c *gin.Context) error {
	return s.answerPage(c, http.StatusOK, func(*answerPage) {})
}

func (s *Server) answerPage(c *gin.Context, status int, with func(*answerPage)) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	p := answerPage{view: v}
	if p.A, err = s.findAnswer(c, c.Param("id")); err != nil {
		return err
	}
	if p.Why, err = s.Assistant.Why(c.Request.Context(), p.A.ID, actor(c).Audience()); err != nil {
		return err
	}
	p.Title, p.Description, p.NoIndex, p.Box = clip(p.A.Question, 80), p.T("answer.description"), true, true
	for _, x := range p.A.Citations {
		p.Sources = append(p.Sources, source{x, x.Path()})
	}
	for _, r := range p.A.Related {
		p.Related = append(p.Related, publish.Card{ID: r.ID, Group: r.Group, Lang: r.Lang, Slug: r.Slug, Title: r.Title, UpdatedAt: r.UpdatedAt})
	}
	if actor(c).IsStaff() {
		p.Degraded = strings.Join(p.A.Degraded, ", ")
	}
	if err := s.answerFeedback(c, &p); err != nil {
		return err
	}
	with(&p)
	c.Header("Cache-Control", "private, no-cache")
	return s.render(c, status, "answer", p)
}

// findAnswer reads a stored answer; an id that is none is NotFound like one that is gone.
func (s *Server) findAnswer(c *gin.Context, id string) (assistant.Answer, error) {
	if uuid.Validate(id) != nil {
		return assistant.Answer{}, problem.New(problem.NotFound, "problem.answer_not_found")
	}
	return s.Assistant.Find(c.Request.Context(), support.AnswerID(id))
}
