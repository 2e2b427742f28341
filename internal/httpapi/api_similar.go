package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
)

type guessJSON struct {
	Key         string  `json:"key"`
	Probability float64 `json:"probability"`
}

// apiSimilar serves POST /api/v1/conversations/:id/similar, for who holds the conversation's token:
// the member's own open tickets that a request being written is likely a repetition of, and the
// categories that it is likely of. It changes nothing; insisting is always possible.
func (s *Server) apiSimilar(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in struct {
		Text     string           `json:"text"`
		Category string           `json:"category"`
		Subject  *support.Subject `json:"subject"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	d := handoff.Draft{Text: in.Text, Lang: conversation.Lang, Category: in.Category}
	if d.Category != "" {
		if _, _, err := s.Routing.Route(support.CategoryKey(d.Category), conversation.Lang); err != nil {
			return err
		}
	}
	if in.Subject != nil {
		if in.Subject.Type != support.SubjectOrder && in.Subject.Type != support.SubjectObject {
			return problem.InvalidField("subject.type", "problem.type").With("want", "order, object")
		}
		if len(in.Subject.ID) > 200 {
			return problem.InvalidField("subject.id", "problem.too_long").With("max", 200).With("n", len(in.Subject.ID))
		}
		d.Subject = handoff.SubjectKey(*in.Subject)
	}
	if _, err := support.CheckText("text", d.Text, support.MaxRequest); err != nil { // a mistake costs nothing of the budget
		return err
	}
	// It may wait for the embedder, as a search does.
	done, err := s.limiter.search(c.Request.Context(), actor(c), false)
	if err != nil {
		return err
	}
	defer done()
	advice, err := s.Guard.Similar(c.Request.Context(), holder(c, conversation), d)
	if err != nil {
		return err
	}
	existing, err := s.existingJSON(c, conversation.Lang, conversation, advice.Existing, false)
	if err != nil {
		return err
	}
	guesses := []guessJSON{}
	for _, g := range advice.Categories {
		guesses = append(guesses, guessJSON{g.Category, g.Probability})
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"existing": existing, "category_suggestions": guesses})
	return nil
}

// holder is on whose behalf open requests are looked for.
func holder(c *gin.Context, conversation support.Conversation) handoff.Holder {
	h := handoff.HolderOf(actor(c).Member)
	h.Conversation = conversation.ID
	return h
}
