package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/abuse"
	"guichet/internal/assistant"
	"guichet/internal/handoff"
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
		e.Text, e.Status = v.statusText(t.Entry), &statusJSON{To: d.To.Public(), Reason: d.Reason}
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

// apiMessage serves POST /api/v1/conversations/:id/messages, for who holds the conversation's token.
func (s *Server) apiMessage(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in struct {
		ClientID string                 `json:"client_id"`
		Text     string                 `json:"text"`
		Files    []support.AttachmentID `json:"attachments"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	e, err := s.Desk.MemberMessage(c.Request.Context(), conversation.ID, in.ClientID, in.Text, in.Files...)
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

func (s *Server) optionsJSON(existing []existingJSON) gin.H {
	out := []optionJSON{}
	for _, o := range s.Handoff.Options() {
		out = append(out, optionJSON{o.Channel, string(o.State), string(o.Reason), orNil(o.PromisedAt), orNil(o.OpensAt),
			int(o.Wait.Seconds()), o.Ahead, o.Recommended})
	}
	return gin.H{"options": out, "existing": existing}
}

// apiContactOptions serves GET /api/v1/contact-options, for anybody.
func (s *Server) apiContactOptions(c *gin.Context) error {
	return s.contactOptions(c, []existingJSON{})
}

func (s *Server) contactOptions(c *gin.Context, existing []existingJSON) error {
	if _, err := langParam("lang", c.Query("lang")); err != nil {
		return err
	}
	if category := c.Query("category"); category != "" {
		if err := support.CheckCategory(category); err != nil {
			return err
		}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, s.optionsJSON(existing))
	return nil
}

// apiConversationOptions serves GET /api/v1/conversations/:id/contact-options, for who holds the
// conversation's token: with the open tickets of the address that was proven on it.
func (s *Server) apiConversationOptions(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	open, err := s.Guard.Existing(c.Request.Context(), holder(c, conversation))
	if err != nil {
		return err
	}
	existing, err := s.existingJSON(c, conversation, open)
	if err != nil {
		return err
	}
	return s.contactOptions(c, existing)
}

type ticketJSON struct {
	Ref        string     `json:"ref"`
	Status     string     `json:"status"`
	URL        string     `json:"url"`
	PromisedAt *time.Time `json:"promised_at"`
	Held       bool       `json:"held"`
}

func (s *Server) ticketJSON(t support.Ticket, link support.Token) *ticketJSON {
	return &ticketJSON{t.Ref, t.Status.Public(), s.absolute(ticketPath(t.Lang, link)), orNil(t.PromisedAt), t.Held()}
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
		ClientID string                 `json:"client_id"`
		Channel  string                 `json:"channel"`
		Category string                 `json:"category"`
		Email    string                 `json:"email"`
		Text     string                 `json:"text"`
		Files    []support.AttachmentID `json:"attachments"`
		Proof    string                 `json:"proof"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	r := handoff.Request{ClientID: in.ClientID, Channel: support.Channel(in.Channel), Category: in.Category, Email: in.Email,
		Text: in.Text, Lang: conversation.Lang, Conversation: conversation.ID, Actor: actor(c), Files: in.Files}
	if r, err = handoff.Check(r); err != nil { // a mistake costs nothing of the budget
		return err
	}
	if r, err = s.admit(c, r, abuse.Signs{Proof: in.Proof}); err != nil {
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
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ticket": s.ticketJSON(started.Ticket, started.Link)})
	return nil
}
