package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/assistant"
	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// conversation reads the conversation of the address, if the caller's token opens it, or the session of
// the member whose it is.
func (s *Server) conversation(c *gin.Context) (support.Conversation, error) {
	t := bearer(c)
	if t == "" {
		return support.Conversation{}, problem.New(problem.Unauthorized, "problem.conversation_token")
	}
	id := support.ConversationID(c.Param("id"))
	if m := actor(c).Member; m != nil {
		return s.Assistant.MemberConversation(c.Request.Context(), id, m.ID)
	}
	return s.Assistant.Conversation(c.Request.Context(), id, t)
}

// apiOpenConversation serves POST /api/v1/conversations, for anybody.
func (s *Server) apiOpenConversation(c *gin.Context) error {
	var in struct {
		Lang    string          `json:"lang"`
		Site    string          `json:"site"`
		Subject json.RawMessage `json:"subject"`
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
	about, err := subjectOf(in.Subject)
	if err != nil {
		return err
	}
	done, err := s.limiter.question(c.Request.Context(), actor(c))
	if err != nil {
		return err
	}
	defer done()
	id, token, err := s.Assistant.OpenFor(c.Request.Context(), actor(c), l, in.Site, about)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, gin.H{"id": id, "token": token})
	return nil
}

// entryJSON is an entry as members see it: seq counts theirs alone.
type entryJSON struct {
	Seq       int64             `json:"seq"`
	Kind      support.EntryKind `json:"kind"`
	Author    support.Author    `json:"author"`
	Name      string            `json:"name,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	Text      string            `json:"text"`
	Answer    *answerJSON       `json:"answer,omitempty"`
	Status    *statusJSON       `json:"status,omitempty"`
	Owner     support.Owner     `json:"owner,omitempty"` // whose the conversation is from here on
	Files     []attachmentJSON  `json:"attachments,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
}

// statusJSON is a change of status, in the words that members know. Where both are the same word there
// is nothing to tell them.
type statusJSON struct {
	From   string `json:"from,omitempty"`
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}

func (s *Server) entryJSON(v threadView, t assistant.Turn) (entryJSON, error) {
	e := entryJSON{Seq: t.PubSeq, Kind: t.Kind, Author: t.Author, Name: t.AgentName, ClientID: t.ClientID, Text: t.Body, CreatedAt: t.CreatedAt}
	if t.Answer != nil {
		a := s.answerJSON(*t.Answer)
		e.Answer = &a
	}
	if t.Kind == support.EntryStatus {
		var d support.StatusData
		if err := json.Unmarshal(t.Data, &d); err != nil {
			return e, err
		}
		e.Text, e.Owner = v.statusText(t.Entry), d.Owner
		if d.To == "" {
			return e, nil
		}
		e.Status = &statusJSON{To: d.To.Public(), Reason: d.Reason}
		if d.From != "" {
			e.Status.From = d.From.Public()
		}
	}
	return e, nil
}

// apiConversation serves GET /api/v1/conversations/:id, for who holds the conversation's token: what
// its member may see, and the ticket that stands on it.
func (s *Server) apiConversation(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var after int64
	if given := c.Query("after"); given != "" {
		if after, err = strconv.ParseInt(given, 10, 64); err != nil || after < 0 {
			return problem.InvalidField("after", "problem.type").With("want", "int")
		}
	}
	l, err := langParam("lang", c.Query("lang"))
	if err != nil {
		return err
	}
	if l == "" { // not the browser's: the thread is in one language
		c.Set(keyLang, conversation.Lang)
	}
	ctx := c.Request.Context()
	turns, err := s.Assistant.Thread(ctx, conversation, after, actor(c).Audience())
	if err != nil {
		return err
	}
	out := struct {
		ID      support.ConversationID `json:"id"`
		Lang    kb.Lang                `json:"lang"`
		Owner   support.Owner          `json:"owner"`
		Subject *support.Subject       `json:"subject"` // the member's order or object that it is about
		Entries []entryJSON            `json:"entries"`
		Ticket  *ticketJSON            `json:"ticket"`
	}{ID: conversation.ID, Lang: conversation.Lang, Owner: conversation.Owner, Entries: []entryJSON{}}
	if conversation.Subject != (support.Subject{}) {
		out.Subject = &conversation.Subject
	}
	t, link, err := s.Desk.ConversationTicket(ctx, conversation.ID, bearer(c))
	switch {
	case err == nil:
		out.Ticket = s.ticketJSON(t, link)
	case !problem.Is(err, problem.NotFound):
		return err
	}
	v := threadView{view: s.view(c, "")}
	for _, t := range turns {
		e, err := s.entryJSON(v, t)
		if err != nil {
			return err
		}
		if out.Ticket == nil || !out.Ticket.Held {
			e.Files = s.attachmentsJSON(c, t.Files)
		}
		out.Entries = append(out.Entries, e)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, out)
	return nil
}

// messageInput is what a member writes to a request that is there.
type messageInput struct {
	ClientID string                 `json:"client_id"`
	Text     string                 `json:"text"`
	Files    []support.AttachmentID `json:"attachments"`
}

// apiMessage serves POST /api/v1/conversations/:id/messages, for who holds the conversation's token.
func (s *Server) apiMessage(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in messageInput
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	e, err := s.Desk.MemberMessage(c.Request.Context(), conversation.ID, in.ClientID, in.Text, in.Files...)
	return s.heard(c, e, err)
}

// heard responds with the entry that a message has become.
func (s *Server) heard(c *gin.Context, e support.Entry, err error) error {
	if err != nil {
		return err
	}
	out, err := s.entryJSON(threadView{}, assistant.Turn{Entry: e})
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, gin.H{"entry": out})
	return nil
}
