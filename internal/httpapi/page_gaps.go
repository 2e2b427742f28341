package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// gapDays are the periods that the list of gaps can show, the first one by default.
var gapDays = []int{7, 30}

// Bounds of what the list of gaps shows; the newest questions of a gap are its examples.
const (
	shownGaps    = 100
	shownInAGap  = 5
	gapTimestamp = time.RFC3339Nano
)

// gapView is a gap as its list shows it.
type gapView struct {
	Lang        kb.Lang
	First       support.AnswerID
	Count, More int // More is how many questions are not shown
	Noes        int
	Last        time.Time
	Questions   []assistant.Unanswered // newest first
}

// gapPeriod is the days up to a moment.
func gapPeriod(days int, until time.Time) assistant.Period {
	return assistant.Period{Since: until.AddDate(0, 0, -days), Until: until}
}

// pageGaps shows what readers asked in vain, for staff.
func (s *Server) pageGaps(c *gin.Context) error {
	v, err := s.staff(c, "gaps", "desk.gaps")
	if err != nil {
		return err
	}
	data := struct {
		deskView
		Days    int
		Periods []int
		Until   string // the list's moment, so that closing a gap closes what was seen
		Gaps    []gapView
		Editor  bool
		Closed  bool
	}{deskView: v, Days: gapDays[0], Periods: gapDays, Editor: actor(c).IsEditor(), Closed: c.Query("closed") != ""}
	if n, err := strconv.Atoi(c.Query("days")); err == nil && slices.Contains(gapDays, n) {
		data.Days = n
	}
	now := s.Now()
	data.Until = now.UTC().Format(gapTimestamp)
	gaps, err := s.Assistant.Gaps(c.Request.Context(), actor(c), gapPeriod(data.Days, now))
	if err != nil {
		return err
	}
	for _, g := range gaps[:min(shownGaps, len(gaps))] {
		x := gapView{Lang: g.Lang, First: g.First().ID, Count: len(g.Questions), Last: g.Last().CreatedAt}
		for _, q := range slices.Backward(g.Questions) {
			if x.Noes += q.Noes; len(x.Questions) < shownInAGap {
				x.Questions = append(x.Questions, q)
			}
		}
		x.More = x.Count - len(x.Questions)
		data.Gaps = append(data.Gaps, x)
	}
	return s.render(c, http.StatusOK, "desk/gaps", data)
}

// pageGapClose takes a gap off the list, for editors and admins.
func (s *Server) pageGapClose(c *gin.Context) error {
	if _, err := s.staff(c, "gaps", ""); err != nil {
		return err
	}
	if !actor(c).IsEditor() {
		return problem.New(problem.Forbidden, "")
	}
	fields, err := form(c)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(fields.Get("days"))
	until, untilErr := time.Parse(gapTimestamp, fields.Get("until"))
	if err != nil || untilErr != nil || !slices.Contains(gapDays, days) {
		return problem.New(problem.Invalid, "problem.form")
	}
	err = s.Assistant.CloseGap(c.Request.Context(), actor(c), gapPeriod(days, until), support.AnswerID(fields.Get("gap")))
	if err != nil && !problem.Is(err, problem.NotFound) { // somebody else was quicker
		return err
	}
	c.Redirect(http.StatusSeeOther, "/desk/gaps?closed=1&days="+strconv.Itoa(days))
	return nil
}
