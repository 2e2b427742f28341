package httpapi

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/publish"
)

// feedbackView is what a visitor has said of an article or an answer, and may say.
type feedbackView struct {
	Page           string // the page it stands on; the form posts to /feedback below
	Answer         bool   // of an answer, where a « no » has reasons
	Step           string // "ask"; "no", where more may be said; "done"
	Said           string // so far: "yes", "no", "" for nothing
	Now            bool   // said just now
	Reasons        []reasonView
	Comment, Error string
}

type reasonView struct {
	assistant.Reason
	Chosen bool
}

// said is what was said so far, as a form's button says it.
func said(helpful bool) string {
	if helpful {
		return "yes"
	}
	return "no"
}

// at chooses the step by what was said so far and by what the address asks for.
func (f *feedbackView) at(step string) {
	f.Step = "ask"
	if f.Said != "" {
		f.Step = "done"
	}
	switch step {
	case "yes", "thanks":
		f.Step, f.Now = "done", true
	case "no":
		f.Step = "no"
	case "change":
		f.Step = "ask"
	}
}

func (f *feedbackView) choose(reasons []assistant.Reason) {
	f.Reasons = nil
	for _, r := range assistant.Reasons {
		f.Reasons = append(f.Reasons, reasonView{r, slices.Contains(reasons, r)})
	}
}

// visitorCookie tells one reader's votes from another's, and nothing else.
const visitorCookie = "guichet_visitor"

// visitor returns the hash by which a reader's votes are kept; nil for a reader without the cookie.
func visitor(c *gin.Context) []byte {
	c.Writer.Header().Add("Vary", "Cookie")
	secret, err := c.Cookie(visitorCookie)
	if err != nil || !visitorSecret.MatchString(secret) {
		return nil
	}
	return visitorHash(secret)
}

// newVisitor is visitor with the cookie set where there is none.
func (s *Server) newVisitor(c *gin.Context) []byte {
	if v := visitor(c); v != nil {
		return v
	}
	secret := rand.Text()
	http.SetCookie(c.Writer, &http.Cookie{Name: visitorCookie, Value: secret, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: s.BaseURL.Scheme == "https", SameSite: http.SameSiteLaxMode})
	return visitorHash(secret)
}

// vote is what a feedback form sends.
type vote struct {
	helpful bool
	more    bool // a « no » with what could be added to it; without, what was added before stays
	comment string
	reasons []assistant.Reason
}

// vote reads a feedback form and counts it.
func (s *Server) vote(c *gin.Context) (v vote, err error) {
	fields, err := form(c)
	if err != nil {
		return v, err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return v, err
	}
	v = vote{helpful: fields.Get("helpful") == "yes", more: fields.Has("comment")}
	for _, r := range fields["reason"] {
		v.reasons = append(v.reasons, assistant.Reason(r))
	}
	v.comment = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\x00", "").Replace(strings.ToValidUTF8(fields.Get("comment"), "\uFFFD")))
	if h := fields.Get("helpful"); h != "yes" && h != "no" {
		return v, problem.New(problem.Invalid, "problem.form")
	}
	return v, nil
}

// voted leads on to the page with what comes next.
func (v vote) voted(c *gin.Context, page string) {
	step := said(v.helpful)
	if !v.helpful && v.more {
		step = "thanks"
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, page+"?feedback="+step+"#feedback")
}

// refused shows a « no » again with what is wrong with it; false where no other input would mend it.
func (s *Server) refused(c *gin.Context, v vote, err error, f *feedbackView) (status int, again bool) {
	problems, status, again := s.formProblem(c, err, map[string]string{"comment": "feedback-comment"})
	if !again || v.helpful || !v.more {
		return status, false
	}
	f.Step, f.Comment = "no", v.comment
	f.choose(v.reasons)
	if f.Error = problems.For("feedback-comment"); f.Error == "" {
		f.Error = problems.Title
	}
	return status, true
}

// pageFeedback keeps a reader's vote on an article, for anybody who may read it. A « no » is kept at
// once; the comment that may follow replaces it.
func (s *Server) pageFeedback(c *gin.Context) error {
	if _, err := s.reader(c, ""); err != nil {
		return err
	}
	v, err := s.vote(c)
	ctx := c.Request.Context()
	var page publish.Page
	if err == nil {
		page, err = s.Reading.Page(ctx, lang(c), c.Param("slug"), actor(c).Audience())
	}
	if n := utf8.RuneCountInString(v.comment); err == nil && n > publish.MaxComment {
		err = problem.InvalidField("comment", "problem.too_long").With("max", publish.MaxComment).With("n", n)
	}
	if err == nil {
		f := publish.Feedback{Article: page.Article.ID, Version: page.Version, Visitor: s.newVisitor(c), Helpful: v.helpful,
			Comment: v.comment, CreatedAt: s.Now()}
		if !v.helpful && !v.more {
			before, err := s.Reading.FindFeedback(ctx, f.Article, f.Visitor)
			if err != nil && !problem.Is(err, problem.NotFound) {
				return err
			}
			f.Comment = before.Comment
		}
		err = s.Reading.SaveFeedback(ctx, f)
	}
	if err != nil {
		var f feedbackView
		status, again := s.refused(c, v, err, &f)
		if !again {
			return err
		}
		return s.articlePage(c, status, func(p *articlePage) {
			p.Feedback.Step, p.Feedback.Comment, p.Feedback.Error = f.Step, f.Comment, f.Error
		})
	}
	v.voted(c, articlePath(page.Article.Lang, page.Article.Slug))
	return nil
}

// articleFeedback is what the reader has said of an article.
func (s *Server) articleFeedback(c *gin.Context, p *articlePage) error {
	p.Feedback = feedbackView{Page: articlePath(p.Lang, p.Article.Slug)}
	if v := visitor(c); v != nil {
		f, err := s.Reading.FindFeedback(c.Request.Context(), p.Article.ID, v)
		switch {
		case err == nil:
			p.Feedback.Said, p.Feedback.Comment = said(f.Helpful), f.Comment
		case !problem.Is(err, problem.NotFound):
			return err
		}
	}
	p.Feedback.at(c.Query("feedback"))
	return nil
}

// pageRate keeps what a reader says of an answer, for whoever knows its id, as pageFeedback does.
func (s *Server) pageRate(c *gin.Context) error {
	if _, err := s.reader(c, ""); err != nil {
		return err
	}
	v, err := s.vote(c)
	ctx := c.Request.Context()
	var a assistant.Answer
	if err == nil {
		a, err = s.findAnswer(c, c.Param("id"))
	}
	if err == nil {
		f := assistant.Feedback{Answer: a.ID, Visitor: s.newVisitor(c), Helpful: v.helpful, Reasons: v.reasons, Comment: v.comment}
		if !v.helpful && !v.more {
			before, err := s.Assistant.Rated(ctx, a.ID, f.Visitor)
			if err != nil && !problem.Is(err, problem.NotFound) {
				return err
			}
			f.Reasons, f.Comment = before.Reasons, before.Comment
		}
		_, err = s.Assistant.Rate(ctx, f)
	}
	if err != nil {
		var f feedbackView
		status, again := s.refused(c, v, err, &f)
		if !again {
			return err
		}
		return s.answerPage(c, status, func(p *answerPage) {
			p.Feedback.Step, p.Feedback.Comment, p.Feedback.Error, p.Feedback.Reasons = f.Step, f.Comment, f.Error, f.Reasons
		})
	}
	v.voted(c, answerPath(lang(c), a.ID))
	return nil
}

// answerFeedback is what the reader has said of an answer.
func (s *Server) answerFeedback(c *gin.Context, p *answerPage) error {
	p.Feedback = feedbackView{Page: answerPath(p.Lang, p.A.ID), Answer: true}
	var reasons []assistant.Reason
	if v := visitor(c); v != nil {
		f, err := s.Assistant.Rated(c.Request.Context(), p.A.ID, v)
		switch {
		case err == nil:
			p.Feedback.Said, p.Feedback.Comment, reasons = said(f.Helpful), f.Comment, f.Reasons
		case !problem.Is(err, problem.NotFound):
			return err
		}
	}
	p.Feedback.choose(reasons)
	p.Feedback.at(c.Query("feedback"))
	return nil
}

// pageFeedbackList shows what readers said of answers, or of articles, for staff.
func (s *Server) pageFeedbackList(c *gin.Context) error {
	v, err := s.staff(c, "feedback", "desk.feedback")
	if err != nil {
		return err
	}
	data := struct {
		deskView
		Of, Said string // "answers" or "articles"; one of Filters
		Filters  []string
		Ratings  []assistant.Rating
		Votes    []publish.Vote
		Next     string // address of the next page; "" on the last
	}{deskView: v, Of: "answers", Said: "all", Filters: []string{"all", "yes", "no"}}
	var helpful *bool
	if q := c.Query("said"); q == "yes" || q == "no" {
		yes := q == "yes"
		data.Said, helpful = q, &yes
	}
	ctx, after, n, last := c.Request.Context(), c.Query("after"), 0, ""
	if c.Query("of") == "articles" {
		data.Of = "articles"
		data.Votes, err = s.Reading.Feedback(ctx, publish.VoteFilter{Helpful: helpful, After: after, Limit: pageSize})
		if n = len(data.Votes); n > 0 {
			last = data.Votes[n-1].ID
		}
	} else {
		data.Ratings, err = s.Assistant.Ratings(ctx, actor(c), assistant.RatingFilter{Helpful: helpful, After: after, Limit: pageSize})
		if n = len(data.Ratings); n > 0 {
			last = data.Ratings[n-1].ID
		}
	}
	if err != nil {
		return err
	}
	if n == pageSize {
		data.Next = "/desk/feedback?of=" + data.Of + "&said=" + data.Said + "&after=" + url.QueryEscape(last)
	}
	return s.render(c, http.StatusOK, "desk/feedback", data)
}
