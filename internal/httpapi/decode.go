package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/kb"
)

// decode reads a JSON body into v. Any body that is JSON is accepted, whatever its Content-Type;
// unknown fields are let pass, so that newer callers work with older servers. Errors name the field
// of a wrong type, or say that the body is no JSON.
func decode(c *gin.Context, v any) error {
	err := json.NewDecoder(c.Request.Body).Decode(v)
	var wrongType *json.UnmarshalTypeError
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return err
	case errors.As(err, &wrongType):
		return problem.InvalidField(wrongType.Field, "problem.type").With("want", wrongType.Type.String())
	case errors.Is(err, io.EOF):
		return problem.From(problem.Invalid, "problem.json_empty", err)
	}
	return problem.From(problem.Invalid, "problem.json", err)
}

// langParam reads an optional language; field names it in the error.
func langParam(field, s string) (kb.Lang, error) {
	if s == "" {
		return "", nil
	}
	l, err := kb.ParseLang(s)
	if err != nil {
		return "", problem.InvalidField(field, "problem.lang").With("lang", clip(s, 20))
	}
	return l, nil
}

// limitParam reads an optional limit between 1 and 100.
func limitParam(s string) (int, error) {
	if s == "" {
		return 10, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 100 {
		return 0, problem.InvalidField("limit", "problem.limit")
	}
	return n, nil
}

// clip is s with at most n characters, for a message that repeats what was sent.
func clip(s string, n int) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return string(r)
}
