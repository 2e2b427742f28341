package assistant

import (
	"context"
	"slices"
	"strings"
	"time"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Reason is why an answer did not help.
type Reason string

// The reasons.
const (
	Wrong         Reason = "wrong"
	Incomplete    Reason = "incomplete"
	OffTopic      Reason = "off_topic"
	WrongLanguage Reason = "wrong_language"
)

// Reasons are all of them, in the order of the form.
var Reasons = []Reason{Wrong, Incomplete, OffTopic, WrongLanguage}

// MaxComment bounds the comment on an answer, in characters.
const MaxComment = 2000

// Feedback is what one visitor says of one answer. It is kept as long as the answer itself.
type Feedback struct {
	Answer    support.AnswerID
	Visitor   []byte // hash of the visitor's secret
	Helpful   bool
	Reasons   []Reason // in the order of Reasons, each once; none where Helpful
	Comment   string   // at most MaxComment characters
	CreatedAt time.Time
}

// Rating is a visitor's feedback as staff read it, beside what was asked and answered.
type Rating struct {
	Feedback
	ID       string // orders ratings: the later, the greater
	Question string
	Lang     kb.Lang
	Outcome  Outcome
	Cited    []ArticleRef // each article once, as it was when it was cited
}

// RatingFilter says which ratings to list.
type RatingFilter struct {
	Helpful *bool  // nil for both
	After   string // the ID of the last one of the page before; "" for the first page
	Limit   int
}

// Ratings keeps what visitors say of answers.
type Ratings interface {
	// SaveRating keeps one rating a visitor and answer; a later one replaces it. NotFound if the
	// answer was never given or is past its keeping.
	SaveRating(ctx context.Context, f Feedback) error
	// FindRating returns what a visitor has said of an answer; NotFound for nothing.
	FindRating(ctx context.Context, id support.AnswerID, visitor []byte) (Feedback, error)
	// Unhelpful returns those of the answers that somebody said did not help.
	Unhelpful(ctx context.Context, ids []support.AnswerID) (map[support.AnswerID]bool, error)
	// Ratings lists what was said, newest first.
	Ratings(ctx context.Context, f RatingFilter) ([]Rating, error)
}

// Rate keeps what a visitor says of an answer and returns it as it is kept. Invalid names the field
// reasons or comment; NotFound if there is no such answer.
func (s *Service) Rate(ctx context.Context, f Feedback) (_ Feedback, err error) {
	defer problem.Wrap(&err, "assistant.Rate")
	if f.Comment = strings.TrimSpace(strings.ReplaceAll(f.Comment, "\x00", "")); f.Comment != "" {
		if f.Comment, err = support.CheckText("comment", f.Comment, MaxComment); err != nil {
			return f, err
		}
	}
	given := f.Reasons
	f.Reasons = []Reason{}
	for _, r := range given {
		if !slices.Contains(Reasons, r) {
			return f, problem.InvalidField("reasons", "problem.reason")
		}
	}
	for _, r := range Reasons {
		if !f.Helpful && slices.Contains(given, r) {
			f.Reasons = append(f.Reasons, r)
		}
	}
	f.CreatedAt = s.c.Now()
	return f, s.c.Ratings.SaveRating(ctx, f)
}

// Rated returns what a visitor has said of an answer; NotFound for nothing.
func (s *Service) Rated(ctx context.Context, id support.AnswerID, visitor []byte) (Feedback, error) {
	return s.c.Ratings.FindRating(ctx, id, visitor)
}

// Ratings lists what visitors said of answers, newest first, for staff; Unauthorized for anybody else.
func (s *Service) Ratings(ctx context.Context, a support.Actor, f RatingFilter) ([]Rating, error) {
	if !a.IsStaff() {
		return nil, problem.New(problem.Unauthorized, "")
	}
	return s.c.Ratings.Ratings(ctx, f)
}
