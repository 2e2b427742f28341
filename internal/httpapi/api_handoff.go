package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/internal/abuse"
	"guichet/internal/handoff"
	"guichet/internal/problem"
	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

// optionJSON is a way to a person. Moments are in the member's zone; name and lines say it in words.
type optionJSON struct {
	Channel     support.Channel       `json:"channel"`
	State       support.ContactState  `json:"state"`
	Reason      support.ContactReason `json:"reason,omitempty"`
	PromisedAt  *time.Time            `json:"promised_at,omitempty"`
	OpensAt     *time.Time            `json:"opens_at,omitempty"`
	WaitS       int                   `json:"wait_s"`
	Ahead       int                   `json:"ahead"`
	Recommended bool                  `json:"recommended"`
	Langs       []kb.Lang             `json:"langs,omitempty"` // those it is offered in, where the reason is the language
	Need        support.ContactNeed   `json:"need,omitempty"`
	Name        string                `json:"name"`
	Lines       []string              `json:"lines"`
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// contactFirstJSON is whom a member is asked to write to before.
type contactFirstJSON struct {
	Party support.Party `json:"party"`
	Name  string        `json:"name"`
	URL   string        `json:"url"`
}

// existingJSON is an open ticket of the member who writes another. A guest is told of that of the
// conversation alone; a member by their session is given a link to each.
type existingJSON struct {
	Ref         string     `json:"ref"`
	Status      string     `json:"status"`
	URL         *string    `json:"url"`
	PromisedAt  *time.Time `json:"promised_at"`
	Promise     string     `json:"promise,omitempty"` // by when a first answer is promised, in words
	Subject     string     `json:"subject,omitempty"`
	Held        bool       `json:"held"`
	Probability float64    `json:"probability,omitempty"`
}

// maxObjects bounds how many objects a request is said to be about.
const maxObjects = 10_000

// wanted reads what the address says of a request that is thought of; zone is the member's, nil where
// that is not known.
func (s *Server) wanted(c *gin.Context, l kb.Lang) (w handoff.Want, zone *time.Location, err error) {
	given, err := langParam("lang", c.Query("lang"))
	if err != nil {
		return w, nil, err
	}
	if given != "" {
		l = given
	}
	m := actor(c).Member
	w = handoff.Want{Lang: l, Category: support.CategoryKey(c.Query("category"))}.From(m)
	if n := c.Query("objects"); n != "" {
		if w.Objects, err = strconv.Atoi(n); err != nil || w.Objects < 0 || w.Objects > maxObjects {
			return w, nil, problem.InvalidField("objects", "problem.type").With("want", "0–"+strconv.Itoa(maxObjects))
		}
	}
	name := c.Query("tz")
	if name == "" && m != nil {
		name = m.Zone
	}
	if name == "" {
		return w, nil, nil
	}
	if zone, err = time.LoadLocation(name); err != nil || name == "Local" || len(name) > 64 {
		return w, nil, problem.InvalidField("tz", "problem.type").With("want", "Europe/Paris")
	}
	return w, zone, nil
}

// cards are the ways to a person in the words of their cards.
func (s *Server) cards(c *gin.Context, w handoff.Want, zone *time.Location) (out []contactCard, err error) {
	options, err := s.Handoff.Options(c.Request.Context(), w)
	if err != nil {
		return nil, err
	}
	v := memberView{w.Lang, zone, s.Catalogs.For(w.Lang)}
	if zone == nil {
		v.Zone = s.Handoff.Zone()
	}
	for _, o := range options {
		if zone != nil {
			o.PromisedAt, o.OpensAt = in(o.PromisedAt, zone), in(o.OpensAt, zone)
		}
		out = append(out, v.card(o))
	}
	return out, nil
}

// in is a moment in a zone; nothing stays nothing.
func in(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// channelClosed is the refusal of a channel that has closed, with those that are open instead.
type channelClosed struct {
	error
	options []optionJSON
}

func (e *channelClosed) Unwrap() error { return e.error }

// instead adds the ways that are open now to the refusal of a channel; any other error stays as it is.
func (s *Server) instead(c *gin.Context, r handoff.Request, err error) error {
	if err == nil || asProblem(err).Key != "problem.channel_closed" {
		return err
	}
	w := handoff.Want{Lang: r.Lang, Category: support.CategoryKey(r.Category)}.From(r.Actor.Member)
	cards, wrong := s.cards(c, w, memberZone(r.Actor.Member))
	if wrong != nil {
		return errors.Join(err, wrong)
	}
	return &channelClosed{err, optionsJSON(cards)}
}

// memberZone is where a member is, as their site says; nil where nobody has said it.
func memberZone(m *support.Member) *time.Location {
	if m == nil || m.Zone == "" {
		return nil
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		return nil
	}
	return zone
}

func optionsJSON(cards []contactCard) []optionJSON {
	out := []optionJSON{}
	for _, o := range cards {
		out = append(out, optionJSON{o.Channel, o.State, o.Reason, orNil(o.PromisedAt), orNil(o.OpensAt), int(o.Wait.Seconds()), o.Ahead,
			o.Recommended, o.Langs, o.Need, o.Name, o.Lines})
	}
	return out
}

// contactOptions answers with the ways to a person for a request.
func (s *Server) contactOptions(c *gin.Context, w handoff.Want, zone *time.Location, first *contactFirstJSON, existing []existingJSON) error {
	cards, err := s.cards(c, w, zone)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"options": optionsJSON(cards), "existing": existing, "contact_first": first})
	return nil
}

// apiContactOptions serves GET /api/v1/contact-options, for anybody.
func (s *Server) apiContactOptions(c *gin.Context) error {
	w, zone, err := s.wanted(c, lang(c))
	if err != nil {
		return err
	}
	return s.contactOptions(c, w, zone, nil, []existingJSON{})
}

// apiConversationOptions serves GET /api/v1/conversations/:id/contact-options, for who holds the
// conversation's token: with the member's open tickets, and whom they are asked to write to before.
func (s *Server) apiConversationOptions(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	w, zone, err := s.wanted(c, conversation.Lang)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	open, err := s.Guard.Existing(ctx, holder(c, conversation))
	if err != nil {
		return err
	}
	existing, err := s.existingJSON(c, w.Lang, conversation, open, true)
	if err != nil {
		return err
	}
	first, err := s.contactFirst(c, w, conversation.Subject)
	if err != nil {
		return err
	}
	return s.contactOptions(c, w, zone, first, existing)
}

// contactFirst is whom a member is asked to write to before a request of the category about an order;
// nil for nobody.
func (s *Server) contactFirst(c *gin.Context, w handoff.Want, about support.Subject) (*contactFirstJSON, error) {
	category, ok := s.Routing.Find(w.Category)
	m := actor(c).Member
	if !ok || !category.ContactFirst || m == nil || about.Type != support.SubjectOrder {
		return nil, nil
	}
	o, err := s.Host.MemberOrder(c.Request.Context(), *m, about.ID)
	if problem.Is(err, problem.NotFound) { // not theirs any more
		return nil, nil
	}
	if err != nil || o.Other == support.NoParty || o.OtherName == "" {
		return nil, err
	}
	return &contactFirstJSON{o.Other, o.OtherName, o.URL}, nil
}

// existingJSON tells of open tickets; of the one that stands on the conversation always, where own says
// so.
func (s *Server) existingJSON(c *gin.Context, l kb.Lang, conversation support.Conversation, all []handoff.Existing, own bool) ([]existingJSON, error) {
	out := []existingJSON{}
	ctx := c.Request.Context()
	if own {
		t, _, err := s.Desk.ConversationTicket(ctx, conversation.ID, bearer(c))
		if err != nil && !problem.Is(err, problem.NotFound) {
			return nil, err
		}
		known := err != nil || t.Status.Public() == "closed" || t.Status == support.StatusSolved
		for _, x := range all {
			known = known || x.Ticket.ID == t.ID
		}
		if !known {
			all = append([]handoff.Existing{{Ticket: t}}, all...)
		}
	}
	words := s.Catalogs.For(l)
	for _, x := range all {
		t := x.Ticket
		link, err := s.Desk.LinkFor(ctx, t.ID, bearer(c))
		if err != nil {
			return nil, err
		}
		e := existingJSON{Ref: t.Ref, Status: t.Status.Public(), URL: new(s.absolute(ticketPath(t.Lang, link))), PromisedAt: orNil(t.PromisedAt),
			Subject: t.Subject, Held: t.Held(), Probability: x.Probability}
		if d := s.firstDue(t); !d.IsZero() {
			e.Promise = words.T("existing.promised", map[string]any{"ref": t.Ref, "date": words.DateTime(d, s.Handoff.Zone())})
		} else {
			e.Promise = words.T("existing.open", map[string]any{"ref": t.Ref})
		}
		out = append(out, e)
	}
	return out, nil
}

// firstDue is by when a first answer is still promised; zero where it has come, or its clock stands
// still.
func (s *Server) firstDue(t support.Ticket) time.Time {
	target := t.SLA.First(s.Now(), s.Routing.Hours(t.Team, support.ChannelEmail))
	if t.Held() || target.State != support.SLARunning || target.Breached {
		return time.Time{}
	}
	return target.Due
}

type ticketJSON struct {
	Ref        string     `json:"ref"`
	Status     string     `json:"status"`
	URL        string     `json:"url"`
	PromisedAt *time.Time `json:"promised_at"`
	Held       bool       `json:"held"`
	Category   string     `json:"category"`
	Missing    []string   `json:"missing"` // keys of fields that its category still asks for
}

func (s *Server) ticketJSON(t support.Ticket, link support.Token) *ticketJSON {
	category, _ := s.Routing.Find(support.CategoryKey(t.Category))
	missing := handoff.Missing(category, t.Fields)
	if missing == nil {
		missing = []string{}
	}
	return &ticketJSON{t.Ref, t.Status.Public(), s.absolute(ticketPath(t.Lang, link)), orNil(t.PromisedAt), t.Held(), t.Category, missing}
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
		Fields   map[string]string      `json:"fields"`
		AddTo    string                 `json:"add_to"`
		Subject  json.RawMessage        `json:"subject"`
		Files    []support.AttachmentID `json:"attachments"`
		Proof    string                 `json:"proof"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	about, err := subjectOf(in.Subject)
	if err != nil {
		return err
	}
	r := handoff.Request{ClientID: in.ClientID, Channel: support.Channel(in.Channel), Category: in.Category, Email: in.Email,
		Text: in.Text, Lang: conversation.Lang, Conversation: conversation.ID, Actor: actor(c), Files: in.Files, Fields: in.Fields, AddTo: in.AddTo}
	if r, err = s.Handoff.Check(r); err != nil { // a mistake costs nothing of the budget
		return s.instead(c, r, err)
	}
	if r, err = s.admit(c, r, abuse.Signs{Proof: in.Proof}); err != nil {
		return err
	}
	if r.About, err = s.Assistant.AboutOf(c.Request.Context(), conversation, actor(c), about); err != nil {
		return err
	}
	if r.Fields, err = s.withOrder(c, r); err != nil {
		return err
	}
	started, err := s.Handoff.Start(c.Request.Context(), r)
	if err != nil {
		return s.instead(c, r, err)
	}
	status := http.StatusOK
	if started.New {
		status = http.StatusCreated
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ticket": s.ticketJSON(started.Ticket, started.Link)})
	return nil
}

// withOrder are the request's fields, with the number of the order that it is about where the category
// asks for an order and the member has named none: what is known is not asked for.
func (s *Server) withOrder(c *gin.Context, r handoff.Request) (map[string]string, error) {
	m := r.Actor.Member
	if m == nil || r.About.Type != support.SubjectOrder || r.AddTo != "" {
		return r.Fields, nil
	}
	category, _ := s.Routing.Find(support.CategoryKey(r.Category))
	for _, f := range category.Fields {
		if f.Type != support.FieldOrder || r.Fields[f.Key] != "" {
			continue
		}
		o, err := s.Host.MemberOrder(c.Request.Context(), *m, r.About.ID)
		if err != nil {
			return nil, err
		}
		out := map[string]string{f.Key: o.Number}
		for key, v := range r.Fields {
			if v != "" {
				out[key] = v
			}
		}
		return out, nil
	}
	return r.Fields, nil
}

// apiFields serves POST /api/v1/conversations/:id/fields, for who holds the conversation's token: what
// the category of its request still asks for.
func (s *Server) apiFields(c *gin.Context) error {
	conversation, err := s.conversation(c)
	if err != nil {
		return err
	}
	var in struct {
		Fields map[string]string `json:"fields"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	if err := s.limiter.act(actor(c)); err != nil {
		return err
	}
	if _, _, err := s.Handoff.Fill(c.Request.Context(), conversation.ID, in.Fields); err != nil {
		return err
	}
	t, link, err := s.Desk.ConversationTicket(c.Request.Context(), conversation.ID, bearer(c))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"ticket": s.ticketJSON(t, link)})
	return nil
}

// categoryJSON is a category as the form of a request asks for it.
type categoryJSON struct {
	Key    support.CategoryKey `json:"key"`
	Label  string              `json:"label"`
	Hint   string              `json:"hint"`
	Fields []askedJSON         `json:"fields"`
}

// askedJSON is something that a category asks for.
type askedJSON struct {
	Key      string            `json:"key"`
	Label    string            `json:"label"`
	Type     support.FieldType `json:"type"`
	Required bool              `json:"required"`
	Choices  []pickJSON        `json:"choices"`
}

type pickJSON struct {
	Key   string `json:"key"`
	Label string `json:"label"`
}

// categories are those that a member may choose from, in a language.
func (s *Server) categories(l kb.Lang) []categoryJSON {
	out := []categoryJSON{}
	for _, c := range s.Routing.Current().Offered() {
		out = append(out, categoryIn(s.Routing, c, l))
	}
	return out
}

// categoryLabel is what a category is called; its key where it is gone.
func (s *Server) categoryLabel(l kb.Lang, key string) string {
	c, ok := s.Routing.Find(support.CategoryKey(key))
	if !ok {
		return key
	}
	return s.Routing.Text(c, l).Label
}

func categoryIn(r *routing.Service, c support.Category, l kb.Lang) categoryJSON {
	text := r.Text(c, l)
	out := categoryJSON{Key: c.Key, Label: text.Label, Hint: text.Hint, Fields: []askedJSON{}}
	for _, f := range c.Fields {
		x := askedJSON{Key: f.Key, Label: text.Fields[f.Key], Type: f.Type, Required: f.Required, Choices: []pickJSON{}}
		for _, k := range f.Choices {
			x.Choices = append(x.Choices, pickJSON{k, text.Choices[k]})
		}
		out.Fields = append(out.Fields, x)
	}
	return out
}
