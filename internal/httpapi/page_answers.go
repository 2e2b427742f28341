package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// traceHit is a passage that was found, as staff see it.
type traceHit struct {
	assistant.TraceHit
	Place int
	Of    assistant.TraceArticle
	Cited int // number of the citation; 0 for none
}

// deskAnswerPage is an answer with all that it was made from.
type deskAnswerPage struct {
	deskView
	A     assistant.Answer
	Trace assistant.Trace
	Hits  []traceHit
	// Offered says that the sentences taken word for word are what the reader was shown.
	Offered bool
	Params  string // as JSON; "" where they were not recorded
	Search  string
	Rest    string
}

// deskAnswerPath is where staff see how an answer came about.
func deskAnswerPath(id support.AnswerID) string { return "/desk/answers/" + string(id) }

// pageDeskAnswer shows what an answer was made from, for staff.
func (s *Server) pageDeskAnswer(c *gin.Context) error {
	v, err := s.staff(c, "feedback", "desk.answer")
	if err != nil {
		return err
	}
	id := c.Param("id")
	if uuid.Validate(id) != nil {
		return problem.New(problem.NotFound, "problem.answer_not_found")
	}
	p := deskAnswerPage{deskView: v}
	if p.A, p.Trace, err = s.Assistant.Trace(c.Request.Context(), actor(c), support.AnswerID(id)); err != nil {
		return err
	}
	p.Offered = p.A.Outcome == assistant.Answered && !p.Trace.Generated
	cited := map[kb.PassageID]int{}
	for _, x := range p.A.Citations {
		cited[x.Passage] = x.N
	}
	for i, h := range p.Trace.Found {
		of, ok := p.Trace.Article(h.Article)
		if !ok {
			of = assistant.TraceArticle{ID: h.Article, Title: string(h.Article), Version: h.Version}
		}
		p.Hits = append(p.Hits, traceHit{TraceHit: h, Place: i + 1, Of: of, Cited: cited[h.Passage]})
	}
	if setup := p.Trace.Setup; setup.Params != nil {
		raw, err := json.MarshalIndent(map[string]any{"search": setup.Params, "sentences": setup.Extract}, "", "  ")
		if err != nil {
			return err
		}
		p.Params = string(raw)
	}
	p.Search, p.Rest = p.Trace.Search.Round(10*time.Microsecond).String(), p.Trace.Extract.Round(10*time.Microsecond).String()
	return s.render(c, http.StatusOK, "desk/answer", p)
}
