// Package problem is the error that crosses the house: a kind that decides the answer's status, a
// text fit for the person who asked, and a private cause for the log.
//
// The public text is a message key of the catalogs (with arguments), so that one place can say it
// in the reader's language. A plain error that reaches the edge is Internal: the reader gets a
// fixed sentence, the operator the cause.
package problem

import (
	"errors"
	"fmt"
	"time"
)

// Kind decides what an error means to the caller.
type Kind string

// The kinds, and the HTTP status that httpapi gives each.
const (
	Invalid      Kind = "invalid"      // 400: the input is wrong; Fields says where
	Unauthorized Kind = "unauthorized" // 401: nobody is signed in
	Forbidden    Kind = "forbidden"    // 403: signed in, and not allowed
	NotFound     Kind = "not_found"    // 404
	Gone         Kind = "gone"         // 410: it was there (a used or expired token, a withdrawn article)
	Conflict     Kind = "conflict"     // 409
	TooLarge     Kind = "too_large"    // 413
	TooMany      Kind = "too_many"     // 429, with RetryAfter
	Unavailable  Kind = "unavailable"  // 503: a part that is needed does not answer
	Internal     Kind = "internal"     // 500
)

// Field is one wrong input field: its name as the caller sent it, and a message key.
type Field struct {
	Name string
	Key  string
	Args map[string]any
}

// Error is the one error type that handlers know.
type Error struct {
	Kind       Kind
	Key        string         // message key in the catalogs; "" takes the kind's own sentence
	Args       map[string]any // placeholders of the message
	Fields     []Field
	RetryAfter time.Duration // with TooMany and Unavailable
	Err        error         // private cause; never shown
}

// Error describes the problem for the log.
func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Key != "" {
		s += " (" + e.Key + ")"
	}
	for _, f := range e.Fields {
		s += " " + f.Name + ": " + f.Key
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns a problem of a kind with a message key of the catalogs.
func New(k Kind, key string) *Error { return &Error{Kind: k, Key: key} }

// From returns a problem of a kind with a private cause.
func From(k Kind, key string, cause error) *Error { return &Error{Kind: k, Key: key, Err: cause} }

// InvalidField returns an Invalid problem that names one field.
func InvalidField(name, key string) *Error {
	return &Error{Kind: Invalid, Key: "problem.invalid", Fields: []Field{{Name: name, Key: key}}}
}

// With returns e with one placeholder set on it, and on its fields.
func (e *Error) With(name string, value any) *Error {
	if e.Args == nil {
		e.Args = map[string]any{}
	}
	e.Args[name] = value
	for i := range e.Fields {
		if e.Fields[i].Args == nil {
			e.Fields[i].Args = map[string]any{}
		}
		e.Fields[i].Args[name] = value
	}
	return e
}

// KindOf returns the kind of the first problem in err's chain, Internal for any other error, ""
// for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var p *Error
	if errors.As(err, &p) {
		return p.Kind
	}
	return Internal
}

// Is reports whether err is a problem of kind k.
func Is(err error, k Kind) bool { return KindOf(err) == k }

// Wrap adds a frame to *err, so that a log line reads like a call stack with its arguments. Use it
// deferred, first in an exported method that does I/O. Arguments must not be secrets or texts that
// a member wrote.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
