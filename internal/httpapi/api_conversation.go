package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// conversation reads the conversation of the address, if the caller's token opens it.
func (s *Server) conversation(c *gin.Context) (support.Conversation, error) {
	t := bearer(c)
	if t == "" {
		return support.Conversation{}, problem.New(problem.Unauthorized, "problem.conversation_token")
	}
	return s.Assistant.Conversation(c.Request.Context(), support.ConversationID(c.Param("id")), t)
}

// apiOpenConversation serves POST /api/v1/conversations, for anybody.
func (s *Server) apiOpenConversation(c *gin.Context) error {
	var in struct {
		Lang string `json:"lang"`
		Site string `json:"site"`
	}
	if c.Request.ContentLength != 0 {
		if err := decode(c, &in); err != nil {
			return err
		}
	}
	l, err := langParam("lang", in.Lang)
	if err != nil {
		return err
	}
	if l == "" {
		l = lang(c)
	}
	if len(in.Site) > 200 {
		return problem.InvalidField("site", "problem.too_long").With("max", 200).With("n", len(in.Site))
	}
	done, err := s.limiter.question(c.Request.Context(), actor(c))
	if err != nil {
		return err
	}
	defer done()
	id, token, err := s.Assistant.Open(c.Request.Context(), l, in.Site)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, gin.H{"id": id, "token": token})
	return nil
}

type optionJSON struct {
	Channel     support.Channel `json:"channel"`
	State       string          `json:"state"`
	Reason      string          `json:"reason,omitempty"`
	PromisedAt  *time.Time      `json:"promised_at,omitempty"`
	OpensAt     *time.Time      `json:"opens_at,omitempty"`
	WaitS       int             `json:"wait_s"`
	Ahead       int             `json:"ahead"`
	Recommended bool            `json:"recommended"`
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Server) optionsJSON() gin.H {
	out := []optionJSON{}
	for _, o := range s.Handoff.Options() {
		out = append(out, optionJSON{o.Channel, o.State, o.Reason, orNil(o.PromisedAt), orNil(o.OpensAt),
			int(o.Wait.Seconds()), o.Ahead, o.Recommended})
	}
	return gin.H{"options": out, "existing": []ticketJSON{}}
}

// apiContactOptions serves GET /api/v1/contact-options, for anybody.
func (s *Server) apiContactOptions(c *gin.Context) error {
	if _, err := langParam("lang", c.Query("lang")); err != nil {
		return err
	}
	if category := c.Query("category"); category != "" {
		if err := support.CheckCategory(category); err != nil {
			return err
		}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, s.optionsJSON())
	return nil
}

// apiConversationOptions serves GET /api/v1/conversations/:id/contact-options, for who holds the
// conversation's token.
func (s *Server) apiConversationOptions(c *gin.Context) error {
	if _, err := s.conversation(c); err != nil {
		return err
	}
	return s.apiContactOptions(c)
}

type ticketJSON struct {
	Ref        string     `json:"ref"`
	Status     string     `json:"status"`
	URL        string     `json:"url"`
	PromisedAt *time.Time `json:"promised_at"`
	Held       bool       `json:"held"`
}

// ticketPath is the page of a ticket, from the root.
func ticketPath(l kb.Lang, link support.Token) string {
	return "/" + string(l) + "/requests/" + string(link)
}

// apiHandoff serves POST /api/v1/conversations/:id/handoff, for who holds the conversation's token:
// 201 with a new ticket, 200 with the one that is there.
func (s *Server) apiHandoff(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in struct {
		ClientID string `json:"client_id"`
		Channel  string `json:"channel"`
		Category string `json:"category"`
		Email    string `json:"email"`
		Text     string `json:"text"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	r := handoff.Request{ClientID: in.ClientID, Channel: support.Channel(in.Channel), Category: in.Category, Email: in.Email,
		Text: in.Text, Lang: conversation.Lang, Conversation: conversation.ID, Actor: actor(c)}
	if _, err := handoff.Check(r); err != nil { // a mistake costs nothing of the budget
		return err
	}
	if err := s.limiter.request(actor(c)); err != nil {
		return err
	}
	started, err := s.Handoff.Start(c.Request.Context(), r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if started.New {
		status = http.StatusCreated
	}
	t := started.Ticket
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ticket": ticketJSON{t.Ref, t.Status.Public(), s.absolute(ticketPath(t.Lang, started.Link)), orNil(t.PromisedAt), t.Held()}})
	return nil
}
