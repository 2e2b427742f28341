package httpapi

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
)

// heldList is what the list of held tickets shows besides them.
type heldList struct {
	Chosen map[support.TicketID]bool // to be released, or to become spam
	All    bool                      // chosen by the link that chooses the page's
	Notice string
	Errors formErrors
}

// heldList reads what the list's address says: which were chosen, what has just been done.
func (s *Server) heldList(c *gin.Context, v deskView, tickets []support.Ticket) heldList {
	out := heldList{Chosen: map[support.TicketID]bool{}, All: c.Query("choose") == "all"}
	if out.All {
		for _, t := range tickets {
			out.Chosen[t.ID] = true
		}
	}
	for _, done := range []string{"released", "spam"} {
		if n, err := strconv.Atoi(c.Query(done)); err == nil && n >= 0 && n < 1000 {
			out.Notice = v.words.N("desk.held_notice."+done, n, nil)
		}
	}
	return out
}

// pageHeldSort releases held tickets or makes spam of them, several at once, for staff who see them.
func (s *Server) pageHeldSort(c *gin.Context) error {
	if _, err := s.staff(c, "tickets", "desk.tickets"); err != nil {
		return err
	}
	fields, err := form(c)
	if err != nil {
		return err
	}
	var ids []support.TicketID
	for _, id := range fields["ticket"] {
		if uuid.Validate(id) != nil {
			return problem.New(problem.NotFound, "")
		}
		ids = append(ids, support.TicketID(id))
	}
	do := fields.Get("do")
	if do != "released" && do != "spam" {
		return problem.New(problem.Invalid, "")
	}
	n, err := s.sortHeld(c, ids, do == "spam")
	if err != nil {
		problems, status, again := s.formProblem(c, err, map[string]string{"ticket": "held-list"})
		if !again {
			return err
		}
		return s.deskPage(c, status, "held", problems)
	}
	c.Redirect(http.StatusSeeOther, "/desk?"+url.Values{"view": {"held"}, do: {strconv.Itoa(n)}}.Encode())
	return nil
}

// sortHeld sorts those of the tickets that who asks sees: another team's are passed over, and so is one
// that is not there.
func (s *Server) sortHeld(c *gin.Context, ids []support.TicketID, spam bool) (int, error) {
	ctx, seen := c.Request.Context(), ids
	if len(ids) <= handoff.MaxSorted { // more are refused, whosever they are
		seen = nil
		for _, id := range ids {
			err := s.Desk.Sees(ctx, actor(c), id)
			if err == nil {
				seen = append(seen, id)
			} else if !problem.Is(err, problem.NotFound) {
				return 0, err
			}
		}
		if len(ids) > 0 && len(seen) == 0 {
			return 0, nil
		}
	}
	return s.Handoff.Sort(ctx, actor(c), seen, spam)
}
