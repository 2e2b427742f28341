package httpapi

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
)

// form reads a form's fields, urlencoded or multipart. Errors: TooLarge; Invalid for a body that is
// no form.
func form(c *gin.Context) (url.Values, error) {
	err := c.Request.ParseMultipartForm(maxForm)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return c.Request.PostForm, nil
	case errors.As(err, &tooLarge):
		return nil, err
	}
	return nil, problem.From(problem.Invalid, "problem.form", err)
}

// formErrors is what is wrong with a form that is shown again: a sentence at its head, with a link
// to each wrong field, and a sentence at each of those.
type formErrors struct {
	Title string
	Links []fieldLink
}

// fieldLink leads to a wrong field by the id of its element.
type fieldLink struct {
	ID   string
	Text string
}

// Any reports whether anything is wrong.
func (e formErrors) Any() bool { return e.Title != "" }

// For is what is wrong with the field whose element has the id; "" for nothing.
func (e formErrors) For(id string) string {
	for _, l := range e.Links {
		if l.ID == id {
			return l.Text
		}
	}
	return ""
}

// formProblem turns err into what a form shows when it comes back with all that was typed, and the
// status of that answer. again is false for errors that no other input would mend: those are to be
// returned. ids names the elements of fields, where they differ from the field's name.
func (s *Server) formProblem(c *gin.Context, err error, ids map[string]string) (out formErrors, status int, again bool) {
	p := asProblem(err)
	status = statuses[p.Kind]
	switch p.Kind {
	case problem.NotFound, problem.Gone, problem.Unauthorized, problem.Forbidden:
		return out, status, false
	}
	if status >= 500 {
		s.Log.Log(c.Request.Context(), slog.LevelError, "http: form failed", "route", c.FullPath(), "status", status, "err", err)
	}
	if p.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	words := s.Catalogs.For(lang(c))
	for _, f := range p.Fields {
		id, named := ids[f.Name]
		if !named {
			id = f.Name
		}
		out.Links = append(out.Links, fieldLink{id, words.T(f.Key, f.Args)})
	}
	if p.Kind == problem.TooLarge && len(p.Fields) == 0 {
		out.Links = append(out.Links, fieldLink{"text", words.T("form.too_large", nil)})
	}
	out.Title = s.say(c, p)
	if len(out.Links) > 0 {
		out.Title = words.N("form.errors", len(out.Links), nil)
	}
	return out, status, true
}
